#ifndef SYNC_BREAKER_H
#define SYNC_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"

/*
 * The loop breaker: a field that alternates, A-B-A-B, because our own writes to the ends of one
 * link cause each other (DESIGN.md section 6, Safety stops). All ends count together: where each of
 * two systems rewrites what it gets, each end gets the same value again and again.
 */
struct breaker_write {
    const struct val *fields; /* what we wrote */
    const struct val *before; /* over what, where that is known; may be NULL, or lack some */
    const struct val
        *sources;     /* field -> the system whose value it was; may be NULL, or lack some */
    size_t system;    /* where: index in between, below BREAKER_SYSTEMS */
    int64_t decision; /* rises; the writes of one decision are one step */
    bool done;        /* false: nobody knows, no answer came */
};

enum { BREAKER_SYSTEMS = 64 };

/*
 * Would the last decision of WRITES, which is about to be made, be the ALTERNATIONS-th step back of
 * some field? The field's name, or NULL. WRITES are those within the window, oldest first.
 *
 * A decision steps back if its value was written before, another one in between, and its source
 * answers us: we wrote that field there since it was last a source. So somebody who goes back and
 * forth at one system, where we write nothing, never counts. It steps back as well if it sends what
 * the decision before sent, from the same source, to an end that took it, over the same value as
 * then: that end has undone it. Other values each time are a person's edits, that `enforce` sends
 * back. Writing A, B, A is one step back, A, B, A, B two. Comparison by comparing text at each
 * system.
 */
const char *breaker_trips(struct arena *a, const struct conf_sync *sync,
                          const struct breaker_write *writes, size_t n, int alternations);

#endif
