#include <config.h>

#include "world.h"

#include <string.h>

#include "../unit.h"
#include "sync/compare.h"

const char *const world_fields[WORLD_FIELDS] = {"any", "owned", "word", "ref"};

uint64_t
world_draw(struct world *w, uint64_t n)
{
    w->state ^= w->state << 13;
    w->state ^= w->state >> 7;
    w->state ^= w->state << 17;
    return w->state % n;
}

/* What system I makes of V when it stores it. */
static struct val *
stores(struct world *w, size_t i, const char *field, const struct val *v)
{
    const char *text = val_text(v);
    char *copy;

    if (text == NULL || strcmp(field, "any") != 0)
        return val_copy(w->f->a, v);
    copy = arena_text(w->f->a, text);
    if (i == 1 && copy[0] != '\0' && copy[strlen(copy) - 1] == ' ')
        copy[strlen(copy) - 1] = '\0';
    if (i == 3 && copy[0] >= 'A' && copy[0] <= 'Z')
        copy[0] = (char)(copy[0] - 'A' + 'a');
    return val_string(w->f->a, copy);
}

static struct val *
some_value(struct world *w, size_t i, size_t k)
{
    static const char *const texts[] = {"A", "a", "B", "B ", ""};
    static const char *const words[] = {"one", "two", "zwei"};
    static const char *const others[] = {"1", "2"};
    static const char *const ids[] = {"7", "8"};

    if (world_draw(w, 6) == 0)
        return val_null(w->f->a);
    if (k == 2)
        return val_string(w->f->a, i == 0 ? words[world_draw(w, 3)] : others[world_draw(w, 2)]);
    if (k == 3)
        return val_string(w->f->a, arena_printf(w->f->a, "%s%zu", ids[world_draw(w, 2)], i));
    return stores(w, i, world_fields[k], val_string(w->f->a, texts[world_draw(w, 5)]));
}

/* ---- what people do ---- */

static void
touch(struct world *w, size_t i)
{
    w->clock += (int64_t)world_draw(w, 9000);
    w->changed_at[i] = w->clock;
}

void
world_edit(struct world *w, size_t i, size_t k)
{
    struct val *value = some_value(w, i, k);

    touch(w, i);
    if (w->now[i] == NULL)
        return;
    w->now[i] = val_copy(w->f->a, w->now[i]);
    val_set(w->f->a, w->now[i], world_fields[k], value);
}

static void
remove_or_restore(struct world *w, size_t i)
{
    touch(w, i);
    if (w->now[i] != NULL) {
        w->trash[i] = w->now[i];
        w->now[i] = NULL;
        w->vanished[i] = true;
    } else if (w->trash[i] != NULL) {
        w->now[i] = w->trash[i];
        w->vanished[i] = false;
    }
}

/* The next of what `ref` names has a record at all systems now, or (half) at the first two. */
static void
link_more(struct world *w)
{
    struct value_table *t = (struct value_table *)w->f->fields[3].values;
    const char *id = w->linked < 2 ? "7" : "8";

    if (w->linked >= 4)
        return;
    for (size_t i = 0; i < w->n; i++) {
        struct value_system *s = &t->systems[i];

        if ((w->linked % 2 == 0) != (i < 2))
            continue;
        s->rows[s->n_rows].word = arena_printf(w->f->a, "%s%zu", id, i);
        s->rows[s->n_rows++].unified = arena_printf(w->f->a, "F%s", id);
    }
    w->linked++;
}

/* ---- a world ---- */

static void
make_fields(struct world *w)
{
    struct fixture *f = w->f;
    struct sync_field *owned;

    fixture_field(f, "any", FIELD_TEXT, -1);
    owned = fixture_field(f, "owned", FIELD_TEXT, (int)world_draw(w, w->n));
    fixture_field(f, "word", FIELD_ENUM, -1);
    fixture_field(f, "ref", FIELD_REF, -1)->ref = "crm/companies";
    if (world_draw(w, 3) == 0)
        owned->owner.kind = OWNER_CREATOR;
    owned->enforce = world_draw(w, 2) == 0;
    f->in.owned_by = f->systems[world_draw(w, w->n)].name;
    if ((w->what & WORLD_CLASHES) != 0)
        fixture_conflict(f, "any", world_draw(w, 2) == 0 ? POLICY_MANUAL : POLICY_SYSTEM,
                         (int)world_draw(w, w->n));
    fixture_stores(f, 1, "any", STORES_TRIM, 0);
    fixture_table(f, "word", UNMAPPED_REJECT,
                  "a one=eins a two=zwei a zwei=zwei b 1=eins b 2=zwei c 1=eins c 2=zwei d 1=eins "
                  "d 2=zwei");
    fixture_table(f, "ref", UNMAPPED_OWE, "a -=- b -=- c -=- d -=-");
}

struct world
world_begin(size_t n, uint64_t seed, unsigned what)
{
    struct world w = {.f = fixture_new(n),
                      .seed = seed,
                      .state = seed * 2654435761u + 88172645463325252u,
                      .what = what,
                      .n = n,
                      .clock = 1000000};

    for (int k = 0; k < 20; k++)
        world_draw(&w, 2);
    make_fields(&w);
    w.refusing = world_draw(&w, n);
    fixture_first_contact(w.f, POLICY_SYSTEM, 0);
    w.f->sync.deletes.propagate = world_draw(&w, 2) == 0;
    w.f->sync.recreate = world_draw(&w, 2) == 0;
    for (size_t i = 0; i < n; i++) {
        w.now[i] = val_object(w.f->a);
        for (size_t k = 0; k < WORLD_FIELDS; k++)
            val_set(w.f->a, w.now[i], world_fields[k], some_value(&w, i, k));
        w.changed_at[i] = w.clock;
    }
    return w;
}

void
world_end(struct world *w)
{
    fixture_free(w->f);
}

size_t
world_owner(const struct world *w)
{
    const struct owner *o = &w->f->fields[1].owner;

    return (size_t)sync_index(&w->f->sync,
                              o->kind == OWNER_CREATOR ? w->f->in.owned_by : o->system->name);
}

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
    if (w->shadow[i] == NULL && w->now[i] == NULL)
        e->state = END_MISSING;
    else if (hidden && !nominates)
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

static void
lay_over(struct world *w, struct val **object, const struct val *fields)
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
find_owed(struct world *w, const char *field, const char *target)
{
    for (size_t k = 0; k < w->f->in.n_owed; k++)
        if (strcmp(w->f->owed[k].field, field) == 0 && strcmp(w->f->owed[k].target, target) == 0)
            return &w->f->owed[k];
    return NULL;
}

static void
drop_owed(struct world *w, const char *field, const char *target)
{
    struct decide_owed *o = find_owed(w, field, target);

    if (o != NULL)
        *o = w->f->owed[--w->f->in.n_owed];
}

static void
owe(struct world *w, const struct decision_write *write, const struct val *fields)
{
    for (size_t k = 0; fields != NULL && k < fields->n; k++) {
        const struct val_member *m = &fields->u.members[k];

        drop_owed(w, m->name, write->target);
        ck_assert_uint_lt(w->f->in.n_owed, FIXTURE_ROWS);
        w->f->owed[w->f->in.n_owed++] =
            (struct decide_owed){m->name,  write->target, val_get_text(write->sources, m->name),
                                 m->value, w->clock,      false};
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
            drop_owed(w, r->field, d->ends[k].system);
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
        lay_over(w, &w->shadow[i], d->ends[k].covered);
    }
    for (size_t k = 0; k < d->n_rules; k++)
        commit_rule(w, &d->rules[k]);
    for (size_t k = 0; k < d->n_writes; k++) {
        owe(w, &d->writes[k], d->writes[k].set);
        owe(w, &d->writes[k], d->writes[k].later);
    }
}

/* ---- writes ---- */

static void
forget_late(struct world *w, size_t t)
{
    size_t kept = 0;

    for (size_t k = 0; k < w->f->in.n_late; k++)
        if (w->f->late[k].end != t)
            w->f->late[kept++] = w->f->late[k];
    w->f->in.n_late = kept;
}

static struct val *
as_stored(struct world *w, size_t t, const struct val *set)
{
    struct val *stored = val_object(w->f->a);

    for (size_t k = 0; k < set->n; k++)
        val_set(w->f->a, stored, set->u.members[k].name,
                stores(w, t, set->u.members[k].name, set->u.members[k].value));
    return stored;
}

static bool
is_refused(struct world *w, size_t t, const struct val *set)
{
    const char *text = val_text(val_get(set, "any"));

    return (w->what & WORLD_REFUSES) != 0 && t == w->refusing && text != NULL && *text == 'B';
}

/* A write that is answered: its answer is the shadow. What is lost and older may not come later in
 * this world, once a newer one is there. */
static void
carry_out(struct world *w, const struct decision_write *write)
{
    size_t t = index_of(w, write->target), kept = 0;
    struct val *stored = as_stored(w, t, write->set);

    w->writes++;
    if (strcmp(write->action, "delete") == 0) {
        w->deletes++;
        w->now[t] = NULL;
        w->tombstone[t] = true;
        return;
    }
    if (strcmp(write->action, "create") == 0) {
        for (size_t k = 0; k < WORLD_FIELDS; k++)
            if (val_get(stored, world_fields[k]) == NULL)
                val_set(w->f->a, stored, world_fields[k], val_null(w->f->a));
        w->now[t] = w->shadow[t] = NULL;
        w->trash[t] = NULL; /* another record has its place */
        w->diverged[t] = NULL;
        w->tombstone[t] = w->vanished[t] = false;
    }
    lay_over(w, &w->now[t], stored);
    lay_over(w, &w->shadow[t], stored);
    for (size_t k = 0; k < write->set->n; k++)
        drop_owed(w, write->set->u.members[k].name, write->target);
    for (size_t k = 0; k < w->n_flights; k++)
        if (w->flights[k].target != t)
            w->flights[kept++] = w->flights[k];
    w->n_flights = kept;
    forget_late(w, t);
}

/* No answer: it landed, or will, or never does. Only what is owed remembers it. */
static void
lose(struct world *w, const struct decision_write *write)
{
    size_t t = index_of(w, write->target);

    if (strcmp(write->action, "update") != 0 || w->f->in.n_late >= FIXTURE_ROWS ||
        w->n_flights >= WORLD_FLIGHTS)
        return;
    w->f->late[w->f->in.n_late++] = (struct decide_late){t, write->set};
    if (world_draw(w, 3) == 0)
        lay_over(w, &w->now[t], as_stored(w, t, write->set));
    else if (world_draw(w, 2) == 0)
        w->flights[w->n_flights++] = (struct flight){t, write->set};
}

/* No delete of what nobody has seen. */
static void
check_delete(struct world *w, size_t t)
{
    for (size_t k = 0; k < WORLD_FIELDS; k++) {
        const struct val *now = val_get(w->now[t], world_fields[k]);
        bool late = false;

        for (size_t l = 0; l < w->f->in.n_late; l++)
            late |=
                w->f->late[l].end == t && val_get(w->f->late[l].fields, world_fields[k]) != NULL;
        ck_assert_msg(late || compare_same(w->f->a, &w->f->sync, &w->f->fields[k], t, now,
                                           val_get(w->shadow[t], world_fields[k])),
                      "seed %llu: an edit of %s was deleted", (unsigned long long)w->seed,
                      world_fields[k]);
    }
}

/* Returns whether it was done. */
static bool
play(struct world *w, const struct decision_write *write, bool loss)
{
    size_t t = index_of(w, write->target);

    if (w->f->ends[t].state == END_UNREAD ||
        (write->set->n == 0 && strcmp(write->action, "delete") != 0))
        return false;
    if (strcmp(write->action, "delete") == 0)
        check_delete(w, t);
    if (is_refused(w, t, write->set)) {
        for (size_t k = 0; k < write->set->n; k++)
            find_owed(w, write->set->u.members[k].name, write->target)->refused = true;
        return false;
    }
    if (loss && (w->what & WORLD_LOSES) != 0 && world_draw(w, 2) == 0) {
        lose(w, write);
        return false;
    }
    carry_out(w, write);
    return true;
}

size_t
world_turn(struct world *w, size_t i, bool loss)
{
    struct decision *d = &w->f->d;
    bool done = true;

    w->f->in.nominator = i;
    w->f->in.ended = w->ended;
    w->f->in.event_type = w->vanished[i] ? "deleted" : "updated";
    for (size_t k = 0; k < w->n; k++)
        look_at(w, k, loss && (w->what & WORLD_HIDES) != 0 && world_draw(w, 8) == 0);
    if (w->f->ends[i].state == END_MISSING || (w->now[i] == NULL && !w->vanished[i]))
        return 0;
    fixture_decide(w->f);
    ck_assert_msg(d->reject_code == NULL, "seed %llu: %s", (unsigned long long)w->seed, d->text);
    if (d->disposition == NULL && d->n_writes == 0)
        return 0; /* held until all can be read */
    commit(w);
    for (size_t k = 0; k < d->n_writes; k++)
        done &= play(w, &d->writes[k], loss);
    w->ended = w->ended || (d->ended_why != NULL && done);
    w->vanished[i] = w->vanished[i] && d->ended_why != NULL && !done;
    return d->n_writes;
}

/* ---- time passes ---- */

static void
land(struct world *w)
{
    struct flight *x;

    if (w->n_flights == 0)
        return;
    x = &w->flights[--w->n_flights];
    if (w->now[x->target] != NULL)
        lay_over(w, &w->now[x->target], as_stored(w, x->target, x->set));
}

void
world_step(struct world *w)
{
    size_t i = world_draw(w, w->n);

    if ((w->what & WORLD_DELETES) != 0 && world_draw(w, 5) == 0)
        remove_or_restore(w, i);
    else if (world_draw(w, 6) == 0)
        land(w);
    else if (world_draw(w, 6) == 0)
        link_more(w);
    else
        world_edit(w, i, world_draw(w, WORLD_FIELDS));
}

/* sync-ctl conflicts resolve: one system's value, or one of a person's own. */
static void
resolve(struct world *w)
{
    size_t from = world_draw(w, w->n);
    bool take = val_get(w->values, w->f->systems[from].name) != NULL;

    w->f->in.n_closed = 0;
    for (size_t i = 0; i < w->n; i++) {
        const char *name = w->f->systems[i].name;
        const struct val *shown = val_get(w->values, name);
        struct val *fields = val_object(w->f->a);

        if (shown == NULL)
            continue;
        val_set(w->f->a, fields, "any", val_copy(w->f->a, shown));
        lay_over(w, &w->shadow[i], fields);
        drop_owed(w, "any", name);
        if (take && i == from)
            continue;
        w->f->owed[w->f->in.n_owed++] = (struct decide_owed){
            "any",
            name,
            take ? w->f->systems[from].name : DECIDE_PERSON,
            take ? val_get(w->values, w->f->systems[from].name) : fixture_json(w->f, "'P'"),
            w->clock,
            false};
    }
}

void
world_settle(struct world *w)
{
    size_t writes = 1;

    while (w->n_flights > 0)
        land(w);
    while (w->linked < 4)
        link_more(w);
    if (w->f->in.n_closed > 0) {
        for (size_t i = 0; i < w->n; i++)
            world_turn(w, i, false); /* the conflict shows what is there now */
        resolve(w);
    }
    for (int round = 0; writes > 0; round++) {
        ck_assert_msg(round < 6, "seed %llu: it does not settle: %s", (unsigned long long)w->seed,
                      fixture_decide(w->f));
        writes = 0;
        for (size_t i = 0; i < w->n; i++)
            writes += world_turn(w, i, false);
        if (round > 0 &&
            w->f->in.n_closed == 0) /* what is still refused is decided, and not written */
            for (size_t k = 0; k < w->f->in.n_owed; k++)
                ck_assert_msg(writes > 0 || w->f->owed[k].refused || w->ended ||
                                  w->now[index_of(w, w->f->owed[k].target)] == NULL,
                              "seed %llu: %s is owed", (unsigned long long)w->seed,
                              w->f->owed[k].field);
    }
}

static bool
is_open(struct world *w, const char *field)
{
    if (w->f->in.n_closed > 0 && strcmp(field, world_fields[0]) == 0)
        return true;
    for (size_t i = 0; i < w->n; i++)
        if (names_has(w->diverged[i], field) || find_owed(w, field, w->f->systems[i].name) != NULL)
            return true;
    return false;
}

/*
 * System d stores in its own way, and says nothing: it is left out of `any`. So are a and c where
 * ends come and go: of b, which trims, both are right while they are two.
 */
void
world_check(struct world *w)
{
    bool strict = (w->what & WORLD_DELETES) == 0;

    for (size_t k = 0; k < WORLD_FIELDS && !w->ended; k++) {
        size_t n = k == 0 && w->n > 3 ? 3 : w->n;

        if (is_open(w, world_fields[k]))
            continue;
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++)
                ck_assert_msg((k == 0 && j == 2 && i == 0 && !strict) || w->now[i] == NULL ||
                                  w->now[j] == NULL ||
                                  compare_equal(w->f->a, &w->f->sync, &w->f->fields[k], i,
                                                val_get(w->now[i], world_fields[k]), j,
                                                val_get(w->now[j], world_fields[k])),
                              "seed %llu: %s differs at %zu and %zu", (unsigned long long)w->seed,
                              world_fields[k], i, j);
    }
}
