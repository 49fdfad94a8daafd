#include <config.h>

#include <string.h>

#include "config/internal.h"

enum {
    DEFAULT_SKEW_MS = 5000,
    DEFAULT_SETTLE_MS = 60000,
    DEFAULT_DELETES = 50,
    DEFAULT_DELETES_PERCENT = 10
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

const struct conf_system *
sync_need_system(struct sync_reader *sr, const struct yaml *at)
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
        const struct conf_system *system = sync_need_system(sr, y->keys[i]);
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
    p.system = sync_need_system(sr, y);
    return p.system != NULL ? p : otherwise;
}

struct policy
sync_read_conflict(struct sync_reader *sr, const struct yaml *map, struct policy otherwise)
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
    s->conflict = sync_read_conflict(sr, sr->y, (struct policy){POLICY_LAST_WRITE_WINS, NULL});
    s->skew_ms = read_span(&sr->cr->r, sr->y, "skew", DEFAULT_SKEW_MS);
}

const struct model_field *
sync_need_field(struct sync_reader *sr, const struct yaml *at)
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
        const struct model_field *field = sync_need_field(sr, at);

        if (field != NULL && field->type == FIELD_REF)
            FAULT(r, at, "match: %s is a reference, which is another id in each system", at->text);
        if (field == NULL || field->type == FIELD_REF || !sr->sound)
            continue;
        for (size_t j = 0; j < s->n_between; j++) {
            if (resource_field(s->defs[j], at->text) == NULL)
                FAULT(r, at, "match: %s is not mapped in %s (a key must be known on all sides)",
                      at->text, s->between[j]->name);
        }
    }
}

/* What is deleted must be deletable everywhere, or systems would differ for ever. */
static void
check_deletes(struct sync_reader *sr, const struct yaml *at)
{
    const struct conf_sync *s = sr->s;

    for (size_t i = 0; i < s->n_between; i++)
        if (s->defs[i] != NULL && !s->defs[i]->delete.present)
            FAULT(&sr->cr->r, at,
                  "deletes: propagate, but %s cannot delete %s (its definition has no delete)",
                  s->between[i]->name, s->resource);
}

static void
read_deletes(struct sync_reader *sr)
{
    static const char *const keys[] = {"policy", "settle", "max", "max_percent", NULL};
    static const char *const policies[] = {"ignore", "propagate", NULL};
    struct reader *r = &sr->cr->r;
    const struct yaml *y = read_map(r, sr->y, "deletes");
    struct conf_deletes *out = &sr->s->deletes;

    yaml_check_keys(y, keys, r->file, r->f);
    out->propagate = read_word(r, y, "policy", policies, 0) == 1;
    out->settle_ms = read_span(r, y, "settle", DEFAULT_SETTLE_MS);
    out->max = read_count(r, y, "max", DEFAULT_DELETES, 0, 1000000000);
    out->max_percent = (int)read_count(r, y, "max_percent", DEFAULT_DELETES_PERCENT, 0, 100);
    if (out->propagate)
        check_deletes(sr, yaml_get(y, "policy"));
}

static void
read_recreate(struct sync_reader *sr)
{
    struct conf_sync *s = sr->s;
    bool some = false;

    s->recreate = read_bool(&sr->cr->r, sr->y, "recreate", false);
    for (size_t i = 0; i < s->n_between; i++)
        some |= s->create[i];
    if (s->recreate && !some && sr->sound)
        FAULT(&sr->cr->r, yaml_get(sr->y, "recreate"),
              "recreate makes records anew, but create allows that nowhere");
}

/* Whose changes go on to others, beyond those of people and programs. */
static void
read_propagate(struct sync_reader *sr)
{
    struct reader *r = &sr->cr->r;
    const struct yaml *y = read_list(r, sr->y, "propagate");

    for (size_t i = 0; y != NULL && i < y->n; i++) {
        if (strcmp(y->items[i]->text, "sync_engine") == 0)
            sr->s->propagate_engines = true;
        else
            FAULT(r, y->items[i],
                  "propagate: only sync_engine stands here (all else goes on anyway)");
    }
}

static void
read_sync(struct conf_reader *cr, const struct yaml *key, const struct yaml *y, struct conf_sync *s)
{
    static const char *const keys[] = {
        "between", "match",   "first_contact", "create",   "deletes", "conflict", "skew",
        "fields",  "enforce", "propagate",     "recreate", "owner",   NULL};
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
    read_deletes(&sr);
    read_recreate(&sr);
    read_propagate(&sr);
    sync_read_fields(&sr);
    s->map_hash = sync_map_hash(&cr->r, s);
    s->mapping = sync_mapping(&cr->r, s);
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
    conf_check_refs(cr, syncs);
}

const struct conf_sync *
conf_need_sync(struct conf_reader *cr, const struct yaml *at)
{
    const struct conf *c = cr->c;
    const struct conf_sync *s = conf_sync(c, at->text);
    const char **names;

    if (s != NULL)
        return s;
    names = arena_alloc(cr->r.arena, (c->n_syncs + 1) * sizeof *names);
    for (size_t i = 0; i < c->n_syncs; i++)
        names[i] = c->syncs[i].resource;
    FAULT(&cr->r, at, "there is no entry for '%s' under sync%s", at->text,
          read_hint(&cr->r, at->text, names));
    return NULL;
}
