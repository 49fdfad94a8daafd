#include <config.h>

#include "sync/field.h"

/* What is left different, and known to be: so that no difference is forgotten. */

/* Is REF that of an end that is known to differ, and J as that is? */
static bool
follows_one(const struct field_case *c, const struct candidate *ref, size_t j)
{
    return ref->system != PERSON && ref->system != j && c->ends[ref->system].known &&
           candidate_at(c, ref, j);
}

/* May J be as REF is, and both be not as the rest is? */
static bool
may_differ_with(const struct field_case *c, const struct candidate *ref, size_t j)
{
    const struct field_end *e = &c->ends[j];

    return e->base == NULL || (e->known && !e->changed) || field_owed(c, j) != NULL ||
           follows_one(c, ref, j);
}

/* Does I count for J: is it as it was, or will it be that again, or was it found level with the
 * rest just now? */
static bool
counts_for(const struct field_case *c, size_t i, size_t j)
{
    const struct field_end *e = &c->ends[i];

    if (e->map == NULL || e->refused || e->changed || (e->gets != NULL && !e->late))
        return false;
    return (e->base != NULL && !e->known) || (i < j && !e->differs);
}

/* Does J differ from one that counts, though maybe not from REF? */
static bool
meets_another(const struct field_case *c, const struct candidate *ref, size_t j)
{
    for (size_t i = 0; may_differ_with(c, ref, j) && i < c->in->sync->n_between; i++) {
        if (counts_for(c, i, j) && !candidate_at(c, field_final(c, i), j))
            return true;
    }
    return false;
}

/* A change that stays where it is may equal the owner's value, or be it, and still no other. */
static bool
stands_alone(const struct field_case *c, const struct candidate *ref, size_t j)
{
    if (!(c->winner == NULL && c->ends[j].changed) && !(c->ends[j].known && ref->system == j))
        return false;
    for (size_t i = 0; i < c->in->sync->n_between; i++)
        if (c->ends[i].map != NULL && !candidate_at(c, field_final(c, i), j))
            return true;
    return false;
}

/* A known difference that nobody can look at now is one still. */
static bool
stays_known(const struct field_case *c, size_t j)
{
    if (!c->ends[j].known || c->ends[j].changed)
        return false;
    for (size_t i = 0; i < c->in->sync->n_between; i++)
        if (c->ends[i].unread)
            return true;
    return c->n_parts == 1;
}

/* What I showed that nobody can look at now; NULL: nothing, or that is not known. Of what is not
 * there any more only with GONE. */
static const struct val *
unseen(const struct field_case *c, size_t i, bool gone)
{
    const struct decide_end *e = &c->in->ends[i];

    if (c->ends[i].unread)
        return c->ends[i].base;
    if (!gone || e->state == END_LIVE || resource_field(c->in->sync->defs[i], c->name) == NULL)
        return NULL;
    return val_get(e->shadow, c->name);
}

bool
field_differs_unseen(const struct field_case *c, size_t j)
{
    bool stays = c->ends[j].changed && c->winner == NULL;

    if (c->ends[j].base != NULL && !stays)
        return false;
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct field_end *e = &c->ends[i];
        const struct val *value = unseen(c, i, stays);

        if (e->gets != NULL)
            continue;
        if (value == NULL ? e->unread && c->owner == i
                          : !field_equal(c, j, c->ends[j].now, i, value))
            return true;
    }
    return false;
}

/* Left different: what was so before, what changed and stays, what has no base. */
static void
mark_differing(struct field_case *c)
{
    const struct candidate *ref = field_reference(c);

    for (size_t j = 0; ref != NULL && j < c->in->sync->n_between; j++) {
        struct field_end *e = &c->ends[j];

        if (e->map == NULL || e->gets != NULL || e->refused || e->differs)
            continue;
        if (e->known || e->changed || e->base == NULL || field_owed(c, j) != NULL ||
            c->in->ends[j].tombstone || follows_one(c, ref, j))
            e->differs = field_differs_unseen(c, j) || stays_known(c, j) ||
                         (c->n_parts > 1 && (!candidate_at(c, ref, j) || stands_alone(c, ref, j) ||
                                             meets_another(c, ref, j)));
    }
}

/* Is there one that is left as it is, or was seen last, or gets another's value, counts, and is not
 * X? */
static bool
leaves_another(const struct field_case *c, const struct candidate *x)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct field_end *e = &c->ends[i];

        if (e->refused || e->differs)
            continue;
        if (e->gets != NULL) {
            if (!field_equal(c, x->words, x->value, e->gets->words, e->gets->value))
                return true;
            continue;
        }
        if (e->map != NULL ? !candidate_at(c, x, i)
                           : e->unread && !e->known && e->base != NULL &&
                                 !field_equal(c, x->words, x->value, i, e->base))
            return true;
    }
    return false;
}

/* Is X that of one that is left different from the rest? */
static bool
is_of_differing(const struct field_case *c, const struct candidate *x, size_t j)
{
    return x->system != PERSON && x->system != j && c->ends[x->system].differs &&
           c->ends[x->system].gets == NULL && leaves_another(c, x);
}

/* What gets the value of one that still differs from the rest does so too, and what gets one that
 * equals its source's, but not all that do. */
static void
pass_on_differing(struct field_case *c)
{
    for (size_t j = 0; j < c->in->sync->n_between; j++) {
        const struct candidate *x = c->ends[j].gets;

        if (x != NULL && c->ends[j].map != NULL &&
            (is_of_differing(c, x, j) || !field_is_level(c, x, x, j)))
            c->ends[j].differs = true;
    }
}

void
field_mark_differing(struct field_case *c)
{
    mark_differing(c);
    pass_on_differing(c);
}
