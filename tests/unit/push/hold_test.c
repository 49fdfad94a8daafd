#include <config.h>

#include "fixture.h"

#include <string.h>

static size_t
queued(struct bench *b)
{
    size_t n = 0;

    while (bench_queued(b) != NULL)
        n++;
    return n;
}

static int
pauses(struct bench *b, struct store_pause **list)
{
    int n = store_pauses(b->p.store, b->f->a, BENCH_NOW, list, &b->err);

    ck_assert_int_ge(n, 0);
    return n;
}

/* Admits an event of a:ID and takes it out; the members that its line has then. */
static const char *
leased(struct bench *b, const char *id)
{
    const struct event e = {.system = "a",
                            .account = "account-a",
                            .resource = "crm/contacts",
                            .record_id = id,
                            .event_type = "deleted",
                            .event_id = id,
                            .path = "webhook"};
    const struct store_admission x = {.event = &e};
    struct store_emission *rows;
    int64_t seq;

    ck_assert_int_eq(store_admit(b->p.store, &x, BENCH_NOW, &seq, &b->err), 1);
    ck_assert_int_eq(
        store_emit(b->p.store, b->f->a, "pipe", NULL, 0, 10, BENCH_NOW, &rows, &b->err), 1);
    return arena_printf(b->f->a, "\"seq\":%lld,\"lease\":\"pipe:%lld\",", (long long)seq,
                        (long long)rows[0].fence);
}

/* LINE with MEMBERS in front. */
static const char *
with(struct bench *b, const char *members, const char *line)
{
    return arena_printf(b->f->a, "{%s%s", members, line + 1);
}

static struct store_backlog
backlog(struct bench *b)
{
    struct store_backlog back;

    ck_assert_int_eq(store_backlog(b->p.store, 0, BENCH_NOW, &back, &b->err), 0);
    return back;
}

#define HOLD "'link':null,'hold':{'reason':'canary b:1 is not there','pause':'b'}"

START_TEST(a_hold_may_pause_an_account)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct store_pause *list;

    bench_feed(b, with(b, leased(b, "1"), bench_line(b, "1", HOLD)));
    bench_run(b);
    ck_assert_int_eq(pauses(b, &list), 1);
    ck_assert_str_eq(list[0].scope, "account");
    ck_assert_str_eq(list[0].system, "b");
    ck_assert_str_eq(list[0].account, "account-b");
    ck_assert_str_eq(list[0].reason, "canary b:1 is not there");
    ck_assert_str_eq(list[0].by, "sync-diff");
    ck_assert_int_eq(list[0].until, 0);
    ck_assert_int_eq(backlog(b).out, 0);
    ck_assert(b->p.incident);
    ck_assert(!b->p.bounded); /* an endless stream goes on */
}
END_TEST

START_TEST(an_account_is_paused_once)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct store_pause *list;

    bench_feed(b, bench_line(b, "1", HOLD));
    bench_feed(b, bench_line(b, "2", HOLD));
    bench_run(b);
    bench_feed(b, bench_line(b, "3", HOLD));
    bench_run(b);
    ck_assert_int_eq(pauses(b, &list), 1);
    bench_feed(b, bench_line(b, "4", "'link':null,'hold':{'reason':'x','pause':'a'}"));
    bench_run(b);
    ck_assert_int_eq(pauses(b, &list), 2);
    ck_assert(b->p.bounded);
}
END_TEST

START_TEST(the_pause_holds_for_the_lines_beside_it)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    bench_feed(b, bench_create(b, "1", "55"));
    bench_feed(b, bench_line(b, "2", HOLD));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_str_eq(bench_result(b, "error.code"), "paused");
}
END_TEST

START_TEST(a_delete_goes_out_like_any_write)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w;

    bench_feed(b, bench_delete(b, bench_linked(b, "1")));
    bench_run(b);
    w = bench_queued(b);
    ck_assert_ptr_nonnull(w);
    ck_assert_str_eq(w->intent.action, "delete");
    ck_assert_str_eq(w->intent.record_id, "9");
}
END_TEST

START_TEST(a_delete_is_given_back_not_owed)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");
    size_t results = bench_results(b);

    guard_close(&b->p.targets[1], BENCH_NOW + 5000, "the system's limit is reached");
    bench_feed(b, with(b, leased(b, "1"), bench_delete(b, id)));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_uint_eq(bench_results(b), results);
    ck_assert_int_eq(bench_load(b, id).generation, 1);
    ck_assert_int_eq(backlog(b).waiting, 1);
    ck_assert_int_eq(backlog(b).next_not_before, BENCH_NOW + 5000);
    ck_assert(!b->p.refused);
}
END_TEST

START_TEST(what_is_held_says_which_target_and_why)
{
    static const char set[] = "{}";
    CLEANUP_BENCH struct bench *b = bench_new();
    struct withheld why = {.target = "b", .code = "paused", .text = "audit", .until = 7};
    struct decision_write w = {.target = "b", .action = "delete", .set = fixture_json(b->f, set)};
    struct line l = {.arena = b->f->a, .withheld = &why, .n_withheld = 1};
    int64_t until = 0;

    l.decision.writes = &w;
    l.decision.n_writes = 1;
    ck_assert_str_eq(hold_delete(&l, &until), "delete b: paused: audit");
    ck_assert_int_eq(until, 7);
    w.action = "update";
    ck_assert_ptr_null(hold_delete(&l, &until));
    w.action = "delete";
    w.target = "c";
    ck_assert_ptr_null(hold_delete(&l, &until));
}
END_TEST

START_TEST(a_delete_made_by_hand_is_refused_instead)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    guard_close(&b->p.targets[1], BENCH_NOW + 5000, "the system's limit is reached");
    bench_feed(b, bench_delete(b, id));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_uint_eq(bench_rejects(b), 1);
    ck_assert(b->p.refused);
}
END_TEST

START_TEST(behind_the_canary_nothing_is_written)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    b->o.canary = 1;
    bench_feed(b, bench_line(b, "1", "'link':null,'writes':[],'disposition':'ignored'"));
    bench_feed(b, bench_create(b, "2", "55"));
    bench_feed(b, bench_line(b, "3", "'link':null,'writes':[],'disposition':'ignored'"));
    bench_run(b);
    ck_assert(!b->p.canary_over); /* nothing is left out yet */
    ck_assert_uint_eq(bench_results(b), 2);
    bench_feed(b, bench_create(b, "4", "66"));
    bench_feed(b, bench_line(b, "5", "'link':null,'writes':[],'disposition':'ignored'"));
    bench_feed(b, bench_create(b, "6", "77"));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 1);
    ck_assert_uint_eq(bench_results(b), 2);
    ck_assert(b->p.canary_over);
    ck_assert_int_eq(b->p.canary_done, 1);
    ck_assert_int_eq(b->p.canary_left, 2);
}
END_TEST

START_TEST(events_behind_the_canary_go_back)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const char *members = leased(b, "1");

    b->o.canary = 0;
    bench_feed(b, with(b, members, bench_create(b, "1", "55")));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_int_eq(backlog(b).waiting, 1);
    ck_assert_int_eq(backlog(b).out, 0);
}
END_TEST

UNIT_MAIN("push/hold", a_hold_may_pause_an_account, an_account_is_paused_once,
          the_pause_holds_for_the_lines_beside_it, a_delete_goes_out_like_any_write,
          a_delete_is_given_back_not_owed, what_is_held_says_which_target_and_why,
          a_delete_made_by_hand_is_refused_instead, behind_the_canary_nothing_is_written,
          events_behind_the_canary_go_back)
