#include <config.h>

#include "ctl/internal.h"
#include "ctl/table.h"
#include "base/log.h"
#include "sync/prove.h"

#include <string.h>
#include <unistd.h>

enum { PAGE = 500, MOST_LINKS = 2000 };

struct sums {
    size_t fields, cycles, values, failed, warnings, links, refs;
};

static struct prove_link
shown_by(struct ctl *c, const struct conf_sync *sync, const struct store_link *link)
{
    struct prove_link out = {0};

    out.shadows = arena_alloc(c->arena, sync->n_between * sizeof *out.shadows);
    out.diverged = arena_alloc(c->arena, sync->n_between * sizeof *out.diverged);
    for (size_t k = 0; k < link->n_ends; k++) {
        int i = sync_index(sync, link->ends[k].system);

        if (i < 0 || link->ends[k].deleted)
            continue;
        out.shadows[i] = link->ends[k].shadow;
        out.diverged[i] = link->ends[k].diverged;
    }
    out.left = arena_alloc(c->arena, (link->n_owed + link->n_closed + 1) * sizeof *out.left);
    for (size_t k = 0; k < link->n_owed; k++)
        out.left[out.n_left++] = link->owed[k].field;
    for (size_t k = 0; k < link->n_closed; k++)
        out.left[out.n_left++] = link->closed_fields[k];
    return out;
}

/* What the systems show of the resource, as far as the state knows; the first MOST_LINKS. */
static int
load_links(struct ctl *c, const struct conf_sync *sync, struct prove_link **links, struct err *err)
{
    int64_t after = 0, *ids;
    int n, loaded = 0;

    *links = arena_alloc(c->arena, MOST_LINKS * sizeof **links);
    while (loaded < MOST_LINKS) {
        n = store_links(c->store, c->arena, sync->resource, NULL, false, after, PAGE, &ids, err);
        if (n <= 0)
            return n < 0 ? -1 : loaded;
        for (int k = 0; k < n && loaded < MOST_LINKS; k++) {
            struct store_link link;

            struct err e = ERR_INIT;
            int rc = store_load_link(c->store, c->arena, ids[k], &link, &e);

            if (rc < 0 && !store_is_broken(&e)) {
                *err = e;
                return -1;
            }
            if (rc < 0)
                log_warn("left out: %s; %s", e.text, e.hint);
            else if (link.open_intents == 0)
                (*links)[loaded++] = shown_by(c, sync, &link);
        }
        after = ids[n - 1];
    }
    return loaded;
}

static const char *
kind_name(enum prove_kind kind)
{
    switch (kind) {
    case PROVE_CYCLE:
        return "cycle";
    case PROVE_APART:
        return "apart";
    case PROVE_UNMAPPED:
        return "unmapped";
    case PROVE_LOSSY:
        return "lossy";
    default:
        return "cut";
    }
}

static void
add_value(struct ctl *c, struct table *t, const struct val *value)
{
    const char *json = value == NULL ? NULL : val_write_text(c->arena, value);

    table_value(t, json, json);
}

static int
report(struct ctl *c, const char *resource, const struct prove *p, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("result,kind,resource,field,path,value,becomes,text");

    for (size_t k = 0; k < p->n; k++) {
        const struct prove_finding *f = &p->findings[k];
        bool fails = k < p->n_failed;

        table_text(t, fails ? "fails" : "warning");
        table_text(t, kind_name(f->kind));
        table_text(t, resource);
        table_text(t, f->field);
        table_text(t, f->path);
        add_value(c, t, f->value);
        add_value(c, t, f->becomes);
        table_text(t, f->text);
        if (!c->o->common->json &&
            ctl_say(err, "%s%s %s: %s", fails ? "" : "warning: ", resource, f->field, f->text) != 0)
            return -1;
    }
    return c->o->common->json && p->n > 0 ? table_print(t, true, err) : 0;
}

static int
prove_one(struct ctl *c, const struct conf_sync *sync, struct sums *sums, struct err *err)
{
    struct prove_link *links = NULL;
    struct prove p;
    int n = c->store == NULL ? 0 : load_links(c, sync, &links, err);

    if (n < 0)
        return -1;
    prove_sync(c->arena, sync, links, (size_t)n, &p);
    sums->fields += p.n_fields;
    sums->cycles += p.n_cycles;
    sums->values += p.n_values;
    sums->failed += p.n_failed;
    sums->warnings += p.n - p.n_failed;
    sums->links += (size_t)n;
    sums->refs += p.n_refs;
    return report(c, sync->resource, &p, err);
}

static int
summary(struct ctl *c, const struct sums *s, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new(
        "result,resources#,fields#,references left out#,cycles#,values#,links#,failed#,warnings#");
    const size_t numbers[] = {c->conf->n_syncs, s->fields, s->refs,   s->cycles,
                              s->values,        s->links,  s->failed, s->warnings};

    table_text(t, s->failed > 0 ? "does not settle" : "settles");
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
        table_number(t, (int64_t)numbers[k]);
    if (c->o->common->json)
        return table_print(t, true, err);
    return ctl_say(err,
                   "%zu fields of %zu resources, %zu ways around, %zu values, %zu links of the "
                   "state: %zu do not settle, %zu warnings",
                   s->fields, c->conf->n_syncs, s->cycles, s->values, s->links, s->failed,
                   s->warnings);
}

int
ctl_prove(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct sums sums = {0};

    if (argc > 1)
        return ctl_bad_usage(err, "prove takes one config: %s", argv[1]);
    if (ctl_load_conf(c, argc > 0 ? argv[0] : c->o->common->config, true, err) != 0)
        return -1;
    if (access(c->conf->state, F_OK) == 0) {
        c->store = store_open(c->conf->state, STORE_READ, err);
        if (c->store == NULL)
            return -1;
    } else {
        log_info("there is no state yet (%s): only made-up values are tried", c->conf->state);
    }
    for (size_t k = 0; k < c->conf->n_syncs; k++)
        if (prove_one(c, &c->conf->syncs[k], &sums, err) != 0)
            return -1;
    if (summary(c, &sums, err) != 0)
        return -1;
    return sums.failed > 0 ? EXIT_NO : EXIT_OK;
}
