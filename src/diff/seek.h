#ifndef DIFF_SEEK_H
#define DIFF_SEEK_H

#include "diff/internal.h"
#include "sync/match.h"

/*
 * Records of a system that match one, by its match keys: those that the state knows from listings,
 * then by the provider's own search. A key only proposes, the record's present value decides.
 */

/* A record that may be the same thing, with its present state. */
struct candidate {
    const char *record_id;
    struct item_end read;
};

struct candidates {
    struct candidate list[MATCH_SUCCESSORS];
    size_t n;
};

/* Candidates of system I for the live end FROM, by the first of its KEYS that has any; none of the
 * item's own. 1 known, 0 under way or the item is done, -1. */
int seek(struct diff *d, struct item *it, size_t from, size_t i, const struct match_keys *keys,
         struct candidates *out, struct err *err);
/* With --current: the file is what there is, whatever the state has seen. */
void seek_in_file(struct diff *d, struct item *it, size_t from, size_t i, struct candidates *out);
/* A record as a search or the file of --current shows it; the file is what there is. */
struct candidate seek_shown(const struct diff *d, const struct provider_record *rec);
/* Does the state know all records of system I that may match, so that no search is needed? 1, 0,
 * -1. */
int seek_is_listed(struct diff *d, const struct item *it, size_t i, struct err *err);

#endif
