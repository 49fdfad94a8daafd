#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/*
 * Equality is not transitive: beside a system that trims "B " and "B" both equal its "B", and not
 * each other. All found by the law test.
 */

/* WHO trims. */
static struct fixture *
trimming(size_t n, size_t who)
{
    struct fixture *f = fixture_new(n);

    fixture_field(f, "phone", FIELD_TEXT, -1);
    fixture_stores(f, who, "phone", STORES_TRIM, 0);
    return f;
}

START_TEST(a_late_write_that_equals_only_one_of_the_others_is_corrected)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(3, 1);

    fixture_scene(f, "a 'B ' was 'B' late 'B ', b 'B', c 'B'");
    ck_decides(f, "phone late-write<b+a > a update {'phone':'B'}");
}
END_TEST

START_TEST(a_late_write_goes_back_to_what_was_there_and_is_elsewhere)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 1);

    /* c and d store "B" so, and say nothing of it */
    fixture_scene(f, "a 'B' unread, b null was 'B' late null, c 'b', d 'b'");
    ck_decides(f, "phone late-write<b+b > b update {'phone':'B'}");
    fixture_state(f, 0, END_LIVE);
    ck_decides(f, "phone late-write<a+b > b update {'phone':'B'}");
}
END_TEST

START_TEST(new_ends_that_differ_only_beside_the_source_get_one_value)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 1);

    fixture_first_contact(f, POLICY_SYSTEM, 1);
    fixture_scene(f, "a 'B ' new, b 'B' new, c 'B ' new, d 'x' new");
    ck_decides(f, "phone first-contact-system<b+d > d update {'phone':'B '}");
    fixture_scene(f, "c 'B' new");
    ck_decides(f, "phone first-contact-system<b+a+d > a update {'phone':'B'} > d update "
                  "{'phone':'B'}");
    fixture_scene(f, "c 'B ' new, d 'B ' new");
    ck_decides(f, "phone adopt = unchanged");
}
END_TEST

START_TEST(an_end_is_filled_with_the_value_as_the_others_have_it)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 0);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a 'B' new, b 'B ' new, c '' new, d null new");
    ck_decides(f, "phone first-contact-fill<a+c+d > c update {'phone':'B '} > d update "
                  "{'phone':'B '}");
}
END_TEST

START_TEST(an_end_that_cannot_be_filled_so_that_it_equals_all_differs)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 0);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a 'B' new, b 'B ' new, c '' new, d 'B' new");
    ck_decides(f, "phone first-contact-fill<a!+c > c update {'phone':'B'}");
    ck_covers(f, 1, "{'phone':'B '} []");
    ck_covers(f, 2, "{'phone':''} ['phone']");
    ck_covers(f, 3, "{'phone':'B'} ['phone']");
}
END_TEST

START_TEST(new_ends_that_equal_one_but_not_each_other_are_reported)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(3, 0);

    fixture_scene(f, "a 'B' new, b 'B ' new, c 'B' new");
    ck_decides(f, "phone first-contact-report! = unchanged");
    ck_covers(f, 2, "{'phone':'B'} ['phone']");
    fixture_scene(f, "a 'B', b 'B ', c 'B' differs");
    ck_decides(f, "phone first-contact-report! = unchanged");
    ck_covers(f, 2, "{'phone':'B'} ['phone']");
}
END_TEST

START_TEST(one_of_two_that_differed_from_all_differs_from_the_other)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 1);

    fixture_scene(f, "a 'x' owed 'B' of b, b 'B', c 'B' differs, d 'B ' differs");
    ck_decides(f, "phone owed<b!+a > a update {'phone':'B'}");
    ck_covers(f, 2, "{'phone':'B'} []");
    ck_covers(f, 3, "{'phone':'B '} ['phone']");
}
END_TEST

START_TEST(a_new_record_is_level_with_those_that_do_not_differ)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 1);

    f->create[0] = true;
    fixture_scene(f, "b 'B', c 'B ', d 'B' differs");
    f->in.nominator = 1;
    ck_decides(f, "phone first-contact-report<b!+a > a create {'phone':'B '}");
}
END_TEST

START_TEST(a_late_write_that_is_right_counts_for_the_next_one)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(3, 1);

    fixture_scene(f, "a 'B ' was 'B' late 'B ', b 'B', c '' was 'B' late ''");
    ck_decides(f, "phone late-write<b+c > c update {'phone':'B '}");
}
END_TEST

START_TEST(a_change_is_written_as_an_unread_end_has_it)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(3, 2);

    fixture_scene(f, "a 'B ' unread, b 'x', c 'B' was 'x'");
    ck_decides(f, "phone changed-same<c+b > b update {'phone':'B '}");
    fixture_scene(f, "a 'B ', c 'B' was 'x'");
    ck_decides(f, "phone changed-same<c+b > b update {'phone':'B '}");
}
END_TEST

START_TEST(who_has_a_value_in_other_words_is_not_its_source)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 1);

    /* a may store it in a way of its own before c gets it */
    fixture_scene(f, "a 'x', b 'B' was 'x', c 'x', d 'B '");
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'B '} > c update {'phone':'B '}");
    ck_assert_str_eq(val_get_text(f->d.writes[0].sources, "phone"), "b");
    ck_assert_str_eq(val_get_text(f->d.writes[1].sources, "phone"), "b");
}
END_TEST

START_TEST(what_came_late_is_not_right_where_an_unread_end_has_it_differently)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(3, 1);

    fixture_scene(f, "a 'B' was 'x' late 'B' owed 'B' of b, b 'B', c 'B ' unread");
    ck_decides(f, "phone owed<b+a > a update {'phone':'B '}");
}
END_TEST

START_TEST(one_value_goes_to_all_whatever_their_order)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 1);

    fixture_scene(f, "a 'B' was 'B ' late 'B', b 'B', c 'B ', d 'x'");
    for (size_t t = 0; t < 4; t++)
        if (t != 1)
            fixture_owed(f, "phone", t, 1, "'B'", 1000, false);
    ck_decides(f, "phone owed<b+c+d > c update {'phone':'B'} > d update {'phone':'B'}");
}
END_TEST

START_TEST(a_value_that_equals_the_source_s_only_elsewhere_is_not_right)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(3, 1);

    fixture_scene(f, "a 'B' unread, b null owed 'B' of a, c 'B ' owed 'B' of a");
    ck_decides(f, "phone owed<a+b+c > b update {'phone':'B'} > c update {'phone':'B'}");
}
END_TEST

START_TEST(one_that_stores_silently_keeps_nobody_from_being_level)
{
    CLEANUP_FIXTURE struct fixture *f = trimming(4, 1);

    /* that is "B" at d, which says nothing of it */
    fixture_scene(f, "a null was 'B' late null, b 'B', c 'B ' owed 'B' of b, d 'b'");
    ck_decides(f, "phone owed<b+a+c > a update {'phone':'B'} > c update {'phone':'B'}");
    f->in.n_owed = 0; /* c has what it is to have */
    fixture_owed(f, "phone", 0, 1, "'B'", 1000, false);
    ck_decides(f, "phone owed<b+a > a update {'phone':'B '}");
}
END_TEST

UNIT_MAIN("sync/level", a_late_write_that_equals_only_one_of_the_others_is_corrected,
          a_late_write_goes_back_to_what_was_there_and_is_elsewhere,
          new_ends_that_differ_only_beside_the_source_get_one_value,
          an_end_is_filled_with_the_value_as_the_others_have_it,
          an_end_that_cannot_be_filled_so_that_it_equals_all_differs,
          new_ends_that_equal_one_but_not_each_other_are_reported,
          one_of_two_that_differed_from_all_differs_from_the_other,
          a_new_record_is_level_with_those_that_do_not_differ,
          a_late_write_that_is_right_counts_for_the_next_one,
          a_change_is_written_as_an_unread_end_has_it,
          who_has_a_value_in_other_words_is_not_its_source,
          what_came_late_is_not_right_where_an_unread_end_has_it_differently,
          one_value_goes_to_all_whatever_their_order,
          a_value_that_equals_the_source_s_only_elsewhere_is_not_right,
          one_that_stores_silently_keeps_nobody_from_being_level)
