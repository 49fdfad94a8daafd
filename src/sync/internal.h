#ifndef SYNC_INTERNAL_H
#define SYNC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"
#include "sync/table.h"

/*
 * What the modules of src/sync share. A value is compared by its normal form: the stores rules of
 * the systems concerned and the field's type are applied until nothing moves any more.
 */

/* V as a system with rule R shows it after it was stored there. TYPE is the field's. */
const struct val *stores_apply(struct arena *a, const struct stores *r, enum field_type type,
                               const struct val *v);

/* Text V as HTML shows it: no tags, no entities; showing it again changes nothing. */
const struct val *html_shown(struct arena *a, const struct val *v);

/* Is all of V a text that is a moment? */
bool text_time(const struct val *v, int64_t *ms);

/* The stores rules of one system for one field. */
struct rules {
    const struct stores *list;
    size_t n;
};

/*
 * The normal value of V (NULL = absent) of FIELD, without its value table, under the rules of N
 * systems together. Rules that change the kind of a value come before those that change texts,
 * whatever the order they are listed in: a system that stores everything as text cuts numbers, too.
 */
const struct val *compare_normal(struct arena *a, const struct model_field *field,
                                 const struct rules *rules, size_t n, const struct val *v);

/* V as a system with these rules shows it once it was stored there. */
const struct val *compare_stored(struct arena *a, const struct model_field *field,
                                 const struct rules *rules, const struct val *v);

/* V as its field's type compares it. AS_TEXT: a system stores everything as text, so that "a;b"
 * may stand for a set. What does not fit the type stays as it is. */
const struct val *type_normal(struct arena *a, const struct model_field *field, bool as_text,
                              const struct val *v);

/* table_in of FIELD at system I; a word that is unknown is sought again as that system stores it.
 */
enum table_result compare_unify(struct arena *a, const struct conf_sync *sync,
                                const struct sync_field *field, size_t i, const struct val *value,
                                const struct val **unified);

/* Comparing text under the rules of all systems of SYNC together: two values that are equal for any
 * pair of them have one. For match keys. */
const char *compare_joint_text(struct arena *a, const struct conf_sync *sync,
                               const struct sync_field *field, size_t i, const struct val *value);

#endif
