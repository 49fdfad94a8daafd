#include <config.h>

#include "stream/seen.h"
#include "base/arena.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 256 };

struct seen {
    struct arena *arena; /* owned: the names */
    const char **slots;  /* owned: open addressing, at most half full */
    size_t n_slots, n;
};

struct seen *
seen_new(void)
{
    struct seen *s = mem_alloc(sizeof *s);

    s->arena = arena_new();
    s->n_slots = FIRST_SLOTS;
    s->slots = mem_alloc(s->n_slots * sizeof *s->slots);
    return s;
}

void
seen_free(struct seen *s)
{
    if (s == NULL)
        return;
    arena_free(s->arena);
    free(s->slots);
    free(s);
}

/* Where NAME is, or would be. */
static const char **
slot_of(const char **slots, size_t n_slots, const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    size_t i;

    for (const char *p = name; *p != '\0'; p++)
        h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    for (i = h % n_slots; slots[i] != NULL && strcmp(slots[i], name) != 0; i = (i + 1) % n_slots)
        ;
    return &slots[i];
}

static void
grow(struct seen *s)
{
    size_t n_slots = s->n_slots * 2;
    const char **slots = mem_alloc(n_slots * sizeof *slots);

    for (size_t i = 0; i < s->n_slots; i++)
        if (s->slots[i] != NULL)
            *slot_of(slots, n_slots, s->slots[i]) = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->n_slots = n_slots;
}

static bool
add(struct seen *s, const char *name)
{
    const char **slot = slot_of(s->slots, s->n_slots, name);

    if (*slot != NULL)
        return true;
    *slot = name;
    if (++s->n * 2 > s->n_slots)
        grow(s);
    return false;
}

static bool
add_record(struct seen *s, const char *resource, const char *system, const char *record_id)
{
    return add(s, arena_printf(s->arena, "%s\n%s\n%s", resource, system, record_id));
}

bool
seen_add(struct seen *s, const struct event *e, const struct decision *d)
{
    bool known;

    if (d->link != 0)
        return add(s, arena_printf(s->arena, "%lld", (long long)d->link));
    known = add_record(s, e->resource, e->system, e->record_id);
    for (size_t i = 0; i < d->n_ends; i++)
        if (d->ends[i].record_id != NULL && strcmp(d->ends[i].system, e->system) != 0)
            known |= add_record(s, e->resource, d->ends[i].system, d->ends[i].record_id);
    return known;
}
