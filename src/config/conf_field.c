#include <config.h>

#include <string.h>

#include "config/internal.h"

/* `fields` of a sync, and what stands beside it for all of them: owner, enforce. */

/* In how many of the sync's systems FIELD is mapped. */
static size_t
count_mapped(const struct conf_sync *s, const char *field)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_between; i++)
        n += resource_field(s->defs[i], field) != NULL;
    return n;
}

/* Who writes FIELD must be able to, and who owns it must have it. */
static void
check_field(struct sync_reader *sr, const struct yaml *key, const struct sync_field *f)
{
    struct reader *r = &sr->cr->r;
    const struct conf_sync *s = sr->s;
    size_t mapped = count_mapped(s, f->field->name);

    if (mapped < 2)
        FAULT(r, key, "%s is mapped in %s (map it in the definitions, or leave it out here)",
              f->field->name, mapped == 0 ? "none of the systems" : "one of the systems only");
    for (size_t i = 0; i < s->n_between; i++) {
        const struct field_map *map = resource_field(s->defs[i], f->field->name);

        if (f->owner.system == s->between[i] && map == NULL && mapped >= 2)
            FAULT(r, key, "%s owns %s, but does not map it", f->owner.system->name, f->field->name);
        if (f->owner.system != s->between[i] && map != NULL && !map->read_only && !f->create_only &&
            !s->defs[i]->update.present)
            FAULT(r, key, "%s would be written to %s, whose definition has no update",
                  f->field->name, s->between[i]->name);
    }
}

static struct owner
read_owner(struct sync_reader *sr, const struct yaml *at)
{
    struct owner owner = {OWNER_ANY, NULL};

    if (at->kind == YAML_LIST || at->kind == YAML_MAP || at->text[0] == '\0')
        FAULT(&sr->cr->r, at, "owner must be a system, any or creator, is %s", yaml_kind_name(at));
    else if (strcmp(at->text, "creator") == 0)
        owner.kind = OWNER_CREATOR;
    else if (strcmp(at->text, "any") != 0)
        owner.system = sync_need_system(sr, at);
    if (owner.system != NULL)
        owner.kind = OWNER_SYSTEM;
    return owner;
}

static void
read_values(struct sync_reader *sr, const struct yaml *y, struct sync_field *out)
{
    struct reader *r = &sr->cr->r;
    const struct conf *c = sr->cr->c;
    char *name = read_text(r, y, "values");
    const char **names;

    out->values = name != NULL ? conf_table(c, name) : NULL;
    if (name == NULL || out->values != NULL)
        return;
    names = arena_alloc(r->arena, (c->n_tables + 1) * sizeof *names);
    for (size_t i = 0; i < c->n_tables; i++)
        names[i] = c->tables[i].name;
    FAULT(r, yaml_get(y, "values"), "there is no table '%s' under values%s", name,
          read_hint(r, name, names));
}

static void
read_conflict(struct sync_reader *sr, const struct yaml *y, struct sync_field *out)
{
    const struct yaml *at = yaml_get(y, "conflict");

    out->conflict = sync_read_conflict(sr, y, sr->s->conflict);
    if (at != NULL && out->owner.kind != OWNER_ANY)
        FAULT(&sr->cr->r, at, "conflict is for owner: any (%s wins as the owner)",
              out->owner.kind == OWNER_CREATOR ? "the creator" : out->owner.system->name);
}

/* KNOWN: the owner is as it stands here, not what is left of a fault. */
static void
read_enforce(struct sync_reader *sr, const struct yaml *y, bool known, struct sync_field *out)
{
    struct reader *r = &sr->cr->r;
    const struct yaml *at = yaml_get(y, "enforce");
    bool owned = out->owner.kind != OWNER_ANY;

    if (at == NULL) {
        out->enforce = sr->enforce && owned && !out->create_only;
        return;
    }
    out->enforce = read_bool(r, y, "enforce", false);
    if (out->enforce && !owned && known)
        FAULT(r, at, "enforce is for fields with an owner (any may write this one)");
    else if (out->enforce && out->create_only)
        FAULT(r, at, "enforce has no meaning for create_only (it is written once)");
}

static void
read_ref(struct sync_reader *sr, const struct yaml *y, struct sync_field *out)
{
    struct reader *r = &sr->cr->r;

    out->ref = read_text(r, y, "ref");
    out->required = read_bool(r, y, "required", false);
    if (out->required && yaml_get(y, "ref") == NULL)
        FAULT(r, yaml_get(y, "required"), "required is for references (ref)");
    if (out->ref != NULL && yaml_get(y, "values") != NULL)
        FAULT(r, yaml_get(y, "values"), "a reference has no value table (its words are ids)");
}

static void
read_field(struct sync_reader *sr, const struct yaml *y, struct sync_field *out)
{
    static const char *const keys[] = {"owner", "conflict", "create_only", "values",
                                       "ref",   "required", "enforce",     NULL};
    struct reader *r = &sr->cr->r;
    size_t before = faults_count(r->f);
    const struct yaml *at = y->kind == YAML_MAP ? yaml_get(y, "owner") : y;
    bool known;

    if (y->kind == YAML_MAP)
        yaml_check_keys(y, keys, r->file, r->f);
    if (at == NULL && !sr->has_owner)
        read_need(r, y, "owner");
    out->owner = at != NULL ? read_owner(sr, at) : sr->owner;
    known = faults_count(r->f) == before;
    if (y->kind == YAML_MAP) {
        out->create_only = read_bool(r, y, "create_only", false);
        read_values(sr, y, out);
        read_ref(sr, y, out);
    }
    read_conflict(sr, y, out);
    read_enforce(sr, y, known, out);
}

/* Is it a reference in the config and in the model, and to the same? */
static void
check_type(struct sync_reader *sr, const struct yaml *key, const struct yaml *y,
           struct sync_field *f)
{
    struct reader *r = &sr->cr->r;
    const struct model_field *m = f->field;
    const struct yaml *at = yaml_get(y, "ref");

    if (m->type == FIELD_REF && at == NULL)
        FAULT(r, key, "%s is a reference: say whose ids it holds (ref: %s)", m->name,
              m->ref_to != NULL ? m->ref_to : "RESOURCE");
    else if (m->type != FIELD_REF && at != NULL)
        FAULT(r, at, "ref is for fields of type ref (%s is of type %s in the model)", m->name,
              field_type_name(m->type));
    else if (f->ref == NULL || m->ref_to == NULL || strcmp(f->ref, m->ref_to) == 0)
        return;
    else
        FAULT(r, at, "%s holds ids of %s, by the model", m->name, m->ref_to);
    f->ref = NULL; /* said; no more about it */
}

static void
read_one(struct sync_reader *sr, const struct yaml *key, const struct yaml *y)
{
    struct conf_sync *s = sr->s;
    struct sync_field one = {0};

    read_field(sr, y, &one);
    one.field = sync_need_field(sr, key);
    if (one.field == NULL)
        return;
    check_type(sr, key, y, &one);
    if (sr->sound)
        check_field(sr, key, &one);
    s->fields[s->n_fields++] = one;
}

/* What holds for all fields that do not say otherwise. */
static void
read_defaults(struct sync_reader *sr)
{
    const struct yaml *at = yaml_get(sr->y, "owner");

    sr->has_owner = at != NULL;
    if (at != NULL)
        sr->owner = read_owner(sr, at);
    sr->enforce = read_bool(&sr->cr->r, sr->y, "enforce", false);
}

void
sync_read_fields(struct sync_reader *sr)
{
    struct reader *r = &sr->cr->r;
    const struct yaml *y = read_map(r, sr->y, "fields");

    read_defaults(sr);
    read_need(r, sr->y, "fields");
    if (y == NULL)
        return;
    if (y->n == 0)
        FAULT(r, y, "fields is empty");
    sr->s->fields = arena_alloc(r->arena, (y->n + 1) * sizeof *sr->s->fields);
    for (size_t i = 0; i < y->n; i++)
        read_one(sr, y->keys[i], y->items[i]);
}
