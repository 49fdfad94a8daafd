#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#include "base/mem.h"
#include "crypto/digest.h"

enum { DEFAULT_SKEW_MS = 5000 };

/* A sync while it is read: its YAML, and whether its systems are known (else no follow-up faults
 * about them). */
struct sync_reader {
    struct conf_reader *cr;
    struct conf_sync *s;
    const struct yaml *y;
    bool sound;
};

static bool
is_between(const struct conf_sync *s, const struct conf_system *system)
{
    for (size_t i = 0; i < s->n_between; i++) {
        if (s->between[i] == system)
            return true;
    }
    return false;
}

/* The system that a word of the sync names: known, and one of those it is between. */
static const struct conf_system *
need_between(struct sync_reader *sr, const struct yaml *at)
{
    const struct conf_system *system = conf_need_system(sr->cr, at);

    if (system == NULL || is_between(sr->s, system))
        return system;
    if (sr->sound)
        FAULT(&sr->cr->r, at, "%s is not one of the systems under between", at->text);
    return NULL;
}

static void
add_between(struct sync_reader *sr, const struct yaml *at)
{
    struct conf_sync *s = sr->s;
    const struct conf_system *system = conf_need_system(sr->cr, at);
    const struct resource_def *def;

    sr->sound &= system != NULL && system->definition != NULL;
    if (system == NULL)
        return;
    if (is_between(s, system)) {
        FAULT(&sr->cr->r, at, "%s stands here twice", at->text);
        return;
    }
    def = definition_resource(system->definition, s->resource);
    if (def == NULL && system->definition != NULL) {
        FAULT(&sr->cr->r, at, "%s has no %s", system->definition->name, s->resource);
        sr->sound = false;
    } else if (def != NULL && !def->get.present) {
        FAULT(&sr->cr->r, at, "%s cannot read one %s (its definition has no get)",
              system->definition->name, s->resource);
    }
    if (def != NULL && s->model == NULL)
        s->model = def->model;
    sr->sound &= def != NULL && def->model != NULL;
    s->defs[s->n_between] = def;
    s->between[s->n_between++] = system;
}

static void
read_between(struct sync_reader *sr)
{
    struct reader *r = &sr->cr->r;
    const struct yaml *y = read_list(r, sr->y, "between");
    struct conf_sync *s = sr->s;

    sr->sound = y != NULL;
    read_need(r, sr->y, "between");
    if (y == NULL)
        return;
    if (y->n < 2)
        FAULT(r, y, "between needs at least two systems");
    s->between = arena_alloc(r->arena, (y->n + 1) * sizeof *s->between);
    s->defs = arena_alloc(r->arena, (y->n + 1) * sizeof *s->defs);
    s->create = arena_alloc(r->arena, (y->n + 1) * sizeof *s->create);
    for (size_t i = 0; i < y->n; i++)
        add_between(sr, y->items[i]);
}

static void
read_create(struct sync_reader *sr)
{
    struct reader *r = &sr->cr->r;
    const struct yaml *y = read_map(r, sr->y, "create");

    for (size_t i = 0; y != NULL && i < y->n; i++) {
        const struct conf_system *system = need_between(sr, y->keys[i]);
        bool may = read_bool(r, y, y->keys[i]->text, false);
        int at = system != NULL ? sync_index(sr->s, system->name) : -1;

        if (at < 0)
            continue;
        sr->s->create[at] = may;
        if (may && sr->s->defs[at] != NULL && !sr->s->defs[at]->create.present)
            FAULT(r, y->items[i], "%s cannot create %s (its definition has no create)",
                  system->definition->name, sr->s->resource);
    }
}

/* WORDS: the kinds that may stand here beside a system's name, by enum policy_kind, NULL = no. */
static struct policy
read_policy(struct sync_reader *sr, const struct yaml *map, const char *key,
            const char *const words[POLICY_SYSTEM], struct policy otherwise)
{
    const struct yaml *y = yaml_get(map, key);
    struct policy p = {POLICY_SYSTEM, NULL};

    if (y == NULL)
        return otherwise;
    for (int i = 0; i < POLICY_SYSTEM; i++) {
        if (words[i] != NULL && strcmp(words[i], y->text) == 0)
            return (struct policy){(enum policy_kind)i, NULL};
    }
    if (y->kind != YAML_TEXT && y->kind != YAML_INT) {
        FAULT(&sr->cr->r, y, "%s must be text, is %s", key, yaml_kind_name(y));
        return otherwise;
    }
    p.system = need_between(sr, y);
    return p.system != NULL ? p : otherwise;
}

static struct policy
read_conflict(struct sync_reader *sr, const struct yaml *map, struct policy otherwise)
{
    static const char *const words[POLICY_SYSTEM] = {
        [POLICY_LAST_WRITE_WINS] = "last-write-wins", [POLICY_MANUAL] = "manual"};

    return read_policy(sr, map, "conflict", words, otherwise);
}

static void
read_policies(struct sync_reader *sr)
{
    static const char *const words[POLICY_SYSTEM] = {
        [POLICY_REPORT] = "report", [POLICY_OWNER] = "owner", [POLICY_FILL] = "fill"};
    struct conf_sync *s = sr->s;

    s->first_contact =
        read_policy(sr, sr->y, "first_contact", words, (struct policy){POLICY_REPORT, NULL});
    s->conflict = read_conflict(sr, sr->y, (struct policy){POLICY_LAST_WRITE_WINS, NULL});
    s->skew_ms = read_span(&sr->cr->r, sr->y, "skew", DEFAULT_SKEW_MS);
}

static void
read_deletes(struct reader *r, const struct yaml *map)
{
    static const char *const keys[] = {"policy", "settle", "max", "max_percent", NULL};
    static const char *const policies[] = {"ignore", "propagate", NULL};
    const struct yaml *y = read_map(r, map, "deletes");

    yaml_check_keys(y, keys, r->file, r->f);
    if (read_word(r, y, "policy", policies, 0) == 1)
        FAULT(r, yaml_get(y, "policy"),
              "deletes: propagate is not supported in this version (use ignore)");
    read_span(r, y, "settle", 0);
    read_count(r, y, "max", 0, 0, 1000000000);
    read_count(r, y, "max_percent", 0, 0, 100);
}

/* In how many of the sync's systems FIELD is mapped. */
static size_t
count_mapped(const struct conf_sync *s, const char *field)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n_between; i++)
        n += resource_field(s->defs[i], field) != NULL;
    return n;
}

static const struct model_field *
need_model_field(struct sync_reader *sr, const struct yaml *at)
{
    struct reader *r = &sr->cr->r;
    const struct model *m = sr->s->model;
    const struct model_field *field = model_find(m, at->text);
    const char **names;

    if (field != NULL || m == NULL)
        return field;
    names = arena_alloc(r->arena, (m->n_fields + 1) * sizeof *names);
    for (size_t i = 0; i < m->n_fields; i++)
        names[i] = m->fields[i].name;
    FAULT(r, at, "%s has no field '%s'%s", m->name, at->text, read_hint(r, at->text, names));
    return NULL;
}

static void
read_match(struct sync_reader *sr)
{
    struct reader *r = &sr->cr->r;
    struct conf_sync *s = sr->s;
    const struct yaml *y = read_list(r, sr->y, "match");

    s->match = read_texts(r, sr->y, "match", &s->n_match);
    for (size_t i = 0; y != NULL && i < y->n; i++) {
        const struct yaml *at = y->items[i];

        if (need_model_field(sr, at) == NULL || !sr->sound)
            continue;
        for (size_t j = 0; j < s->n_between; j++) {
            if (resource_field(s->defs[j], at->text) == NULL)
                FAULT(r, at, "match: %s is not mapped in %s (a key must be known on all sides)",
                      at->text, s->between[j]->name);
        }
    }
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

static void
read_owner(struct sync_reader *sr, const struct yaml *at, struct sync_field *out)
{
    if (at == NULL)
        return;
    if (at->kind == YAML_LIST || at->kind == YAML_MAP || at->text[0] == '\0')
        FAULT(&sr->cr->r, at, "owner must be a system or any, is %s", yaml_kind_name(at));
    else if (strcmp(at->text, "creator") == 0)
        FAULT(&sr->cr->r, at, "owner: creator is not supported in this version");
    else if (strcmp(at->text, "any") != 0)
        out->owner.system = need_between(sr, at);
    if (out->owner.system != NULL)
        out->owner.kind = OWNER_SYSTEM;
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
read_field(struct sync_reader *sr, const struct yaml *y, struct sync_field *out)
{
    static const char *const keys[] = {"owner", "conflict", "create_only", "values",
                                       "ref",   "enforce",  NULL};
    struct reader *r = &sr->cr->r;
    const struct yaml *conflict = yaml_get(y, "conflict"), *ref = yaml_get(y, "ref");

    out->conflict = sr->s->conflict;
    if (y->kind != YAML_MAP) {
        read_owner(sr, y, out);
        return;
    }
    yaml_check_keys(y, keys, r->file, r->f);
    read_owner(sr, read_need(r, y, "owner"), out);
    out->conflict = read_conflict(sr, y, out->conflict);
    if (conflict != NULL && out->owner.kind != OWNER_ANY)
        FAULT(r, conflict, "conflict is for owner: any (%s wins as the owner)",
              out->owner.system->name);
    out->create_only = read_bool(r, y, "create_only", false);
    read_values(sr, y, out);
    read_not_yet(r, y, "enforce");
    if (ref != NULL)
        FAULT(r, ref,
              "ref: references come later, they are not supported in this version (leave "
              "the field out)");
}

static void
read_fields(struct sync_reader *sr)
{
    struct reader *r = &sr->cr->r;
    struct conf_sync *s = sr->s;
    const struct yaml *y = read_map(r, sr->y, "fields");

    read_need(r, sr->y, "fields");
    if (y == NULL)
        return;
    if (y->n == 0)
        FAULT(r, y, "fields is empty");
    s->fields = arena_alloc(r->arena, (y->n + 1) * sizeof *s->fields);
    for (size_t i = 0; i < y->n; i++) {
        struct sync_field one = {0};

        read_field(sr, y->items[i], &one);
        one.field = need_model_field(sr, y->keys[i]);
        if (one.field == NULL)
            continue;
        if (yaml_get(y->items[i], "ref") != NULL)
            continue; /* said already */
        if (one.field->type == FIELD_REF)
            FAULT(r, y->keys[i],
                  "%s is a reference, which is not supported in this version "
                  "(leave the field out)",
                  one.field->name);
        else if (sr->sound)
            check_field(sr, y->keys[i], &one);
        s->fields[s->n_fields++] = one;
    }
}

static void
read_not_yet_keys(struct reader *r, const struct yaml *y)
{
    static const char *const keys[] = {"enforce", "propagate", "recreate",
                                       "owner",   "owned_by",  NULL};

    for (int i = 0; keys[i] != NULL; i++)
        read_not_yet(r, y, keys[i]);
}

static void
read_sync(struct conf_reader *cr, const struct yaml *key, const struct yaml *y, struct conf_sync *s)
{
    static const char *const keys[] = {"between",  "match", "first_contact", "create",  "deletes",
                                       "conflict", "skew",  "fields",        "enforce", "propagate",
                                       "recreate", "owner", "owned_by",      NULL};
    struct sync_reader sr = {.cr = cr, .s = s, .y = y};

    s->resource = arena_text(cr->r.arena, key->text);
    yaml_check_keys(y, keys, cr->r.file, cr->r.f);
    if (!is_resource_name(key->text))
        FAULT(&cr->r, key, "a resource is called such as crm/contacts");
    if (y->kind != YAML_MAP)
        return;
    read_between(&sr);
    read_match(&sr);
    read_create(&sr);
    read_policies(&sr);
    read_deletes(&cr->r, y);
    read_fields(&sr);
    read_not_yet_keys(&cr->r, y);
    s->map_hash = sync_map_hash(&cr->r, s);
}

void
conf_read_syncs(struct conf_reader *cr, const struct yaml *syncs)
{
    if (syncs == NULL)
        return;
    if (syncs->n == 0)
        FAULT(&cr->r, syncs, "sync is empty");
    cr->c->syncs = arena_alloc(cr->r.arena, (syncs->n + 1) * sizeof *cr->c->syncs);
    cr->c->n_syncs = syncs->n;
    for (size_t i = 0; i < syncs->n; i++)
        read_sync(cr, syncs->keys[i], syncs->items[i], &cr->c->syncs[i]);
}
