#include <config.h>

#include <inttypes.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"

/* hubspot:101 = app:c-9, hubspot's phone now 2, the write to app sent under w1. */
struct sent {
    int64_t link;
    struct store_emission e;
    struct store_intent n;
};

static struct sent
send_edit(struct fixture *f)
{
    struct sent s;
    struct outcome o;

    hold(f, "p1");
    hold(f, "w1");
    s.link = make_pair(f, "101", "c-9");
    admit(f, "hubspot", "101", "edit", NULL);
    s.e = emit_one(f, "p1");
    o = decide_members(f, "hubspot", "101", s.e.seq, "p1", s.e.fence,
                       phone_to_app(f, s.link, 1, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_int_eq(o.n, 1);
    s.n = o.intents[0];
    ck_assert_int_eq(store_sent(f->s, &s.n.token, 1, "w1", f->now, &f->err), 0);
    return s;
}

/* hubspot:101 is to be created at app, sent under w1. */
static struct sent
send_create(struct fixture *f)
{
    struct sent s = {0};
    struct outcome o;

    hold(f, "p1");
    hold(f, "w1");
    admit(f, "hubspot", "101", "new", NULL);
    s.e = emit_one(f, "p1");
    o = decide_members(f, "hubspot", "101", s.e.seq, "p1", s.e.fence,
                       "\"link\":null,\"external_id\":\"x1\",\"ends\":[{\"system\":\"hubspot\","
                       "\"account\":\"62515\",\"record_id\":\"101\",\"covered\":{\"phone\":\"1\","
                       "\"city\":null}}],\"claims\":[\"k1\"],\"writes\":[{\"target\":\"app\","
                       "\"account\":\"main\",\"action\":\"create\",\"set\":{\"phone\":\"1\"}}]",
                       NULL);
    ck_assert_msg(o.rc == STORE_COMMITTED, "%s", f->err.text);
    s.n = o.intents[0];
    s.link = s.n.link_id;
    ck_assert_int_eq(store_sent(f->s, &s.n.token, 1, "w1", f->now, &f->err), 0);
    return s;
}

static int
settle(struct fixture *f, const struct sent *s, enum settle_kind kind, const char **disposition)
{
    const struct store_settlement x = {.token = s->n.token,
                                       .owner = "w1",
                                       .kind = kind,
                                       .http_status = 422,
                                       .code = "http-422",
                                       .text = "phone is bad",
                                       .not_before = f->now + 9000};
    int rc = store_settle(f->s, &x, f->now, disposition, &f->err);

    ck_assert_msg(rc >= 0, "%s", f->err.text);
    return rc;
}

#define SHADOW(id) sql_text(&f, "SELECT fields FROM sync_metadata WHERE record_id = '" id "'")
#define DISPOSITION(seq)                                                                           \
    sql_text(&f, "SELECT coalesce(disposition, 'pending') FROM sync_inbox WHERE seq = %d", seq)
#define STATE() sql_text(&f, "SELECT state FROM sync_intents ORDER BY token DESC")

START_TEST(done_moves_the_shadow_as_stored)
{
    struct fixture f;
    struct sent s;
    const char *how;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(done(&f, &s.n, NULL, "{\"phone\":\"+2\",\"age\":4}", &how), 1);
    ck_assert_str_eq(how, "pushed");
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"+2\"}");
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"2\"}");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 0);
    ck_assert_str_eq(STATE(), "done");
    ck_assert_str_eq(DISPOSITION(2), "pushed");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 2); /* age: no base, no news */
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(done_without_a_body_takes_what_was_sent)
{
    struct fixture f;
    struct sent s;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(done(&f, &s.n, NULL, NULL, NULL), 1);
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"2\"}");
    fixture_close(&f);
}
END_TEST

START_TEST(other_news_in_the_answer_is_nominated)
{
    struct fixture f;
    struct sent s;
    struct store_emission e;

    fixture_open(&f);
    s = send_edit(&f);
    sql(&f, "UPDATE sync_metadata SET fields = '{\"city\":\"Ulm\",\"phone\":\"1\"}' WHERE"
            " record_id = 'c-9'");
    ck_assert_int_eq(done(&f, &s.n, NULL, "{\"phone\":\"2\",\"city\":\"Bonn\"}", NULL), 1);
    ck_assert_str_eq(SHADOW("c-9"), "{\"city\":\"Ulm\",\"phone\":\"2\"}");
    e = emit_one(&f, "p1");
    ck_assert_ptr_nonnull(strstr(e.payload, "\"system\":\"app\""));
    ck_assert_ptr_nonnull(strstr(e.payload, "\"event_id\":\"answer:1\""));
    fixture_close(&f);
}
END_TEST

START_TEST(created_record_is_an_end_and_its_rows_come_along)
{
    struct fixture f;
    struct sent s;
    struct store_emission e;
    const char *how;

    fixture_open(&f);
    s = send_create(&f);
    admit(&f, "app", "c-9", "hook", NULL); /* before the answer */
    e = emit_one(&f, "p1");
    ck_assert_int_eq(done(&f, &s.n, "c-9", "{\"phone\":\"1\",\"note\":\"\"}", &how), 1);
    ck_assert_str_eq(how, "pushed");
    ck_assert_str_eq(SHADOW("c-9"), "{\"city\":null,\"note\":\"\",\"phone\":\"1\"}");
    ck_assert_str_eq(sql_text(&f, "SELECT lane FROM sync_inbox WHERE event_id = 'hook'"), "L1");
    ck_assert_int_eq(store_dispose(f.s, e.seq, "p1", e.fence, "echo", NULL, f.now, &f.err), 0);
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 0);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(lane_idle(&f, "app", "c-9", e.seq), 1);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(value_set_by_the_target_itself_is_nominated)
{
    struct fixture f;
    struct sent s;

    fixture_open(&f);
    s = send_create(&f);
    ck_assert_int_eq(done(&f, &s.n, "c-9", "{\"phone\":\"1\",\"city\":\"Ulm\"}", NULL), 1);
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"1\"}");
    ck_assert_ptr_nonnull(strstr(emit_one(&f, "p1").payload, "answer:1"));
    fixture_close(&f);
}
END_TEST

START_TEST(found_otherwise_than_sent_is_no_base_but_news)
{
    struct store_settlement x = {.owner = "w1", .kind = SETTLE_DONE, .record_id = "c-9"};
    struct fixture f;
    struct sent s;
    struct val *names;

    fixture_open(&f);
    s = send_create(&f);
    names = val_array(f.a);
    val_push(f.a, names, val_string(f.a, "phone"));
    x.token = s.n.token;
    x.stored = val_parse(f.a, "{\"phone\":\"7\"}", 13, NULL);
    x.stored_whole = true;
    x.differs = names;
    ck_assert_int_eq(store_settle(f.s, &x, f.now, NULL, &f.err), 1);
    ck_assert_str_eq(SHADOW("c-9"), "{\"city\":null}");
    ck_assert_ptr_nonnull(strstr(emit_one(&f, "p1").payload, "answer:1"));
    fixture_close(&f);
}
END_TEST

START_TEST(what_may_be_stored_late_is_remembered_as_lost)
{
    struct store_settlement x = {.owner = "w1", .not_before = T0 + 9000, .code = "c", .text = "t"};
    struct fixture f;
    struct sent s;

    fixture_open(&f);
    s = send_edit(&f);
    x.token = s.n.token;
    x.kind = SETTLE_RETRY;
    x.maybe_applied = true;
    ck_assert_int_eq(store_settle(f.s, &x, f.now, NULL, &f.err), 1);
    ck_assert_str_eq(STATE(), "lost");
    ck_assert_str_eq(DISPOSITION(2), "owed");
    fixture_close(&f);
    fixture_open(&f);
    s = send_edit(&f);
    x.token = s.n.token;
    x.kind = SETTLE_LOST;
    x.not_applied = true;
    ck_assert_int_eq(store_settle(f.s, &x, f.now, NULL, &f.err), 1);
    ck_assert_str_eq(STATE(), "failed");
    ck_assert_str_eq(DISPOSITION(2), "pending");
    fixture_close(&f);
}
END_TEST

START_TEST(created_id_of_another_link_is_rejected)
{
    struct fixture f;
    struct sent s;
    const char *how;

    fixture_open(&f);
    make_pair(&f, "55", "c-9");
    s = send_create(&f);
    ck_assert_int_eq(done(&f, &s.n, "c-9", "{\"phone\":\"1\"}", &how), 2);
    ck_assert_str_eq(how, "rejected");
    ck_assert_str_eq(sql_text(&f, "SELECT code FROM sync_rejects"), "linked-twice");
    ck_assert_int_eq(sql_int(&f, "SELECT link_id FROM sync_metadata WHERE record_id = 'c-9'"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed WHERE refused IS NOT NULL"), 1);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 999999, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(refused_value_stays_owed_and_is_left_alone)
{
    struct fixture f;
    struct sent s;
    struct store_link l;
    const char *how;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(settle(&f, &s, SETTLE_REFUSED, &how), 1);
    ck_assert_str_eq(how, "rejected");
    ck_assert_str_eq(STATE(), "failed");
    ck_assert_int_eq(store_load_link(f.s, f.a, s.link, &l, &f.err), 1);
    ck_assert_str_eq(l.owed[0].refused, "phone is bad");
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"1\"}");
    ck_assert_str_eq(sql_text(&f, "SELECT record FROM sync_rejects"), "{\"phone\":\"2\"}");
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 999999, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(write_not_applied_is_owed_until_later)
{
    struct fixture f;
    struct sent s;
    const char *how;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(settle(&f, &s, SETTLE_RETRY, &how), 1);
    ck_assert_str_eq(how, "owed");
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 8999, &f.err), 0);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 9000, &f.err), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(lost_write_opens_its_event_again)
{
    struct fixture f;
    struct sent s;
    struct store_emission e;
    const char *how;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(settle(&f, &s, SETTLE_LOST, &how), 1);
    ck_assert_ptr_null(how);
    ck_assert_str_eq(STATE(), "lost");
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.seq, s.e.seq);
    ck_assert_int_eq(e.fence, s.e.fence + 2);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(unknown_create_stays_open_for_its_target)
{
    struct fixture f;
    struct sent s;
    struct store_link l;
    const char *how;

    fixture_open(&f);
    s = send_create(&f);
    ck_assert_int_eq(settle(&f, &s, SETTLE_UNKNOWN, &how), 1);
    ck_assert_str_eq(how, "rejected");
    ck_assert_str_eq(STATE(), "unknown");
    ck_assert_str_eq(sql_text(&f, "SELECT code FROM sync_rejects"), "outcome-unknown");
    ck_assert_int_eq(store_load_link(f.s, f.a, s.link, &l, &f.err), 1);
    ck_assert_str_eq(l.unknown_targets[0], "app");
    ck_assert_ptr_null(l.unknown_targets[1]);
    ck_assert_int_eq(l.open_intents, 0);
    ck_assert_int_eq(l.n_owed, 1);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 999999, &f.err), 0);
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 1);
    /* others go on: the event of the link is emitted */
    admit(&f, "hubspot", "101", "next", NULL);
    ck_assert_int_eq(emit_one(&f, "p1").seq, 2);
    fixture_close(&f);
}
END_TEST

/* ---- Two writes of one event ---- */

static struct outcome
decide_two(struct fixture *f)
{
    hold(f, "p1");
    hold(f, "w1");
    admit(f, "hubspot", "101", "new", NULL);
    emit_one(f, "p1");
    return decide_members(f, "hubspot", "101", 1, "p1", 1,
                          "\"link\":null,\"external_id\":\"x1\",\"ends\":[{\"system\":\"hubspot\","
                          "\"account\":\"62515\",\"record_id\":\"101\",\"covered\":{}}],"
                          "\"claims\":[\"k1\"],\"writes\":["
                          "{\"target\":\"app\",\"account\":\"main\",\"action\":\"create\",\"set\":"
                          "{\"phone\":\"1\"}},{\"target\":\"erp\",\"account\":\"main\",\"action\":"
                          "\"create\",\"set\":{\"phone\":\"1\"}}]",
                          NULL);
}

START_TEST(event_ends_with_its_last_write_and_its_worst)
{
    struct fixture f;
    struct outcome o;
    struct sent s = {0};
    const char *how;

    fixture_open(&f);
    o = decide_two(&f);
    ck_assert_int_eq(o.n, 2);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(store_sent(f.s, &o.intents[i].token, 1, "w1", f.now, &f.err), 0);
    s.n = o.intents[0];
    ck_assert_int_eq(settle(&f, &s, SETTLE_RETRY, &how), 1);
    ck_assert_ptr_null(how);
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 1);
    ck_assert_int_eq(done(&f, &o.intents[1], "e-1", NULL, &how), 1);
    ck_assert_str_eq(how, "owed");
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(event_with_a_lost_write_waits_for_the_others)
{
    struct fixture f;
    struct outcome o;
    struct sent s = {0};
    struct store_emission *rows;
    const char *how;

    fixture_open(&f);
    o = decide_two(&f);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(store_sent(f.s, &o.intents[i].token, 1, "w1", f.now, &f.err), 0);
    s.n = o.intents[0];
    ck_assert_int_eq(settle(&f, &s, SETTLE_LOST, &how), 1);
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    ck_assert_int_eq(done(&f, &o.intents[1], "e-1", NULL, &how), 1);
    ck_assert_ptr_null(how);
    ck_assert_int_eq(emit_one(&f, "p1").seq, 1);
    fixture_close(&f);
}
END_TEST

/* ---- Whose intent it is ---- */

START_TEST(only_ones_own_intents_are_sent)
{
    struct fixture f;
    struct sent s;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(store_sent(f.s, &s.n.token, 1, "w2", f.now, &f.err), -1);
    ck_assert_str_eq(f.err.code, "not-ours");
    ck_assert_int_eq(done(&f, &s.n, NULL, NULL, NULL), 1);
    ck_assert_int_eq(store_sent(f.s, &s.n.token, 1, "w1", f.now, &f.err), -1);
    ck_assert_int_eq(done(&f, &s.n, NULL, NULL, NULL), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(dead_writers_intents_are_taken_over_after_the_deadline)
{
    struct fixture f;
    struct sent s;
    struct store_intent *list;

    fixture_open(&f);
    s = send_edit(&f);
#define TAKE_OVER() store_take_over(f.s, f.a, "w2", 20000, 100, f.now, &list, &f.err)
    f.now += 60000;
    ck_assert_int_eq(TAKE_OVER(), 0); /* alive */
    sql(&f, "UPDATE sync_leases SET expires_ms = 1");
    f.now -= 60000 - 19999;
    ck_assert_int_eq(TAKE_OVER(), 0); /* it may still be answered */
    ck_assert_int_eq(store_take_back(f.s, f.now, &f.err), 0);
    f.now++;
    ck_assert_int_eq(TAKE_OVER(), 1);
    ck_assert_int_eq(list[0].token, s.n.token);
    ck_assert_str_eq(list[0].state, "sent");
    ck_assert_str_eq(val_text(val_get(list[0].fields, "phone")), "2");
    ck_assert_int_eq(TAKE_OVER(), 0);
    /* the dead one's answer comes late */
    ck_assert_int_eq(done(&f, &s.n, NULL, "{\"phone\":\"2\"}", NULL), 0);
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"1\"}");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_history WHERE outcome='late-answer'"),
                     1);
    fixture_close(&f);
}
END_TEST

START_TEST(a_job_is_kept_until_the_next_sending_or_the_end)
{
    static const char *const job[] = {"1/2 /jobs/7"};
    struct fixture f;
    struct sent s;
    struct store_intent *list;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(store_job(f.s, &s.n.token, job, 1, "w2", &f.err), 0); /* not its */
    sql(&f, "UPDATE sync_leases SET expires_ms = 1");
    f.now += 20000;
    ck_assert_int_eq(TAKE_OVER(), 1);
    ck_assert_ptr_null(list[0].job);
    ck_assert_int_eq(store_job(f.s, &s.n.token, job, 1, "w2", &f.err), 0);
    sql(&f, "UPDATE sync_intents SET owner = 'w1'");
    ck_assert_int_eq(TAKE_OVER(), 1);
    ck_assert_str_eq(list[0].job, "1/2 /jobs/7");
    ck_assert_int_eq(store_sent(f.s, &s.n.token, 1, "w2", f.now, &f.err), 0);
    sql(&f, "UPDATE sync_intents SET owner = 'w1'");
    f.now += 20000;
    ck_assert_int_eq(TAKE_OVER(), 1);
    ck_assert_ptr_null(list[0].job);
    fixture_close(&f);
}
END_TEST

START_TEST(what_a_writer_leaves_is_free_when_its_process_is_gone)
{
    struct fixture f;
    struct sent s;
    struct store_intent *list;
    pid_t gone;

    fixture_open(&f);
    s = send_edit(&f);
    gone = fork();
    if (gone == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(gone, NULL, 0), gone);
    sql(&f, "UPDATE sync_leases SET pid = %ld", (long)gone);
    ck_assert_int_eq(TAKE_OVER(), 0); /* sent just now: it may still arrive there */
    f.now += 20000;
    ck_assert_int_eq(TAKE_OVER(), 1);
    ck_assert_int_eq(list[0].token, s.n.token);
    /* the pipeline is not over: there are stages behind its emitter */
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_leases WHERE name = 'p1'"), 1);
    admit(&f, "hubspot", "102", "other", NULL);
    emit_one(&f, "p1");
    ck_assert_int_eq(store_take_back(f.s, f.now, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(late_answer_to_a_create_is_looked_at)
{
    struct fixture f;
    struct sent s;
    struct store_intent *list;

    fixture_open(&f);
    s = send_create(&f);
    sql(&f, "DELETE FROM sync_leases");
    f.now += 20000;
    ck_assert_int_eq(TAKE_OVER(), 1);
    ck_assert_int_eq(done(&f, &s.n, "c-7", NULL, NULL), 0);
    ck_assert_ptr_nonnull(strstr(emit_one(&f, "p2").payload, "\"record_id\":\"c-7\""));
    fixture_close(&f);
}
END_TEST

START_TEST(unsent_intent_opens_its_event_again)
{
    struct fixture f;
    struct sent s;
    struct store_intent *list;

    fixture_open(&f);
    s = send_edit(&f);
    sql(&f, "UPDATE sync_intents SET state = 'prepared', sent_at = NULL");
    sql(&f, "DELETE FROM sync_leases");
    ck_assert_int_eq(TAKE_OVER(), 1);
    ck_assert_int_eq(store_unsent(f.s, s.n.token, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(store_unsent(f.s, s.n.token, "w2", f.now, &f.err), 1);
    ck_assert_str_eq(STATE(), "failed");
    ck_assert_int_eq(emit_one(&f, "p2").seq, s.e.seq);
    fixture_close(&f);
}
END_TEST

START_TEST(only_lost_writes_of_the_last_hour_may_show_late)
{
    struct fixture f;
    struct sent s;
    struct store_written *w;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(done(&f, &s.n, NULL, NULL, NULL), 1);
    ck_assert_int_eq(store_lost_writes(f.s, f.a, s.link, "app", f.now, &w, &f.err), 0);
    sql(&f, "INSERT INTO sync_intents SELECT token + 1, seq, link_id, generation + 1, target,"
            " account, resource_type, record_id, external_id, action, '{\"phone\":\"3\"}', before,"
            " 'k', 'lost', owner, 1, created_at, sent_at, settled_at, NULL, NULL FROM"
            " sync_intents");
    sql(&f, "INSERT INTO sync_intents SELECT token + 2, seq, link_id, generation + 2, target,"
            " account, resource_type, record_id, external_id, action, '{\"phone\":\"4\"}', before,"
            " 'k', 'done', owner, 1, created_at, sent_at, settled_at, NULL, NULL FROM"
            " sync_intents WHERE state = 'done'");
    ck_assert_int_eq(store_lost_writes(f.s, f.a, s.link, "app", f.now, &w, &f.err), 1);
    ck_assert_str_eq(val_text(val_get(w[0].fields, "phone")), "3");
    ck_assert_int_eq(store_lost_writes(f.s, f.a, s.link, "app", f.now + 3600001, &w, &f.err), 0);
    ck_assert_int_eq(
        store_recent_writes(f.s, f.a, "app", "main", "crm/contacts", "c-9", f.now, &w, &f.err), 3);
    ck_assert_str_eq(val_text(val_get(w[2].fields, "phone")), "4");
    ck_assert_int_eq(
        store_recent_writes(f.s, f.a, "app", "main", "crm/contacts", "c-9", f.now + 1, &w, &f.err),
        0);
    fixture_close(&f);
}
END_TEST

/* ---- contract/trace.md ---- */

START_TEST(trace_a_edit_and_early_echo)
{
    struct fixture f;
    struct sent s;
    struct store_emission *rows, e;
    const char *how;

    fixture_open(&f);
    s = send_edit(&f);
    ck_assert_int_eq(s.n.generation, 2);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"2\"}");
    ck_assert_str_eq(sql_text(&f, "SELECT field || target || value FROM sync_owed"),
                     "phoneapp\"2\"");
    admit(&f, "app", "c-9", "echo", "{\"phone\":\"2\"}");
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    ck_assert_int_eq(done(&f, &s.n, NULL, "{\"phone\":\"2\"}", &how), 1);
    ck_assert_str_eq(how, "pushed");
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"2\"}");
    e = emit_one(&f, "p1");
    ck_assert_int_eq(lane_idle(&f, "app", "c-9", e.seq), 1);
    ck_assert_int_eq(store_dispose(f.s, e.seq, "p1", e.fence, "echo", NULL, f.now, &f.err), 1);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(trace_b_both_edited)
{
    struct fixture f;
    struct store_emission e;
    struct outcome o;
    int64_t link;
    const char *how;

    fixture_open(&f);
    hold(&f, "w1");
    link = make_pair(&f, "101", "c-9");
    admit(&f, "hubspot", "101", "b1", NULL);
    f.now += 9000;
    admit(&f, "app", "c-9", "b2", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.n_folded, 1);
    ck_assert_str_eq(e.folded[0].system, "app");
    ck_assert_str_eq(e.folded[0].occurred_at, "2026-01-01T10:00:09.000Z");
    o = decide_members(
        &f, "hubspot", "101", e.seq, "p1", e.fence,
        arena_printf(f.a,
                     "\"link\":%" PRId64 ",\"generation\":1,\"ends\":[{\"system\":\"hubspot\","
                     "\"account\":\"62515\",\"record_id\":\"101\",\"covered\":{\"phone\":\"3\"}},"
                     "{\"system\":\"app\",\"account\":\"main\",\"record_id\":\"c-9\",\"covered\":"
                     "{\"phone\":\"4\"}}],\"rules\":{\"phone\":{\"rule\":\"last-write-wins\","
                     "\"base\":\"1\",\"source\":\"app\"}},\"writes\":[{\"target\":\"hubspot\","
                     "\"account\":\"62515\",\"action\":\"update\",\"target_record_id\":\"101\","
                     "\"set\":{\"phone\":\"4\"},\"sources\":{\"phone\":\"app\"}}]",
                     link),
        NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"3\"}");
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"4\"}");
    ck_assert_str_eq(sql_text(&f, "SELECT target || source || value FROM sync_owed"),
                     "hubspotapp\"4\"");
    ck_assert_int_eq(store_sent(f.s, &o.intents[0].token, 1, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(done(&f, &o.intents[0], NULL, "{\"phone\":\"4\"}", &how), 1);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"4\"}");
    ck_assert_str_eq(DISPOSITION(2), "pushed");
    ck_assert_str_eq(DISPOSITION(3), "superseded");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(trace_c_killed_after_the_write_went_out)
{
    struct fixture f;
    struct sent s;
    struct store_intent *list;
    struct store_emission e, *rows;
    struct store_settlement lost = {.owner = "w2", .kind = SETTLE_LOST};
    struct outcome o;

    fixture_open(&f);
    s = send_edit(&f);
    sql(&f, "UPDATE sync_leases SET expires_ms = 1"); /* killed, 30 s ago */
    f.now += 30000;
    hold(&f, "p2");
    hold(&f, "w2");
    ck_assert_int_eq(store_take_back(f.s, f.now, &f.err), 0);
    ck_assert_int_eq(emit(&f, "p2", &rows), 0);
    ck_assert_int_eq(TAKE_OVER(), 1);
    lost.token = list[0].token;
    ck_assert_int_eq(store_settle(f.s, &lost, f.now, NULL, &f.err), 1);
    e = emit_one(&f, "p2");
    ck_assert_int_eq(e.seq, s.e.seq);
    ck_assert_int_eq(e.fence, s.e.fence + 2);
    o = decide_members(&f, "hubspot", "101", s.e.seq, "p1", s.e.fence,
                       phone_to_app(&f, s.link, 2, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(o.rc, STORE_NOT_OURS);
    /* it had arrived: adopted, nothing owed */
    o = decide_members(
        &f, "hubspot", "101", e.seq, "p2", e.fence,
        arena_printf(f.a,
                     "\"link\":%" PRId64 ",\"generation\":2,\"ends\":[{\"system\":\"hubspot\","
                     "\"account\":\"62515\",\"record_id\":\"101\",\"covered\":{\"phone\":\"2\"}},"
                     "{\"system\":\"app\",\"account\":\"main\",\"record_id\":\"c-9\",\"covered\":"
                     "{\"phone\":\"2\"}}],\"rules\":{\"phone\":{\"rule\":\"adopt\"}},"
                     "\"writes\":[],\"disposition\":\"unchanged\"",
                     s.link),
        NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(o.disposition, "unchanged");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 0);
    ck_assert_str_eq(SHADOW("c-9"), "{\"phone\":\"2\"}");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/settle", done_moves_the_shadow_as_stored, done_without_a_body_takes_what_was_sent,
          other_news_in_the_answer_is_nominated, created_record_is_an_end_and_its_rows_come_along,
          value_set_by_the_target_itself_is_nominated, created_id_of_another_link_is_rejected,
          refused_value_stays_owed_and_is_left_alone, write_not_applied_is_owed_until_later,
          lost_write_opens_its_event_again, found_otherwise_than_sent_is_no_base_but_news,
          what_may_be_stored_late_is_remembered_as_lost, unknown_create_stays_open_for_its_target,
          event_ends_with_its_last_write_and_its_worst,
          event_with_a_lost_write_waits_for_the_others, only_ones_own_intents_are_sent,
          dead_writers_intents_are_taken_over_after_the_deadline,
          a_job_is_kept_until_the_next_sending_or_the_end,
          what_a_writer_leaves_is_free_when_its_process_is_gone,
          late_answer_to_a_create_is_looked_at, unsent_intent_opens_its_event_again,
          only_lost_writes_of_the_last_hour_may_show_late, trace_a_edit_and_early_echo,
          trace_b_both_edited, trace_c_killed_after_the_write_went_out)
