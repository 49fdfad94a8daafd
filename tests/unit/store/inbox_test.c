#include <config.h>

#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"

START_TEST(known_event_is_a_duplicate_and_takes_no_number)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(admit(&f, "app", "c-9", "e1", NULL), 1);
    ck_assert_int_eq(admit(&f, "app", "c-9", "e1", NULL), 0);
    ck_assert_int_eq(admit(&f, "hubspot", "101", "e1", NULL), 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(payload_keeps_number_text_and_says_when)
{
    struct fixture f;
    const char *payload;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", "{\"n\":9007199254740993,\"x\":1.10}");
    ck_assert_int_eq(store_payload(f.s, f.a, 1, &payload, &f.err), 1);
    ck_assert_ptr_nonnull(strstr(payload, "\"n\":9007199254740993,\"x\":1.10"));
    ck_assert_ptr_nonnull(strstr(payload, "\"received_at\":\"2026-01-01T10:00:00.000Z\""));
    ck_assert_ptr_null(strstr(payload, "\"seq\""));
    fixture_close(&f);
}
END_TEST

START_TEST(one_event_a_lane_the_rest_is_folded)
{
    struct fixture f;
    struct store_emission *rows;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    admit(&f, "app", "c-8", "e2", NULL);
    admit(&f, "app", "c-9", "e3", NULL);
    ck_assert_int_eq(emit(&f, "p1", &rows), 2);
    ck_assert_int_eq(rows[0].seq, 1);
    ck_assert_int_eq(rows[0].fence, 1);
    ck_assert_int_eq(rows[0].n_folded, 1);
    ck_assert_int_eq(rows[0].folded[0].seq, 3);
    ck_assert_str_eq(rows[0].folded[0].system, "app");
    ck_assert_str_eq(rows[0].folded[0].occurred_at, "2026-01-01T10:00:00.000Z");
    ck_assert_int_eq(rows[1].seq, 2);
    ck_assert_int_eq(emit(&f, "p2", &rows), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(folded_event_keeps_its_own_time)
{
    struct fixture f;
    struct event e = {.path = "webhook",
                      .system = "app",
                      .account = "main",
                      .resource = "crm/contacts",
                      .record_id = "c-9",
                      .event_type = "updated",
                      .event_id = "e2",
                      .occurred_at = "2025-12-31T23:00:09.000Z"};
    struct store_emission one;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    admit_event(&f, &e, NULL, false);
    one = emit_one(&f, "p1");
    ck_assert_int_eq(one.n_folded, 1);
    ck_assert_str_eq(one.folded[0].occurred_at, "2025-12-31T23:00:09.000Z");
    fixture_close(&f);
}
END_TEST

static void
admit_deletion(struct fixture *f, const char *event_id)
{
    struct event e = {.path = "webhook",
                      .system = "app",
                      .account = "main",
                      .resource = "crm/contacts",
                      .record_id = "c-9",
                      .event_type = "deleted",
                      .event_id = event_id};

    admit_event(f, &e, NULL, false);
}

START_TEST(deletions_go_alone_and_in_order)
{
    struct fixture f;
    struct store_emission e;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    admit(&f, "app", "c-9", "e2", NULL);
    admit_deletion(&f, "e3");
    admit(&f, "app", "c-9", "e4", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.seq, 1);
    ck_assert_int_eq(e.n_folded, 1);
    ck_assert_int_eq(store_dispose(f.s, 1, "p1", e.fence, "unchanged", NULL, f.now, &f.err), 1);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.seq, 3);
    ck_assert_int_eq(e.n_folded, 0);
    ck_assert_int_eq(store_dispose(f.s, 3, "p1", e.fence, "ignored", NULL, f.now, &f.err), 1);
    ck_assert_int_eq(emit_one(&f, "p1").seq, 4);
    fixture_close(&f);
}
END_TEST

START_TEST(disposing_supersedes_what_is_folded)
{
    struct fixture f;
    struct store_emission e;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    admit(&f, "app", "c-9", "e2", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(store_dispose(f.s, 1, "p1", e.fence, "echo", "same", f.now, &f.err), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT disposition FROM sync_inbox WHERE seq = 1"), "echo");
    ck_assert_str_eq(sql_text(&f, "SELECT disposition FROM sync_inbox WHERE seq = 2"),
                     "superseded");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(many_are_disposed_of_at_once_but_only_ours)
{
    static const int64_t seqs[] = {1, 2, 3, 4, 99};
    struct store_emission *rows;
    struct fixture f;

    fixture_open(&f);
    admit(&f, "app", "c-1", "e1", NULL);
    admit(&f, "app", "c-2", "e2", NULL);
    admit(&f, "app", "c-3", "e3", NULL);
    ck_assert_int_eq(emit(&f, "p1", &rows), 3);
    admit(&f, "app", "c-4", "e4", NULL); /* nobody has it */
    ck_assert_int_eq(store_dispose(f.s, 2, "p1", 1, "ignored", NULL, f.now, &f.err), 1);
    sql(&f, "UPDATE sync_inbox SET fence = 2 WHERE seq = 3");
    ck_assert_int_eq(store_dispose_alone(f.s, seqs, 5, "p1", 1, "echo", "actor", f.now, &f.err), 1);
    ck_assert_int_eq(
        sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE disposition = 'echo' AND seq = 1"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE disposition = 'echo'"), 1);
    ck_assert_int_eq(store_dispose_alone(f.s, seqs + 2, 1, "p1", 2, "echo", NULL, f.now, &f.err),
                     1);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(only_the_fence_of_now_may_act)
{
    struct fixture f;
    struct store_emission e;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    admit(&f, "app", "c-9", "e2", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(store_return(f.s, 1, "p2", e.fence, 0, NULL, &f.err), 0);
    ck_assert_int_eq(store_return(f.s, 1, "p1", e.fence, 0, NULL, &f.err), 1);
    ck_assert_int_eq(store_return(f.s, 1, "p1", e.fence, 0, NULL, &f.err), 0);
    ck_assert_int_eq(store_dispose(f.s, 1, "p1", e.fence, "echo", NULL, f.now, &f.err), 0);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.fence, 3);
    ck_assert_int_eq(e.n_folded, 1);
    ck_assert_int_eq(store_dispose(f.s, 1, "p1", 3, "echo", NULL, f.now, &f.err), 1);
    ck_assert_int_eq(store_dispose(f.s, 1, "p1", 3, "echo", NULL, f.now, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(returned_event_waits_and_does_not_hold_its_lane)
{
    struct fixture f;
    struct store_emission e, *rows;
    struct store_backlog b;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(store_return(f.s, 1, "p1", e.fence, f.now + 1000, "down", &f.err), 1);
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    ck_assert_int_eq(store_backlog(f.s, 0, f.now, &b, &f.err), 0);
    ck_assert_int_eq(b.waiting, 1);
    ck_assert_int_eq(b.next_not_before, f.now + 1000);
    admit(&f, "app", "c-9", "e2", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.seq, 2);
    ck_assert_int_eq(store_backlog(f.s, 0, f.now, &b, &f.err), 0);
    ck_assert_int_eq(b.out, 2);
    ck_assert_int_eq(store_dispose(f.s, 2, "p1", e.fence, "echo", NULL, f.now, &f.err), 1);
    f.now += 1000;
    ck_assert_int_eq(store_backlog(f.s, 0, f.now, &b, &f.err), 0);
    ck_assert_int_eq(b.free, 1);
    ck_assert_int_eq(emit_one(&f, "p1").seq, 1);
    fixture_close(&f);
}
END_TEST

START_TEST(bounded_emission_stops_at_its_last_row)
{
    struct fixture f;
    struct store_emission *rows;

    fixture_open(&f);
    admit(&f, "app", "c-1", "e1", NULL);
    admit(&f, "app", "c-1", "e2", NULL);
    admit(&f, "app", "c-2", "e3", NULL);
    ck_assert_int_eq(store_emit(f.s, f.a, "p1", NULL, 1, 10, f.now, &rows, &f.err), 1);
    ck_assert_int_eq(rows[0].n_folded, 0);
    ck_assert_int_eq(store_emit(f.s, f.a, "p1", NULL, 0, 0, f.now, &rows, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(unlinked_rows_wait_for_their_resource)
{
    struct fixture f;
    struct store_emission *rows;
    struct store_backlog b;
    struct event e = {.path = "delta",
                      .system = "app",
                      .account = "main",
                      .resource = "crm/contacts",
                      .record_id = "c-1",
                      .event_type = "updated",
                      .event_id = "r1/1"};

    fixture_open(&f);
    admit_event(&f, &e, "r1", true);
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    ck_assert_int_eq(store_backlog(f.s, 0, f.now, &b, &f.err), 0);
    ck_assert_int_eq(b.waiting, 1);
    ck_assert_int_eq(store_loaded(f.s, "crm/companies", f.now, &f.err), 0);
    ck_assert_int_eq(store_loaded(f.s, "crm/contacts", f.now, &f.err), 1);
    ck_assert_int_eq(emit(&f, "p1", &rows), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(pauses_hold_back_emission)
{
    static const struct store_pause pauses[] = {
        {.scope = "all"},
        {.scope = "resource", .resource = "crm/contacts"},
        {.scope = "run", .run_id = "r1"},
    };
    struct fixture f;
    struct store_emission *rows;

    fixture_open(&f);
    admit(&f, "app", "c-1", "e1", NULL);
    for (size_t i = 0; i < 3; i++) {
        struct store_pause *list;

        ck_assert_int_eq(store_pause_add(f.s, &pauses[i], f.now, &f.err), 0);
        ck_assert_int_eq(store_emit(f.s, f.a, "p1", "r1", 0, 9, f.now, &rows, &f.err), 0);
        ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &list, &f.err), 1);
        ck_assert_str_eq(list[0].scope, pauses[i].scope);
        ck_assert_int_eq(store_pause_lift(f.s, list[0].pause_id, f.now, &f.err), 1);
        ck_assert_int_eq(store_pause_lift(f.s, list[0].pause_id, f.now, &f.err), 0);
    }
    ck_assert_int_eq(store_emit(f.s, f.a, "p1", "r1", 0, 9, f.now, &rows, &f.err), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(endless_work_leaves_a_stopped_run_alone)
{
    static const struct store_pause stop = {.scope = "run", .run_id = "r1"};
    struct fixture f;
    struct store_emission *rows;
    struct event e = {.path = "delta",
                      .system = "app",
                      .account = "main",
                      .resource = "crm/contacts",
                      .record_id = "c-1",
                      .event_type = "updated",
                      .event_id = "r1/1"};

    fixture_open(&f);
    admit_event(&f, &e, "r1", false);
    ck_assert_int_eq(store_pause_add(f.s, &stop, f.now, &f.err), 0);
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    ck_assert_int_eq(store_emit(f.s, f.a, "p1", "r2", 0, 9, f.now, &rows, &f.err), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(dead_pipelines_give_back_without_blame)
{
    struct fixture f;
    struct store_emission e;

    fixture_open(&f);
    hold(&f, "p1");
    admit(&f, "app", "c-1", "e1", NULL);
    admit(&f, "app", "c-1", "e2", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(store_take_back(f.s, f.now, &f.err), 0);
    sql(&f, "UPDATE sync_leases SET expires_ms = %lld", (long long)clock_boot());
    ck_assert_int_eq(store_take_back(f.s, f.now, &f.err), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT attempts FROM sync_inbox WHERE seq = 1"), 0);
    ck_assert_int_eq(store_dispose(f.s, 1, "p1", e.fence, "echo", NULL, f.now, &f.err), 0);
    e = emit_one(&f, "p2");
    ck_assert_int_eq(e.fence, 3);
    ck_assert_int_eq(e.n_folded, 1);
    fixture_close(&f);
}
END_TEST

START_TEST(what_nobody_ends_is_rejected_after_three_times)
{
    struct fixture f;

    fixture_open(&f);
    hold(&f, "p1");
    admit(&f, "app", "c-1", "e1", NULL);
    for (int i = 1; i <= 3; i++) {
        emit_one(&f, "p1");
        ck_assert_int_eq(store_take_back(f.s, f.now, &f.err), 0);
        sql(&f, "UPDATE sync_inbox SET leased_ms = leased_ms - 600001");
        ck_assert_int_eq(store_take_back(f.s, f.now, &f.err), 1);
    }
    ck_assert_str_eq(sql_text(&f, "SELECT disposition FROM sync_inbox"), "rejected");
    ck_assert_str_eq(sql_text(&f, "SELECT code FROM sync_rejects WHERE seq = 1"), "unclaimed");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(reject_ends_the_event_and_keeps_why)
{
    static const struct store_reject r = {
        .stage = "diff", .code = "two-matches", .text = "hubspot:1 and hubspot:2", .record = "{}"};
    struct fixture f;
    struct store_emission e;

    fixture_open(&f);
    admit(&f, "app", "c-1", "e1", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(store_reject(f.s, 1, "p1", e.fence + 1, &r, f.now, &f.err), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_rejects"), 0);
    ck_assert_int_eq(store_reject(f.s, 1, "p1", e.fence, &r, f.now, &f.err), 1);
    ck_assert_int_eq(store_reject_row(f.s, &r, f.now, &f.err), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_rejects WHERE state = 'open'"), 2);
    ck_assert_str_eq(sql_text(&f, "SELECT disposition FROM sync_inbox"), "rejected");
    fixture_close(&f);
}
END_TEST

START_TEST(latest_row_counts_only_if_nothing_came_after)
{
    struct fixture f;
    struct event e = {.path = "delta",
                      .system = "app",
                      .account = "main",
                      .resource = "crm/contacts",
                      .record_id = "c-1",
                      .event_type = "updated",
                      .event_id = "r1/1"};
    const char *payload;
    int64_t at;

    fixture_open(&f);
    e.fields = val_parse(f.a, "{\"phone\":\"1\"}", 13, NULL);
    admit_event(&f, &e, "r1", false);
    ck_assert_int_eq(
        store_latest_row(f.s, f.a, "crm/contacts", "app", "main", "c-1", &payload, &at, &f.err), 1);
    ck_assert_int_eq(at, f.now);
    ck_assert_ptr_nonnull(strstr(payload, "\"phone\":\"1\""));
    admit(&f, "app", "c-1", "hook", NULL);
    ck_assert_int_eq(
        store_latest_row(f.s, f.a, "crm/contacts", "app", "main", "c-1", &payload, &at, &f.err), 0);
    e.event_id = "r2/1";
    e.partial = true;
    admit_event(&f, &e, "r2", false);
    ck_assert_int_eq(
        store_latest_row(f.s, f.a, "crm/contacts", "app", "main", "c-1", &payload, &at, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(a_listed_row_is_as_old_as_its_listing_call)
{
    struct fixture f;
    struct event e = {.path = "delta",
                      .system = "app",
                      .account = "main",
                      .resource = "crm/contacts",
                      .record_id = "c-1",
                      .event_type = "updated",
                      .event_id = "r1/1"};
    struct store_admission x = {.event = &e, .map_hash = "m1", .run_id = "r1", .read_at = T0 - 5};
    struct store_emission row;
    const char *payload;
    int64_t at, seq;

    fixture_open(&f);
    e.fields = val_parse(f.a, "{\"phone\":\"1\"}", 13, NULL);
    ck_assert_int_eq(store_admit(f.s, &x, T0, &seq, &f.err), 1);
    ck_assert_int_eq(
        store_latest_row(f.s, f.a, "crm/contacts", "app", "main", "c-1", &payload, &at, &f.err), 1);
    ck_assert_int_eq(at, T0 - 5);
    f.now = T0;
    row = emit_one(&f, "p1"); /* free at once, but what sync-diff gets says how old it is */
    ck_assert_ptr_nonnull(strstr(row.payload, "\"received_at\":\"2026-01-01T09:59:59.995Z\""));
    fixture_close(&f);
}
END_TEST

START_TEST(keys_are_replaced_whole)
{
    static const char *const first[] = {"h1", "h2"}, *const second[] = {"h2", "h3"};
    struct fixture f;
    const char *ids[4];

    fixture_open(&f);
#define KEYS(id, list)                                                                             \
    ck_assert_int_eq(                                                                              \
        store_keys_replace(f.s, "crm/contacts", "app", "main", id, list, 2, f.now, &f.err), 0)
#define FOUND(hash) store_candidates(f.s, f.a, "crm/contacts", "app", "main", hash, ids, 4, &f.err)
    KEYS("c-1", first);
    KEYS("c-2", first);
    KEYS("c-1", second);
    ck_assert_int_eq(FOUND("h1"), 1);
    ck_assert_str_eq(ids[0], "c-2");
    ck_assert_int_eq(FOUND("h2"), 2);
    ck_assert_int_eq(FOUND("h3"), 1);
    ck_assert_int_eq(FOUND("h4"), 0);
    fixture_close(&f);
}
END_TEST

/* Emits all it can get and tells the lanes' heads by a pipe. */
static void
emit_child(struct fixture *f, int out, const char *name)
{
    struct store *s = store_open(f->path, STORE_WRITE, &f->err);
    struct store_emission *rows;
    int n;

    if (s == NULL)
        _exit(1);
    while ((n = store_emit(s, f->a, name, NULL, 0, 7, f->now, &rows, &f->err)) > 0)
        for (int i = 0; i < n; i++)
            if (write(out, &rows[i].seq, sizeof rows[i].seq) != sizeof rows[i].seq)
                _exit(2);
    _exit(n == 0 ? 0 : 3);
}

START_TEST(two_emitters_never_get_one_lane_twice)
{
    enum { LANES = 100, ROWS = 300 };
    struct fixture f;
    int seen[ROWS + 1] = {0}, out[2], total = 0, status;
    int64_t seq;

    fixture_open(&f);
    ck_assert_int_eq(store_begin(f.s, true, &f.err), 0);
    for (int i = 0; i < ROWS; i++)
        admit(&f, "app", arena_printf(f.a, "c-%d", i % LANES), arena_printf(f.a, "e%d", i), NULL);
    ck_assert_int_eq(store_commit(f.s, &f.err), 0);
    store_close(f.s);
    f.s = NULL;
    ck_assert_int_eq(pipe(out), 0);
    for (int i = 0; i < 2; i++)
        if (fork() == 0)
            emit_child(&f, out[1], i == 0 ? "p1" : "p2");
    close(out[1]);
    while (read(out[0], &seq, sizeof seq) == sizeof seq) {
        ck_assert_int_eq(seen[(seq - 1) % LANES]++, 0);
        total++;
    }
    ck_assert_int_eq(total, LANES);
    while (wait(&status) > 0)
        ck_assert_int_eq(status, 0);
    f.s = fixture_again(&f);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE folded_into IS NOT NULL"),
                     ROWS - LANES);
    fixture_close(&f);
}
END_TEST

/* CPU time of ten emissions of 64 with N more rows pending. */
static long
emission_cost(struct fixture *f, int n)
{
    struct store_emission *rows;
    struct timespec t0, t1;

    ck_assert_int_eq(store_begin(f->s, false, &f->err), 0);
    for (int i = 0; i < n; i++)
        admit(f, "app", arena_printf(f->a, "n%d-%d", n, i), arena_printf(f->a, "e%d-%d", n, i),
              NULL);
    ck_assert_int_eq(store_commit(f->s, &f->err), 0);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(store_emit(f->s, f->a, "p1", NULL, 0, 64, f->now, &rows, &f->err), 64);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
    return (t1.tv_sec - t0.tv_sec) * 1000000 + (t1.tv_nsec - t0.tv_nsec) / 1000;
}

/* Ten times the rows must not make emission ten times as dear: the indexes are used. */
START_TEST(emission_does_not_grow_with_what_is_pending)
{
    struct fixture f;
    long few, many;

    fixture_open(&f);
    few = emission_cost(&f, 2000);
    many = emission_cost(&f, 20000);
    ck_assert_msg(many < 4 * few + 1000, "%ld us with 2,000 pending, %ld us with 22,000", few,
                  many);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/inbox", known_event_is_a_duplicate_and_takes_no_number,
          payload_keeps_number_text_and_says_when, one_event_a_lane_the_rest_is_folded,
          folded_event_keeps_its_own_time, deletions_go_alone_and_in_order,
          disposing_supersedes_what_is_folded, many_are_disposed_of_at_once_but_only_ours,
          only_the_fence_of_now_may_act, returned_event_waits_and_does_not_hold_its_lane,
          bounded_emission_stops_at_its_last_row, unlinked_rows_wait_for_their_resource,
          pauses_hold_back_emission, endless_work_leaves_a_stopped_run_alone,
          dead_pipelines_give_back_without_blame, what_nobody_ends_is_rejected_after_three_times,
          reject_ends_the_event_and_keeps_why, latest_row_counts_only_if_nothing_came_after,
          a_listed_row_is_as_old_as_its_listing_call, keys_are_replaced_whole,
          two_emitters_never_get_one_lane_twice, emission_does_not_grow_with_what_is_pending)
