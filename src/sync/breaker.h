#ifndef SYNC_BREAKER_H
#define SYNC_BREAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"

/*
 * The loop breaker: a field that alternates, A-B-A-B, by our own writes to the ends of one link
 * (DESIGN.md section 6, Safety stops). All ends count together: where each of two systems rewrites
 * what it gets, each end gets the same value again and again.
 */
struct breaker_write {
    const struct val *fields; /* what we wrote */
    size_t system;            /* where: index in between */
    int64_t at;
};

/*
 * Would writing SET now, after HISTORY (oldest first, all within the window), be the
 * ALTERNATIONS-th return of some field to the value before last? The field's name, or NULL. Writing
 * A, B, A is one alternation, A, B, A, B two; the same value twice in a row is one write repeated.
 * Comparison by comparing text at system I.
 */
const char *breaker_trips(struct arena *a, const struct conf_sync *sync, size_t i,
                          const struct val *set, const struct breaker_write *history, size_t n,
                          int alternations);

#endif
