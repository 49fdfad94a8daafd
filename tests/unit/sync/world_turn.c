#include <config.h>

#include "world.h"

#include <string.h>

#include "../unit.h"
#include "sync/compare.h"

/* ---- before a decision ---- */

static void
look_at(struct world *w, size_t i, bool hidden)
{
    struct decide_end *e = &w->f->ends[i];
    bool nominates = w->f->in.nominator == i;

    memset(e, 0, sizeof *e);
    e->record_id = w->f->systems[i].name;
    e->fields = w->now[i];
    e->shadow = w->shadow[i];
    e->diverged = w->diverged[i];
    e->changed_at = w->changed_at[i];
    e->seen_at = w->changed_at[i] + 100;
    e->writable = true;
    e->tombstone = w->tombstone[i];
    e->unknown_create = w->unknown[i];
    if (w->shadow[i] == NULL && w->now[i] == NULL)
        e->state = END_MISSING;
    else if (hidden && !nominates && w->shadow[i] != NULL)
        e->state = END_UNREAD;
    else if (w->now[i] != NULL)
        e->state = END_LIVE;
    else if (w->tombstone[i] || nominates)
        e->state = END_DELETED;
    else
        e->state = END_GONE;
    if (nominates && w->vanished[i])
        e->tombstone = false; /* the very event that found it, decided anew as well */
}

/* ---- after it ---- */

static size_t
index_of(const struct world *w, const char *system)
{
    return (size_t)sync_index(&w->f->sync, system);
}

void
world_lay_over(struct world *w, struct val **object, const struct val *fields)
{
    *object = *object == NULL ? val_object(w->f->a) : val_copy(w->f->a, *object);
    for (size_t k = 0; k < fields->n; k++)
        val_set(w->f->a, *object, fields->u.members[k].name,
                val_copy(w->f->a, fields->u.members[k].value));
}

static bool
names_has(const struct val *list, const char *name)
{
    for (size_t i = 0; list != NULL && i < list->n; i++)
        if (strcmp(val_text(list->u.items[i]), name) == 0)
            return true;
    return false;
}

static struct decide_owed *
find_owed(const struct world *w, const char *field, const char *target)
{
    for (size_t k = 0; k < w->f->in.n_owed; k++)
        if (strcmp(w->f->owed[k].field, field) == 0 && strcmp(w->f->owed[k].target, target) == 0)
            return &w->f->owed[k];
    return NULL;
}

struct decide_owed *
world_owed(const struct world *w, size_t k, size_t target)
{
    return find_owed(w, world_fields[k], w->f->systems[target].name);
}

void
world_drop_owed(struct world *w, const char *field, const char *target)
{
    struct decide_owed *o = find_owed(w, field, target);

    if (o != NULL)
        *o = w->f->owed[--w->f->in.n_owed];
}

/* As sync-push keeps it: the same value is as old, and as refused, as it was. */
static void
owe(struct world *w, const struct decision_write *write, const struct val *fields)
{
    for (size_t k = 0; fields != NULL && k < fields->n; k++) {
        const struct val_member *m = &fields->u.members[k];
        const char *source = val_get_text(write->sources, m->name);
        const struct decide_owed *old = find_owed(w, m->name, write->target);
        struct decide_owed o = {m->name, write->target, source, m->value, w->clock, false};

        if (old != NULL && val_equal(old->value, m->value)) {
            o.since = strcmp(old->source, source) == 0 ? old->since : w->clock;
            o.refused = old->refused;
        }
        world_drop_owed(w, m->name, write->target);
        ck_assert_uint_lt(w->f->in.n_owed, FIXTURE_ROWS);
        w->f->owed[w->f->in.n_owed++] = o;
    }
}

static bool
is_written(const struct decision *d, const char *target, const char *field)
{
    for (size_t k = 0; k < d->n_writes; k++)
        if (strcmp(d->writes[k].target, target) == 0 &&
            val_get(d->writes[k].sources, field) != NULL)
            return true;
    return false;
}

/* Owed rows as sync-push keeps them: what was looked at and is not owed any more goes. */
static void
commit_rule(struct world *w, const struct decision_rule *r)
{
    const struct decision *d = &w->f->d;

    if (r->conflict && w->f->in.n_closed == 0)
        fixture_closed(w->f, world_fields[0]);
    if (r->conflict)
        w->values = r->values;
    if (r->conflict || strcmp(r->rule, RULE_REFUSED) == 0)
        return;
    for (size_t k = 0; k < d->n_ends; k++)
        if (val_get(d->ends[k].covered, r->field) != NULL &&
            !names_has(r->owed, d->ends[k].system) && !is_written(d, d->ends[k].system, r->field))
            world_drop_owed(w, r->field, d->ends[k].system);
}

static void
note_covered(struct world *w, size_t i, const struct val *covered)
{
    for (size_t k = 0; k < WORLD_FIELDS; k++) {
        if (val_get(covered, world_fields[k]) == NULL || w->decided[i][k] == w->edited[i][k])
            continue;
        w->decided[i][k] = w->edited[i][k];
        w->decided_in[i][k] = w->turns;
    }
}

static void
commit(struct world *w)
{
    const struct decision *d = &w->f->d;

    w->ended = w->ended && !d->reopen;
    for (size_t k = 0; k < d->n_ends; k++) {
        size_t i = index_of(w, d->ends[k].system);
        const char *state = d->ends[k].state;

        w->diverged[i] = d->ends[k].diverged;
        if (strcmp(state, "gone") == 0)
            continue;
        w->tombstone[i] = strcmp(state, "deleted") == 0;
        world_lay_over(w, &w->shadow[i], d->ends[k].covered);
        note_covered(w, i, d->ends[k].covered);
    }
    for (size_t k = 0; k < d->n_rules; k++)
        commit_rule(w, &d->rules[k]);
    for (size_t k = 0; k < d->n_writes; k++) {
        owe(w, &d->writes[k], d->writes[k].set);
        owe(w, &d->writes[k], d->writes[k].later);
    }
}

/* ---- writes ---- */

bool
world_is_late(const struct world *w, size_t i, size_t k)
{
    for (size_t l = 0; l < w->f->in.n_late; l++) {
        const struct val *sent = val_get(w->f->late[l].fields, world_fields[k]);

        if (w->f->late[l].end == i && sent != NULL &&
            compare_same(w->f->a, &w->f->sync, &w->f->fields[k], i, world_now(w, i, k), sent))
            return true;
    }
    return false;
}

static bool
is_refused(struct world *w, size_t t, const struct val *set)
{
    const char *text = val_text(val_get(set, "any"));

    return (w->what & WORLD_REFUSES) != 0 && t == w->refusing && text != NULL && *text == 'B';
}

/* Of what was sent the shadow takes what is stored there; not what somebody changed since. */
static void
take_answer(struct world *w, size_t t, const struct val *sent)
{
    struct val *stored = world_stored_set(w, t, sent), *kept = val_object(w->f->a);

    for (size_t k = 0; k < WORLD_FIELDS; k++) {
        const struct val *v = val_get(stored, world_fields[k]);

        if (v != NULL && val_equal(v, world_now(w, t, k)))
            val_set(w->f->a, kept, world_fields[k], val_copy(w->f->a, v));
        if (v != NULL)
            world_drop_owed(w, world_fields[k], w->f->systems[t].name);
    }
    world_lay_over(w, &w->shadow[t], kept);
}

/* What is not sent is null in the new record. */
static struct val *
new_record(struct world *w, size_t t, const struct val *set)
{
    struct val *record = world_stored_set(w, t, set);

    for (size_t k = 0; k < WORLD_FIELDS; k++)
        if (val_get(record, world_fields[k]) == NULL)
            val_set(w->f->a, record, world_fields[k], val_null(w->f->a));
    return record;
}

/* Another record is the end there now: what was sent to the old one never comes to it. */
static void
forget_writes(struct world *w, size_t t)
{
    size_t flights = 0, late = 0;

    for (size_t k = 0; k < w->n_flights; k++)
        if (w->flights[k].target != t)
            w->flights[flights++] = w->flights[k];
    for (size_t k = 0; k < w->f->in.n_late; k++)
        if (w->f->late[k].end != t)
            w->f->late[late++] = w->f->late[k];
    w->n_flights = flights;
    w->f->in.n_late = late;
}

/* A record of ours is an end now, instead of the one that was there. */
static void
link_made(struct world *w, size_t t, struct val *record, const struct val *set)
{
    struct val *rest = val_object(w->f->a);

    w->creates++;
    forget_writes(w, t);
    w->now[t] = record;
    w->shadow[t] = w->trash[t] = NULL;
    w->diverged[t] = NULL;
    w->tombstone[t] = w->vanished[t] = false;
    for (size_t k = 0; k < WORLD_FIELDS; k++)
        if (val_get(set, world_fields[k]) == NULL && val_is_null(world_now(w, t, k)))
            val_set(w->f->a, rest, world_fields[k], val_null(w->f->a));
    world_lay_over(w, &w->shadow[t], rest);
    take_answer(w, t, set);
}

static void
drop_all_owed(struct world *w, size_t t)
{
    for (size_t k = 0; k < WORLD_FIELDS; k++)
        world_drop_owed(w, world_fields[k], w->f->systems[t].name);
}

static void
bury(struct world *w, size_t t)
{
    w->now[t] = NULL;
    w->tombstone[t] = true;
    drop_all_owed(w, t);
}

/* A write that is answered. */
static void
carry_out(struct world *w, const struct decision_write *write)
{
    size_t t = index_of(w, write->target);

    if (strcmp(write->action, "delete") == 0) {
        w->deletes++;
        w->trash[t] = w->now[t] != NULL ? w->now[t] : w->trash[t];
        bury(w, t);
    } else if (strcmp(write->action, "create") == 0) {
        link_made(w, t, new_record(w, t, write->set), write->set);
    } else {
        w->writes++;
        world_lay_over(w, &w->now[t], world_stored_set(w, t, write->set));
        take_answer(w, t, write->set);
    }
}

/* A person links by hand what it made, or says that it made nothing. */
void
world_recover(struct world *w, size_t t)
{
    struct val *record = w->made[t];

    if (!w->unknown[t])
        return;
    w->unknown[t] = false;
    w->made[t] = NULL;
    world_tell(w, "%s: the create was%s done", w->f->systems[t].name, record == NULL ? " not" : "");
    if (record == NULL || w->now[t] != NULL)
        return;
    drop_all_owed(w, t);
    forget_writes(w, t);
    w->now[t] = record;
    w->shadow[t] = val_object(w->f->a);
    w->trash[t] = NULL;
    w->diverged[t] = NULL;
    w->tombstone[t] = w->vanished[t] = false;
}

/* It is found by a look-up, or nobody knows. */
static void
lose_create(struct world *w, size_t t, const struct val *set)
{
    if (world_draw(w, 3) == 0) {
        link_made(w, t, new_record(w, t, set), set);
        return;
    }
    w->unknown[t] = true;
    if (world_draw(w, 2) == 0)
        w->made[t] = new_record(w, t, set);
}

/* It is gone there, and nobody has said so; an event may come. */
static void
lose_delete(struct world *w, size_t t)
{
    if (world_draw(w, 2) == 0 || w->now[t] == NULL)
        return;
    w->trash[t] = w->now[t];
    w->now[t] = NULL;
    w->vanished[t] = world_draw(w, 2) == 0;
}

static void
lose_update(struct world *w, size_t t, const struct val *set)
{
    if (w->f->in.n_late >= FIXTURE_ROWS || w->n_flights >= WORLD_FLIGHTS)
        return;
    w->f->late[w->f->in.n_late++] = (struct decide_late){t, set};
    if (world_draw(w, 3) == 0)
        world_lay_over(w, &w->now[t], world_stored_set(w, t, set));
    else if (world_draw(w, 2) == 0)
        w->flights[w->n_flights++] = (struct flight){t, set};
}

/* No answer: it landed, or will, or never does. What is owed remembers it. */
static void
lose(struct world *w, const struct decision_write *write)
{
    size_t t = index_of(w, write->target);

    world_tell(w, "%s: %s is not answered", write->target, write->action);
    if (strcmp(write->action, "create") == 0)
        lose_create(w, t, write->set);
    else if (strcmp(write->action, "delete") == 0)
        lose_delete(w, t);
    else
        lose_update(w, t, write->set);
}

static void
refuse(struct world *w, const struct decision_write *write)
{
    for (size_t k = 0; k < write->set->n; k++)
        find_owed(w, write->set->u.members[k].name, write->target)->refused = true;
}

/* Returns whether it was done. */
static bool
play(struct world *w, const struct decision_write *write, bool loss)
{
    size_t t = index_of(w, write->target);
    bool deletes = strcmp(write->action, "delete") == 0;

    if (w->f->ends[t].state == END_UNREAD || (write->set->n == 0 && !deletes))
        return false;
    if (w->now[t] == NULL && strcmp(write->action, "update") == 0)
        return false; /* not found: it was deleted meanwhile */
    if (w->now[t] != NULL && deletes)
        world_check_delete(w, t);
    if (is_refused(w, t, write->set)) {
        refuse(w, write);
        return false;
    }
    if (loss && (w->what & WORLD_LOSES) != 0 && world_draw(w, 2) == 0) {
        lose(w, write);
        return false;
    }
    carry_out(w, write);
    return true;
}

/* ---- a turn ---- */

static bool
is_touched(const struct world *w, size_t i, size_t k)
{
    const struct decision *d = &w->f->d;

    for (size_t l = 0; l < d->n_writes; l++)
        if (index_of(w, d->writes[l].target) == i &&
            (strcmp(d->writes[l].action, "update") != 0 ||
             val_get(d->writes[l].set, world_fields[k]) != NULL))
            return true;
    return false;
}

/*
 * Between the decision and its writes people go on, at its source and at its targets. Only what is
 * being written just then is left alone: nobody can see that (CAVEATS of sync-diff).
 */
static void
race(struct world *w)
{
    size_t i = world_draw(w, w->n), k = world_draw(w, WORLD_FIELDS);

    if (world_draw(w, 3) > 0 || is_touched(w, i, k))
        return;
    world_tell(w, "meanwhile");
    if ((w->what & WORLD_DELETES) != 0 && w->now[i] != NULL && world_draw(w, 6) == 0)
        world_remove_or_restore(w, i);
    else
        world_edit(w, i, k);
}

static void
tell_end(struct world *w, size_t i)
{
    static const char *const states[] = {"missing", "live", "gone", "deleted", "unread"};
    const struct decide_end *e = &w->f->ends[i];
    struct arena *a = w->f->a;

    world_tell(w, "   %s %s %s\n     shadow %s diverged %s%s%s", w->f->systems[i].name,
               states[e->state], e->fields == NULL ? "" : val_canon_text(a, e->fields),
               e->shadow == NULL ? "none" : val_canon_text(a, e->shadow),
               e->diverged == NULL ? "" : val_canon_text(a, e->diverged),
               e->tombstone ? " tombstone" : "", e->unknown_create ? " unknown create" : "");
}

static void
tell_turn(struct world *w, const char *decided)
{
    if (!w->told)
        return;
    world_tell(w, "turn of %s%s", w->f->systems[w->f->in.nominator].name,
               w->ended ? ", ended" : "");
    for (size_t i = 0; i < w->n; i++)
        tell_end(w, i);
    for (size_t k = 0; k < w->f->in.n_late; k++)
        world_tell(w, "   late at %s: %s", w->f->systems[w->f->late[k].end].name,
                   val_canon_text(w->f->a, w->f->late[k].fields));
    for (size_t k = 0; k < w->f->in.n_owed; k++)
        world_tell(w, "   owed to %s: %s %s of %s%s", w->f->owed[k].target, w->f->owed[k].field,
                   val_canon_text(w->f->a, w->f->owed[k].value), w->f->owed[k].source,
                   w->f->owed[k].refused ? ", refused" : "");
    world_tell(w, "   => %s", decided);
}

/* Now and then for every nominator: it makes no difference who is asked. */
static void
decide_once(struct world *w)
{
    if (w->told || w->turns % 4 == 0) {
        tell_turn(w, fixture_decide(w->f));
        return;
    }
    memset(&w->f->d, 0, sizeof w->f->d);
    decide(w->f->a, &w->f->in, &w->f->d);
}

size_t
world_turn(struct world *w, size_t i, bool loss)
{
    struct decision *d = &w->f->d;
    bool done = true;

    w->turns++;
    w->f->in.nominator = i;
    w->f->in.ended = w->ended;
    w->f->in.event_type = w->vanished[i] ? "deleted" : "updated";
    for (size_t k = 0; k < w->n; k++)
        look_at(w, k, loss && (w->what & WORLD_HIDES) != 0 && world_draw(w, 8) == 0);
    if (w->f->ends[i].state == END_MISSING || (w->now[i] == NULL && !w->vanished[i]))
        return 0;
    decide_once(w);
    world_check_decision(w);
    if (d->disposition == NULL && d->n_writes == 0)
        return 0; /* held until all can be read */
    commit(w);
    if (loss && (w->what & WORLD_RACES) != 0)
        race(w);
    for (size_t k = 0; k < d->n_writes; k++)
        done &= play(w, &d->writes[k], loss);
    w->ended = w->ended || (d->ended_why != NULL && done);
    w->vanished[i] = w->vanished[i] && d->ended_why != NULL && !done;
    return d->n_writes;
}
