#include <config.h>

#include "sync/decide.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "world.h"
#include "sync/compare.h"

/*
 * Laws of decide over random histories (world.h), for 2, 3 and 4 systems. LOOPLESS_LAWS=N plays N
 * histories of each instead of the few that are played at every build; LOOPLESS_LAW_SEED=S begins
 * at seed S instead of 1, alone it plays that one. LOOPLESS_LAW=NAME plays that law only.
 */
enum { HISTORIES = 85, STEPS = 6 };
enum {
    EVERYTHING = WORLD_LOSES | WORLD_REFUSES | WORLD_HIDES | WORLD_DELETES | WORLD_CLASHES |
                 WORLD_RACES | WORLD_MISSES
};

static uint64_t
number_of(const char *variable)
{
    const char *text = getenv(variable);

    return text != NULL && atol(text) > 0 ? (uint64_t)atol(text) : 0;
}

static uint64_t
first_seed(void)
{
    uint64_t seed = number_of("LOOPLESS_LAW_SEED");

    return seed > 0 ? seed : 1;
}

static uint64_t
last_seed(void)
{
    uint64_t n = number_of("LOOPLESS_LAWS");

    if (n == 0)
        n = number_of("LOOPLESS_LAW_SEED") > 0 ? 1 : HISTORIES;
    return first_seed() + n - 1;
}

/* Steps, one to three at a time, each followed by a nomination; then all that was left comes to
 * rest. */
static void
run_history(size_t n, uint64_t seed, unsigned what)
{
    struct world w = world_begin(n, seed, what);

    world_turn(&w, 0, false);
    for (int step = 0; step < STEPS; step++) {
        for (uint64_t k = world_draw(&w, 3) + 1; k > 0; k--)
            world_step(&w);
        world_turn(&w, world_draw(&w, n), true);
        if (world_draw(&w, 3) > 0)
            continue;
        world_settle(&w);
        world_check(&w);
    }
    world_settle(&w);
    world_check(&w);
    world_end(&w);
}

static void
run_histories(size_t n, unsigned what)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++)
        run_history(n, seed, what);
}

START_TEST(edits_converge)
{
    run_histories((size_t)_i, 0);
    run_histories((size_t)_i, WORLD_RACES);
}
END_TEST

START_TEST(edits_converge_though_answers_are_lost_and_writes_come_late)
{
    run_histories((size_t)_i, WORLD_LOSES | WORLD_RACES);
}
END_TEST

START_TEST(edits_converge_though_values_are_refused)
{
    run_histories((size_t)_i, WORLD_LOSES | WORLD_REFUSES | WORLD_RACES);
}
END_TEST

START_TEST(edits_converge_though_ends_cannot_be_read_for_a_while)
{
    run_histories((size_t)_i, WORLD_LOSES | WORLD_HIDES);
}
END_TEST

START_TEST(edits_converge_once_a_person_has_decided)
{
    run_histories((size_t)_i, WORLD_LOSES | WORLD_CLASHES);
}
END_TEST

/* Records are made where they are missing, once. */
START_TEST(records_are_made_where_they_are_missing)
{
    run_histories((size_t)_i, WORLD_MISSES);
    run_histories((size_t)_i,
                  WORLD_MISSES | WORLD_LOSES | WORLD_REFUSES | WORLD_HIDES | WORLD_RACES);
}
END_TEST

/* And no edit is deleted: world_turn looks at each delete. */
START_TEST(deletes_and_their_return_come_to_rest)
{
    run_histories((size_t)_i, WORLD_DELETES);
    run_histories((size_t)_i, WORLD_DELETES | WORLD_LOSES | WORLD_REFUSES | WORLD_HIDES);
}
END_TEST

START_TEST(all_at_once_comes_to_rest)
{
    run_histories((size_t)_i, EVERYTHING);
}
END_TEST

/* ---- edits ---- */

/* Did somebody at I change the owner's field after the owner did? Or before, and nobody could read
 * it until the owner's edit was decided: then it is found as a change of what the owner said. */
static bool
is_trespass(const struct world *w, size_t i, size_t owner)
{
    return w->edited[i][WORLD_OWNED] > w->edited[owner][WORLD_OWNED] ||
           w->decided_in[i][WORLD_OWNED] > w->decided_in[owner][WORLD_OWNED];
}

/* Its ends have met, and agree. */
static struct world
begin_agreed(size_t n, uint64_t seed, unsigned what)
{
    struct world w = world_begin(n, seed, what);

    fixture_first_contact(w.f, POLICY_SYSTEM, 0);
    world_turn(&w, 0, false);
    return w;
}

static void
check_owner_s(struct world *w, const struct val *edited)
{
    size_t owner = world_owner(w);

    ck_assert_msg(val_equal(world_now(w, owner, WORLD_OWNED), edited), "seed %llu: it was %s",
                  (unsigned long long)w->seed, val_canon_text(w->f->a, edited));
    for (size_t i = 0; i < w->n; i++)
        ck_assert_msg((!w->f->fields[WORLD_OWNED].enforce && is_trespass(w, i, owner)) ||
                          world_same(w, WORLD_OWNED, owner, i),
                      "seed %llu: %zu has not %s", (unsigned long long)w->seed, i,
                      val_canon_text(w->f->a, edited));
}

/*
 * Whatever others do to its field and whatever is lost on the way: it stays at the owner at all
 * times, and in the end all have it, but for those who changed it since, where nobody enforces it.
 */
START_TEST(an_owner_s_edit_is_never_lost)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = begin_agreed((size_t)_i, seed, WORLD_LOSES | WORLD_HIDES | WORLD_RACES);
        size_t owner = world_owner(&w);

        for (int step = 0; step < STEPS; step++) {
            const struct val *edited;
            long edits;

            world_edit(&w, world_draw(&w, w.n), WORLD_OWNED);
            world_edit(&w, owner, WORLD_OWNED);
            for (int turn = 0; turn < 3; turn++) {
                edited = world_now(&w, owner, WORLD_OWNED);
                edits = w.edited[owner][WORLD_OWNED];
                world_turn(&w, world_draw(&w, w.n), true);
                ck_assert_msg(w.edited[owner][WORLD_OWNED] != edits ||
                                  val_equal(world_now(&w, owner, WORLD_OWNED), edited),
                              "seed %llu: it was taken from its owner", (unsigned long long)seed);
                world_step(&w);
            }
            edited = world_now(&w, owner, WORLD_OWNED);
            world_settle(&w);
            check_owner_s(&w, edited);
        }
        world_end(&w);
    }
}
END_TEST

static void
check_everywhere(struct world *w, size_t k, size_t i, const struct val *value)
{
    ck_assert_msg(val_equal(world_now(w, i, k), value), "seed %llu: %s of %zu was %s",
                  (unsigned long long)w->seed, world_fields[k], i, val_canon_text(w->f->a, value));
    for (size_t j = 0; j < w->n; j++)
        ck_assert_msg(world_same(w, k, i, j), "seed %llu: %s did not get from %zu to %zu",
                      (unsigned long long)w->seed, world_fields[k], i, j);
}

/* What one may not write stays where it is, or is undone: nobody else sees anything of it. */
static void
check_trespass(struct world *w, size_t i, struct val *const *before)
{
    for (size_t j = 0; j < w->n; j++)
        ck_assert_msg(j == i || val_equal(world_now(w, j, WORLD_OWNED),
                                          val_get(before[j], world_fields[WORLD_OWNED])),
                      "seed %llu: %zu may not write to %zu", (unsigned long long)w->seed, i, j);
    ck_assert_msg(!w->f->fields[WORLD_OWNED].enforce ||
                      world_same(w, WORLD_OWNED, world_owner(w), i),
                  "seed %llu: what %zu may not write stays", (unsigned long long)w->seed, i);
}

/*
 * An edit at I back to what was sent there within the hour without an answer cannot be told from
 * that write. And where answers are lost nobody learns that one made another value of what was
 * sent.
 */
static bool
is_ambiguous(const struct world *w, size_t i, size_t k)
{
    bool owner = k == WORLD_OWNED && world_owner(w) == i;

    return (!owner && world_is_late(w, i, k)) ||
           (k == WORLD_ANY && w->n > 3 && (w->what & WORLD_LOSES) != 0);
}

/* Once all is at rest, one edit; it comes to all and stays where it was made, though answers are
 * lost and ends cannot be read. */
static void
edit_alone(unsigned what, size_t n, uint64_t seed)
{
    struct world w = begin_agreed(n, seed, what);

    for (int step = 0; step < STEPS; step++) {
        size_t i = world_draw(&w, n), k = world_draw(&w, WORLD_FIELDS);
        struct val *before[FIXTURE_SYSTEMS];
        const struct val *value;

        world_settle(&w);
        memcpy(before, w.now, sizeof before);
        world_edit(&w, i, k);
        value = world_now(&w, i, k);
        if (val_equal(value, val_get(before[i], world_fields[k])) || is_ambiguous(&w, i, k))
            continue;
        world_turn(&w, world_draw(&w, n), true);
        world_turn(&w, world_draw(&w, n), true);
        world_settle(&w);
        if (!world_may_write(&w, i, k))
            check_trespass(&w, i, before);
        else if (k != WORLD_ANY || w.f->in.n_closed == 0)
            check_everywhere(&w, k, i, value);
    }
    world_end(&w);
}

START_TEST(an_edit_comes_to_all_and_stays)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        edit_alone(0, (size_t)_i, seed);
        edit_alone(WORLD_LOSES | WORLD_HIDES | WORLD_CLASHES, (size_t)_i, seed);
    }
}
END_TEST

/* Two edits of one field at two ends, one well after the other: the later one is all that is left.
 */
START_TEST(of_crossing_edits_the_last_one_wins)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = begin_agreed((size_t)_i, seed, WORLD_HIDES);

        for (int step = 0; step < STEPS; step++) {
            size_t k = world_draw(&w, 2) == 0 ? WORLD_ANY : WORLD_WORD;
            size_t i = world_draw(&w, w.n), j = (i + 1 + world_draw(&w, w.n - 1)) % w.n;
            struct val *old;

            world_settle(&w);
            old = w.now[j];
            world_edit(&w, i, k);
            w.clock += w.f->sync.skew_ms;
            world_edit(&w, j, k);
            if (val_equal(world_now(&w, j, k), val_get(old, world_fields[k])))
                continue;
            world_turn(&w, world_draw(&w, w.n), true);
            world_settle(&w);
            check_everywhere(&w, k, j, world_now(&w, j, k));
        }
        world_end(&w);
    }
}
END_TEST

static long
all_writes(const struct world *w)
{
    return w->writes + w->deletes + w->creates;
}

/* One to three events at rest: edits, and deletes and their return. While records are deleted edits
 * may wait for their return, and are written then. */
START_TEST(an_edit_makes_no_more_writes_than_there_are_other_systems)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, seed % 2 == 0 ? 0 : WORLD_DELETES);
        long events = 0;

        world_turn(&w, 0, false);
        world_settle(&w);
        w.writes = 0;
        for (int step = 0; step < STEPS; step++) {
            if ((w.what & WORLD_DELETES) == 0)
                events = w.writes = 0;
            for (uint64_t k = world_draw(&w, 3) + 1; k > 0; k--, events++)
                if ((w.what & WORLD_DELETES) != 0 && world_draw(&w, 4) == 0)
                    world_remove_or_restore(&w, world_draw(&w, w.n));
                else
                    world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
            world_turn(&w, world_draw(&w, w.n), false);
            world_settle(&w);
            ck_assert_msg(all_writes(&w) <= events * ((long)w.n - 1), "seed %llu: %ld writes",
                          (unsigned long long)seed, all_writes(&w));
        }
        world_end(&w);
    }
}
END_TEST

static void
check_echoes(struct world *w)
{
    long before = all_writes(w);

    for (size_t echo = 0; echo < 2 * w->n; echo++)
        world_turn(w, echo % w->n, false);
    ck_assert_msg(all_writes(w) == before, "seed %llu: an echo writes",
                  (unsigned long long)w->seed);
}

/* Each write comes back as an event of its target, at once, twice, after the next edit, and once
 * all that was lost is settled. */
START_TEST(echoes_fed_back_write_nothing)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, 0);
        struct world x = world_begin((size_t)_i, seed, WORLD_LOSES | WORLD_CLASHES | WORLD_DELETES);

        world_turn(&w, 0, false);
        world_turn(&x, 0, false);
        for (int step = 0; step < STEPS; step++) {
            world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
            world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
            world_turn(&w, world_draw(&w, w.n), false);
            check_echoes(&w);
            world_step(&x);
            world_turn(&x, world_draw(&x, x.n), true);
            world_settle(&x);
            check_echoes(&x);
        }
        world_end(&w);
        world_end(&x);
    }
}
END_TEST

/* ---- order ---- */

struct said {
    size_t i, k;
    struct val *value;
};

static void
say(struct world *w, const struct said *s)
{
    world_set(w, s->i, s->k, s->value);
}

/* Edits of two fields, each decided for itself, the other way round, or both at once. */
static void
play_order(struct world *w, int order, const struct said *x, const struct said *y)
{
    say(w, order == 1 ? y : x);
    if (order < 2)
        world_turn(w, order == 1 ? y->i : x->i, false);
    say(w, order == 1 ? x : y);
    world_turn(w, order == 1 ? x->i : y->i, false);
}

/* All ends, what is remembered of them, and what is owed. */
static const char *
shown(struct world *w)
{
    const char *text = "";

    for (size_t i = 0; i < w->n; i++)
        text = arena_printf(w->f->a, "%s %s %s %s", text, val_canon_text(w->f->a, w->now[i]),
                            val_canon_text(w->f->a, w->shadow[i]),
                            val_canon_text(w->f->a, w->diverged[i]));
    return arena_printf(w->f->a, "%s, %zu owed", text, w->f->in.n_owed);
}

START_TEST(the_order_of_unrelated_events_is_free)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        const char *text[3];
        struct world w[3];

        for (int order = 0; order < 3; order++) {
            struct said x, y;

            w[order] = begin_agreed((size_t)_i, seed, 0);
            world_settle(&w[order]);
            x.i = world_draw(&w[order], w->n);
            y.i = world_draw(&w[order], w->n);
            x.k = world_draw(&w[order], WORLD_FIELDS);
            y.k = (x.k + 1 + world_draw(&w[order], WORLD_FIELDS - 1)) % WORLD_FIELDS;
            x.value = world_some_value(&w[order], x.i, x.k);
            y.value = world_some_value(&w[order], y.i, y.k);
            play_order(&w[order], order, &x, &y);
            text[order] = shown(&w[order]);
        }
        ck_assert_str_eq(text[0], text[1]);
        ck_assert_str_eq(text[0], text[2]);
        for (int order = 0; order < 3; order++)
            world_end(&w[order]);
    }
}
END_TEST

/* ---- records come and go ---- */

/* Is there nothing to make a record of? What is known to differ does not count. */
static bool
is_blank(const struct world *w)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; w->now[i] != NULL && k < WORLD_FIELDS; k++)
            if (!world_is_known(w, k, i) && !val_is_null(world_now(w, i, k)))
                return false;
    return true;
}

/* One end is missing at first: made once with what the others settled, then left alone. */
START_TEST(a_created_end_settles)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, 0);
        size_t missing = world_draw(&w, w.n);

        w.now[missing] = NULL;
        w.f->create[missing] = true;
        for (int step = 0; step < STEPS; step++) {
            world_turn(&w, (missing + 1) % w.n, false);
            world_settle(&w);
            world_check(&w);
            ck_assert_msg(w.now[missing] != NULL || is_blank(&w), "seed %llu: it is not made",
                          (unsigned long long)seed);
            world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
        }
        ck_assert_int_eq(w.creates, w.now[missing] != NULL);
        world_end(&w);
    }
}
END_TEST

static void
check_live(const struct world *w, size_t expected)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += w->now[i] != NULL;
    ck_assert_msg(n == expected, "seed %llu: %zu live records, not %zu",
                  (unsigned long long)w->seed, n, expected);
}

/* At rest one record is deleted. Nobody edited: all go, or none. Somebody did (to something else):
 * that record stays, as it was edited. */
START_TEST(a_delete_goes_to_all_but_what_was_edited)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, WORLD_DELETES);
        size_t i = world_draw(&w, w.n), j = (i + 1 + world_draw(&w, w.n - 1)) % w.n;
        size_t k = world_draw(&w, WORLD_FIELDS);
        bool edits = world_draw(&w, 2) == 0, propagates = w.f->sync.deletes.propagate, makes;
        const struct val *old;

        world_turn(&w, 0, false);
        world_settle(&w);
        old = world_now(&w, j, k);
        if (edits)
            world_edit(&w, j, k);
        edits = edits &&
                !compare_same(w.f->a, &w.f->sync, &w.f->fields[k], j, old, world_now(&w, j, k));
        old = world_now(&w, j, k);
        world_remove_or_restore(&w, i);
        world_turn(&w, i, false);
        world_settle(&w);
        makes = edits && w.f->sync.recreate && !is_blank(&w);
        if (!edits)
            check_live(&w, propagates ? 0 : w.n - 1);
        else if (k != WORLD_OWNED)
            ck_assert_msg(w.now[j] != NULL && val_equal(world_now(&w, j, k), old),
                          "seed %llu: the edit is gone", (unsigned long long)seed);
        if (edits)
            check_live(&w, makes ? w.n : w.n - 1);
        ck_assert_int_eq(w.creates, makes ? 1 : 0);
        world_check(&w);
        world_end(&w);
    }
}
END_TEST

START_TEST(a_report_writes_nothing_whatever_differs)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, 0);

        fixture_first_contact(w.f, POLICY_REPORT, -1);
        w.f->fields[WORLD_OWNED].enforce = false; /* it takes back what was reported */
        for (size_t i = 0; i < 2 * w.n; i++)
            ck_assert_uint_eq(world_turn(&w, i % w.n, false), 0);
        world_check(&w);
        world_end(&w);
    }
}
END_TEST

static void
add_laws(TCase *tcase)
{
    const TTest *laws[] = {edits_converge,
                           edits_converge_though_answers_are_lost_and_writes_come_late,
                           edits_converge_though_values_are_refused,
                           edits_converge_though_ends_cannot_be_read_for_a_while,
                           edits_converge_once_a_person_has_decided,
                           records_are_made_where_they_are_missing,
                           deletes_and_their_return_come_to_rest,
                           all_at_once_comes_to_rest,
                           an_owner_s_edit_is_never_lost,
                           an_edit_comes_to_all_and_stays,
                           of_crossing_edits_the_last_one_wins,
                           an_edit_makes_no_more_writes_than_there_are_other_systems,
                           echoes_fed_back_write_nothing,
                           the_order_of_unrelated_events_is_free,
                           a_created_end_settles,
                           a_delete_goes_to_all_but_what_was_edited,
                           a_report_writes_nothing_whatever_differs};
    const char *only = getenv("LOOPLESS_LAW");

    tcase_set_timeout(tcase, 3600);
    for (size_t i = 0; i < sizeof laws / sizeof *laws; i++)
        if (only == NULL || strcmp(laws[i]->name, only) == 0)
            tcase_add_loop_test(tcase, laws[i], 2, 5);
}

int
main(void)
{
    Suite *suite = suite_create("sync/law");
    TCase *tcase = tcase_create("sync/law");
    SRunner *runner;
    int failed;

    add_laws(tcase);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
