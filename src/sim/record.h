#ifndef SIM_RECORD_H
#define SIM_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"

/*
 * One record and its versions. A version never changes once it is there. Older versions are kept
 * only while a lag may still show them.
 */
struct version {
    struct version *older; /* owned */
    json_t *fields;        /* owned; the user's members only, never changed */
    int64_t updated;       /* ms; a record never updated has its creation here */
    int64_t written;       /* ms on the simulator's clock; INT64_MIN = visible at once */
    int64_t rev;           /* 1, 2, ... */
    bool first;            /* never updated since it was created */
    bool deleted;
};

struct record {
    json_t *id;          /* owned; a number or a string */
    char *key;           /* owned; the id as text */
    int64_t created;     /* ms */
    struct version *now; /* owned; the newest */
    struct {             /* of order.c */
        struct record *left;
        struct record *right;
        uint64_t prio;
        size_t size;
    } node;
};

/* Where something stands in (time, id): numbers by value before texts by bytes. */
struct place {
    int64_t at;
    bool is_number;
    int64_t number;
    const char *key; /* borrowed */
};

struct record *record_new(json_t *id /* taken */, int64_t created);

struct place record_place(const struct record *r, const struct version *v);
int place_compare(const struct place *a, const struct place *b);

/* Ids only. */
int record_compare_id(const struct record *a, const struct record *b);

/* Put V on top (taken). Versions that nothing shows at VISIBLE_AT (ms) or later are freed. */
void record_push(struct record *r, struct version *v, int64_t visible_at);

/* The newest version written at VISIBLE_AT or before, NULL if there was none yet. */
const struct version *record_at(const struct record *r, int64_t visible_at);

/* A version's field, NULL if absent. Borrowed. */
json_t *version_field(const struct version *v, const char *name);

/* Fields as they are filtered: user fields, "id" and "rev"; false if absent. */
bool record_plain(const struct record *r, const struct version *v, const char *name,
                  struct buf *out);

void record_free(struct record *r);

#endif
