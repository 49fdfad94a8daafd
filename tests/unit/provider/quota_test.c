#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "base/clock.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

static const char record[] = "{\"id\":7}";

/* What a meter of a test was told. */
struct told {
    struct bucket_set set;
    struct call_counts counts;
    int turns, counted, said;
    bool locked;
};

static int
turn(void *user, const struct conf_system *s, bucket_turn *fn, void *arg)
{
    struct told *t = user;

    (void)s;
    t->turns++;
    if (t->locked)
        return -1;
    fn(&t->set, arg);
    return 0;
}

static int
look(void *user, const struct conf_system *s, bucket_turn *fn, void *arg)
{
    struct bucket_set copy = ((struct told *)user)->set;

    (void)s;
    fn(&copy, arg);
    return 0;
}

static int
count(void *user, const struct conf_system *s, const struct call_counts *c)
{
    struct told *t = user;

    (void)s;
    t->counts = *c;
    t->counted++;
    return 0;
}

static void
say(void *user, const struct conf_system *s, const char *text)
{
    struct told *t = user;

    (void)s;
    ck_assert_ptr_nonnull(strstr(text, "requests are used"));
    t->said++;
}

static void
share(struct fixture *f, struct told *t, bool person)
{
    struct meter m = {
        .user = t, .person = person, .turn = turn, .look = look, .count = count, .say = say};

    memset(t, 0, sizeof *t);
    provider_meter(f->p, &m);
}

static void
get(struct fixture *f)
{
    f->answers = 0;
    provider_get(f->p, &f->r, "7", fixture_keep, f);
    fixture_run(f);
}

static void
rate(struct fixture *f, long requests, int64_t window)
{
    f->s.rate = (struct conf_rate){
        .requests = requests, .window_ms = window, .warn = LIMIT_WARN, .freeze = LIMIT_FREEZE};
}

#define OK                                                                                         \
    {                                                                                              \
        PEER_ANSWER, 200, NULL, record, 0                                                          \
    }

static void
note(void *user, const struct provider_answer *a)
{
    struct provider_answer **at = user;

    **at = *a;
    ++*at;
}

static int
by_turn(const void *a, const void *b)
{
    const struct provider_answer *x = a, *y = b;

    return (x->not_before > y->not_before) - (x->not_before < y->not_before);
}

START_TEST(a_rate_holds_without_a_state)
{
    struct provider_answer got[6], *at = got;
    struct err err = ERR_INIT;
    struct fixture f;
    int64_t begun;

    fixture_init(&f);
    rate(&f, 3, 300);
    START(&f, "", OK, OK, OK, OK, OK, OK);
    provider_timing(f.p, 0, 5000);
    begun = clock_boot();
    for (int i = 0; i < 6; i++)
        provider_get(f.p, &f.r, "7", note, &at);
    while (http_poll(f.http, -1, -1, NULL, &err) > 0)
        ;
    ck_assert_ptr_eq(at, got + 6);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq(got[i].outcome, PROVIDER_OK);
    ck_assert_int_ge(clock_boot() - begun, 300);
    fixture_release(&f);
}
END_TEST

START_TEST(who_cannot_wait_is_told_a_turn_of_its_own)
{
    struct provider_answer got[5], *at = got;
    struct err err = ERR_INIT;
    struct fixture f;

    fixture_init(&f);
    rate(&f, 6, 60000);
    START(&f, "", OK);
    provider_timing(f.p, 0, 500);
    for (int i = 0; i < 5; i++)
        provider_get(f.p, &f.r, "7", note, &at);
    while (http_poll(f.http, -1, -1, NULL, &err) > 0)
        ;
    ck_assert_ptr_eq(at, got + 5);
    qsort(got, 5, sizeof *got, by_turn);
    ck_assert_int_eq(got[0].outcome, PROVIDER_OK);
    for (int i = 1; i < 5; i++) {
        ck_assert_int_eq(got[i].outcome, PROVIDER_LIMITED);
        ck_assert_int_gt(got[i].not_before, clock_now() + 9000 * i);
    }
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(many_requests_are_one_turn)
{
    struct provider_answer got[12], *at = got;
    struct err err = ERR_INIT;
    struct fixture f;
    struct told t;

    fixture_init(&f);
    rate(&f, 1000, 1000);
    START(&f, "", OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK, OK);
    share(&f, &t, false);
    for (int i = 0; i < 12; i++)
        provider_get(f.p, &f.r, "7", note, &at);
    while (http_poll(f.http, -1, -1, NULL, &err) > 0)
        ;
    ck_assert_ptr_eq(at, got + 12);
    ck_assert_int_le(t.turns, 6);
    fixture_release(&f);
}
END_TEST

START_TEST(what_another_process_found_closed_is_not_called)
{
    struct fixture f;
    struct told t;

    fixture_init(&f);
    START(&f, "", OK);
    share(&f, &t, false);
    bucket_close(&t.set, BUCKET_LIMIT, 60000, clock_now());
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_int_gt(f.got.not_before, clock_now() + 50000);
    ck_assert_ptr_nonnull(strstr(f.got.text, "the system's limit is reached, again at"));
    ck_assert_int_eq(provider_calls(f.p), 0);
    fixture_release(&f);
}
END_TEST

START_TEST(what_one_process_finds_closed_all_know)
{
    struct fixture f;
    struct told t;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 429, "Retry-After: 60\r\n", "", 0});
    share(&f, &t, false);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_int_gt(t.set.b[BUCKET_LIMIT].closed_until, clock_now() + 50000);
    fixture_release(&f);
}
END_TEST

START_TEST(a_state_that_is_locked_for_long_is_tried_later)
{
    struct fixture f;
    struct told t;

    fixture_init(&f);
    rate(&f, 1000, 1000);
    START(&f, "", OK);
    provider_timing(f.p, 0, 120);
    share(&f, &t, false);
    t.locked = true;
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_int_gt(t.turns, 1);
    ck_assert_int_eq(provider_calls(f.p), 0);
    t.locked = false;
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    fixture_release(&f);
}
END_TEST

START_TEST(a_frozen_day_is_for_people)
{
    for (int person = 0; person < 2; person++) {
        struct fixture f;
        struct told t;

        fixture_init(&f);
        f.s.rate = (struct conf_rate){.daily = 2, .warn = 50, .freeze = 50};
        START(&f, "", OK, OK, OK);
        share(&f, &t, person != 0);
        get(&f);
        ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
        get(&f);
        ck_assert_int_eq(f.got.outcome, person != 0 ? PROVIDER_OK : PROVIDER_LIMITED);
        ck_assert_int_eq(t.said, 2);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(what_is_left_for_people_is_theirs)
{
    struct limit_budget b = {.remaining = {.header = (char *)"x-left", .number = -1},
                             .limit = {.number = 100},
                             .reset = {.number = -1},
                             .window_ms = 60000,
                             .reserve = 10};

    for (int person = 0; person < 2; person++) {
        struct fixture f;
        struct told t;

        fixture_init(&f);
        f.d.budgets = &b;
        f.d.n_budgets = 1;
        START(&f, "", {PEER_ANSWER, 200, "X-Left: 11\r\n", record, 0},
              {PEER_ANSWER, 200, "X-Left: 10\r\n", record, 0},
              {PEER_ANSWER, 200, "X-Left: 9\r\n", record, 0});
        share(&f, &t, person != 0);
        get(&f);
        get(&f);
        ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
        get(&f);
        ck_assert_int_eq(f.got.outcome, person != 0 ? PROVIDER_OK : PROVIDER_LIMITED);
        ck_assert_int_eq(provider_calls(f.p), person != 0 ? 3 : 2);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(a_day_that_the_system_counts_warns_and_freezes)
{
    struct limit_budget b = {.pair = (char *)"x-use",
                             .reset = {.number = -1},
                             .window_ms = 24 * 3600 * 1000,
                             .reserve = -1};
    struct fixture f;
    struct told t;

    fixture_init(&f);
    f.s.rate = (struct conf_rate){.warn = LIMIT_WARN, .freeze = LIMIT_FREEZE};
    f.d.budgets = &b;
    f.d.n_budgets = 1;
    START(&f, "", {PEER_ANSWER, 200, "X-Use: api-usage=49/100\r\n", record, 0},
          {PEER_ANSWER, 200, "X-Use: api-usage=50/100\r\n", record, 0},
          {PEER_ANSWER, 200, "X-Use: api-usage=51/100\r\n", record, 0},
          {PEER_ANSWER, 200, "X-Use: api-usage=90/100\r\n", record, 0});
    share(&f, &t, false);
    get(&f);
    ck_assert_int_eq(t.said, 0);
    get(&f);
    ck_assert_int_eq(t.said, 1);
    get(&f);
    ck_assert_int_eq(t.said, 1);
    get(&f);
    ck_assert_int_eq(t.said, 2);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_ptr_nonnull(strstr(f.got.text, "the day's quota"));
    ck_assert_int_eq(provider_calls(f.p), 4);
    fixture_release(&f);
}
END_TEST

#define AT_ONCE                                                                                    \
    {                                                                                              \
        PEER_ANSWER, 429, "Retry-After: 0\r\n", "", 0                                              \
    }
#define FOUR_TIMES AT_ONCE, AT_ONCE, AT_ONCE, AT_ONCE

START_TEST(a_limit_that_says_at_once_is_not_hammered)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", FOUR_TIMES, FOUR_TIMES, FOUR_TIMES, FOUR_TIMES, FOUR_TIMES, OK);
    provider_timing(f.p, 0, 1500);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_int_le(provider_calls(f.p), 20);
    fixture_release(&f);
}
END_TEST

START_TEST(calls_are_counted_and_handed_over_at_the_end)
{
    struct fixture f;
    struct told t;

    fixture_init(&f);
    START(&f, "", {PEER_CLOSE, 500, NULL, "", 0}, {PEER_CLOSE, 429, "Retry-After: 0\r\n", "", 0},
          {PEER_RESET, 0, NULL, NULL, 0}, OK, {PEER_ANSWER, 404, NULL, "", 0});
    provider_timing(f.p, 0, 5000);
    share(&f, &t, false);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_GONE);
    provider_flush(f.p);
    provider_flush(f.p);
    ck_assert_int_eq(t.counts.calls, 5);
    ck_assert_int_eq(t.counts.retries, 3);
    ck_assert_int_eq(t.counts.limits, 1);
    ck_assert_int_eq(t.counts.errors[ERROR_5XX], 1);
    ck_assert_int_eq(t.counts.errors[ERROR_4XX], 1);
    ck_assert_int_eq(t.counts.errors[ERROR_LOST], 1);
    ck_assert_int_ge(t.counts.latency_ms, t.counts.latency_max_ms);
    ck_assert_int_gt(t.counts.bytes_out, 5 * 40);
    ck_assert_int_gt(t.counts.bytes_in, (int)strlen(record));
    ck_assert_int_eq(t.counted, 1);
    fixture_release(&f);
    ck_assert_int_eq(t.counted, 1); /* nothing is handed over twice */
}
END_TEST

UNIT_MAIN("provider/quota", a_rate_holds_without_a_state, who_cannot_wait_is_told_a_turn_of_its_own,
          many_requests_are_one_turn, what_another_process_found_closed_is_not_called,
          what_one_process_finds_closed_all_know, a_state_that_is_locked_for_long_is_tried_later,
          a_frozen_day_is_for_people, what_is_left_for_people_is_theirs,
          a_day_that_the_system_counts_warns_and_freezes, a_limit_that_says_at_once_is_not_hammered,
          calls_are_counted_and_handed_over_at_the_end)
