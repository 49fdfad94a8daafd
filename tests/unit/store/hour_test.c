#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "fixture.h"

/* Shares of updates outside runs (store/sqlite/limits.c): by the hour, and for each program. */

/* A config with these shares of updates and of records that get one, and N linked pairs 1 .. N. */
struct updates {
    struct conf conf;
    struct store_tally tally;
};

static void
open_updates(struct fixture *f, struct updates *u, int updates, int changed, long floor, int n)
{
    *u = (struct updates){.conf = {.max_creates = {-1, -1},
                                   .max_updates = {-1, updates},
                                   .max_changed = {-1, changed},
                                   .hour_floor = floor}};
    fixture_open(f);
    for (int i = 1; i <= n; i++)
        make_pair(f, arena_printf(f->a, "%d", i), arena_printf(f->a, "c-%d", i));
    ck_assert_int_eq(store_run_begin(f->s, "r1", "contacts", "delta", f->now, &f->err), 0);
}

enum how { WEBHOOK, OWED, OF_RUN, BY_HAND, BY_HAND_YES };

/* hubspot:I was edited, which app:c-I is to get; the update is done at once. */
static enum store_outcome
update_one(struct fixture *f, struct updates *u, enum how how, int i)
{
    const char *id = arena_printf(f->a, "%d", i), *run = how == OF_RUN ? "r1" : NULL;
    struct event e = {.path = how == OF_RUN ? "delta"
                              : how == OWED ? "manual"
                                            : "webhook",
                      .system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = id,
                      .event_type = "updated",
                      .event_id = arena_printf(f->a, "edit-%d-%" PRId64, i, f->now++),
                      .run = run};
    struct store_commit c = {
        .event = &e, .conf = &u->conf, .tally = &u->tally, .limits_lifted = how == BY_HAND_YES};
    int64_t link = sql_int(f, "SELECT link_id FROM sync_metadata WHERE record_id = '%d'", i);
    int64_t seq = 0, fence = 0;
    struct store_emission *rows;
    struct outcome out;

    sql(f, "UPDATE sync_links SET generation = 1"); /* as the line has it */
    if (how < BY_HAND) {
        seq = admit_event(f, &e, run, false);
        ck_assert_int_eq(store_emit(f->s, f->a, "p1", NULL, 0, 9, f->now, &rows, &f->err), 1);
        fence = rows[0].fence;
    }
    out = decide_members(
        f, "hubspot", id, seq, "p1", fence,
        arena_printf(f->a,
                     "\"link\":%" PRId64 ",\"generation\":1,\"ends\":[{\"system\":\"hubspot\","
                     "\"account\":\"62515\",\"record_id\":\"%s\",\"covered\":{}}],\"writes\":["
                     "{\"target\":\"app\",\"account\":\"main\",\"action\":\"update\","
                     "\"target_record_id\":\"c-%s\",\"set\":{\"phone\":\"1\"}}]",
                     link, id, id),
        &c);
    ck_assert_msg(out.rc == STORE_COMMITTED || out.rc == STORE_STOPPED, "%s", f->err.text);
    sql(f, "UPDATE sync_intents SET state = 'done'");
    sql(f, "UPDATE sync_inbox SET disposition = 'pushed', lease = NULL WHERE disposition IS NULL");
    return (enum store_outcome)out.rc;
}

/* How many of FROM .. TO are let pass before it stops. */
static int
update_all(struct fixture *f, struct updates *u, enum how how, int from, int to)
{
    int n = 0;

    for (int i = from; i <= to && update_one(f, u, how, i) == STORE_COMMITTED; i++)
        n++;
    return n;
}

START_TEST(events_are_stopped_at_their_share_of_an_hour)
{
    struct fixture f;
    struct updates u;
    struct store_pause *pauses;

    open_updates(&f, &u, 20, 50, 5, 60);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 60), 12);
    ck_assert_str_eq(f.err.text, "this hour app would pass max_updates 20% (12 of 60 known"
                                 " crm/contacts); the account of app is paused");
    ck_assert_ptr_nonnull(strstr(f.err.hint, "sync-ctl resume app"));
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_str_eq(pauses[0].scope, "account");
    ck_assert_str_eq(pauses[0].system, "app");
    f.now += 58 * 60000;
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 13, 60), 0);
    f.now += 2 * 60000; /* the next hour */
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 60), 12);
    fixture_close(&f);
}
END_TEST

START_TEST(so_many_an_hour_pass_the_share)
{
    struct fixture f;
    struct updates u;

    open_updates(&f, &u, 20, 50, 50, 60);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 60), 50);
    fixture_close(&f);
}
END_TEST

START_TEST(the_share_of_changed_records_holds_alone)
{
    struct fixture f;
    struct updates u;

    open_updates(&f, &u, -1, 50, 5, 20);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 20), 10);
    ck_assert_ptr_nonnull(strstr(f.err.text, "max_changed 50% (10 of 20"));
    fixture_close(&f);
    open_updates(&f, &u, -1, -1, 5, 20);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 20), 20);
    fixture_close(&f);
}
END_TEST

START_TEST(a_record_counts_once_an_hour)
{
    struct fixture f;
    struct updates u;

    open_updates(&f, &u, 20, 50, 3, 10);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 3), 3);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 4, 4), 0);
    fixture_close(&f);
    /* but a number is of updates */
    open_updates(&f, &u, -1, -1, 3, 10);
    u.conf.max_updates = (struct limit){7, -1};
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 3), 3);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 3), 3);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 3), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(what_a_run_changed_does_not_hide_what_events_change)
{
    struct fixture f;
    struct updates u;

    open_updates(&f, &u, 20, 50, 5, 10);
    ck_assert_int_eq(update_all(&f, &u, OF_RUN, 1, 10), 10);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 10), 5);
    fixture_close(&f);
}
END_TEST

START_TEST(after_resume_the_same_records_count_again)
{
    struct fixture f;
    struct updates u;
    struct store_pause *pauses;

    open_updates(&f, &u, 20, 50, 5, 10);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 10), 5);
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_int_eq(store_pause_lift(f.s, pauses[0].pause_id, f.now, &f.err), 1);
    ck_assert_int_eq(update_all(&f, &u, WEBHOOK, 1, 10), 5);
    fixture_close(&f);
}
END_TEST

START_TEST(lines_made_by_hand_are_held_to_what_a_run_is)
{
    struct fixture f;
    struct updates u;
    struct store_pause *pauses;

    open_updates(&f, &u, 20, 50, 200, 60);
    ck_assert_int_eq(update_all(&f, &u, BY_HAND, 1, 60), LIMIT_PERCENT_FLOOR);
    ck_assert_str_eq(f.err.text, "this input would pass max_updates 20% (20 of 60 known"
                                 " crm/contacts); nothing more is written");
    ck_assert_ptr_nonnull(strstr(f.err.hint, "--yes"));
    ck_assert_int_eq(f.err.status, EXIT_STOP);
    /* its end is enough: what comes by itself goes on */
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 0);
    u.tally = (struct store_tally){0}; /* the program is started again */
    ck_assert_int_eq(update_all(&f, &u, BY_HAND, 21, 60), LIMIT_PERCENT_FLOOR);
    fixture_close(&f);
}
END_TEST

START_TEST(programs_one_after_another_share_an_hour)
{
    struct fixture f;
    struct updates u;
    struct store_pause *pauses;

    open_updates(&f, &u, 20, 50, 30, 60);
    ck_assert_int_eq(update_all(&f, &u, BY_HAND, 1, 20), 20);
    u.tally = (struct store_tally){0};
    ck_assert_int_eq(update_all(&f, &u, BY_HAND, 21, 40), 10);
    ck_assert_ptr_nonnull(strstr(f.err.text, "this hour app would pass max_updates"));
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(yes_lets_a_plan_pass_and_is_not_held_against_events)
{
    struct fixture f;
    struct updates u;

    open_updates(&f, &u, 20, 50, 5, 60);
    ck_assert_int_eq(update_all(&f, &u, BY_HAND_YES, 1, 60), 60);
    f.now += 1000;
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_counters"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(what_completes_a_record_that_we_made_is_no_change)
{
    struct fixture f;
    struct updates u;

    open_updates(&f, &u, 20, 50, 5, 10);
    for (int i = 1; i <= 10; i++)
        sql(&f,
            "INSERT INTO sync_intents (link_id, generation, target, account, resource_type,"
            " record_id, external_id, action, fields, idempotency_key, state, owner, created_at)"
            " VALUES (99, 1, 'app', 'main', 'crm/contacts', 'c-%d', 'x', 'create', '{}', '',"
            " 'done', '', '2020-01-01T00:00:00.000Z')",
            i);
    ck_assert_int_eq(update_all(&f, &u, OWED, 1, 10), 10); /* their references */
    f.now += 3600000;
    ck_assert_int_eq(update_all(&f, &u, OWED, 1, 10), 5); /* what waited for a pause to end */
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/hour", events_are_stopped_at_their_share_of_an_hour,
          so_many_an_hour_pass_the_share, the_share_of_changed_records_holds_alone,
          a_record_counts_once_an_hour, what_a_run_changed_does_not_hide_what_events_change,
          after_resume_the_same_records_count_again, lines_made_by_hand_are_held_to_what_a_run_is,
          programs_one_after_another_share_an_hour,
          yes_lets_a_plan_pass_and_is_not_held_against_events,
          what_completes_a_record_that_we_made_is_no_change)
