#include <config.h>

#include "ctl/internal.h"
#include "ctl/show.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"

static char table_name[] = "st", field_name[] = "f";
static struct value_table no_words = {.name = table_name};

/* TEXT as a value of a field of TYPE, as JSON; "!" if it is refused. */
static const char *
given(struct arena *a, enum field_type type, bool table, const char *text)
{
    struct model_field model = {.name = field_name, .type = type};
    struct sync_field field = {.field = &model, .values = table ? &no_words : NULL};
    struct ctl c = {.arena = a};
    struct err err = ERR_INIT;
    const struct val *v;

    if (ctl_value(&c, &field, text, &v, &err) == 0)
        return val_write_text(a, v);
    ck_assert_int_eq(err.status, EXIT_USAGE);
    return "!";
}

START_TEST(a_text_may_be_plain_or_json)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(given(a, FIELD_TEXT, false, "Ann"), "\"Ann\"");
    ck_assert_str_eq(given(a, FIELD_TEXT, false, "\"Ann\""), "\"Ann\"");
    ck_assert_str_eq(given(a, FIELD_TEXT, false, "\"#1\""), "\"#1\"");
    ck_assert_str_eq(given(a, FIELD_TEXT, false, ""), "\"\"");
}
END_TEST

START_TEST(a_text_of_digits_is_no_number)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(given(a, FIELD_PHONE, false, "0049"), "\"0049\"");
    ck_assert_str_eq(given(a, FIELD_PHONE, false, "49"), "\"49\"");
    ck_assert_str_eq(given(a, FIELD_TEXT, false, "true"), "\"true\"");
    ck_assert_str_eq(given(a, FIELD_TEXT, false, "[1]"), "\"[1]\"");
}
END_TEST

START_TEST(null_is_null_for_every_type)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    for (int type = FIELD_TEXT; type <= FIELD_REF; type++)
        ck_assert_str_eq(given(a, (enum field_type)type, false, "null"), "null");
}
END_TEST

START_TEST(numbers_keep_their_text)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(given(a, FIELD_NUMBER, false, "1.10"), "1.10");
    ck_assert_str_eq(given(a, FIELD_NUMBER, false, "9007199254740993"), "9007199254740993");
    ck_assert_str_eq(given(a, FIELD_NUMBER, false, "many"), "!");
    ck_assert_str_eq(given(a, FIELD_NUMBER, false, "\"1\""), "!");
}
END_TEST

START_TEST(what_is_not_of_the_type_is_refused)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(given(a, FIELD_BOOL, false, "true"), "true");
    ck_assert_str_eq(given(a, FIELD_BOOL, false, "yes"), "!");
    ck_assert_str_eq(given(a, FIELD_SET, false, "[\"x\",\"y\"]"), "[\"x\",\"y\"]");
    ck_assert_str_eq(given(a, FIELD_SET, false, "x"), "!");
    ck_assert_str_eq(given(a, FIELD_DATE, false, "2026-01-31"), "\"2026-01-31\"");
    ck_assert_str_eq(given(a, FIELD_DATE, false, "tomorrow"), "!");
    ck_assert_str_eq(given(a, FIELD_DATETIME, false, "2026-01-31T12:00:00Z"),
                     "\"2026-01-31T12:00:00Z\"");
}
END_TEST

START_TEST(with_a_value_table_any_word_may_be_given)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(given(a, FIELD_ENUM, true, "fresh"), "\"fresh\"");
    ck_assert_str_eq(given(a, FIELD_BOOL, true, "fresh"), "\"fresh\"");
}
END_TEST

/* What ctl_edit makes of what COMMAND FILE leaves in the file; an error as its code. */
static const char *
edited(struct arena *a, const char *command)
{
    struct err err = ERR_INIT;
    const char *out = "unset";
    int r;

    setenv("EDITOR", command, 1);
    unsetenv("VISUAL");
    r = ctl_edit(a, "# a comment\n", &out, &err);
    if (r != 0) {
        ck_assert_int_eq(r, EXIT_NO);
        return arena_text(a, err.code);
    }
    return out != NULL ? out : "none";
}

START_TEST(the_first_line_that_says_something_is_taken)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(edited(a, "printf '\\n# no\\n yes \\nother\\n' >"), " yes");
    ck_assert_str_eq(edited(a, "printf 'no newline' >"), "no newline");
    ck_assert_str_eq(edited(a, "true"), "none");
    ck_assert_str_eq(edited(a, ": >"), "none");
    ck_assert_str_eq(edited(a, "grep -q '^# a comment$'"), "none");
}
END_TEST

START_TEST(an_editor_that_fails_changes_nothing)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(edited(a, "false"), "editor");
    ck_assert_str_eq(edited(a, "/nowhere/to-be-found 2>/dev/null"), "editor");
    ck_assert_str_eq(edited(a, ""), "no-editor");
}
END_TEST

START_TEST(long_values_are_cut_between_characters)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    char text[200] = "";

    for (int i = 0; i < SHOW_WIDTH; i++)
        strcat(text, "\xc3\xbc");
    ck_assert_str_eq(show_cut(a, text), text);
    strcat(text, "x");
    ck_assert_uint_eq(strlen(show_cut(a, text)), 2 * SHOW_WIDTH + 3);
    ck_assert_str_eq(show_cut(a, text) + (size_t)2 * SHOW_WIDTH, "...");
    ck_assert_str_eq(show_cut(a, NULL), "-");
    ck_assert_str_eq(show_value(a, NULL), "-");
    ck_assert_str_eq(val_write_text(a, show_json(a, "{\"x\":1}")), "{\"x\":1}");
    ck_assert_str_eq(val_write_text(a, show_json(a, "not json")), "\"not json\"");
    ck_assert_str_eq(val_write_text(a, show_json(a, NULL)), "null");
}
END_TEST

UNIT_MAIN("ctl/value", a_text_may_be_plain_or_json, a_text_of_digits_is_no_number,
          null_is_null_for_every_type, numbers_keep_their_text, what_is_not_of_the_type_is_refused,
          with_a_value_table_any_word_may_be_given, the_first_line_that_says_something_is_taken,
          an_editor_that_fails_changes_nothing, long_values_are_cut_between_characters)
