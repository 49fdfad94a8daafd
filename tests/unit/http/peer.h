#ifndef TESTS_UNIT_HTTP_PEER_H
#define TESTS_UNIT_HTTP_PEER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A scripted HTTP peer: a process on 127.0.0.1 that plays one step a request, whatever is asked,
 * and shows the requests as they came.
 */
enum peer_kind {
    PEER_ANSWER, /* status, headers, body with its length; the connection is kept */
    PEER_CLOSE,  /* the same, then closes */
    PEER_RAW,    /* `body` as it stands (`len` bytes, 0 = a text), then closes */
    PEER_RESET,  /* reads the request, then resets the connection */
    PEER_SHUT,   /* closes a new connection before the request is read */
    PEER_SILENT  /* reads the request, never answers */
};

struct peer_step {
    enum peer_kind kind;
    int status;
    const char *headers; /* "Name: value\r\n..."; NULL = Content-Type: application/json */
    const char *body;    /* NULL = "" */
    size_t len;
};

enum { PEER_MAX = 24, PEER_TEXT = 16 * 1024 };

struct peer_log {
    int n; /* requests read */
    struct {
        int connection; /* from 1 */
        char text[PEER_TEXT];
    } request[PEER_MAX];
};

struct peer {
    int pid;
    int port;
    struct peer_log *log; /* shared with the process */
    char url[64];         /* "http://127.0.0.1:PORT" */
};

/* STEPS are copied by the fork. */
void peer_start(struct peer *p, const struct peer_step *steps, size_t n);
void peer_stop(struct peer *p);

/* A port on which nobody listens, held until the process ends. */
int peer_dead_port(void);

/* The I-th request, from 0; a text that holds nothing if there was none. */
const char *peer_request(const struct peer *p, int i);
/* Its body. */
const char *peer_body(const struct peer *p, int i);

#endif
