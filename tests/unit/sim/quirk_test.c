#include <config.h>

#include "sim/quirk.h"

#include "../unit.h"

#include <string.h>

static struct quirks q;

static int
set(const char *text)
{
    return quirk_set_text(&q, text, NULL);
}

START_TEST(every_row_has_a_name_and_help_and_names_differ)
{
    const char *name[2];
    const char *value;
    const char *help;
    size_t i;
    size_t j;

    for (i = 0; quirk_row(i, &name[0], &value, &help); i++) {
        ck_assert_ptr_nonnull(name[0]);
        ck_assert_int_gt((int)strlen(help), 10);
        for (j = 0; j < i; j++) {
            quirk_row(j, &name[1], &value, &help);
            ck_assert_str_ne(name[0], name[1]);
        }
    }
    ck_assert_uint_eq(i, QUIRK_COUNT);
}
END_TEST

START_TEST(reads_each_kind_of_value)
{
    ck_assert_int_eq(set("trim"), 0);
    ck_assert(quirk_on(&q, QUIRK_TRIM));
    ck_assert_int_eq(set("trim=off"), 0);
    ck_assert(!quirk_on(&q, QUIRK_TRIM));
    ck_assert_int_eq(set("rate=5/1000"), 0);
    ck_assert_int_eq(q.v[QUIRK_RATE].n, 5);
    ck_assert_int_eq(q.v[QUIRK_RATE].more, 1000);
    ck_assert_int_eq(set("fail-next=3"), 0);
    ck_assert_int_eq(q.v[QUIRK_FAIL_NEXT].more, 500);
    ck_assert_int_eq(set("fail-next=3:503"), 0);
    ck_assert_int_eq(q.v[QUIRK_FAIL_NEXT].more, 503);
    ck_assert_int_eq(set("limit-status=200"), 0);
    ck_assert_int_eq(quirk_number(&q, QUIRK_LIMIT_STATUS), 200);
    ck_assert_int_eq(set("limit-wait=epoch-ms"), 0);
    ck_assert_str_eq(quirk_text(&q, QUIRK_LIMIT_WAIT), "epoch-ms");
    ck_assert_int_eq(set("page-order"), 0);
    ck_assert_str_eq(quirk_text(&q, QUIRK_PAGE_ORDER), "unstable");
    quirk_release(&q);
}
END_TEST

START_TEST(refuses_values_of_the_wrong_kind)
{
    static const char *const bad[] = {"trim=maybe",
                                      "lag-ms",
                                      "lag-ms=-1",
                                      "lag-ms=1x",
                                      "rate=5",
                                      "rate=5/0",
                                      "fail-next=1:",
                                      "fail-next=1:99",
                                      "limit-status=418",
                                      "limit-wait=soon",
                                      "limit-wait=epoch",
                                      "budget=",
                                      "limit-code=",
                                      "lower=",
                                      "lower=a:b",
                                      "truncate=a",
                                      "truncate=a:",
                                      "truncate=a:x",
                                      "reject=a",
                                      "page-order=odd",
                                      "lower=,a",
                                      "wrap=",
                                      "webhook-delay=",
                                      "webhook-delay=1s:x",
                                      "webhook-batch=1",
                                      "webhook-batch=2:0",
                                      "webhook-lose=101",
                                      "webhook-lose=every=0",
                                      "webhook-reorder=1001",
                                      "webhook-duplicate=1"};
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = ERR_INIT;

        ck_assert_msg(quirk_set_text(&q, bad[i], &err) == -1, "%s", bad[i]);
        ck_assert_str_eq(err.code, "bad-quirk");
        ck_assert_int_eq(err.status, EXIT_USAGE);
    }
    quirk_release(&q);
}
END_TEST

START_TEST(names_the_nearest)
{
    struct err err = ERR_INIT;

    ck_assert_int_eq(quirk_set_text(&q, "limt-cap=3", &err), -1);
    ck_assert_str_eq(err.text, "unknown quirk \"limt-cap\"; nearest: limit-cap");
    ck_assert_int_eq(quirk_set_text(&q, "html-", &err), -1);
    ck_assert_str_eq(err.text, "unknown quirk \"html-\"; nearest: html-errors, html-once");
}
END_TEST

START_TEST(a_count_runs_out)
{
    ck_assert_int_eq(set("limit-next=2"), 0);
    ck_assert(quirk_consume(&q, QUIRK_LIMIT_NEXT));
    ck_assert(quirk_consume(&q, QUIRK_LIMIT_NEXT));
    ck_assert(!quirk_consume(&q, QUIRK_LIMIT_NEXT));
    ck_assert(!quirk_on(&q, QUIRK_LIMIT_NEXT));
}
END_TEST

START_TEST(lists_are_read_whole_names_only)
{
    ck_assert_int_eq(set("lower=email,name"), 0);
    ck_assert(quirk_names_field(&q, QUIRK_LOWER, "email"));
    ck_assert(quirk_names_field(&q, QUIRK_LOWER, "name"));
    ck_assert(!quirk_names_field(&q, QUIRK_LOWER, "nam"));
    ck_assert(!quirk_names_field(&q, QUIRK_LOWER, "mail"));
    ck_assert_int_eq(set("reject=a:x,a:y,b:x:z"), 0);
    ck_assert(quirk_lists(&q, QUIRK_REJECT, "a", "y"));
    ck_assert(quirk_lists(&q, QUIRK_REJECT, "b", "x:z"));
    ck_assert(!quirk_lists(&q, QUIRK_REJECT, "b", "x"));
    ck_assert(!quirk_lists(&q, QUIRK_REJECT, "a", "z"));
    quirk_release(&q);
}
END_TEST

UNIT_MAIN("sim/quirk", every_row_has_a_name_and_help_and_names_differ, reads_each_kind_of_value,
          refuses_values_of_the_wrong_kind, names_the_nearest, a_count_runs_out,
          lists_are_read_whole_names_only)
