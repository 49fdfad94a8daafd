#include <config.h>

#include "../unit.h"
#include "base/mem.h"
#include "json/val.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *a;

static void
setup(void)
{
    if (a == NULL)
        a = arena_new();
}

/* TEXT parsed and written again, NULL if it is refused. */
static const char *
again(const char *text)
{
    struct err err = ERR_INIT;
    struct val *v;

    setup();
    v = val_parse(a, text, strlen(text), &err);
    if (v == NULL) {
        ck_assert_str_eq(err.code, "bad-json");
        ck_assert_int_eq(err.scope, ERR_RECORD);
        return NULL;
    }
    return val_write_text(a, v);
}

static struct val *
parse(const char *text)
{
    struct err err = ERR_INIT;
    struct val *v;

    setup();
    v = val_parse(a, text, strlen(text), &err);
    ck_assert_msg(v != NULL, "%s: %s", text, err.text);
    return v;
}

static void
refused(const char *text, const char *why)
{
    struct err err = ERR_INIT;

    setup();
    ck_assert_msg(val_parse(a, text, strlen(text), &err) == NULL, "%s was taken", text);
    ck_assert_str_eq(err.code, "bad-json");
    ck_assert_msg(strcmp(err.text, why) == 0, "%s: %s, not %s", text, err.text, why);
}

START_TEST(numbers_leave_as_they_came)
{
    static const char *const texts[] = {
        "0",     "-0",   "1.10", "0.1", "1e400", "18446744073709551615", "9007199254740993",
        "-1E+5", "0e-0", "1.0"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_str_eq(again(texts[i]), texts[i]);
}
END_TEST

START_TEST(refuses_bad_numbers)
{
    static const char *const texts[] = {"01",  "-",    "+1",  "1.",  ".5",        "1e", "1e+",
                                        "--1", "1.e5", "0x1", "NaN", "-Infinity", "00", "-01"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(again(texts[i]) == NULL, "%s was taken", texts[i]);
}
END_TEST

START_TEST(names_the_bad_byte)
{
    refused("", "no JSON value at byte 1");
    refused("  ", "no JSON value at byte 3");
    refused("[1,]", "no JSON value at byte 4");
    refused("{\"a\":1,}", "no member name at byte 8");
    refused("{\"a\" 1}", "no colon after a member name at byte 6");
    refused("{\"a\":1 \"b\":2}", "no comma or } after a member at byte 8");
    refused("[1 2]", "no comma or ] after an item at byte 4");
    refused("[1}", "no comma or ] after an item at byte 3");
    refused("{\"a\":1", "unfinished JSON at byte 7");
    refused("[", "unfinished JSON at byte 2");
    refused("{", "unfinished JSON at byte 2");
    refused("1 2", "text after the JSON value at byte 3");
    refused("nul", "no JSON value at byte 1");
    refused("truex", "text after the JSON value at byte 5");
    refused("\"abc", "string without end at byte 1");
    refused("\"a\tb\"", "control character in a string at byte 3");
    refused("\"a\\x\"", "unknown escape at byte 3");
    refused("\"\\u12g4\"", "bad \\u escape at byte 2");
    refused("{\"a\":1,\"a\":2}", "duplicate member at byte 8");
    refused("{\"a\\u0000\":1}", "U+0000 in a member name at byte 2");
}
END_TEST

START_TEST(refuses_bad_utf8)
{
    static const char *const bodies[] = {"\x80",
                                         "\xbf",
                                         "\xc0\x80",
                                         "\xc1\xbf",
                                         "\xc3",
                                         "\xc3(",
                                         "\xe0\x80\x80",
                                         "\xe0\x9f\xbf",
                                         "\xed\xa0\x80",
                                         "\xed\xbf\xbf",
                                         "\xe2\x82",
                                         "\xe2(\xa1",
                                         "\xf0\x8f\xbf\xbf",
                                         "\xf4\x90\x80\x80",
                                         "\xf5\x80\x80\x80",
                                         "\xf0\x9f\x98",
                                         "\xff",
                                         "\xfe"};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (int before = 0; before < 10; before++) {
            char text[40];

            snprintf(text, sizeof text, "\"%.*s%s\"", before, "abcdefghij", bodies[i]);
            ck_assert_msg(again(text) == NULL, "case %zu was taken", i);
        }
}
END_TEST

START_TEST(takes_all_good_utf8)
{
    static const char *const texts[] = {
        "\"\x7f\"",
        "\"\xc2\x80\"",
        "\"\xdf\xbf\"",
        "\"\xe0\xa0\x80\"",
        "\"\xed\x9f\xbf\"",
        "\"\xee\x80\x80\"",
        "\"\xef\xbf\xbf\"",
        "\"\xf0\x90\x80\x80\"",
        "\"\xf4\x8f\xbf\xbf\"",
        "\"12345678\xf0\x9f\x98\x80\x31\x32\x33\x34\x35\x36\x37\x38\""};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_str_eq(again(texts[i]), texts[i]);
}
END_TEST

START_TEST(a_multibyte_character_must_end_inside_the_string)
{
    static const char text[] = "\"\xe2\x82\xac\"";

    setup();
    for (size_t len = 0; len + 1 < sizeof text; len++) {
        /* exactly as many bytes as there are, so that ASan sees a read behind them */
        CLEANUP_FREE char *exact = mem_resize(NULL, len, 1);

        memcpy(exact, text, len);
        ck_assert_ptr_null(val_parse(a, exact, len, NULL) != NULL ? (void *)exact : NULL);
    }
    ck_assert_str_eq(again(text), text);
}
END_TEST

START_TEST(decodes_escapes)
{
    ck_assert_str_eq(val_text(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")), "\"\\/\b\f\n\r\t");
    ck_assert_str_eq(val_text(parse("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00\\uFFFF\"")),
                     "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf");
    ck_assert_str_eq(again("\"\\u0001\\u001f\\n\\/\\u007f\""), "\"\\u0001\\u001f\\n/\x7f\"");
}
END_TEST

START_TEST(refuses_lone_surrogates)
{
    static const char *const texts[] = {"\"\\ud800\"",
                                        "\"\\udc00\"",
                                        "\"\\ud800x\"",
                                        "\"\\ud800\\u0041\"",
                                        "\"\\udfff\\ud800\"",
                                        "\"\\uDBFF\\n\"",
                                        "\"\\ud83d\\ud83d\\ude00\"",
                                        "\"\\ud800\\udc0\""};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(again(texts[i]) == NULL, "%s was taken", texts[i]);
}
END_TEST

START_TEST(strings_may_hold_nul_but_ids_may_not)
{
    struct val *v = parse("\"a\\u0000b\"");

    ck_assert_uint_eq(v->n, 3);
    ck_assert(memcmp(v->u.text, "a\0b", 4) == 0);
    ck_assert_ptr_null(val_id(v));
    ck_assert_str_eq(val_write_text(a, v), "\"a\\u0000b\"");
    ck_assert(!val_equal(v, parse("\"a\"")));
}
END_TEST

/* OPEN as often as DEPTH, then CLOSE as often. */
static char *
nested(const char *open, const char *inside, const char *close, int depth)
{
    struct buf b = BUF_INIT;

    for (int i = 0; i < depth; i++)
        buf_text(&b, open);
    buf_text(&b, inside);
    for (int i = 0; i < depth; i++)
        buf_text(&b, close);
    return buf_take(&b);
}

START_TEST(nests_512_deep_and_no_deeper)
{
    CLEANUP_FREE char *arrays = nested("[", "", "]", 512);
    CLEANUP_FREE char *deeper = nested("[", "", "]", 513);
    CLEANUP_FREE char *objects = nested("{\"a\":", "1", "}", 512);
    CLEANUP_FREE char *mixed = nested("[{\"a\":", "[]", "}]", 256);
    CLEANUP_FREE char *endless = nested("[", "", "", 1000000);

    ck_assert_str_eq(again(arrays), arrays);
    ck_assert_str_eq(again(objects), objects);
    refused(deeper, "nested too deep at byte 513");
    refused(mixed, "nested too deep at byte 1537");
    refused(endless, "nested too deep at byte 513");
}
END_TEST

START_TEST(refuses_duplicates_however_spelled)
{
    static const char *const texts[] = {
        "{\"a\":1,\"\\u0061\":2}",
        "{\"\\u0061\":1,\"a\":2}",
        "{\"\":1,\"\":2}",
        "{\"x\":{\"b\":1,\"c\":2,\"b\":3}}",
        "[{\"b\":1,\"b\":1}]",
        "{\"longer than eight\":1,\"longer\\u0020than eight\":2}",
        "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
        "{\"a\\/b\":1,\"a/b\":2}",
        ("{\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00x\":1,"
         "\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80x\":2}")};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(again(texts[i]) == NULL, "%s was taken", texts[i]);
}
END_TEST

START_TEST(same_names_in_different_objects_are_fine)
{
    ck_assert_ptr_nonnull(again("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":{\"a\":3}}"));
    ck_assert_ptr_nonnull(again("{\"12345678\":1,\"123456789\":2,\"12345678\\u0039a\":3}"));
    ck_assert_ptr_nonnull(again("{\"ab\":1,\"a\":2,\"\":3,\"A\":4}"));
}
END_TEST

/* An object of N members; DUPLICATE, if not 0, is spelled with an escape and stands there twice. */
static char *
large_object(int n, int duplicate)
{
    struct buf b = BUF_INIT;

    buf_text(&b, "{\"nested\":{");
    for (int i = 1; i <= n; i++)
        buf_printf(&b, "%s\"member number %d\":%d", i == 1 ? "" : ",", i, i);
    if (duplicate != 0)
        buf_printf(&b, ",\"member\\u0020number %d\":0", duplicate);
    buf_text(&b, "},\"nesting\":{\"a\":1}}");
    return buf_take(&b);
}

START_TEST(large_objects_are_checked_too)
{
    static const int sizes[] = {10, 63, 64, 65, 127, 128, 129, 1000, 20000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CLEANUP_FREE char *good = large_object(sizes[i], 0);
        CLEANUP_FREE char *bad = large_object(sizes[i], sizes[i] / 2);
        CLEANUP_FREE char *last = large_object(sizes[i], sizes[i]);

        ck_assert_str_eq(again(good), good);
        ck_assert_ptr_null(again(bad));
        ck_assert_ptr_null(again(last));
        arena_reset(a);
    }
}
END_TEST

START_TEST(finds_members_and_paths)
{
    struct val *v = parse("{\"a\":{\"b\":[10,{\"c\":\"x\"}]},\"n\":null,\"t\":true,\"\":0}");

    ck_assert_str_eq(val_text(val_path(v, "a.b.1.c")), "x");
    ck_assert_str_eq(val_id(val_path(v, "a.b.0")), "10");
    ck_assert_ptr_null(val_path(v, "a.b.2"));
    ck_assert_ptr_null(val_path(v, "a.b.x"));
    ck_assert_ptr_null(val_path(v, "a.b.00000000001"));
    ck_assert_ptr_null(val_path(v, "a.b.1.c.d"));
    ck_assert_ptr_null(val_path(v, "t.u"));
    ck_assert_ptr_null(val_path(NULL, "a"));
    ck_assert(val_is_null(val_get(v, "n")) && val_get(v, "n") != NULL);
    ck_assert(val_is_null(val_get(v, "missing")));
    ck_assert(val_is_true(val_get(v, "t")));
    ck_assert_ptr_nonnull(val_get(v, ""));
    ck_assert_ptr_nonnull(val_nget(v, "abc", 1));
    ck_assert_ptr_null(val_nget(v, "abc", 2));
    ck_assert_ptr_null(val_get(val_get(v, "t"), "a"));
    ck_assert_ptr_null(val_get_text(v, "t"));
}
END_TEST

static void
is_int(const char *text, int64_t want)
{
    int64_t i = 99;

    ck_assert_int_eq(val_get_int(parse(text), &i), 0);
    ck_assert_int_eq(i, want);
}

START_TEST(reads_whole_numbers_that_fit)
{
    int64_t i;

    is_int("0", 0);
    is_int("-0", 0);
    is_int("9223372036854775807", INT64_MAX);
    is_int("-9223372036854775808", INT64_MIN);
    is_int("1.0", 1);
    is_int("1e2", 100);
    ck_assert_int_eq(val_get_int(parse("9223372036854775808"), &i), -1);
    ck_assert_int_eq(val_get_int(parse("1.5"), &i), -1);
    ck_assert_int_eq(val_get_int(parse("1e400"), &i), -1);
    ck_assert_int_eq(val_get_int(parse("1e21"), &i), -1);
    ck_assert_int_eq(val_get_int(parse("\"1\""), &i), -1);
    ck_assert_int_eq(val_get_int(NULL, &i), -1);
}
END_TEST

START_TEST(builds_values)
{
    struct val *o, *list;

    setup();
    o = val_object(a);
    list = val_array(a);
    for (int i = 0; i < 20; i++)
        val_push(a, list, val_int(a, i * i));
    val_set(a, o, "list", list);
    val_set(a, o, "s", val_string(a, "\"q\""));
    val_set(a, o, "gone", val_bool(a, false));
    val_set(a, o, "r", val_real(a, 0.1));
    val_set(a, o, "n", val_number(a, "1.10"));
    val_set(a, o, "z", val_null(a));
    val_set(a, o, "gone", NULL);
    val_set(a, o, "never", NULL);
    val_set(a, o, "s", val_nstring(a, "xyz", 2));
    ck_assert_str_eq(val_write_text(a, o),
                     "{\"list\":[0,1,4,9,16,25,36,49,64,81,100,121,144,169,196,225,256,289,324,361]"
                     ",\"s\":\"xy\",\"r\":0.1,\"n\":1.10,\"z\":null}");
    ck_assert_str_eq(val_write_text(a, val_int(a, INT64_MIN)), "-9223372036854775808");
}
END_TEST

START_TEST(a_copy_outlives_its_source)
{
    static const char text[] = "{\"a\":[1,\"x\",{\"b\":null}],\"c\":true}";
    struct arena *other = arena_new();
    struct val *copy;

    setup();
    copy = val_copy(a, val_parse(other, text, strlen(text), NULL));
    arena_free(other);
    ck_assert_str_eq(val_write_text(a, copy), text);
    ck_assert_ptr_null(val_copy(a, NULL));
}
END_TEST

START_TEST(equality_is_by_value)
{
    ck_assert(val_equal(parse("{\"a\":1.10,\"b\":[1e2]}"), parse("{\"b\":[100],\"a\":1.1}")));
    ck_assert(val_equal(parse("\"\\u0061\""), parse("\"a\"")));
    ck_assert(val_equal(parse("-0"), parse("0")));
    ck_assert(!val_equal(parse("9007199254740993"), parse("9007199254740992")));
    ck_assert(!val_equal(parse("1"), parse("\"1\"")));
    ck_assert(!val_equal(parse("[1,2]"), parse("[2,1]")));
    ck_assert(!val_equal(parse("[1]"), parse("[1,1]")));
    ck_assert(!val_equal(parse("{\"a\":1}"), parse("{\"b\":1}")));
    ck_assert(!val_equal(parse("{\"a\":1}"), parse("{\"a\":1,\"b\":1}")));
    ck_assert(!val_equal(parse("true"), parse("false")));
    ck_assert(val_equal(NULL, NULL));
    ck_assert(!val_equal(NULL, parse("null")));
    ck_assert(val_equal(parse("null"), parse("null")));
}
END_TEST

START_TEST(canonical_text_is_sorted_by_bytes)
{
    setup();
    ck_assert_str_eq(
        val_canon_text(a, parse("{\"b\":1.0,\"a\":{\"z\":[1.10],\"B\":-0},\"\xc3\xa9\":1,"
                                "\"\":\"\\u00e9\\/\"}")),
        "{\"\":\"\xc3\xa9/\",\"a\":{\"B\":0,\"z\":[1.1]},\"b\":1,\"\xc3\xa9\":1}");
    ck_assert_str_eq(val_canon_text(a, NULL), "null");
}
END_TEST

START_TEST(says_which_byte_is_no_utf8)
{
    ck_assert_uint_eq(val_bad_byte("", 0), 0);
    ck_assert_uint_eq(val_bad_byte("M\xc3\xbcller\xc2\x85", 9), 0);
    ck_assert_uint_eq(val_bad_byte("M\xfcller", 6), 2);
    ck_assert_uint_eq(val_bad_byte("ab\xc3", 3), 3);
    ck_assert_uint_eq(val_bad_byte("\xed\xa0\x80", 3), 1);
}
END_TEST

UNIT_MAIN("json/val", numbers_leave_as_they_came, refuses_bad_numbers, names_the_bad_byte,
          refuses_bad_utf8, takes_all_good_utf8, a_multibyte_character_must_end_inside_the_string,
          decodes_escapes, refuses_lone_surrogates, strings_may_hold_nul_but_ids_may_not,
          nests_512_deep_and_no_deeper, refuses_duplicates_however_spelled,
          same_names_in_different_objects_are_fine, large_objects_are_checked_too,
          finds_members_and_paths, reads_whole_numbers_that_fit, builds_values,
          a_copy_outlives_its_source, equality_is_by_value, canonical_text_is_sorted_by_bytes,
          says_which_byte_is_no_utf8)
