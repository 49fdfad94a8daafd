#include <config.h>

#include "base/clock.h"
#include "provider/bucket.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR };
/* 2026-01-05T12:00:00Z */
static const int64_t noon = INT64_C(1767614400000);

static struct conf_rate
rate_of(long requests, int64_t window, int reserve)
{
    return (struct conf_rate){.requests = requests,
                              .window_ms = window,
                              .reserve = reserve,
                              .warn = LIMIT_WARN,
                              .freeze = LIMIT_FREEZE};
}

static const struct shape {
    long requests;
    int64_t window;
} shapes[] = {{1, 1000},  {1, 60000},   {2, 1000},     {5, 1000},    {10, 10000},
              {30, 600},  {100, 10000}, {700, 60000},  {190, 10000}, {5000, HOUR},
              {40, 1000}, {1000, 1000}, {20000, 1000}, {100, 60000}};

/*
 * Three greedy processes take at random and use what they have as late as they may: whatever window
 * is looked at, the requests in it are no more than allowed. SENT is the ring of the last N.
 */
static long
worst_window(const struct conf_rate *rate, unsigned seed, long *total)
{
    struct bucket_set s = {0};
    int64_t *sent = calloc((size_t)rate->requests + 1, sizeof *sent), now = noon;
    int64_t keep = bucket_keep_ms(rate), last = noon;
    long n = 0, too_many = 0;

    ck_assert_ptr_nonnull(sent);
    while (n < 4 * rate->requests + 50) {
        struct bucket_grant g =
            bucket_take(&s, rate, 1 + rand_r(&seed) % 40, rand_r(&seed) % 5 == 0, now);
        int64_t used = now + (rand_r(&seed) % 2 == 0 ? 0 : keep - 1);

        if (used < last)
            used = last;
        last = used;
        for (long i = 0; i < g.n; i++, n++) {
            if (n >= rate->requests && used - sent[n % rate->requests] < rate->window_ms)
                too_many++;
            sent[n % rate->requests] = used;
        }
        now += g.n == 0 ? (g.wait_ms > 0 ? g.wait_ms : 1)
                        : (int64_t)(rand_r(&seed) % 3 == 0 ? (unsigned)rand_r(&seed) % 2000 : 0);
    }
    *total = n;
    free(sent);
    return too_many;
}

START_TEST(no_window_ever_sees_more_than_allowed)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct conf_rate rate = rate_of(shapes[i].requests, shapes[i].window, 10);
        long total;

        for (unsigned seed = 1; seed < 4; seed++)
            ck_assert_msg(worst_window(&rate, seed, &total) == 0, "%ld/%ld", rate.requests,
                          (long)rate.window_ms);
    }
}
END_TEST

START_TEST(four_fifths_of_what_is_allowed_can_be_used)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct conf_rate rate = rate_of(shapes[i].requests, shapes[i].window, 0);
        struct bucket_set s = {0};
        int64_t now = noon;
        double span, best;
        long n = 0;

        while (n < 20 * rate.requests && now - noon < 40 * rate.window_ms) {
            struct bucket_grant g = bucket_take(&s, &rate, 1000, false, now);

            n += g.n;
            now += g.n == 0 ? g.wait_ms : 0;
        }
        span = (double)(now - noon);
        best = span / (double)rate.window_ms * (double)rate.requests;
        ck_assert_msg((double)n >= 0.8 * best, "%ld/%ld: %ld of %g", rate.requests,
                      (long)rate.window_ms, n, best);
    }
}
END_TEST

START_TEST(the_wait_that_is_told_is_enough)
{
    struct conf_rate rate = rate_of(10, 10000, 0);
    struct bucket_set s = {0};
    struct bucket_grant g;

    while ((g = bucket_take(&s, &rate, 1, false, noon)).n > 0)
        ;
    ck_assert_int_eq(g.why, BUCKET_EMPTY);
    ck_assert_int_gt(g.wait_ms, 0);
    ck_assert_int_le(g.wait_ms, 10500);
    ck_assert_int_eq(bucket_take(&s, &rate, 1, false, noon + g.wait_ms).n, 1);
}
END_TEST

START_TEST(programs_leave_the_reserve_to_people)
{
    struct conf_rate rate = rate_of(100, 10000, 10);
    struct bucket_set s = {0};

    while (bucket_take(&s, &rate, 1, false, noon).n > 0)
        ;
    ck_assert_int_eq(bucket_take(&s, &rate, 1, true, noon).n, 1);
    ck_assert_int_eq(bucket_take(&s, &rate, 1, false, noon).n, 0);
    ck_assert_double_eq(bucket_flow(&rate, true).burst, 1);
    rate.reserve = 0;
    ck_assert_double_eq(bucket_flow(&rate, true).burst, 0);
}
END_TEST

START_TEST(what_was_not_used_can_be_given_back)
{
    struct conf_rate rate = rate_of(100, 10000, 0);
    struct bucket_set s = {0};

    rate.daily = 1000;
    ck_assert_int_eq(bucket_take(&s, &rate, 10, false, noon).n, 10);
    ck_assert_int_eq(bucket_take(&s, &rate, 1, false, noon).n, 0);
    bucket_give_back(&s, &rate, 4, false, noon);
    ck_assert_double_eq(s.b[BUCKET_DAY].tokens, 6);
    ck_assert_int_eq(bucket_take(&s, &rate, 10, false, noon).n, 4);
    bucket_give_back(&s, &rate, 1000, false, noon);
    ck_assert_int_eq(bucket_take(&s, &rate, 1000, false, noon).n, 10);
}
END_TEST

START_TEST(the_day_warns_once_then_freezes_all_but_people)
{
    struct conf_rate rate = rate_of(0, 0, 10);
    struct bucket_set s = {0};
    int warned = 0, froze = 0;
    long n = 0;
    struct bucket_grant g;

    rate.daily = 100;
    while ((g = bucket_take(&s, &rate, 7, false, noon)).n > 0) {
        n += g.n;
        warned += g.warn;
        froze += g.froze;
        ck_assert(!g.warn || (n >= 50 && n < 57));
    }
    ck_assert_int_eq(n, 90);
    ck_assert_int_eq(warned, 1);
    ck_assert_int_eq(froze, 1);
    ck_assert_int_eq(g.why, BUCKET_FROZEN);
    ck_assert_int_eq(g.wait_ms, 12 * HOUR);
    ck_assert_int_eq(bucket_look(&s, false, noon + 1).why, BUCKET_FROZEN);
    g = bucket_take(&s, &rate, 3, true, noon + 1);
    ck_assert_int_eq(g.n, 3);
    ck_assert(!g.warn && !g.froze);
    /* The next day is another one. */
    g = bucket_take(&s, &rate, 50, false, noon + 12 * HOUR);
    ck_assert_int_eq(g.n, 50);
    ck_assert(g.warn);
}
END_TEST

START_TEST(a_day_begins_when_the_config_says)
{
    struct conf_rate rate = rate_of(0, 0, 10);
    struct bucket_set s = {0};

    rate.daily = 10;
    rate.resets_ms = 13 * HOUR;
    ck_assert_int_eq(bucket_take(&s, &rate, 100, false, noon).n, 9);
    ck_assert_int_eq(bucket_take(&s, &rate, 1, false, noon).wait_ms, HOUR);
    ck_assert_int_eq(bucket_take(&s, &rate, 100, false, noon + HOUR).n, 9);
}
END_TEST

START_TEST(a_closed_account_opens_when_it_was_said)
{
    struct conf_rate rate = rate_of(100, 1000, 10);
    struct bucket_set s = {0};
    struct bucket_grant g;

    bucket_close(&s, BUCKET_LIMIT, 30000, noon);
    bucket_close(&s, BUCKET_LIMIT, 5000, noon + 1); /* an older answer */
    g = bucket_take(&s, &rate, 1, true, noon + 10000);
    ck_assert_int_eq(g.n, 0);
    ck_assert_int_eq(g.why, BUCKET_CLOSED);
    ck_assert_int_eq(g.wait_ms, 20000);
    ck_assert_int_eq(bucket_take(&s, &rate, 1, false, noon + 30000).n, 1);
}
END_TEST

START_TEST(what_the_system_keeps_for_people_is_theirs)
{
    struct bucket_set s = {0};

    bucket_close(&s, BUCKET_BUDGET, 30000, noon);
    ck_assert_int_eq(bucket_look(&s, false, noon).why, BUCKET_KEPT);
    ck_assert_int_eq(bucket_look(&s, true, noon).n, 1);
}
END_TEST

START_TEST(a_clock_set_back_closes_no_longer_than_was_meant)
{
    struct conf_rate rate = rate_of(10, 10000, 0);
    struct bucket_set s = {0};
    struct bucket_grant g;

    bucket_close(&s, BUCKET_LIMIT, 30000, noon);
    g = bucket_look(&s, true, noon - 30 * (int64_t)DAY);
    ck_assert_int_eq(g.n, 0);
    ck_assert_int_le(g.wait_ms, 30000);
    /* The bucket of the rate as well. */
    while (bucket_take(&s, &rate, 1, false, noon + 60000).n > 0)
        ;
    g = bucket_take(&s, &rate, 1, false, noon - DAY);
    if (g.n == 0)
        ck_assert_int_eq(bucket_take(&s, &rate, 1, false, noon - DAY + g.wait_ms + 30000).n, 1);
}
END_TEST

START_TEST(a_clock_set_back_does_not_freeze_for_ever)
{
    struct conf_rate rate = rate_of(0, 0, 10);
    struct bucket_set s = {0};
    int64_t back = noon - 40 * (int64_t)DAY;

    rate.daily = 10;
    ck_assert_int_eq(bucket_take(&s, &rate, 100, false, noon).n, 9);
    /* What was used was used, on whatever day; but it is one day. */
    ck_assert_int_eq(bucket_take(&s, &rate, 100, false, back).n, 0);
    ck_assert_int_le(bucket_take(&s, &rate, 100, false, back).wait_ms, DAY);
    ck_assert_int_eq(bucket_take(&s, &rate, 100, false, back + DAY).n, 9);
}
END_TEST

START_TEST(a_clock_set_forward_gives_no_more_than_one_burst)
{
    struct conf_rate rate = rate_of(100, 10000, 0);
    struct bucket_set s = {0};

    while (bucket_take(&s, &rate, 1, false, noon).n > 0)
        ;
    ck_assert_int_eq(bucket_take(&s, &rate, 1000, false, noon + 400 * (int64_t)DAY).n, 10);
    /* And back again: it fills from there on, it is not dry for 400 days. */
    ck_assert_int_eq(bucket_take(&s, &rate, 1000, false, noon).n, 0);
    ck_assert_int_ge(bucket_take(&s, &rate, 1000, false, noon + 2000).n, 10);
}
END_TEST

START_TEST(nothing_in_the_state_closes_an_account_for_over_a_day)
{
    struct bucket_set s = {0};

    for (int i = 0; i < BUCKET_COUNT; i++)
        s.b[i] = (struct bucket){.known = true, .refilled_at = noon, .closed_until = INT64_MAX / 2};
    ck_assert_int_le(bucket_look(&s, false, noon).wait_ms, DAY);
    ck_assert_int_le(bucket_look(&s, true, noon).wait_ms, DAY);
}
END_TEST

START_TEST(a_system_that_counts_the_day_itself_is_believed)
{
    struct conf_rate rate = rate_of(0, 0, 10);
    struct bucket_set s = {0};
    struct bucket_day day = {
        .used = 2600, .limit = 5000, .until = noon + HOUR, .warn_until = noon + DAY};
    struct bucket_grant g = bucket_told(&s, &rate, &day, noon);

    ck_assert(g.warn && !g.froze);
    g = bucket_told(&s, &rate, &day, noon + 1);
    ck_assert(!g.warn && !g.froze);
    day.used = 4600;
    g = bucket_told(&s, &rate, &day, noon + 2);
    ck_assert(!g.warn && g.froze);
    ck_assert(!bucket_told(&s, &rate, &day, noon + 3).froze);
    ck_assert_int_eq(bucket_look(&s, false, noon + 4).why, BUCKET_FROZEN);
    ck_assert_int_eq(bucket_look(&s, true, noon + 4).n, 1);
    ck_assert_int_eq(bucket_look(&s, false, noon + HOUR).n, 1);
}
END_TEST

UNIT_MAIN("provider/bucket", no_window_ever_sees_more_than_allowed,
          four_fifths_of_what_is_allowed_can_be_used, the_wait_that_is_told_is_enough,
          programs_leave_the_reserve_to_people, what_was_not_used_can_be_given_back,
          the_day_warns_once_then_freezes_all_but_people, a_day_begins_when_the_config_says,
          a_closed_account_opens_when_it_was_said, what_the_system_keeps_for_people_is_theirs,
          a_clock_set_back_closes_no_longer_than_was_meant,
          a_clock_set_back_does_not_freeze_for_ever,
          a_clock_set_forward_gives_no_more_than_one_burst,
          nothing_in_the_state_closes_an_account_for_over_a_day,
          a_system_that_counts_the_day_itself_is_believed)
