#include <config.h>

#include "sync/compare.h"

#include <string.h>

#include "sync/internal.h"
#include "sync/table.h"

/* Rules only shorten or fix a value, so a few rounds always do; the bound is for odd mixtures. */
enum { ROUNDS = 8 };

/* The systems whose rules hold: those that the compared values come from. */
struct scope {
    const struct conf_sync *sync;
    const struct sync_field *field;
    size_t systems[2];
    size_t n; /* 0: all of the sync */
};

static size_t
scope_size(const struct scope *s)
{
    return s->n == 0 ? s->sync->n_between : s->n;
}

static const struct field_map *
scope_map(const struct scope *s, size_t k)
{
    return resource_field(s->sync->defs[s->n == 0 ? k : s->systems[k]], s->field->field->name);
}

/* One round of all stores rules; tells whether one of the systems stores everything as text. */
static const struct val *
stored(struct arena *a, const struct scope *s, const struct val *v, bool *as_text)
{
    for (size_t k = 0; k < scope_size(s); k++) {
        const struct field_map *map = scope_map(s, k);

        for (size_t r = 0; map != NULL && r < map->n_stores; r++) {
            v = stores_apply(a, &map->stores[r], s->field->field->type, v);
            if (map->stores[r].rule == STORES_TEXT)
                *as_text = true;
        }
    }
    return v;
}

/* A value of a field without table, until no rule changes it any more. */
static const struct val *
normal(struct arena *a, const struct scope *s, const struct val *v)
{
    bool as_text = false;

    if (v == NULL)
        v = val_null(a);
    for (int round = 0; round < ROUNDS; round++) {
        const struct val *before = v;

        v = stored(a, s, v, &as_text);
        v = type_normal(a, s->field->field, as_text, v);
        if (val_equal(before, v))
            break;
    }
    return v;
}

enum table_result
compare_unify(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
              size_t i, const struct val *value, const struct val **unified)
{
    const struct scope own = {sync, field, {i, 0}, 1};
    const struct val *v = value;
    bool as_text = false;

    if (table_in(a, field->values, sync->between[i], value, unified) == TABLE_OK)
        return TABLE_OK;
    for (int round = 0; round < 2; round++)
        v = stored(a, &own, v, &as_text);
    if (table_in(a, field->values, sync->between[i], v, unified) == TABLE_OK)
        return TABLE_OK;
    *unified = value;
    return TABLE_UNMAPPED;
}

static const char *
text_of(struct arena *a, const struct scope *s, size_t i, const struct val *value)
{
    const struct val *v = value;

    if (s->field->values == NULL)
        return val_canon_text(a, normal(a, s, v));
    if (compare_unify(a, s->sync, s->field, i, value, &v) != TABLE_OK)
        return arena_printf(a, "{\"unmapped\":%s}", val_canon_text(a, value));
    if (v == NULL)
        v = val_null(a);
    return val_canon_text(a, type_normal(a, s->field->field, false, v));
}

const char *
compare_text(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
             size_t i, const struct val *value)
{
    const struct scope s = {sync, field, {i, 0}, 1};

    return text_of(a, &s, i, value);
}

const char *
compare_joint_text(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                   size_t i, const struct val *value)
{
    const struct scope s = {sync, field, {0, 0}, 0};

    return text_of(a, &s, i, value);
}

static bool
both_null(const struct val *x, const struct val *y)
{
    return val_is_null(x) && val_is_null(y);
}

bool
compare_equal(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
              size_t i, const struct val *x, size_t j, const struct val *y)
{
    /* In the order of `between`, so that x = y and y = x are one question. */
    const struct scope s = {sync, field, {i < j ? i : j, i < j ? j : i}, i == j ? 1 : 2};

    if (both_null(x, y) || (field->values == NULL && val_equal(x, y)))
        return true;
    return strcmp(text_of(a, &s, i, x), text_of(a, &s, j, y)) == 0;
}

bool
compare_same(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
             size_t i, const struct val *x, const struct val *y)
{
    return both_null(x, y) || val_equal(x, y) || compare_equal(a, sync, field, i, x, i, y);
}

bool
compare_empty(const struct val *value)
{
    if (val_is_null(value))
        return true;
    if (value->kind == VAL_STRING)
        return strspn(value->u.text, " \t\n\v\f\r") == value->n;
    return value->kind == VAL_ARRAY && value->n == 0;
}
