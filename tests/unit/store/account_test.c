#include <config.h>

#include <string.h>

#include "fixture.h"
#include "store/account.h"

/* What a turn found, and what it is to leave. */
struct turn {
    size_t n;
    struct store_bucket found[STORE_BUCKETS];
    double tokens;
    int64_t at, until;
    bool keeps;
};

static bool
set_rate(struct store_bucket *b, size_t *n, void *user)
{
    struct turn *t = user;

    t->n = *n;
    memcpy(t->found, b, *n * sizeof *b);
    if (*n == 0)
        *n = 1;
    b[0] = (struct store_bucket){
        .name = "rate", .tokens = t->tokens, .refilled_at = t->at, .closed_until = t->until};
    return t->keeps;
}

START_TEST(what_a_turn_leaves_others_find)
{
    struct fixture f;
    struct store *other;
    struct turn t = {.tokens = 2.25, .at = T0, .until = T0 + 5000, .keeps = true};

    fixture_open(&f);
    other = fixture_again(&f);
    ck_assert_int_eq(store_buckets_turn(f.s, "app", "main", set_rate, &t, &f.err), 0);
    ck_assert_uint_eq(t.n, 0);
    t.keeps = false;
    ck_assert_int_eq(store_buckets_turn(other, "app", "main", set_rate, &t, &f.err), 0);
    ck_assert_uint_eq(t.n, 1);
    ck_assert_str_eq(t.found[0].name, "rate");
    ck_assert_double_eq(t.found[0].tokens, 2.25);
    ck_assert_int_eq(t.found[0].refilled_at, T0);
    ck_assert_int_eq(t.found[0].closed_until, T0 + 5000);
    ck_assert_int_eq(store_buckets_turn(other, "app", "else", set_rate, &t, &f.err), 0);
    ck_assert_uint_eq(t.n, 0);
    store_close(other);
    fixture_close(&f);
}
END_TEST

START_TEST(who_only_looks_leaves_nothing)
{
    struct fixture f;
    struct store *reader;
    struct turn t = {.tokens = 1, .at = T0, .keeps = true};

    fixture_open(&f);
    reader = store_open(f.path, STORE_READ, &f.err);
    ck_assert_int_eq(store_buckets_look(f.s, "app", "main", set_rate, &t, &f.err), 0);
    ck_assert_int_eq(store_buckets_look(reader, "app", "main", set_rate, &t, &f.err), 0);
    ck_assert_int_eq(store_buckets_turn(reader, "app", "main", set_rate, &t, &f.err), -1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_buckets"), 0);
    store_close(reader);
    fixture_close(&f);
}
END_TEST

/* Both saw the same tokens would be one too many. */
START_TEST(a_turn_waits_for_another)
{
    struct fixture f;
    struct store *other;
    struct turn t = {.tokens = 1, .at = T0, .keeps = true};

    fixture_open(&f);
    other = fixture_again(&f);
    store_patience(other, 1);
    ck_assert_int_eq(store_begin(f.s, false, &f.err), 0);
    ck_assert_int_eq(store_buckets_turn(other, "app", "main", set_rate, &t, &f.err), -1);
    ck_assert_str_eq(f.err.code, "locked");
    /* Part of the transaction that is open. */
    ck_assert_int_eq(store_buckets_turn(f.s, "app", "main", set_rate, &t, &f.err), 0);
    store_abort(f.s);
    ck_assert_int_eq(store_buckets_turn(other, "app", "main", set_rate, &t, &f.err), 0);
    ck_assert_uint_eq(t.n, 0);
    store_close(other);
    fixture_close(&f);
}
END_TEST

START_TEST(a_person_opens_what_is_closed)
{
    struct fixture f;
    struct store_bucket *b;

    fixture_open(&f);
    sql(&f,
        "INSERT INTO sync_buckets VALUES ('app', 'main', 'limit', 0, '2026-01-01T00:00:00.000Z',"
        " '2026-01-01T10:00:01.000Z'), ('app', 'main', 'day', 7, '2026-01-01T00:00:00.000Z',"
        " '2026-01-02T00:00:00.000Z'), ('app', 'main', 'warned', 0, '2026-01-01T00:00:00.000Z',"
        " '2026-01-02T00:00:00.000Z'), ('app', 'main', 'rate', 1, '2026-01-01T00:00:00.000Z',"
        " NULL), ('hubspot', '1', 'limit', 0, '2026-01-01T00:00:00.000Z',"
        " '2026-01-02T00:00:00.000Z')");
    ck_assert_int_eq(store_buckets_open(f.s, "app", T0, &f.err), 2);
    ck_assert_int_eq(store_buckets_open(f.s, "app", T0, &f.err), 0);
    ck_assert_int_eq(
        sql_int(&f, "SELECT count(*) FROM sync_buckets WHERE closed_until IS NOT NULL"), 2);
    ck_assert_int_eq(store_buckets(f.s, f.a, &b, &f.err), 5);
    ck_assert_str_eq(b[0].name, "day");
    ck_assert_double_eq(b[0].tokens, 7);
    ck_assert_int_eq(b[0].refilled_at, T0 - 10 * 3600 * 1000);
    fixture_close(&f);
}
END_TEST

START_TEST(counts_add_up_and_the_longest_stays)
{
    struct store_metric m[] = {{.name = "http calls", .value = 3},
                               {.name = "http limits", .value = 0},
                               {.name = "http ms max", .value = 40, .longest = true}};
    struct store_metric *out;
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_metrics_add(f.s, "app", "main", m, 3, T0, &f.err), 0);
    m[0].value = 2;
    m[2].value = 30;
    ck_assert_int_eq(store_metrics_add(f.s, "app", "main", m, 3, T0 + 1000, &f.err), 0);
    ck_assert_int_eq(store_metrics_add(f.s, "app", "main", m, 3, T0 + 60000, &f.err), 0);
    ck_assert_int_eq(store_count(f.s, "create without run", "app", "main", 9, T0, &f.err), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT value FROM sync_counters WHERE metric = 'http calls' AND"
                                 " minute = '2026-01-01T10:00:00.000Z'"),
                     5);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_counters WHERE metric LIKE 'http%%'"),
                     4);
    ck_assert_int_eq(store_metrics(f.s, f.a, "http ", T0, &out, &f.err), 2);
    ck_assert_str_eq(out[0].name, "http calls");
    ck_assert_int_eq(out[0].value, 7);
    ck_assert_str_eq(out[1].name, "http ms max");
    ck_assert_int_eq(out[1].value, 40);
    ck_assert_int_eq(store_metrics(f.s, f.a, "http ", T0 + 1, &out, &f.err), 2);
    ck_assert_int_eq(out[0].value, 2);
    ck_assert_int_eq(out[1].value, 30);
    fixture_close(&f);
}
END_TEST

/* An hour of N calls, HOURS before T0. */
static void
call_hour(struct fixture *f, int hours, int64_t n)
{
    const struct store_metric m = {.name = STORE_CALLS, .value = n};

    ck_assert_int_eq(
        store_metrics_add(f->s, "app", "main", &m, 1, T0 - hours * INT64_C(3600000), &f->err), 0);
}

START_TEST(a_burst_is_ten_times_what_is_usual)
{
    int64_t calls, usual;
    struct fixture f;

    fixture_open(&f);
    for (int h = 2; h <= STORE_CALLS_HOURS; h++)
        call_hour(&f, h, 7);
    call_hour(&f, 0, 71);
    ck_assert_int_eq(store_calls_burst(f.s, "app", "main", 20, T0, &calls, &usual, &f.err), 0);
    call_hour(&f, STORE_CALLS_HOURS + 1, 1000); /* now there are enough to tell */
    ck_assert_int_eq(store_calls_burst(f.s, "app", "main", 20, T0, &calls, &usual, &f.err), 1);
    ck_assert_int_eq(calls, 71);
    ck_assert_int_eq(usual, 7);
    ck_assert_int_eq(store_calls_burst(f.s, "app", "main", 71, T0, &calls, &usual, &f.err), 0);
    ck_assert_int_eq(store_calls_burst(f.s, "app", "else", 20, T0, &calls, &usual, &f.err), 0);
    sql(&f, "UPDATE sync_counters SET value = 8 WHERE value = 7");
    ck_assert_int_eq(store_calls_burst(f.s, "app", "main", 20, T0, &calls, &usual, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(a_burst_is_not_held_against_a_resumed_account)
{
    const struct store_pause p = {
        .scope = "account", .system = "app", .account = "main", .by = STORE_CALLS_PAUSE};
    int64_t calls, usual;
    struct fixture f;

    fixture_open(&f);
    for (int h = 2; h <= STORE_CALLS_HOURS + 1; h++)
        call_hour(&f, h, 1);
    call_hour(&f, 0, 50);
    ck_assert_int_eq(store_calls_burst(f.s, "app", "main", 20, T0, &calls, &usual, &f.err), 1);
    ck_assert_int_eq(store_pause_add(f.s, &p, T0, &f.err), 0);
    ck_assert_int_eq(store_pause_lift(f.s, 1, T0 + 1000, &f.err), 1);
    ck_assert_int_eq(store_calls_burst(f.s, "app", "main", 20, T0 + 60000, &calls, &usual, &f.err),
                     0);
    ck_assert_int_eq(calls, 0);
    fixture_close(&f);
}
END_TEST

START_TEST(minutes_become_hours_and_nothing_else_changes)
{
    enum { DAYS = 4, MINUTES = DAYS * 24 * 60 };
    struct store_metric m[] = {{.name = STORE_CALLS, .value = 3},
                               {.name = "http ms max", .longest = true}},
                        *out;
    int64_t end = T0 + MINUTES * INT64_C(60000), calls, usual;
    struct fixture f;

    fixture_open(&f);
    for (int i = 0; i <= MINUTES; i++) {
        m[1].value = i == 7 ? 9000 : i % 60 + 1; /* the longest of all in the first hour */
        ck_assert_int_eq(
            store_metrics_add(f.s, "app", "main", m, 2, T0 + i * INT64_C(60000), &f.err), 0);
    }
    ck_assert_int_eq(store_metrics_add(f.s, "app", "other", m, 2, T0, &f.err), 0);
    ck_assert_int_le(sql_int(&f, "SELECT count(*) FROM sync_counters"),
                     2 * (DAYS * 24 + 26 * 60) + 2);
    ck_assert_int_eq(store_metrics(f.s, f.a, "http ", T0, &out, &f.err), 4);
    ck_assert_int_eq(out[0].value, 3 * (MINUTES + 1));
    ck_assert_int_eq(out[1].value, 9000);
    ck_assert_int_eq(sql_int(&f, "SELECT value FROM sync_counters WHERE metric = 'http ms max' AND"
                                 " account = 'main' AND minute = '2026-01-01T11:00:00.000Z'"),
                     60);
    ck_assert_int_eq(
        store_metrics(f.s, f.a, "http calls", end - 24 * INT64_C(3600000), &out, &f.err), 1);
    ck_assert_int_eq(out[0].value, 3 * (24 * 60 + 1));
    ck_assert_int_eq(store_calls_burst(f.s, "app", "main", 20, end, &calls, &usual, &f.err), 0);
    ck_assert_int_eq(usual, 180);
    fixture_close(&f);
}
END_TEST

START_TEST(what_waited_for_a_limit_is_due_when_a_person_opens_it)
{
    struct turn t = {.tokens = 1, .at = T0, .until = T0 + 5000, .keeps = true};
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_buckets_turn(f.s, "app", "main", set_rate, &t, &f.err), 0);
    sql(&f, "INSERT INTO sync_links VALUES (1, 'crm/contacts', 'x', NULL, 1, '', NULL, NULL)");
    sql(&f, "INSERT INTO sync_owed VALUES (1, 'a', 'app', 'crm', '1', '', '2026-01-01T11', NULL),"
            " (1, 'b', 'app', 'crm', '1', '', '2026-01-01T11', 'refused'),"
            " (1, 'c', 'crm', 'app', '1', '', '2026-01-01T11', NULL)");
    sql(&f, "INSERT INTO sync_inbox (lane, system, account, resource, record_id, event_type,"
            " event_id, path, received_at, map_hash, payload, not_before, reason) SELECT value,"
            " 'crm', 'main', 'crm/contacts', value, 'updated', value, 'webhook', '', '', '{}',"
            " '2026-01-01T11', value FROM json_each('[\"cannot read app:1: limit\","
            " \"cannot search app: limit\", \"cannot read appx:1: limit\", \"parent app:1\"]')");
    ck_assert_int_eq(store_buckets_open(f.s, "crm", T0, &f.err), 0);
    ck_assert_int_eq(
        sql_int(&f, "SELECT count(*) FROM sync_owed WHERE not_before > '2026-01-01T10:30'"), 3);
    ck_assert_int_eq(store_buckets_open(f.s, "app", T0, &f.err), 1);
    ck_assert_int_eq(
        sql_int(&f, "SELECT count(*) FROM sync_owed WHERE not_before < '2026-01-01T10:30' AND"
                    " field = 'a'"),
        1);
    ck_assert_int_eq(
        sql_int(&f, "SELECT count(*) FROM sync_owed WHERE not_before > '2026-01-01T10:30'"), 2);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE not_before <"
                                 " '2026-01-01T10:30' AND reason LIKE '%% app:%%limit'"),
                     2);
    ck_assert_int_eq(
        sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE not_before > '2026-01-01T10:30'"), 2);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/account", what_a_turn_leaves_others_find, who_only_looks_leaves_nothing,
          a_turn_waits_for_another, a_person_opens_what_is_closed,
          counts_add_up_and_the_longest_stays, a_burst_is_ten_times_what_is_usual,
          a_burst_is_not_held_against_a_resumed_account,
          minutes_become_hours_and_nothing_else_changes,
          what_waited_for_a_limit_is_due_when_a_person_opens_it)
