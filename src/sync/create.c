#include <config.h>

#include <string.h>

#include "sync/compare.h"
#include "sync/field.h"

/* Records that are missing at an end and are made there. */

static bool
wanted(const struct decide_input *in, size_t i)
{
    if (in->ends[i].state != END_MISSING || in->ends[i].unknown_create || !in->sync->create[i] ||
        in->ends[in->nominator].state != END_LIVE)
        return false;
    for (size_t k = 0; k < in->sync->n_between; k++)
        if (in->ends[k].state == END_GONE || in->ends[k].state == END_DELETED ||
            in->ends[k].state == END_UNREAD)
            return false;
    return true;
}

/* Has the target refused this value before, in an earlier create? */
static bool
is_refused(const struct field_case *c, size_t i, const struct val *value)
{
    const struct decide_owed *o = field_owed(c, i);

    return o != NULL && o->refused && compare_same(c->a, c->in->sync, c->field, i, o->value, value);
}

/* The settled value if the new record at I gets this field, else NULL. */
static const struct candidate *
goes_into(const struct field_case *c, size_t i)
{
    const struct field_map *map = resource_field(c->in->sync->defs[i], c->name);
    const struct candidate *x;

    if (map == NULL || map->read_only || c->open)
        return NULL;
    x = field_reference(c);
    return x == NULL || val_is_null(x->value) ? NULL : x;
}

/*
 * Adds the field to the write. False: its word is unknown there, which rejects the decision. What
 * was refused was the record as a whole: it goes out again with all its fields once any is NEWS,
 * never as a rest without those that were refused.
 */
static bool
add_field(struct field_case *c, size_t i, struct decision_write *w, struct val *set,
          struct val *sources, bool *news)
{
    const struct candidate *x = goes_into(c, i);
    const struct val *value;

    if (x == NULL)
        return true;
    if (!field_translate(c, x, i, &value)) {
        c->unmapped_end = i;
        c->unmapped_value = x->value;
        return c->field->values->unmapped != UNMAPPED_REJECT;
    }
    *news |= !is_refused(c, i, value);
    val_set(c->a, set, c->name, val_copy(c->a, value));
    val_set(c->a, sources, c->name, val_string(c->a, c->in->sync->between[x->system]->name));
    w->set = set;
    w->sources = sources;
    return true;
}

/* A rule line for each field of the new record, and the target among those it is owed to. */
static void
add_rules(struct arena *a, const struct decision_write *w, struct decision *d)
{
    for (size_t k = 0; k < w->set->n; k++) {
        const char *name = w->set->u.members[k].name;
        struct decision_rule *r = decision_rule_of(d, name, RULE_CREATE);
        struct val *owed = r->owed == NULL ? val_array(a) : val_copy(a, r->owed);

        val_push(a, owed, val_string(a, w->target));
        r->owed = owed;
        if (r->source == NULL)
            r->source = val_get_text(w->sources, name);
    }
}

struct field_case *
create_ends(struct field_case *cases, struct arena *a, const struct decide_input *in,
            struct decision *d)
{
    for (size_t i = 0; i < in->sync->n_between; i++) {
        struct decision_write *w = &d->writes[d->n_writes];
        struct val *set = val_object(a);
        struct val *sources = val_object(a);
        bool news = false;

        if (!wanted(in, i))
            continue;
        memset(w, 0, sizeof *w);
        for (size_t k = 0; k < in->sync->n_fields; k++)
            if (!add_field(&cases[k], i, w, set, sources, &news))
                return &cases[k];
        if (w->set == NULL || !news)
            continue;
        w->target = in->sync->between[i]->name;
        w->account = in->sync->between[i]->account;
        w->action = "create";
        d->n_writes++;
        add_rules(a, w, d);
    }
    return NULL;
}
