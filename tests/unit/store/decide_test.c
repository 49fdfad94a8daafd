#include <config.h>

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"

#define HUB_END(id, value)                                                                         \
    "{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"" id                            \
    "\",\"covered\":{\"phone\":\"" value "\"}}"
#define APP_END(id, value)                                                                         \
    "{\"system\":\"app\",\"account\":\"main\",\"record_id\":\"" id                                 \
    "\",\"covered\":{\"phone\":\"" value "\"}}"
#define NEW_PAIR(external_id, hub, app)                                                            \
    "\"link\":null,\"external_id\":\"" external_id "\",\"ends\":[" HUB_END(hub, "1") "," APP_END(  \
        app, "1") "],\"rules\":{\"phone\":{\"rule\":\"adopt\"}},\"writes\":[]"
#define CREATE_AT_APP(external_id, hub)                                                            \
    "\"link\":null,\"external_id\":\"" external_id                                                 \
    "\",\"ends\":[" HUB_END(hub, "1") "],"                                                         \
                                      "\"rules\":{},\"claims\":[\"k1\"],\"writes\":[{\"target\":"  \
                                      "\"app\",\"account\":\"main\","                              \
                                      "\"action\":\"create\",\"external_id\":\"" external_id       \
                                      "\",\"set\":{\"phone\":\"1\"}}]"

/* Event of hubspot:101 out under p1, about to change the pair 101/c-9. */
static struct store_emission
edit(struct fixture *f)
{
    admit(f, "hubspot", "101", arena_printf(f->a, "edit-%" PRId64, f->now), NULL);
    return emit_one(f, "p1");
}

START_TEST(link_takes_the_pending_rows_of_its_ends)
{
    struct fixture f;
    struct store_emission *rows;
    struct store_link l;

    fixture_open(&f);
    admit(&f, "app", "c-9", "before", NULL);
    ck_assert_int_eq(store_begin(f.s, true, &f.err), 0);
    admit(&f, "hubspot", "101", "e1", NULL);
    ck_assert_int_eq(store_commit(f.s, &f.err), 0);
    ck_assert_int_eq(emit(&f, "p1", &rows), 2);
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "101", 2, "p1", 1, NEW_PAIR("x1", "101", "c-9"), NULL).rc,
        STORE_COMMITTED);
    ck_assert_str_eq(sql_text(&f, "SELECT lane FROM sync_inbox WHERE seq = 1"), "L1");
    ck_assert_int_eq(sql_int(&f, "SELECT link_id FROM sync_inbox WHERE seq = 1"), 1);
    ck_assert_int_eq(store_find_link(f.s, f.a, "crm/contacts", "app", "main", "c-9", &l, &f.err),
                     1);
    ck_assert_int_eq(l.generation, 1);
    ck_assert_str_eq(l.external_id, "x1");
    ck_assert_str_eq(l.owned_by, "hubspot");
    ck_assert_int_eq(l.n_ends, 2);
    ck_assert_int_eq(l.decided_at, f.now);
    /* its line was out: what comes of it is dropped, the event is emitted anew */
    ck_assert_int_eq(
        decide_members(&f, "app", "c-9", 1, "p1", 1, NEW_PAIR("x2", "101", "c-9"), NULL).rc,
        STORE_NOT_OURS);
    ck_assert_int_eq(emit_one(&f, "p1").fence, 3);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(two_records_made_one_link_at_once)
{
    struct fixture f;
    struct store_emission *rows;
    struct outcome o;

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    admit(&f, "hubspot", "102", "e2", NULL);
    ck_assert_int_eq(emit(&f, "p1", &rows), 2);
    o = decide_members(&f, "hubspot", "101", 1, "p1", 1, NEW_PAIR("x1", "101", "c-9"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(o.disposition, "unchanged");
    o = decide_members(&f, "hubspot", "102", 2, "p1", 1, NEW_PAIR("x2", "102", "c-9"), NULL);
    ck_assert_int_eq(o.rc, STORE_MOVED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_metadata"), 2);
    ck_assert_int_eq(sql_int(&f, "SELECT lease IS NULL AND fence = 2 FROM sync_inbox WHERE seq=2"),
                     1);
    ck_assert_int_eq(emit_one(&f, "p1").seq, 2);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(external_id_belongs_to_one_link)
{
    struct fixture f;
    struct store_emission *rows;
    int64_t link;

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    admit(&f, "hubspot", "102", "e2", NULL);
    emit(&f, "p1", &rows);
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "101", 1, "p1", 1, NEW_PAIR("x1", "101", "c-1"), NULL).rc,
        STORE_COMMITTED);
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "102", 2, "p1", 1, NEW_PAIR("x1", "102", "c-2"), NULL).rc,
        STORE_MOVED);
    ck_assert_int_eq(store_find_external(f.s, "x1", &link, &f.err), 1);
    ck_assert_int_eq(link, 1);
    ck_assert_int_eq(store_find_external(f.s, "x2", &link, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(a_key_is_created_once)
{
    struct fixture f;
    struct store_emission *rows;
    struct outcome o;

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    admit(&f, "hubspot", "102", "e2", NULL);
    emit(&f, "p1", &rows);
    o = decide_members(&f, "hubspot", "101", 1, "p1", 1, CREATE_AT_APP("x1", "101"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_int_eq(o.n, 1);
    ck_assert_ptr_null(o.disposition);
    ck_assert_int_eq(store_claimed(f.s, "crm/contacts", "k1", &f.err), 1);
    ck_assert_int_eq(store_open_creates(f.s, "crm/contacts", "app", "main", &f.err), 1);
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "102", 2, "p1", 1, CREATE_AT_APP("x2", "102"), NULL).rc,
        STORE_MOVED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(what_never_fits_is_tried_slower_and_slower)
{
    struct store_emission *rows;
    struct fixture f;
    struct store_emission e;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    for (int64_t wait = 0; wait <= 4000; wait = wait == 0 ? 1000 : wait * 2) {
        ck_assert_int_eq(decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                                        phone_to_app(&f, link, 0, "101", "c-9", "2"), NULL)
                             .rc,
                         STORE_MOVED);
        f.now += wait;
        if (wait > 0) {
            f.now--;
            ck_assert_int_eq(emit(&f, "p1", &rows), 0);
            f.now++;
        }
        e = emit_one(&f, "p1");
    }
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(old_generation_changes_nothing)
{
    struct fixture f;
    struct store_emission e;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    ck_assert_int_eq(decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                                    phone_to_app(&f, link, 0, "101", "c-9", "2"), NULL)
                         .rc,
                     STORE_MOVED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT generation FROM sync_links"), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT fields FROM sync_metadata WHERE record_id = '101'"),
                     "{\"phone\":\"1\"}");
    ck_assert_int_eq(emit_one(&f, "p1").fence, 3);
    fixture_close(&f);
}
END_TEST

START_TEST(late_line_is_not_ours)
{
    struct fixture f;
    struct store_emission e;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    ck_assert_int_eq(store_return(f.s, e.seq, "p1", e.fence, 0, NULL, &f.err), 1);
    ck_assert_int_eq(decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                                    phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL)
                         .rc,
                     STORE_NOT_OURS);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(nothing_is_decided_while_a_write_is_open)
{
    struct fixture f;
    struct store_emission e, *rows;
    struct store_link l;
    int64_t link, seq;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    ck_assert_int_eq(decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                                    phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL)
                         .rc,
                     STORE_COMMITTED);
    seq = admit(&f, "app", "c-9", "echo", NULL);
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    ck_assert_int_eq(lane_idle(&f, "app", "c-9", seq), 0);
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert_int_eq(l.open_intents, 1);
    ck_assert_int_eq(l.n_owed, 1);
    ck_assert_str_eq(l.owed[0].source, "hubspot");
    ck_assert_str_eq(val_text(l.owed[0].value), "2");
    /* nor by a line of its own */
    ck_assert_int_eq(decide_members(&f, "app", "c-9", 0, NULL, 0,
                                    phone_to_app(&f, link, 2, "101", "c-9", "5"), NULL)
                         .rc,
                     STORE_MOVED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE disposition IS NULL"), 3);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(line_without_seq_is_admitted_and_decided)
{
    struct fixture f;
    struct outcome o;

    fixture_open(&f);
    o = decide_members(&f, "hubspot", "101", 0, NULL, 0, NEW_PAIR("x1", "101", "c-9"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(o.disposition, "unchanged");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox WHERE event_id LIKE 'line:%%'"
                                 " AND disposition = 'unchanged'"),
                     1);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(bad_line_spoils_only_itself)
{
    struct fixture f;
    struct store_emission *rows;

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    admit(&f, "hubspot", "102", "e2", NULL);
    emit(&f, "p1", &rows);
    ck_assert_int_eq(store_begin(f.s, true, &f.err), 0);
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "101", 1, "p1", 1, NEW_PAIR("x1", "101", "c-1"), NULL).rc,
        STORE_COMMITTED);
    ck_assert_int_eq(decide_members(&f, "hubspot", "102", 2, "p1", 1,
                                    "\"link\":null,\"external_id\":\"x\",\"ends\":[" HUB_END(
                                        "102", "1") "],\"writes\":[{\"target\":\"app\","
                                                    "\"action\":\"create\",\"set\":{}}]",
                                    NULL)
                         .rc,
                     -1);
    ck_assert_int_eq(f.err.scope, ERR_RECORD);
    ck_assert_int_eq(store_commit(f.s, &f.err), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(record_that_nobody_wants_makes_no_link)
{
    struct fixture f;
    struct outcome o;

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    emit_one(&f, "p1");
    o = decide_members(&f, "hubspot", "101", 1, "p1", 1,
                       "\"link\":null,\"external_id\":\"x1\",\"ends\":[" HUB_END(
                           "101", "1") "],\"writes\":[],\"disposition\":\"ignored\"",
                       NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(o.disposition, "ignored");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_links"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(rejected_decision_is_kept_for_replay)
{
    struct fixture f;
    struct outcome o;

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    emit_one(&f, "p1");
    o = decide_members(&f, "hubspot", "101", 1, "p1", 1,
                       "\"link\":null,\"writes\":[],\"disposition\":\"unchanged\","
                       "\"reject\":\"two-matches\",\"text\":\"app:1 and app:2\"",
                       NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(o.disposition, "rejected");
    ck_assert_str_eq(sql_text(&f, "SELECT code || text FROM sync_rejects WHERE seq = 1"),
                     "two-matchesapp:1 and app:2");
    fixture_close(&f);
}
END_TEST

/* A decision of hubspot:101 that RULES are all of. */
static struct outcome
rules_only(struct fixture *f, int64_t link, int generation, const char *rules)
{
    struct store_emission e;

    f->now++;
    e = edit(f);
    return decide_members(f, "hubspot", "101", e.seq, "p1", e.fence,
                          arena_printf(f->a,
                                       "\"link\":%" PRId64 ",\"generation\":%d,\"ends\":[],"
                                       "\"rules\":{%s},\"writes\":[],"
                                       "\"disposition\":\"conflict\"",
                                       link, generation, rules),
                          NULL);
}

START_TEST(conflict_closes_its_field_and_shows_what_is_there_now)
{
    struct fixture f;
    struct store_link l;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
#define PHONE(base, hub)                                                                           \
    "\"phone\":{\"rule\":\"conflict\",\"base\":\"" base                                            \
    "\",\"conflict\":true,\"values\":{\"hubspot\":\"" hub "\",\"app\":\"4\"}}"
    ck_assert_int_eq(rules_only(&f, link, 1, PHONE("1", "3")).rc, STORE_COMMITTED);
    ck_assert_int_eq(rules_only(&f, link, 2, PHONE("2", "5")).rc, STORE_COMMITTED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_conflicts"), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT base || ends FROM sync_conflicts"),
                     "\"1\"{\"app\":\"4\",\"hubspot\":\"5\"}");
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert_int_eq(l.n_closed, 1);
    ck_assert_str_eq(l.closed_fields[0], "phone");
    /* one that a person has closed is left as it was; the next is another */
    sql(&f, "UPDATE sync_conflicts SET state = 'resolved'");
    ck_assert_int_eq(rules_only(&f, link, 3, PHONE("1", "6")).rc, STORE_COMMITTED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_conflicts"), 2);
    ck_assert_str_eq(sql_text(&f, "SELECT ends FROM sync_conflicts WHERE state = 'resolved'"),
                     "{\"app\":\"4\",\"hubspot\":\"5\"}");
    fixture_close(&f);
}
END_TEST

START_TEST(merge_of_linked_records_waits_for_a_person_and_closes_no_field)
{
    struct fixture f;
    struct store_link l;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    make_pair(&f, "102", "c-8");
    o = rules_only(&f, link, 1,
                   "\"record_id\":{\"rule\":\"merge\",\"conflict\":true,\"values\":"
                   "{\"hubspot\":\"102\"},\"base\":\"101\"}");
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_str_eq(o.disposition, "conflict");
    ck_assert_str_eq(sql_text(&f, "SELECT link_id || field || base || ends FROM sync_conflicts"
                                  " WHERE state = 'open'"),
                     arena_printf(f.a, "%" PRId64 "record_id\"101\"{\"hubspot\":\"102\"}", link));
    ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
    ck_assert_int_eq(l.n_closed, 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(shadow_takes_only_what_is_covered)
{
    struct fixture f;
    struct store_emission e;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    ck_assert_int_eq(
        decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                       arena_printf(f.a,
                                    "\"link\":%" PRId64 ",\"generation\":1,\"ends\":[{\"system\":"
                                    "\"hubspot\",\"account\":\"62515\",\"record_id\":\"101\","
                                    "\"covered\":{\"city\":\"Ulm\",\"score\":1.10}}],\"writes\":[]",
                                    link),
                       NULL)
            .rc,
        STORE_COMMITTED);
    ck_assert_str_eq(sql_text(&f, "SELECT fields FROM sync_metadata WHERE record_id = '101'"),
                     "{\"city\":\"Ulm\",\"phone\":\"1\",\"score\":1.1}");
    fixture_close(&f);
}
END_TEST

/* ---- What cannot be written now ---- */

START_TEST(withheld_write_is_owed_and_nominated_when_due)
{
    struct fixture f;
    const char *app[] = {"app"};
    struct store_commit c = {.withheld = app, .n_withheld = 1, .withheld_until = T0 + 5000};
    const struct store_pause pause = {.scope = "account", .system = "app", .account = "main"};
    struct store_emission e;
    struct store_pause *pauses;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    o = decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                       phone_to_app(&f, link, 1, "101", "c-9", "2"), &c);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_int_eq(o.n, 0);
    ck_assert_str_eq(o.disposition, "owed");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 0);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 0);
    f.now += 5000;
    ck_assert_int_eq(store_pause_add(f.s, &pause, f.now, &f.err), 0);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 0);
    ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &pauses, &f.err), 1);
    ck_assert_int_eq(store_pause_lift(f.s, pauses[0].pause_id, f.now, &f.err), 1);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 1);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), 0);
    e = emit_one(&f, "p1");
    ck_assert_ptr_nonnull(strstr(e.payload, "\"path\":\"manual\",\"system\":\"hubspot\""));
    fixture_close(&f);
}
END_TEST

/* Last-write-wins goes by it: a newer value is as old as its own decision. */
START_TEST(owed_since_is_renewed_with_the_value_only)
{
    static const struct {
        const char *value;
        int64_t at, since;
    } rows[] = {{"2", 0, 0}, {"2", 60000, 0}, {"3", 120000, 120000}, {"3", 180000, 120000}};
    struct fixture f;
    const char *app[] = {"app"};
    struct store_commit c = {.withheld = app, .n_withheld = 1, .withheld_until = T0 + 3600000};
    struct store_emission e;
    struct store_link l;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char id[8];

        f.now = T0 + rows[i].at;
        snprintf(id, sizeof id, "edit%zu", i);
        admit(&f, "hubspot", "101", id, NULL);
        e = emit_one(&f, "p1");
        ck_assert_int_eq(
            decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                           phone_to_app(&f, link, (int)i + 1, "101", "c-9", rows[i].value), &c)
                .rc,
            STORE_COMMITTED);
        ck_assert_int_eq(store_load_link(f.s, f.a, link, &l, &f.err), 1);
        ck_assert_int_eq(l.n_owed, 1);
        ck_assert_int_eq(l.owed[0].since, T0 + rows[i].since);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(what_a_pause_withheld_is_due_when_it_is_lifted)
{
    static const struct store_pause pauses[] = {
        {.scope = "account", .system = "hubspot"},
        {.scope = "record", .system = "app", .resource = "crm/contacts", .record_id = "c-8"},
        {.scope = "record", .system = "app", .resource = "crm/contacts", .record_id = "c-9"}};
    struct fixture f;
    const char *app[] = {"app"};
    struct store_commit c = {.withheld = app, .n_withheld = 1, .withheld_until = T0 + 3600000};
    struct store_emission e;
    struct store_pause *list;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                   phone_to_app(&f, link, 1, "101", "c-9", "2"), &c);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_int_eq(store_pause_add(f.s, &pauses[i], f.now, &f.err), 0);
        ck_assert_int_eq(store_pauses(f.s, f.a, f.now, &list, &f.err), 1);
        ck_assert_int_eq(store_pause_lift(f.s, list[0].pause_id, f.now, &f.err), 1);
        ck_assert_int_eq(store_nominate_owed(f.s, f.now, &f.err), i == 2);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(settled_field_is_owed_no_more)
{
    struct fixture f;
    const char *app[] = {"app"};
    struct store_commit c = {.withheld = app, .n_withheld = 1, .withheld_until = T0 + 5000};
    struct store_emission e;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    e = edit(&f);
    decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                   phone_to_app(&f, link, 1, "101", "c-9", "2"), &c);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 1);
    f.now++;
    e = edit(&f);
    ck_assert_int_eq(
        decide_members(
            &f, "hubspot", "101", e.seq, "p1", e.fence,
            arena_printf(f.a,
                         "\"link\":%" PRId64
                         ",\"generation\":2,\"ends\":[" HUB_END("101", "2") "," APP_END(
                             "c-9", "2") "],\"rules\":"
                                         "{\"phone\":{\"rule\":\"adopt\"}},\"writes\":[]",
                         link),
            NULL)
            .rc,
        STORE_COMMITTED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 0);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/decide", link_takes_the_pending_rows_of_its_ends,
          two_records_made_one_link_at_once, external_id_belongs_to_one_link, a_key_is_created_once,
          old_generation_changes_nothing, what_never_fits_is_tried_slower_and_slower,
          late_line_is_not_ours, nothing_is_decided_while_a_write_is_open,
          line_without_seq_is_admitted_and_decided, bad_line_spoils_only_itself,
          record_that_nobody_wants_makes_no_link, rejected_decision_is_kept_for_replay,
          conflict_closes_its_field_and_shows_what_is_there_now,
          merge_of_linked_records_waits_for_a_person_and_closes_no_field,
          shadow_takes_only_what_is_covered, withheld_write_is_owed_and_nominated_when_due,
          owed_since_is_renewed_with_the_value_only, what_a_pause_withheld_is_due_when_it_is_lifted,
          settled_field_is_owed_no_more)
