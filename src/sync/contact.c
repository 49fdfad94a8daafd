#include <config.h>

#include "sync/compare.h"
#include "sync/field.h"

/* First contact: the ends that have no base yet, after the others are settled. */

static bool
is_new(const struct field_case *c, size_t i)
{
    return c->ends[i].map != NULL && c->ends[i].base == NULL && c->ends[i].gets == NULL;
}

/* Does I, which is new, differ from J as that will be, or was when it could be read? */
static bool
differ(const struct field_case *c, size_t i, size_t j)
{
    const struct field_end *e = &c->ends[j];

    if (e->map != NULL)
        return !candidate_at(c, field_final(c, j), i);
    return e->unread && e->base != NULL && e->gets == NULL &&
           !field_equal(c, i, c->ends[i].now, j, e->base);
}

static bool
new_ends_differ(const struct field_case *c)
{
    size_t n = c->in->sync->n_between;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j && is_new(c, i) && differ(c, i, j))
                return true;
    return false;
}

static bool
has_new(const struct field_case *c)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++)
        if (is_new(c, i))
            return true;
    return false;
}

/* An end that is put right, or shows by chance what is right, has no say against a new source. */
static bool
is_put_right(const struct field_case *c, const struct candidate *x, size_t j)
{
    return c->ends[j].late && c->winner == NULL && !candidate_has_base(c, x);
}

static bool
takes(const struct field_case *c, const struct candidate *x, size_t j, bool fill)
{
    const struct field_end *e = &c->ends[j];

    if (e->map == NULL || j == x->system || e->changed)
        return false;
    if ((e->gets != NULL || e->late) && !is_put_right(c, x, j))
        return false;
    /* An end with a base is only overruled by a new one, and not if a change settled it. */
    if (e->base != NULL && (c->winner != NULL || candidate_has_base(c, x)))
        return false;
    return !(fill && (j == c->owner || !compare_empty(field_final(c, j)->value)));
}

/* An end that cannot be read is overruled as it was seen last, and in what it is owed. Where it has
 * no base either, it is met when it can be read. */
static bool
takes_unread(const struct field_case *c, const struct candidate *x, size_t j, bool fill)
{
    const struct field_end *e = &c->ends[j];

    if (!e->unread || e->base == NULL || e->gets != NULL || candidate_has_base(c, x))
        return false;
    if (fill && (j == c->owner || !compare_empty(e->base)))
        return false;
    return field_owed(c, j) != NULL || !field_equal(c, x->words, x->value, j, e->base);
}

/* X to the ends that differ; under FILL only to those that are empty. */
static void
spread(struct field_case *c, const struct candidate *x, bool fill, const char *rule)
{
    bool source_is_new = !candidate_has_base(c, x);

    if (c->rule == NULL)
        c->rule = rule;
    if (c->winner != NULL && source_is_new)
        return;
    c->contact = x;
    for (size_t j = 0; j < c->in->sync->n_between; j++)
        if (takes(c, x, j, fill))
            c->ends[j].gets = candidate_at(c, x, j) ? NULL : field_leveled(c, x, j);
        else if (takes_unread(c, x, j, fill))
            c->ends[j].gets = x;
    /* Two may equal X, which is trimmed, but not each other. */
    for (size_t j = 0; j < c->in->sync->n_between; j++)
        if (takes(c, x, j, fill) && c->ends[j].gets == NULL && !field_has(c, x, j) &&
            !field_is_level(c, x, candidate_of_end(c, j), j))
            c->ends[j].gets = x;
}

/* What fills empty ends: the settled value, else the first that is not empty and may. */
static const struct candidate *
filler(const struct field_case *c)
{
    const struct candidate *x = field_reference(c);

    if (x != NULL && x->allowed && !compare_empty(x->value))
        return x;
    for (size_t i = 0; i < c->in->sync->n_between; i++)
        if (c->ends[i].map != NULL && field_may_write(c, i) && !c->ends[i].foreign &&
            !compare_empty(field_final(c, i)->value))
            return field_final(c, i);
    return NULL;
}

/* What I has to say: what it gets, as the word of who said it, be it that it gets it later. */
static const struct candidate *
last_word(const struct field_case *c, size_t i)
{
    return c->ends[i].gets != NULL ? c->ends[i].gets : field_final(c, i);
}

/* The source that the policy names; NULL: it is only reported. A field's owner is asked before
 * SYSTEM is: no policy writes over what somebody owns. */
static const struct candidate *
source(const struct field_case *c, const char **rule)
{
    const struct policy *policy = &c->in->sync->first_contact;
    size_t i = NO_END;
    int system;

    if (policy->kind == POLICY_FILL) {
        *rule = RULE_FIRST_FILL;
        return filler(c);
    }
    if (policy->kind == POLICY_OWNER || (policy->kind == POLICY_SYSTEM && c->owner != NO_END)) {
        *rule = RULE_FIRST_OWNER;
        i = c->owner;
    } else if (policy->kind == POLICY_SYSTEM) {
        *rule = RULE_FIRST_SYSTEM;
        system = sync_index(c->in->sync, policy->system->name);
        i = system < 0 ? NO_END : (size_t)system;
    }
    return i == NO_END || c->ends[i].map == NULL ? NULL : last_word(c, i);
}

/* Another engine's value goes nowhere. */
static bool
is_foreign_source(const struct field_case *c, const struct candidate *x)
{
    return x->system != PERSON && c->ends[x->system].foreign;
}

void
field_contact(struct field_case *c)
{
    const char *rule = RULE_FIRST_REPORT;
    const struct candidate *x, *ref;

    if (c->conflict || c->n_parts < 2 || !has_new(c))
        return;
    c->met = true;
    if (!new_ends_differ(c)) {
        ref = field_reference(c);
        if (c->rule == NULL && !compare_empty(ref->value))
            c->rule = RULE_ADOPT;
        return;
    }
    x = source(c, &rule);
    if (x != NULL && is_foreign_source(c, x)) {
        c->rule = c->rule == NULL ? RULE_ENGINE : c->rule;
        c->disposition = "filtered";
    } else if (x != NULL)
        spread(c, x, c->in->sync->first_contact.kind == POLICY_FILL, rule);
    else if (c->rule == NULL)
        c->rule = RULE_FIRST_REPORT;
}
