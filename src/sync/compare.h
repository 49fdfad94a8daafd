#ifndef SYNC_COMPARE_H
#define SYNC_COMPARE_H

#include <stdbool.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"

/*
 * When two values are one. By the field's type, its value table and what each system does to what
 * it stores (`stores:`): both values are brought to a comparing text, equal texts are equal values
 * (DESIGN.md section 6). Idempotent: the comparing text of a comparing text is itself. For
 * comparing only, never for what is sent. No tolerances.
 */

/*
 * The comparing text of VALUE (NULL = absent) of FIELD at system index I of SYNC. Never NULL:
 * absent and null are "null"; a value whose type does not fit the field's (text in a number field)
 * compares by its canonical JSON. For sets: the sorted members. With a value table: the unified
 * word.
 */
const char *compare_text(struct arena *a, const struct conf_sync *sync,
                         const struct sync_field *field, size_t i, const struct val *value);

bool compare_equal(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                   size_t i, const struct val *x, size_t j, const struct val *y);

/*
 * Did X, read at system I, change against its shadow Y there? Both are that system's own words.
 */
bool compare_same(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                  size_t i, const struct val *x, const struct val *y);

/* Is it empty: absent, null, "", blank text, an empty set? (first_contact: fill; match keys) */
bool compare_empty(const struct val *value);

#endif
