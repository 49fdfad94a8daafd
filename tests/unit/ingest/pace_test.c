#include <config.h>

#include "ingest/emitter.h"

#include "../unit.h"

enum { WINDOW = 1024 };

/* A pipe that ends an event each MS_EACH, with as many out as may be, for so long. */
static long
run(struct pace *p, int64_t ms_each, int64_t from, int64_t ms)
{
    long ended = p->ended, most = 0;

    for (int64_t now = from; now < from + ms; now += 100) {
        if (ms_each > 0)
            ended = p->ended + (long)((now - p->since) / ms_each);
        pace_look(p, WINDOW, p->allowed, ended, now);
        if (p->allowed > most)
            most = p->allowed;
    }
    return most;
}

START_TEST(a_fast_pipe_soon_gets_the_window)
{
    struct pace p;

    pace_init(&p, WINDOW, 1000);
    ck_assert_int_eq(p.allowed, EMITTER_FIRST);
    run(&p, 1, 1000, 2000);
    ck_assert_int_eq(p.allowed, WINDOW);
}
END_TEST

START_TEST(a_slow_pipe_gets_what_it_ends_in_a_minute)
{
    struct pace p;

    pace_init(&p, WINDOW, 1000);
    ck_assert_int_eq(run(&p, 1500, 1000, 600000), EMITTER_FIRST);
    ck_assert_int_ge(p.allowed, 30);
    ck_assert_int_le(p.allowed, 40);
}
END_TEST

START_TEST(a_very_slow_one_still_gets_some)
{
    struct pace p;

    pace_init(&p, WINDOW, 1000);
    run(&p, 30000, 1000, 600000);
    ck_assert_int_eq(p.allowed, EMITTER_LEAST);
}
END_TEST

START_TEST(a_pipe_that_stands_still_is_measured_when_it_goes_on)
{
    struct pace p;

    pace_init(&p, WINDOW, 1000);
    run(&p, 0, 1000, 300000);
    ck_assert_int_eq(p.allowed, EMITTER_FIRST);
    pace_look(&p, WINDOW, p.allowed, 1, 301000);
    ck_assert_int_eq(p.allowed, EMITTER_LEAST);
}
END_TEST

START_TEST(what_is_taken_back_at_once_does_not_look_fast)
{
    struct pace p;

    pace_init(&p, WINDOW, 1000);
    run(&p, 3000, 1000, 100000);
    pace_look(&p, WINDOW, p.allowed, p.ended + 1000, p.since + EMITTER_PACE_MS);
    ck_assert_int_le(p.allowed, 2 * EMITTER_LEAST + 10);
}
END_TEST

START_TEST(an_idle_hour_says_nothing)
{
    struct pace p;

    pace_init(&p, WINDOW, 1000);
    run(&p, 1, 1000, 2000);
    pace_look(&p, WINDOW, WINDOW, p.ended + 3, 3600000);
    ck_assert_int_eq(p.allowed, WINDOW);
}
END_TEST

START_TEST(a_small_window_stays)
{
    struct pace p;

    pace_init(&p, 5, 1000);
    ck_assert_int_eq(p.allowed, 5);
    pace_look(&p, 5, 5, 1, 1000 + EMITTER_PACE_MS - 1);
    pace_look(&p, 5, 5, 1, 1000 + EMITTER_PACE_MS);
    ck_assert_int_eq(p.allowed, 5);
}
END_TEST

UNIT_MAIN("ingest/pace", a_fast_pipe_soon_gets_the_window,
          a_slow_pipe_gets_what_it_ends_in_a_minute, a_very_slow_one_still_gets_some,
          a_pipe_that_stands_still_is_measured_when_it_goes_on,
          what_is_taken_back_at_once_does_not_look_fast, an_idle_hour_says_nothing,
          a_small_window_stays)
