#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "fixture.h"
#include "store/operate.h"

#define CREATE_AT_APP                                                                              \
    "\"link\":null,\"external_id\":\"x1\",\"ends\":[{\"system\":\"hubspot\",\"account\":"          \
    "\"62515\",\"record_id\":\"101\",\"covered\":{\"phone\":\"1\"}}],\"rules\":{},"                \
    "\"claims\":[\"k1\"],\"writes\":[{\"target\":\"app\",\"account\":\"main\",\"action\":"         \
    "\"create\",\"external_id\":\"x1\",\"set\":{\"phone\":\"1\"}}]"

static int64_t
add_row(struct fixture *f, const struct store_reject *r)
{
    ck_assert_int_eq(store_reject_row(f->s, r, f->now, &f->err), 0);
    return sql_int(f, "SELECT max(reject_id) FROM sync_rejects");
}

static int
replay(struct fixture *f, int64_t id, bool create)
{
    return store_reject_replay(f->s, id, create, "alice", f->now, &f->err);
}

static const char *
state(struct fixture *f, int64_t id)
{
    return sql_text(f, "SELECT state FROM sync_rejects WHERE reject_id = %" PRId64, id);
}

/* What waits in the inbox now. */
static const char *
pending(struct fixture *f)
{
    return sql_text(f, "SELECT group_concat(lane || ' ' || event_id, '; ') FROM (SELECT * FROM"
                       " sync_inbox WHERE disposition IS NULL ORDER BY seq)");
}

static struct outcome
sent_write(struct fixture *f, const char *members)
{
    struct store_emission e;
    struct outcome o;

    admit(f, "hubspot", "101", arena_printf(f->a, "edit-%" PRId64, f->now), NULL);
    e = emit_one(f, "p1");
    o = decide_members(f, "hubspot", "101", e.seq, "p1", e.fence, members, NULL);
    ck_assert_msg(o.rc == STORE_COMMITTED, "%d %s", o.rc, f->err.text);
    ck_assert_int_eq(store_sent(f->s, &o.intents[0].token, 1, "w1", f->now, &f->err), 0);
    return o;
}

static const char *
settle(struct fixture *f, const struct outcome *o, enum settle_kind kind, const char *code)
{
    struct store_settlement x = {
        .token = o->intents[0].token, .owner = "w1", .kind = kind, .code = code, .text = "because"};
    const char *how;

    ck_assert_int_eq(store_settle(f->s, &x, f->now, &how, &f->err), 1);
    return how;
}

/* A create at the app whose outcome nobody knows. */
static void
lose_create(struct fixture *f)
{
    struct outcome o;

    fixture_open(f);
    o = sent_write(f, CREATE_AT_APP);
    ck_assert_str_eq(settle(f, &o, SETTLE_UNKNOWN, "timeout"), "rejected");
    ck_assert_str_eq(sql_text(f, "SELECT code FROM sync_rejects"), "outcome-unknown");
}

START_TEST(lists_by_resource_and_code)
{
    struct fixture f;
    struct store_rejected *list, r;
    struct store_reject x = {.stage = "diff",
                             .system = "app",
                             .account = "main",
                             .resource = "crm/contacts",
                             .record_id = "c-9",
                             .code = "ambiguous",
                             .text = "two",
                             .record = "{}"};

    fixture_open(&f);
    add_row(&f, &x);
    x.code = "bad-row";
    x.resource = "crm/deals";
    add_row(&f, &x);
    x.record = NULL;
    add_row(&f, &x);
    sql(&f, "UPDATE sync_rejects SET state = 'dropped' WHERE reject_id = 3");
    ck_assert_int_eq(store_rejects(f.s, f.a, NULL, NULL, false, 9, &list, &f.err), 2);
    ck_assert_int_eq(list[0].reject_id, 2);
    ck_assert_int_eq(store_rejects(f.s, f.a, NULL, NULL, true, 9, &list, &f.err), 3);
    ck_assert_int_eq(store_rejects(f.s, f.a, NULL, NULL, true, 1, &list, &f.err), 1);
    ck_assert_str_eq(list[0].state, "dropped");
    ck_assert_ptr_null(list[0].record);
    ck_assert_int_eq(store_rejects(f.s, f.a, "crm/contacts", NULL, false, 9, &list, &f.err), 1);
    ck_assert_int_eq(store_rejects(f.s, f.a, NULL, "bad-row", false, 9, &list, &f.err), 1);
    ck_assert_int_eq(store_rejected(f.s, f.a, 1, &r, &f.err), 1);
    ck_assert_str_eq(r.stage, "diff");
    ck_assert_str_eq(r.account, "main");
    ck_assert_str_eq(r.text, "two");
    ck_assert_str_eq(r.record, "{}");
    ck_assert_int_eq(r.seq, 0);
    ck_assert_int_eq(r.at, T0);
    ck_assert_int_eq(store_rejected(f.s, f.a, 4, &r, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(record_is_nominated_once)
{
    struct fixture f;
    const struct store_reject x = {.stage = "reconcile",
                                   .system = "app",
                                   .account = "main",
                                   .resource = "crm/contacts",
                                   .record_id = "c-9",
                                   .code = "bad-row"};
    int64_t id;

    fixture_open(&f);
    id = add_row(&f, &x);
    ck_assert_int_eq(replay(&f, id, false), 1);
    ck_assert_str_eq(pending(&f), "Rapp/main/crm/contacts/c-9 replay:1:1");
    ck_assert_str_eq(state(&f, id), "replayed");
    ck_assert_str_eq(sql_text(&f, "SELECT rule || ' ' || outcome || ' ' || text FROM sync_history"),
                     "reject replayed by alice: reject 1 (bad-row)");
    ck_assert_int_eq(replay(&f, id, false), 0);
    ck_assert_int_eq(replay(&f, 55, false), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 1);
    /* gc took the row, and its number is given again */
    sql(&f, "DELETE FROM sync_rejects");
    ck_assert_int_eq(add_row(&f, &x), id);
    ck_assert_int_eq(replay(&f, id, false), 1);
    ck_assert_str_eq(pending(&f), "Rapp/main/crm/contacts/c-9 replay:1:1;"
                                  " Rapp/main/crm/contacts/c-9 replay:1:2");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(refused_event_is_nominated_by_its_own_record)
{
    struct fixture f;
    struct store_emission e;
    const struct store_reject x = {.stage = "emit", .code = "too-long"};

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(store_reject(f.s, e.seq, "p1", e.fence, &x, f.now, &f.err), 1);
    ck_assert_int_eq(replay(&f, 1, false), 1);
    ck_assert_str_eq(pending(&f), "Rhubspot/62515/crm/contacts/101 replay:1:1");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(what_names_no_record_cannot_be_decided)
{
    struct fixture f;
    const struct store_reject x = {
        .stage = "ingest", .system = "app", .code = "unknown-account", .record = "{}"};
    int64_t id;

    fixture_open(&f);
    id = add_row(&f, &x);
    ck_assert_int_eq(replay(&f, id, false), -1);
    ck_assert_str_eq(f.err.code, "no-record");
    ck_assert_str_eq(state(&f, id), "open");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 0);
    ck_assert_int_eq(store_reject_drop(f.s, id, "alice", f.now, &f.err), 1);
    ck_assert_str_eq(state(&f, id), "dropped");
    ck_assert_int_eq(store_reject_drop(f.s, id, "alice", f.now, &f.err), 0);
    ck_assert_int_eq(store_reject_drop(f.s, 44, "alice", f.now, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(request_is_mapped_again)
{
    struct fixture f;
    struct store_request q = {
        .system = "app", .received_at = T0, .method = "POST", .path = "/", .headers = "{}"};
    struct store_request *list;
    struct store_reject x = {.stage = "ingest", .system = "app", .code = "map"};
    int64_t id;

    fixture_open(&f);
    ck_assert_int_eq(store_request_add(f.s, &q, &f.err), 1);
    x.request_id = q.request_id;
    ck_assert_int_eq(store_request_rejected(f.s, q.request_id, "map", &f.err), 0);
    id = add_row(&f, &x);
    ck_assert_int_eq(replay(&f, id, false), 1);
    ck_assert_int_eq(store_requests_new(f.s, f.a, 9, &list, &f.err), 1);
    ck_assert_ptr_null(sql_text(&f, "SELECT reason FROM sync_requests"));
    ck_assert_str_eq(state(&f, id), "replayed");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 0);
    /* one whose request is gone, but that names a record */
    x.request_id = 77;
    id = add_row(&f, &x);
    ck_assert_int_eq(replay(&f, id, false), -1);
    x.account = "main";
    x.resource = "crm/contacts";
    x.record_id = "c-1";
    id = add_row(&f, &x);
    ck_assert_int_eq(replay(&f, id, false), 1);
    ck_assert_str_eq(pending(&f), "Rapp/main/crm/contacts/c-1 replay:3:1");
    fixture_close(&f);
}
END_TEST

START_TEST(refused_write_is_tried_again)
{
    struct fixture f;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    o = sent_write(&f, phone_to_app(&f, link, 1, "101", "c-9", "2"));
    ck_assert_str_eq(settle(&f, &o, SETTLE_REFUSED, "http-422"), "rejected");
    sql(&f, "INSERT INTO sync_owed VALUES (1, 'phone', 'crm', 'hubspot', '\"2\"', 'x', 'x',"
            " 'no')");
    f.now += 1000;
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 0);
    ck_assert_int_eq(replay(&f, 1, false), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT refused IS NULL AND not_before ="
                                 " '2026-01-01T10:00:01.000Z' FROM sync_owed WHERE target ="
                                 " 'app'"),
                     1);
    ck_assert_str_eq(sql_text(&f, "SELECT refused FROM sync_owed WHERE target = 'crm'"), "no");
    ck_assert_int_eq(sql_int(&f, "SELECT generation FROM sync_links"), 3);
    ck_assert_str_eq(pending(&f), "L1 replay:1:1");
    ck_assert_str_eq(sql_text(&f, "SELECT system FROM sync_inbox WHERE event_id = 'replay:1:1'"),
                     "hubspot");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(dropped_refusal_is_left_different)
{
    struct fixture f;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    o = sent_write(&f, phone_to_app(&f, link, 1, "101", "c-9", "2"));
    settle(&f, &o, SETTLE_REFUSED, "http-422");
    ck_assert_int_eq(store_reject_drop(f.s, 1, "alice", f.now, &f.err), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 0);
    ck_assert_str_eq(sql_text(&f, "SELECT diverged FROM sync_metadata WHERE record_id = 'c-9'"),
                     "[\"phone\"]");
    ck_assert_ptr_null(pending(&f));
    fixture_close(&f);
}
END_TEST

/* As sync-push leaves it when the app refuses to delete: hubspot:101 is a tombstone already. */
START_TEST(refused_delete_is_told_again)
{
    struct fixture f;
    struct event e = {.path = "webhook",
                      .system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = "101",
                      .event_type = "deleted",
                      .event_id = "gone"};
    struct store_reject x = {.stage = "push", .target = "app", .code = "http-403"};
    struct store_emission row;

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    admit_event(&f, &e, NULL, false);
    row = emit_one(&f, "p1");
    ck_assert_int_eq(store_reject(f.s, row.seq, "p1", row.fence, &x, f.now, &f.err), 1);
    sql(&f, "UPDATE sync_metadata SET deleted_at = 'x' WHERE record_id = '101'");
    ck_assert_int_eq(replay(&f, 1, false), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT lane || ' ' || event_type || ' ' || record_id FROM"
                                  " sync_inbox WHERE event_id = 'replay:1:1'"),
                     "L1 deleted 101");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_metadata WHERE deleted_at IS NULL"), 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(tombstone_of_an_ended_link_stays)
{
    struct fixture f;
    struct event e = {.path = "webhook",
                      .system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = "101",
                      .event_type = "deleted",
                      .event_id = "gone"};
    struct store_reject x = {.stage = "push", .target = "app", .code = "http-403"};
    struct store_emission row;

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    admit_event(&f, &e, NULL, false);
    row = emit_one(&f, "p1");
    ck_assert_int_eq(store_reject(f.s, row.seq, "p1", row.fence, &x, f.now, &f.err), 1);
    sql(&f, "UPDATE sync_metadata SET deleted_at = 'x' WHERE record_id = '101'");
    sql(&f, "UPDATE sync_links SET ended_at = 'x'");
    ck_assert_int_eq(replay(&f, 1, false), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_metadata WHERE deleted_at IS NULL"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(merge_is_told_again)
{
    struct fixture f;
    struct event e = {.path = "webhook",
                      .system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = "101",
                      .event_type = "merged",
                      .merged_into = "102",
                      .event_id = "merged"};
    struct store_reject x = {.stage = "diff", .code = "ambiguous"};
    struct store_emission row;

    fixture_open(&f);
    admit_event(&f, &e, NULL, false);
    row = emit_one(&f, "p1");
    ck_assert_int_eq(store_reject(f.s, row.seq, "p1", row.fence, &x, f.now, &f.err), 1);
    ck_assert_int_eq(replay(&f, 1, false), 1);
    ck_assert_ptr_nonnull(strstr(emit_one(&f, "p1").payload, "\"merged_into\":\"102\""));
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(unknown_create_is_made_again_only_when_told)
{
    struct fixture f;
    struct store_emission e;

    lose_create(&f);
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 1);
    ck_assert_int_eq(replay(&f, 1, false), -1);
    ck_assert_str_eq(f.err.code, "needs-create");
    ck_assert_str_eq(state(&f, 1), "open");
    ck_assert_str_eq(sql_text(&f, "SELECT state FROM sync_intents"), "unknown");
    ck_assert_int_eq(replay(&f, 1, true), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT state || ' ' || response FROM sync_intents"),
                     "failed created again by alice");
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed WHERE target = 'app'"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT generation FROM sync_links"), 2);
    /* and the create can be decided anew */
    e = emit_one(&f, "p1");
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                       "\"link\":1,\"generation\":2,\"ends\":[],\"rules\":{},\"writes\":["
                       "{\"target\":\"app\",\"account\":\"main\",\"action\":\"create\","
                       "\"external_id\":\"x1\",\"set\":{\"phone\":\"1\"}}]",
                       NULL)
            .rc,
        STORE_COMMITTED);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(dropped_create_waits_for_the_next_change)
{
    struct fixture f;
    struct store_link l;

    lose_create(&f);
    ck_assert_int_eq(store_reject_drop(f.s, 1, "alice", f.now, &f.err), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT state || ' ' || response FROM sync_intents"),
                     "failed dropped by alice");
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 0);
    ck_assert_int_eq(store_load_link(f.s, f.a, 1, &l, &f.err), 1);
    ck_assert_int_eq(l.n_owed, 0);
    ck_assert_ptr_null(l.unknown_targets[0]);
    ck_assert_int_eq(l.generation, 2);
    ck_assert_ptr_null(pending(&f));
    f.now += 3600000;
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 0);
    ck_assert_int_eq(replay(&f, 1, true), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(decision_made_before_a_drop_does_not_commit)
{
    struct fixture f;
    struct store_emission e;

    lose_create(&f);
    admit(&f, "hubspot", "101", "edit", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(store_reject_drop(f.s, 1, "alice", f.now, &f.err), 1);
    ck_assert_int_eq(decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                                    "\"link\":1,\"generation\":1,\"ends\":[],\"rules\":{},"
                                    "\"writes\":[],\"disposition\":\"owed\"",
                                    NULL)
                         .rc,
                     STORE_NOT_OURS);
    ck_assert_int_eq(emit_one(&f, "p1").seq, e.seq);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/reject", lists_by_resource_and_code, record_is_nominated_once,
          refused_event_is_nominated_by_its_own_record, what_names_no_record_cannot_be_decided,
          request_is_mapped_again, refused_write_is_tried_again, refused_delete_is_told_again,
          tombstone_of_an_ended_link_stays, merge_is_told_again, dropped_refusal_is_left_different,
          unknown_create_is_made_again_only_when_told, dropped_create_waits_for_the_next_change,
          decision_made_before_a_drop_does_not_commit)
