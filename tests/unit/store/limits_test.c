#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "fixture.h"

static struct outcome
create_one(struct fixture *f, const struct conf *conf, const char *run, int i, bool lifted)
{
    const char *id = arena_printf(f->a, "%d", 1000 + i);
    struct event e = {.path = "delta",
                      .system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = id,
                      .event_type = "updated",
                      .event_id = arena_printf(f->a, "e%d", i),
                      .run = run};
    struct store_commit c = {.event = &e, .conf = conf, .limits_lifted = lifted};
    struct store_emission *rows;
    int64_t seq = admit_event(f, &e, run, false);

    ck_assert_int_eq(store_emit(f->s, f->a, "p1", NULL, 0, 9, f->now, &rows, &f->err), 1);
    return decide_members(
        f, "hubspot", id, seq, "p1", rows[0].fence,
        arena_printf(f->a,
                     "\"link\":null,\"external_id\":\"x%d\",\"ends\":[{\"system\":\"hubspot\","
                     "\"account\":\"62515\",\"record_id\":\"%s\",\"covered\":{}}],\"writes\":["
                     "{\"target\":\"app\",\"account\":\"main\",\"action\":\"create\",\"set\":"
                     "{\"phone\":\"1\"}}]",
                     i, id),
        &c);
}

START_TEST(run_stops_at_its_limit)
{
    const struct conf conf = {
        .max_creates = {2, -1}, .max_updates = {-1, -1}, .max_changed = {-1, -1}};
    struct fixture f;
    struct store_pause *pauses;
    struct store_run run;

    fixture_open(&f);
    ck_assert_int_eq(store_run_begin(f.s, "r1", "contacts", "delta", f.now, &f.err), 0);
    ck_assert_int_eq(create_one(&f, &conf, "r1", 1, false).rc, STORE_COMMITTED);
    ck_assert_int_eq(create_one(&f, &conf, "r1", 2, false).rc, STORE_COMMITTED);
    ck_assert_int_eq(create_one(&f, &conf, "r1", 3, false).rc, STORE_STOPPED);
    ck_assert_str_eq(f.err.text, "run r1 would pass max_creates 2; nothing more is written");
    ck_assert_ptr_nonnull(strstr(f.err.hint, "--yes"));
    ck_assert_int_eq(f.err.status, EXIT_STOP);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 2);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links"), 2);
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_str_eq(pauses[0].run_id, "r1");
    ck_assert_int_eq(store_run_last(f.s, f.a, "contacts", &run, &f.err), 1);
    ck_assert_int_eq(run.creates, 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(lifted_limits_let_a_run_go_on)
{
    const struct conf conf = {
        .max_creates = {0, -1}, .max_updates = {-1, -1}, .max_changed = {-1, -1}};
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_run_begin(f.s, "r1", "contacts", "delta", f.now, &f.err), 0);
    ck_assert_int_eq(create_one(&f, &conf, "r1", 1, true).rc, STORE_COMMITTED);
    fixture_close(&f);
}
END_TEST

START_TEST(share_is_of_known_records_above_a_floor)
{
    const struct conf conf = {
        .max_creates = {-1, 10}, .max_updates = {-1, -1}, .max_changed = {-1, -1}};
    struct fixture f;
    int i;

    fixture_open(&f);
    ck_assert_int_eq(store_run_begin(f.s, "r1", "contacts", "delta", f.now, &f.err), 0);
    for (i = 1; i <= LIMIT_PERCENT_FLOOR; i++)
        ck_assert_int_eq(create_one(&f, &conf, "r1", i, false).rc, STORE_COMMITTED);
    ck_assert_int_eq(create_one(&f, &conf, "r1", i, false).rc, STORE_STOPPED);
    ck_assert_str_eq(f.err.text, "run r1 would pass max_creates 10% (20 of 21 known crm/contacts);"
                                 " nothing more is written");
    fixture_close(&f);
}
END_TEST

START_TEST(without_a_run_the_hour_counts)
{
    const struct conf conf = {
        .max_creates = {1, -1}, .max_updates = {-1, -1}, .max_changed = {-1, -1}};
    struct fixture f;
    struct store_pause *pauses;

    fixture_open(&f);
    ck_assert_int_eq(store_run_begin(f.s, "r1", "contacts", "delta", f.now, &f.err), 0);
    ck_assert_int_eq(create_one(&f, &conf, "r1", 9, false).rc, STORE_COMMITTED); /* its own count */
    ck_assert_int_eq(create_one(&f, &conf, NULL, 1, false).rc, STORE_COMMITTED);
    f.now += 59 * 60000;
    ck_assert_int_eq(create_one(&f, &conf, NULL, 2, false).rc, STORE_STOPPED);
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_str_eq(pauses[0].scope, "account");
    ck_assert_str_eq(pauses[0].system, "app");
    sql(&f, "UPDATE sync_inbox SET disposition = 'ignored' WHERE disposition IS NULL AND"
            " lease IS NULL");
    f.now += 2 * 60000;
    ck_assert_int_eq(create_one(&f, &conf, NULL, 3, false).rc, STORE_COMMITTED);
    fixture_close(&f);
}
END_TEST

START_TEST(the_hour_begins_anew_when_a_person_resumes)
{
    const struct conf conf = {
        .max_creates = {1, -1}, .max_updates = {-1, -1}, .max_changed = {-1, -1}};
    struct fixture f;
    struct store_pause *pauses;

    fixture_open(&f);
    ck_assert_int_eq(create_one(&f, &conf, NULL, 1, false).rc, STORE_COMMITTED);
    ck_assert_int_eq(create_one(&f, &conf, NULL, 2, false).rc, STORE_STOPPED);
    sql(&f, "UPDATE sync_inbox SET disposition = 'ignored' WHERE disposition IS NULL AND"
            " lease IS NULL");
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_int_eq(store_pause_lift(f.s, pauses[0].pause_id, f.now, &f.err), 1);
    ck_assert_int_eq(create_one(&f, &conf, NULL, 3, false).rc, STORE_COMMITTED);
    ck_assert_int_eq(create_one(&f, &conf, NULL, 4, false).rc, STORE_STOPPED);
    fixture_close(&f);
}
END_TEST

START_TEST(creates_have_a_share_of_an_hour_too)
{
    const struct conf conf = {
        .max_creates = {-1, 10}, .max_updates = {-1, -1}, .max_changed = {-1, -1}, .hour_floor = 3};
    struct fixture f;

    fixture_open(&f);
    for (int i = 1; i <= 3; i++)
        ck_assert_int_eq(create_one(&f, &conf, NULL, i, false).rc, STORE_COMMITTED);
    ck_assert_int_eq(create_one(&f, &conf, NULL, 4, false).rc, STORE_STOPPED);
    ck_assert_ptr_nonnull(strstr(f.err.text, "max_creates 10% (3 of 4 known"));
    fixture_close(&f);
}
END_TEST

/* ---- Deletes ---- */

/* hubspot:I was deleted; its link's app:c-I is to go. */
static struct outcome
delete_one(struct fixture *f, const struct store_commit *like, const char *run, int i)
{
    const char *id = arena_printf(f->a, "%d", i);
    struct event e = {.path = "delta",
                      .system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = id,
                      .event_type = "deleted",
                      .event_id = arena_printf(f->a, "gone-%d-%" PRId64, i, f->now),
                      .run = run};
    struct store_commit c = *like;
    struct store_emission *rows;
    int64_t link = sql_int(f, "SELECT link_id FROM sync_metadata WHERE record_id = '%d'", i);
    int64_t seq = admit_event(f, &e, run, false);

    c.event = &e;
    ck_assert_int_eq(store_emit(f->s, f->a, "p1", NULL, 0, 9, f->now, &rows, &f->err), 1);
    return decide_members(
        f, "hubspot", id, seq, "p1", rows[0].fence,
        arena_printf(f->a,
                     "\"link\":%" PRId64 ",\"generation\":1,\"ends\":[{\"system\":\"hubspot\","
                     "\"account\":\"62515\",\"record_id\":\"%s\",\"state\":\"deleted\"}],"
                     "\"link_ended\":\"deleted at hubspot\",\"writes\":[{\"target\":\"app\","
                     "\"account\":\"main\",\"action\":\"delete\",\"target_record_id\":\"c-%s\","
                     "\"set\":{}}]",
                     link, id, id),
        &c);
}

/* A config with these limits and N linked pairs 1 .. N; no other limit lets anything pass. */
struct deletes {
    struct conf_sync sync;
    struct conf conf;
    struct store_commit c;
};

static void
open_pairs(struct fixture *f, struct deletes *d, long max, int percent, int n)
{
    static char resource[] = "crm/contacts";

    *d = (struct deletes){
        .sync = {.resource = resource, .deletes = {.max = max, .max_percent = percent}},
        .conf = {
            .n_syncs = 1, .max_creates = {0, -1}, .max_updates = {0, -1}, .max_changed = {0, -1}}};
    d->conf.syncs = &d->sync;
    d->c.conf = &d->conf;
    fixture_open(f);
    for (int i = 1; i <= n; i++)
        make_pair(f, arena_printf(f->a, "%d", i), arena_printf(f->a, "c-%d", i));
    ck_assert_int_eq(store_run_begin(f->s, "r1", "contacts", "delta", f->now, &f->err), 0);
}

START_TEST(run_stops_at_so_many_deletes)
{
    struct fixture f;
    struct deletes d;
    struct store_pause *pauses;
    struct store_run run;

    open_pairs(&f, &d, 2, 100, 4);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 1).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 2).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 3).rc, STORE_STOPPED);
    ck_assert_str_eq(f.err.text, "run r1 would pass deletes.max 2; nothing more is written");
    ck_assert_int_eq(f.err.status, EXIT_STOP);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 2);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_metadata WHERE deleted_at IS NOT NULL"),
                     2);
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_str_eq(pauses[0].run_id, "r1");
    ck_assert_str_eq(pauses[0].reason, "run r1 would pass deletes.max 2");
    ck_assert_int_eq(store_run_last(f.s, f.a, "contacts", &run, &f.err), 1);
    ck_assert_int_eq(run.deletes, 2);
    ck_assert_int_eq(run.updates, 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(five_deletes_pass_the_share_and_the_next_does_not)
{
    struct fixture f;
    struct deletes d;

    open_pairs(&f, &d, 50, 10, 8);
    for (int i = 1; i <= 5; i++)
        ck_assert_int_eq(delete_one(&f, &d.c, "r1", i).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 6).rc, STORE_STOPPED);
    ck_assert_str_eq(f.err.text, "run r1 would pass deletes.max_percent 10% (5 of 8 known"
                                 " crm/contacts); nothing more is written");
    fixture_close(&f);
}
END_TEST

START_TEST(share_of_many_is_more_than_five)
{
    struct fixture f;
    struct deletes d;

    open_pairs(&f, &d, 50, 10, 60);
    for (int i = 1; i <= 6; i++)
        ck_assert_int_eq(delete_one(&f, &d.c, "r1", i).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 7).rc, STORE_STOPPED);
    fixture_close(&f);
}
END_TEST

START_TEST(deletes_without_a_run_count_by_the_hour)
{
    struct fixture f;
    struct deletes d;
    struct store_pause *pauses;

    open_pairs(&f, &d, 2, 100, 6);
    ck_assert_int_eq(delete_one(&f, &d.c, NULL, 1).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, NULL, 2).rc, STORE_COMMITTED);
    f.now += 59 * 60000;
    ck_assert_int_eq(delete_one(&f, &d.c, NULL, 3).rc, STORE_STOPPED);
    ck_assert_str_eq(f.err.text, "this hour app would pass deletes.max 2; the account of app is"
                                 " paused");
    ck_assert_ptr_nonnull(strstr(f.err.hint, "sync-ctl resume app"));
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_str_eq(pauses[0].scope, "account");
    ck_assert_str_eq(pauses[0].system, "app");
    sql(&f, "UPDATE sync_inbox SET disposition = 'ignored' WHERE disposition IS NULL AND"
            " lease IS NULL");
    /* a person has looked: the hour begins anew */
    ck_assert_int_eq(store_pause_lift(f.s, pauses[0].pause_id, f.now, &f.err), 1);
    ck_assert_int_eq(delete_one(&f, &d.c, NULL, 4).rc, STORE_COMMITTED);
    fixture_close(&f);
}
END_TEST

START_TEST(deletes_of_runs_count_by_the_hour_too)
{
    struct fixture f;
    struct deletes d;
    struct store_pause *pauses;

    open_pairs(&f, &d, 2, 100, 6);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 1).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 2).rc, STORE_COMMITTED);
    f.now += 59 * 60000;
    ck_assert_int_eq(store_run_begin(f.s, "r2", "contacts", "delta", f.now, &f.err), 0);
    ck_assert_int_eq(delete_one(&f, &d.c, "r2", 3).rc, STORE_STOPPED); /* the next cron line */
    ck_assert_str_eq(f.err.text, "this hour app would pass deletes.max 2; nothing more is written");
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_str_eq(pauses[0].scope, "run"); /* the account is not: other writes go on */
    f.now += 60000 + 1;
    ck_assert_int_eq(store_run_begin(f.s, "r3", "contacts", "delta", f.now, &f.err), 0);
    ck_assert_int_eq(delete_one(&f, &d.c, "r3", 4).rc, STORE_COMMITTED);
    fixture_close(&f);
}
END_TEST

START_TEST(a_delete_that_was_not_done_counts_once)
{
    struct fixture f;
    struct deletes d;

    open_pairs(&f, &d, 1, 100, 3);
    ck_assert_int_eq(delete_one(&f, &d.c, NULL, 1).rc, STORE_COMMITTED);
    f.now += 1000;
    sql(&f, "UPDATE sync_intents SET state = 'lost' WHERE action = 'delete'");
    sql(&f, "UPDATE sync_links SET generation = 1"); /* as delete_one has it */
    sql(&f, "UPDATE sync_inbox SET disposition = 'ignored' WHERE disposition IS NULL");
    ck_assert_int_eq(delete_one(&f, &d.c, NULL, 1).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, NULL, 2).rc, STORE_STOPPED);
    fixture_close(&f);
}
END_TEST

START_TEST(limit_of_the_command_line_is_instead_of_both)
{
    const struct limit three = {.count = 3, .percent = -1};
    struct fixture f;
    struct deletes d;

    open_pairs(&f, &d, 1, 0, 5);
    d.c.max_deletes = &three;
    for (int i = 1; i <= 3; i++)
        ck_assert_int_eq(delete_one(&f, &d.c, "r1", i).rc, STORE_COMMITTED);
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 4).rc, STORE_STOPPED);
    sql(&f, "DELETE FROM sync_pauses");
    sql(&f, "UPDATE sync_inbox SET disposition = 'ignored' WHERE reason = 'limit'");
    d.c.limits_lifted = true;
    ck_assert_int_eq(delete_one(&f, &d.c, "r1", 5).rc, STORE_COMMITTED);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/limits", run_stops_at_its_limit, lifted_limits_let_a_run_go_on,
          share_is_of_known_records_above_a_floor, without_a_run_the_hour_counts,
          the_hour_begins_anew_when_a_person_resumes,

          creates_have_a_share_of_an_hour_too, run_stops_at_so_many_deletes,
          five_deletes_pass_the_share_and_the_next_does_not, share_of_many_is_more_than_five,
          deletes_without_a_run_count_by_the_hour, deletes_of_runs_count_by_the_hour_too,
          a_delete_that_was_not_done_counts_once, limit_of_the_command_line_is_instead_of_both)
