#include <config.h>

#include "diff/internal.h"

#include <string.h>

/*
 * Without a config the lines say what there is: the line's system owns every field, the other
 * systems of --current follow, nothing is created (there is no word about it).
 */
static struct conf_system *
made_system(struct arena *a, const char *name, const char *account)
{
    struct conf_system *s = arena_alloc(a, sizeof *s);

    s->name = arena_text(a, name);
    s->account = arena_text(a, account != NULL ? account : "");
    return s;
}

static void
made_fields(struct arena *a, struct conf_sync *sync, const struct val *fields)
{
    struct resource_def *def = arena_alloc(a, sizeof *def);
    struct model_field *model = arena_alloc(a, (fields->n + 1) * sizeof *model);
    size_t i;

    sync->fields = arena_alloc(a, (fields->n + 1) * sizeof *sync->fields);
    sync->n_fields = fields->n;
    def->fields = arena_alloc(a, (fields->n + 1) * sizeof *def->fields);
    def->n_fields = fields->n;
    def->resource = sync->resource;
    for (i = 0; i < fields->n; i++) {
        model[i].name = arena_text(a, fields->u.members[i].name);
        model[i].type = FIELD_TEXT;
        sync->fields[i].field = &model[i];
        sync->fields[i].owner = (struct owner){OWNER_SYSTEM, sync->between[0]};
        def->fields[i].field = &model[i];
        def->fields[i].path = model[i].name;
    }
    for (i = 0; i < sync->n_between; i++)
        sync->defs[i] = def;
}

const struct conf_sync *
made_sync(struct diff *d, const struct event *e)
{
    struct arena *a = d->arena;
    struct conf_sync *sync;
    const char *other;

    if (e->fields == NULL || e->fields->kind != VAL_OBJECT)
        return NULL;
    if (cache_current(d->cache) == NULL)
        return NULL;
    other = current_other_system(cache_current(d->cache), e->resource, e->system);
    if (other == NULL)
        return NULL;
    sync = arena_alloc(a, sizeof *sync);
    sync->resource = arena_text(a, e->resource);
    sync->n_between = 2;
    sync->between = arena_alloc(a, 2 * sizeof *sync->between);
    sync->between[0] = made_system(a, e->system, e->account);
    sync->between[1] = made_system(a, other, NULL);
    sync->create = arena_alloc(a, 2 * sizeof *sync->create);
    sync->defs = arena_alloc(a, 2 * sizeof *sync->defs);
    sync->first_contact.kind = POLICY_OWNER;
    sync->conflict.kind = POLICY_LAST_WRITE_WINS;
    sync->map_hash = arena_text(a, "");
    made_fields(a, sync, e->fields);
    return sync;
}
