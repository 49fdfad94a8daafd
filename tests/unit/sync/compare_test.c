#include <config.h>

#include "sync/compare.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* The comparing text of JSON TEXT at system I, ' for ". */
static const char *
text_at(struct fixture *f, size_t i, const char *text)
{
    const struct val *v = fixture_json(f, text);
    char *out = arena_text(f->a, compare_text(f->a, &f->sync, &f->fields[0], i, v));

    for (char *p = out; *p != '\0'; p++)
        if (*p == '"')
            *p = '\'';
    return out;
}

#define ck_text(f, value, want) ck_assert_str_eq(text_at(f, 0, value), want)

static bool
equal(struct fixture *f, const char *x, const char *y)
{
    bool one =
        compare_equal(f->a, &f->sync, &f->fields[0], 0, fixture_json(f, x), 1, fixture_json(f, y));

    ck_assert(one == compare_equal(f->a, &f->sync, &f->fields[0], 1, fixture_json(f, y), 0,
                                   fixture_json(f, x)));
    return one;
}

static struct fixture *
of_type(enum field_type type)
{
    struct fixture *f = fixture_new(2);

    fixture_field(f, "x", type, -1);
    return f;
}

START_TEST(text_is_exact)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_TEXT);

    ck_text(f, "'Bob '", "'Bob '");
    ck_text(f, "1.10", "1.1");
    ck_text(f, NULL, "null");
    ck_assert(!equal(f, "'Bob'", "'bob'"));
    ck_assert(!equal(f, "1", "'1'"));
    ck_assert(equal(f, "'\xf0\x9f\x98\x80'", "'\\ud83d\\ude00'"));
}
END_TEST

START_TEST(null_is_absent_and_neither_is_empty_nor_the_word)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_TEXT);

    ck_assert(equal(f, "null", NULL));
    ck_assert(!equal(f, "''", NULL));
    ck_assert(!equal(f, "'null'", NULL));
}
END_TEST

START_TEST(email_is_trimmed_and_lowered)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_EMAIL);

    ck_text(f, "' Bob@Example.COM '", "'bob@example.com'");
    ck_text(f, "5", "5");
}
END_TEST

START_TEST(phone_is_its_digits)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_PHONE);

    ck_text(f, "'+1 (555) 010'", "'1555010'");
    ck_text(f, "1555010", "'1555010'");
    ck_assert(equal(f, "'+1 (555) 010'", "'1555010'"));
    ck_assert(!equal(f, "'none'", "''"));
}
END_TEST

START_TEST(phone_letters_count)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_PHONE);

    ck_assert(!equal(f, "'1-800-FLOWERS'", "'1-800-CONTACTS'"));
    ck_assert(equal(f, "'1-800-FLOWERS'", "'1 800 flowers'"));
    ck_assert(!equal(f, "'1-800-FLOWERS'", "'1-800-FLOWERS ext. 5'"));
    ck_assert(!equal(f, "'1-800-FLOWERS'", "'1-800'"));
    ck_assert(!equal(f, "'5 \xd0\xb4\xd0\xbe\xd0\xb1'", "'5'"));
}
END_TEST

START_TEST(phone_marks_between_digits_do_not_count)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_PHONE);

    ck_assert(equal(f,
                    "'\xe2\x80\xaa+1\xc2\xa0(555)\xe2\x80\x91"
                    "7\xe2\x80\xac'",
                    "'+15557'"));
    ck_assert(equal(f,
                    "'5\xe3\x80\x80"
                    "5\xef\xbb\xbf'",
                    "'55'"));
}
END_TEST

START_TEST(phone_has_one_form_for_plus_and_00)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_PHONE);

    ck_assert(equal(f, "'+49 151 23'", "'0049 151 23'"));
    ck_assert(equal(f, "'(00)49 151 23'", "'4915123'"));
    ck_assert(!equal(f, "'049 151 23'", "'+49 151 23'"));
    ck_text(f, "'00'", "'00'");
    ck_text(f, "'0'", "'0'");
}
END_TEST

START_TEST(only_ascii_letters_have_a_case)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_EMAIL);

    ck_text(f, "'\xc3\x84.B@X.org'", "'\xc3\x84.b@x.org'");
    ck_assert(!equal(f, "'\xc3\x84@x.org'", "'\xc3\xa4@x.org'"));
}
END_TEST

START_TEST(a_time_without_zone_is_taken_as_utc)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_DATETIME);

    ck_assert(equal(f, "'2026-01-02 03:04:05'", "'2026-01-02T03:04:05Z'"));
    ck_assert(equal(f, "'2026-01-02T03:04'", "'2026-01-02T04:04:00+01:00'"));
    ck_assert(equal(f, "'2026-01-02'", "'2026-01-02T00:00:00Z'"));
    ck_assert(!equal(f, "'2026-01-02 04:04:05'", "'2026-01-02T03:04:05Z'"));
}
END_TEST

START_TEST(a_text_with_nul_is_no_time_and_no_shorter_set)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_DATETIME);

    ck_assert(!equal(f, "'2026-01-02T03:04:05Z\\u0000x'", "'2026-01-02T03:04:05Z'"));
    f->model_fields[0].type = FIELD_DATE;
    ck_assert(!equal(f, "'2026-01-02T00:00:00Z\\u0000x'", "'2026-01-02'"));
    f->model_fields[0].type = FIELD_SET;
    fixture_stores(f, 1, "x", STORES_TEXT, 0);
    ck_assert(!equal(f, "'a\\u0000;b'", "'a;b'"));
}
END_TEST

START_TEST(html_is_what_it_shows)
{
    static const char *const same[][2] = {
        {"'a & b < c'", "'a &amp; b &lt; c'"},
        {"'one two'", "'<p>one</p><p>two</p>'"},
        {"'one two'", "'one<br/>two'"},
        {"'onetwo'", "'<b>one</b><SPAN class=x>two</SPAN>'"},
        {"'one two'", "' one&nbsp;\\ntwo '"},
        {"'one two'", "'one\xc2\xa0two'"},
        {"'\\\"it\\u2019s\\\" \\u20ac'", "'&quot;it&#8217;s&quot; &euro;'"},
        {"'\xf0\x9f\x98\x80'", "'&#x1F600;'"},
        {"'x'", "'<!-- a > b -->x'"},
        {"''", "'<p></p>'"},
    };
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_TEXT);

    for (size_t k = 0; k < sizeof same / sizeof same[0]; k++)
        ck_assert_msg(!equal(f, same[k][0], same[k][1]), "%zu", k);
    fixture_stores(f, 1, "x", STORES_HTML, 0);
    for (size_t k = 0; k < sizeof same / sizeof same[0]; k++)
        ck_assert_msg(equal(f, same[k][0], same[k][1]), "%s", text_at(f, 1, same[k][1]));
    ck_assert(!equal(f, "'AT&T;'", "'AT'"));
    ck_assert(!equal(f, "'1 < 2 > 0'", "'1  0'"));
}
END_TEST

/* Each layer ends in the next one's semicolon: neither the time nor the stack may grow with it. */
START_TEST(html_nested_a_hundred_thousand_times_is_read_once)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_TEXT);
    CLEANUP_BUF struct buf deep = BUF_INIT;

    fixture_stores(f, 0, "x", STORES_HTML, 0);
    for (int k = 0; k < 100000; k++)
        buf_text(&deep, "&#59");
    buf_char(&deep, ';');
    ck_assert_str_eq(
        compare_text(f->a, &f->sync, &f->fields[0], 0, val_nstring(f->a, buf_get(&deep), deep.len)),
        "\";\"");
}
END_TEST

START_TEST(number_is_its_value_also_in_text)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_NUMBER);

    ck_assert(equal(f, "'42'", "42"));
    ck_assert(equal(f, "42.0", "42"));
    ck_assert(equal(f, "1.10", "'1.1'"));
    ck_assert(equal(f, "1e2", "100"));
    ck_assert(!equal(f, "0.1", "0.10000000000000002"));
    ck_assert(!equal(f, "9007199254740993", "9007199254740992"));
    ck_assert(equal(f, "9007199254740993", "'9007199254740993'"));
    ck_text(f, "'many'", "'many'");
    ck_text(f, "''", "''");
}
END_TEST

START_TEST(bool_has_four_forms_each)
{
    static const char *const yes[] = {"true", "'true'", "1", "'1'", "1.0"};
    static const char *const no[] = {"false", "'false'", "0", "'0'"};
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_BOOL);

    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
        ck_text(f, yes[i], "true");
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
        ck_text(f, no[i], "false");
    ck_text(f, "'yes'", "'yes'");
    ck_text(f, "2", "2");
}
END_TEST

START_TEST(date_is_also_a_datetime_at_midnight)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_DATE);

    ck_text(f, "'2026-01-02'", "'2026-01-02'");
    ck_text(f, "'2026-01-02T00:00:00Z'", "'2026-01-02'");
    ck_text(f, "'2026-01-02T00:00:00.000+02:00'", "'2026-01-02'");
    ck_text(f, "'2026-01-02T00:00:01Z'", "'2026-01-02T00:00:01Z'");
    ck_text(f, "'2026-01-02T00:00:00.5Z'", "'2026-01-02T00:00:00.5Z'");
    ck_text(f, "'tomorrow'", "'tomorrow'");
}
END_TEST

START_TEST(datetime_is_a_moment_cut_to_its_precision)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_DATETIME);

    ck_text(f, "'2026-01-02T03:04:05.678Z'", "'2026-01-02T03:04:05.000Z'");
    ck_text(f, "'2026-01-02T05:04:05+02:00'", "'2026-01-02T03:04:05.000Z'");
    ck_text(f, "'1969-12-31T23:59:59.500Z'", "'1969-12-31T23:59:59.000Z'");
    ck_text(f, "1767322800", "1767322800");
    f->model_fields[0].precision_ms = 60000;
    ck_text(f, "'2026-01-02T03:04:05Z'", "'2026-01-02T03:04:00.000Z'");
}
END_TEST

START_TEST(set_has_no_order_and_no_doubles)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_SET);

    ck_text(f, "['b','a',null,'b']", "['a','b']");
    ck_text(f, "'a;b'", "'a;b'");
    ck_assert(!equal(f, "[]", "null"));
    ck_assert(!equal(f, "['a;b']", "['a','b']"));
    fixture_stores(f, 1, "x", STORES_TEXT, 0);
    ck_assert(equal(f, "['b','a']", "'a;b'"));
    ck_assert(equal(f, "[2,1]", "';1;2'"));
    ck_assert(equal(f, "['a;b']", "['b','a']"));
    ck_assert(equal(f, "''", "[]"));
}
END_TEST

START_TEST(ref_is_id_text)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_REF);

    ck_assert(equal(f, "42", "'42'"));
    ck_assert(equal(f, "9223372036854775807", "'9223372036854775807'"));
}
END_TEST

START_TEST(what_one_system_stores_counts_for_both)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_TEXT);

    fixture_stores(f, 1, "x", STORES_TRIM, 0);
    ck_assert(equal(f, "'Bob '", "'Bob'"));
    ck_assert(!compare_same(f->a, &f->sync, &f->fields[0], 0, fixture_json(f, "'Bob '"),
                            fixture_json(f, "'Bob'")));
    ck_assert(compare_same(f->a, &f->sync, &f->fields[0], 1, fixture_json(f, "'Bob '"),
                           fixture_json(f, "'Bob'")));
    fixture_stores(f, 0, "x", STORES_LOWER, 0);
    ck_assert(equal(f, "'bob '", "'Bob'"));
}
END_TEST

START_TEST(each_stores_rule_is_what_it_says)
{
    static const struct {
        enum stores_rule rule;
        long n;
        enum field_type type;
        const char *sent, *shown;
    } cases[] = {
        {STORES_TRIM, 0, FIELD_TEXT, "' \\tx y\\n'", "'x y'"},
        {STORES_LOWER, 0, FIELD_TEXT, "'XyZ'", "'xyz'"},
        {STORES_DIGITS, 0, FIELD_TEXT, "'a1-2'", "'12'"},
        {STORES_EMPTY_NULL, 0, FIELD_TEXT, "''", "null"},
        {STORES_EMPTY_NULL, 0, FIELD_SET, "[]", "null"},
        {STORES_TEXT, 0, FIELD_TEXT, "1.0", "'1'"},
        {STORES_TEXT, 0, FIELD_TEXT, "true", "'true'"},
        {STORES_BOOL_INT, 0, FIELD_TEXT, "true", "1"},
        {STORES_SECONDS, 0, FIELD_DATETIME, "'2026-01-02T03:04:05.9Z'", "'2026-01-02T03:04:05Z'"},
        {STORES_MINUTES, 0, FIELD_DATETIME, "'2026-01-02T03:04:59Z'", "'2026-01-02T03:04:00Z'"},
        {STORES_MINUTES, 0, FIELD_DATETIME, "'1969-12-31T23:59:30Z'", "'1969-12-31T23:59:00Z'"},
        {STORES_TRUNCATE, 2, FIELD_TEXT, "'\xc3\xa4\xc3\xb6\xc3\xbc'", "'\xc3\xa4\xc3\xb6'"},
        {STORES_COLLAPSE, 0, FIELD_TEXT, "' x \\t\\n y '", "'x y'"},
        {STORES_HTML, 0, FIELD_TEXT, "'<i>x</i> &lt; y'", "'x < y'"},
        {STORES_COLLAPSE, 0, FIELD_SET, "[' a  b']", "['a b']"},
        {STORES_LOWER, 0, FIELD_SET, "['B','a']", "['a','b']"},
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        CLEANUP_FIXTURE struct fixture *f = of_type(cases[k].type);

        f->model_fields[0].precision_ms = 1;
        ck_assert_msg(!equal(f, cases[k].sent, cases[k].shown), "%zu", k);
        fixture_stores(f, 1, "x", cases[k].rule, cases[k].n);
        ck_assert_msg(equal(f, cases[k].sent, cases[k].shown), "%zu", k);
    }
}
END_TEST

START_TEST(the_order_of_rules_does_not_tear_what_is_one)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_TEXT);

    fixture_stores(f, 1, "x", STORES_EMPTY_NULL, 0);
    fixture_stores(f, 1, "x", STORES_TRIM, 0);
    fixture_stores(f, 1, "x", STORES_TRUNCATE, 3);
    ck_assert(equal(f, "'  '", "null"));
    ck_assert(equal(f, "'ab cd'", "'ab '"));
}
END_TEST

START_TEST(a_table_compares_by_the_unified_word)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_ENUM);

    fixture_table(f, "x", UNMAPPED_REJECT, "a lead=new a other=won a customer=won b 1=new b 2=won");
    ck_text(f, "'other'", "'won'");
    ck_assert(equal(f, "'customer'", "2"));
    ck_assert(!equal(f, "'lead'", "2"));
    ck_text(f, "'won'", "{'unmapped':'won'}");
    ck_assert(!equal(f, "'new'", "1"));
    ck_assert(equal(f, "null", NULL));
    ck_assert(!equal(f, "null", "1"));
}
END_TEST

START_TEST(a_word_is_also_known_as_its_system_stores_it)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_ENUM);

    fixture_table(f, "x", UNMAPPED_REJECT, "a lead=new b NEW=new");
    ck_text(f, "' LEAD'", "{'unmapped':' LEAD'}");
    fixture_stores(f, 0, "x", STORES_LOWER, 0);
    fixture_stores(f, 0, "x", STORES_TRIM, 0);
    fixture_stores(f, 0, "x", STORES_EMPTY_NULL, 0);
    ck_text(f, "' LEAD'", "'new'");
    ck_text(f, "''", "null");
}
END_TEST

START_TEST(a_row_is_also_known_by_its_word_as_stored)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_ENUM);

    fixture_table(f, "x", UNMAPPED_PASS, "a Lead=new a Won=won b NEW=new b WON=won");
    fixture_stores(f, 0, "x", STORES_LOWER, 0);
    ck_text(f, "'lead'", "'new'");
    ck_text(f, "'odd'", "'odd'");
    ck_assert(equal(f, "'won'", "'WON'"));
}
END_TEST

START_TEST(numbers_are_cut_by_what_stores_text)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_NUMBER);

    fixture_stores(f, 1, "x", STORES_TRUNCATE, 3);
    fixture_stores(f, 1, "x", STORES_TEXT, 0);
    ck_assert(equal(f, "12345", "'123'"));
}
END_TEST

START_TEST(empty_is_absent_null_blank_or_without_members)
{
    CLEANUP_FIXTURE struct fixture *f = of_type(FIELD_TEXT);

    ck_assert(compare_empty(NULL));
    ck_assert(compare_empty(fixture_json(f, "null")));
    ck_assert(compare_empty(fixture_json(f, "''")));
    ck_assert(compare_empty(fixture_json(f, "' \\t'")));
    ck_assert(compare_empty(fixture_json(f, "[]")));
    ck_assert(!compare_empty(fixture_json(f, "0")));
    ck_assert(!compare_empty(fixture_json(f, "false")));
    ck_assert(!compare_empty(fixture_json(f, "'x'")));
}
END_TEST

UNIT_MAIN("sync/compare", text_is_exact, null_is_absent_and_neither_is_empty_nor_the_word,
          email_is_trimmed_and_lowered, phone_is_its_digits, phone_letters_count,
          phone_marks_between_digits_do_not_count, phone_has_one_form_for_plus_and_00,
          only_ascii_letters_have_a_case, a_time_without_zone_is_taken_as_utc,
          a_text_with_nul_is_no_time_and_no_shorter_set, html_is_what_it_shows,
          html_nested_a_hundred_thousand_times_is_read_once, number_is_its_value_also_in_text,
          bool_has_four_forms_each, date_is_also_a_datetime_at_midnight,
          datetime_is_a_moment_cut_to_its_precision, set_has_no_order_and_no_doubles,
          ref_is_id_text, what_one_system_stores_counts_for_both, each_stores_rule_is_what_it_says,
          the_order_of_rules_does_not_tear_what_is_one, a_table_compares_by_the_unified_word,
          a_word_is_also_known_as_its_system_stores_it, a_row_is_also_known_by_its_word_as_stored,
          numbers_are_cut_by_what_stores_text, empty_is_absent_null_blank_or_without_members)
