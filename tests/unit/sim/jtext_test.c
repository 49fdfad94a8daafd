#include <config.h>

#include "sim/jtext.h"

#include "../unit.h"

#include <string.h>

static void
check(const char *in, const char *want)
{
    CLEANUP_BUF struct buf out = BUF_INIT;
    char why[160];
    json_t *value = jtext_parse(in, strlen(in), why);

    ck_assert_msg(value != NULL, "%s", in);
    jtext_add(&out, value);
    ck_assert_str_eq(buf_get(&out), want);
    json_decref(value);
}

START_TEST(reals_are_written_short)
{
    check("0.1", "0.1");
    check("1.10", "1.1");
    check("1.0", "1.0");
    check("0.30000000000000004", "0.30000000000000004");
    check("1e300", "1e+300");
    check("-2.5", "-2.5");
}
END_TEST

START_TEST(integers_keep_64_bits)
{
    check("9223372036854775807", "9223372036854775807");
    check("-9223372036854775808", "-9223372036854775808");
    check("9007199254740993", "9007199254740993");
}
END_TEST

START_TEST(strings_are_escaped_where_they_must)
{
    check("\"a\\\"b\\\\c\\/\\n\\u0001\\u0000\\ud83d\\ude00\"",
          "\"a\\\"b\\\\c/\\n\\u0001\\u0000\xf0\x9f\x98\x80\"");
}
END_TEST

START_TEST(members_keep_their_order)
{
    check(" { \"b\" : [ ] , \"a\" : { } , \"c\" : [ null , true , false ] } ",
          "{\"b\":[],\"a\":{},\"c\":[null,true,false]}");
}
END_TEST

START_TEST(refuses_what_is_no_json)
{
    static const char *const bad[] = {"",         "{",   "{\"a\":1,}",         "01",
                                      "\"\xff\"", "1 2", "9223372036854775808"};
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char why[160] = "";

        ck_assert_msg(jtext_parse(bad[i], strlen(bad[i]), why) == NULL, "%s", bad[i]);
        ck_assert_str_ne(why, "");
    }
}
END_TEST

UNIT_MAIN("sim/jtext", reals_are_written_short, integers_keep_64_bits,
          strings_are_escaped_where_they_must, members_keep_their_order, refuses_what_is_no_json)
