#ifndef SIM_STORE_H
#define SIM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "sim/ids.h"
#include "sim/lookup.h"
#include "sim/map.h"
#include "sim/order.h"
#include "sim/quirk.h"
#include "sim/record.h"
#include "sim/timeline.h"

/*
 * The records of the simulated system, in memory. Every write goes through store_create, _update
 * and _delete, which shape it by the quirks, stamp it and keep the indexes. A deleted record stays
 * as a version of its own: it answers like an unknown one, but a lag can still show it.
 */
struct collection {
    char *name;              /* owned */
    struct record **records; /* owned, also the deleted ones, in order of creation */
    size_t n;
    size_t cap;
    struct map by_key;       /* id as text -> record */
    struct order order;      /* of those not deleted */
    struct lookup **lookups; /* owned */
    size_t nlookups;
    int64_t last_write; /* ms, of the last write made under a lag; INT64_MIN = none */
};

struct store {
    struct collection **collections; /* owned */
    size_t n;
    struct ids ids;
    struct timeline time;
    struct quirks quirks;
};

enum store_status {
    STORE_CHANGED,
    STORE_SAME,     /* a write that changes nothing */
    STORE_REJECTED, /* by the quirk reject */
    STORE_TAKEN     /* by the quirk unique */
};

struct store_result {
    enum store_status status;
    struct record *record; /* borrowed; the one written, or of STORE_TAKEN the one in the way */
    const char *field;     /* of STORE_REJECTED and STORE_TAKEN; borrowed from the fields given */
};

void store_init(struct store *s, enum ids_kind kind, uint64_t seed);

/* NULL if NAME cannot be one: [a-z0-9_-], 1-64, no _ in front, not "account". */
struct collection *store_add_collection(struct store *s, const char *name);
struct collection *store_collection(const struct store *s, const char *name); /* may be NULL */

/* The record as writes see it, NULL if it is not there or deleted. */
struct record *store_find(const struct collection *c, const char *key);

/* Writes. FIELDS is borrowed; what is kept is the store's. UPDATE replaces all fields. ID is free,
 * or NULL: a new one is made. */
struct store_result store_create(struct store *s, struct collection *c, const char *id,
                                 json_t *fields);
struct store_result store_update(struct store *s, struct collection *c, struct record *r,
                                 json_t *fields);
void store_delete(struct store *s, struct collection *c, struct record *r);

/* The record if it is deleted, else NULL. */
struct record *store_find_deleted(const struct collection *c, const char *key);

/* Bring a deleted record back as it was, under its id. */
struct store_result store_undelete(struct store *s, struct collection *c, struct record *r);

/*
 * Put in a record as it was saved: ID (taken; NULL: a new one), fields (borrowed), times and rev.
 * The id must be free. Returns the record.
 */
struct record *store_load(struct store *s, struct collection *c, json_t *id, json_t *fields,
                          int64_t created, int64_t updated, int64_t rev);

/* The time at which a reader sees the store: now less the lag (find: of listings). */
int64_t store_visible_at(const struct store *s, bool find);

/* Whether some write in C may be hidden from a reader at VISIBLE_AT. */
bool store_lagging(const struct collection *c, int64_t visible_at);

/* The records whose newest FIELD is PLAIN (NULL = none); made into an index the first time. */
const struct hits *store_lookup(struct collection *c, const char *field, const char *plain);

void store_release(struct store *s);

#endif
