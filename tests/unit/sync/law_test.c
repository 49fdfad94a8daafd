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
enum { HISTORIES = 150, STEPS = 6 };

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
}
END_TEST

START_TEST(edits_converge_though_answers_are_lost_and_writes_come_late)
{
    run_histories((size_t)_i, WORLD_LOSES);
}
END_TEST

START_TEST(edits_converge_though_values_are_refused)
{
    run_histories((size_t)_i, WORLD_LOSES | WORLD_REFUSES);
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

/* And no edit is deleted: world_turn looks at each delete. */
START_TEST(deletes_and_their_return_come_to_rest)
{
    run_histories((size_t)_i, WORLD_DELETES);
    run_histories((size_t)_i, WORLD_DELETES | WORLD_LOSES | WORLD_REFUSES | WORLD_HIDES);
}
END_TEST

/* Whatever others do to its field and whatever is lost on the way. */
START_TEST(an_owner_s_edit_is_never_lost)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, WORLD_LOSES | WORLD_HIDES);
        size_t owner = world_owner(&w);

        world_turn(&w, 0, false);
        for (int step = 0; step < STEPS; step++) {
            const struct val *edited;

            world_edit(&w, world_draw(&w, w.n), 1);
            world_edit(&w, owner, 1);
            edited = val_get(w.now[owner], "owned");
            world_turn(&w, world_draw(&w, w.n), true);
            world_step(&w);
            edited = val_get(w.now[owner], "owned");
            world_turn(&w, world_draw(&w, w.n), true);
            world_settle(&w);
            ck_assert(val_equal(val_get(w.now[owner], "owned"), edited));
            for (size_t i = 0; i < w.n && w.f->fields[1].enforce; i++)
                ck_assert_msg(compare_equal(w.f->a, &w.f->sync, &w.f->fields[1], owner, edited, i,
                                            val_get(w.now[i], "owned")),
                              "seed %llu", (unsigned long long)seed);
        }
        world_end(&w);
    }
}
END_TEST

START_TEST(an_edit_makes_no_more_writes_than_there_are_other_systems)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, 0);

        world_turn(&w, 0, false);
        world_settle(&w);
        for (int step = 0; step < STEPS; step++) {
            w.writes = 0;
            world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
            world_turn(&w, world_draw(&w, w.n), false);
            world_settle(&w);
            ck_assert_int_le(w.writes, (long)w.n - 1);
        }
        world_end(&w);
    }
}
END_TEST

/* Each write comes back as an event of its target, at once, twice, and after the next edit. */
START_TEST(echoes_fed_back_write_nothing)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, 0);

        world_turn(&w, 0, false);
        world_settle(&w);
        for (int step = 0; step < STEPS; step++) {
            world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
            world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
            world_turn(&w, world_draw(&w, w.n), false);
            for (size_t echo = 0; echo < 2 * w.n; echo++)
                ck_assert_msg(world_turn(&w, echo % w.n, false) == 0, "seed %llu",
                              (unsigned long long)seed);
        }
        world_end(&w);
    }
}
END_TEST

/* One edit of each of two fields, decided one after the other, the other way round, or at once. */
static void
play_order(struct world *w, int order, size_t i, size_t j)
{
    size_t first = order == 1 ? j : i;

    world_edit(w, i, 0); /* drawn in one order, so that the values are the same */
    if (order == 1) {
        struct val *kept = w->now[i];

        w->now[i] = val_copy(w->f->a, kept);
        val_set(w->f->a, w->now[i], "any", val_copy(w->f->a, val_get(w->shadow[i], "any")));
        world_edit(w, j, 2);
        world_turn(w, first, false);
        w->now[i] = val_copy(w->f->a, w->now[i]);
        val_set(w->f->a, w->now[i], "any", val_copy(w->f->a, val_get(kept, "any")));
        world_turn(w, i, false);
        return;
    }
    if (order == 0)
        world_turn(w, first, false);
    world_edit(w, j, 2);
    world_turn(w, j, false);
}

START_TEST(the_order_of_unrelated_events_is_free)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        const char *shown[3];
        struct world w[3];

        for (int order = 0; order < 3; order++) {
            size_t i, j;

            w[order] = world_begin((size_t)_i, seed, 0);
            world_turn(&w[order], 0, false);
            world_settle(&w[order]);
            i = world_draw(&w[order], w->n);
            j = world_draw(&w[order], w->n);
            play_order(&w[order], order, i, j);
            shown[order] = "";
            for (size_t k = 0; k < w->n; k++)
                shown[order] = arena_printf(w[order].f->a, "%s %s", shown[order],
                                            val_canon_text(w[order].f->a, w[order].now[k]));
        }
        ck_assert_str_eq(shown[0], shown[1]);
        ck_assert_str_eq(shown[0], shown[2]);
        for (int order = 0; order < 3; order++)
            world_end(&w[order]);
    }
}
END_TEST

/* One end is missing at first: made with what the others settled, then left alone. */
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
            world_edit(&w, world_draw(&w, w.n), world_draw(&w, WORLD_FIELDS));
        }
        world_end(&w);
    }
}
END_TEST

START_TEST(a_report_writes_nothing_whatever_differs)
{
    for (uint64_t seed = first_seed(); seed <= last_seed(); seed++) {
        struct world w = world_begin((size_t)_i, seed, 0);

        fixture_first_contact(w.f, POLICY_REPORT, -1);
        w.f->fields[1].enforce = false; /* it takes back what was reported */
        ck_assert_uint_eq(world_turn(&w, 0, false), 0);
        ck_assert_uint_eq(world_turn(&w, 1, false), 0);
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
                           deletes_and_their_return_come_to_rest,
                           an_owner_s_edit_is_never_lost,
                           an_edit_makes_no_more_writes_than_there_are_other_systems,
                           echoes_fed_back_write_nothing,
                           the_order_of_unrelated_events_is_free,
                           a_created_end_settles,
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
