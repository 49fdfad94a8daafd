#include <config.h>

#include "sync/match.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

static struct fixture *
by_email_and_phone(void)
{
    struct fixture *f = fixture_new(3);

    fixture_field(f, "email", FIELD_EMAIL, -1);
    fixture_field(f, "phone", FIELD_PHONE, -1);
    fixture_field(f, "code", FIELD_TEXT, -1);
    fixture_match(f, "email");
    fixture_match(f, "phone");
    return f;
}

static struct match_keys
keys(struct fixture *f, size_t i, const char *fields)
{
    struct match_keys out;

    match_keys(f->a, &f->sync, i, fixture_json(f, fields), &out);
    return out;
}

static bool
confirms(struct fixture *f, const char *x, const char *y)
{
    return match_confirms(f->a, &f->sync, 0, fixture_json(f, x), 1, fixture_json(f, y));
}

START_TEST(equal_records_share_a_key)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();
    struct match_keys x = keys(f, 0, "{'email':'Bob@X.org','phone':'+1 2'}");
    struct match_keys y = keys(f, 1, "{'email':' bob@x.org','phone':'3'}");

    ck_assert_uint_eq(x.n, 2);
    ck_assert_uint_eq(strlen(x.hashes[0]), 64);
    ck_assert_str_eq(x.fields[1], "phone");
    ck_assert_str_eq(x.hashes[0], y.hashes[0]);
    ck_assert_str_ne(x.hashes[1], y.hashes[1]);
}
END_TEST

START_TEST(the_same_text_in_two_fields_is_two_keys)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();
    struct match_keys x = keys(f, 0, "{'email':'12','phone':'12'}");

    ck_assert_str_ne(x.hashes[0], x.hashes[1]);
}
END_TEST

START_TEST(empty_values_have_no_key)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();

    ck_assert_uint_eq(keys(f, 0, "{'email':'  ','phone':null}").n, 0);
    ck_assert_uint_eq(keys(f, 0, "{}").n, 0);
    fixture_stores(f, 1, "email", STORES_DIGITS, 0);
    ck_assert_uint_eq(keys(f, 0, "{'email':'bob'}").n, 0);
}
END_TEST

START_TEST(a_key_is_one_for_systems_that_store_differently)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();

    f->sync.n_match = 0;
    fixture_match(f, "code");
    fixture_stores(f, 1, "code", STORES_LOWER, 0);
    fixture_stores(f, 2, "code", STORES_TRIM, 0);
    ck_assert_str_eq(keys(f, 0, "{'code':'Ab '}").hashes[0],
                     keys(f, 1, "{'code':'ab '}").hashes[0]);
    ck_assert_str_eq(keys(f, 0, "{'code':'Ab '}").hashes[0], keys(f, 2, "{'code':'Ab'}").hashes[0]);
}
END_TEST

START_TEST(the_first_key_that_both_have_confirms)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();

    ck_assert(confirms(f, "{'email':'a@x','phone':'1'}", "{'email':'A@x','phone':'2'}"));
    ck_assert(!confirms(f, "{'email':'a@x','phone':'1'}", "{'email':'b@x','phone':'1'}"));
    ck_assert(confirms(f, "{'email':'','phone':'1'}", "{'email':'b@x','phone':'1'}"));
    ck_assert(!confirms(f, "{'email':''}", "{'email':''}"));
}
END_TEST

START_TEST(a_match_field_need_not_be_synced)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();
    const char *hash = keys(f, 0, "{'phone':'12'}").hashes[0];

    f->sync.n_fields = 1;
    ck_assert_str_eq(keys(f, 0, "{'phone':'+12'}").hashes[0], hash);
}
END_TEST

START_TEST(words_match_by_their_meaning_and_unknown_ones_do_not)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();

    f->sync.n_match = 0;
    fixture_match(f, "code");
    fixture_table(f, "code", UNMAPPED_SKIP, "a one=1 a eins=1 b I=1");
    ck_assert_str_eq(keys(f, 0, "{'code':'eins'}").hashes[0], keys(f, 1, "{'code':'I'}").hashes[0]);
    ck_assert(confirms(f, "{'code':'eins'}", "{'code':'I'}"));
    ck_assert_uint_eq(keys(f, 0, "{'code':'odd'}").n, 0);
    ck_assert(!confirms(f, "{'code':'odd'}", "{'code':'odd'}"));
}
END_TEST

START_TEST(what_one_system_keeps_as_html_or_with_00_has_the_same_key)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();

    ck_assert_str_eq(keys(f, 0, "{'phone':'+49 151 23'}").hashes[0],
                     keys(f, 1, "{'phone':'0049 151 23'}").hashes[0]);
    f->sync.n_match = 0;
    fixture_match(f, "code");
    fixture_stores(f, 1, "code", STORES_HTML, 0);
    ck_assert_str_eq(keys(f, 0, "{'code':'A & B'}").hashes[0],
                     keys(f, 1, "{'code':'<p>A &amp; B</p>'}").hashes[0]);
    ck_assert_uint_eq(keys(f, 1, "{'code':'<p> </p>'}").n, 0);
}
END_TEST

START_TEST(external_ids_are_fixed_and_distinct)
{
    CLEANUP_FIXTURE struct fixture *f = by_email_and_phone();
    const char *id = match_external_id(f->a, "d", "r", "s", "a", "1");

    ck_assert_str_eq(id, match_external_id(f->a, "d", "r", "s", "a", "1"));
    ck_assert_uint_eq(strlen(id), 35);
    ck_assert_str_ne(id, match_external_id(f->a, "d", "r", "s", "a1", ""));
    ck_assert_str_ne(id, match_external_id(f->a, "e", "r", "s", "a", "1"));
}
END_TEST

UNIT_MAIN("sync/match", equal_records_share_a_key, the_same_text_in_two_fields_is_two_keys,
          empty_values_have_no_key, a_key_is_one_for_systems_that_store_differently,
          the_first_key_that_both_have_confirms, a_match_field_need_not_be_synced,
          words_match_by_their_meaning_and_unknown_ones_do_not,
          what_one_system_keeps_as_html_or_with_00_has_the_same_key,
          external_ids_are_fixed_and_distinct)
