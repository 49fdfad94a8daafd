#include <config.h>

#include <inttypes.h>
#include <sqlite3.h>
#include <string.h>

#include "fixture.h"

/* How links come to an end, are opened again, and get and lose records. */

#define ENDED(link)                                                                                \
    sql_text(&f,                                                                                   \
             "SELECT ended_why FROM sync_links WHERE link_id = %d AND ended_at"                    \
             " IS NOT NULL",                                                                       \
             (int)(link))
#define SHADOW(id) sql_text(&f, "SELECT fields FROM sync_metadata WHERE record_id = '" id "'")
#define LANE(event) sql_text(&f, "SELECT lane FROM sync_inbox WHERE event_id = '" event "'")

/* A new event of hubspot:ID is out and decided by REST, which follows link and generation. */
static struct outcome
decide_rest(struct fixture *f, const char *id, int64_t link, const char *rest)
{
    long long generation =
        sql_int(f, "SELECT generation FROM sync_links WHERE link_id = %d", (int)link);
    int64_t seq =
        admit(f, "hubspot", id, arena_printf(f->a, "e-%" PRId64 "-%s", ++f->now, id), NULL);
    long long fence;

    sql(f, "UPDATE sync_inbox SET lease = 'p1', fence = fence + 1, leased_ms = 0 WHERE seq = %d",
        (int)seq);
    fence = sql_int(f, "SELECT fence FROM sync_inbox WHERE seq = %d", (int)seq);
    return decide_members(
        f, "hubspot", id, seq, "p1", fence,
        arena_printf(f->a, "\"link\":%" PRId64 ",\"generation\":%lld,%s", link, generation, rest),
        NULL);
}

#define DELETED(id)                                                                                \
    "{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"" id "\",\"state\":"            \
    "\"deleted\"}"
#define LIVE(id, phone)                                                                            \
    "{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"" id                            \
    "\",\"state\":\"live\",\"covered\":{\"phone\":\"" phone "\"}}"
#define REPLACED(id, old)                                                                          \
    "{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"" id                            \
    "\",\"state\":\"live\",\"replaces\":\"" old "\",\"covered\":{\"city\":\"Ulm\"}}"
#define ENDS(ends) "\"ends\":[" ends "],\"rules\":{},"
#define PHONE_WRITE                                                                                \
    "\"writes\":[{\"target\":\"app\",\"account\":\"main\",\"action\":\"update\","                  \
    "\"target_record_id\":\"c-9\",\"set\":{\"phone\":\"2\"}}]"

/* ---- The end of a link ---- */

START_TEST(decision_without_writes_ends_its_link)
{
    struct fixture f;
    struct store_link l;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    sql(&f, "INSERT INTO sync_owed VALUES (%d, 'phone', 'app', 'hubspot', '\"2\"', 'x', 'x', NULL)",
        (int)link);
    sql(&f,
        "INSERT INTO sync_conflicts (at, link_id, field, ends, state) VALUES ('x', %d, 'city',"
        " '{}', 'open')",
        (int)link);
    o = decide_rest(&f, "101", link,
                    ENDS(DELETED("101")) "\"writes\":[],\"link_ended\":\"edited after it was"
                                         " deleted at hubspot\",\"disposition\":\"deleted\"");
    ck_assert_msg(o.rc == STORE_COMMITTED, "%s", f.err.text);
    ck_assert_str_eq(o.disposition, "deleted");
    ck_assert_str_eq(ENDED(link), "edited after it was deleted at hubspot");
    ck_assert_int_eq(
        store_find_link(f.s, f.a, "crm/contacts", "hubspot", "62515", "101", &l, &f.err), 1);
    ck_assert(l.ended);
    ck_assert_int_eq(l.n_owed, 0);
    ck_assert_int_eq(l.n_closed, 0);
    ck_assert(l.ends[1].deleted);
    ck_assert(!l.ends[0].deleted);
    ck_assert_str_eq(sql_text(&f, "SELECT text FROM sync_history WHERE rule = 'link' AND"
                                  " outcome = 'ended'"),
                     "edited after it was deleted at hubspot");
    /* another write for it does not fit any more */
    o = decide_rest(&f, "101", link, ENDS("") PHONE_WRITE);
    ck_assert_int_eq(o.rc, STORE_MOVED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(reopened_link_is_as_it_was)
{
    struct fixture f;
    struct store_link l;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    decide_rest(&f, "101", link, ENDS(DELETED("101")) "\"writes\":[],\"link_ended\":\"gone\"");
    ck_assert_str_eq(ENDED(link), "gone");
    o = decide_rest(&f, "101", link, ENDS(LIVE("101", "2")) "\"reopen\":true," PHONE_WRITE);
    ck_assert_msg(o.rc == STORE_COMMITTED, "%s", f.err.text);
    ck_assert_int_eq(o.n, 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links WHERE ended_at IS NULL AND"
                                 " ended_why IS NULL"),
                     1);
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert(!l.ended);
    ck_assert(!l.ends[1].deleted);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"2\"}");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_history WHERE outcome = 'reopened'"),
                     1);
    fixture_close(&f);
}
END_TEST

START_TEST(reopening_that_does_not_fit_leaves_the_link_ended)
{
    struct fixture f;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    make_pair(&f, "102", "c-8");
    decide_rest(&f, "101", link, ENDS(DELETED("101")) "\"writes\":[],\"link_ended\":\"gone\"");
    o = decide_rest(&f, "101", link,
                    ENDS(LIVE("101", "2") "," LIVE("102", "2")) "\"reopen\":true," PHONE_WRITE);
    ck_assert_int_eq(o.rc, STORE_MOVED);
    ck_assert_str_eq(ENDED(link), "gone");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_history WHERE outcome = 'reopened'"),
                     0);
    fixture_close(&f);
}
END_TEST

/* ---- Tombstones ---- */

START_TEST(tombstone_keeps_its_first_date_and_goes_when_it_lives)
{
    struct fixture f;
    struct store_link l;
    int64_t link;
    const char *at;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    decide_rest(&f, "101", link, ENDS(DELETED("101")) "\"writes\":[]");
    at = sql_text(&f, "SELECT deleted_at FROM sync_metadata WHERE record_id = '101'");
    ck_assert_ptr_nonnull(at);
    f.now += 1000;
    decide_rest(&f, "101", link, ENDS(DELETED("101")) "\"writes\":[]");
    ck_assert_str_eq(sql_text(&f, "SELECT deleted_at FROM sync_metadata WHERE record_id = '101'"),
                     at);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"1\"}");
    /* live, and nothing else to say about it */
    decide_rest(
        &f, "101", link,
        ENDS("{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"101\"}") "\"writes\":["
                                                                                     "]");
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert(!l.ends[1].deleted);
    fixture_close(&f);
}
END_TEST

START_TEST(what_is_owed_to_a_tombstone_waits_until_it_lives)
{
    const struct store_pause pause = {.scope = "account", .system = "hubspot"};
    struct fixture f;
    struct store_pause *pauses;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    sql(&f,
        "INSERT INTO sync_owed VALUES (%d, 'phone', 'hubspot', 'app', '\"2\"', 'x',"
        " '2026-01-01T00:00:00.000Z', NULL)",
        (int)link);
    decide_rest(&f, "101", link, ENDS(DELETED("101")) "\"writes\":[]");
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 86400000, &f.err), 0);
    ck_assert_int_eq(store_pause_add(f.s, &pause, f.now, &f.err), 0);
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_int_eq(store_pause_lift(f.s, pauses[0].pause_id, f.now, &f.err), 1);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 0);
    decide_rest(&f, "101", link, ENDS(LIVE("101", "1")) "\"writes\":[]");
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(gc_leaves_ended_links_and_their_tombstones)
{
    struct fixture f;
    struct store_count *list;
    struct store_link l;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    decide_rest(&f, "101", link, ENDS(DELETED("101")) "\"writes\":[],\"link_ended\":\"gone\"");
    ck_assert_int_gt(
        store_gc(f.s, f.a, 1000, false, f.now + 400 * INT64_C(86400000), &list, &f.err), 0);
    ck_assert_int_eq(list[0].n, 2); /* events */
    ck_assert_int_eq(
        store_find_link(f.s, f.a, "crm/contacts", "hubspot", "62515", "101", &l, &f.err), 1);
    ck_assert(l.ended);
    ck_assert_int_eq(l.n_ends, 2);
    ck_assert(l.ends[1].deleted);
    ck_assert_str_eq(ENDED(link), "gone");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

/* ---- A record in another's place ---- */

START_TEST(record_takes_the_place_of_another_with_its_shadow)
{
    const char *hashes[] = {"k1"}, *ids[4];
    struct fixture f;
    struct store_link l;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    store_keys_replace(f.s, "crm/contacts", "hubspot", "62515", "101", hashes, 1, f.now, &f.err);
    store_keys_replace(f.s, "crm/contacts", "hubspot", "62515", "105", hashes, 1, f.now, &f.err);
    sql(&f, "UPDATE sync_metadata SET version = '7', etag = 'x' WHERE record_id = '101'");
    admit(&f, "hubspot", "105", "new", NULL);
    admit(&f, "hubspot", "101", "old", NULL);
    o = decide_rest(&f, "101", link, ENDS(REPLACED("105", "101")) "\"writes\":[]");
    ck_assert_msg(o.rc == STORE_COMMITTED, "%d %s", o.rc, f.err.text);
    ck_assert_str_eq(SHADOW("105"), "{\"city\":\"Ulm\",\"phone\":\"1\"}");
    ck_assert_int_eq(
        store_find_link(f.s, f.a, "crm/contacts", "hubspot", "62515", "105", &l, &f.err), 1);
    ck_assert_int_eq(l.link_id, link);
    ck_assert_ptr_null(l.ends[1].version);
    ck_assert_ptr_null(l.ends[1].etag);
    ck_assert_int_eq(
        store_find_link(f.s, f.a, "crm/contacts", "hubspot", "62515", "101", &l, &f.err), 0);
    ck_assert_int_eq(
        store_candidates(f.s, f.a, "crm/contacts", "hubspot", "62515", "k1", ids, 4, &f.err), 1);
    ck_assert_str_eq(ids[0], "105");
    ck_assert_str_eq(LANE("new"), "L1");
    ck_assert_str_eq(LANE("old"), "L1"); /* stays where it is */
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(facts_of_a_replaced_record_are_of_no_link)
{
    struct event e = {.system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = "101",
                      .event_id = "old"};
    struct fixture f;
    struct store_emission row;
    struct facts facts;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    ck_assert_int_eq(admit(&f, "hubspot", "101", "old", NULL), 2);
    ck_assert_int_eq(decide_rest(&f, "101", link, ENDS(REPLACED("105", "101")) "\"writes\":[]").rc,
                     STORE_COMMITTED);
    row = emit_one(&f, "p1");
    ck_assert_int_eq(row.seq, 2);
    ck_assert_int_eq(store_facts(f.s, f.a, &e, &facts, &f.err), 0);
    ck_assert(!facts.linked);
    /* it can be decided as the unlinked record it is */
    o = decide_members(&f, "hubspot", "101", row.seq, "p1", row.fence,
                       "\"link\":null,\"ends\":[],\"writes\":[],\"disposition\":\"gone\"", NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(o.disposition, "gone");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(record_of_a_living_link_is_not_taken)
{
    struct fixture f;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    make_pair(&f, "105", "c-8");
    o = decide_rest(&f, "101", link, ENDS(REPLACED("105", "101")) "\"writes\":[]");
    ck_assert_int_eq(o.rc, STORE_MOVED);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"1\"}");
    /* nor the place of a record that the link has not there */
    o = decide_rest(&f, "101", link, ENDS(REPLACED("106", "103")) "\"writes\":[]");
    ck_assert_int_eq(o.rc, STORE_MOVED);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(ended_link_lets_a_record_go_with_its_rows)
{
    struct fixture f;
    struct store_emission *rows;
    struct outcome o;
    int64_t link, other;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    other = make_pair(&f, "105", "c-8");
    decide_rest(&f, "105", other, ENDS("") "\"writes\":[],\"link_ended\":\"by hand\"");
    ck_assert_str_eq(ENDED(other), "by hand");
    /* one row of each of its records, folded into one line that is out */
    admit(&f, "app", "c-8", "theirs", NULL);
    admit(&f, "hubspot", "105", "ours", NULL);
    ck_assert_int_eq(emit(&f, "p2", &rows), 1);
    ck_assert_int_eq(rows[0].n_folded, 1);
    o = decide_rest(&f, "101", link, ENDS(REPLACED("105", "101")) "\"writes\":[]");
    ck_assert_msg(o.rc == STORE_COMMITTED, "%d %s", o.rc, f.err.text);
    ck_assert_int_eq(sql_int(&f, "SELECT link_id FROM sync_metadata WHERE record_id = '105'"),
                     (int)link);
    ck_assert_str_eq(LANE("ours"), "L1");
    ck_assert_str_eq(LANE("theirs"), "L2");
    /* both are emitted again, each by itself */
    ck_assert_int_eq(
        store_dispose(f.s, rows[0].seq, "p2", rows[0].fence, "ignored", NULL, f.now, &f.err), 0);
    ck_assert_int_eq(emit(&f, "p2", &rows), 2);
    ck_assert_int_eq(rows[0].n_folded + rows[1].n_folded, 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

/* The limit stops the decision after the record was let go. */
START_TEST(stopped_decision_takes_no_record)
{
    struct conf conf = {.max_creates = {0, -1}, .max_updates = {0, -1}, .max_changed = {-1, -1}};
    struct store_commit c = {.owner = "w1", .conf = &conf};
    struct fixture f;
    struct store_emission e;
    struct outcome o;
    int64_t link, other;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    other = make_pair(&f, "105", "c-8");
    decide_rest(&f, "105", other, ENDS("") "\"writes\":[],\"link_ended\":\"by hand\"");
    admit(&f, "hubspot", "101", "merge", NULL);
    e = emit_one(&f, "p1");
    o = decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                       arena_printf(f.a,
                                    "\"link\":%" PRId64
                                    ",\"generation\":1," ENDS(REPLACED("105", "101")) PHONE_WRITE,
                                    link),
                       &c);
    ck_assert_int_eq(o.rc, STORE_STOPPED);
    ck_assert_int_eq(sql_int(&f, "SELECT link_id FROM sync_metadata WHERE record_id = '105'"),
                     (int)other);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"1\"}");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_keys"), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

/* ---- Who owns it ---- */

START_TEST(first_live_end_made_the_record)
{
    struct fixture f;
    struct store_link l;
    int64_t seq;

    fixture_open(&f);
    seq = admit(&f, "hubspot", "101", "e1", NULL);
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "101", seq, "p1", emit_one(&f, "p1").fence,
                       "\"link\":null,\"external_id\":\"x\",\"ends\":[{\"system\":\"erp\","
                       "\"account\":\"main\",\"record_id\":\"7\",\"state\":\"gone\"},{\"system\":"
                       "\"app\",\"account\":\"main\",\"record_id\":\"c-9\",\"covered\":{}}," LIVE(
                           "101", "1") "],\"writes\":[]",
                       NULL)
            .rc,
        STORE_COMMITTED);
    ck_assert_int_eq(
        store_find_link(f.s, f.a, "crm/contacts", "hubspot", "62515", "101", &l, &f.err), 1);
    ck_assert_str_eq(l.owned_by, "app");
    fixture_close(&f);
}
END_TEST

/* ---- Children that wait for their parent ---- */

/* Event of hubspot:ID given back until its PARENT (hubspot) is linked. */
static int64_t
wait_for(struct fixture *f, const char *id, const char *parent)
{
    int64_t seq = admit(f, "hubspot", id, arena_printf(f->a, "child-%s", id), NULL);
    struct store_emission e = emit_one(f, "p1");

    ck_assert_int_eq(e.seq, seq);
    ck_assert_int_eq(
        store_return(f->s, seq, "p1", e.fence, f->now + 60000,
                     arena_printf(f->a, STORE_PARENT_FORMAT, "crm/contacts", "hubspot", parent),
                     &f->err),
        1);
    return seq;
}

START_TEST(child_is_free_when_its_parent_gets_a_link)
{
    struct fixture f;
    struct store_emission *rows;
    int64_t child;

    fixture_open(&f);
    child = wait_for(&f, "1", "101");
    wait_for(&f, "2", "102");
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    make_pair(&f, "101", "c-9");
    ck_assert_int_eq(emit_one(&f, "p1").seq, child);
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(child_is_free_when_its_parent_gets_a_further_end)
{
    struct fixture f;
    struct store_emission *rows;
    struct outcome o;
    int64_t child, link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    child = wait_for(&f, "1", "101");
    decide_rest(&f, "101", link, ENDS(LIVE("101", "2")) "\"writes\":[]"); /* no end that is new */
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    o = decide_rest(&f, "101", link,
                    ENDS("") "\"claims\":[],\"writes\":[{\"target\":\"erp\",\"account\":\"main\","
                             "\"action\":\"create\",\"set\":{\"phone\":\"1\"}}]");
    ck_assert_int_eq(o.n, 1);
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    ck_assert_int_eq(store_sent(f.s, &o.intents[0].token, 1, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(done(&f, &o.intents[0], "7", "{\"phone\":\"1\"}", NULL), 1);
    ck_assert_int_eq(emit_one(&f, "p1").seq, child);
    fixture_close(&f);
}
END_TEST

/* The key is claimed: seen only after the end was taken. */
START_TEST(children_stay_where_they_are_when_the_parents_decision_does_not_fit)
{
    struct fixture f;
    struct store_emission *rows;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    wait_for(&f, "1", "105");
    sql(&f, "INSERT INTO sync_claims VALUES ('crm/contacts', 'k', 0)");
    o = decide_rest(&f, "101", link,
                    ENDS(REPLACED("105", "101")) "\"claims\":[\"k\"],\"writes\":[{\"target\":"
                                                 "\"erp\",\"account\":\"main\",\"action\":"
                                                 "\"create\",\"set\":{\"phone\":\"1\"}}]");
    ck_assert_int_eq(o.rc, STORE_MOVED);
    ck_assert_str_eq(SHADOW("101"), "{\"phone\":\"1\"}");
    ck_assert_int_eq(emit(&f, "p1", &rows), 1); /* the parent's event, not the child's */
    ck_assert_ptr_nonnull(strstr(rows[0].payload, "\"record_id\":\"101\""));
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(waiting_children_are_found_by_a_seek)
{
    struct fixture f;
    sqlite3 *db;
    sqlite3_stmt *st;

    fixture_open(&f);
    ck_assert_int_eq(sqlite3_open(f.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db,
                                        "EXPLAIN QUERY PLAN UPDATE sync_inbox SET not_before = 'x'"
                                        " WHERE disposition IS NULL AND reason >= 'parent ' AND"
                                        " reason < 'parent!' AND reason = ?2 AND lease IS NULL AND"
                                        " not_before > ?1",
                                        -1, &st, NULL),
                     SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(st, 3),
                     "SEARCH sync_inbox USING INDEX sync_inbox_parent (reason=?)");
    sqlite3_finalize(st);
    sqlite3_close(db);
    fixture_close(&f);
}
END_TEST

/* What a field was under another mapping is no base, nor is that of a field that is not covered. */
START_TEST(new_mapping_leaves_nothing_of_the_old_shadow)
{
    struct fixture f;
    struct store_emission e;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    hold(&f, "p1");
    sql(&f, "UPDATE sync_metadata SET fields = '{\"notes\":\"n\",\"phone\":\"1\"}'");
    admit(&f, "hubspot", "101", "e2", NULL);
    e = emit_one(&f, "p1");
    o = decide_members(
        &f, "hubspot", "101", e.seq, "p1", e.fence,
        arena_printf(f.a,
                     "\"link\":%" PRId64 ",\"generation\":1,\"ends\":[{\"system\":"
                     "\"hubspot\",\"account\":\"62515\",\"record_id\":\"101\","
                     "\"covered\":{\"phone\":\"2\"}},{\"system\":\"app\",\"account\":"
                     "\"main\",\"record_id\":\"c-9\",\"covered\":{}}],\"rules\":{},"
                     "\"writes\":[],\"disposition\":\"unchanged\",\"map_hash\":\"m2\"",
                     link),
        NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(sql_text(&f, "SELECT fields || map_hash FROM sync_metadata WHERE record_id ="
                                  " '101'"),
                     "{\"phone\":\"2\"}m2");
    ck_assert_str_eq(sql_text(&f, "SELECT fields || map_hash FROM sync_metadata WHERE record_id ="
                                  " 'c-9'"),
                     "{\"notes\":\"n\",\"phone\":\"1\"}m1");
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/link", new_mapping_leaves_nothing_of_the_old_shadow,
          decision_without_writes_ends_its_link, reopened_link_is_as_it_was,
          reopening_that_does_not_fit_leaves_the_link_ended,
          tombstone_keeps_its_first_date_and_goes_when_it_lives,
          what_is_owed_to_a_tombstone_waits_until_it_lives,
          gc_leaves_ended_links_and_their_tombstones,
          record_takes_the_place_of_another_with_its_shadow,
          facts_of_a_replaced_record_are_of_no_link, record_of_a_living_link_is_not_taken,
          ended_link_lets_a_record_go_with_its_rows, stopped_decision_takes_no_record,
          first_live_end_made_the_record, child_is_free_when_its_parent_gets_a_link,
          child_is_free_when_its_parent_gets_a_further_end,
          children_stay_where_they_are_when_the_parents_decision_does_not_fit,
          waiting_children_are_found_by_a_seek)
