#ifndef SYNC_TABLE_H
#define SYNC_TABLE_H

#include <stdbool.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"

/*
 * Value tables: a system's word <-> the unified word. Lossy on the way out only: the inverse is the
 * first row listed.
 */
enum table_result { TABLE_OK, TABLE_UNMAPPED };

/* Unified value of VALUE in SYSTEM's words. Without a table or for null: VALUE itself. Unmapped
 * words: per the table's policy `pass` gives VALUE and TABLE_OK, else TABLE_UNMAPPED. */
enum table_result table_in(struct arena *a, const struct value_table *t,
                           const struct conf_system *system, const struct val *value,
                           const struct val **unified);
/* SYSTEM's word for a unified value: of several the first row's. A unified word without a row
 * passes under `pass` only if it is no word of SYSTEM's: it would come back as what that means
 * there. */
enum table_result table_out(struct arena *a, const struct value_table *t,
                            const struct conf_system *system, const struct val *unified,
                            const struct val **value);

/* The rows of SYSTEM; NULL: there is no table, or it has none of SYSTEM, whose words then are the
 * unified ones. */
const struct value_system *table_words(const struct value_table *t,
                                       const struct conf_system *system);
/* Has VALUE a row? */
bool table_knows(struct arena *a, const struct value_system *words, const struct val *value);

#endif
