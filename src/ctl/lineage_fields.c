#include <config.h>

#include "ctl/lineage.h"
#include "ctl/show.h"

#include <string.h>

static const char *
owner_name(const struct sync_field *f, const struct store_link *link)
{
    if (f->owner.kind == OWNER_ANY)
        return "any";
    if (f->owner.kind == OWNER_SYSTEM)
        return f->owner.system->name;
    return link->owned_by != NULL ? link->owned_by : "creator";
}

static bool
holds(const struct val *list, const char *text)
{
    for (size_t i = 0; list != NULL && i < list->n; i++)
        if (val_text(list->u.items[i]) != NULL && strcmp(val_text(list->u.items[i]), text) == 0)
            return true;
    return false;
}

static void
add_ends(struct arena *a, const struct store_link *link, const char *name, struct val *v)
{
    struct val *shown = val_object(a), *diverged = val_array(a);

    for (size_t i = 0; i < link->n_ends; i++) {
        const struct store_end *e = &link->ends[i];
        struct val *value = val_get(e->shadow, name);

        if (value != NULL)
            val_set(a, shown, e->system, val_copy(a, value));
        if (holds(e->diverged, name))
            val_push(a, diverged, val_string(a, e->system));
    }
    val_set(a, v, "shown", shown);
    val_set(a, v, "diverged", diverged);
}

static struct val *
owed_json(struct arena *a, const struct store_link *link, const char *name)
{
    struct val *list = val_array(a);

    for (size_t i = 0; i < link->n_owed; i++) {
        const struct store_owed *o = &link->owed[i];
        struct val *v = val_object(a);

        if (strcmp(o->field, name) != 0)
            continue;
        show_set(a, v, "to", o->target);
        show_set(a, v, "from", o->source);
        val_set(a, v, "value", o->value != NULL ? val_copy(a, o->value) : val_null(a));
        show_set(a, v, "since", show_time(a, o->since));
        show_set(a, v, "not_before", show_time(a, o->not_before));
        show_set(a, v, "refused", o->refused);
        val_push(a, list, v);
    }
    return list;
}

static struct val *
field_json(struct arena *a, const struct sync_field *f, const struct store_link *link,
           const struct store_conflict *conflicts, size_t n_conflicts)
{
    const char *name = f->field->name;
    struct val *v = val_object(a);

    show_set(a, v, "field", name);
    show_set(a, v, "owner", owner_name(f, link));
    add_ends(a, link, name, v);
    val_set(a, v, "owed", owed_json(a, link, name));
    val_set(a, v, "conflict", val_null(a));
    for (size_t i = 0; i < n_conflicts; i++)
        if (conflicts[i].link_id == link->link_id && strcmp(conflicts[i].field, name) == 0)
            val_set(a, v, "conflict", val_int(a, conflicts[i].conflict_id));
    return v;
}

struct val *
lineage_fields(struct ctl *c, const struct ctl_record *r, const struct store_link *link,
               const char *field, const struct store_conflict *conflicts, size_t n_conflicts)
{
    struct val *list = val_array(c->arena);

    for (size_t i = 0; i < r->sync->n_fields; i++) {
        const struct sync_field *f = &r->sync->fields[i];

        if (field == NULL || strcmp(f->field->name, field) == 0)
            val_push(c->arena, list, field_json(c->arena, f, link, conflicts, n_conflicts));
    }
    return list;
}
