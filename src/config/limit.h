#ifndef CONFIG_LIMIT_H
#define CONFIG_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a definition says of a system's limits (`limits`, loopless-definition(5)), and a config of
 * how much may be asked of an account (`rate`, loopless-config(5)), as checked structs. Process
 * lifetime.
 */

/* A header or a place of the body, and the words one of which must stand there. */
struct limit_test {
    char *at;       /* header, lower case; or a dotted path, `*` is any item or member */
    char **words;   /* `*` at an end stands for anything; letters of headers are alike */
    size_t n_words; /* 0: it must only be there */
};

/* Which answers are meant: each kind of test that is said must hold. */
struct limit_when {
    int status[8];
    size_t n_status; /* 0: any */
    struct limit_test *headers;
    size_t n_headers;
    struct limit_test *body;
    size_t n_body;
};

/* A number in an answer. */
struct limit_spot {
    char *header;   /* lower case; or NULL */
    char *path;     /* of the body; or NULL */
    int64_t number; /* if neither: it is this; -1: not said */
};

/* The same header name means "at" for one provider and "after" for another, so it is said. */
enum wait_unit {
    WAIT_SECONDS, /* from now; an HTTP-date is understood too */
    WAIT_MS,
    WAIT_EPOCH_S,
    WAIT_EPOCH_MS,
    WAIT_HTTP,   /* an HTTP-date */
    WAIT_ISO8601 /* a time by RFC 3339 */
};

/* Such an answer is a limit: nothing was done, come again later. */
struct limit_rule {
    struct limit_when when;
    struct limit_spot wait; /* none: back off */
    enum wait_unit unit;
    int64_t min_ms; /* also where the answer does not say how long; 0: none */
    int64_t max_ms; /* what an answer says beyond it is not believed */
};

/* What is left, as any answer says it. */
struct limit_budget {
    struct limit_when when;
    struct limit_spot remaining; /* or: */
    struct limit_spot used;
    struct limit_spot limit;
    char *pair; /* header with "used/limit" in it, in place of all three; NULL */
    struct limit_spot reset;
    enum wait_unit unit; /* of reset */
    int64_t window_ms;
    int reserve; /* percent, -1: not said */
};

/* How much a config allows. */
struct conf_rate {
    long requests; /* in any window; 0: no such limit */
    int64_t window_ms;
    int reserve;       /* percent that only people may use */
    long daily;        /* 0: no such limit */
    int warn;          /* percent of the day's calls: say so, once */
    int freeze;        /* percent of the day's calls: only people from there on */
    int64_t resets_ms; /* when the day begins, after midnight UTC */
};

enum {
    LIMIT_RESERVE = 10, /* percent */
    LIMIT_WARN = 50,    /* the architects' guide: alert at more than half of the provider's limit */
    LIMIT_FREEZE = 90
};

#endif
