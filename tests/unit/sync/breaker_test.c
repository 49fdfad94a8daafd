#include <config.h>

#include "sync/breaker.h"

#include "../unit.h"
#include "fixture.h"

#include <ctype.h>
#include <string.h>

enum { MAX_WRITES = 64 };

/* The steps of field `phone` that a test tells; the last one is about to be made. */
struct told {
    struct fixture *f;
    struct breaker_write writes[MAX_WRITES];
    size_t n;
    int64_t decision;
};

static void
tell(struct told *t, char source, size_t target, char value, char over, bool done)
{
    const char *name = source == '?' ? "" : t->f->sync.between[source - 'a']->name;
    const char *field = value == '-' ? "name" : "phone";

    ck_assert_uint_lt(t->n, MAX_WRITES);
    t->writes[t->n++] = (struct breaker_write){
        .fields = fixture_json(t->f, arena_printf(t->f->a, "{'%s':'%c'}", field, value)),
        .sources = source == '?'
                       ? NULL
                       : fixture_json(t->f, arena_printf(t->f->a, "{'%s':'%s'}", field, name)),
        .before = fixture_json(t->f, arena_printf(t->f->a, "{'%s':'%c'}", field, over)),
        .system = target,
        .decision = t->decision,
        .done = done,
    };
}

/*
 * HISTORY: decisions as "a1" (the value 1 of system a goes to all others), "ab1" (to b only),
 * "ab1!" (there was no answer); "?ab1" is of no system; "-" is another field. "7/ab1" goes over the
 * value 7; without that it is always the same.
 */
static void
tell_step(struct told *t, const char *step)
{
    char over = '.', source, value;
    size_t len;
    bool done;

    if (strchr(step, '/') != NULL) {
        over = step[0];
        step += 2;
    }
    source = step[0];
    len = strlen(step);
    done = step[len - 1] != '!';
    value = step[len - (done ? 1 : 2)];
    t->decision++;
    if (strcmp(step, "-") == 0) {
        tell(t, 'a', 1, '-', over, true);
        return;
    }
    for (size_t i = 0; i < t->f->sync.n_between; i++)
        if (len - !done > 2 ? strchr(step + 1, (int)('a' + i)) != NULL
                            : (size_t)(source - 'a') != i)
            tell(t, source, i, value, over, done);
}

static const char *
trips_of(size_t n_systems, const char *history, int alternations)
{
    struct told t = {.f = fixture_new(n_systems)};
    char text[256], *save = NULL;
    const char *field;

    fixture_field(t.f, "name", FIELD_TEXT, -1);
    fixture_field(t.f, "phone", FIELD_TEXT, -1);
    snprintf(text, sizeof text, "%s", history);
    for (char *s = strtok_r(text, " ", &save); s != NULL; s = strtok_r(NULL, " ", &save))
        tell_step(&t, s);
    field = breaker_trips(t.f->a, &t.f->sync, t.writes, t.n, alternations);
    if (field != NULL)
        ck_assert_str_eq(field, "phone");
    field = field == NULL ? NULL : "phone"; /* its name goes with the fixture */
    fixture_free(t.f);
    return field;
}

#define ck_trips(n, history, alternations)                                                         \
    ck_assert_ptr_nonnull(trips_of((n), (history), (alternations)))
#define ck_passes(n, history, alternations)                                                        \
    ck_assert_ptr_null(trips_of((n), (history), (alternations)))

START_TEST(two_systems_that_answer_each_other_trip)
{
    ck_passes(2, "a1 b2", 1);
    ck_trips(2, "a1 b2 a1", 1);
    ck_passes(2, "a1 b2 a1", 2);
    ck_trips(2, "a1 b2 a1 b2", 2);
    ck_passes(2, "a1 b2 a1 b2", 3);
    ck_trips(2, "a1 b2 a1 b2 a1", 3);
    ck_trips(2, "b1 a2 b1 a2 b1", 3);
}
END_TEST

START_TEST(who_goes_back_and_forth_at_one_system_does_not)
{
    ck_passes(2, "a1 a0 a1 a0 a1 a0 a1 a0 a1 a0 a1", 1);
    ck_passes(3, "a1 a0 a1 a0 a1 a0 a1 a0 a1 a0 a1", 1);
    ck_passes(4, "a1 a0 a1 a0 a1 a0 a1 a0 a1 a0 a1", 1);
    ck_passes(4, "d1 d0 d1 d0 d1 d0 d1 d0 d1 d0 d1", 1);
}
END_TEST

START_TEST(one_word_from_elsewhere_is_one_step_at_most)
{
    ck_trips(2, "a1 a0 b1 a0", 1); /* may be an answer */
    ck_passes(2, "a1 a0 b1 a0 a1 a0 a1 a0 a1", 1);
    ck_passes(3, "b1 a1 a0 a1 a0 a1 a0 a1", 1);
    ck_passes(3, "a1 a0 b1 a0 a1 a0 a1 a0 a1", 2);
}
END_TEST

START_TEST(three_systems_in_a_ring_trip)
{
    ck_passes(3, "a1 b2 c3", 1);
    ck_trips(3, "a1 b2 c3 a1", 1);
    ck_passes(3, "a1 b2 c3 a1 b2", 3);
    ck_trips(3, "a1 b2 c3 a1 b2 c3", 3);
    ck_trips(4, "a1 b2 c3 d4 a1 b2 c3", 3);
}
END_TEST

START_TEST(two_of_three_systems_trip_and_the_third_changes_nothing)
{
    ck_trips(3, "a1 b2 a1 b2 a1", 3);
    ck_passes(3, "a1 b2 a1 b2", 3);
    ck_trips(3, "ab1 ba2 ab1 ba2 ab1", 3); /* it is paused */
}
END_TEST

START_TEST(a_system_that_undoes_what_it_gets_trips)
{
    ck_passes(2, "ab1", 1);
    ck_trips(2, "ab1 ab1", 1);
    ck_passes(2, "ab1 ab1 ab1", 3);
    ck_trips(2, "ab1 ab1 ab1 ab1", 3);
    ck_trips(3, "a1 ab1 ab1 ab1", 3);
}
END_TEST

/* With `enforce` the owner's value goes out again each time; a machine undoes it to the same value.
 */
START_TEST(a_person_whose_edits_are_sent_back_is_no_machine)
{
    ck_passes(2, "3/ab1 4/ab1 5/ab1 6/ab1 7/ab1", 1);
    ck_trips(2, "3/ab1 4/ab1 4/ab1", 1);
    ck_passes(2, "3/ab1 4/ab1 4/ab1 5/ab1", 1);
}
END_TEST

START_TEST(what_is_sent_again_without_an_answer_is_not_undone)
{
    ck_passes(2, "ab1! ab1! ab1! ab1! ab1", 1);
    ck_passes(3, "ab1 ac1 ab1", 2);
    ck_passes(3, "ab1 ac1", 1); /* c was down */
    ck_passes(2, "a1 b1", 1);
}
END_TEST

START_TEST(a_walk_is_no_alternation)
{
    ck_passes(2, "a1 b2 a3 b4 a5 b6", 1);
    ck_passes(2, "a1 b2 a1 b2 a3", 1);
}
END_TEST

START_TEST(other_fields_do_not_hide_it)
{
    ck_trips(2, "a1 - b2 - a1", 1);
    ck_passes(2, "a1 b2 a1 -", 1);
}
END_TEST

START_TEST(what_is_of_no_system_is_no_answer)
{
    ck_passes(2, "?ab1 ?ab2 ?ab1 ?ab2 ?ab1", 1);
    ck_passes(2, "a1 b2 ?ab1", 1); /* a person has resolved it */
}
END_TEST

START_TEST(values_that_compare_equal_are_one)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);
    const struct val *a =
        fixture_json(f, arena_printf(f->a, "{'phone':'%s'}", f->sync.between[0]->name));
    const struct val *b =
        fixture_json(f, arena_printf(f->a, "{'phone':'%s'}", f->sync.between[1]->name));
    const struct breaker_write writes[] = {
        {fixture_json(f, "{'phone':'+1 2'}"), NULL, a, 1, 1, true},
        {fixture_json(f, "{'phone':'34'}"), NULL, b, 0, 2, true},
        {fixture_json(f, "{'phone':'12'}"), NULL, a, 1, 3, true},
    };

    fixture_field(f, "phone", FIELD_PHONE, -1);
    ck_assert_str_eq(breaker_trips(f->a, &f->sync, writes, 3, 1), "phone");
    ck_assert_ptr_null(breaker_trips(f->a, &f->sync, writes, 3, 0));
}
END_TEST

UNIT_MAIN("sync/breaker", two_systems_that_answer_each_other_trip,
          who_goes_back_and_forth_at_one_system_does_not,
          one_word_from_elsewhere_is_one_step_at_most, three_systems_in_a_ring_trip,
          two_of_three_systems_trip_and_the_third_changes_nothing,
          a_system_that_undoes_what_it_gets_trips, a_person_whose_edits_are_sent_back_is_no_machine,
          what_is_sent_again_without_an_answer_is_not_undone, a_walk_is_no_alternation,
          other_fields_do_not_hide_it, what_is_of_no_system_is_no_answer,
          values_that_compare_equal_are_one)
