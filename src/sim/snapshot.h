#ifndef SIM_SNAPSHOT_H
#define SIM_SNAPSHOT_H

#include "base/err.h"
#include "sim/sim.h"

/*
 * State on disk: one JSON file with the records, the ids given so far, the clock and the answers
 * kept for Idempotency-Keys. Quirks, log and counters are not in it.
 */

/* Read SIM->file if it exists. The account of the file counts if SIM's was not ASKED for. */
int snapshot_load(struct sim *s, bool account_asked, struct err *err);

/* Write SIM->file: a new file, synced, then renamed over the old one. */
int snapshot_save(const struct sim *s, struct err *err);

/* The same as a value, and back into an empty SIM: -1 if it is none of ours. */
json_t *snapshot_take(const struct sim *s); /* owner: the caller */
int snapshot_put(struct sim *s, json_t *state);

/*
 * Put in the records of an NDJSON file. Members id, created_at, updated_at and rev count if they
 * are there. An error names the line.
 */
int snapshot_import(struct sim *s, struct collection *c, const char *file, struct err *err);

#endif
