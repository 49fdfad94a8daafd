#include <config.h>

#include "ctl/internal.h"
#include "ctl/table.h"
#include "base/log.h"
#include "sync/propose.h"

#include <string.h>

/* The pairs of one field at one system, which store_oddities hands out one after the other. */
struct oddities {
    const struct store_oddity *list;
    size_t n;
    const struct field_map *map; /* NULL: it is not mapped any more */
    const char *file;            /* of the definition */
    const char *stores;          /* "[lower, trim]"; NULL: no rule explains them */
    bool explained;              /* by what the definition says already */
    const char *others;          /* "a, c": systems of the same definition file; NULL: none */
};

static size_t
same_field(const struct store_oddity *list, size_t n)
{
    size_t k = 1;

    while (k < n && strcmp(list[k].field, list->field) == 0 &&
           strcmp(list[k].system, list->system) == 0 &&
           strcmp(list[k].resource, list->resource) == 0)
        k++;
    return k;
}

/* What stands in a definition holds for all systems that use it, also for those that store all. */
static const char *
sharers(struct ctl *c, const struct conf_system *system)
{
    CLEANUP_BUF struct buf names = BUF_INIT;

    for (size_t i = 0; i < c->conf->n_systems; i++) {
        const struct conf_system *s = &c->conf->systems[i];

        if (s != system && strcmp(s->definition->file, system->definition->file) == 0)
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", s->name);
    }
    return names.len > 0 ? arena_text(c->arena, buf_get(&names)) : NULL;
}

static void
find_map(struct ctl *c, struct oddities *o)
{
    const struct conf_system *system = conf_system(c->conf, o->list->system);
    const struct resource_def *def =
        system == NULL ? NULL : definition_resource(system->definition, o->list->resource);

    o->others = system == NULL ? NULL : sharers(c, system);
    o->map = def == NULL ? NULL : resource_field(def, o->list->field);
    o->file = system == NULL ? NULL : system->definition->file;
}

static void
propose(struct ctl *c, struct oddities *o)
{
    struct propose_pair *pairs = arena_alloc(c->arena, o->n * sizeof *pairs);
    CLEANUP_BUF struct buf text = BUF_INIT;
    struct stores *rules;
    int n;

    if (o->map == NULL)
        return;
    rules = arena_alloc(c->arena, (o->map->n_stores + PROPOSE_MORE) * sizeof *rules);
    for (size_t k = 0; k < o->n; k++)
        pairs[k] = (struct propose_pair){o->list[k].sent, o->list[k].stored};
    n = propose_rules(c->arena, o->map->field, o->map->stores, o->map->n_stores, pairs, o->n,
                      rules);
    if (n < 0)
        return;
    propose_write(&text, rules, (size_t)n);
    o->stores = arena_text(c->arena, buf_get(&text));
    o->explained = (size_t)n == o->map->n_stores;
}

static void
add_rows(struct ctl *c, struct table *t, const struct oddities *o)
{
    for (size_t k = 0; k < o->n; k++) {
        const struct store_oddity *x = &o->list[k];

        table_text(t, x->resource);
        table_text(t, x->system);
        table_text(t, x->field);
        table_text(t, val_write_text(c->arena, x->sent));
        table_text(t, val_write_text(c->arena, x->stored));
        table_number(t, x->n);
        table_time(t, x->last_at);
        if (!c->o->common->json)
            continue;
        table_text(t, o->stores);
        table_text(t, o->file);
        table_text(t, o->others);
        table_text(t, o->map == NULL ? NULL : o->map->path);
    }
}

/* Under a definition that others use the rule would make edits there equal to what is cut. */
static int
say_own_definition(const struct oddities *o, struct err *err)
{
    const struct store_oddity *x = o->list;

    if (ctl_say(err,
                "    not in %s as it is: %s %s it, too, and edits there that this rule makes "
                "equal would not be seen",
                o->file, o->others, strchr(o->others, ',') != NULL ? "use" : "uses") != 0 ||
        ctl_say(err,
                "    give %s a definition of its own: cp %s ./%s.yaml, then systems: %s: "
                "provider: ./%s.yaml in the config",
                x->system, o->file, x->system, x->system, x->system) != 0)
        return -1;
    return ctl_say(err, "    %s: {path: %s, stores: %s} under resources: %s: fields: in ./%s.yaml",
                   x->field, o->map->path, o->stores, x->resource, x->system);
}

static int
say_line(const struct oddities *o, struct err *err)
{
    const struct store_oddity *x = o->list;

    if (o->map == NULL)
        return ctl_say(err, "%s %s %s: not synced any more; --forget forgets these", x->resource,
                       x->system, x->field);
    if (o->explained)
        return ctl_say(err, "%s %s %s: explained by stores: %s; --forget forgets these",
                       x->resource, x->system, x->field, o->stores);
    if (o->stores == NULL)
        return ctl_say(err,
                       "%s %s %s: no rule explains this: if these are words, a value table; if the "
                       "system makes the value itself, read_only: true in %s (field %s); else ask "
                       "who runs it",
                       x->resource, x->system, x->field, o->file, o->map->path);
    if (ctl_say(err, "%s %s %s: stores: %s", x->resource, x->system, x->field, o->stores) != 0)
        return -1;
    if (o->others != NULL)
        return say_own_definition(o, err);
    return ctl_say(err, "    %s: {path: %s, stores: %s} under resources: %s: fields: in %s",
                   x->field, o->map->path, o->stores, x->resource, o->file);
}

static int
forget(struct ctl *c, int argc, char **argv, struct err *err)
{
    int n;

    if (argc < 2 || argc > 3)
        return ctl_bad_usage(err, "normalizers --forget takes RESOURCE SYSTEM [FIELD]");
    if (c->o->common->dry_run)
        return ctl_say(err, "would forget what %s stored otherwise", argv[1]);
    c->store = store_open(c->conf->state, STORE_WRITE, err);
    if (c->store == NULL)
        return -1;
    n = store_oddities_forget(c->store, argv[0], argv[1], argc > 2 ? argv[2] : NULL, err);
    if (n < 0)
        return -1;
    if (n == 0 && ctl_check_names(c, argv[1], argv[0], err) != 0)
        return EXIT_USAGE;
    return ctl_say(err, "forgot %d pairs", n);
}

int
ctl_normalizers(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new(
        c->o->common->json
            ? "resource,system,field,sent,stored,times#,last,stores,definition,shared_with,path"
            : "resource,system,field,sent,stored,times#,last");
    struct store_oddity *list;
    struct oddities *groups;
    size_t n_groups = 0;
    int n;

    if (c->o->forget)
        return forget(c, argc, argv, err);
    if (argc > 0)
        return ctl_bad_usage(err, "normalizers takes no operand: %s", argv[0]);
    c->store = store_open(c->conf->state, STORE_READ, err);
    n = c->store == NULL ? -1 : store_oddities(c->store, c->arena, &list, err);
    if (n < 0)
        return -1;
    if (n == 0)
        log_info("all systems stored what they were sent, as their definitions say");
    groups = arena_alloc(c->arena, ((size_t)n + 1) * sizeof *groups);
    for (size_t k = 0; k < (size_t)n; k += groups[n_groups++].n) {
        struct oddities *o = &groups[n_groups];

        o->list = &list[k];
        o->n = same_field(o->list, (size_t)n - k);
        find_map(c, o);
        propose(c, o);
        add_rows(c, t, o);
    }
    if (n > 0 && table_print(t, c->o->common->json, err) != 0)
        return -1;
    for (size_t k = 0; k < n_groups && !c->o->common->json; k++)
        if ((k == 0 && ctl_say(err, "%s", "") != 0) || say_line(&groups[k], err) != 0)
            return -1;
    return EXIT_OK;
}
