#include <config.h>

#include <string.h>

#include "sync/compare.h"
#include "sync/field.h"

/* The ends that have a base: whose change counts, and who gets it. */

static bool
agree(const struct field_case *c)
{
    const struct candidate *x = c->candidates;

    for (size_t k = 0; k < c->n_candidates; k++)
        for (size_t l = k + 1; l < c->n_candidates; l++)
            if (!(x[k].system == PERSON && x[l].system == PERSON) &&
                !field_equal(c, x[k].words, x[k].value, x[l].words, x[l].value))
                return false;
    return true;
}

static const struct candidate *
first_allowed(const struct field_case *c)
{
    for (size_t k = 0; k < c->n_candidates; k++)
        if (c->candidates[k].allowed)
            return &c->candidates[k];
    return NULL;
}

static const struct candidate *
candidate_of(const struct field_case *c, size_t system)
{
    for (size_t k = 0; k < c->n_candidates; k++)
        if (c->candidates[k].system == system)
            return &c->candidates[k];
    return NULL;
}

/*
 * A change goes to every end with a base; what is only owed goes where it is owed or lost against
 * it. What was decided before by another rule than ownership does not overwrite a new edit.
 */
static bool
is_for(const struct field_case *c, const struct candidate *x, size_t j)
{
    const struct field_end *e = &c->ends[j];

    if (e->map == NULL || (j == x->system && j == x->words && !e->late && !e->owed))
        return false;
    if (!x->real && e->changed && !field_may_write(c, x->system))
        return false;
    if (!x->real && e->foreign && !e->owed)
        return false;
    if (e->owed || e->changed || e->late)
        return true;
    return x->real && e->base != NULL;
}

/* Is J, that counts as equal to the winner, so to every other end that is? */
static bool
is_level(const struct field_case *c, size_t j)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct candidate *z = i == j || c->ends[i].base == NULL ? NULL : field_known(c, i);

        if (z != NULL && field_equal(c, c->winner->words, c->winner->value, z->words, z->value) &&
            !candidate_at(c, z, j))
            return false;
    }
    return true;
}

/*
 * Equality is not transitive: "B " at a, "B" at a trimming b and "B" at c. Where two ends equal the
 * winner but not each other, one of them gets what the other has, if that is level with the rest;
 * else the winner's own value goes to both.
 */
static size_t
level(struct field_case *c)
{
    size_t n = 0;

    c->settled = true;
    for (size_t j = 0; j < c->in->sync->n_between; j++) {
        const struct candidate *x;

        if (!is_for(c, c->winner, j) || c->ends[j].gets != NULL || is_level(c, j))
            continue;
        x = field_leveled(c, c->winner, j);
        if (field_has(c, x, j))
            continue;
        c->ends[j].gets = x;
        n++;
    }
    return n;
}

/* An end that cannot be read: only its shadow is known, and what is owed to it. */
static bool
is_for_unread(const struct field_case *c, size_t j)
{
    const struct field_end *e = &c->ends[j];

    if (!e->unread || !c->winner->real)
        return false;
    if (field_owed(c, j) != NULL)
        return true;
    return e->base != NULL && !field_equal(c, c->winner->words, c->winner->value, j, e->base);
}

/* The winner for end J: a person said it in the words of each. */
static const struct candidate *
winner_for(const struct field_case *c, size_t j)
{
    for (size_t k = 0; k < c->n_candidates; k++)
        if (c->winner->system == PERSON && c->candidates[k].system == PERSON &&
            c->candidates[k].words == j)
            return &c->candidates[k];
    return c->winner;
}

/* Returns how many ends get the winner's value. */
static size_t
give(struct field_case *c)
{
    size_t n = 0;

    for (size_t j = 0; j < c->in->sync->n_between; j++) {
        const struct candidate *x = winner_for(c, j);

        if (!is_for_unread(c, j) && (!is_for(c, x, j) || candidate_at(c, x, j)))
            continue;
        c->ends[j].gets = x->system == PERSON ? x : field_leveled(c, x, j);
        n++;
    }
    return n + level(c);
}

static bool
all_are_at(const struct field_case *c, const struct candidate *x)
{
    for (size_t j = 0; j < c->in->sync->n_between; j++)
        if (c->ends[j].map != NULL && c->ends[j].base != NULL && !candidate_at(c, x, j))
            return false;
    return true;
}

/* Nobody who changed may write: it stays where it was made. */
static void
leave(struct field_case *c)
{
    bool foreign = false;

    for (size_t k = 0; k < c->n_candidates; k++)
        foreign |= c->candidates[k].system != PERSON && c->ends[c->candidates[k].system].foreign &&
                   field_may_write(c, c->candidates[k].system);
    c->rule = foreign ? RULE_ENGINE : RULE_NOT_OWNER;
    c->disposition = foreign ? "filtered" : "not-owner";
}

static void
settle_agreed(struct field_case *c)
{
    const char *adopt = c->n_parts > 1 ? RULE_ADOPT : NULL; /* nobody to agree with: no news */

    c->winner = first_allowed(c);
    if (c->winner == NULL && all_are_at(c, &c->candidates[0]) &&
        !field_differs_unseen(c, c->candidates[0].system))
        c->rule = adopt;
    else if (c->winner == NULL)
        leave(c);
    else if (give(c) == 0)
        c->rule = adopt;
    else
        c->rule = c->winner->real ? RULE_CHANGED : RULE_OWED;
}

/*
 * Of the candidates that are within skew of the newest (all, if a time is unknown) the one that we
 * saw last, then the first in the order of `between`.
 */
static const struct candidate *
latest(const struct field_case *c)
{
    const struct candidate *best = NULL;
    bool unknown = false;
    int64_t newest = 0;

    for (size_t k = 0; k < c->n_candidates; k++) {
        unknown |= c->candidates[k].at == 0;
        if (k == 0 || c->candidates[k].at > newest)
            newest = c->candidates[k].at;
    }
    for (size_t k = 0; k < c->n_candidates; k++) {
        const struct candidate *x = &c->candidates[k];

        if (!unknown && x->at != newest && newest - x->at >= c->in->sync->skew_ms)
            continue;
        if (best == NULL || x->seen > best->seen ||
            (x->seen == best->seen && x->system < best->system))
            best = x;
    }
    return best;
}

/* Any may write and they differ: the policy. One that names nobody who changed leaves it to a
 * person, so that no edit is undone by a value that nobody gave. */
static void
by_policy(struct field_case *c)
{
    const struct policy *policy = &c->field->conflict;
    int system;

    if (policy->kind == POLICY_LAST_WRITE_WINS) {
        c->winner = latest(c);
        c->rule = RULE_LAST_WRITE;
    } else if (policy->kind == POLICY_SYSTEM) {
        system = sync_index(c->in->sync, policy->system->name);
        c->winner = system < 0 ? NULL : candidate_of(c, (size_t)system);
        c->rule = RULE_SYSTEM;
    }
    if (c->winner != NULL) {
        give(c);
        return;
    }
    c->rule = RULE_CONFLICT;
    c->disposition = "conflict";
    c->conflict = true;
    c->open = true;
}

/* Against somebody's edit another engine's change has no say. */
static void
drop_foreign(struct field_case *c)
{
    size_t kept = 0;

    if (first_allowed(c) == NULL)
        return;
    for (size_t k = 0; k < c->n_candidates; k++) {
        const struct candidate *x = &c->candidates[k];

        if (!x->real || !c->ends[x->system].foreign)
            c->candidates[kept++] = *x;
    }
    c->n_candidates = kept;
}

static void
contest(struct field_case *c)
{
    if (c->any) {
        by_policy(c);
        return;
    }
    c->winner = candidate_of(c, c->owner);
    if (c->winner != NULL && c->winner->allowed) {
        c->rule = RULE_OWNER;
        give(c);
        return;
    }
    c->winner = first_allowed(c);
    leave(c);
    if (c->winner != NULL && give(c) > 0) {
        c->rule = RULE_OWED;
        return;
    }
    for (size_t j = 0; c->winner != NULL && j < c->in->sync->n_between; j++)
        c->ends[j].right = c->ends[j].late; /* what is owed came, late */
    c->winner = NULL;                       /* what changed since stays, and differs */
    c->settled = false;
}

/* What it showed before. */
static const struct candidate *
own_base(const struct field_case *c, size_t j)
{
    struct candidate *x = candidate_of_end(c, j);

    x->value = c->ends[j].base;
    return x;
}

/* Has I what BASE says? Only if it did not change, nor shows something late itself. */
static bool
shares(const struct field_case *c, const struct candidate *base, size_t i)
{
    const struct field_end *e = &c->ends[i];
    const struct candidate *z = field_known(c, i);

    return z != NULL && !e->late && !e->changed && !e->known && !e->foreign &&
           field_equal(c, base->words, base->value, z->words, z->value);
}

static bool
is_steady(const struct field_case *c, size_t i)
{
    const struct field_end *e = &c->ends[i];

    return e->map != NULL && e->base != NULL && !e->late && !e->foreign &&
           (i == c->owner || (!e->changed && !e->known));
}

/* Does the owner's value, be it new, stand over whatever others show? */
static bool
is_enforced(const struct field_case *c)
{
    return c->field->enforce && c->owner != NO_END && c->ends[c->owner].map != NULL &&
           !c->ends[c->owner].foreign;
}

/*
 * What a late write at J is corrected to: what the owner shows, else an end that neither changed
 * nor shows something late, before others one that has what J showed before. If there is none, or
 * only one that cannot be read has that, nobody knows better than what was there.
 */
static const struct candidate *
steady(const struct field_case *c, size_t j)
{
    const struct candidate *base = own_base(c, j);
    size_t n = c->in->sync->n_between, first = n;

    if (c->owner != NO_END && (is_steady(c, c->owner) || is_enforced(c)))
        return field_leveled(c, candidate_of_end(c, c->owner), j);
    for (size_t i = 0; i < n; i++)
        if (i != j && shares(c, base, i))
            return field_leveled(c, is_steady(c, i) ? candidate_of_end(c, i) : base, j);
    for (size_t i = n; i-- > 0;)
        if (is_steady(c, i))
            first = i;
    return first == n ? base : field_leveled(c, candidate_of_end(c, first), j);
}

/* Is J, showing something late, as X, and as all that X is as? */
static bool
is_as(const struct field_case *c, const struct candidate *x, size_t j)
{
    return candidate_at(c, x, j) &&
           (field_is_level(c, x, candidate_of_end(c, j), j) || !field_is_level(c, x, x, j));
}

static void
correct_late(struct field_case *c)
{
    for (size_t j = 0; j < c->in->sync->n_between; j++) {
        const struct candidate *x;

        if (!c->ends[j].late || c->ends[j].right)
            continue;
        x = steady(c, j);
        if (!is_as(c, x, j)) {
            c->ends[j].gets = x;
            c->rule = RULE_LATE;
            continue;
        }
        c->ends[j].right = true;
        if (c->rule == NULL)
            c->rule = RULE_ADOPT;
    }
}

/* Does J show something else than the owner, or did when it could be read, because somebody wrote
 * what is not theirs? */
static bool
is_trespass(const struct field_case *c, const struct candidate *x, size_t j)
{
    const struct field_end *e = &c->ends[j];

    if (j == c->owner || e->base == NULL || e->gets != NULL ||
        !(e->changed || e->known || c->ends[c->owner].known))
        return false;
    return e->map != NULL ? !candidate_at(c, x, j)
                          : e->unread && !field_equal(c, x->words, x->value, j, e->base);
}

void
field_enforce(struct field_case *c)
{
    const struct candidate *x;

    if (c->conflict || !is_enforced(c))
        return;
    x = field_final(c, c->owner);
    for (size_t j = 0; j < c->in->sync->n_between; j++) {
        if (!is_trespass(c, x, j))
            continue;
        c->ends[j].gets = x;
        if (c->rule == NULL || strcmp(c->rule, RULE_NOT_OWNER) == 0 ||
            strcmp(c->rule, RULE_ADOPT) == 0)
            c->rule = RULE_ENFORCE;
    }
}

void
field_settle(struct field_case *c)
{
    if (c->n_candidates > 1 && !agree(c))
        drop_foreign(c);
    if (c->n_candidates > 0 && agree(c))
        settle_agreed(c);
    else if (c->n_candidates > 0)
        contest(c);
    if (c->winner == NULL && !c->conflict)
        correct_late(c);
    c->settled = true;
}
