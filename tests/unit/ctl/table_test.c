#include <config.h>

#include "ctl/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"

/* What table_print writes, in memory of ours. */
static const char *
printed(const struct table *t, bool json)
{
    static char text[4096];
    struct err err = ERR_INIT;
    int saved = dup(STDOUT_FILENO);
    FILE *file = tmpfile();
    size_t n;

    ck_assert_int_ge(dup2(fileno(file), STDOUT_FILENO), 0);
    ck_assert_int_eq(table_print(t, json, &err), 0);
    ck_assert_int_ge(dup2(saved, STDOUT_FILENO), 0);
    close(saved);
    rewind(file);
    n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

START_TEST(aligns_texts_left_and_numbers_right)
{
    CLEANUP_TABLE struct table *t = table_new("what,count#,why");

    table_text(t, "a");
    table_number(t, 5);
    table_text(t, "x");
    table_text(t, "longer");
    table_number(t, 1234567);
    table_text(t, "y");
    ck_assert_str_eq(printed(t, false), "what      count  why\n"
                                        "a             5  x\n"
                                        "longer  1234567  y\n");
}
END_TEST

START_TEST(a_column_is_a_code_point_wide)
{
    CLEANUP_TABLE struct table *t = table_new("n,x");

    table_text(t, "\xc3\xbc\xc3\xbc");
    table_text(t, "1");
    table_text(t, "abc");
    table_text(t, "2");
    ck_assert_str_eq(printed(t, false), "n    x\n\xc3\xbc\xc3\xbc   1\nabc  2\n");
}
END_TEST

START_TEST(none_is_a_dash_or_null)
{
    CLEANUP_TABLE struct table *t = table_new("a,at");

    table_text(t, NULL);
    table_time(t, 0);
    ck_assert_str_eq(printed(t, false), "a  at\n-  -\n");
    ck_assert_str_eq(printed(t, true), "{\"a\":null,\"at\":null}\n");
}
END_TEST

START_TEST(numbers_are_json_numbers)
{
    CLEANUP_TABLE struct table *t = table_new("id,n#");

    table_text(t, "7");
    table_number(t, INT64_MAX);
    ck_assert_str_eq(printed(t, true), "{\"id\":\"7\",\"n\":9223372036854775807}\n");
}
END_TEST

START_TEST(what_would_move_the_cursor_is_escaped_and_counted_as_shown)
{
    CLEANUP_TABLE struct table *t = table_new("a,b");

    table_text(t, "\033[2J");
    table_text(t, "1");
    table_text(t, "0123456789");
    table_text(t, "2");
    ck_assert_ptr_null(strchr(printed(t, false), '\033'));
    ck_assert_ptr_eq(strstr(printed(t, false), "\033"), NULL);
    ck_assert_str_eq(strrchr(printed(t, false), '9'), "9  2\n");
}
END_TEST

START_TEST(text_that_is_no_utf8_does_not_break_json)
{
    CLEANUP_TABLE struct table *t = table_new("a");

    table_text(t, "\xff");
    ck_assert_str_eq(printed(t, true), "{\"a\":\"?\"}\n");
}
END_TEST

START_TEST(an_empty_table_has_its_headings)
{
    CLEANUP_TABLE struct table *t = table_new("a,b#");

    ck_assert_str_eq(printed(t, false), "a  b\n");
    ck_assert_str_eq(printed(t, true), "");
}
END_TEST

START_TEST(a_value_is_words_for_people_and_json_for_programs)
{
    CLEANUP_TABLE struct table *t = table_new("a,b");

    table_value(t, "x: 1", "{\"x\":1}");
    table_value(t, NULL, NULL);
    ck_assert_str_eq(printed(t, false), "a     b\nx: 1  -\n");
    ck_assert_str_eq(printed(t, true), "{\"a\":{\"x\":1},\"b\":null}\n");
}
END_TEST

UNIT_MAIN("ctl/table", aligns_texts_left_and_numbers_right, a_column_is_a_code_point_wide,
          none_is_a_dash_or_null, numbers_are_json_numbers,
          what_would_move_the_cursor_is_escaped_and_counted_as_shown,
          text_that_is_no_utf8_does_not_break_json, an_empty_table_has_its_headings,
          a_value_is_words_for_people_and_json_for_programs)
