#ifndef DIFF_CURRENT_H
#define DIFF_CURRENT_H

#include "config/conf.h"
#include "provider/provider.h"

/*
 * The file of --current: NDJSON lines with system, resource, record_id and fields that stand for
 * the present records of the other ends. Of several lines of a record the last counts. Records
 * live as long as the file.
 */
struct current;

/* Reads all of FILE, at most a million records. NULL: a line is bad (65), or I/O (74). */
struct current *current_load(const char *file, struct err *err);

/* NULL: it is not in the file. */
const struct provider_record *current_get(const struct current *c, const char *system,
                                          const char *resource, const char *id);

/*
 * Records of the sync's end I that have one of the keys of NOMINATED, the fields of end FROM, and
 * confirm it (sync/match.h). Writes up to MAX, returns how many. The first call for a system takes
 * the keys of all its records.
 */
size_t current_match(struct current *c, const struct conf_sync *sync, size_t from,
                     const struct val *nominated, size_t i, const struct provider_record **out,
                     size_t max);

/* The first other system in the file that has records of RESOURCE, NULL. */
const char *current_other_system(const struct current *c, const char *resource, const char *system);

void current_free(struct current *c); /* NULL is fine */

#endif
