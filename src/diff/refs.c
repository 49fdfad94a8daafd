#include <config.h>

#include "diff/internal.h"
#include "store/store.h"

#include <string.h>

/*
 * References: the value is the id of a record of another resource, in its system's own numbers.
 * What it is elsewhere, the links say. So for each decision a reference is a field with a value
 * table: a row for each record in sight, its word the record's id there, its unified word the
 * external id of its link.
 */

enum { PARENT_RETRY_MS = 60000 };

struct refs {
    struct diff *d;
    struct item *it;
    const struct conf_sync *parent; /* sync entry of what is referred to */
    struct value_table *table;
    struct err *err;
};

static struct value_system *
words_of(struct refs *r, size_t i)
{
    return &r->table->systems[i];
}

static bool
is_known(const struct value_system *words, const char *id)
{
    for (size_t k = 0; k < words->n_rows; k++)
        if (strcmp(words->rows[k].word, id) == 0)
            return true;
    return false;
}

static void
add_row(struct arena *a, struct value_system *words, const char *id, const char *unified)
{
    struct value_row *rows;

    if (is_known(words, id))
        return;
    rows = arena_alloc(a, (words->n_rows + 1) * sizeof *rows);
    if (words->n_rows > 0)
        memcpy(rows, words->rows, words->n_rows * sizeof *rows);
    rows[words->n_rows].word = arena_text(a, id);
    rows[words->n_rows].unified = arena_text(a, unified);
    words->rows = rows;
    words->n_rows++;
}

/* The link of the record that VALUE names at system I, with all its ends. 0, -1. */
static int
add_value(struct refs *r, size_t i, const struct val *value)
{
    const struct conf_system *system = r->it->sync->between[i];
    const char *id = value == NULL || val_is_null(value) ? NULL : val_id(value);
    struct store_link link;

    if (id == NULL || r->d->o->store == NULL || is_known(words_of(r, i), id))
        return 0;
    if (store_find_link(r->d->o->store, r->d->arena, r->parent->resource, system->name,
                        system->account, id, &link, r->err) < 0)
        return -1;
    for (size_t k = 0; link.link_id != 0 && !link.ended && k < link.n_ends; k++) {
        int j = sync_index(r->it->sync, link.ends[k].system);

        if (j >= 0 && !link.ends[k].deleted)
            add_row(r->d->arena, words_of(r, (size_t)j), link.ends[k].record_id, link.external_id);
    }
    return 0;
}

/* What the field shows at the ends, and what it is known and owed to show. */
static int
add_values(struct refs *r, const char *field)
{
    const struct item *it = r->it;

    for (size_t i = 0; i < it->sync->n_between; i++) {
        const struct store_end *stored = stored_end(it, it->sync->between[i]->name);

        if (it->ends[i].state == END_LIVE &&
            add_value(r, i, val_get(it->ends[i].fields, field)) < 0)
            return -1;
        if (stored != NULL && add_value(r, i, val_get(stored->shadow, field)) < 0)
            return -1;
    }
    return 0;
}

static struct value_table *
table_new(struct refs *r, const struct sync_field *f)
{
    struct arena *a = r->d->arena;
    const struct conf_sync *sync = r->it->sync;
    struct value_table *t = arena_alloc(a, sizeof *t);

    t->name = arena_text(a, f->ref);
    t->unmapped = UNMAPPED_OWE;
    t->n_systems = sync->n_between;
    t->systems = arena_alloc(a, sync->n_between * sizeof *t->systems);
    for (size_t i = 0; i < sync->n_between; i++)
        t->systems[i].system = sync->between[i];
    return t;
}

static const char *
unified_of(struct refs *r, size_t i, const char *id)
{
    const struct value_system *words = words_of(r, i);

    for (size_t k = 0; k < words->n_rows; k++)
        if (strcmp(words->rows[k].word, id) == 0)
            return words->rows[k].unified;
    return NULL;
}

static bool
has_word(struct refs *r, size_t j, const char *unified)
{
    const struct value_system *words = words_of(r, j);

    for (size_t k = 0; k < words->n_rows; k++)
        if (strcmp(words->rows[k].unified, unified) == 0)
            return true;
    return false;
}

/* Does what ID names at system I have a record wherever this one has, or will have, one? */
static bool
is_everywhere(struct refs *r, size_t i, const char *id, const char *field)
{
    const struct item *it = r->it;
    const char *unified = unified_of(r, i, id);

    for (size_t j = 0; unified != NULL && j < it->sync->n_between; j++)
        if (resource_field(it->sync->defs[j], field) != NULL &&
            (it->ends[j].state == END_LIVE || (!it->ends[j].wanted && it->sync->create[j])) &&
            !has_word(r, j, unified))
            return false;
    return unified != NULL;
}

/* A required reference that is new here and not linked everywhere: the record waits for it. */
static void
wait_for_parent(struct refs *r, const char *field)
{
    struct item *it = r->it;

    for (size_t i = 0; i < it->sync->n_between && !it->done; i++) {
        const struct store_end *stored = stored_end(it, it->sync->between[i]->name);
        const struct val *now = val_get(it->ends[i].fields, field);
        const char *id = now == NULL || val_is_null(now) ? NULL : val_id(now);

        if (it->ends[i].state != END_LIVE || id == NULL || is_everywhere(r, i, id, field) ||
            (stored != NULL && val_get(stored->shadow, field) != NULL &&
             val_equal(val_get(stored->shadow, field), now)))
            continue;
        item_hold(it, r->d->arena, r->d->now + PARENT_RETRY_MS,
                  arena_printf(r->d->arena, STORE_PARENT_FORMAT, r->parent->resource,
                               it->sync->between[i]->name, id));
    }
}

static bool
has_refs(const struct conf_sync *sync)
{
    for (size_t k = 0; k < sync->n_fields; k++)
        if (sync->fields[k].ref != NULL)
            return true;
    return false;
}

static struct conf_sync *
copy_sync(struct arena *a, const struct conf_sync *sync)
{
    struct conf_sync *copy = arena_alloc(a, sizeof *copy);

    *copy = *sync;
    copy->fields = arena_alloc(a, sync->n_fields * sizeof *copy->fields);
    memcpy(copy->fields, sync->fields, sync->n_fields * sizeof *copy->fields);
    return copy;
}

int
refs_resolve(struct diff *d, struct item *it, struct err *err)
{
    struct conf_sync *sync;

    if (d->o->conf == NULL || !has_refs(it->sync))
        return 0;
    sync = copy_sync(d->arena, it->sync);
    for (size_t k = 0; k < sync->n_fields && !it->done; k++) {
        struct sync_field *f = &sync->fields[k];
        struct refs r = {.d = d, .it = it, .err = err};

        if (f->ref == NULL)
            continue;
        r.parent = conf_sync(d->o->conf, f->ref);
        if (r.parent == NULL)
            continue;
        r.table = table_new(&r, f);
        if (add_values(&r, f->field->name) < 0)
            return -1;
        f->values = r.table;
        if (f->required)
            wait_for_parent(&r, f->field->name);
    }
    it->sync = sync;
    return 0;
}
