#include <config.h>

#include "sync/compare.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"
#include "sync/internal.h"

/*
 * Laws of comparing, over every type, every order of up to three stores rules and many values, some
 * of them made by chance.
 */
enum { N_RULES = STORES_TRUNCATE + 1, MADE = 4, MEETINGS = 4000 };

static const char *const written[] = {"null",
                                      "''",
                                      "' '",
                                      "'A b '",
                                      "'a  \\n b'",
                                      "' \xc3\x84pfel'",
                                      "'+49 (151) 0'",
                                      "'0049 151 0'",
                                      "'0000'",
                                      "'042'",
                                      "42",
                                      "'1.10'",
                                      "1.10",
                                      "true",
                                      "'false'",
                                      "'TRUE'",
                                      "0",
                                      "1",
                                      "-0.0",
                                      "1e400",
                                      "1e21",
                                      "0.0000001",
                                      "12345678901234567890",
                                      "'null'",
                                      "'2026-01-02'",
                                      "'2026-01-02T00:00:00Z'",
                                      "'2026-01-02 00:00:00'",
                                      "'2026-01-02T03:04:05.678+01:00'",
                                      "'2026-01-02T00:00:00Z\\u0000x'",
                                      "[]",
                                      "['']",
                                      "['b','A ','b',1,true,null]",
                                      "['a;b','c']",
                                      "'a;b; c;'",
                                      "'a\\u0000;b'",
                                      "{'k':[1]}",
                                      "'<p>A &amp;  b</p>'",
                                      "'&amp;amp;lt;b&amp;gt;'",
                                      "'&#38;#60;<i>b</i>&#x3e;'",
                                      "'a < b &nope; &#0;'",
                                      "'\xc2\xa0x&nbsp;'"};
enum { WRITTEN = sizeof written / sizeof written[0] };

static uint64_t state = 88172645463325252u;

static uint64_t
draw(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

static const struct val *
made_text(struct arena *a)
{
    static const char *const pieces[] = {
        "a", "B", " ",  ";",  "1", "0", "+",        "&",  "amp",        "lt;",       "#38",
        "<", ">", "/p", "br", "-", ".", "\xc3\x84", "\t", "2026-01-02", "T03:04:05", "Z"};
    CLEANUP_BUF struct buf text = BUF_INIT;

    for (uint64_t n = draw(8); n > 0; n--)
        buf_text(&text, pieces[draw(sizeof pieces / sizeof pieces[0])]);
    return val_nstring(a, buf_get(&text), text.len);
}

static const struct val *
made(struct arena *a)
{
    struct val *set;

    if (draw(4) > 0)
        return made_text(a);
    set = val_array(a);
    for (uint64_t n = draw(4); n > 0; n--)
        val_push(a, set, val_copy(a, made_text(a)));
    return set;
}

static const struct val *
value(struct fixture *f, size_t k)
{
    return k < WRITTEN ? fixture_json(f, written[k]) : made(f->a);
}

static struct fixture *
begin(void)
{
    struct fixture *f = fixture_new(2);

    fixture_field(f, "x", FIELD_TEXT, -1);
    return f;
}

static void
set_rules(struct fixture *f, size_t i, const int *rules, size_t n)
{
    struct field_map *map = fixture_map(f, i, "x");

    map->n_stores = n;
    for (size_t k = 0; k < n; k++)
        map->stores[k] = (struct stores){(enum stores_rule)rules[k], 1 + (long)draw(12)};
}

static const struct val *
stored(struct fixture *f, size_t i, const struct val *v)
{
    const struct field_map *map = fixture_map(f, i, "x");

    for (size_t k = 0; k < map->n_stores; k++)
        v = stores_apply(f->a, &map->stores[k], f->model_fields[0].type, v);
    return v;
}

static const char *
text(struct fixture *f, const struct val *v)
{
    return compare_text(f->a, &f->sync, &f->fields[0], 0, v);
}

static const char *
told(struct fixture *f, const struct val *v)
{
    const char *out = arena_printf(f->a, "type %d, rules", (int)f->model_fields[0].type);

    for (size_t i = 0; i < 2; i++) {
        const struct field_map *map = fixture_map(f, i, "x");

        for (size_t k = 0; k < map->n_stores; k++)
            out = arena_printf(f->a, "%s %d(%ld)", out, (int)map->stores[k].rule, map->stores[k].n);
        out = arena_printf(f->a, "%s;", out);
    }
    return arena_printf(f->a, "%s %s", out, val_write_text(f->a, v));
}

static void
check_value(struct fixture *f, const struct val *v)
{
    const char *once = text(f, v);
    const char *twice = text(f, val_parse(f->a, once, strlen(once), NULL));
    const char *kept = text(f, stored(f, 0, v));

    ck_assert_msg(strcmp(once, twice) == 0, "%s: %s, %s", told(f, v), once, twice);
    ck_assert_msg(strcmp(once, kept) == 0, "%s: %s, stored: %s", told(f, v), once, kept);
    ck_assert(compare_same(f->a, &f->sync, &f->fields[0], 0, v, v));
}

static void
check_rules(const int *rules, size_t n)
{
    CLEANUP_FIXTURE struct fixture *f = begin();

    set_rules(f, 0, rules, n);
    for (int type = FIELD_TEXT; type <= FIELD_REF; type++) {
        const struct val *before = NULL;

        f->model_fields[0].type = (enum field_type)type;
        for (size_t k = 0; k < WRITTEN + MADE; k++) {
            const struct val *v = value(f, k);
            bool same = compare_same(f->a, &f->sync, &f->fields[0], 0, before, v);

            check_value(f, v);
            ck_assert(same == compare_same(f->a, &f->sync, &f->fields[0], 0, v, before));
            ck_assert_msg(same == (strcmp(text(f, before), text(f, v)) == 0), "%s", told(f, v));
            before = v;
        }
        ck_assert(!compare_same(f->a, &f->sync, &f->fields[0], 0, NULL, val_string(f->a, "null")) ||
                  strcmp(text(f, val_string(f->a, "null")), "null") == 0);
    }
}

/*
 * The normal value of a normal value is itself; what a system stores equals what was sent; equality
 * is reflexive, symmetric and that of the comparing texts. All pairs of rules in both orders, and
 * a share of the triples.
 */
START_TEST(every_order_of_three_rules_keeps_the_laws)
{
    int rules[3];

    rules[0] = _i;
    check_rules(rules, 0);
    check_rules(rules, 1);
    for (rules[1] = 0; rules[1] < N_RULES; rules[1]++) {
        if (rules[1] == rules[0])
            continue;
        check_rules(rules, 2);
        for (rules[2] = 0; rules[2] < N_RULES; rules[2]++)
            if (rules[2] != rules[0] && rules[2] != rules[1] && draw(8) == 0)
                check_rules(rules, 3);
    }
}
END_TEST

/* What one system shows, a text or a set of texts, is the same value when another has stored it in
 * its way, seen from both. */
START_TEST(what_the_other_system_stores_is_what_was_sent)
{
    struct fixture *f = begin();

    for (int k = 0; k < MEETINGS; k++) {
        const struct val *x, *y;

        if (k % 500 == 499) {
            fixture_free(f);
            f = begin();
        }
        f->model_fields[0].type = (enum field_type)_i;
        for (size_t i = 0; i < 2; i++) {
            int rules[3] = {(int)draw(N_RULES), (int)draw(N_RULES), (int)draw(N_RULES)};

            set_rules(f, i, rules, draw(4));
        }
        x = stored(f, 0, made(f->a));
        y = stored(f, 1, x);
        ck_assert_msg(compare_equal(f->a, &f->sync, &f->fields[0], 0, x, 1, y), "%s becomes %s",
                      told(f, x), val_write_text(f->a, y));
        ck_assert(compare_equal(f->a, &f->sync, &f->fields[0], 1, y, 0, x));
    }
    fixture_free(f);
}
END_TEST

START_TEST(null_and_the_word_null_stay_two_under_every_rule)
{
    for (int type = FIELD_TEXT; type <= FIELD_REF; type++)
        for (int rule = 0; rule < N_RULES; rule++) {
            CLEANUP_FIXTURE struct fixture *f = begin();

            f->model_fields[0].type = (enum field_type)type;
            set_rules(f, 0, &rule, 1);
            ck_assert_msg(
                !compare_same(f->a, &f->sync, &f->fields[0], 0, NULL, val_string(f->a, "null")),
                "type %d rule %d", type, rule);
        }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sync/compare_law");
    TCase *tcase = tcase_create("sync/compare_law");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, every_order_of_three_rules_keeps_the_laws, 0, N_RULES);
    tcase_add_loop_test(tcase, what_the_other_system_stores_is_what_was_sent, FIELD_TEXT,
                        FIELD_REF + 1);
    tcase_add_test(tcase, null_and_the_word_null_stay_two_under_every_rule);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
