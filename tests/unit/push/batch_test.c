#include <config.h>

#include "fixture.h"

#include <string.h>
#include <unistd.h>

static size_t
queued(struct bench *b)
{
    size_t n = 0;

    while (bench_queued(b) != NULL)
        n++;
    return n;
}

static struct store_link
link_of(struct bench *b, const char *id)
{
    struct store_link link;

    ck_assert_int_ge(
        store_find_link(b->p.store, b->f->a, "crm/contacts", "a", "account-a", id, &link, &b->err),
        0);
    return link;
}

START_TEST(a_write_is_what_the_decision_says)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w;

    bench_feed(b, bench_create(b, "1", "55"));
    bench_run(b);
    w = bench_queued(b);
    ck_assert_ptr_nonnull(w);
    ck_assert_str_eq(w->intent.action, "create");
    ck_assert_str_eq(w->intent.target, "b");
    ck_assert_str_eq(w->intent.account, "account-b");
    ck_assert_str_eq(w->intent.external_id, "x-1");
    ck_assert_str_eq(val_write_text(b->f->a, w->intent.fields), "{\"phone\":\"55\"}");
    ck_assert_ptr_nonnull(w->intent.idempotency_key);
    ck_assert_ptr_eq(w->def, &b->f->defs[1]);
    ck_assert(!w->marked);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_uint_eq(b->p.open, 1);
    ck_assert_uint_eq(bench_results(b), 0); /* not before it is settled */
}
END_TEST

START_TEST(bad_lines_are_kept_and_the_others_go_on)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    bench_feed(b, "not json");
    bench_feed(b, bench_line(b, "7", "'link':null"));
    bench_feed(b, bench_line(b, "7", "'link':null,'writes':[],'disposition':'nonsense'"));
    bench_feed(b, bench_create(b, "1", "55"));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 1);
    ck_assert_uint_eq(bench_rejects(b), 3);
    ck_assert(b->p.refused);
    ck_assert(!b->p.ended);
    ck_assert_int_eq(link_of(b, "7").link_id, 0);
}
END_TEST

START_TEST(half_a_line_waits)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const char *line = bench_create(b, "1", "55");

    ck_assert_int_eq(write(b->in, line, 50), 50);
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    bench_feed(b, line + 50);
    bench_run(b);
    ck_assert_uint_eq(queued(b), 1);
}
END_TEST

START_TEST(a_decision_without_writes_ends_at_once)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    bench_feed(b, bench_line(b, "1", "'link':null,'writes':[],'disposition':'ignored'"));
    bench_run(b);
    ck_assert_str_eq(bench_result(b, "disposition"), "ignored");
    ck_assert_ptr_null(b->p.lines);
}
END_TEST

START_TEST(a_held_line_has_no_effect)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    bench_feed(b, bench_line(b, "1", "'link':null,'hold':{'reason':'busy'}"));
    bench_run(b);
    ck_assert_uint_eq(bench_results(b), 0);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert(!b->p.refused);
    ck_assert_ptr_null(b->p.lines);
}
END_TEST

START_TEST(the_second_decision_of_a_record_has_no_effect)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    bench_feed(b, bench_create(b, "1", "55"));
    bench_feed(b, bench_create(b, "1", "66"));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 1);
    ck_assert_int_eq(link_of(b, "1").generation, 1);
}
END_TEST

START_TEST(a_closed_target_gets_nothing_and_is_owed)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    guard_close(&b->p.targets[1], BENCH_NOW + 5000, "the system's limit is reached");
    guard_close(&b->p.targets[1], BENCH_NOW + 1000, "shorter"); /* does not open it earlier */
    bench_feed(b, bench_create(b, "1", "55"));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_str_eq(bench_result(b, "status"), "withheld");
    ck_assert_str_eq(bench_result(b, "disposition"), "owed");
    ck_assert_str_eq(bench_result(b, "error.text"), "the system's limit is reached");
    ck_assert_uint_eq(link_of(b, "1").n_owed, 1);
    bench_feed(b, bench_create(b, "2", "66")); /* once it is open again */
    b->p.targets[1].closed_until = BENCH_NOW;
    bench_run(b);
    ck_assert_uint_eq(queued(b), 1);
}
END_TEST

START_TEST(a_paused_target_gets_nothing)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct store_pause pause = {.scope = "direction",
                                .system = "b",
                                .direction = "outbound",
                                .reason = "migration",
                                .by = "test"};

    ck_assert_int_ge(store_pause_add(b->p.store, &pause, BENCH_NOW, &b->err), 0);
    bench_feed(b, bench_create(b, "1", "55"));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_str_eq(bench_result(b, "error.code"), "paused");
    ck_assert_str_eq(bench_result(b, "error.text"), "migration");
}
END_TEST

START_TEST(what_has_no_word_there_yet_is_owed)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    bench_feed(b,
               bench_line(b, "1",
                          arena_printf(b->f->a,
                                       "'link':%lld,'generation':1,'ends':[{'system':'a',"
                                       "'record_id':'1','covered':{'name':'7'}}],'rules':{'name':{"
                                       "'rule':'changed-same','source':'a','owed':['b']}},"
                                       "'writes':[{'target':'b','action':'update',"
                                       "'target_record_id':'9','set':{},'later':{'name':'7'},"
                                       "'sources':{'name':'a'}}],'map_hash':'m'",
                                       (long long)id)));
    bench_run(b);
    ck_assert_uint_eq(queued(b), 0);
    ck_assert_str_eq(bench_result(b, "target"), "b");
    ck_assert_str_eq(bench_result(b, "status"), "withheld");
    ck_assert_str_eq(bench_result(b, "disposition"), "owed");
    ck_assert_str_eq(bench_result(b, "error.code"), "unlinked");
    ck_assert_uint_eq(bench_load(b, id).n_owed, 1);
    ck_assert_ptr_null(b->p.lines);
}
END_TEST

START_TEST(deletes_have_a_limit_of_the_command_line)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    b->o.max_deletes = 0;
    b->p.max_deletes = (struct limit){.count = 0, .percent = -1};
    bench_feed(b, bench_delete(b, id));
    bench_run(b);
    ck_assert(b->p.stopped);
    ck_assert_uint_eq(queued(b), 0);
}
END_TEST

START_TEST(a_limit_stops_the_rest_of_its_run)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    b->p.conf.max_creates = (struct limit){.count = 1, .percent = -1};
    bench_feed(b, bench_create(b, "1", "55"));
    bench_feed(b, bench_create(b, "2", "66"));
    bench_feed(b, bench_line(b, "3", "'link':null,'writes':[],'disposition':'ignored'"));
    bench_run(b);
    ck_assert(b->p.stopped);
    ck_assert_uint_eq(queued(b), 1);
    ck_assert_uint_eq(bench_results(b), 0); /* the third is not decided any more */
    ck_assert_int_eq(link_of(b, "2").link_id, 0);
}
END_TEST

START_TEST(lifted_limits_stop_nothing)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    b->p.conf.max_creates = (struct limit){.count = 1, .percent = -1};
    b->o.yes = true;
    bench_feed(b, bench_create(b, "1", "55"));
    bench_feed(b, bench_create(b, "2", "66"));
    bench_run(b);
    ck_assert(!b->p.stopped);
    ck_assert_uint_eq(queued(b), 2);
}
END_TEST

START_TEST(only_lines_of_the_stopped_run_are_stopped)
{
    struct push p = {.stopped = true, .stopped_run = "r1", .stopped_batch = true};
    struct line l = {.push = &p};

    l.event.run = "r1";
    ck_assert(guard_is_stopped(&l));
    l.event.run = "r2";
    ck_assert(!guard_is_stopped(&l));
    l.event.run = NULL;
    ck_assert(!guard_is_stopped(&l));
    p.stopped_run[0] = '\0'; /* lines without a run */
    ck_assert(guard_is_stopped(&l));
    l.event.seq = 7; /* a webhook's: the pause withholds what it must from the next batch on */
    ck_assert(guard_is_stopped(&l));
    p.stopped_batch = false;
    ck_assert(!guard_is_stopped(&l));
    p.stopped = false;
    l.event.seq = 0;
    ck_assert(!guard_is_stopped(&l));
}
END_TEST

START_TEST(what_is_withheld_waits_for_the_longest)
{
    struct withheld two[] = {{.target = "a", .until = 5}, {.target = "b", .until = 9}};
    struct line l = {.withheld = two, .n_withheld = 2};

    ck_assert_int_eq(guard_until(&l), 9);
    ck_assert_ptr_eq(guard_find(&l, "a"), &two[0]);
    ck_assert_ptr_null(guard_find(&l, "c"));
    l.n_withheld = 0;
    ck_assert_int_eq(guard_until(&l), 0);
}
END_TEST

UNIT_MAIN("push/batch", a_write_is_what_the_decision_says, bad_lines_are_kept_and_the_others_go_on,
          half_a_line_waits, a_decision_without_writes_ends_at_once, a_held_line_has_no_effect,
          the_second_decision_of_a_record_has_no_effect, a_closed_target_gets_nothing_and_is_owed,
          a_paused_target_gets_nothing, what_has_no_word_there_yet_is_owed,
          deletes_have_a_limit_of_the_command_line, a_limit_stops_the_rest_of_its_run,
          lifted_limits_stop_nothing, only_lines_of_the_stopped_run_are_stopped,
          what_is_withheld_waits_for_the_longest)
