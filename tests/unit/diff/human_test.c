#include <config.h>

#include "diff/internal.h"

#include <string.h>

#include "../unit.h"

/* What people see of one write of FIELDS (JSON) over BEFORE, NULL: a create. */
static const char *
shown(struct arena *a, const char *fields, const char *before, bool color)
{
    struct decision_write w = {.target = "app",
                               .action = before != NULL ? "update" : "create",
                               .target_record_id = before != NULL ? "c-9" : NULL,
                               .set = (struct val *)val_parse(a, fields, strlen(fields), NULL)};
    struct item it = {.event = {.resource = "crm/contacts", .system = "crm", .record_id = "42"}};
    CLEANUP_BUF struct buf out = BUF_INIT;

    if (before != NULL)
        w.before = (struct val *)val_parse(a, before, strlen(before), NULL);
    it.decision.writes = &w;
    it.decision.n_writes = 1;
    human_write(&out, &it, color);
    return arena_text(a, buf_get(&out));
}

START_TEST(nothing_to_say_is_nothing)
{
    struct item it = {.event = {.resource = "crm/contacts", .system = "crm", .record_id = "42"}};
    CLEANUP_BUF struct buf out = BUF_INIT;

    human_write(&out, &it, true);
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(an_update_shows_before_and_after)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(shown(a, "{\"phone\":\"2\"}", "{\"phone\":\"1\"}", false),
                     "crm/contacts crm:42\n"
                     "  update app:c-9\n"
                     "    phone            \"1\" -> \"2\"\n");
}
END_TEST

START_TEST(a_create_shows_no_before)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(shown(a, "{\"phone\":\"2\"}", NULL, false), "crm/contacts crm:42\n"
                                                                 "  create app\n"
                                                                 "    phone            \"2\"\n");
}
END_TEST

START_TEST(colour_is_only_where_it_is_wanted)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_ptr_null(strchr(shown(a, "{\"p\":1}", "{\"p\":2}", false), '\033'));
    ck_assert_ptr_nonnull(strstr(shown(a, "{\"p\":1}", "{\"p\":2}", true), "\033[33mupdate"));
}
END_TEST

START_TEST(a_long_value_is_cut_between_characters)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const char *text = shown(a,
                             "{\"p\":\"0123456789012345678901234567890123456789012345678901234"
                             "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\"}",
                             "{\"p\":null}", false);

    ck_assert_ptr_nonnull(strstr(text, "1234...\n"));
    ck_assert_ptr_null(strstr(text, "\\x"));
}
END_TEST

START_TEST(values_cannot_steer_the_terminal)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_ptr_null(strchr(shown(a, "{\"p\":\"\\u001b[2J\x7f\"}", NULL, false), '\033'));
    ck_assert_ptr_null(strchr(shown(a, "{\"p\\u001b\":1}", NULL, false), '\033'));
}
END_TEST

START_TEST(what_waits_says_why)
{
    struct item it = {.event = {.resource = "crm/contacts", .system = "crm", .record_id = "42"}};
    CLEANUP_BUF struct buf out = BUF_INIT;

    it.decision.hold_reason = "cannot read app:c-9: no answer";
    human_write(&out, &it, false);
    ck_assert_str_eq(buf_get(&out),
                     "crm/contacts crm:42\n  held: cannot read app:c-9: no answer\n");
}
END_TEST

START_TEST(what_is_left_or_not_known_is_a_difference)
{
    struct decision_rule rule = {.field = "phone", .diverged = true};
    struct item left = {.decision = {.rules = &rule, .n_rules = 1}};
    struct item held = {.decision = {.hold_reason = "cannot read b:2"}};
    struct item refused = {.decision = {.reject_code = "ambiguous"}};
    struct item none = {.done = true};

    ck_assert(!item_differs(&none));
    ck_assert(item_differs(&left));
    ck_assert(item_differs(&held));
    ck_assert(item_differs(&refused));
}
END_TEST

START_TEST(a_record_that_is_not_there_is_shown)
{
    struct conf_system systems[] = {{.name = (char *)"a"}, {.name = (char *)"b"}};
    const struct conf_system *between[] = {&systems[0], &systems[1]};
    const struct conf_sync sync = {.between = between, .n_between = 2};
    struct item_end ends[] = {{.wanted = true, .record_id = "1", .state = END_LIVE},
                              {.wanted = true, .record_id = "2", .state = END_LIVE}};
    struct item it = {.event = {.resource = "crm/contacts", .system = "a", .record_id = "1"},
                      .sync = &sync,
                      .ends = ends};
    CLEANUP_BUF struct buf out = BUF_INIT;

    ck_assert(!item_differs(&it));
    ends[1].state = END_DELETED; /* as is known */
    ck_assert(!item_differs(&it));
    ends[1].state = END_GONE;
    ck_assert(item_differs(&it));
    human_write(&out, &it, false);
    ck_assert_str_eq(buf_get(&out),
                     "crm/contacts a:1\n  b:2 is not there, and nobody said that it was deleted; "
                     "look: sync-ctl why crm/contacts b:2\n");
    ends[1] = (struct item_end){.wanted = true, .state = END_UNREAD, .unread_why = "cannot read"};
    ck_assert(item_differs(&it));
}
END_TEST

UNIT_MAIN("diff/human", nothing_to_say_is_nothing, an_update_shows_before_and_after,
          a_create_shows_no_before, colour_is_only_where_it_is_wanted,
          a_long_value_is_cut_between_characters, values_cannot_steer_the_terminal,
          what_waits_says_why, what_is_left_or_not_known_is_a_difference,
          a_record_that_is_not_there_is_shown)
