#include <config.h>

#include "../unit.h"
#include "stream/seen.h"

#include <stdio.h>

static bool
add(struct seen *s, int64_t link, const char *system, const char *record, const char *other)
{
    const struct event e = {.resource = "crm/contacts", .system = system, .record_id = record};
    struct decision_end ends[] = {{.system = system, .record_id = record},
                                  {.system = *system == 'a' ? "b" : "a", .record_id = other}};
    const struct decision d = {.link = link, .ends = ends, .n_ends = 2};

    return seen_add(s, &e, &d);
}

START_TEST(a_link_is_one_whoever_nominates_it)
{
    struct seen *s = seen_new();

    ck_assert(!add(s, 7, "a", "1", "2"));
    ck_assert(add(s, 7, "b", "2", "1"));
    ck_assert(!add(s, 8, "a", "1", "2"));
    seen_free(s);
}
END_TEST

START_TEST(one_to_be_made_is_known_by_each_of_its_records)
{
    struct seen *s = seen_new();

    ck_assert(!add(s, 0, "a", "1", "2"));
    ck_assert(add(s, 0, "a", "1", NULL));
    ck_assert(add(s, 0, "b", "2", NULL));
    ck_assert(!add(s, 0, "a", "2", NULL));
    seen_free(s);
}
END_TEST

START_TEST(thousands_are_told_apart)
{
    struct seen *s = seen_new();

    for (int64_t i = 1; i <= 5000; i++)
        ck_assert(!add(s, i, "a", "1", "2"));
    for (int64_t i = 1; i <= 5000; i++)
        ck_assert(add(s, i, "a", "1", "2"));
    seen_free(s);
    seen_free(NULL);
}
END_TEST

UNIT_MAIN("stream/seen", a_link_is_one_whoever_nominates_it,
          one_to_be_made_is_known_by_each_of_its_records, thousands_are_told_apart)
