#ifndef CONFIG_BATCH_H
#define CONFIG_BATCH_H

#include "config/endpoint.h"

/*
 * How many writes of one kind go out in one call (`batch` of create, upsert, update and delete,
 * loopless-definition(5)), and what its answer says of each. Process lifetime, in the definition's
 * arena.
 */

/* By what a result names its item. */
enum batch_by {
    BATCH_POSITION, /* results stand as the items do, each has one */
    BATCH_INDEX,    /* by a number, from 0 */
    BATCH_ID,
    BATCH_EXTERNAL_ID
};

/* A call that is answered before the work is done. */
struct batch_poll {
    struct endpoint call; /* says {job}; not present: the answer names a URL */
    char *job;            /* path of the job's id, or */
    char *url;            /* of its URL, in the answer to the batch */
    int64_t every_ms;
    int64_t deadline_ms; /* from the answer on: then nobody knows */
    struct limit_when done;
    struct limit_when failed; /* nothing in it: none */
};

struct batch {
    struct endpoint call; /* its record: within a result */
    long max;             /* items a call */
    char *items;          /* path in the body */
    json_t *item;         /* template of one, or NULL; owned */
    char *item_record;    /* path of the record within an item; "" = whole */
    bool id_in_item;      /* the template does not say {id} */
    char *results;        /* path in the answer; "" = whole */
    enum batch_by by;
    char *at;                     /* where a result says what it is of */
    char *status;                 /* where it says its status; NULL */
    struct said_error item_error; /* a result that says it failed */
    char *errors;                 /* path of a list of those that failed; NULL: among the results */
    char *errors_at;              /* where one says what it is of, also several */
    bool polls;
    struct batch_poll poll;
};

#endif
