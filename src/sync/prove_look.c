#include <config.h>

#include "sync/prove_internal.h"

#include <string.h>

#include "sync/compare.h"
#include "sync/internal.h"
#include "sync/propose.h"

/* What can be seen without sending anything around. */

static bool
has_row(const struct value_system *words, const char *unified)
{
    for (size_t r = 0; r < words->n_rows; r++)
        if (strcmp(words->rows[r].unified, unified) == 0)
            return true;
    return false;
}

static const char *
what_becomes(enum unmapped unmapped)
{
    switch (unmapped) {
    case UNMAPPED_SKIP:
        return "skip: the field is left as it is";
    case UNMAPPED_PASS:
        return "pass: it goes as it is, unless it is another word there";
    default:
        return "reject: such records are refused";
    }
}

/* Words of system I that system J has none for. */
static void
warn_unmapped(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
              size_t i, size_t j, struct prove *out)
{
    const struct value_system *from = table_words(field->values, sync->between[i]);
    const struct value_system *to = table_words(field->values, sync->between[j]);
    struct val *words = val_array(a);
    struct prove_finding *f;

    for (size_t r = 0; from != NULL && to != NULL && r < from->n_rows; r++)
        if (!has_row(to, from->rows[r].unified))
            val_push(a, words, val_string(a, from->rows[r].word));
    if (words->n == 0)
        return;
    f = prove_add(a, out, PROVE_UNMAPPED, field->field->name);
    f->path = arena_printf(a, "%s -> %s", sync->between[i]->name, sync->between[j]->name);
    f->value = words;
    f->text = arena_printf(a, "%s: no word for %s (unmapped: %s)", f->path,
                           val_write_text(a, words), what_becomes(field->values->unmapped));
}

/* What J cuts and I does not: an edit at J is all that I has then. */
static void
warn_cut(struct arena *a, const struct conf_sync *sync, const struct sync_field *field, size_t i,
         size_t j, struct prove *out)
{
    long at_i = prove_cut(sync, field->field->name, i),
         at_j = prove_cut(sync, field->field->name, j);
    const struct field_map *map = resource_field(sync->defs[i], field->field->name);
    const char *more;
    struct prove_finding *f;

    if (at_j == 0 || (at_i > 0 && at_i <= at_j) || map->read_only ||
        field->owner.kind == OWNER_SYSTEM)
        return;
    more = at_i == 0 ? "all" : arena_printf(a, "%ld", at_i);
    f = prove_add(a, out, PROVE_CUT, field->field->name);
    f->path = arena_printf(a, "%s -> %s", sync->between[j]->name, sync->between[i]->name);
    f->text = arena_printf(a, "%s: %s keeps %ld characters, %s %s: an edit at %s cuts what %s has",
                           f->path, sync->between[j]->name, at_j, sync->between[i]->name, more,
                           sync->between[j]->name, sync->between[i]->name);
}

void
prove_warnings(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
               struct prove *out)
{
    const char *name = field->field->name;

    for (size_t i = 0; i < sync->n_between; i++)
        for (size_t j = 0; j < sync->n_between; j++) {
            if (i == j || resource_field(sync->defs[i], name) == NULL ||
                resource_field(sync->defs[j], name) == NULL)
                continue;
            if (field->values != NULL && prove_may_write(sync, field, i))
                warn_unmapped(a, sync, field, i, j, out);
            warn_cut(a, sync, field, i, j, out);
        }
}

static bool
lists(const struct val *names, const char *name)
{
    for (size_t k = 0; names != NULL && names->kind == VAL_ARRAY && k < names->n; k++) {
        const char *text = val_text(names->u.items[k]);

        if (text != NULL && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

/* Is the field of this link left different on purpose, or not done yet? */
static bool
is_left(const struct prove_link *link, const char *name, size_t i, size_t j)
{
    for (size_t k = 0; k < link->n_left; k++)
        if (strcmp(link->left[k], name) == 0)
            return true;
    return link->diverged != NULL &&
           (lists(link->diverged[i], name) || lists(link->diverged[j], name));
}

struct difference {
    struct propose_pair pairs[20]; /* what I shows, what J does */
    size_t n;
    const struct propose_pair *shortest;
    size_t length;
};

static void
look_at(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
        const struct prove_link *link, size_t i, size_t j, struct difference *d)
{
    const char *name = field->field->name;
    const struct val *x = val_get(link->shadows[i], name), *y = val_get(link->shadows[j], name);
    struct propose_pair *pair;
    size_t length;

    if (x == NULL || y == NULL || is_left(link, name, i, j) ||
        compare_equal(a, sync, field, i, x, j, y))
        return;
    length = strlen(val_write_text(a, x)) + strlen(val_write_text(a, y));
    pair = d->n < 20 ? &d->pairs[d->n++] : &d->pairs[19];
    *pair = (struct propose_pair){x, y};
    if (d->shortest == NULL || length < d->length || d->shortest == pair) {
        d->shortest = pair;
        d->length = length;
    }
}

/* "; crm: stores: [trim] would explain it", or nothing. */
static const char *
hint(struct arena *a, const struct conf_sync *sync, const struct sync_field *field, size_t j,
     const struct difference *d)
{
    const struct field_map *map = resource_field(sync->defs[j], field->field->name);
    struct stores *rules = arena_alloc(a, (map->n_stores + PROPOSE_MORE) * sizeof *rules);
    CLEANUP_BUF struct buf out = BUF_INIT;
    int n = field->values != NULL
                ? -1
                : propose_rules(a, field->field, map->stores, map->n_stores, d->pairs, d->n, rules);

    if (n <= (int)map->n_stores)
        return "";
    propose_write(&out, rules, (size_t)n);
    return arena_printf(a, "; %s: stores: %s would explain it", sync->between[j]->name,
                        buf_get(&out));
}

static void
name_apart(struct arena *a, const struct conf_sync *sync, const struct sync_field *field, size_t i,
           size_t j, struct difference *d, struct prove *out)
{
    struct prove_finding *f = prove_add(a, out, PROVE_APART, field->field->name);
    const char *more;

    f->path = arena_printf(a, "%s -> %s", sync->between[i]->name, sync->between[j]->name);
    f->value = d->shortest->sent;
    f->becomes = d->shortest->stored;
    more = hint(a, sync, field, j, d);
    if (*more == '\0') {
        for (size_t k = 0; k < d->n; k++)
            d->pairs[k] = (struct propose_pair){d->pairs[k].stored, d->pairs[k].sent};
        more = hint(a, sync, field, i, d);
    }
    f->text = arena_printf(a, "%s: of one record %s shows %s, %s %s%s", f->path,
                           sync->between[i]->name, val_write_text(a, f->value),
                           sync->between[j]->name, val_write_text(a, f->becomes), more);
}

void
prove_apart(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
            const struct prove_link *links, size_t n, struct prove *out)
{
    const char *name = field->field->name;

    for (size_t i = 0; i < sync->n_between && !field->create_only; i++)
        for (size_t j = i + 1; j < sync->n_between; j++) {
            struct difference d = {.n = 0};

            if (resource_field(sync->defs[i], name) == NULL ||
                resource_field(sync->defs[j], name) == NULL)
                continue;
            for (size_t k = 0; k < n; k++)
                look_at(a, sync, field, &links[k], i, j, &d);
            if (d.n > 0)
                name_apart(a, sync, field, i, j, &d, out);
        }
}

/* Does I show V in a form that its own rules say it does not store? */
static bool
is_not_so(struct arena *a, const struct conf_sync *sync, const struct sync_field *field, size_t i,
          const struct val *v)
{
    const struct field_map *map = resource_field(sync->defs[i], field->field->name);
    const struct rules rules = {map->stores, map->n_stores};

    return map->n_stores > 0 && !val_equal(compare_stored(a, field->field, &rules, v), v);
}

/* Is a pair of a link two values that I shows against its rules, and that these make one? */
static bool
is_made_equal(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
              const struct prove_link *link, size_t i, size_t j)
{
    const char *name = field->field->name;
    const struct val *x = val_get(link->shadows[i], name), *y = val_get(link->shadows[j], name);

    return x != NULL && y != NULL && !val_equal(x, y) && is_not_so(a, sync, field, i, x) &&
           compare_equal(a, sync, field, i, x, j, y);
}

/*
 * A rule that holds for another system of the same definition: an edit there that the rule makes
 * equal to what the others have is not seen by anybody.
 */
void
prove_lossy(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
            const struct prove_link *links, size_t n, struct prove *out)
{
    const char *name = field->field->name;

    for (size_t i = 0; i < sync->n_between && field->values == NULL; i++)
        for (size_t j = 0; j < sync->n_between; j++) {
            struct prove_finding *f;
            size_t k = 0;

            if (i == j || resource_field(sync->defs[i], name) == NULL ||
                resource_field(sync->defs[j], name) == NULL)
                continue;
            while (k < n && !is_made_equal(a, sync, field, &links[k], i, j))
                k++;
            if (k == n)
                continue;
            f = prove_add(a, out, PROVE_LOSSY, name);
            f->path = arena_printf(a, "%s -> %s", sync->between[i]->name, sync->between[j]->name);
            f->value = val_get(links[k].shadows[i], name);
            f->becomes = val_get(links[k].shadows[j], name);
            f->text = arena_printf(
                a,
                "%s: %s shows %s, which its stores: say it cannot, and so it counts as %s of %s: "
                "such edits do not travel",
                f->path, sync->between[i]->name, val_write_text(a, f->value),
                val_write_text(a, f->becomes), sync->between[j]->name);
        }
}
