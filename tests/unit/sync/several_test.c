#include <config.h>

#include "sync/decide.h"

#include "../unit.h"
#include "fixture.h"

/* ---- rows of the table of DESIGN.md section 6 between three systems and four ---- */

START_TEST(one_change_goes_to_all_others)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(-1);

    fixture_scene(f, "a '1', b '1', c '2' was '1', d '1'");
    ck_decides(f,
               "phone changed-same<c+a+b+d > a update {'phone':'2'} > b update {'phone':'2'} > d "
               "update {'phone':'2'}");
}
END_TEST

START_TEST(two_that_changed_alike_are_adopted_and_the_third_follows)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '1', c '2' was '1'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
    ck_covers(f, 2, "{'phone':'2'} []");
}
END_TEST

START_TEST(of_three_that_differ_the_owner_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(1);

    fixture_scene(f, "a '2' was '1', b '3' was '1', c '4' was '1'");
    fixture_time(f, 2, 9000000, 9000000);
    ck_decides(f, "phone owner<b+a+c > a update {'phone':'3'} > c update {'phone':'3'}");
}
END_TEST

START_TEST(two_who_may_not_write_win_nothing_of_an_owner_who_did_not_change)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(1);

    fixture_scene(f, "a '2' was '1', b '1', c '4' was '1'");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 0, "{'phone':'2'} ['phone']");
    ck_covers(f, 2, "{'phone':'4'} ['phone']");
}
END_TEST

START_TEST(of_three_that_differ_the_last_write_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '3' was '1', c '4' was '1'");
    fixture_time(f, 0, 100000, 900000);
    fixture_time(f, 1, 200000, 300000);
    fixture_time(f, 2, 150000, 800000);
    ck_decides(f, "phone last-write-wins<b+a+c > a update {'phone':'3'} > c update {'phone':'3'}");
}
END_TEST

START_TEST(of_two_that_differ_the_last_write_goes_to_the_third)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '1', c '4' was '1'");
    fixture_time(f, 0, 100000, 100000);
    fixture_time(f, 2, 150000, 150000);
    ck_decides(f, "phone last-write-wins<c+a+b > a update {'phone':'4'} > b update {'phone':'4'}");
}
END_TEST

/* Only what is within skew of the latest is told apart by what we saw: c's is 8 s after a's. */
START_TEST(skew_is_counted_from_the_latest_of_three)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '3' was '1', c '4' was '1'");
    fixture_time(f, 0, 100000, 900000);
    fixture_time(f, 1, 104000, 500000);
    fixture_time(f, 2, 108000, 300000);
    ck_decides(f, "phone last-write-wins<b+a+c > a update {'phone':'3'} > c update {'phone':'3'}");
}
END_TEST

START_TEST(within_skew_of_each_other_what_we_saw_last_of_three_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '3' was '1', c '4' was '1'");
    fixture_time(f, 0, 100000, 900000);
    fixture_time(f, 1, 102000, 500000);
    fixture_time(f, 2, 104000, 300000);
    ck_decides(f, "phone last-write-wins<a+b+c > b update {'phone':'2'} > c update {'phone':'2'}");
}
END_TEST

START_TEST(of_three_that_differ_the_named_system_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_conflict(f, "phone", POLICY_SYSTEM, 2);
    fixture_scene(f, "a '2' was '1', b '3' was '1', c '4' was '1'");
    fixture_time(f, 0, 900000, 900000);
    ck_decides(f, "phone system<c+a+b > a update {'phone':'4'} > b update {'phone':'4'}");
}
END_TEST

START_TEST(of_three_that_differ_a_person_decides)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    fixture_scene(f, "a '2' was '1', b '3' was '1', c '4' was '1'");
    ck_decides(f, "phone conflict? = conflict");
}
END_TEST

START_TEST(three_without_a_base_that_agree_are_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '1' new, b '1' new, c '1' new");
    ck_decides(f, "phone adopt = unchanged");
}
END_TEST

START_TEST(three_without_a_base_that_differ_are_reported)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '1' new, b '1' new, c '2' new");
    ck_decides(f, "phone first-contact-report! = unchanged");
    ck_covers(f, 2, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(a_system_that_is_met_last_takes_what_the_named_one_shows)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 0);
    fixture_scene(f, "a '1', b '1', c '2' new");
    ck_decides(f, "phone first-contact-system<a+c > c update {'phone':'1'}");
}
END_TEST

START_TEST(fill_fills_each_empty_one_of_three)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a null new, b '2' new, c null new");
    ck_decides(f,
               "phone first-contact-fill<b+a+c > a update {'phone':'2'} > c update {'phone':'2'}");
}
END_TEST

UNIT_MAIN(
    "sync/several", one_change_goes_to_all_others,
    two_that_changed_alike_are_adopted_and_the_third_follows, of_three_that_differ_the_owner_wins,
    two_who_may_not_write_win_nothing_of_an_owner_who_did_not_change,
    of_three_that_differ_the_last_write_wins, of_two_that_differ_the_last_write_goes_to_the_third,
    skew_is_counted_from_the_latest_of_three,
    within_skew_of_each_other_what_we_saw_last_of_three_wins,
    of_three_that_differ_the_named_system_wins, of_three_that_differ_a_person_decides,
    three_without_a_base_that_agree_are_adopted, three_without_a_base_that_differ_are_reported,
    a_system_that_is_met_last_takes_what_the_named_one_shows, fill_fills_each_empty_one_of_three)
