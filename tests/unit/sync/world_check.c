#include <config.h>

#include "world.h"

#include <string.h>

#include "../unit.h"
#include "sync/compare.h"

#define holds(w, condition, ...)                                                                   \
    ck_assert_msg(condition, "seed %llu: %s", (unsigned long long)(w)->seed,                       \
                  arena_printf((w)->f->a, __VA_ARGS__))

static size_t
field_index(const char *name)
{
    size_t k = 0;

    while (strcmp(world_fields[k], name) != 0)
        k++;
    return k;
}

/* ---- a decision ---- */

static bool
is_equal(struct world *w, size_t k, size_t i, const struct val *x, size_t j, const struct val *y)
{
    return compare_equal(w->f->a, &w->f->sync, &w->f->fields[k], i, x, j, y);
}

/* Is V, in the words of T, what somebody shows or showed, or what was decided? */
static bool
is_known_value(struct world *w, size_t k, size_t t, const struct val *v)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct decide_owed *o = world_owed(w, k, i);

        if (is_equal(w, k, i, world_now(w, i, k), t, v) ||
            is_equal(w, k, i, val_get(w->shadow[i], world_fields[k]), t, v) ||
            (o != NULL && is_equal(w, k, i, o->value, t, v)))
            return true;
    }
    return false;
}

static void
check_field(struct world *w, const struct decision_write *write, size_t t,
            const struct val_member *m)
{
    size_t k = field_index(m->name);
    bool update = strcmp(write->action, "update") == 0;

    holds(w, is_known_value(w, k, t, m->value), "nobody said %s of %s",
          val_canon_text(w->f->a, m->value), m->name);
    holds(w, k != WORLD_ANY || w->f->in.n_closed == 0, "a conflict's field is written");
    if (!update || w->f->ends[t].state != END_LIVE)
        return;
    holds(w, k != WORLD_OWNED || t != world_owner(w), "its own field is written to %s",
          write->target);
    holds(w, !is_equal(w, k, t, world_now(w, t, k), t, m->value),
          "%s is written to %s, which has it", m->name, write->target);
    holds(w, val_equal(val_get(write->before, m->name), world_now(w, t, k)), "%s was not %s before",
          m->name, val_canon_text(w->f->a, val_get(write->before, m->name)));
}

void
world_check_decision(struct world *w)
{
    const struct decision *d = &w->f->d;

    holds(w, d->reject_code == NULL, "%s", d->text);
    for (size_t l = 0; l < d->n_writes; l++) {
        const struct decision_write *write = &d->writes[l];
        size_t t = (size_t)sync_index(&w->f->sync, write->target);

        if (strcmp(write->action, "delete") == 0)
            holds(w, w->f->sync.deletes.propagate, "a delete that nobody wants");
        if (strcmp(write->action, "create") == 0)
            holds(w,
                  w->now[t] == NULL && !w->unknown[t] &&
                      (w->shadow[t] == NULL ? w->f->create[t] : w->f->sync.recreate),
                  "a record that nobody wants at %s", write->target);
        for (size_t k = 0; k < write->set->n; k++)
            check_field(w, write, t, &write->set->u.members[k]);
    }
}

void
world_check_delete(struct world *w, size_t i)
{
    for (size_t k = 0; k < WORLD_FIELDS; k++)
        holds(w,
              world_is_late(w, i, k) ||
                  is_equal(w, k, i, world_now(w, i, k), i, val_get(w->shadow[i], world_fields[k])),
              "an edit of %s was deleted", world_fields[k]);
}

/* ---- the ends ---- */

bool
world_is_known(const struct world *w, size_t k, size_t i)
{
    const struct val *list = w->diverged[i];

    for (size_t l = 0; list != NULL && l < list->n; l++)
        if (strcmp(val_text(list->u.items[l]), world_fields[k]) == 0)
            return true;
    return false;
}

/* What one lowers without a word is one for us, who know it. */
bool
world_same(struct world *w, size_t k, size_t i, size_t j)
{
    const struct val *x = world_now(w, i, k), *y = world_now(w, j, k);

    if (k == WORLD_ANY && (i == w->lowers || j == w->lowers)) {
        x = world_stored(w, w->lowers, world_fields[k], x);
        y = world_stored(w, w->lowers, world_fields[k], y);
    }
    return is_equal(w, k, i, x, j, y);
}

static bool
is_open(const struct world *w, size_t k, size_t i)
{
    return w->now[i] == NULL || world_is_known(w, k, i) || world_owed(w, k, i) != NULL ||
           (k == WORLD_ANY && w->f->in.n_closed > 0);
}

static const struct val *
everywhere_stored(struct world *w, size_t i, size_t k)
{
    const struct val *v = world_stored(w, w->trims, world_fields[k], world_now(w, i, k));

    return w->lowers < w->n ? world_stored(w, w->lowers, world_fields[k], v) : v;
}

/*
 * While ends come and go no more can be had than that two are one where the one that trims and the
 * one that lowers, and says nothing, store them. Let "A" be at d and "a" at a, both as they were
 * seen last: it is not known which of the two lowers. One that is made anew then, or takes what it
 * missed, takes either, and differs from the other. The same with "B " and "B" beside one that
 * trims, and is the only one left for a while. And where an answer is lost nobody learns what the
 * one that lowers made of what was sent.
 */
static bool
are_alike(struct world *w, size_t k, size_t i, size_t j)
{
    bool loses = (w->what & WORLD_LOSES) != 0 && (i == w->lowers || j == w->lowers);

    return k == WORLD_ANY && (loses || (w->what & (WORLD_DELETES | WORLD_MISSES)) != 0) &&
           val_equal(everywhere_stored(w, i, k), everywhere_stored(w, j, k));
}

static void
check_pair(struct world *w, size_t k, size_t i, size_t j)
{
    holds(w,
          is_open(w, k, i) || is_open(w, k, j) || are_alike(w, k, i, j) || world_same(w, k, i, j),
          "%s differs at %zu and %zu", world_fields[k], i, j);
}

/* What is known to differ does, as far as we were told how it is stored, if all are there. */
static void
check_known(struct world *w, size_t k, size_t i)
{
    bool differs = !world_is_known(w, k, i);

    for (size_t j = 0; j < w->n; j++)
        differs |= w->now[j] == NULL || world_owed(w, k, j) != NULL ||
                   !is_equal(w, k, i, world_now(w, i, k), j, world_now(w, j, k));
    holds(w, differs, "%s does not differ at %zu", world_fields[k], i);
}

void
world_check(struct world *w)
{
    for (size_t k = 0; k < WORLD_FIELDS && !w->ended; k++)
        for (size_t i = 0; i < w->n; i++) {
            for (size_t j = i + 1; j < w->n; j++)
                check_pair(w, k, i, j);
            check_known(w, k, i);
        }
}
