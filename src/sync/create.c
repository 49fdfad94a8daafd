#include <config.h>

#include <string.h>

#include "sync/compare.h"
#include "sync/delete.h"
#include "sync/field.h"

/* Records that are missing at an end and are made there. */

static bool
wanted(const struct decide_input *in, size_t i, bool anew)
{
    const struct decide_end *e = &in->ends[i];

    if (e->unknown_create || (in->other_engine && !in->sync->propagate_engines))
        return false;
    if (decide_count(in, END_GONE) > 0 || decide_count(in, END_UNREAD) > 0)
        return false;
    if (e->state == END_DELETED)
        return anew && in->sync->defs[i]->create.present;
    return e->state == END_MISSING && in->sync->create[i] &&
           in->ends[in->nominator].state == END_LIVE && decide_count(in, END_DELETED) == 0;
}

/* Has the target refused this value before, in an earlier create? */
static bool
is_refused(const struct field_case *c, size_t i, const struct val *value)
{
    const struct decide_owed *o = field_owed(c, i);

    return o != NULL && o->refused && compare_same(c->a, c->in->sync, c->field, i, o->value, value);
}

/* What won, or the others have: not what is left different. */
static const struct candidate *
settled_value(const struct field_case *c)
{
    const struct candidate *x = field_reference(c);

    if (x == NULL || x->system == PERSON || !c->ends[x->system].differs)
        return x;
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct field_end *e = &c->ends[i];

        if (e->map != NULL && !e->differs && !e->refused &&
            (e->gets == NULL || e->gets->system != x->system))
            return field_final(c, i);
    }
    return x;
}

/* The settled value if the new record at I gets this field, else NULL. */
static const struct candidate *
goes_into(const struct field_case *c, size_t i)
{
    const struct field_map *map = resource_field(c->in->sync->defs[i], c->name);
    const struct candidate *x;

    if (map == NULL || map->read_only || c->open)
        return NULL;
    x = settled_value(c);
    if (x != NULL && val_is_null(x->value) && field_owed(c, i) == NULL)
        return NULL; /* null is said only in place of something that was owed */
    return x == NULL ? NULL : field_leveled(c, x, i);
}

/* A record that is being made. */
struct record {
    struct val *set, *later, *sources;
    bool news; /* something that was not refused before */
};

/*
 * Adds the field to the record. False: its word is unknown there, which rejects the decision. What
 * was refused was the record as a whole: it goes out again with all its fields once any is news,
 * never as a rest without those that were refused.
 */
static bool
add_field(struct field_case *c, size_t i, struct record *r)
{
    const struct candidate *x = goes_into(c, i);
    const struct val *value;

    if (x == NULL)
        return true;
    if (field_translate(c, x, i, &value)) {
        r->news |= !is_refused(c, i, value);
        val_set(c->a, r->set, c->name, val_copy(c->a, value));
    } else if (field_is_reference(c)) {
        val_set(c->a, r->later, c->name, val_copy(c->a, x->value));
    } else {
        c->unmapped_end = i;
        c->unmapped_value = x->value;
        return c->field->values->unmapped != UNMAPPED_REJECT;
    }
    val_set(c->a, r->sources, c->name, val_string(c->a, candidate_source(c, x)));
    return true;
}

/* A rule line for each field of the new record, and the target among those it is owed to. */
static void
add_rules(struct arena *a, const struct decision_write *w, struct decision *d)
{
    for (size_t k = 0; k < w->sources->n; k++) {
        const char *name = w->sources->u.members[k].name;
        struct decision_rule *r = decision_rule_of(d, name, RULE_CREATE);
        struct val *owed = r->owed == NULL ? val_array(a) : val_copy(a, r->owed);

        val_push(a, owed, val_string(a, w->target));
        r->owed = owed;
        if (r->source == NULL)
            r->source = val_get_text(w->sources, name);
    }
}

/* Of a record with nothing but references that have no word there yet all is owed. */
static void
add_create(struct arena *a, const struct decide_input *in, size_t i, const struct record *r,
           struct decision *d)
{
    struct decision_write *w = &d->writes[d->n_writes];

    if (r->sources->n == 0 || (r->set->n > 0 && !r->news))
        return;
    memset(w, 0, sizeof *w);
    w->target = in->sync->between[i]->name;
    w->account = in->sync->between[i]->account;
    w->action = "create";
    w->set = r->set;
    w->later = r->later->n > 0 ? r->later : NULL;
    w->sources = r->sources;
    d->n_writes++;
    add_rules(a, w, d);
}

struct field_case *
create_ends(struct field_case *cases, struct arena *a, const struct decide_input *in, bool anew,
            struct decision *d)
{
    for (size_t i = 0; i < in->sync->n_between; i++) {
        struct record r = {val_object(a), val_object(a), val_object(a), false};

        if (!wanted(in, i, anew))
            continue;
        for (size_t k = 0; k < in->sync->n_fields; k++)
            if (!add_field(&cases[k], i, &r))
                return &cases[k];
        add_create(a, in, i, &r, d);
    }
    return NULL;
}
