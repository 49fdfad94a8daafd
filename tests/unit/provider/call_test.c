#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include "../unit.h"

#include <stdlib.h>
#include <string.h>

static void
get(struct fixture *f)
{
    provider_get(f->p, &f->r, "7", fixture_keep, f);
    fixture_run(f);
}

static void
update(struct fixture *f)
{
    provider_update(f->p, &f->r, "7", fixture_val(f, "{\"name\":\"A\"}"), NULL, fixture_keep, f);
    fixture_run(f);
}

static const char record[] = "{\"id\":7}";

START_TEST(reads_are_tried_again)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_CLOSE, 500, NULL, "", 0}, {PEER_RESET, 0, NULL, NULL, 0},
          {PEER_SHUT, 0, NULL, NULL, 0}, {PEER_ANSWER, 200, NULL, record, 0});
    provider_timing(f.p, 0, 5000);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_int_eq(provider_calls(f.p), 4);
    fixture_release(&f);
}
END_TEST

START_TEST(reads_end_when_patience_does)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 502, NULL, "bad gateway", 0});
    provider_timing(f.p, 0, -1);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LOST);
    ck_assert_str_eq(f.got.text, "GET /contacts/7: HTTP 502: bad gateway");
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(a_refused_connection_is_tried_again_and_sends_nothing)
{
    struct fixture f;

    fixture_init(&f);
    fixture_start_dead(&f);
    provider_timing(f.p, 0, 400);
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_NOT_SENT);
    ck_assert_str_eq(f.got.code, "not-sent");
    ck_assert_int_eq(f.got.status, 0);
    ck_assert_int_gt(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(what_would_be_no_better_at_once_is_not_tried_again)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 407, NULL, "", 0});
    setenv("http_proxy", f.peer.url, 1);
    unsetenv("no_proxy");
    provider_timing(f.p, 0, 5000);
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_NOT_SENT);
    ck_assert_str_eq(f.got.code, "proxy-login");
    ck_assert_int_eq(provider_calls(f.p), 1);
    f.answers = 0;
    update(&f);
    ck_assert_str_eq(f.got.code, "down");
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(a_system_that_cannot_be_reached_is_left_alone_for_a_while)
{
    struct fixture f;
    long calls;

    fixture_init(&f);
    fixture_start_dead(&f);
    provider_timing(f.p, 0, 100);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_NOT_SENT);
    ck_assert_str_eq(f.got.code, "not-sent");
    calls = provider_calls(f.p);
    f.answers = 0;
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_NOT_SENT);
    ck_assert_str_eq(f.got.code, "down");
    ck_assert_int_gt(f.got.not_before, clock_now());
    ck_assert_int_eq(provider_calls(f.p), calls);
    fixture_release(&f);
}
END_TEST

START_TEST(one_silent_record_does_not_close_its_system)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_RESET, 0, NULL, NULL, 0}, {PEER_RESET, 0, NULL, NULL, 0},
          {PEER_ANSWER, 200, NULL, record, 0});
    provider_timing(f.p, 0, -1);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LOST);
    f.answers = 0;
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LOST);
    f.answers = 0;
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    fixture_release(&f);
}
END_TEST

START_TEST(a_write_after_a_lost_answer_is_not_sent_again)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_RESET, 0, NULL, NULL, 0}, {PEER_ANSWER, 200, NULL, record, 0});
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LOST);
    ck_assert_int_eq(f.peer.log->n, 1);
    fixture_release(&f);
}
END_TEST

static bool
ask_counter(void *user)
{
    return --*(int *)user >= 0;
}

START_TEST(a_delete_is_one_of_the_writes)
{
    struct fixture f;
    int allowed = 1;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 429, "Retry-After: 60\r\n", "", 0});
    provider_timing(f.p, 0, -1);
    provider_guard(f.p, ask_counter, &allowed);
    provider_delete(f.p, &f.r, "7", NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    f.p->quota = (struct quota){0};
    provider_delete(f.p, &f.r, "7", NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_NOT_SENT);
    ck_assert_int_eq(f.peer.log->n, 1);
    fixture_release(&f);
}
END_TEST

START_TEST(a_write_asks_before_it_goes_out)
{
    struct fixture f;
    int allowed = 1;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 200, NULL, record, 0}, {PEER_ANSWER, 200, NULL, record, 0});
    provider_timing(f.p, 0, -1);
    provider_guard(f.p, ask_counter, &allowed);
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    f.answers = 0;
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_NOT_SENT);
    f.answers = 0;
    get(&f); /* reads do not ask; the write left its answer unused */
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    fixture_release(&f);
}
END_TEST

START_TEST(a_short_limit_is_waited_for)
{
    int64_t begun = clock_boot();
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 429, "Retry-After: 1\r\n", "", 0},
          {PEER_ANSWER, 200, NULL, record, 0});
    provider_timing(f.p, 0, 5000);
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_int_eq(provider_calls(f.p), 2);
    ck_assert_int_ge(clock_boot() - begun, 1000);
    fixture_release(&f);
}
END_TEST

START_TEST(a_limit_without_a_time_is_tried_again)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 429, NULL, "", 0}, {PEER_ANSWER, 429, NULL, "", 0},
          {PEER_ANSWER, 200, NULL, record, 0});
    provider_timing(f.p, 0, 5000);
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_int_eq(provider_calls(f.p), 3);
    fixture_release(&f);
}
END_TEST

START_TEST(a_limit_without_a_time_is_one_for_all_calls)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 429, NULL, "", 0});
    provider_timing(f.p, 0, -1);
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_int_gt(f.got.not_before, clock_now());
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(a_long_limit_is_told)
{
    static const int statuses[] = {429, 503};

    for (int i = 0; i < 2; i++) {
        int64_t begun = clock_now();
        struct fixture f;

        fixture_init(&f);
        START(&f, "", {PEER_ANSWER, statuses[i], "Retry-After: 60\r\n", "slow down", 0});
        update(&f);
        ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
        ck_assert_str_eq(f.got.code, i == 0 ? "http-429" : "http-503");
        ck_assert_int_ge(f.got.not_before, begun + 60000);
        ck_assert_int_le(f.got.not_before, clock_now() + 60000);
        ck_assert_int_eq(provider_calls(f.p), 1);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(a_date_is_counted_from_the_servers_clock)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "",
          {PEER_ANSWER, 429,
           "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
           "Retry-After: Sun, 06 Nov 1994 08:50:37 GMT\r\n",
           "", 0});
    update(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_int_gt(f.got.not_before, clock_now() + 50000);
    fixture_release(&f);
}
END_TEST

START_TEST(while_the_limit_holds_nothing_is_asked)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 429, "Retry-After: 60\r\n", "", 0});
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LIMITED);
    ck_assert_int_gt(f.got.not_before, clock_now() + 50000);
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

static void
count(void *user, const struct provider_answer *a)
{
    int *n = user;

    ck_assert_int_eq(a->outcome, PROVIDER_OK);
    (*n)++;
}

START_TEST(at_most_concurrency_requests_are_under_way)
{
    struct fixture f;
    struct err err = ERR_INIT;
    int n = 0;

    fixture_init(&f);
    f.s.concurrency = 2;
    START(&f, "", {PEER_CLOSE, 200, NULL, record, 0}, {PEER_CLOSE, 200, NULL, record, 0},
          {PEER_CLOSE, 200, NULL, record, 0}, {PEER_CLOSE, 200, NULL, record, 0},
          {PEER_CLOSE, 200, NULL, record, 0});
    for (int i = 0; i < 5; i++)
        provider_get(f.p, &f.r, "7", count, &n);
    ck_assert_int_eq(f.p->active, 2);
    ck_assert_int_eq(provider_calls(f.p), 2);
    while (http_poll(f.http, -1, -1, NULL, &err) > 0)
        ck_assert_int_le(f.p->active, 2);
    ck_assert_int_eq(n, 5);
    ck_assert_int_eq(f.p->active, 0);
    fixture_release(&f);
}
END_TEST

struct chain {
    struct fixture *f;
    int left;
};

static void
ask_again(void *user, const struct provider_answer *a)
{
    struct chain *c = user;

    ck_assert_int_eq(a->outcome, PROVIDER_OK);
    if (--c->left > 0)
        provider_get(c->f->p, &c->f->r, a->records[0].id, ask_again, c);
}

START_TEST(a_callback_may_ask_further)
{
    struct fixture f;
    struct chain c = {&f, 3};
    struct err err = ERR_INIT;

    fixture_init(&f);
    f.s.concurrency = 1;
    START(&f, "", {PEER_ANSWER, 200, NULL, record, 0}, {PEER_ANSWER, 200, NULL, record, 0},
          {PEER_ANSWER, 200, NULL, record, 0});
    provider_get(f.p, &f.r, "7", ask_again, &c);
    ck_assert_int_eq(http_run(f.http, &err), 0);
    ck_assert_int_eq(c.left, 0);
    fixture_release(&f);
}
END_TEST

START_TEST(a_huge_answer_is_broken)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 34603008\r\n\r\n";
    CLEANUP_FREE char *all = mem_alloc(sizeof head + 34603008);
    struct fixture f;

    memset(all, ' ', sizeof head + 34603008);
    memcpy(all, head, sizeof head - 1);
    fixture_init(&f);
    START(&f, "", {PEER_RAW, 0, NULL, all, sizeof head - 1 + 34603008});
    provider_timing(f.p, 15000, -1);
    get(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
    ck_assert_str_eq(f.got.code, "too-big");
    fixture_release(&f);
}
END_TEST

START_TEST(what_is_under_way_may_be_dropped)
{
    struct fixture f;
    int n = 0;

    fixture_init(&f);
    f.s.concurrency = 1;
    START(&f, "", {PEER_SILENT, 0, NULL, NULL, 0});
    for (int i = 0; i < 3; i++)
        provider_get(f.p, &f.r, "7", count, &n);
    http_poll(f.http, -1, 0, NULL, NULL);
    provider_get(f.p, &f.r, "..", count, &n); /* its end waits for the next poll */
    fixture_release(&f);
    provider_free(NULL);
}
END_TEST

UNIT_MAIN("provider/call", reads_are_tried_again, reads_end_when_patience_does,
          a_refused_connection_is_tried_again_and_sends_nothing,
          a_system_that_cannot_be_reached_is_left_alone_for_a_while,
          what_would_be_no_better_at_once_is_not_tried_again,
          one_silent_record_does_not_close_its_system,
          a_write_after_a_lost_answer_is_not_sent_again, a_write_asks_before_it_goes_out,
          a_delete_is_one_of_the_writes, a_short_limit_is_waited_for,
          a_limit_without_a_time_is_tried_again, a_limit_without_a_time_is_one_for_all_calls,
          a_long_limit_is_told, a_date_is_counted_from_the_servers_clock,
          while_the_limit_holds_nothing_is_asked, at_most_concurrency_requests_are_under_way,
          a_callback_may_ask_further, a_huge_answer_is_broken, what_is_under_way_may_be_dropped)
