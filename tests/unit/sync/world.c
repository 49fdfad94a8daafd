#include <config.h>

#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "sync/compare.h"

const char *const world_fields[WORLD_FIELDS] = {"any", "owned", "word", "ref"};

void
world_tell(const struct world *w, const char *format, ...)
{
    va_list args;

    if (!w->told)
        return;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

uint64_t
world_draw(struct world *w, uint64_t n)
{
    w->state ^= w->state << 13;
    w->state ^= w->state >> 7;
    w->state ^= w->state << 17;
    return w->state % n;
}

struct val *
world_stored(struct world *w, size_t i, const char *field, const struct val *v)
{
    const char *text = val_text(v);
    char *copy;

    if (text == NULL || strcmp(field, "any") != 0)
        return val_copy(w->f->a, v);
    copy = arena_text(w->f->a, text);
    if (i == w->trims && copy[0] != '\0' && copy[strlen(copy) - 1] == ' ')
        copy[strlen(copy) - 1] = '\0';
    if (i == w->lowers && copy[0] >= 'A' && copy[0] <= 'Z')
        copy[0] = (char)(copy[0] - 'A' + 'a');
    return val_string(w->f->a, copy);
}

struct val *
world_some_value(struct world *w, size_t i, size_t k)
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
    return world_stored(w, i, world_fields[k], val_string(w->f->a, texts[world_draw(w, 5)]));
}

/* ---- what people do ---- */

struct val *
world_stored_set(struct world *w, size_t i, const struct val *set)
{
    struct val *stored = val_object(w->f->a);

    for (size_t k = 0; k < set->n; k++)
        val_set(w->f->a, stored, set->u.members[k].name,
                world_stored(w, i, set->u.members[k].name, set->u.members[k].value));
    return stored;
}

static void
touch(struct world *w, size_t i)
{
    w->clock += (int64_t)world_draw(w, 9000);
    w->changed_at[i] = w->clock;
}

void
world_set(struct world *w, size_t i, size_t k, struct val *value)
{
    struct val **record = w->now[i] == NULL && w->unknown[i] ? &w->made[i] : &w->now[i];

    touch(w, i);
    if (*record == NULL)
        return;
    world_tell(w, "%s: %s := %s", w->f->systems[i].name, world_fields[k],
               val_canon_text(w->f->a, value));
    if (val_equal(value, val_get(w->shadow[i], world_fields[k])))
        w->edited[i][k] = w->decided[i][k]; /* nobody will see that it was something else */
    else
        w->edited[i][k] = ++w->edits;
    *record = val_copy(w->f->a, *record);
    val_set(w->f->a, *record, world_fields[k], value);
}

void
world_edit(struct world *w, size_t i, size_t k)
{
    world_set(w, i, k, world_some_value(w, i, k));
}

void
world_remove_or_restore(struct world *w, size_t i)
{
    touch(w, i);
    if (w->now[i] != NULL) {
        world_tell(w, "%s: deleted", w->f->systems[i].name);
        w->trash[i] = w->now[i];
        w->now[i] = NULL;
        w->vanished[i] = true;
    } else if (w->trash[i] != NULL) {
        world_tell(w, "%s: restored", w->f->systems[i].name);
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
    fixture_stores(f, w->trims, "any", STORES_TRIM, 0);
    fixture_table(f, "word", UNMAPPED_REJECT,
                  "a one=eins a two=zwei a zwei=zwei b 1=eins b 2=zwei c 1=eins c 2=zwei d 1=eins "
                  "d 2=zwei");
    fixture_table(f, "ref", UNMAPPED_OWE, "a -=- b -=- c -=- d -=-");
}

/* A person makes a record. */
static void
appear(struct world *w, size_t i)
{
    w->now[i] = val_object(w->f->a);
    for (size_t k = 0; k < WORLD_FIELDS; k++) {
        val_set(w->f->a, w->now[i], world_fields[k], world_some_value(w, i, k));
        w->edited[i][k] = ++w->edits;
    }
    w->changed_at[i] = w->clock;
    world_tell(w, "%s: made %s", w->f->systems[i].name, val_canon_text(w->f->a, w->now[i]));
}

/* One system has a record, the others most often not. */
static void
begin_alone(struct world *w)
{
    size_t first = world_draw(w, w->n);

    for (size_t i = 0; i < w->n; i++) {
        w->f->create[i] = true;
        if (i != first && world_draw(w, 3) > 0)
            w->now[i] = NULL;
    }
}

/* Who speaks for a first contact: most often a system, which need not take part. */
static void
draw_first_contact(struct world *w)
{
    static const enum policy_kind kinds[] = {POLICY_OWNER, POLICY_FILL, POLICY_REPORT};
    uint64_t k = world_draw(w, 6);

    fixture_first_contact(w->f, k < 3 ? kinds[k] : POLICY_SYSTEM, (int)world_draw(w, w->n));
}

struct world
world_begin(size_t n, uint64_t seed, unsigned what)
{
    struct world w = {.f = fixture_new(n),
                      .seed = seed,
                      .state = seed * 2654435761u + 88172645463325252u,
                      .what = what,
                      .n = n,
                      .clock = 1000000,
                      .told = getenv("LOOPLESS_LAW_TRACE") != NULL};

    world_tell(&w, "== %zu systems, seed %llu, what %u", n, (unsigned long long)seed, what);
    for (int k = 0; k < 20; k++)
        world_draw(&w, 2);
    w.trims = world_draw(&w, n);
    w.lowers = n > 3 ? (w.trims + 1 + world_draw(&w, n - 1)) % n : n;
    make_fields(&w);
    w.refusing = world_draw(&w, n);
    draw_first_contact(&w);
    w.f->sync.deletes.propagate = world_draw(&w, 2) == 0;
    w.f->sync.recreate = world_draw(&w, 2) == 0;
    for (size_t i = 0; i < n; i++)
        appear(&w, i);
    if ((what & WORLD_MISSES) != 0)
        begin_alone(&w);
    return w;
}

void
world_end(struct world *w)
{
    fixture_free(w->f);
}

bool
world_may_write(const struct world *w, size_t i, size_t k)
{
    return k != WORLD_OWNED || world_owner(w) == i;
}

const struct val *
world_now(const struct world *w, size_t i, size_t k)
{
    return val_get(w->now[i], world_fields[k]);
}

size_t
world_owner(const struct world *w)
{
    const struct owner *o = &w->f->fields[1].owner;

    return (size_t)sync_index(&w->f->sync,
                              o->kind == OWNER_CREATOR ? w->f->in.owned_by : o->system->name);
}

/* ---- time passes ---- */

static void
land(struct world *w)
{
    struct flight x;
    size_t k;

    if (w->n_flights == 0)
        return;
    k = world_draw(w, w->n_flights);
    x = w->flights[k];
    w->flights[k] = w->flights[--w->n_flights];
    if (w->now[x.target] == NULL)
        return;
    world_lay_over(w, &w->now[x.target], world_stored_set(w, x.target, x.set));
    world_tell(w, "%s: %s lands late", w->f->systems[x.target].name,
               val_canon_text(w->f->a, x.set));
}

/* Has something landed there that no decision has seen? */
static bool
is_unseen(const struct world *w, size_t i, size_t k)
{
    return w->now[i] != NULL && world_is_late(w, i, k) &&
           !val_equal(world_now(w, i, k), val_get(w->shadow[i], world_fields[k]));
}

/* What has not landed by now never does, and is not looked for any more. What has is seen within
 * the hour. */
static void
pass_an_hour(struct world *w)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < WORLD_FIELDS; k++)
            if (is_unseen(w, i, k))
                return;
    world_tell(w, "an hour passes");
    w->clock += 3600000;
    w->n_flights = 0;
    w->f->in.n_late = 0;
}

/* Somebody makes a record where none is, or finds out what became of a create. */
static void
find_or_make(struct world *w, size_t i)
{
    if (w->unknown[i])
        world_recover(w, i);
    else if (w->now[i] == NULL && w->shadow[i] == NULL && !w->ended)
        appear(w, i);
}

void
world_step(struct world *w)
{
    size_t i = world_draw(w, w->n);

    if ((w->what & WORLD_DELETES) != 0 && world_draw(w, 5) == 0)
        world_remove_or_restore(w, i);
    else if ((w->what & WORLD_MISSES) != 0 && world_draw(w, 5) == 0)
        find_or_make(w, i);
    else if (world_draw(w, 6) == 0)
        land(w);
    else if (world_draw(w, 6) == 0)
        link_more(w);
    else if ((w->what & WORLD_LOSES) != 0 && world_draw(w, 20) == 0)
        pass_an_hour(w);
    else
        world_edit(w, i, world_draw(w, WORLD_FIELDS));
}

/* sync-ctl conflicts resolve: one system's value, or one of a person's own. */
static void
resolve(struct world *w)
{
    size_t from = world_draw(w, w->n);
    bool take = val_get(w->values, w->f->systems[from].name) != NULL;

    world_tell(w, "resolved: %s", take ? w->f->systems[from].name : "by a person's own value");
    w->f->in.n_closed = 0;
    for (size_t i = 0; i < w->n; i++) {
        const char *name = w->f->systems[i].name;
        const struct val *shown = val_get(w->values, name);
        struct val *fields = val_object(w->f->a);

        if (shown == NULL)
            continue;
        val_set(w->f->a, fields, "any", val_copy(w->f->a, shown));
        world_lay_over(w, &w->shadow[i], fields);
        world_drop_owed(w, "any", name);
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

/* Of a single end beside one that is gone, which may come back, nothing is decided (decide.h). */
static bool
is_alone(const struct world *w)
{
    size_t live = 0, gone = 0;

    for (size_t i = 0; i < w->n; i++) {
        live += w->now[i] != NULL;
        gone += w->now[i] == NULL && w->shadow[i] != NULL && !w->tombstone[i];
    }
    return live == 1 && gone > 0;
}

static bool
is_waiting(const struct world *w, const struct decide_owed *o)
{
    return o->refused || w->ended || w->f->in.n_closed > 0 || is_alone(w) ||
           w->now[sync_index(&w->f->sync, o->target)] == NULL;
}

/* What is still refused is decided, and not written. */
static void
check_owed(const struct world *w)
{
    for (size_t k = 0; k < w->f->in.n_owed; k++)
        ck_assert_msg(is_waiting(w, &w->f->owed[k]), "seed %llu: %s is owed to %s",
                      (unsigned long long)w->seed, w->f->owed[k].field, w->f->owed[k].target);
}

static size_t
nominate_all(struct world *w)
{
    size_t writes = 0;

    for (size_t i = 0; i < w->n; i++)
        writes += world_turn(w, i, false);
    return writes;
}

void
world_settle(struct world *w)
{
    /* a delete that is decided without a write may set free what was owed */
    int rounds = 0, quiet = 0, enough = (w->what & WORLD_DELETES) != 0 ? 2 : 1;

    world_tell(w, "-- settle");
    while (w->n_flights > 0)
        land(w);
    while (w->linked < 4)
        link_more(w);
    for (size_t i = 0; i < w->n; i++)
        world_recover(w, i);
    if (w->f->in.n_closed > 0) {
        for (int round = 0; round < 2; round++)
            nominate_all(w); /* the conflict shows what is there now, and what is made meanwhile */
        resolve(w);
    }
    while (quiet < enough) {
        quiet = nominate_all(w) == 0 ? quiet + 1 : 0;
        ck_assert_msg(++rounds < 8, "seed %llu: it does not settle: %s",
                      (unsigned long long)w->seed, fixture_decide(w->f));
    }
    check_owed(w);
    world_tell(w, "-- settled");
}
