#include <config.h>

#include "sync/delete.h"

#include <string.h>

#include "sync/compare.h"

size_t
decide_count(const struct decide_input *in, enum end_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < in->sync->n_between; i++)
        n += in->ends[i].state == state;
    return n;
}

const struct val *
decide_shown(const struct field_case *cases, struct arena *a, const struct decide_input *in,
             size_t i, bool open)
{
    struct val *fields = val_object(a);

    for (size_t k = 0; k < in->sync->n_fields; k++)
        if (cases[k].ends[i].map != NULL && (open || !cases[k].open))
            val_set(a, fields, cases[k].name, val_copy(a, cases[k].ends[i].now));
    return fields;
}

/* ---- what a live end has that the deleted one had not ---- */

/* Has end I changed, or has it something that others lack yet? */
static bool
is_edited(const struct field_case *cases, const struct decide_input *in, size_t i)
{
    const char *name = in->sync->between[i]->name;

    for (size_t k = 0; k < in->sync->n_fields; k++)
        if (cases[k].ends[i].changed)
            return true;
    for (size_t k = 0; k < in->n_owed; k++)
        if (strcmp(in->owed[k].source, name) == 0 && strcmp(in->owed[k].target, name) != 0)
            return true;
    return false;
}

static bool
any_edited(const struct field_case *cases, const struct decide_input *in)
{
    for (size_t i = 0; i < in->sync->n_between; i++)
        if (in->ends[i].state == END_LIVE && is_edited(cases, in, i))
            return true;
    return false;
}

/* Without a base nobody knows whether it was edited. */
static bool
has_whole_base(const struct field_case *cases, const struct decide_input *in, size_t i)
{
    for (size_t k = 0; k < in->sync->n_fields; k++)
        if (cases[k].ends[i].map != NULL && cases[k].ends[i].base == NULL)
            return false;
    return true;
}

static bool
can_delete_all(const struct field_case *cases, struct arena *a, const struct decide_input *in,
               struct decision *d)
{
    for (size_t i = 0; i < in->sync->n_between; i++) {
        const char *name = in->sync->between[i]->name;

        if (in->ends[i].state != END_LIVE)
            continue;
        if (!has_whole_base(cases, in, i))
            d->text = arena_printf(a, "not deleted at %s: nobody knows whether it changed", name);
        else if (!in->sync->defs[i]->delete.present)
            d->text = arena_printf(a, "not deleted at %s: it has no delete", name);
        if (d->text != NULL)
            return false;
    }
    return true;
}

static const char *
first_deleted(const struct decide_input *in)
{
    size_t i = 0;

    while (in->ends[i].state != END_DELETED)
        i++;
    return in->sync->between[i]->name;
}

/* ---- the course ---- */

static enum course
stop(struct decision *d, const char *disposition)
{
    d->disposition = disposition;
    return COURSE_STOP;
}

/* Is there an end that was deleted and may be made again? */
static bool
may_remake(const struct decide_input *in)
{
    if (!in->sync->recreate || decide_count(in, END_GONE) > 0 || decide_count(in, END_UNREAD) > 0)
        return false;
    for (size_t i = 0; i < in->sync->n_between; i++)
        if (in->ends[i].state == END_DELETED && in->sync->defs[i]->create.present)
            return true;
    return false;
}

/* A single end is left, and it was edited after the others were deleted. */
static enum course
survive(struct arena *a, const struct decide_input *in, struct decision *d, bool *anew)
{
    bool own = in->ends[in->nominator].state == END_DELETED;

    if (may_remake(in)) {
        *anew = true;
        return COURSE_SETTLE;
    }
    d->ended_why = arena_printf(a, "edited after it was deleted at %s", first_deleted(in));
    d->text = d->ended_why;
    d->disposition = own ? "deleted" : "ignored";
    return COURSE_END;
}

static bool
has_unknown_create(const struct decide_input *in)
{
    for (size_t i = 0; i < in->sync->n_between; i++)
        if (in->ends[i].unknown_create)
            return true;
    return false;
}

/* The link ends, so what is not there any more was deleted with the rest (by us, whose answer was
 * lost, or by somebody): should it come back, it is an undelete. */
static void
bury_gone(struct decision *d)
{
    for (size_t i = 0; i < d->n_ends; i++)
        if (strcmp(d->ends[i].state, "gone") == 0)
            d->ends[i].state = "deleted";
}

/* No end is live. */
static enum course
nobody_left(const struct decide_input *in, struct decision *d)
{
    const struct decide_end *own = &in->ends[in->nominator];
    bool unread = decide_count(in, END_UNREAD) > 0;

    if (in->linked && decide_count(in, END_DELETED) > 0 && !unread && !has_unknown_create(in)) {
        d->ended_why = "deleted everywhere";
        bury_gone(d);
    }
    if (own->state == END_DELETED && unread && in->linked && !own->tombstone)
        return stop(d, NULL);
    if (own->state == END_DELETED)
        return stop(d, own->tombstone && d->ended_why == NULL ? "unchanged" : "deleted");
    return stop(d, own->state == END_GONE ? "gone" : "ignored");
}

/* The nominator was deleted just now, others are live. */
static enum course
after_delete(const struct field_case *cases, struct arena *a, const struct decide_input *in,
             struct decision *d, bool *anew)
{
    if (!in->linked || in->ends[in->nominator].tombstone)
        return stop(d, in->linked ? "unchanged" : "deleted");
    if (decide_count(in, END_UNREAD) > 0)
        return stop(d, NULL);
    if (any_edited(cases, in)) {
        if (decide_count(in, END_LIVE) == 1)
            return decide_count(in, END_GONE) > 0 ? stop(d, "deleted") : survive(a, in, d, anew);
        *anew = may_remake(in);
        return COURSE_SETTLE;
    }
    if (!in->sync->deletes.propagate)
        return stop(d, "deleted");
    if (in->other_engine && !in->sync->propagate_engines)
        return stop(d, "filtered");
    if (!can_delete_all(cases, a, in, d))
        return stop(d, "deleted");
    d->ended_why = "deleted everywhere";
    return COURSE_DELETE;
}

static bool
is_closed_field(const struct decide_input *in, const char *field)
{
    for (size_t k = 0; k < in->n_closed; k++)
        if (strcmp(in->closed[k], field) == 0)
            return true;
    return false;
}

/* Is the nominator to get something that was decided before the others were deleted? */
static bool
awaits(const struct decide_input *in)
{
    const char *name = in->sync->between[in->nominator]->name;

    for (size_t k = 0; k < in->n_owed; k++)
        if (strcmp(in->owed[k].target, name) == 0 && !in->owed[k].refused &&
            !is_closed_field(in, in->owed[k].field))
            return true;
    return false;
}

/* The nominator is live, and it is no undelete. */
static enum course
beside_others(const struct field_case *cases, struct arena *a, const struct decide_input *in,
              struct decision *d, bool *anew)
{
    if (decide_count(in, END_DELETED) == 0)
        return COURSE_SETTLE;
    if (decide_count(in, END_LIVE) > 1) {
        *anew = may_remake(in) && any_edited(cases, in);
        return COURSE_SETTLE;
    }
    if (decide_count(in, END_UNREAD) > 0)
        return stop(d, NULL);
    if (any_edited(cases, in))
        return survive(a, in, d, anew);
    return awaits(in) ? COURSE_SETTLE : stop(d, "ignored");
}

/* An ended link is opened by an undelete, and with recreate by any live record of it. */
static bool
opens(const struct decide_input *in)
{
    const struct decide_end *own = &in->ends[in->nominator];

    return own->state == END_LIVE && (own->tombstone || may_remake(in));
}

enum course
course_of(const struct field_case *cases, struct arena *a, const struct decide_input *in,
          struct decision *d, bool *anew)
{
    const struct decide_end *own = &in->ends[in->nominator];
    size_t live = decide_count(in, END_LIVE);

    if (in->ended && !opens(in))
        return stop(d, "ignored");
    if (live == 0)
        return nobody_left(in, d);
    if (own->state == END_MISSING)
        return stop(d, "ignored");
    if (own->state == END_GONE)
        return stop(d, "gone");
    if (own->state == END_DELETED)
        return after_delete(cases, a, in, d, anew);
    d->reopen = in->ended;
    if (live == 1 && decide_count(in, END_GONE) > 0)
        return stop(d, "gone");
    if (!in->ended && !own->tombstone)
        return beside_others(cases, a, in, d, anew);
    *anew = may_remake(in);
    return COURSE_SETTLE;
}

/* ---- the deletes ---- */

static bool
lists(const struct val *names, const char *name)
{
    for (size_t k = 0; k < names->n; k++)
        if (strcmp(val_text(names->u.items[k]), name) == 0)
            return true;
    return false;
}

/* Does it go without what it was to have? */
static bool
goes_without(const struct field_case *c, size_t i)
{
    const struct decide_owed *o = field_owed(c, i);

    if (!c->ends[i].late)
        return o != NULL;
    return o == NULL || !compare_same(c->a, c->in->sync, c->field, i, c->ends[i].now, o->value);
}

/* What is owed to an end goes with its record. Should that come back, the difference is known, and
 * what a late write of ours left there is what it showed. */
static void
remember(const struct field_case *cases, struct arena *a, const struct decide_input *in, size_t i,
         struct decision_end *e)
{
    struct val *names = val_copy(a, e->diverged), *covered = val_object(a);

    for (size_t k = 0; k < in->sync->n_fields; k++) {
        if (goes_without(&cases[k], i) && !lists(names, cases[k].name))
            val_push(a, names, val_string(a, cases[k].name));
        if (cases[k].ends[i].late)
            val_set(a, covered, cases[k].name, val_copy(a, cases[k].ends[i].now));
    }
    e->diverged = names;
    e->covered = covered;
}

static struct decision_end *
end_of(struct decision *d, const char *system)
{
    size_t k = 0;

    while (strcmp(d->ends[k].system, system) != 0)
        k++;
    return &d->ends[k];
}

void
delete_ends(const struct field_case *cases, struct arena *a, const struct decide_input *in,
            struct decision *d)
{
    for (size_t i = 0; i < in->sync->n_between; i++) {
        struct decision_write *w = &d->writes[d->n_writes];

        if (in->ends[i].state != END_LIVE)
            continue;
        memset(w, 0, sizeof *w);
        w->target = in->sync->between[i]->name;
        w->account = in->sync->between[i]->account;
        w->action = "delete";
        w->target_record_id = in->ends[i].record_id;
        w->set = val_object(a);
        w->sources = val_object(a);
        w->before = decide_shown(cases, a, in, i, true);
        w->etag = in->ends[i].etag;
        d->n_writes++;
        remember(cases, a, in, i, end_of(d, w->target));
    }
}
