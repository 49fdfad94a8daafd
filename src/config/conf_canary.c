#include <config.h>

#include "config/internal.h"

/* `canary` of the systems; syncs are read already. */

static void
read_canary(struct conf_reader *cr, const struct yaml *key, const struct yaml *y,
            struct conf_system *s)
{
    struct reader *r = &cr->r;
    const struct conf_sync *sync = conf_need_sync(cr, key);
    char *id = read_scalar(r, y, key->text);

    if (sync != NULL && sync_index(sync, s->name) < 0)
        FAULT(r, key, "%s is not synced with %s (it is not under between)", key->text, s->name);
    if (sync != NULL && id != NULL)
        s->canaries[s->n_canaries++] = (struct conf_canary){sync->resource, id};
}

void
conf_read_canaries(struct conf_reader *cr, const struct yaml *systems)
{
    for (size_t i = 0; systems != NULL && i < cr->c->n_systems; i++) {
        const struct yaml *y = read_map(&cr->r, systems->items[i], "canary");
        struct conf_system *s = &cr->c->systems[i];

        if (y == NULL)
            continue;
        s->canaries = arena_alloc(cr->r.arena, (y->n + 1) * sizeof *s->canaries);
        for (size_t k = 0; k < y->n; k++)
            read_canary(cr, y->keys[k], y->items[k], s);
    }
}
