#include <config.h>

#include <string.h>

#include "sync/compare.h"
#include "sync/field.h"

/* Who wants to be everybody's value: ends that changed, and what is owed from before. */

static struct candidate *
add(struct field_case *c)
{
    return &c->candidates[c->n_candidates++];
}

static struct candidate *
find(const struct field_case *c, size_t system)
{
    for (size_t k = 0; k < c->n_candidates; k++)
        if (c->candidates[k].system == system)
            return &c->candidates[k];
    return NULL;
}

/* What SOURCE, which did not change, is owed in its turn: that is what it says, not the older value
 * that it shows. Of a reference only what is of its own: whose word the row holds else, nobody
 * knows. NULL: nothing. */
static const struct val *
own_value(const struct field_case *c, size_t source)
{
    const struct decide_owed *own = field_owed(c, source);

    if (own == NULL || own->refused || c->ends[source].changed)
        return NULL;
    if (field_is_reference(c) && strcmp(own->source, c->in->sync->between[source]->name) != 0)
        return NULL;
    return own->value;
}

/* What the source, which did not change, has to say: what it shows, or what it is owed, else,
 * showing an older write of ours, its shadow. */
static struct candidate *
said_by(const struct field_case *c, size_t source)
{
    struct candidate *x = candidate_of_end(c, source);
    const struct val *own = own_value(c, source);

    if (own != NULL)
        x->value = own;
    else if (c->ends[source].late)
        x->value = c->ends[source].base;
    return x;
}

static void
add_decided(struct field_case *c, const struct candidate *from, const struct decide_owed *o)
{
    struct candidate *x = add(c);

    *x = *from;
    x->real = false;
    x->allowed = true;
    x->at = x->seen = o->since;
}

/* Is I as the rest is, as far as is known, though it may be that it cannot be read now? */
static bool
is_of_the_rest(const struct field_case *c, size_t i)
{
    const struct field_end *e = &c->ends[i];

    return !e->changed && !e->known && !e->late && e->base != NULL && field_owed(c, i) == NULL &&
           (e->map != NULL || e->unread);
}

/* An end that cannot be read now, of which nothing is known but what all had; NULL. */
static const struct candidate *
unread_without(const struct field_case *c, size_t t)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++)
        if (i != t && c->ends[i].unread && is_of_the_rest(c, i))
            return field_known(c, i);
    return NULL;
}

/* One of the rest that has what is owed to T, and not what X has: one of them stores what it is
 * sent in a way that we were not told. NULL: none, so that it is outdated. */
static const struct candidate *
holder(const struct field_case *c, const struct candidate *x, const struct val *owed, size_t t)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct candidate *y = i == t || !is_of_the_rest(c, i) ? NULL : field_known(c, i);

        if (y != NULL && field_equal(c, y->words, y->value, t, owed) &&
            !field_equal(c, x->words, x->value, y->words, y->value))
            return y;
    }
    return NULL;
}

/* What the others settled while T was away (it is known to differ). NULL: nobody is left that just
 * has it. */
static const struct candidate *
settled_without(const struct field_case *c, const struct val *owed, size_t t)
{
    const struct candidate *x = field_reference(c), *y;
    const struct field_end *e = x == NULL ? NULL : &c->ends[x->system];

    if (!c->ends[t].known)
        return NULL;
    if (x == NULL || x->system == t || e->changed || e->known || e->late)
        x = unread_without(c, t);
    y = x == NULL ? NULL : holder(c, x, owed, t);
    return y != NULL ? y : x;
}

/* They say it for its owner. */
static void
add_settled(struct field_case *c, const struct candidate *settled, const struct decide_owed *o,
            size_t source)
{
    struct candidate x = *settled;

    if (source == c->owner)
        x.system = source;
    if (!c->ends[settled->system].owed)
        add_decided(c, &x, o);
}

/* The owed value itself. To one that was away while the others settled something else it is what
 * they have now, or what is owed to them in its turn. Of a reference nobody knows whose word it is:
 * what its source said when it was decided. */
static void
add_value(struct field_case *c, const struct decide_owed *o, size_t source, size_t t)
{
    struct candidate x = {.system = source, .words = t, .value = o->value};
    const struct candidate *settled = settled_without(c, o->value, t);

    if (source == t) { /* its own value, that a late write of ours stood over */
        add_decided(c, &x, o);
        return;
    }
    if (source != PERSON && settled != NULL) {
        add_settled(c, settled, o, source);
        return;
    }
    if (source != PERSON && field_is_reference(c)) {
        x.words = source;
        x.value = own_value(c, source);
        if (x.value == NULL)
            x.value = val_get(c->in->ends[source].shadow, c->name);
    }
    if (x.value != NULL)
        add_decided(c, &x, o);
}

/* Were both away while the others settled something else? Then the source has no say either. */
static bool
are_outdated(const struct field_case *c, size_t source, size_t t)
{
    return c->ends[source].known && c->ends[t].known && !c->ends[source].changed;
}

/* Is the record at I another than that which was the source? It has a say of its own. */
static bool
is_another_record(const struct field_case *c, size_t i)
{
    return c->ends[i].base == NULL && !field_is_remapped(c, i);
}

/*
 * Owed to T: its source wants it with what it shows now. If the source is not there any more, or
 * may not write (a first contact decided it, or another engine changed it since), the owed value
 * itself does; a person's always.
 */
static void
add_owed(struct field_case *c, const struct decide_owed *o, size_t t)
{
    int source = sync_index(c->in->sync, o->source);

    if (strcmp(o->source, DECIDE_PERSON) == 0 && source < 0)
        add_value(c, o, PERSON, t);
    else if (source < 0)
        return;
    else if ((size_t)source == t || c->ends[source].map == NULL ||
             !field_may_write(c, (size_t)source) || c->ends[source].foreign ||
             is_another_record(c, (size_t)source) || are_outdated(c, (size_t)source, t))
        add_value(c, o, (size_t)source, t);
    else if (find(c, (size_t)source) == NULL)
        add_decided(c, said_by(c, (size_t)source), o);
}

static bool
owes(const struct field_case *c, const struct candidate *x, size_t t)
{
    const struct decide_owed *o = field_owed(c, t);

    return o != NULL && strcmp(o->source, candidate_source(c, x)) == 0;
}

/*
 * An end that has the owed value already and changed it since has the later word: what is owed
 * elsewhere then is the new value.
 */
static bool
superseded(const struct field_case *c, const struct candidate *x)
{
    for (size_t k = 0; k < c->n_candidates; k++) {
        const struct candidate *y = &c->candidates[k];

        if (y->real && y->allowed && y->system != x->system && !owes(c, x, y->system))
            return true;
    }
    return false;
}

static void
drop_superseded(struct field_case *c)
{
    size_t kept = 0;

    for (size_t k = 0; k < c->n_candidates; k++)
        if (c->candidates[k].real || !superseded(c, &c->candidates[k]))
            c->candidates[kept++] = c->candidates[k];
    c->n_candidates = kept;
}

void
field_candidates(struct field_case *c)
{
    size_t n = c->in->sync->n_between;

    c->candidates = arena_alloc(c->a, 2 * n * sizeof *c->candidates);
    for (size_t i = 0; i < n; i++)
        if (c->ends[i].changed)
            *add(c) = *candidate_of_end(c, i);
    for (size_t t = 0; t < n; t++)
        if (c->ends[t].owed)
            add_owed(c, field_owed(c, t), t);
    drop_superseded(c);
}
