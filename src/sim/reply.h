#ifndef SIM_REPLY_H
#define SIM_REPLY_H

#include <stdbool.h>

#include <jansson.h>

#include "base/buf.h"
#include "sim/quirk.h"

/*
 * An answer being made: a value, or an error of a status, a code and a message, turned into bytes
 * by reply_finish, last. All zeroes is no answer yet.
 */
struct reply {
    int status;
    json_t *value;    /* owned; NULL = no body */
    bool is_error;    /* then code and message are the body */
    bool is_injected; /* an error that the quirk error-200 does not hide */
    const char *code; /* static */
    char message[256];
    json_t *more; /* owned; further members of an error body */
    char *etag;   /* owned, as the next; NULL = no such header */
    char *location;
    char *link;
    long retry_after; /* seconds; 0 = no such header */
    struct {
        const char *name; /* static */
        char value[64];
    } headers[4]; /* further ones */
    int n_headers;
    bool replayed; /* Idempotent-Replayed: true */
    bool drop;     /* close the connection instead */
    long hold_ms;  /* at most so long, until webhooks are tried: sim.h, sim_held */
    long delay_ms;

    struct buf body;  /* what is sent */
    const char *type; /* static; NULL without a body */
};

/* Make the answer an error. Sets status, drops a value set before. Returns -1. */
int reply_error(struct reply *r, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds a header; NAME is static. */
void reply_header(struct reply *r, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Answer 200 with a page of HTML and nothing else. */
void reply_html(struct reply *r);

/*
 * Turn value or error into body and type, with the quirks of errors if Q is not NULL. Once is
 * enough, twice does no harm.
 */
void reply_finish(struct reply *r, const struct quirks *q);

void reply_release(struct reply *r); /* empty and usable again */

#endif
