#ifndef SYNC_TABLE_H
#define SYNC_TABLE_H

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
/* SYSTEM's word for a unified value. */
enum table_result table_out(struct arena *a, const struct value_table *t,
                            const struct conf_system *system, const struct val *unified,
                            const struct val **value);

#endif
