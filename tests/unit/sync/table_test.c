#include <config.h>

#include "sync/table.h"

#include "../unit.h"
#include "fixture.h"
#include "sync/prove.h"

static struct fixture *
with_table(enum unmapped unmapped)
{
    struct fixture *f = fixture_new(3);

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", unmapped,
                  "a lead=new a customer=won a other=won b 1=new b true=won");
    return f;
}

static const char *
in(struct fixture *f, size_t i, const char *value, enum table_result want)
{
    const struct val *v = NULL;

    ck_assert(table_in(f->a, f->fields[0].values, f->between[i], fixture_json(f, value), &v) ==
              want);
    return v == NULL ? "absent" : val_write_text(f->a, v);
}

static const char *
out(struct fixture *f, size_t i, const char *value, enum table_result want)
{
    const struct val *v = NULL;

    ck_assert(table_out(f->a, f->fields[0].values, f->between[i], fixture_json(f, value), &v) ==
              want);
    return v == NULL ? "absent" : val_write_text(f->a, v);
}

START_TEST(words_become_unified_words)
{
    CLEANUP_FIXTURE struct fixture *f = with_table(UNMAPPED_REJECT);

    ck_assert_str_eq(in(f, 0, "'customer'", TABLE_OK), "\"won\"");
    ck_assert_str_eq(in(f, 0, "'other'", TABLE_OK), "\"won\"");
    ck_assert_str_eq(in(f, 1, "1.0", TABLE_OK), "\"new\"");
    ck_assert_str_eq(in(f, 1, "true", TABLE_OK), "\"won\"");
}
END_TEST

START_TEST(the_inverse_is_the_first_row_listed)
{
    CLEANUP_FIXTURE struct fixture *f = with_table(UNMAPPED_REJECT);

    ck_assert_str_eq(out(f, 0, "'won'", TABLE_OK), "\"customer\"");
    ck_assert_str_eq(out(f, 1, "'new'", TABLE_OK), "\"1\"");
}
END_TEST

START_TEST(null_and_systems_without_rows_pass)
{
    CLEANUP_FIXTURE struct fixture *f = with_table(UNMAPPED_REJECT);

    ck_assert_str_eq(in(f, 0, NULL, TABLE_OK), "absent");
    ck_assert_str_eq(in(f, 0, "null", TABLE_OK), "null");
    ck_assert_str_eq(in(f, 2, "'odd'", TABLE_OK), "\"odd\"");
    ck_assert_str_eq(out(f, 2, "'odd'", TABLE_OK), "\"odd\"");
    ck_assert_str_eq(out(f, 0, "null", TABLE_OK), "null");
    f->fields[0].values = NULL;
    ck_assert_str_eq(in(f, 0, "'odd'", TABLE_OK), "\"odd\"");
}
END_TEST

START_TEST(unknown_words_follow_the_policy)
{
    static const enum unmapped strict[] = {UNMAPPED_REJECT, UNMAPPED_SKIP};

    for (size_t k = 0; k < 2; k++) {
        CLEANUP_FIXTURE struct fixture *f = with_table(strict[k]);

        in(f, 0, "'odd'", TABLE_UNMAPPED);
        in(f, 0, "''", TABLE_UNMAPPED);
        in(f, 0, "['lead']", TABLE_UNMAPPED);
        in(f, 0, "'lead\\u0000'", TABLE_UNMAPPED);
        out(f, 0, "'odd'", TABLE_UNMAPPED);
    }
}
END_TEST

START_TEST(pass_gives_unknown_words_as_they_are)
{
    CLEANUP_FIXTURE struct fixture *f = with_table(UNMAPPED_PASS);

    ck_assert_str_eq(in(f, 0, "'odd'", TABLE_OK), "\"odd\"");
    ck_assert_str_eq(out(f, 0, "7", TABLE_OK), "7");
}
END_TEST

/* It would come back as what that word means there. */
START_TEST(pass_does_not_give_a_word_of_another_meaning)
{
    CLEANUP_FIXTURE struct fixture *f = with_table(UNMAPPED_PASS);

    ck_assert_str_eq(out(f, 0, "'lead'", TABLE_UNMAPPED), "\"lead\"");
    ck_assert_str_eq(out(f, 1, "true", TABLE_UNMAPPED), "true");
    ck_assert_str_eq(out(f, 1, "'lead'", TABLE_OK), "\"lead\"");
}
END_TEST

/* ---- through decide ---- */

static void
show(struct fixture *f, size_t i, const char *now, const char *base)
{
    fixture_end(f, i, arena_printf(f->a, "{'status':'%s'}", now),
                arena_printf(f->a, "{'status':'%s'}", base));
}

START_TEST(the_first_row_is_written_only_where_the_word_changed)
{
    CLEANUP_FIXTURE struct fixture *f = with_table(UNMAPPED_REJECT);

    show(f, 0, "other", "lead");
    show(f, 1, "1", "1");
    show(f, 2, "new", "new");
    ck_decides(
        f, "status changed-same<a+b+c > b update {'status':'true'} > c update {'status':'won'}");
    show(f, 0, "other", "other");
    show(f, 1, "true", "1");
    show(f, 2, "won", "won");
    ck_decides(f, "status adopt<b = unchanged"); /* not customer: a has a word of that meaning */
    show(f, 0, "lead", "lead");
    show(f, 2, "new", "new");
    ck_decides(
        f,
        "status changed-same<b+a+c > a update {'status':'customer'} > c update {'status':'won'}");
}
END_TEST

START_TEST(unmapped_holds_in_both_directions)
{
    static const enum unmapped policies[] = {UNMAPPED_REJECT, UNMAPPED_SKIP, UNMAPPED_PASS};
    static const char *const into[] = {"= rejected", "status unmapped = unmapped",
                                       "status changed-same<a+b > b update {'status':'odd'}"};
    static const char *const out_of[] = {"= rejected", "status unmapped = unmapped",
                                         "status changed-same<b+a > a update {'status':'late'}"};

    for (size_t k = 0; k < 3; k++) {
        CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

        fixture_field(f, "status", FIELD_ENUM, -1);
        fixture_table(f, "status", policies[k], "a lead=new b 1=new b 2=late");
        show(f, 0, "odd", "lead");
        show(f, 1, "1", "1");
        ck_assert_str_eq(fixture_decide(f), into[k]);
        show(f, 0, "lead", "lead");
        show(f, 1, "2", "1");
        ck_assert_str_eq(fixture_decide(f), out_of[k]);
    }
}
END_TEST

/* ---- lossy tables ---- */

static uint64_t state = 88172645463325252u;

static uint64_t
draw(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % n;
}

/* Words and unified words from one small pool, so that they are taken for each other. */
static const char *
some_table(struct fixture *f, size_t n)
{
    CLEANUP_BUF struct buf rows = BUF_INIT;

    for (size_t i = 0; i < n; i++)
        for (uint64_t word = 0, end = draw(6); word < end; word++)
            buf_printf(&rows, "%s%c %c=%c", rows.len > 0 ? " " : "", (char)('a' + i),
                       (char)('p' + (word + i) % 6), (char)('p' + draw(4)));
    return arena_text(f->a, buf_get(&rows));
}

START_TEST(lossy_tables_cannot_oscillate)
{
    size_t tried = 0;

    for (int k = 0; k < 500; k++) {
        CLEANUP_FIXTURE struct fixture *f = fixture_new((size_t)_i);
        const char *rows = some_table(f, (size_t)_i);
        struct prove p;

        fixture_field(f, "status", FIELD_ENUM, (int)draw((uint64_t)_i + 1) - 1);
        fixture_table(f, "status", (enum unmapped)draw(3), rows);
        prove_sync(f->a, &f->sync, NULL, 0, &p);
        ck_assert_msg(p.n_failed == 0, "%s: %s (policy %d)", rows, p.findings[0].text,
                      (int)f->fields[0].values->unmapped);
        tried += p.n_values;
    }
    ck_assert_uint_gt(tried, 2000);
}
END_TEST

/* ---- Zendesk and Salesforce model a status differently ---- */

static struct fixture *
tickets_and_cases(void)
{
    struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a new=new a open=working a pending=working a hold=escalated a solved=closed "
                  "a closed=closed "
                  "b New=new b Working=working b Escalated=escalated b Closed=closed");
    return f;
}

START_TEST(a_ticket_s_status_reaches_the_case)
{
    static const char *const pairs[][2] = {{"new", "New"},         {"open", "Working"},
                                           {"pending", "Working"}, {"hold", "Escalated"},
                                           {"solved", "Closed"},   {"closed", "Closed"}};
    CLEANUP_FIXTURE struct fixture *f = tickets_and_cases();

    for (size_t k = 0; k < 6; k++) {
        const char *was = k == 0 ? "open" : "new", *there = k == 0 ? "Working" : "New";

        show(f, 0, pairs[k][0], was);
        show(f, 1, there, there);
        ck_decides(f, arena_printf(f->a, "status changed-same<a+b > b update {'status':'%s'}",
                                   pairs[k][1]));
        show(f, 0, pairs[k][0], pairs[k][0]);
        show(f, 1, pairs[k][1], there); /* our own write, seen as news */
        ck_decides(f, "status adopt<b = unchanged");
    }
}
END_TEST

START_TEST(a_case_s_status_changes_only_a_ticket_of_another_meaning)
{
    CLEANUP_FIXTURE struct fixture *f = tickets_and_cases();

    show(f, 0, "pending", "pending");
    show(f, 1, "Working", "Escalated");
    ck_decides(f, "status adopt<b = unchanged");
    show(f, 0, "hold", "hold");
    ck_decides(f, "status changed-same<b+a > a update {'status':'open'}");
    show(f, 0, "closed", "closed");
    show(f, 1, "Closed", "Working");
    ck_decides(f, "status adopt<b = unchanged");
    show(f, 0, "open", "open");
    ck_decides(f, "status changed-same<b+a > a update {'status':'solved'}");
}
END_TEST

START_TEST(the_ticket_s_and_the_case_s_status_settle)
{
    CLEANUP_FIXTURE struct fixture *f = tickets_and_cases();
    struct prove p;

    prove_sync(f->a, &f->sync, NULL, 0, &p);
    ck_assert_uint_eq(p.n, 0);
    ck_assert_uint_eq(p.n_cycles, 2);
    ck_assert_uint_ge(p.n_values, 10);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sync/table");
    TCase *tcase = tcase_create("sync/table");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, words_become_unified_words);
    tcase_add_test(tcase, the_inverse_is_the_first_row_listed);
    tcase_add_test(tcase, null_and_systems_without_rows_pass);
    tcase_add_test(tcase, unknown_words_follow_the_policy);
    tcase_add_test(tcase, pass_gives_unknown_words_as_they_are);
    tcase_add_test(tcase, pass_does_not_give_a_word_of_another_meaning);
    tcase_add_test(tcase, the_first_row_is_written_only_where_the_word_changed);
    tcase_add_test(tcase, unmapped_holds_in_both_directions);
    tcase_add_loop_test(tcase, lossy_tables_cannot_oscillate, 2, 5);
    tcase_add_test(tcase, a_ticket_s_status_reaches_the_case);
    tcase_add_test(tcase, a_case_s_status_changes_only_a_ticket_of_another_meaning);
    tcase_add_test(tcase, the_ticket_s_and_the_case_s_status_settle);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
