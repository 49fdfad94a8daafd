#include <config.h>

#include "sync/prove.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* Findings as lines: "status a -> b -> a does not settle: ...", ' for ". */
static const char *
findings(struct fixture *f, const struct prove_link *links, size_t n, struct prove *p)
{
    CLEANUP_BUF struct buf out = BUF_INIT;
    char *text;

    prove_sync(f->a, &f->sync, links, n, p);
    for (size_t k = 0; k < p->n; k++)
        buf_printf(&out, "%s%s%s %s", k > 0 ? "\n" : "", k < p->n_failed ? "" : "warning ",
                   p->findings[k].field, p->findings[k].text);
    text = arena_text(f->a, buf_get(&out));
    for (char *c = text; *c != '\0'; c++)
        if (*c == '"')
            *c = '\'';
    return text;
}

static const char *
proved(struct fixture *f)
{
    struct prove p;

    return findings(f, NULL, 0, &p);
}

START_TEST(every_type_and_rule_settles_between_two_three_and_four)
{
    for (size_t n = 2; n <= 4; n++)
        for (int rule = 0; rule <= STORES_TRUNCATE; rule++)
            for (int type = FIELD_TEXT; type < FIELD_REF; type++) {
                CLEANUP_FIXTURE struct fixture *f = fixture_new(n);
                struct prove p;

                fixture_field(f, "x", (enum field_type)type, type % 2 - 1);
                fixture_stores(f, 1, "x", (enum stores_rule)rule, 5);
                findings(f, NULL, 0, &p);
                ck_assert_msg(p.n_failed == 0, "%zu systems, rule %d, type %d: %s", n, rule, type,
                              p.findings[0].text);
                ck_assert_uint_gt(p.n_values, 5);
                ck_assert_uint_ge(p.n_cycles, n - 1);
            }
}
END_TEST

START_TEST(a_lossy_table_settles)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(3);
    struct prove p;

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a lead=new a customer=won a other=won b NEW=new b WON=won c 1=new c 2=won");
    ck_assert_str_eq(findings(f, NULL, 0, &p), "");
    ck_assert_uint_eq(p.n_fields, 1);
    ck_assert_uint_eq(p.n_cycles, 9); /* from each to two others, and around */
}
END_TEST

/* b lowers what it stores: the words of two meanings become one. */
START_TEST(a_table_that_oscillates_is_named_with_its_word)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a open=open a pending=waiting b open=open b OPEN=waiting");
    ck_assert_str_eq(proved(f), "");
    fixture_stores(f, 1, "status", STORES_LOWER, 0);
    ck_assert_str_eq(proved(f), "status a -> b -> a does not settle: 'pending' becomes 'open'");
}
END_TEST

START_TEST(what_does_not_settle_is_named_from_its_owner_only)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, 0);
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a open=open a pending=waiting b open=open b OPEN=waiting");
    fixture_stores(f, 1, "status", STORES_LOWER, 0);
    ck_assert_str_eq(proved(f), "status a -> b does not settle: 'pending' becomes 'open'");
}
END_TEST

/* Whoever made a record owns it, and each of them may have. */
START_TEST(with_a_creator_as_owner_each_is_tried_as_that)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, -1);
    f->fields[0].owner.kind = OWNER_CREATOR;
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a open=open a pending=waiting b open=open b OPEN=waiting");
    ck_assert_str_eq(proved(f), "");
    fixture_stores(f, 1, "status", STORES_LOWER, 0);
    ck_assert_ptr_nonnull(strstr(proved(f), "does not settle: 'pending' becomes 'open'"));
}
END_TEST

START_TEST(of_three_systems_each_pair_is_named)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(3);

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT, "a x=one a y=two b X=one b Y=two c p=one c P=two");
    ck_assert_str_eq(proved(f), "");
    fixture_stores(f, 2, "status", STORES_LOWER, 0);
    ck_assert_str_eq(proved(f), "status a -> c -> a does not settle: 'y' becomes 'x'\n"
                                "status b -> c -> b does not settle: 'Y' becomes 'X'");
}
END_TEST

START_TEST(words_without_mapping_are_warnings)
{
    static const enum unmapped policies[] = {UNMAPPED_REJECT, UNMAPPED_SKIP, UNMAPPED_PASS};
    static const char *const want[] = {
        "warning status a -> b: no word for ['hold','odd'] (unmapped: reject: such records are "
        "refused)",
        "warning status a -> b: no word for ['hold','odd'] (unmapped: skip: the field is left as "
        "it is)",
        "warning status a -> b: no word for ['hold','odd'] (unmapped: pass: it goes as it is, "
        "unless it is another word there)"};

    for (size_t k = 0; k < 3; k++) {
        CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

        fixture_field(f, "status", FIELD_ENUM, -1);
        fixture_table(f, "status", policies[k], "a open=open a hold=hold a odd=x b OPEN=open");
        ck_assert_str_eq(proved(f), want[k]);
    }
}
END_TEST

START_TEST(two_lengths_are_a_warning_where_an_edit_cuts)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_stores(f, 0, "name", STORES_TRUNCATE, 10);
    fixture_stores(f, 1, "name", STORES_TRUNCATE, 5);
    ck_assert_str_eq(
        proved(f), "warning name b -> a: b keeps 5 characters, a 10: an edit at b cuts what a has");
    f->fields[0].owner = (struct owner){OWNER_SYSTEM, &f->systems[0]};
    ck_assert_str_eq(proved(f), "");
}
END_TEST

START_TEST(shadows_that_differ_name_the_rule_that_is_missing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);
    const struct val *longer[] = {fixture_json(f, "{'name':'Robert '}"),
                                  fixture_json(f, "{'name':'Robert'}")};
    const struct val *shorter[] = {fixture_json(f, "{'name':'Bo '}"),
                                   fixture_json(f, "{'name':'Bo'}")};
    const struct val *marked[] = {NULL, fixture_json(f, "['name']")};
    const char *owed = "name";
    struct prove_link links[] = {{longer, NULL, NULL, 0}, {shorter, NULL, NULL, 0}};
    struct prove p;

    fixture_field(f, "name", FIELD_TEXT, -1);
    ck_assert_str_eq(findings(f, links, 2, &p), "name a -> b: of one record a shows 'Bo ', b 'Bo'; "
                                                "b: stores: [trim] would explain it");
    fixture_stores(f, 1, "name", STORES_TRIM, 0);
    ck_assert_str_eq(findings(f, links, 2, &p), "");
    f->defs[1].fields[0].n_stores = 0;
    links[0].diverged = links[1].diverged = marked;
    ck_assert_str_eq(findings(f, links, 2, &p), "");
    links[0].diverged = links[1].diverged = NULL;
    links[0].left = links[1].left = &owed;
    links[0].n_left = links[1].n_left = 1;
    ck_assert_str_eq(findings(f, links, 2, &p), "");
}
END_TEST

/* A word that only a record has, not the table: it is sent around like the others. */
START_TEST(a_rule_that_its_own_system_breaks_is_a_warning)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);
    const struct val *shadows[] = {fixture_json(f, "{'notes':'Ann Bob'}"),
                                   fixture_json(f, "{'notes':'Ann B'}")};
    const struct prove_link link = {.shadows = shadows};
    struct prove p;

    fixture_field(f, "notes", FIELD_TEXT, -1);
    fixture_stores(f, 1, "notes", STORES_TRUNCATE, 5);
    findings(f, &link, 1, &p);
    for (size_t k = 0; k < p.n; k++)
        ck_assert_int_ne(p.findings[k].kind, PROVE_LOSSY); /* b cuts, as it says */
    fixture_stores(f, 0, "notes", STORES_TRUNCATE, 5);
    ck_assert_str_eq(
        findings(f, &link, 1, &p),
        "warning notes a -> b: a shows 'Ann Bob', which its stores: say it cannot, and "
        "so it counts as 'Ann B' of b: such edits do not travel");
}
END_TEST

START_TEST(values_of_the_state_are_tried)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);
    const struct val *shadows[] = {fixture_json(f, "{'x':'a very special value'}"), NULL};
    const struct prove_link link = {shadows, NULL, NULL, 0};
    struct prove with, without;

    fixture_field(f, "x", FIELD_TEXT, 0);
    findings(f, NULL, 0, &without);
    findings(f, &link, 1, &with);
    ck_assert_uint_eq(with.n_values, without.n_values + 1);
}
END_TEST

START_TEST(references_and_fields_of_one_system_are_left_out)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);
    struct prove p;

    fixture_field(f, "company", FIELD_REF, -1);
    fixture_field(f, "own", FIELD_TEXT, -1);
    fixture_unmap(f, 1, "own");
    ck_assert_str_eq(findings(f, NULL, 0, &p), "");
    ck_assert_uint_eq(p.n_refs, 1);
    ck_assert_uint_eq(p.n_fields, 0);
}
END_TEST

UNIT_MAIN("sync/prove", every_type_and_rule_settles_between_two_three_and_four,
          a_lossy_table_settles, a_table_that_oscillates_is_named_with_its_word,
          what_does_not_settle_is_named_from_its_owner_only,
          with_a_creator_as_owner_each_is_tried_as_that, of_three_systems_each_pair_is_named,
          words_without_mapping_are_warnings, two_lengths_are_a_warning_where_an_edit_cuts,
          shadows_that_differ_name_the_rule_that_is_missing,
          a_rule_that_its_own_system_breaks_is_a_warning, values_of_the_state_are_tried,
          references_and_fields_of_one_system_are_left_out)
