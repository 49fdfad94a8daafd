#include <config.h>

#include "sim/map.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct map_entry {
    struct map_entry *next; /* owned */
    uint64_t hash;
    void *value; /* borrowed */
    char key[];
};

/* FNV-1a, 64 bits. */
static uint64_t
hash(const char *key)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (; *key != '\0'; key++)
        h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return h ^ (h >> 32);
}

/* Where the entry of KEY hangs, or where it would. */
static struct map_entry **
place(const struct map *m, const char *key, uint64_t h)
{
    struct map_entry **at = &m->slots[h & (m->nslots - 1)];

    while (*at != NULL && ((*at)->hash != h || strcmp((*at)->key, key) != 0))
        at = &(*at)->next;
    return at;
}

static void
grow(struct map *m)
{
    struct map bigger = {.nslots = m->nslots == 0 ? 64 : m->nslots * 2, .n = m->n};
    size_t i;

    bigger.slots = mem_alloc(bigger.nslots * sizeof(struct map_entry *));
    for (i = 0; i < m->nslots; i++) {
        struct map_entry *e = m->slots[i];

        while (e != NULL) {
            struct map_entry *next = e->next;
            struct map_entry **slot = &bigger.slots[e->hash & (bigger.nslots - 1)];

            e->next = *slot;
            *slot = e;
            e = next;
        }
    }
    free(m->slots);
    *m = bigger;
}

void *
map_find(const struct map *m, const char *key)
{
    struct map_entry *e;

    if (m->nslots == 0)
        return NULL;
    e = *place(m, key, hash(key));
    return e != NULL ? e->value : NULL;
}

void
map_put(struct map *m, const char *key, void *value)
{
    uint64_t h = hash(key);
    struct map_entry **at;

    if (m->n >= m->nslots)
        grow(m);
    at = place(m, key, h);
    if (*at == NULL) {
        *at = mem_alloc(sizeof **at + strlen(key) + 1);
        (*at)->hash = h;
        strcpy((*at)->key, key);
        m->n++;
    }
    (*at)->value = value;
}

void *
map_take(struct map *m, const char *key)
{
    struct map_entry **at;
    struct map_entry *e;
    void *value;

    if (m->nslots == 0)
        return NULL;
    at = place(m, key, hash(key));
    e = *at;
    if (e == NULL)
        return NULL;
    value = e->value;
    *at = e->next;
    free(e);
    m->n--;
    return value;
}

void
map_each(const struct map *m, void (*each)(void *value, void *with), void *with)
{
    size_t i;

    for (i = 0; i < m->nslots; i++) {
        struct map_entry *e;

        for (e = m->slots[i]; e != NULL; e = e->next)
            each(e->value, with);
    }
}

void
map_release(struct map *m)
{
    size_t i;

    for (i = 0; i < m->nslots; i++) {
        while (m->slots[i] != NULL) {
            struct map_entry *e = m->slots[i];

            m->slots[i] = e->next;
            free(e);
        }
    }
    free(m->slots);
    *m = (struct map){NULL, 0, 0};
}
