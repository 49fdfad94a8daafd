#ifndef SIM_JOURNAL_H
#define SIM_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "sim/call.h"

/*
 * What happened: a ring of the last calls (JOURNAL_CALLS of them, JOURNAL_BYTES of bodies) and
 * counters of the API's calls. Human edits are in the ring but in no counter; control calls are in
 * neither.
 */
enum { JOURNAL_CALLS = 100000, JOURNAL_BODY = 65536, JOURNAL_BYTES = 256 * 1024 * 1024 };

enum journal_kind {
    JOURNAL_OTHER,
    JOURNAL_READ, /* GET of one record or of the account */
    JOURNAL_LIST, /* GET of a collection, search */
    JOURNAL_CREATE,
    JOURNAL_UPDATE,
    JOURNAL_DELETE
};

struct journal_entry;

struct counters {
    long long calls;
    long long reads;
    long long lists;
    long long creates; /* applied, as the next two; whatever was answered */
    long long updates; /* with those that changed nothing */
    long long deletes;
    long long noop_updates;   /* updates that changed nothing */
    long long replays;        /* creates answered by their Idempotency-Key */
    long long refused;        /* calls that were answered with an error, without effect */
    long long refused_writes; /* of these, those that would have written */
    long long dropped;        /* connections closed instead of an answer */
    long long by_status[600];
};

struct journal {
    struct journal_entry **ring; /* owned */
    long long next;              /* number of the next entry, from 1 */
    long long first;             /* number of the oldest kept */
    size_t bytes;
    struct counters counters;
};

void journal_init(struct journal *j);

/* Count one call of the API. STATUS is what it was answered, 0 if it was dropped. */
void journal_count(struct journal *j, const struct call *call, enum journal_kind kind, int status,
                   bool refused, bool replayed);

/* Put one call into the ring, at NOW (ms). */
void journal_add(struct journal *j, const struct call *call, int status, int64_t now);

json_t *journal_since(const struct journal *j, long long since); /* entries with n > SINCE */
json_t *journal_counters(const struct journal *j);
void journal_reset_counters(struct journal *j);

void journal_release(struct journal *j);

#endif
