#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Moves bytes: one libcurl multi handle, many requests at once, answers by callback out of
 * http_poll. HTTP/1.1 and HTTP/2, keep-alive, TLS verified always, redirects never followed (a 3xx
 * is an answer), proxy by environment (http_proxy, https_proxy, all_proxy, no_proxy), no cookies.
 * Knows no JSON, no retries, no auth. A request
 * other than GET and HEAD goes out once: libcurl's own second try after a kept connection broke is
 * refused (HTTP_LOST). No signals are used; programs ignore SIGPIPE themselves.
 */
struct http;

enum http_outcome {
    HTTP_ANSWERED, /* there is a status and the whole body */
    HTTP_NOT_SENT, /* no connection: nothing went out for sure (DNS, refused, TLS, connect timeout,
                      a proxy that wants credentials) */
    HTTP_LOST,     /* cut off after something may have gone out: timeout, reset, broken answer */
    HTTP_TOO_BIG   /* the answer is over max_answer; the request was applied perhaps */
};

struct http_header {
    const char *name;
    const char *value;
};

struct http_request {
    const char *method;
    const char *url;
    const struct http_header *headers;
    size_t n_headers;
    const char *body; /* NULL: none */
    size_t body_len;
    int64_t deadline_ms; /* whole request; 0 = 20 s. Connect takes 10 s of it at most */
    int64_t delay_ms;    /* not before now + delay (backoff); counted outside the deadline */
    size_t max_answer;   /* 0 = 32 MiB */
    const char *ca_file; /* the only authorities that count; NULL = the system's */
    /* Asked once more when the connection stands, just before the request goes out (MAY_USER);
     * false: it does not, HTTP_NOT_SENT. NULL = it may. */
    bool (*may_send)(void *may_user);
    void *may_user;
};

struct http_answer {
    enum http_outcome outcome;
    int status;
    bool timed_out; /* NOT_SENT, LOST: because the deadline passed */
    /* NOT_SENT: it would be no better at once: "untrusted", the certificate, or "proxy-login", a
     * proxy that wants other credentials; else NULL */
    const char *lasting;
    const char *body; /* NUL-terminated; borrowed for the callback's time */
    size_t len;
    const struct http_header *headers; /* names in lower case */
    size_t n_headers;
    char text[256]; /* what went wrong, one line; no URL query, no headers (secrets) */
    int64_t took_ms;
};

/* Called from http_poll, once a request; may send further requests. */
typedef void http_done(void *user, const struct http_answer *answer);
typedef void http_timer(void *user);

struct http *http_new(void);

/* Queues a request; everything is copied. Header values with CR, LF or NUL are refused. */
int http_send(struct http *h, const struct http_request *r, http_done *done, void *user,
              struct err *err);

/* First header NAME (lower case) of an answer, NULL. */
const char *http_header(const struct http_answer *a, const char *name);

/* Calls FN out of http_poll, not before DELAY_MS are over; counts as a request under way. */
void http_after(struct http *h, int64_t delay_ms, http_timer *fn, void *user);

/*
 * Works on requests until something was finished, FD (-1: none) is readable, or TIMEOUT_MS passed.
 * Returns the number of requests still under way (delayed ones too), -1 on an error of curl. With
 * nothing to wait for it returns 0 at once. A TIMEOUT_MS below 0 is none. An FD whose other end is
 * closed is readable. Not from within a callback.
 */
int http_poll(struct http *h, int fd, int timeout_ms, bool *fd_ready, struct err *err);

/* Until nothing is under way. */
int http_run(struct http *h, struct err *err);

void http_free(struct http *h); /* requests under way are cut, without callbacks; NULL is fine */

#endif
