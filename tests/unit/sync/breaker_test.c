#include <config.h>

#include "sync/breaker.h"

#include "../unit.h"
#include "fixture.h"

/* HISTORY: one letter a write of field `phone`, the last one is about to be written. */
static const char *
trips(const char *history, int alternations)
{
    struct fixture *f = fixture_new(2);
    struct breaker_write writes[16];
    const struct val *set = NULL;
    const char *field;
    size_t n = 0;

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_field(f, "phone", FIELD_TEXT, -1);
    for (const char *p = history; *p != '\0'; p++) {
        set = fixture_json(f, *p == '-' ? "{'name':'x'}"
                                        : arena_printf(f->a, "{'phone':'%c','name':'x'}", *p));
        writes[n] = (struct breaker_write){set, n % 2, (int64_t)n};
        n++;
    }
    field = breaker_trips(f->a, &f->sync, 1, set, writes, n - 1, alternations);
    field = field == NULL ? NULL : "a field"; /* its name goes with the fixture */
    fixture_free(f);
    return field;
}

START_TEST(a_return_is_one_alternation)
{
    ck_assert_ptr_null(trips("AB", 1));
    ck_assert_ptr_nonnull(trips("ABA", 1));
    ck_assert_ptr_null(trips("ABA", 2));
    ck_assert_ptr_nonnull(trips("ABAB", 2));
    ck_assert_ptr_null(trips("ABAB", 3));
    ck_assert_ptr_nonnull(trips("ABABA", 3));
}
END_TEST

START_TEST(a_walk_is_no_alternation)
{
    ck_assert_ptr_null(trips("ABCDEF", 1));
    ck_assert_ptr_null(trips("ABCABC", 1));
    ck_assert_ptr_null(trips("AAAAAA", 1));
    ck_assert_ptr_null(trips("ABABC", 1));
}
END_TEST

START_TEST(a_repeated_write_and_other_fields_do_not_hide_it)
{
    ck_assert_ptr_nonnull(trips("ABBA", 1));
    ck_assert_ptr_nonnull(trips("A-B-A", 1));
    ck_assert_ptr_null(trips("ABA-", 1));
}
END_TEST

START_TEST(values_that_compare_equal_are_one)
{
    struct fixture *f = fixture_new(2);
    struct breaker_write writes[2];

    fixture_field(f, "phone", FIELD_PHONE, -1);
    writes[0] = (struct breaker_write){fixture_json(f, "{'phone':'+1 2'}"), 1, 1};
    writes[1] = (struct breaker_write){fixture_json(f, "{'phone':'34'}"), 1, 2};
    ck_assert_str_eq(
        breaker_trips(f->a, &f->sync, 1, fixture_json(f, "{'phone':'12'}"), writes, 2, 1), "phone");
    ck_assert_ptr_null(
        breaker_trips(f->a, &f->sync, 1, fixture_json(f, "{'phone':'12'}"), writes, 2, 0));
    fixture_free(f);
}
END_TEST

UNIT_MAIN("sync/breaker", a_return_is_one_alternation, a_walk_is_no_alternation,
          a_repeated_write_and_other_fields_do_not_hide_it, values_that_compare_equal_are_one)
