#include <config.h>

#include <inttypes.h>

#include "fixture.h"

#define MAPPING(phone, notes)                                                                      \
    "{\"first_contact\":\"1\",\"systems\":{\"app\":{\"notes\":\"" notes "\",\"phone\":\"" phone    \
    "\"},\"hubspot\":{\"notes\":\"n\",\"phone\":\"p\"}}}"

static void
keep(struct fixture *f, const char *hash, const char *mapping)
{
    ck_assert_msg(store_keep_mapping(f->s, hash, mapping, &f->err) == 0, "%s", f->err.text);
}

START_TEST(a_mapping_is_kept_once)
{
    const struct val *v;
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_mapping(f.s, f.a, "m1", &v, &f.err), 0);
    ck_assert_ptr_null(v);
    keep(&f, "m1", MAPPING("p", "n"));
    keep(&f, "m1", MAPPING("other", "n"));
    ck_assert_int_eq(store_mapping(f.s, f.a, "m1", &v, &f.err), 1);
    ck_assert_str_eq(val_canon_text(f.a, v), MAPPING("p", "n"));
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_maps"), 1);
    fixture_close(&f);
}
END_TEST

/* It came after the first states of this version. */
START_TEST(a_state_without_the_table_gets_one)
{
    const struct val *v;
    struct fixture f;

    fixture_open(&f);
    sql(&f, "DROP TABLE sync_maps");
    ck_assert_int_eq(store_mapping(f.s, f.a, "m1", &v, &f.err), 0); /* nobody said it */
    keep(&f, "m1", MAPPING("p", "n"));
    ck_assert_int_eq(store_mapping(f.s, f.a, "m1", &v, &f.err), 1);
    sql(&f, "DROP TABLE sync_maps");
    store_close(f.s);
    f.s = store_open(f.path, STORE_READ, &f.err);
    ck_assert_msg(f.s != NULL, "%s", f.err.text);
    ck_assert_int_eq(store_mapping(f.s, f.a, "m1", &v, &f.err), 0);
    store_close(f.s);
    f.s = fixture_again(&f);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_maps"), 0);
    fixture_close(&f);
}
END_TEST

/* The link's hubspot end shows phone 2, under the mapping m2; notes is left open. */
static void
decide_under(struct fixture *f, const char *hash)
{
    int64_t link = make_pair(f, "101", "c-9");
    struct store_emission e;
    struct outcome o;

    hold(f, "p1");
    sql(f, "UPDATE sync_metadata SET fields = '{\"notes\":\"n\",\"phone\":\"1\",\"gone\":\"g\"}'");
    admit(f, "hubspot", "101", "e2", NULL);
    e = emit_one(f, "p1");
    o = decide_members(
        f, "hubspot", "101", e.seq, "p1", e.fence,
        arena_printf(f->a,
                     "\"link\":%" PRId64 ",\"generation\":1,\"ends\":[{\"system\":"
                     "\"hubspot\",\"account\":\"62515\",\"record_id\":\"101\","
                     "\"covered\":{\"phone\":\"2\"}}],\"rules\":{},"
                     "\"writes\":[],\"disposition\":\"unchanged\",\"map_hash\":\"%s\"",
                     link, hash),
        NULL);
    ck_assert_msg(o.rc == STORE_COMMITTED, "%d %s", o.rc, f->err.text);
}

static const char *
shadow(struct fixture *f)
{
    return sql_text(f, "SELECT fields || map_hash FROM sync_metadata WHERE record_id = '101'");
}

START_TEST(a_shadow_keeps_what_is_mapped_as_before)
{
    struct fixture f;

    fixture_open(&f);
    keep(&f, "m1", MAPPING("p", "n"));
    keep(&f, "m2", MAPPING("other", "n")); /* phone, at the other end */
    decide_under(&f, "m2");
    ck_assert_str_eq(shadow(&f), "{\"notes\":\"n\",\"phone\":\"2\"}m2");
    fixture_close(&f);
}
END_TEST

START_TEST(a_shadow_loses_what_is_mapped_otherwise)
{
    struct fixture f;

    fixture_open(&f);
    keep(&f, "m1", MAPPING("p", "n"));
    keep(&f, "m2", MAPPING("p", "other"));
    decide_under(&f, "m2");
    ck_assert_str_eq(shadow(&f), "{\"phone\":\"2\"}m2");
    fixture_close(&f);
}
END_TEST

START_TEST(a_shadow_loses_all_if_nobody_knows_what_it_was)
{
    struct fixture f;

    fixture_open(&f);
    keep(&f, "m2", MAPPING("p", "n"));
    decide_under(&f, "m2");
    ck_assert_str_eq(shadow(&f), "{\"phone\":\"2\"}m2");
    fixture_close(&f);
}
END_TEST

/* An answer to a write that was decided under the old one. */
START_TEST(an_answer_keeps_what_is_mapped_as_before)
{
    struct store_settlement x = {
        .http_status = 200, .owner = "w1", .kind = SETTLE_DONE, .map_hash = "m2"};
    const char *disposition;
    struct store_emission e;
    struct fixture f;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    keep(&f, "m1", MAPPING("p", "n"));
    keep(&f, "m2",
         "{\"first_contact\":\"1\",\"systems\":{\"app\":{\"notes\":\"n\",\"phone\":\"p\","
         "\"name\":\"other\"},\"hubspot\":{}}}");
    link = make_pair(&f, "101", "c-9");
    hold(&f, "p1");
    hold(&f, "w1");
    admit(&f, "hubspot", "101", "e2", NULL);
    e = emit_one(&f, "p1");
    o = decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                       phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(o.n, 1);
    sql(&f, "UPDATE sync_metadata SET fields = '{\"name\":\"x\",\"notes\":\"n\",\"phone\":\"1\"}'");
    x.token = o.intents[0].token;
    ck_assert_int_eq(store_sent(f.s, &x.token, 1, "w1", f.now, &f.err), 0);
    x.stored = val_parse(f.a, "{\"phone\":\"2\"}", 13, NULL);
    ck_assert_int_eq(store_settle(f.s, &x, f.now, &disposition, &f.err), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT fields || map_hash FROM sync_metadata WHERE record_id ="
                                  " 'c-9'"),
                     "{\"notes\":\"n\",\"phone\":\"2\"}m2");
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/mapping", a_mapping_is_kept_once, a_state_without_the_table_gets_one,
          a_shadow_keeps_what_is_mapped_as_before, a_shadow_loses_what_is_mapped_otherwise,
          a_shadow_loses_all_if_nobody_knows_what_it_was, an_answer_keeps_what_is_mapped_as_before)
