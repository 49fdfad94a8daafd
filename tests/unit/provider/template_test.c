#include <config.h>

#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

static const char *
fill(struct arena *a, const char *text, const struct tmpl *t, enum tmpl_use use)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    return tmpl_fill(&b, text, t, use) ? arena_text(a, buf_get(&b)) : NULL;
}

static const char *
body(struct arena *a, const char *json, const struct tmpl *t)
{
    json_auto_t *template = json_loads(json, JSON_DECODE_ANY, NULL);
    struct val *v;

    ck_assert_ptr_nonnull(template);
    v = tmpl_body(a, template, t);
    return v != NULL ? val_write_text(a, v) : NULL;
}

START_TEST(values_in_paths_are_escaped)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {.id = "a/../b?x#\xc3\xa9 %", .base_url = "https://x/api"};

    ck_assert_str_eq(fill(a, "/c/{id}/d", &t, TMPL_PATH), "/c/a%2F..%2Fb%3Fx%23%C3%A9%20%25/d");
    ck_assert_str_eq(fill(a, "{base_url}/d", &t, TMPL_PATH), "https://x/api/d");
    ck_assert_str_eq(fill(a, "{id}", &t, TMPL_TEXT), t.id);
}
END_TEST

START_TEST(ids_that_would_move_the_path_have_no_value)
{
    static const char *const ids[] = {"", ".", ".."};
    CLEANUP_ARENA struct arena *a = arena_new();

    for (int i = 0; i < 3; i++) {
        struct tmpl t = {.id = ids[i]};

        ck_assert_ptr_null(fill(a, "/c/{id}", &t, TMPL_PATH));
        ck_assert_str_eq(fill(a, "{id}", &t, TMPL_TEXT), ids[i]);
    }
}
END_TEST

START_TEST(a_missing_value_spoils_the_text)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {.id = "1"};

    ck_assert_ptr_null(tmpl_text(a, "{id}-{cursor}", &t));
    ck_assert_str_eq(tmpl_text(a, "{id}-{id}", &t), "1-1");
}
END_TEST

START_TEST(other_braces_are_themselves)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {.id = "1"};

    ck_assert_str_eq(tmpl_text(a, "{", &t), "{");
    ck_assert_str_eq(tmpl_text(a, "{}{ids}{id", &t), "{}{ids}{id");
    ck_assert_str_eq(tmpl_text(a, "{{id}}", &t), "{1}");
}
END_TEST

START_TEST(every_placeholder_has_its_value)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {.id = "1",
                     .external_id = "2",
                     .account = "3",
                     .base_url = "4",
                     .since = "5",
                     .until = "6",
                     .cursor = "7",
                     .size = "8",
                     .etag = "10",
                     .idempotency_key = "9",
                     .key = "11",
                     .value = "12"};

    ck_assert_str_eq(tmpl_text(a,
                               "{id} {external_id} {account} {base_url} {since} {until} {cursor} "
                               "{size} {idempotency_key} {etag} {key} {value}",
                               &t),
                     "1 2 3 4 5 6 7 8 9 10 11 12");
}
END_TEST

START_TEST(body_values_are_json_text)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {.value = "a\"},{\n\xf0\x9f\x98\x80", .key = "e.mail", .size = "50"};

    ck_assert_str_eq(
        body(a, "{\"f\":[{\"{key}\":\"{value}\",\"op\":\"EQ\"}],\"n\":\"{size}\"}", &t),
        "{\"f\":[{\"e.mail\":\"a\\\"},{\\n\xf0\x9f\x98\x80\",\"op\":\"EQ\"}],"
        "\"n\":50}");
}
END_TEST

START_TEST(members_without_a_value_are_left_out)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {.size = "5"};

    ck_assert_str_eq(body(a, "{\"after\":\"{cursor}\",\"a\":[\"{id}\",1],\"s\":\"{size}x\"}", &t),
                     "{\"a\":[1],\"s\":\"5x\"}");
    ck_assert_ptr_null(body(a, "\"{cursor}\"", &t));
}
END_TEST

START_TEST(cursors_are_text_unless_they_count)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {.cursor = "40"};

    ck_assert_str_eq(body(a, "{\"c\":\"{cursor}\"}", &t), "{\"c\":\"40\"}");
    t.cursor_is_number = true;
    ck_assert_str_eq(body(a, "{\"c\":\"{cursor}\"}", &t), "{\"c\":40}");
}
END_TEST

START_TEST(constants_stay)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tmpl t = {0};
    const char *json = "{\"a\":null,\"b\":true,\"c\":false,\"d\":1.5,\"e\":9007199254740993,"
                       "\"f\":[],\"g\":{},\"h\":\"x\"}";

    ck_assert_str_eq(body(a, json, &t), json);
}
END_TEST

UNIT_MAIN("provider/template", values_in_paths_are_escaped,
          ids_that_would_move_the_path_have_no_value, a_missing_value_spoils_the_text,
          other_braces_are_themselves, every_placeholder_has_its_value, body_values_are_json_text,
          members_without_a_value_are_left_out, cursors_are_text_unless_they_count, constants_stay)
