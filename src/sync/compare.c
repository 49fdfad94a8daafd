#include <config.h>

#include "sync/compare.h"

#include <string.h>

#include "sync/internal.h"
#include "sync/table.h"

/* Rules only shorten or fix a value, so a few rounds always do; the bound is for odd mixtures. */
enum { ROUNDS = 16 };

/* The systems whose rules hold: those that the compared values come from. */
struct scope {
    const struct conf_sync *sync;
    const struct sync_field *field;
    struct rules rules[2];
    struct rules *all; /* in the order of `between` */
    size_t n;
};

static struct rules
rules_at(const struct conf_sync *sync, const struct sync_field *field, size_t i)
{
    const struct field_map *map = resource_field(sync->defs[i], field->field->name);

    return map == NULL ? (struct rules){NULL, 0} : (struct rules){map->stores, map->n_stores};
}

/* Of systems I and J, which may be one. */
static void
scope_init(struct scope *s, const struct conf_sync *sync, const struct sync_field *field, size_t i,
           size_t j)
{
    s->sync = sync;
    s->field = field;
    s->all = s->rules;
    s->rules[0] = rules_at(sync, field, i < j ? i : j);
    s->rules[1] = rules_at(sync, field, i < j ? j : i);
    s->n = i == j ? 1 : 2;
}

static bool
changes_kind(const struct stores *r)
{
    return r->rule == STORES_TEXT || r->rule == STORES_BOOL_INT;
}

/* One round of the rules that change kinds, or of the others. */
static const struct val *
apply_rules(struct arena *a, const struct model_field *field, const struct rules *rules, size_t n,
            bool kinds, const struct val *v)
{
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < rules[k].n; r++)
            if (changes_kind(&rules[k].list[r]) == kinds)
                v = stores_apply(a, &rules[k].list[r], field->type, v);
    return v;
}

static bool
stores_text(const struct rules *rules, size_t n)
{
    for (size_t k = 0; k < n; k++)
        for (size_t r = 0; r < rules[k].n; r++)
            if (rules[k].list[r].rule == STORES_TEXT)
                return true;
    return false;
}

const struct val *
compare_normal(struct arena *a, const struct model_field *field, const struct rules *rules,
               size_t n, const struct val *v)
{
    bool as_text = stores_text(rules, n);

    if (v == NULL)
        v = val_null(a);
    for (int round = 0; round < ROUNDS; round++) {
        const struct val *before = v;

        v = apply_rules(a, field, rules, n, true, v);
        v = apply_rules(a, field, rules, n, false, v);
        v = type_normal(a, field, as_text, v);
        if (val_equal(before, v))
            break;
    }
    return v;
}

const struct val *
compare_stored(struct arena *a, const struct model_field *field, const struct rules *rules,
               const struct val *v)
{
    v = apply_rules(a, field, rules, 1, true, v);
    for (int round = 0; round < ROUNDS; round++) {
        const struct val *before = v;

        v = apply_rules(a, field, rules, 1, false, v);
        if (val_equal(before, v))
            break;
    }
    return v;
}

/* A row's word may itself be stored in another form ("Open" where all is lowered). */
static bool
unify_stored(struct arena *a, const struct model_field *field, const struct value_system *words,
             const struct rules *rules, const struct val *stored, const struct val **unified)
{
    for (size_t r = 0; r < words->n_rows; r++) {
        const struct val *word = val_string(a, words->rows[r].word);

        if (val_equal(compare_stored(a, field, rules, word), stored)) {
            *unified = val_string(a, words->rows[r].unified);
            return true;
        }
    }
    return false;
}

enum table_result
compare_unify(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
              size_t i, const struct val *value, const struct val **unified)
{
    const struct value_system *words = table_words(field->values, sync->between[i]);
    const struct rules rules = rules_at(sync, field, i);
    const struct val *stored;

    if (words == NULL || val_is_null(value) || table_knows(a, words, value))
        return table_in(a, field->values, sync->between[i], value, unified);
    stored = compare_stored(a, field->field, &rules, value);
    if (val_is_null(stored) || table_knows(a, words, stored))
        return table_in(a, field->values, sync->between[i], stored, unified);
    if (rules.n > 0 && unify_stored(a, field->field, words, &rules, stored, unified))
        return TABLE_OK;
    return table_in(a, field->values, sync->between[i], value, unified);
}

static const char *
text_of(struct arena *a, const struct scope *s, size_t i, const struct val *value)
{
    const struct model_field *field = s->field->field;
    const struct val *v = value;

    if (s->field->values == NULL)
        return val_canon_text(a, compare_normal(a, field, s->all, s->n, v));
    if (compare_unify(a, s->sync, s->field, i, value, &v) != TABLE_OK)
        return arena_printf(a, "{\"unmapped\":%s}", val_canon_text(a, value));
    if (v == NULL)
        v = val_null(a);
    return val_canon_text(a, type_normal(a, field, false, v));
}

const char *
compare_text(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
             size_t i, const struct val *value)
{
    struct scope s;

    scope_init(&s, sync, field, i, i);
    return text_of(a, &s, i, value);
}

const char *
compare_joint_text(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
                   size_t i, const struct val *value)
{
    struct scope s = {.sync = sync, .field = field, .n = sync->n_between};

    s.all = arena_alloc(a, s.n * sizeof *s.all);
    for (size_t k = 0; k < s.n; k++)
        s.all[k] = rules_at(sync, field, k);
    return text_of(a, &s, i, value);
}

bool
compare_equal(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
              size_t i, const struct val *x, size_t j, const struct val *y)
{
    struct scope s;

    if ((val_is_null(x) && val_is_null(y)) || (field->values == NULL && val_equal(x, y)))
        return true;
    scope_init(&s, sync, field, i, j); /* so that x = y and y = x are one question */
    return strcmp(text_of(a, &s, i, x), text_of(a, &s, j, y)) == 0;
}

bool
compare_same(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
             size_t i, const struct val *x, const struct val *y)
{
    return val_equal(x, y) || compare_equal(a, sync, field, i, x, i, y);
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
