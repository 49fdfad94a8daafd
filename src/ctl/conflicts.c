#include <config.h>

#include "ctl/conflict.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>

int
conflict_load(struct ctl *c, const char *number, struct conflict *out, struct err *err)
{
    int64_t n;
    int r = ctl_number("a conflict", number, &n, err);

    *out = (struct conflict){0};
    if (r != 0)
        return r;
    r = store_conflict(c->store, c->arena, n, &out->row, err);
    if (r == 0) {
        ctl_no(err, "no-conflict", "there is no conflict %" PRId64, n);
        err_hint(err, "sync-ctl conflicts list");
        return EXIT_NO;
    }
    if (r < 0 || ctl_load_link(c, c->arena, out->row.link_id, &out->link, err) < 0)
        return -1;
    out->sync = conf_sync(c->conf, out->row.resource);
    out->field = out->sync != NULL ? sync_field(out->sync, out->row.field) : NULL;
    return 0;
}

bool
conflict_is_open(const struct conflict *x)
{
    return strcmp(x->row.state, "open") == 0;
}

bool
conflict_may_end(const struct conflict *x)
{
    return conflict_is_open(x) || store_conflict_mends(&x->row, &x->link);
}

static void
warn_broken(const struct store_conflict *row)
{
    log_warn("conflict %" PRId64 ": its values cannot be read; sync-ctl conflicts resolve %" PRId64
             " done closes it, and it is found anew",
             row->conflict_id, row->conflict_id);
}

/* What the ends show, one after the other: a "1", b "2". */
static const char *
values_text(struct ctl *c, const struct store_conflict *row)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    for (size_t i = 0; row->ends != NULL && i < row->ends->n; i++) {
        const struct val_member *m = &row->ends->u.members[i];

        buf_printf(&text, "%s%s: %s", i > 0 ? ", " : "", m->name, show_value(c->arena, m->value));
    }
    return arena_text(c->arena, buf_get(&text));
}

static int
add_row(struct ctl *c, struct table *t, const struct store_conflict *row, struct err *err)
{
    struct store_link link;

    if (ctl_load_link(c, c->arena, row->link_id, &link, err) < 0)
        return -1;
    if (row->broken)
        warn_broken(row);
    table_number(t, row->conflict_id);
    table_time(t, row->at);
    table_text(t, row->resource);
    table_text(t, ctl_link_text(c, &link));
    table_text(t, row->field);
    table_value(t, values_text(c, row),
                row->ends != NULL ? val_write_text(c->arena, row->ends) : NULL);
    table_text(t, row->resolution != NULL ? row->resolution : row->state);
    return 0;
}

int
ctl_conflicts_list(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("conflict#,at,resource,records,field,values,state");
    const char *resource = argc > 0 ? argv[0] : NULL;
    struct store_conflict *rows;
    int64_t total;
    int i, n;

    if (argc > 1)
        return ctl_bad_usage(err, "too many operands: %s", argv[1]);
    if (ctl_check_names(c, NULL, resource, err) != 0)
        return EXIT_USAGE;
    n = store_conflicts(c->store, c->arena, resource, c->o->all,
                        (size_t)(c->o->last > 0 ? c->o->last : CTL_LISTED), &rows, err);
    if (n < 0 || store_conflicts_count(c->store, resource, c->o->all, &total, err) != 0)
        return -1;
    for (i = 0; i < n; i++)
        if (add_row(c, t, &rows[i], err) != 0)
            return -1;
    if (n == 0)
        log_info("there is no %sconflict", c->o->all ? "" : "open ");
    else if (!c->o->all)
        log_info("sync-ctl conflicts show N says more, and how to resolve it");
    ctl_say_rest(n, total);
    return table_print(t, c->o->common->json, err);
}

/* Why the programs leave it to a person. */
static const char *
rule_text(struct ctl *c, const struct conflict *x)
{
    if (x->row.field != NULL && strcmp(x->row.field, "record_id") == 0)
        return "merge: records that were merged there are linked with different ones";
    if (x->field == NULL)
        return "the field is not synced any more";
    if (x->field->conflict.kind == POLICY_MANUAL)
        return "conflict: manual; several changed it, and the config leaves it to a person";
    if (x->field->conflict.kind == POLICY_LAST_WRITE_WINS)
        return "conflict: last-write-wins; nobody can tell which came last";
    return arena_printf(c->arena, "conflict: %s did not change it, others did",
                        x->field->conflict.system != NULL ? x->field->conflict.system->name
                                                          : "the winner");
}

static struct val *
ends_json(struct ctl *c, const struct conflict *x)
{
    struct val *list = val_array(c->arena);

    for (size_t i = 0; i < x->link.n_ends; i++) {
        const struct store_end *e = &x->link.ends[i];
        struct val *end = val_object(c->arena);

        show_set(c->arena, end, "system", e->system);
        show_set(c->arena, end, "record_id", e->record_id);
        val_set(c->arena, end, "value", val_copy(c->arena, val_get(x->row.ends, e->system)));
        val_set(c->arena, end, "shadow", val_copy(c->arena, val_get(e->shadow, x->row.field)));
        val_push(c->arena, list, end);
    }
    return list;
}

static int
print_json(struct ctl *c, const struct conflict *x, struct err *err)
{
    struct val *v = val_object(c->arena);

    val_set(c->arena, v, "conflict", val_int(c->arena, x->row.conflict_id));
    show_set(c->arena, v, "at", show_time(c->arena, x->row.at));
    show_set(c->arena, v, "resource", x->row.resource);
    show_set(c->arena, v, "field", x->row.field);
    show_set(c->arena, v, "rule", rule_text(c, x));
    val_set(c->arena, v, "base",
            x->row.base != NULL ? val_copy(c->arena, x->row.base) : val_null(c->arena));
    val_set(c->arena, v, "ends", ends_json(c, x));
    show_set(c->arena, v, "state", x->row.state);
    show_set(c->arena, v, "resolution", x->row.resolution);
    show_set(c->arena, v, "resolved_by", x->row.resolved_by);
    show_set(c->arena, v, "resolved_at", show_time(c->arena, x->row.resolved_at));
    return ctl_print(err, v);
}

static int
print_ends(struct ctl *c, const struct conflict *x, struct err *err)
{
    CLEANUP_TABLE struct table *t = table_new("system,record,shows,last agreed on");

    for (size_t i = 0; i < x->link.n_ends; i++) {
        const struct store_end *e = &x->link.ends[i];

        table_text(t, e->system);
        table_text(t, e->record_id);
        table_text(t, show_value(c->arena, val_get(x->row.ends, e->system)));
        table_text(t, show_value(c->arena, val_get(e->shadow, x->row.field)));
    }
    return table_print(t, false, err);
}

int
conflict_merge(struct ctl *c, const struct conflict *x, struct merge *m, struct err *err)
{
    const struct val *ends = x->row.ends;
    struct ctl_record left;
    int rc;

    *m = (struct merge){.system = NULL};
    if (x->sync == NULL || strcmp(x->row.field, "record_id") != 0 || ends == NULL || ends->n != 1 ||
        val_text(x->row.base) == NULL || val_text(ends->u.members[0].value) == NULL)
        return 0;
    m->system = ends->u.members[0].name;
    m->vanished = val_text(x->row.base);
    m->left = val_text(ends->u.members[0].value);
    for (size_t i = 0; !x->link.ended && i < x->link.n_ends; i++)
        if (strcmp(x->link.ends[i].system, m->system) == 0 &&
            strcmp(x->link.ends[i].record_id, m->vanished) == 0)
            m->still = &x->link.ends[i];
    if (ctl_record(c, x->row.resource, arena_printf(c->arena, "%s:%s", m->system, m->left), &left,
                   err) != 0)
        return 1;
    rc = ctl_link_of(c, &left, &m->other, err);
    if (rc == 1 && m->other.ended)
        m->other = (struct store_link){.link_id = 0};
    return rc < 0 ? -1 : 1;
}

const char *
merge_unlink(struct ctl *c, const struct conflict *x, const struct merge *m)
{
    return arena_printf(c->arena, "sync-ctl links unlink %s %s:%s", x->row.resource, m->system,
                        m->vanished);
}

const char *
merge_join(struct ctl *c, const struct conflict *x, const struct merge *m)
{
    CLEANUP_BUF struct buf text = BUF_INIT;
    size_t n = 0;

    if (m->other.link_id != 0)
        buf_printf(&text, "sync-ctl links unlink %s %s:%s && ", x->row.resource, m->system,
                   m->left);
    buf_printf(&text, "%s && sync-ctl links link %s", merge_unlink(c, x, m), x->row.resource);
    for (size_t i = 0; i < x->link.n_ends; i++) {
        const struct store_end *e = &x->link.ends[i];

        if (e == m->still || e->deleted)
            continue;
        buf_printf(&text, " %s:%s", e->system, e->record_id);
        n++;
    }
    buf_printf(&text, " %s:%s", m->system, m->left);
    return n > 0 ? arena_ntext(c->arena, buf_get(&text), text.len) : NULL;
}

/* What a person may want of a merge; each of them closes the conflict, too. */
static int
print_merge(struct ctl *c, const struct conflict *x, const struct merge *m, struct err *err)
{
    const char *join = merge_join(c, x, m);

    if (m->still == NULL)
        return ctl_say(err, "  sync-ctl conflicts resolve %" PRId64 " done", x->row.conflict_id);
    if (ctl_say(err, "  %s", merge_unlink(c, x, m)) != 0 ||
        ctl_say(err, "    %s:%s stays %s%s", m->system, m->left,
                m->other.link_id != 0 ? "in its link: " : "as it is",
                m->other.link_id != 0 ? ctl_link_text(c, &m->other) : "") != 0)
        return -1;
    if (join == NULL)
        return 0;
    return ctl_say(err, "  %s", join) != 0
               ? -1
               : ctl_say(err, "    %s:%s takes the place of %s:%s in this link", m->system, m->left,
                         m->system, m->vanished);
}

/* The commands that end it, ready to be copied. */
static int
print_commands(struct ctl *c, const struct conflict *x, struct err *err)
{
    struct merge m;
    int rc;

    const char *first =
        x->row.ends != NULL && x->row.ends->n > 0 ? x->row.ends->u.members[0].name : "SYSTEM";
    long long n = x->row.conflict_id;

    if (!conflict_may_end(x))
        return ctl_say(err, "\nresolved: %s by %s",
                       x->row.resolution != NULL ? x->row.resolution : "?",
                       x->row.resolved_by != NULL ? x->row.resolved_by : "?");
    if (ctl_say(err, "\nto resolve it:") != 0)
        return -1;
    if (x->row.broken)
        return ctl_say(err, "  sync-ctl conflicts resolve %lld done     (it is found anew)", n);
    rc = conflict_merge(c, x, &m, err);
    if (rc != 0)
        return rc < 0 ? -1 : print_merge(c, x, &m, err);
    if (x->field == NULL)
        return ctl_say(err, "  put the links right (sync-ctl links show, unlink, link), then") != 0
                   ? -1
                   : ctl_say(err, "  sync-ctl conflicts resolve %lld done", n);
    if (ctl_say(err, "  sync-ctl conflicts resolve %lld take %s     (or another system)", n,
                first) != 0 ||
        ctl_say(err, "  sync-ctl conflicts resolve %lld value VALUE", n) != 0)
        return -1;
    return ctl_say(err, "  sync-ctl conflicts resolve %lld edit", n);
}

int
ctl_conflicts_show(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct conflict x;
    int r;

    if (argc != 1)
        return ctl_bad_usage(err, "conflicts show wants the number of a conflict");
    r = conflict_load(c, argv[0], &x, err);
    if (r != 0)
        return r;
    if (x.row.broken)
        warn_broken(&x.row);
    if (c->o->common->json)
        return print_json(c, &x, err);
    if (ctl_say(err, "conflict %" PRId64 ": %s of %s %s, %s since %s", x.row.conflict_id,
                x.row.field, x.row.resource, ctl_link_text(c, &x.link), x.row.state,
                show_time(c->arena, x.row.at)) != 0 ||
        ctl_say(err, "rule  %s", rule_text(c, &x)) != 0 ||
        ctl_say(err, "base  %s", show_value(c->arena, x.row.base)) != 0 ||
        ctl_say(err, "%s", "") != 0)
        return -1;
    return print_ends(c, &x, err) != 0 ? -1 : print_commands(c, &x, err);
}
