#ifndef STREAM_FACTS_H
#define STREAM_FACTS_H

#include <stdbool.h>

#include "json/val.h"

/*
 * What the state knows about the end that an event nominates: plain data, filled by store, judged
 * by sync/echo. All zero: nothing is known, the record is not linked.
 */
struct facts {
    bool linked;
    bool ended;               /* the link is ended */
    bool lane_idle;           /* no open intent, nothing earlier pending, nothing folded */
    bool owed;                /* the link owes something */
    bool deleted;             /* the end has a tombstone */
    const struct val *shadow; /* of this end; NULL */
    const char *version;      /* of the shadow; NULL */
    const char *map_hash;     /* under which the shadow was taken; NULL */
};

#endif
