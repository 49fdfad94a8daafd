#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#include "base/mem.h"
#include "crypto/digest.h"

/* Texts that are hashed in order of their bytes, so that the order in the files is no part of it.
 */
struct parts {
    char **items;
    size_t n;
};

static int
by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
add_table(struct buf *b, const struct value_table *t)
{
    struct parts p = {mem_alloc((t->n_systems + 1) * sizeof *p.items), 0};

    buf_printf(b, "%d;", (int)t->unmapped);
    for (size_t i = 0; i < t->n_systems; i++) {
        struct buf one = BUF_INIT;

        hash_add(&one, t->systems[i].system->name);
        for (size_t j = 0; j < t->systems[i].n_rows; j++) {
            hash_add(&one, t->systems[i].rows[j].word);
            hash_add(&one, t->systems[i].rows[j].unified);
        }
        p.items[p.n++] = buf_take(&one);
    }
    qsort(p.items, p.n, sizeof *p.items, by_bytes);
    for (size_t i = 0; i < p.n; i++) {
        hash_add(b, p.items[i]);
        free(p.items[i]);
    }
    free(p.items);
}

/* Of one system: its name and what its definition maps. */
static char *
system_part(const struct conf_sync *s, size_t i)
{
    struct buf b = BUF_INIT;

    hash_add(&b, s->between[i]->name);
    hash_add(&b, s->defs[i] != NULL ? s->defs[i]->map_hash : NULL);
    return buf_take(&b);
}

static char *
field_part(const struct sync_field *f)
{
    struct buf b = BUF_INIT;

    hash_add(&b, f->field->name);
    add_table(&b, f->values);
    return buf_take(&b);
}

/*
 * Another policy makes known links meet anew: what `report` left different is decided when the
 * record is next nominated.
 */
static void
add_first_contact(struct buf *b, const struct policy *p)
{
    buf_printf(b, "%d;", (int)p->kind);
    hash_add(b, p->system != NULL ? p->system->name : NULL);
}

char *
sync_map_hash(struct reader *r, const struct conf_sync *s)
{
    struct parts p = {mem_alloc((s->n_between + s->n_fields + 1) * sizeof *p.items), 0};
    CLEANUP_BUF struct buf all = BUF_INIT;
    char hex[DIGEST_HEX];

    for (size_t i = 0; i < s->n_between; i++)
        p.items[p.n++] = system_part(s, i);
    for (size_t i = 0; i < s->n_fields; i++) {
        if (s->fields[i].values != NULL)
            p.items[p.n++] = field_part(&s->fields[i]);
    }
    qsort(p.items, p.n, sizeof *p.items, by_bytes);
    for (size_t i = 0; i < p.n; i++) {
        hash_add(&all, p.items[i]);
        free(p.items[i]);
    }
    free(p.items);
    add_first_contact(&all, &s->first_contact);
    return arena_text(r->arena, digest_hex(buf_get(&all), all.len, hex));
}
