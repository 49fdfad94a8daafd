#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * An HTTP/1.1 server on libmicrohttpd (epoll thread pool): moves bytes, knows no provider. Requests
 * come whole; an answer may come later, from another thread, while the connection sleeps. Every
 * size and time from outside has a limit: head, body, connections, time to send a request.
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
    size_t max_head;  /* default 32 KiB: 431 beyond */
    unsigned max_connections; /* default 8192 over all; the oldest idle ones give way */
    int64_t read_ms; /* default 10 s: a request not whole by then is cut off (408 or closed) */
    void *user;
    /* Head is here, body is not: 0 = go on, else the status of a refusal (404, 405). Any thread. */
    int (*accept)(void *user, const struct server_request *head);
    /* The request is whole. Must lead to exactly one server_answer. Any thread. */
    void (*handle)(void *user, struct server_exchange *x);
};

/* NULL with err RUN (69 for an address that cannot be bound, with which). */
struct server *server_start(const struct server_options *o, struct err *err);

/* Where it listens, for people and tests: i from 0, "http://127.0.0.1:41234" or "unix:/path"; NULL
 * behind the last. */
const char *server_url(const struct server *s, size_t i);

const struct server_request *server_exchange_request(const struct server_exchange *x);

/* Answers; BODY is copied. CONTENT_TYPE NULL = no body. X is gone afterwards. Any thread. */
void server_answer(struct server_exchange *x, int status, const char *content_type,
                   const char *body, size_t len);

/* Takes no new connections; those there are keep their requests. */
void server_quiesce(struct server *s);
/* Requests taken in but not answered. */
unsigned server_pending(const struct server *s);
/* Closes everything, waits for its threads. Exchanges that are not answered are dropped. */
void server_stop(struct server *s);

#endif
