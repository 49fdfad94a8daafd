#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * An HTTP/1.1 server on libmicrohttpd (epoll, one daemon a thread): moves bytes, knows no provider.
 * Requests come whole; an answer may come later, from another thread, while the connection sleeps.
 * Every size and time from outside has a limit: head, body, all bodies together, connections, time
 * to send a request or take an answer. No TLS: that is a reverse proxy's. Raises the soft limit of
 * open files to the hard one.
 *
 * By itself it answers 400 (no HTTP, broken chunks), 408 (too slow), 413, 431 and 503 (too much
 * held at once). After an answer of 400 or more, and while draining, the connection is closed; what
 * the sender has not yet sent is read for a second and dropped, so that it sees the answer.
 */
struct server;
struct server_exchange;

struct server_header {
    const char *name; /* as sent */
    const char *value;
};

struct server_request {
    const char *method;
    const char *path;  /* as sent, undecoded, without query */
    const char *query; /* as sent, without the ?; "" if none */
    const struct server_header *headers;
    size_t n_headers;
    const char *body; /* NULL in `accept` */
    size_t body_len;
};

struct server_options {
    const char *const *listen; /* "127.0.0.1:8080", "[::1]:8080", "/path/to.sock"; port 0 = any */
    size_t n_listen;
    bool activated;   /* also the sockets that systemd passes (sd_listen_fds(3): LISTEN_FDS) */
    unsigned threads; /* default 2 */
    size_t max_body;  /* default 1 MiB: 413 beyond */
    size_t max_head;  /* default 32 KiB: 431 beyond; half as much in many tiny headers */
    size_t max_held;  /* default 64 MiB: all bodies in memory at once; 503 beyond */
    unsigned max_connections; /* default 8192 over all; the oldest idle ones give way */
    int64_t read_ms; /* default 10 s: a request not whole by then is cut off (408, or closed if its
                        first line is not there), an idle connection closed */
    void *user;
    /* Head is here, body is not: 0 = go on, else the status of a refusal (404, 405; then ALLOW is
     * the value of its header Allow, a constant). Any thread. */
    int (*accept)(void *user, const struct server_request *head, const char **allow);
    /* The request is whole. Must lead to exactly one server_answer. Any thread. */
    void (*handle)(void *user, struct server_exchange *x);
};

/* NULL with err RUN (69 for an address that cannot be bound, with which). */
struct server *server_start(const struct server_options *o, struct err *err);

/* Where it listens, for people and tests: i from 0, "http://127.0.0.1:41234" or "unix:/path"; NULL
 * behind the last. */
const char *server_url(const struct server *s, size_t i);

const struct server_request *server_exchange_request(const struct server_exchange *x);

/* Answers; BODY is copied. CONTENT_TYPE NULL = no body. X is gone afterwards. A 503 says
 * Retry-After: 1. Any thread. */
void server_answer(struct server_exchange *x, int status, const char *content_type,
                   const char *body, size_t len);

/* Takes no new connections but those that wait already; those there are keep their requests. */
void server_quiesce(struct server *s);
/* Requests whose head is here and whose answer is not sent yet; once quiesced, also connections
 * that may be sending one: 0 = server_stop harms nobody. */
unsigned server_pending(struct server *s);
/* Closes everything, waits for its threads. Exchanges that are not answered are dropped: nobody may
 * answer them any more. NULL is fine. */
void server_stop(struct server *s);

#endif
