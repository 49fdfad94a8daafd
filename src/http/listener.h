#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * A socket that listens: "127.0.0.1:8080", "[::1]:8080" (numeric; port 0 = any free one), a path
 * with a slash (unix, mode 0660), or one that systemd passes (sd_listen_fds(3)). Non-blocking,
 * close-on-exec. A unix socket that nobody listens on any more is replaced, a living one is not.
 */
struct listener {
    int fd;     /* -1: closed */
    char *url;  /* owned: "http://127.0.0.1:41234", "unix:/path" */
    char *path; /* owned: removed at the end, NULL for none */
    dev_t dev;  /* what is at path, if it is still ours */
    ino_t ino;
};

enum { LISTENER_MAX_PASSED = 64, LISTENER_BACKLOG = 1024 };

/* -1 with err RUN: exit 64 if ADDRESS is none, 69 if it cannot be bound. */
int listener_open(struct listener *l, const char *address, struct err *err);

/*
 * Those that were passed to this process (LISTEN_PID, LISTEN_FDS; both are then unset). L has room
 * for LISTENER_MAX_PASSED. Returns their number; -1 if one is no stream socket that listens.
 */
int listener_passed(struct listener *l, struct err *err);

/* Only the socket; url stays. */
void listener_close(struct listener *l);
void listener_release(struct listener *l);

#endif
