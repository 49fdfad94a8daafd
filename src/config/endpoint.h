#ifndef CONFIG_ENDPOINT_H
#define CONFIG_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "config/limit.h"

/*
 * One call of a definition (loopless-definition(5), Calls): what is asked, and what an answer
 * means. Texts may hold placeholders. Process lifetime, in the definition's arena.
 */

struct param {
    char *name;  /* may hold placeholders */
    char *value; /* may hold placeholders; left out of the request if one of them has no value */
};

enum answer_kind { ANSWER_FULL, ANSWER_NONE }; /* NONE: read back after the write */
enum body_type { BODY_JSON, BODY_FORM };       /* FORM: a[b]=c, lists as a[0]=c */

/* create: does one call create or update by our external id, and where does that stand? */
enum upsert_by {
    UPSERT_NO,  /* a plain create: twice is two */
    UPSERT_URL, /* in the URL; it is no part of the record */
    UPSERT_BODY /* in the record */
};

/* create: whose is the id of the record? */
enum client_id {
    CLIENT_ID_NO,   /* the system gives it */
    CLIENT_ID_TEXT, /* our external id is it */
    CLIENT_ID_UUID  /* a UUID made of our external id is it */
};

/* update, delete: not if somebody was faster since it was read. */
enum precondition_kind {
    PRECONDITION_DEFAULT, /* IF_MATCH for versions of kind etag, else NONE */
    PRECONDITION_NONE,
    PRECONDITION_IF_MATCH,            /* the record's ETag */
    PRECONDITION_IF_UNMODIFIED_SINCE, /* its version, a timestamp */
    PRECONDITION_BODY                 /* its version, as a member of the record that is sent */
};

struct precondition {
    enum precondition_kind kind;
    char *path; /* BODY: where, below the record */
    char *flag; /* BODY: what is set to true beside it; NULL */
};

/* An answer of 2xx that means something else. */
struct said_error {
    bool present;
    struct limit_when when;
    char *status_path; /* where the body says what status it is; NULL */
    int status;        /* or it is this; 0: a refusal */
};

struct batch;

struct endpoint {
    bool present;
    char *method;
    char *path; /* may be an absolute URL on the same host */
    struct param *query;
    size_t n_query;
    struct param *headers;
    size_t n_headers;
    json_t *body; /* template, or NULL; owned */
    enum body_type body_type;
    char *record; /* path of the record in an answer, and the wrapper of what is sent; "" = whole */
    char *records; /* list, find: path of the array in an answer; "" = whole */
    enum answer_kind answer;
    struct said_error error;
    struct limit_when conflict; /* writes: somebody was faster. Nothing in it: 409, 412 */
    struct precondition precondition;
    int gone[8]; /* get, delete: statuses that say the record is not there (404 by default) */
    size_t n_gone;
    int64_t lag_ms; /* get, find: how long an old state may show */
    bool strong;    /* find: not found means there is none */
    char **by;      /* find: fields, in order; "external_id" among them if it can be sought */
    size_t n_by;
    char *idempotency_header; /* create: NULL if there is none */
    int64_t idempotency_window_ms;
    struct batch *batch;      /* create, update, delete: batch.h; NULL: one a call */
    enum upsert_by upsert;    /* create */
    char *key;                /* upsert by body: its path in the record; NULL: external_id's */
    enum client_id client_id; /* create */
    bool id_in_record;        /* create with a client_id: the id stands in the record, too */
};

#endif
