#include <config.h>

#include "ctl/conflict.h"
#include "ctl/show.h"

#include <inttypes.h>
#include <string.h>

/* Systems that are to get what they do not show yet: "a, b". */
static const char *
receivers(struct ctl *c, const struct conflict *x, const struct store_resolution *r)
{
    CLEANUP_BUF struct buf names = BUF_INIT;

    for (size_t i = 0; i < x->row.ends->n; i++) {
        const struct val_member *m = &x->row.ends->u.members[i];
        const struct val *gets =
            val_get(r->take != NULL ? x->row.ends : r->values, r->take != NULL ? r->take : m->name);

        if (gets != NULL && !val_equal(gets, m->value))
            buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", m->name);
    }
    return arena_text(c->arena, buf_get(&names));
}

static int
not_open(struct ctl *c, const struct conflict *x, struct err *err)
{
    ctl_no(err, "not-open", "conflict %" PRId64 " is resolved already: %s", x->row.conflict_id,
           x->row.resolution != NULL ? x->row.resolution : "?");
    err_hint(err, "sync-ctl why %s %s %s says what became of it", x->row.resource,
             x->link.n_ends > 0 ? arena_printf(c->arena, "%s:%s", x->link.ends[0].system,
                                               x->link.ends[0].record_id)
                                : "SYSTEM:ID",
             x->row.field);
    return EXIT_NO;
}

/* WHAT: the value it becomes, in words. */
static int
resolve(struct ctl *c, const struct conflict *x, const struct store_resolution *r, const char *what,
        struct err *err)
{
    const char *to = receivers(c, x, r);
    bool dry = c->o->common->dry_run;
    int rc = dry ? 1 : store_conflict_resolve(c->store, r, c->now, err);

    if (rc < 0)
        return -1;
    if (rc == 0)
        return not_open(c, x, err);
    if (to[0] == '\0')
        return ctl_say(err, "%sconflict %" PRId64 ": %s is %s everywhere already",
                       dry ? "would resolve " : "resolved ", x->row.conflict_id, x->row.field,
                       what);
    return ctl_say(err, "%sconflict %" PRId64 ": %s becomes %s, to be written to %s; " CTL_NEXT,
                   dry ? "would resolve " : "resolved ", x->row.conflict_id, x->row.field, what,
                   to);
}

static int
take(struct ctl *c, const struct conflict *x, struct store_resolution *r, const char *system,
     struct err *err)
{
    const struct val *value = val_get(x->row.ends, system);
    CLEANUP_BUF struct buf names = BUF_INIT;

    if (value != NULL) {
        r->take = system;
        return resolve(c, x, r, show_value(c->arena, value), err);
    }
    for (size_t i = 0; i < x->row.ends->n; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", x->row.ends->u.members[i].name);
    ctl_bad_usage(err, "%s shows no value in conflict %" PRId64, system, x->row.conflict_id);
    err_hint(err, "systems that do: %s", buf_get(&names));
    return EXIT_USAGE;
}

/* Those of the conflict that have a live record. */
static const struct val *
live_systems(struct ctl *c, const struct conflict *x)
{
    struct val *live = val_object(c->arena);

    for (size_t i = 0; i < x->row.ends->n; i++) {
        const struct val_member *m = &x->row.ends->u.members[i];
        const struct store_end *end = ctl_end_of(&x->link, m->name);

        if (end != NULL && !end->deleted)
            val_set(c->arena, live, m->name, m->value);
    }
    return live;
}

static int
give(struct ctl *c, const struct conflict *x, struct store_resolution *r, const char *text,
     struct err *err)
{
    const struct val *value;
    struct val *words;
    int rc = ctl_value(c, x->field, text, &value, err);

    if (rc == 0)
        rc = ctl_words(c, x->sync, x->field, value, live_systems(c, x), &words, err);
    if (rc != 0)
        return rc;
    r->values = words;
    return resolve(c, x, r, show_value(c->arena, value), err);
}

/* What a person sees in the editor. */
static const char *
edit_text(struct ctl *c, const struct conflict *x)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    buf_printf(&text, "\n# conflict %" PRId64 ": %s of %s %s\n", x->row.conflict_id, x->row.field,
               x->row.resource, ctl_link_text(c, &x->link));
    for (size_t i = 0; i < x->row.ends->n; i++) {
        const struct val_member *m = &x->row.ends->u.members[i];

        buf_printf(&text, "# %s shows %s\n", m->name,
                   val_write_text(c->arena, ctl_unified(c, x->field, m->name, m->value)));
    }
    if (x->row.base != NULL)
        buf_printf(&text, "# last agreed on: %s\n", val_write_text(c->arena, x->row.base));
    buf_text(&text,
             "# The first line that is not empty and has no # at its start is the value, as\n"
             "# JSON or as plain text. Without one nothing is changed.\n");
    return arena_text(c->arena, buf_get(&text));
}

/* Somebody may have changed a value while the editor was open: then the person looks again. */
static int
edit(struct ctl *c, const struct conflict *x, struct store_resolution *r, const char *number,
     struct err *err)
{
    struct conflict now;
    const char *text;
    int rc = ctl_edit(c->arena, edit_text(c, x), &text, err);

    if (rc == 0 && text == NULL)
        return ctl_say(err, "nothing was changed: no value was given");
    if (rc == 0)
        rc = conflict_load(c, number, &now, err);
    if (rc != 0)
        return rc;
    if (!conflict_may_end(&now))
        return not_open(c, &now, err);
    if (val_equal(now.row.ends, x->row.ends))
        return give(c, &now, r, text, err);
    ctl_no(err, "moved", "a value of conflict %s was changed while it was edited", number);
    err_hint(err, "sync-ctl conflicts show %s", number);
    return EXIT_NO;
}

/* Closed before its links are right, a merge would be forgotten. 0, 1 they are not, -1. */
static int
check_merge(struct ctl *c, const struct conflict *x, struct err *err)
{
    struct merge m;
    int rc = conflict_merge(c, x, &m, err);

    if (rc <= 0 || m.still == NULL)
        return rc < 0 ? -1 : 0;
    ctl_no(err, "links-wrong",
           "conflict %" PRId64 ": %s:%s was merged into %s:%s, and is still in link %" PRId64
           " (%s)",
           x->row.conflict_id, m.system, m.vanished, m.system, m.left, x->link.link_id,
           ctl_link_text(c, &x->link));
    err_hint(err, "%s, or as sync-ctl conflicts show %" PRId64 " says", merge_unlink(c, x, &m),
             x->row.conflict_id);
    return EXIT_NO;
}

/* One that is not of a field, or that nobody can read, is closed, and no more. */
static int
done(struct ctl *c, const struct conflict *x, struct store_resolution *r, struct err *err)
{
    bool dry = c->o->common->dry_run;
    int rc;

    if (x->field != NULL && !x->row.broken) {
        ctl_bad_usage(err, "conflict %" PRId64 " is of the field %s: which value?",
                      x->row.conflict_id, x->row.field);
        err_hint(err, "take SYSTEM, value VALUE, or edit");
        return EXIT_USAGE;
    }
    rc = check_merge(c, x, err);
    if (rc != 0)
        return rc;
    rc = dry ? 1 : store_conflict_resolve(c->store, r, c->now, err);
    if (rc <= 0)
        return rc < 0 ? -1 : not_open(c, x, err);
    return ctl_say(err, "%sconflict %" PRId64 "; %s", dry ? "would close " : "closed ",
                   x->row.conflict_id,
                   x->row.broken ? "what differs is found anew" : "nothing is written for it");
}

static int
by_value(struct ctl *c, const struct conflict *x, struct store_resolution *r, int argc, char **argv,
         struct err *err)
{
    if (x->row.broken) {
        ctl_bad_usage(err, "the values of conflict %" PRId64 " cannot be read", x->row.conflict_id);
        err_hint(err, "sync-ctl conflicts resolve %" PRId64 " done closes it: it is found anew",
                 x->row.conflict_id);
        return EXIT_USAGE;
    }
    if (x->field == NULL || x->row.ends == NULL) {
        ctl_bad_usage(err, "conflict %" PRId64 " is not of a field that is synced",
                      x->row.conflict_id);
        err_hint(err, "put the links right, then: sync-ctl conflicts resolve %" PRId64 " done",
                 x->row.conflict_id);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "take") == 0 && argc == 3)
        return take(c, x, r, argv[2], err);
    if (strcmp(argv[1], "value") == 0 && argc == 3)
        return give(c, x, r, argv[2], err);
    if (strcmp(argv[1], "edit") == 0 && argc == 2)
        return edit(c, x, r, argv[0], err);
    return ctl_bad_usage(err, "a conflict is resolved by: take SYSTEM, value VALUE, edit, done");
}

int
ctl_conflicts_resolve(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_resolution r = {.by = ctl_operator()};
    struct conflict x;
    int rc;

    if (argc < 2)
        return ctl_bad_usage(err,
                             "conflicts resolve N wants: take SYSTEM, value VALUE, edit, done");
    rc = conflict_load(c, argv[0], &x, err);
    if (rc != 0)
        return rc;
    if (!conflict_may_end(&x))
        return not_open(c, &x, err);
    r.conflict_id = x.row.conflict_id;
    if (strcmp(argv[1], "done") == 0 && argc == 2)
        return done(c, &x, &r, err);
    return by_value(c, &x, &r, argc, argv, err);
}
