#ifndef SIM_ORDER_H
#define SIM_ORDER_H

#include <stddef.h>

#include "sim/record.h"

/*
 * The records of a collection by (updated, id): a treap inside the records, with sizes, so that a
 * listing can start anywhere in O(log n). A record must be removed before its newest version
 * changes and inserted after.
 */
struct order {
    struct record *root; /* borrowed */
    uint64_t drawn;      /* how many priorities were drawn */
};

size_t order_size(const struct order *o);
void order_insert(struct order *o, struct record *r);
void order_remove(struct order *o, struct record *r);

/* How many records stand before PLACE; with `or_at` those at it count too. */
size_t order_rank(const struct order *o, const struct place *place, bool or_at);

/* The record at position I, counted from 0; NULL past the end. */
struct record *order_at(const struct order *o, size_t i);

#endif
