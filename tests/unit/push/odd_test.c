#include <config.h>

#include "fixture.h"

/* What is odd about FIELDS as the answer to SENT. */
static const char *
odd(struct bench *b, struct write *w, const char *sent, const char *fields)
{
    const struct provider_record r = {.id = "9", .fields = fixture_json(b->f, fields)};
    const struct val *v;

    w->intent.fields = fixture_json(b->f, sent);
    v = odd_fields(w, &r);
    return v == NULL ? "" : val_write_text(b->f->a, v);
}

START_TEST(what_is_stored_as_sent_is_not_odd)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    ck_assert_str_eq(odd(b, w, "{'phone':'5','name':null}", "{'phone':'5','name':null}"), "");
    ck_assert_str_eq(odd(b, w, "{'phone':'5'}", "{'phone':'5','name':'theirs'}"), "");
    ck_assert_str_eq(odd(b, w, "{'name':null}", "{'phone':'5'}"), "");
}
END_TEST

START_TEST(each_field_that_differs_is_kept_with_both_values)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    ck_assert_str_eq(odd(b, w, "{'phone':'a b','name':'Ann'}", "{'phone':'ab','name':'Ann'}"),
                     "{\"phone\":{\"sent\":\"a b\",\"stored\":\"ab\"}}");
    ck_assert_str_eq(odd(b, w, "{'phone':'5','name':'Ann'}", "{'phone':5,'name':'ANN'}"),
                     "{\"phone\":{\"sent\":\"5\",\"stored\":5},"
                     "\"name\":{\"sent\":\"Ann\",\"stored\":\"ANN\"}}");
}
END_TEST

START_TEST(what_is_not_stored_at_all_is_odd)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    ck_assert_str_eq(odd(b, w, "{'phone':'5'}", "{'phone':null}"),
                     "{\"phone\":{\"sent\":\"5\",\"stored\":null}}");
    ck_assert_str_eq(odd(b, w, "{'phone':'5'}", "{}"),
                     "{\"phone\":{\"sent\":\"5\",\"stored\":null}}");
}
END_TEST

START_TEST(what_the_definition_says_is_not_odd)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    fixture_stores(b->f, 1, "phone", STORES_DIGITS, 0);
    ck_assert_str_eq(odd(b, w, "{'phone':'+5 5'}", "{'phone':'55'}"), "");
    ck_assert_str_ne(odd(b, w, "{'phone':'+5 5'}", "{'phone':'56'}"), "");
    fixture_stores(b->f, 0, "name", STORES_LOWER, 0); /* of the other system */
    ck_assert_str_ne(odd(b, w, "{'name':'Ann'}", "{'name':'ann'}"), "");
}
END_TEST

START_TEST(references_and_unknown_fields_are_left_out)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    fixture_field(b->f, "boss", FIELD_REF, -1)->ref = "crm/contacts";
    ck_assert_str_eq(odd(b, w, "{'boss':'7','nickname':'x'}", "{'boss':'8'}"), "");
    fixture_field(b->f, "chief", FIELD_TEXT, -1);
    ck_assert_str_ne(odd(b, w, "{'chief':'7'}", "{'chief':'8'}"), "");
}
END_TEST

UNIT_MAIN("push/odd", what_is_stored_as_sent_is_not_odd,
          each_field_that_differs_is_kept_with_both_values, what_is_not_stored_at_all_is_odd,
          what_the_definition_says_is_not_odd, references_and_unknown_fields_are_left_out)
