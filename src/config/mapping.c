#include <config.h>

#include "config/mapping.h"
#include "config/internal.h"

#include <string.h>

#include "crypto/digest.h"

/* Enough for what a person may change, and rows stay short. */
enum { SHORT_HEX = 16 };

static struct val *
short_hash(struct arena *a, const struct buf *b)
{
    char hex[DIGEST_HEX];

    return val_nstring(a, digest_hex(b->data, b->len, hex), SHORT_HEX);
}

static const struct value_table *
table_of(const struct conf_sync *s, const char *field)
{
    for (size_t i = 0; i < s->n_fields; i++)
        if (strcmp(s->fields[i].field->name, field) == 0)
            return s->fields[i].values;
    return NULL;
}

/* The words that SYSTEM has; other columns are others' mapping. */
static void
add_words(struct buf *b, const struct value_table *t, const char *system)
{
    buf_printf(b, "%d;", (int)t->unmapped);
    for (size_t i = 0; i < t->n_systems; i++) {
        const struct value_system *x = &t->systems[i];

        for (size_t j = 0; strcmp(x->system->name, system) == 0 && j < x->n_rows; j++) {
            hash_add(b, x->rows[j].word);
            hash_add(b, x->rows[j].unified);
        }
    }
}

static struct val *
field_hash(struct arena *a, const struct conf_sync *s, size_t system, const struct field_map *f)
{
    const struct value_table *t = table_of(s, f->field->name);
    CLEANUP_BUF struct buf b = BUF_INIT;

    hash_add(&b, f->path);
    if (f->pair != NULL) {
        hash_add(&b, f->pair->name);
        hash_add(&b, f->pair->value);
    }
    for (size_t i = 0; i < f->n_stores; i++)
        buf_printf(&b, "%d(%ld)", (int)f->stores[i].rule, f->stores[i].n);
    buf_char(&b, ';');
    if (t != NULL)
        add_words(&b, t, s->between[system]->name);
    return short_hash(a, &b);
}

static struct val *
first_contact_hash(struct arena *a, const struct policy *p)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_printf(&b, "%d;", (int)p->kind);
    hash_add(&b, p->system != NULL ? p->system->name : NULL);
    return short_hash(a, &b);
}

char *
sync_mapping(struct reader *r, const struct conf_sync *s)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct val *all = val_object(a), *systems = val_object(a);

    for (size_t i = 0; i < s->n_between; i++) {
        struct val *fields = val_object(a);

        for (size_t j = 0; s->defs[i] != NULL && j < s->defs[i]->n_fields; j++)
            val_set(a, fields, s->defs[i]->fields[j].field->name,
                    field_hash(a, s, i, &s->defs[i]->fields[j]));
        val_set(a, systems, s->between[i]->name, fields);
    }
    val_set(a, all, "first_contact", first_contact_hash(a, &s->first_contact));
    val_set(a, all, "systems", systems);
    return arena_text(r->arena, val_canon_text(a, all));
}

static const char *
hash_of(const struct val *mapping, const char *system, const char *field)
{
    return val_get_text(val_get(val_get(mapping, "systems"), system), field);
}

bool
mapping_keeps(const struct val *was, const struct val *is, const char *system, const char *field)
{
    const struct val *systems = val_get(was, "systems");

    if (hash_of(was, system, field) == NULL || hash_of(is, system, field) == NULL)
        return false;
    for (size_t i = 0; i < systems->n; i++) {
        const char *x = hash_of(was, systems->u.members[i].name, field);
        const char *y = hash_of(is, systems->u.members[i].name, field);

        if (x != NULL && y != NULL && strcmp(x, y) != 0)
            return false;
    }
    return true;
}

bool
mapping_meets_anew(const struct val *was, const struct val *is)
{
    const char *x = val_get_text(was, "first_contact"), *y = val_get_text(is, "first_contact");

    return x == NULL || y == NULL || strcmp(x, y) != 0;
}
