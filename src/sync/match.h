#ifndef SYNC_MATCH_H
#define SYNC_MATCH_H

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"

/*
 * Match keys: what proposes that two records are one. A key is the digest of (field name,
 * comparing text under the stores rules of all systems together), so that records which are equal
 * for any two systems share it; empty values and words without mapping have none. A key only
 * proposes: the candidate's present value decides (match_confirms), and only confirmed candidates
 * count.
 */
struct match_keys {
    const char **hashes; /* hex, one a match field that is not empty, in the order of `match:` */
    const char **fields; /* which field each is of */
    size_t n;
};

void match_keys(struct arena *a, const struct conf_sync *sync, size_t system_index,
                const struct val *fields, struct match_keys *out);

/* Do the records X at I and Y at J still share the first key that both have? */
bool match_confirms(struct arena *a, const struct conf_sync *sync, size_t i, const struct val *x,
                    size_t j, const struct val *y);

/* The external id of a link, fixed when it is made: from what nominated it. */
const char *match_external_id(struct arena *a, const char *deployment, const char *resource,
                              const char *system, const char *account, const char *record_id);
/* Is it one that this deployment made? Those of others are nobody's to us. */
bool match_is_ours(const char *deployment, const char *external_id);

#endif
