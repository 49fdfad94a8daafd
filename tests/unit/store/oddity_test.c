#include <config.h>

#include "fixture.h"
#include "store/operate.h"

static void
add(struct fixture *f, const char *system, const char *field, const char *sent, const char *stored,
    int n)
{
    sql(f,
        "INSERT INTO sync_oddities VALUES ('crm/contacts', '%s', '%s', '%s', '%s', %d,"
        " '2026-01-01T10:00:00.000Z', '2026-01-01T10:00:01.000Z')",
        system, field, sent, stored, n);
}

START_TEST(most_frequent_pair_of_a_field_comes_first)
{
    struct fixture f;
    struct store_oddity *list;

    fixture_open(&f);
    ck_assert_int_eq(store_oddities(f.s, f.a, &list, &f.err), 0);
    add(&f, "hubspot", "phone", "\"1\"", "\"+1\"", 2);
    add(&f, "hubspot", "phone", "\"2\"", "null", 7);
    add(&f, "hubspot", "email", "\"A\"", "\"a\"", 1);
    add(&f, "app", "phone", "\"3\"", "3", 1);
    ck_assert_int_eq(store_oddities(f.s, f.a, &list, &f.err), 4);
    ck_assert_str_eq(list[0].system, "app");
    ck_assert_str_eq(list[1].field, "email");
    ck_assert_int_eq(list[2].n, 7);
    ck_assert_str_eq(val_text(list[2].sent), "2");
    ck_assert_int_eq(list[2].stored->kind, VAL_NULL);
    ck_assert_str_eq(val_text(list[3].stored), "+1");
    ck_assert_str_eq(list[3].resource, "crm/contacts");
    ck_assert_int_eq(list[3].first_at, T0);
    ck_assert_int_eq(list[3].last_at, T0 + 1000);
    fixture_close(&f);
}
END_TEST

START_TEST(forgets_a_field_or_a_system)
{
    struct fixture f;
    struct store_oddity *list;

    fixture_open(&f);
    add(&f, "hubspot", "phone", "\"1\"", "\"+1\"", 2);
    add(&f, "hubspot", "phone", "\"2\"", "\"+2\"", 2);
    add(&f, "hubspot", "email", "\"A\"", "\"a\"", 1);
    add(&f, "app", "phone", "\"3\"", "3", 1);
    ck_assert_int_eq(store_oddities_forget(f.s, "crm/contacts", "hubspot", "name", &f.err), 0);
    ck_assert_int_eq(store_oddities_forget(f.s, "crm/deals", "hubspot", NULL, &f.err), 0);
    ck_assert_int_eq(store_oddities_forget(f.s, "crm/contacts", "hubspot", "phone", &f.err), 2);
    ck_assert_int_eq(store_oddities_forget(f.s, "crm/contacts", "hubspot", NULL, &f.err), 1);
    ck_assert_int_eq(store_oddities(f.s, f.a, &list, &f.err), 1);
    ck_assert_str_eq(list[0].system, "app");
    fixture_close(&f);
}
END_TEST

START_TEST(a_broken_value_is_named)
{
    struct fixture f;
    struct store_oddity *list;

    fixture_open(&f);
    add(&f, "hubspot", "phone", "{", "1", 1);
    ck_assert_int_eq(store_oddities(f.s, f.a, &list, &f.err), -1);
    ck_assert_str_eq(f.err.code, "broken-value");
    ck_assert_str_eq(f.err.hint,
                     "sync-ctl normalizers --forget crm/contacts hubspot phone mends it");
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/oddity", most_frequent_pair_of_a_field_comes_first, forgets_a_field_or_a_system,
          a_broken_value_is_named)
