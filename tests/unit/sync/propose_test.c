#include <config.h>

#include "sync/propose.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

static const char *
proposed(enum field_type type, const struct stores *have, size_t n_have, const char *const *pairs)
{
    static char text[100];
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);
    CLEANUP_BUF struct buf out = BUF_INIT;
    struct propose_pair list[10];
    struct stores rules[10];
    size_t n = 0;
    int found;

    fixture_field(f, "x", type, -1);
    for (; pairs[2 * n] != NULL; n++)
        list[n] =
            (struct propose_pair){fixture_json(f, pairs[2 * n]), fixture_json(f, pairs[2 * n + 1])};
    found = propose_rules(f->a, &f->model_fields[0], have, n_have, list, n, rules);
    if (found < 0)
        return "none";
    propose_write(&out, rules, (size_t)found);
    snprintf(text, sizeof text, "%s", buf_get(&out));
    return text;
}

#define ck_proposes(type, want, ...)                                                               \
    ck_assert_str_eq(proposed(type, NULL, 0, (const char *const[]){__VA_ARGS__, NULL}), want)

START_TEST(each_rule_is_found_by_what_it_does)
{
    ck_proposes(FIELD_TEXT, "[trim]", "' Bob '", "'Bob'");
    ck_proposes(FIELD_TEXT, "[lower]", "'Bob'", "'bob'");
    ck_proposes(FIELD_TEXT, "[collapse]", "'a  b'", "'a b'");
    ck_proposes(FIELD_TEXT, "[html]", "'a & b'", "'<p>a &amp; b</p>'");
    ck_proposes(FIELD_TEXT, "[empty_null]", "''", "null");
    ck_proposes(FIELD_TEXT, "[empty_null]", "null", "''");
    ck_proposes(FIELD_TEXT, "[text]", "1", "'1'");
    ck_proposes(FIELD_TEXT, "[bool_int]", "true", "1");
    ck_proposes(FIELD_TEXT, "[digits]", "'1-2'", "'12'");
    ck_proposes(FIELD_TEXT, "[truncate(5)]", "'hello world'", "'hello'");
    ck_proposes(FIELD_SET, "[text]", "['b','a']", "'a;b'");
}
END_TEST

START_TEST(times_are_cut_to_what_was_stored)
{
    static const char *const cut[] = {"'2026-01-02T03:04:05.678Z'", "'2026-01-02T03:04:05Z'", NULL};
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);
    struct model_field fine = {.name = f->sync.resource, .type = FIELD_DATETIME, .precision_ms = 1};
    struct propose_pair pair = {fixture_json(f, cut[0]), fixture_json(f, cut[1])};
    struct stores rules[PROPOSE_MORE];

    ck_assert_int_eq(propose_rules(f->a, &fine, NULL, 0, &pair, 1, rules), 1);
    ck_assert_int_eq(rules[0].rule, STORES_SECONDS);
    ck_proposes(FIELD_DATETIME, "[minutes]", "'2026-01-02T03:04:05Z'", "'2026-01-02T03:04:00Z'");
    ck_proposes(FIELD_DATETIME, "none", "'2026-01-02T03:04:05Z'", "'2026-01-02T04:04:05Z'");
}
END_TEST

START_TEST(the_shortest_list_explains_all_pairs)
{
    ck_proposes(FIELD_TEXT, "[trim, lower]", "'Bob '", "'bob'");
    ck_proposes(FIELD_TEXT, "[trim, lower]", "' bob'", "'bob'", "'Ann'", "'ann'");
    ck_proposes(FIELD_TEXT, "[empty_null, trim, lower]", "' Bob'", "'bob'", "'  '", "null");
    ck_proposes(FIELD_TEXT, "[trim, truncate(4)]", "' abcdef'", "'abcd'", "'abc d'", "'abc'");
}
END_TEST

START_TEST(a_pair_that_no_rule_explains_spoils_all)
{
    ck_proposes(FIELD_TEXT, "none", "'Bob'", "'Robert'");
    ck_proposes(FIELD_TEXT, "none", "'Bob '", "'Bob'", "'Bob'", "'Robert'");
    ck_proposes(FIELD_TEXT, "none", "'open'", "'pending'");
    ck_proposes(FIELD_TEXT, "none", "'hello world'", "'hello'", "'hello there'", "'hello there'",
                "'abc'", "'xyz'");
}
END_TEST

/* Under digits "abc" and "xyz" are both empty: that explains nothing. */
START_TEST(a_rule_that_blots_out_everything_explains_nothing)
{
    ck_proposes(FIELD_TEXT, "none", "'abc'", "'xyz'");
    ck_proposes(FIELD_TEXT, "none", "'<b>'", "'<i>'");
    ck_proposes(FIELD_TEXT, "none", "'Bob'", "''");
    ck_proposes(FIELD_TEXT, "none", "'Bob'", "null");
    ck_proposes(FIELD_TEXT, "none", "'a'", "'A'");
}
END_TEST

START_TEST(what_is_there_is_kept_and_added_to)
{
    static const struct stores lower = {STORES_LOWER, 0};
    static const char *const both[] = {"'Bob '", "'bob'", NULL};
    static const char *const old[] = {"'Bob'", "'bob'", NULL};

    ck_assert_str_eq(proposed(FIELD_TEXT, &lower, 1, both), "[lower, trim]");
    ck_assert_str_eq(proposed(FIELD_TEXT, &lower, 1, old), "[lower]");
}
END_TEST

UNIT_MAIN("sync/propose", each_rule_is_found_by_what_it_does, times_are_cut_to_what_was_stored,
          the_shortest_list_explains_all_pairs, a_pair_that_no_rule_explains_spoils_all,
          a_rule_that_blots_out_everything_explains_nothing, what_is_there_is_kept_and_added_to)
