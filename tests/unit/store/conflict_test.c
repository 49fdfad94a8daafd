#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "fixture.h"
#include "store/operate.h"

/* The pair 101/c-9, both at phone "1"; then hubspot said "2", the app "3", and a person is asked.
 */
struct asked {
    struct fixture f;
    int64_t link, conflict;
};

static int64_t
add_conflict(struct fixture *f, int64_t link, const char *field, const char *ends)
{
    sql(f,
        "INSERT INTO sync_conflicts (at, link_id, field, base, ends, state) VALUES"
        " ('2026-01-01T10:00:00.000Z', %" PRId64 ", '%s', '\"1\"', '%s', 'open')",
        link, field, ends);
    return sql_int(f, "SELECT max(conflict_id) FROM sync_conflicts");
}

static void
ask(struct asked *x)
{
    fixture_open(&x->f);
    x->link = make_pair(&x->f, "101", "c-9");
    x->conflict = add_conflict(&x->f, x->link, "phone", "{\"app\":\"3\",\"hubspot\":\"2\"}");
}

static int
resolve(struct asked *x, const char *take, const char *values)
{
    struct store_resolution r = {.conflict_id = x->conflict, .take = take, .by = "alice"};

    if (values != NULL)
        r.values = val_parse(x->f.a, values, strlen(values), NULL);
    x->f.now += 1000;
    return store_conflict_resolve(x->f.s, &r, x->f.now, &x->f.err);
}

static const char *
shadow(struct asked *x, const char *id)
{
    return sql_text(&x->f, "SELECT fields FROM sync_metadata WHERE record_id = '%s'", id);
}

static const char *
owed(struct asked *x)
{
    return sql_text(&x->f, "SELECT group_concat(field || ' ' || source || '>' || target || ' ' ||"
                           " value || coalesce(' ' || refused, ''), '; ') FROM (SELECT * FROM"
                           " sync_owed ORDER BY field, target)");
}

START_TEST(lists_newest_first_and_only_open_ones)
{
    struct asked x;
    struct store_conflict *list, c;

    ask(&x);
    sql(&x.f, "UPDATE sync_conflicts SET state = 'resolved', resolution = 'take app',"
              " resolved_by = 'bob', resolved_at = '2026-01-01T11:00:00.000Z'");
    add_conflict(&x.f, x.link, "phone", "{\"app\":\"3\"}");
    add_conflict(&x.f, x.link, "email", "{}");
    ck_assert_int_eq(store_conflicts(x.f.s, x.f.a, NULL, false, 10, &list, &x.f.err), 2);
    ck_assert_int_eq(list[0].conflict_id, 3);
    ck_assert_str_eq(list[0].field, "email");
    ck_assert_int_eq(list[1].conflict_id, 2);
    ck_assert_str_eq(list[1].state, "open");
    ck_assert_ptr_null(list[1].resolution);
    ck_assert_str_eq(val_text(list[1].base), "1");
    ck_assert_str_eq(val_get_text(list[1].ends, "app"), "3");
    ck_assert_int_eq(store_conflicts(x.f.s, x.f.a, "crm/contacts", true, 10, &list, &x.f.err), 3);
    ck_assert_int_eq(store_conflicts(x.f.s, x.f.a, "crm/contacts", true, 2, &list, &x.f.err), 2);
    ck_assert_int_eq(store_conflicts(x.f.s, x.f.a, "crm/deals", true, 10, &list, &x.f.err), 0);
    ck_assert_int_eq(store_conflict(x.f.s, x.f.a, 1, &c, &x.f.err), 1);
    ck_assert_int_eq(c.link_id, x.link);
    ck_assert_int_eq(c.at, T0);
    ck_assert_str_eq(c.resource, "crm/contacts");
    ck_assert_str_eq(c.resolved_by, "bob");
    ck_assert_int_eq(c.resolved_at, T0 + 3600000);
    ck_assert_int_eq(store_conflict(x.f.s, x.f.a, 77, &c, &x.f.err), 0);
    fixture_close(&x.f);
}
END_TEST

START_TEST(taken_value_is_owed_to_the_others)
{
    struct asked x;
    struct store_emission e;

    ask(&x);
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 1);
    ck_assert_str_eq(shadow(&x, "101"), "{\"phone\":\"2\"}");
    ck_assert_str_eq(shadow(&x, "c-9"), "{\"phone\":\"3\"}");
    ck_assert_str_eq(owed(&x), "phone hubspot>app \"2\"");
    ck_assert_str_eq(sql_text(&x.f, "SELECT state || ' ' || resolution || ' ' || resolved_by || ' '"
                                    " || resolved_at FROM sync_conflicts"),
                     "resolved take hubspot alice 2026-01-01T10:00:01.000Z");
    ck_assert_int_eq(sql_int(&x.f, "SELECT generation FROM sync_links"), 2);
    ck_assert_str_eq(sql_text(&x.f, "SELECT text FROM sync_history WHERE rule = 'resolve'"),
                     "by alice: take hubspot");
    e = emit_one(&x.f, "p1");
    ck_assert_str_eq(sql_text(&x.f,
                              "SELECT lane || ' ' || system || ' ' || record_id || ' ' || path"
                              " FROM sync_inbox WHERE seq = %lld",
                              (long long)e.seq),
                     "L1 hubspot 101 manual");
    check_balance(&x.f);
    fixture_close(&x.f);
}
END_TEST

START_TEST(a_persons_value_is_owed_in_each_systems_words)
{
    struct asked x;

    ask(&x);
    sql(&x.f, "INSERT INTO sync_owed VALUES (1, 'phone', 'app', 'hubspot', '\"2\"', 'x', 'x',"
              " 'too long'), (1, 'phone', 'old', 'hubspot', '\"2\"', 'x', 'x', NULL),"
              " (1, 'email', 'app', 'hubspot', '\"e\"', 'x', 'x', NULL)");
    ck_assert_int_eq(resolve(&x, NULL, "{\"hubspot\":\"+4\",\"app\":null}"), 1);
    ck_assert_str_eq(owed(&x), "email hubspot>app \"e\"; phone person>app null;"
                               " phone person>hubspot \"+4\"");
    ck_assert_str_eq(shadow(&x, "101"), "{\"phone\":\"2\"}");
    ck_assert_str_eq(sql_text(&x.f, "SELECT resolution FROM sync_conflicts"),
                     "value {\"app\":null,\"hubspot\":\"+4\"}");
    ck_assert_str_eq(sql_text(&x.f, "SELECT not_before FROM sync_owed WHERE target = 'hubspot'"),
                     "2026-01-01T10:00:01.000Z");
    fixture_close(&x.f);
}
END_TEST

START_TEST(shadow_keeps_its_other_fields_and_its_hash_fits)
{
    struct asked x;
    const char *before;

    ask(&x);
    before = sql_text(&x.f, "SELECT field_hash FROM sync_metadata WHERE record_id = '101'");
    sql(&x.f, "UPDATE sync_metadata SET fields = '{\"email\":\"e\",\"phone\":\"1\"}', etag = 'W/1',"
              " version = '7', diverged = '[\"email\"]' WHERE record_id = '101'");
    ck_assert_int_eq(resolve(&x, "app", NULL), 1);
    ck_assert_str_eq(shadow(&x, "101"), "{\"email\":\"e\",\"phone\":\"2\"}");
    ck_assert_str_eq(sql_text(&x.f, "SELECT etag || version || diverged FROM sync_metadata WHERE"
                                    " record_id = '101'"),
                     "W/17[\"email\"]");
    ck_assert_str_ne(sql_text(&x.f, "SELECT field_hash FROM sync_metadata WHERE record_id = '101'"),
                     before);
    fixture_close(&x.f);
}
END_TEST

START_TEST(closing_alone_owes_nothing)
{
    struct asked x;
    struct store_emission *rows;

    ask(&x);
    ck_assert_int_eq(resolve(&x, NULL, NULL), 1);
    ck_assert_ptr_null(owed(&x));
    ck_assert_str_eq(shadow(&x, "101"), "{\"phone\":\"1\"}");
    ck_assert_str_eq(sql_text(&x.f, "SELECT resolution FROM sync_conflicts"), "closed");
    ck_assert_int_eq(emit(&x.f, "p1", &rows), 1);
    fixture_close(&x.f);
}
END_TEST

START_TEST(what_is_not_open_is_not_resolved)
{
    struct asked x;

    ask(&x);
    ck_assert_int_eq(resolve(&x, "app", NULL), 1);
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 0);
    ck_assert_str_eq(owed(&x), "phone app>hubspot \"3\"");
    ck_assert_int_eq(sql_int(&x.f, "SELECT generation FROM sync_links"), 2);
    x.conflict = 99;
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 0);
    check_balance(&x.f);
    fixture_close(&x.f);
}
END_TEST

START_TEST(refuses_what_is_not_shown)
{
    struct asked x;

    ask(&x);
    ck_assert_int_eq(resolve(&x, "crm", NULL), -1);
    ck_assert_str_eq(x.f.err.code, "no-value");
    ck_assert_int_eq(resolve(&x, NULL, "{\"crm\":\"1\"}"), -1);
    ck_assert_str_eq(x.f.err.code, "no-end");
    sql(&x.f, "UPDATE sync_metadata SET deleted_at = 'x' WHERE record_id = 'c-9'");
    ck_assert_int_eq(resolve(&x, NULL, "{\"app\":\"1\"}"), -1);
    ck_assert_str_eq(x.f.err.code, "no-end");
    ck_assert_int_eq(sql_int(&x.f, "SELECT generation FROM sync_links"), 1);
    ck_assert_str_eq(sql_text(&x.f, "SELECT state FROM sync_conflicts"), "open");
    fixture_close(&x.f);
}
END_TEST

START_TEST(nothing_is_owed_to_a_tombstone)
{
    struct asked x;

    ask(&x);
    sql(&x.f, "UPDATE sync_metadata SET deleted_at = 'x' WHERE record_id = 'c-9'");
    ck_assert_int_eq(resolve(&x, "app", NULL), 1);
    ck_assert_str_eq(owed(&x), "phone app>hubspot \"3\"");
    ck_assert_str_eq(shadow(&x, "c-9"), "{\"phone\":\"1\"}");
    ck_assert_str_eq(
        sql_text(&x.f, "SELECT system FROM sync_inbox WHERE event_id LIKE 'resolve%%'"), "hubspot");
    fixture_close(&x.f);
}
END_TEST

START_TEST(merge_has_no_value_to_take)
{
    struct asked x;

    ask(&x);
    x.conflict = add_conflict(&x.f, x.link, "record_id", "{\"hubspot\":\"102\"}");
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), -1);
    ck_assert_str_eq(x.f.err.code, "no-field");
    ck_assert_int_eq(resolve(&x, NULL, NULL), 1);
    ck_assert_str_eq(shadow(&x, "101"), "{\"phone\":\"1\"}");
    fixture_close(&x.f);
}
END_TEST

START_TEST(ended_link_is_only_closed)
{
    struct asked x;
    struct store_emission *rows;

    ask(&x);
    sql(&x.f, "UPDATE sync_links SET ended_at = 'x'");
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 1);
    ck_assert_ptr_null(owed(&x));
    ck_assert_str_eq(shadow(&x, "101"), "{\"phone\":\"1\"}");
    ck_assert_int_eq(emit(&x.f, "p1", &rows), 0);
    fixture_close(&x.f);
}
END_TEST

START_TEST(decision_made_before_does_not_commit_on_top)
{
    struct asked x;
    struct store_emission e;

    ask(&x);
    admit(&x.f, "hubspot", "101", "edit", NULL);
    e = emit_one(&x.f, "p1");
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 1);
    ck_assert_int_eq(decide_members(&x.f, "hubspot", "101", e.seq, "p1", e.fence,
                                    phone_to_app(&x.f, x.link, 1, "101", "c-9", "2"), NULL)
                         .rc,
                     STORE_NOT_OURS);
    ck_assert_int_eq(decide_members(&x.f, "hubspot", "101", 0, NULL, 0,
                                    phone_to_app(&x.f, x.link, 1, "101", "c-9", "2"), NULL)
                         .rc,
                     STORE_MOVED);
    ck_assert_str_eq(owed(&x), "phone hubspot>app \"2\"");
    e = emit_one(&x.f, "p1");
    ck_assert_int_eq(e.n_folded, 2);
    check_balance(&x.f);
    fixture_close(&x.f);
}
END_TEST

/* An open write of another field goes on, is settled, and its event ends once. */
START_TEST(open_write_is_settled_all_the_same)
{
    struct asked x;
    struct store_emission e, *rows;
    struct outcome o;
    const char *how;

    ask(&x);
    sql(&x.f, "UPDATE sync_conflicts SET field = 'email'");
    admit(&x.f, "hubspot", "101", "edit", NULL);
    e = emit_one(&x.f, "p1");
    o = decide_members(&x.f, "hubspot", "101", e.seq, "p1", e.fence,
                       phone_to_app(&x.f, x.link, 1, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 1);
    ck_assert_int_eq(emit(&x.f, "p1", &rows), 0);
    ck_assert_int_eq(store_sent(x.f.s, &o.intents[0].token, 1, "w1", x.f.now, &x.f.err), 0);
    ck_assert_int_eq(done(&x.f, &o.intents[0], NULL, NULL, &how), 1);
    ck_assert_str_eq(how, "pushed");
    ck_assert_str_eq(shadow(&x, "c-9"), "{\"email\":\"3\",\"phone\":\"2\"}");
    ck_assert_str_eq(owed(&x), "email hubspot>app \"2\"");
    ck_assert_int_eq(emit(&x.f, "p1", &rows), 1);
    ck_assert_int_eq(rows[0].n_folded, 0);
    check_balance(&x.f);
    fixture_close(&x.f);
}
END_TEST

START_TEST(joins_the_open_transaction)
{
    struct asked x;

    ask(&x);
    ck_assert_int_eq(store_begin(x.f.s, true, &x.f.err), 0);
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 1);
    store_abort(x.f.s);
    ck_assert_str_eq(sql_text(&x.f, "SELECT state FROM sync_conflicts"), "open");
    ck_assert_ptr_null(owed(&x));
    fixture_close(&x.f);
}
END_TEST

/* The parser lets no such text in: a program of ours must not, either. */
START_TEST(bytes_that_are_no_text_are_not_kept)
{
    struct asked x;
    struct store_resolution r;
    struct val *values;

    ask(&x);
    r = (struct store_resolution){.conflict_id = x.conflict, .by = "alice"};
    values = val_object(x.f.a);
    val_set(x.f.a, values, "app", val_string(x.f.a, "M\374ller"));
    r.values = values;
    ck_assert_int_eq(store_conflict_resolve(x.f.s, &r, x.f.now, &x.f.err), -1);
    ck_assert_str_eq(x.f.err.code, "bad-utf8");
    ck_assert_int_eq(x.f.err.scope, ERR_RECORD);
    ck_assert_str_eq(sql_text(&x.f, "SELECT state FROM sync_conflicts"), "open");
    ck_assert_ptr_null(owed(&x));
    fixture_close(&x.f);
}
END_TEST

START_TEST(a_value_that_nobody_can_read_is_decided_again)
{
    struct asked x;
    struct store_link l;

    ask(&x);
    ck_assert_int_eq(resolve(&x, NULL, "{\"app\":\"4\",\"hubspot\":\"4\"}"), 1);
    sql(&x.f, "UPDATE sync_owed SET value = CAST(x'22fc22' AS TEXT) WHERE target = 'app'");
    ck_assert_int_eq(store_load_link(x.f.s, x.f.a, x.link, &l, &x.f.err), -1);
    ck_assert(store_is_broken(&x.f.err));
    ck_assert_int_eq(x.f.err.scope, ERR_RECORD);
    ck_assert_str_eq(x.f.err.hint, "sync-ctl conflicts resolve 1 take SYSTEM mends it");
    ck_assert_uint_eq(l.n_ends, 2);
    ck_assert_ptr_null(l.owed[0].value);
    ck_assert_str_eq(val_text(l.owed[1].value), "4");
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 1);
    ck_assert_str_eq(owed(&x), "phone hubspot>app \"2\"");
    ck_assert_int_eq(resolve(&x, "hubspot", NULL), 0);
    fixture_close(&x.f);
}
END_TEST

UNIT_MAIN("store/conflict", lists_newest_first_and_only_open_ones,
          taken_value_is_owed_to_the_others, a_persons_value_is_owed_in_each_systems_words,
          shadow_keeps_its_other_fields_and_its_hash_fits, closing_alone_owes_nothing,
          what_is_not_open_is_not_resolved, refuses_what_is_not_shown,
          nothing_is_owed_to_a_tombstone, merge_has_no_value_to_take, ended_link_is_only_closed,
          decision_made_before_does_not_commit_on_top, open_write_is_settled_all_the_same,
          joins_the_open_transaction, bytes_that_are_no_text_are_not_kept,
          a_value_that_nobody_can_read_is_decided_again)
