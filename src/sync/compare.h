#ifndef SYNC_COMPARE_H
#define SYNC_COMPARE_H

#include <stdbool.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"

/*
 * When two values are one. By the field's type, its value table and what each system does to what
 * it stores (`stores:`): both values are brought to a comparing text, equal texts are equal values
 * (DESIGN.md section 6). For comparing only, never for what is sent. No tolerances.
 *
 * The comparing text is the canonical JSON of the normal value, so that null and the text "null",
 * true and the text "true" stay two. Idempotent: read back as JSON and compared again it gives the
 * same text (fields without a value table; with one it is the unified word, which is no word of the
 * system). A value whose type does not fit the field's (text in a number field) stays as it is.
 *
 *   text, enum  exact                       email     trimmed, ASCII lower case
 *   phone       digits and letters without  number    by value, also of numeric text
 *               leading 00, if it has a
 *               digit (see type.c)
 *   bool        true "true" 1 "1", false "false" 0 "0"
 *   date        also of a datetime that is midnight as written
 *   datetime    UTC, cut to the precision   ref       id text, also of a number
 *   set         sorted, once each; where a system stores everything as text "a;b", ["a;b"] and
 *               ["a","b"] are one, and "" is []
 *
 * Case is that of ASCII letters, everywhere: what a system does to others (the local part of an
 * e-mail is its server's) is told by no rule. White space is ASCII; for `html` U+00A0, too.
 *
 * Times: `T` or a space, with or without decimals. A time without zone is taken as UTC, which is
 * what most systems mean that leave it out. It is sent as it is, never shifted. A system that means
 * its own local time then stores each moment as another one, and such pairs are kept for `sync-ctl
 * normalizers`. A date alone is midnight UTC; numbers are no times.
 *
 * null and absent are one, "" is another, unless a system stores empty_null. Rules count until none
 * changes anything (trim after truncate, too); those that make texts of numbers and bools first.
 * What a system of these rules makes of a value equals the value.
 */

/*
 * The comparing text of VALUE (NULL = absent) of FIELD at system index I of SYNC, under that
 * system's stores rules. Never NULL: absent and null are "null". With a value table: of the unified
 * word; an unknown word is {"unmapped":VALUE}.
 */
const char *compare_text(struct arena *a, const struct conf_sync *sync,
                         const struct sync_field *field, size_t i, const struct val *value);

/*
 * Is X at I what Y at J is? Both under both systems' stores rules. Symmetric, but with three
 * systems not transitive ("Bob" and "bob" both equal what a lowering system has of them).
 */
bool compare_equal(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                   size_t i, const struct val *x, size_t j, const struct val *y);

/*
 * Are X, read at system I, and its shadow Y there one? Both are that system's own words, under its
 * own rules.
 */
bool compare_same(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                  size_t i, const struct val *x, const struct val *y);

/* Is it empty: absent, null, "", blank text, an empty set? (first_contact: fill; match keys) */
bool compare_empty(const struct val *value);

#endif
