#include <config.h>

#include "sync/table.h"

#include "../unit.h"
#include "fixture.h"

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

UNIT_MAIN("sync/table", words_become_unified_words, the_inverse_is_the_first_row_listed,
          null_and_systems_without_rows_pass, unknown_words_follow_the_policy,
          pass_gives_unknown_words_as_they_are)
