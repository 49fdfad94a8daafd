#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "fixture.h"
#include "store/operate.h"

static const struct store_record hub = {"hubspot", "62515", "101"};
static const struct store_record app = {"app", "main", "c-9"};
static const struct store_record crm = {"crm", "main", "7"};

static int64_t
link_them(struct fixture *f, const struct store_record *records, size_t n, const char *external_id)
{
    int64_t link;
    int rc = store_link_records(f->s, "crm/contacts", records, n, external_id, "alice", f->now,
                                &link, &f->err);

    ck_assert_msg(rc == 1, "%d %s", rc, f->err.text);
    return link;
}

/* It is refused with CODE, and nothing was changed. */
static void
refuse_link(struct fixture *f, const struct store_record *records, size_t n, const char *code)
{
    long long ends = sql_int(f, "SELECT count(*) FROM sync_metadata");
    int64_t link = 1;

    ck_assert_int_eq(
        store_link_records(f->s, "crm/contacts", records, n, "x9", "alice", f->now, &link, &f->err),
        -1);
    ck_assert_str_eq(f->err.code, code);
    ck_assert_int_eq(link, 0);
    ck_assert_int_eq(sql_int(f, "SELECT count(*) FROM sync_metadata"), ends);
    ck_assert_int_eq(sql_int(f, "SELECT count(*) FROM sync_history WHERE text LIKE 'by alice%%'"),
                     0);
}

static int
unlink_it(struct fixture *f, const struct store_record *r, bool forget)
{
    return store_unlink(f->s, "crm/contacts", r, forget, "alice", f->now, &f->err);
}

/* What waits in the inbox now. */
static const char *
pending(struct fixture *f)
{
    return sql_text(f, "SELECT group_concat(lane || ' ' || system || ' ' || event_id, '; ') FROM"
                       " (SELECT * FROM sync_inbox WHERE disposition IS NULL ORDER BY seq)");
}

static const char *
ends(struct fixture *f, int64_t link)
{
    return sql_text(f,
                    "SELECT group_concat(external_system || ':' || record_id || ' ' || fields,"
                    " '; ') FROM (SELECT * FROM sync_metadata WHERE link_id = %" PRId64
                    " ORDER BY external_system)",
                    link);
}

/* hubspot:101, app:c-9 and crm:7, all at phone "1". */
static int64_t
make_three(struct fixture *f)
{
    int64_t link;

    fixture_open(f);
    link = make_pair(f, "101", "c-9");
    sql(f, "INSERT INTO sync_metadata SELECT resource_type, '7', 'crm', 'main', link_id,"
           " sync_source, sync_actor, NULL, synced_at, field_hash, fields, diverged, NULL, NULL,"
           " map_hash, NULL FROM sync_metadata WHERE record_id = '101'");
    return link;
}

/* A write of the pair to the app, prepared. */
static struct outcome
open_write(struct fixture *f, int64_t link)
{
    struct store_emission e;
    struct outcome o;

    admit(f, "hubspot", "101", "edit", NULL);
    e = emit_one(f, "p1");
    o = decide_members(f, "hubspot", "101", e.seq, "p1", e.fence,
                       phone_to_app(f, link, 1, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    return o;
}

/* hubspot:101 and a create at the app whose outcome nobody knows. Returns the link. */
static int64_t
lose_create(struct fixture *f)
{
    struct store_emission e;
    struct outcome o;
    struct store_settlement x = {
        .owner = "w1", .kind = SETTLE_UNKNOWN, .code = "timeout", .text = "no answer"};

    fixture_open(f);
    admit(f, "hubspot", "101", "e1", NULL);
    e = emit_one(f, "p1");
    o = decide_members(
        f, "hubspot", "101", e.seq, "p1", e.fence,
        "\"link\":null,\"external_id\":\"x1\",\"ends\":[{\"system\":\"hubspot\",\"account\":"
        "\"62515\",\"record_id\":\"101\",\"covered\":{\"phone\":\"1\"}}],\"rules\":{},"
        "\"claims\":[\"k1\"],\"writes\":[{\"target\":\"app\",\"account\":\"main\",\"action\":"
        "\"create\",\"external_id\":\"x1\",\"set\":{\"phone\":\"1\"}}]",
        NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    x.token = o.intents[0].token;
    ck_assert_int_eq(store_sent(f->s, &x.token, 1, "w1", f->now, &f->err), 0);
    ck_assert_int_eq(store_settle(f->s, &x, f->now, NULL, &f->err), 1);
    return sql_int(f, "SELECT link_id FROM sync_links");
}

/* ---- Lists ---- */

START_TEST(links_by_resource_end_and_number)
{
    struct fixture f;
    int64_t *ids;

    make_three(&f);
    make_pair(&f, "102", "c-2");
    sql(&f, "INSERT INTO sync_links (resource_type, external_id, created_at, ended_at) VALUES"
            " ('crm/deals', 'd1', 'x', NULL), ('crm/contacts', 'd2', 'x', 'x')");
    ck_assert_int_eq(store_links(f.s, f.a, NULL, NULL, false, 0, 9, &ids, &f.err), 3);
    ck_assert_int_eq(ids[0], 1);
    ck_assert_int_eq(ids[2], 3);
    ck_assert_int_eq(store_links(f.s, f.a, NULL, NULL, true, 0, 9, &ids, &f.err), 4);
    ck_assert_int_eq(store_links(f.s, f.a, NULL, NULL, true, 1, 2, &ids, &f.err), 2);
    ck_assert_int_eq(ids[0], 2);
    ck_assert_int_eq(store_links(f.s, f.a, "crm/contacts", NULL, false, 0, 9, &ids, &f.err), 2);
    ck_assert_int_eq(store_links(f.s, f.a, "crm/contacts", "crm", false, 0, 9, &ids, &f.err), 1);
    ck_assert_int_eq(ids[0], 2);
    ck_assert_int_eq(store_links(f.s, f.a, "crm/contacts", "app", false, 0, 9, &ids, &f.err), 0);
    fixture_close(&f);
}
END_TEST

/* ---- Linking ---- */

START_TEST(two_records_become_a_link_without_base)
{
    struct fixture f;
    const struct store_record both[] = {hub, app};
    struct store_emission e;
    struct store_link l;
    int64_t link;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    admit(&f, "app", "c-8", "e2", NULL);
    link = link_them(&f, both, 2, "x9");
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert_str_eq(l.external_id, "x9");
    ck_assert_str_eq(l.owned_by, "hubspot");
    ck_assert_str_eq(ends(&f, link), "app:c-9 {}; hubspot:101 {}");
    ck_assert_str_eq(pending(&f), "L1 app e1; Rapp/main/crm/contacts/c-8 app e2;"
                                  " L1 hubspot link:1:2; L1 app link:1:2");
    ck_assert_str_eq(sql_text(&f, "SELECT group_concat(rule || ' ' || outcome || ' ' || system ||"
                                  " ' ' || text, '; ') FROM sync_history"),
                     "link linked hubspot by alice; link linked app by alice");
    sql(&f, "UPDATE sync_inbox SET not_before = '2027-01-01T00:00:00.000Z' WHERE seq = 2");
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.n_folded, 2);
    /* done twice: nothing more */
    ck_assert_int_eq(link_them(&f, both, 2, "x9"), link);
    ck_assert_int_eq(sql_int(&f, "SELECT generation FROM sync_links"), 2);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 4);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(what_was_out_unlinked_is_decided_anew)
{
    struct fixture f;
    const struct store_record both[] = {hub, app};
    struct store_emission e;

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    e = emit_one(&f, "p1");
    link_them(&f, both, 2, "x9");
    ck_assert_int_eq(decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                                    "\"link\":null,\"external_id\":\"x1\",\"ends\":[],"
                                    "\"rules\":{},\"writes\":[]",
                                    NULL)
                         .rc,
                     STORE_NOT_OURS);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(e.seq, 1);
    ck_assert_int_eq(e.n_folded, 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(record_joins_the_link_of_another)
{
    struct fixture f;
    const struct store_record both[] = {app, crm};
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    admit(&f, "crm", "7", "e1", NULL);
    ck_assert_int_eq(link_them(&f, both, 2, "x9"), link);
    ck_assert_str_eq(ends(&f, link),
                     "app:c-9 {\"phone\":\"1\"}; crm:7 {}; hubspot:101 {\"phone\":\"1\"}");
    ck_assert_str_eq(pending(&f), "L1 crm e1; L1 crm link:1:2");
    ck_assert_int_eq(sql_int(&f, "SELECT generation FROM sync_links"), 2);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(refuses_what_is_linked_elsewhere)
{
    struct fixture f;
    const struct store_record two_links[] = {hub, {"app", "main", "c-2"}};
    const struct store_record taken[] = {hub, {"app", "main", "c-3"}};
    const struct store_record one_system[] = {{"app", "main", "c-3"}, {"app", "main", "c-4"}};
    const struct store_record twice[] = {crm, crm};

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    make_pair(&f, "102", "c-2");
    refuse_link(&f, two_links, 2, "linked-elsewhere");
    refuse_link(&f, taken, 2, "linked-elsewhere");
    refuse_link(&f, one_system, 2, "linked-elsewhere");
    refuse_link(&f, twice, 2, "too-few");
    refuse_link(&f, &crm, 1, "too-few");
    refuse_link(&f, &crm, 0, "too-few");
    ck_assert_int_eq(link_them(&f, &hub, 1, "x9"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(waits_for_writes_under_way)
{
    struct fixture f;
    const struct store_record both[] = {app, crm};
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    open_write(&f, link);
    refuse_link(&f, both, 2, "busy");
    ck_assert_int_eq(f.err.status, EXIT_LATER);
    ck_assert_str_ne(f.err.hint, "");
    fixture_close(&f);
}
END_TEST

START_TEST(records_of_ended_links_are_taken_out)
{
    struct fixture f;
    const struct store_record both[] = {hub, crm};
    struct store_emission e;
    int64_t old, link;

    fixture_open(&f);
    old = make_pair(&f, "101", "c-9");
    sql(&f, "UPDATE sync_links SET ended_at = 'x'");
    admit(&f, "hubspot", "101", "e1", NULL);
    admit(&f, "app", "c-9", "e2", NULL);
    ck_assert_int_eq(emit_one(&f, "p1").n_folded, 1);
    link = link_them(&f, both, 2, "x-101");
    ck_assert_int_ne(link, old);
    ck_assert_str_eq(ends(&f, link), "crm:7 {}; hubspot:101 {}");
    ck_assert_str_eq(ends(&f, old), "app:c-9 {\"phone\":\"1\"}");
    ck_assert_str_eq(pending(&f), "L2 hubspot e1; L1 app e2; L2 hubspot link:2:2; L2 crm link:2:2");
    /* the ended one has given up the external id */
    ck_assert_str_eq(sql_text(&f, "SELECT external_id FROM sync_links WHERE link_id = 1"),
                     "x-101#1");
    ck_assert_str_eq(sql_text(&f, "SELECT external_id FROM sync_links WHERE link_id = 2"), "x-101");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE lease IS NOT NULL OR"
                                 " folded_into IS NOT NULL"),
                     1); /* that of make_pair, which has ended */
    e = (struct store_emission){0};
    ck_assert_int_eq(emit(&f, "p1", &(struct store_emission *){&e}), 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(external_id_of_a_living_link_is_not_taken)
{
    struct fixture f;
    const struct store_record both[] = {crm, {"app", "main", "c-3"}};
    int64_t link;

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    link = link_them(&f, both, 2, "x-101");
    ck_assert_int_eq(sql_int(&f,
                             "SELECT external_id LIKE 'x-101-%%' FROM sync_links WHERE link_id ="
                             " %" PRId64,
                             link),
                     1);
    ck_assert_str_eq(sql_text(&f, "SELECT external_id FROM sync_links WHERE link_id = 1"), "x-101");
    fixture_close(&f);
}
END_TEST

START_TEST(tombstone_makes_room)
{
    struct fixture f;
    const struct store_record both[] = {hub, {"app", "main", "c-10"}};
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    sql(&f, "UPDATE sync_metadata SET deleted_at = 'x' WHERE record_id = 'c-9'");
    sql(&f, "INSERT INTO sync_owed VALUES (1, 'phone', 'app', 'hubspot', '\"2\"', 'x', 'x', NULL)");
    ck_assert_int_eq(link_them(&f, both, 2, "x9"), link);
    ck_assert_str_eq(ends(&f, link), "app:c-10 {}; hubspot:101 {\"phone\":\"1\"}");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(unknown_create_is_found_by_hand)
{
    struct fixture f;
    const struct store_record both[] = {hub, app};
    struct store_link l;
    int64_t link = lose_create(&f);

    ck_assert_int_eq(link_them(&f, both, 2, "x9"), link);
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert_int_eq(l.n_ends, 2);
    ck_assert_int_eq(l.n_owed, 0);
    ck_assert_ptr_null(l.unknown_targets[0]);
    ck_assert_str_eq(sql_text(&f, "SELECT state || ' ' || response FROM sync_intents"),
                     "failed linked by alice");
    ck_assert_str_eq(sql_text(&f, "SELECT state FROM sync_rejects"), "dropped");
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(children_that_wait_for_it_are_due)
{
    struct fixture f;
    const struct store_record both[] = {hub, app};
    struct store_emission e;
    int64_t seq;

    fixture_open(&f);
    seq = admit(&f, "app", "child", "e1", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(
        store_return(f.s, seq, "p1", e.fence, f.now + 60000,
                     arena_printf(f.a, STORE_PARENT_FORMAT, "crm/contacts", "app", "c-9"), &f.err),
        1);
    link_them(&f, both, 2, "x9");
    ck_assert_int_eq(sql_int(&f,
                             "SELECT not_before = '2026-01-01T10:00:00.000Z' FROM sync_inbox"
                             " WHERE seq = %" PRId64,
                             seq),
                     1);
    fixture_close(&f);
}
END_TEST

/* ---- Unlinking ---- */

START_TEST(pair_taken_apart_is_ended)
{
    struct fixture f;
    struct store_emission *rows;
    struct store_link l;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    sql(&f, "INSERT INTO sync_owed VALUES (1, 'phone', 'app', 'hubspot', '\"2\"', 'x', 'x', NULL)");
    sql(&f, "INSERT INTO sync_conflicts (at, link_id, field, ends, state) VALUES"
            " ('x', 1, 'email', '{}', 'open')");
    f.now += 1000;
    ck_assert_int_eq(unlink_it(&f, &app, false), 1);
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert(l.ended);
    ck_assert_int_eq(l.n_ends, 2);
    ck_assert_int_eq(l.n_owed, 0);
    ck_assert_int_eq(l.n_closed, 0);
    ck_assert_int_eq(l.generation, 2);
    ck_assert_str_eq(sql_text(&f, "SELECT resolution || ' ' || resolved_by FROM sync_conflicts"),
                     "unlinked alice");
    ck_assert_str_eq(sql_text(&f, "SELECT ended_why || ' ' || ended_at FROM sync_links"),
                     "unlinked 2026-01-01T10:00:01.000Z");
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    /* once more: it is so already */
    ck_assert_int_eq(unlink_it(&f, &app, false), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT generation FROM sync_links"), 2);
    ck_assert_int_eq(unlink_it(&f, &crm, false), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(forgotten_records_are_nobodys)
{
    struct fixture f;
    int64_t link;

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    admit(&f, "app", "c-9", "e1", NULL);
    admit(&f, "hubspot", "101", "e2", NULL);
    ck_assert_int_eq(emit_one(&f, "p1").n_folded, 1);
    ck_assert_int_eq(unlink_it(&f, &hub, true), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_metadata"), 0);
    ck_assert_str_eq(pending(&f), "Rapp/main/crm/contacts/c-9 app e1;"
                                  " Rhubspot/62515/crm/contacts/101 hubspot e2;"
                                  " Rapp/main/crm/contacts/c-9 app unlink:1:2;"
                                  " Rhubspot/62515/crm/contacts/101 hubspot unlink:1:2");
    ck_assert_int_eq(sql_int(&f,
                             "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL AND (lease"
                             " IS NOT NULL OR folded_into IS NOT NULL OR link_id IS NOT NULL)"),
                     0);
    ck_assert_int_eq(store_find_external(f.s, "x-101", &link, &f.err), 0);
    ck_assert_int_eq(unlink_it(&f, &hub, true), 0);
    /* and may be linked again, under the same external id */
    sql(&f, "UPDATE sync_inbox SET disposition = 'ignored' WHERE disposition IS NULL");
    ck_assert_int_eq(make_pair(&f, "103", "c-9"), 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(ended_link_can_be_forgotten)
{
    struct fixture f;

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    sql(&f, "UPDATE sync_links SET ended_at = 'x', ended_why = 'deleted'");
    sql(&f, "UPDATE sync_metadata SET deleted_at = 'x' WHERE record_id = '101'");
    ck_assert_int_eq(unlink_it(&f, &app, true), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_metadata"), 0);
    ck_assert_str_eq(sql_text(&f, "SELECT ended_why || external_id FROM sync_links"),
                     "deletedx-101#1");
    ck_assert_str_eq(pending(&f), "Rapp/main/crm/contacts/c-9 app unlink:1:2");
    fixture_close(&f);
}
END_TEST

START_TEST(larger_link_goes_on)
{
    struct fixture f;
    struct store_link l;
    int64_t link = make_three(&f);

    sql(&f, "INSERT INTO sync_owed VALUES (1, 'phone', 'hubspot', 'crm', '\"2\"', 'x', 'x', NULL),"
            " (1, 'email', 'app', 'hubspot', '\"e\"', 'x', 'x', NULL)");
    sql(&f, "INSERT INTO sync_conflicts (at, link_id, field, ends, state) VALUES"
            " ('x', 1, 'name', '{}', 'open')");
    admit(&f, "hubspot", "101", "e1", NULL);
    admit(&f, "crm", "7", "e2", NULL);
    ck_assert_int_eq(unlink_it(&f, &hub, false), 1);
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert(!l.ended);
    ck_assert_int_eq(l.n_ends, 2);
    ck_assert_int_eq(l.n_closed, 0);
    ck_assert_ptr_null(l.owned_by); /* it was hubspot */
    ck_assert_int_eq(l.n_owed, 1);
    ck_assert_str_eq(l.owed[0].field, "email"); /* decided, and the value is kept with it */
    ck_assert_int_eq(
        store_find_link(f.s, f.a, "crm/contacts", "hubspot", "62515", "101", &l, &f.err), 1);
    ck_assert(l.ended);
    ck_assert_int_eq(l.link_id, 2);
    ck_assert_int_eq(l.n_ends, 1);
    ck_assert_str_eq(pending(&f), "L2 hubspot e1; L1 crm e2; L1 app unlink:1:2");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(larger_link_forgets_one)
{
    struct fixture f;
    int64_t link = make_three(&f);

    ck_assert_int_eq(unlink_it(&f, &crm, true), 1);
    ck_assert_str_eq(ends(&f, link), "app:c-9 {\"phone\":\"1\"}; hubspot:101 {\"phone\":\"1\"}");
    ck_assert_str_eq(sql_text(&f, "SELECT owned_by FROM sync_links"), "hubspot");
    ck_assert_str_eq(pending(&f), "L1 app unlink:1:2; Rcrm/main/crm/contacts/7 crm unlink:1:2");
    fixture_close(&f);
}
END_TEST

START_TEST(tombstones_alone_do_not_go_on)
{
    struct fixture f;

    make_three(&f);
    sql(&f, "UPDATE sync_metadata SET deleted_at = 'x' WHERE record_id <> '7'");
    ck_assert_int_eq(unlink_it(&f, &crm, false), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT ended_at IS NOT NULL FROM sync_links"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(nothing_is_unlinked_while_a_write_is_open)
{
    struct fixture f;
    struct outcome o;
    const char *how;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    o = open_write(&f, link);
    ck_assert_int_eq(unlink_it(&f, &app, false), -1);
    ck_assert_str_eq(f.err.code, "busy");
    ck_assert_int_eq(f.err.status, EXIT_LATER);
    ck_assert_int_eq(store_sent(f.s, &o.intents[0].token, 1, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(unlink_it(&f, &hub, true), -1);
    ck_assert_str_eq(f.err.code, "busy");
    ck_assert_int_eq(done(&f, &o.intents[0], NULL, NULL, &how), 1);
    ck_assert_str_eq(how, "pushed");
    ck_assert_int_eq(unlink_it(&f, &app, false), 1);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(nor_while_a_create_is_unknown)
{
    struct fixture f;

    lose_create(&f);
    ck_assert_int_eq(unlink_it(&f, &hub, true), -1);
    ck_assert_str_eq(f.err.code, "busy");
    ck_assert_ptr_nonnull(strstr(f.err.hint, "reject"));
    ck_assert_int_eq(store_reject_drop(f.s, 1, "alice", f.now, &f.err), 1);
    ck_assert_int_eq(unlink_it(&f, &hub, true), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_metadata"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(decision_made_before_unlinking_does_not_commit)
{
    struct fixture f;
    struct store_emission e;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    admit(&f, "hubspot", "101", "edit", NULL);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(unlink_it(&f, &app, false), 1);
    ck_assert_int_eq(decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                                    phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL)
                         .rc,
                     STORE_NOT_OURS);
    ck_assert_int_eq(decide_members(&f, "hubspot", "101", 0, NULL, 0,
                                    phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL)
                         .rc,
                     STORE_MOVED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

/* ---- Owning ---- */

START_TEST(owner_is_told_and_the_record_looked_at)
{
    struct fixture f;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    ck_assert_int_eq(store_own(f.s, link, "app", "alice", f.now, &f.err), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT owned_by || generation FROM sync_links"), "app2");
    ck_assert_str_eq(pending(&f), "L1 app own:1:2");
    ck_assert_str_eq(sql_text(&f, "SELECT text FROM sync_history WHERE rule = 'own'"),
                     "by alice: app owns the record, before: hubspot");
    ck_assert_int_eq(store_own(f.s, link, "crm", "alice", f.now, &f.err), -1);
    ck_assert_str_eq(f.err.code, "no-end");
    ck_assert_int_eq(store_own(f.s, 99, "app", "alice", f.now, &f.err), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT generation FROM sync_links"), 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(ended_link_may_change_its_owner_in_silence)
{
    struct fixture f;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    sql(&f, "UPDATE sync_links SET ended_at = 'x'");
    ck_assert_int_eq(store_own(f.s, link, "app", "alice", f.now, &f.err), 1);
    ck_assert_ptr_null(pending(&f));
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/relink", links_by_resource_end_and_number, two_records_become_a_link_without_base,
          what_was_out_unlinked_is_decided_anew, record_joins_the_link_of_another,
          refuses_what_is_linked_elsewhere, waits_for_writes_under_way,
          records_of_ended_links_are_taken_out, external_id_of_a_living_link_is_not_taken,
          tombstone_makes_room, unknown_create_is_found_by_hand, children_that_wait_for_it_are_due,
          pair_taken_apart_is_ended, forgotten_records_are_nobodys, ended_link_can_be_forgotten,
          larger_link_goes_on, larger_link_forgets_one, tombstones_alone_do_not_go_on,
          nothing_is_unlinked_while_a_write_is_open, nor_while_a_create_is_unknown,
          decision_made_before_unlinking_does_not_commit, owner_is_told_and_the_record_looked_at,
          ended_link_may_change_its_owner_in_silence)
