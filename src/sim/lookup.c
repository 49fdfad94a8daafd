#include <config.h>

#include "sim/lookup.h"
#include "base/mem.h"

#include <stdlib.h>

struct lookup *
lookup_new(const char *field)
{
    struct lookup *l = mem_alloc(sizeof *l);

    l->field = mem_text(field);
    return l;
}

static struct hits *
hits_of(const struct lookup *l, const struct record *r, struct buf *value)
{
    if (!record_plain(r, r->now, l->field, value))
        return NULL;
    return map_find(&l->by_value, buf_get(value));
}

void
lookup_add(struct lookup *l, struct record *r)
{
    CLEANUP_BUF struct buf value = BUF_INIT;
    struct hits *h;

    if (!record_plain(r, r->now, l->field, &value))
        return;
    h = map_find(&l->by_value, buf_get(&value));
    if (h == NULL) {
        h = mem_alloc(sizeof *h);
        map_put(&l->by_value, buf_get(&value), h);
    }
    if (h->n == h->cap) {
        h->cap = h->cap == 0 ? 1 : h->cap * 2;
        h->items = mem_resize(h->items, h->cap, sizeof(struct record *));
    }
    h->items[h->n++] = r;
}

void
lookup_remove(struct lookup *l, struct record *r)
{
    CLEANUP_BUF struct buf value = BUF_INIT;
    struct hits *h = hits_of(l, r, &value);
    size_t i;

    if (h == NULL)
        return;
    for (i = 0; i < h->n; i++) {
        if (h->items[i] == r) {
            h->items[i] = h->items[--h->n];
            return;
        }
    }
}

const struct hits *
lookup_find(const struct lookup *l, const char *plain)
{
    return map_find(&l->by_value, plain);
}

static void
free_hits(void *value, void *with)
{
    struct hits *h = value;

    (void)with;
    free(h->items);
    free(h);
}

void
lookup_free(struct lookup *l)
{
    map_each(&l->by_value, free_hits, NULL);
    map_release(&l->by_value);
    free(l->field);
    free(l);
}
