#ifndef STREAM_FACTS_H
#define STREAM_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/val.h"

/* A write of ours to the end that has had its answer, or will have none. */
struct facts_write {
    const struct val *fields; /* what was sent */
    const char *id;           /* DEPLOYMENT-TOKEN, as it went out with the write */
    int64_t at;               /* ms, when it was settled */
    bool done;                /* it is stored there; else nobody knows (lost) */
};

/*
 * What the state knows about the end that an event nominates: plain data, filled by store, judged
 * by sync/echo. All zero: nothing is known, the record is not linked.
 */
struct facts {
    /* store_facts */
    bool linked;
    int64_t link_id;
    bool ended;               /* the link is ended */
    bool deleted;             /* the end has a tombstone */
    const char *shadow;   /* fields of this end, as JSON; NULL */
    size_t shadow_len;
    const char *version;      /* of the shadow; NULL */
    const char *map_hash;     /* under which the shadow was taken; NULL */
    /* store_facts_lane */
    bool lane_idle; /* no open intent, nothing earlier pending, nothing folded */
    bool owed;      /* the link owes something */
    /* store_facts_writes */
    const struct facts_write *writes; /* newest first */
    size_t n_writes;
};

#endif
