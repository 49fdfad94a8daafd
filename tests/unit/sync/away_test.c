#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/*
 * What becomes of decisions for ends that are away for a while: that cannot be read, are deleted,
 * show an older write. All found by the law test.
 */

/* ---- ends that cannot be read ---- */

START_TEST(a_first_contact_settles_for_an_end_that_cannot_be_read)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(1);

    fixture_first_contact(f, POLICY_OWNER, -1);
    fixture_scene(f, "a 'old' unread, b 'new' new, c 'older'");
    ck_decides(f, "phone first-contact-owner<b+a+c > a update {'phone':'new'} > c update "
                  "{'phone':'new'}");
}
END_TEST

START_TEST(also_if_it_is_the_only_one_that_differs)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(1);

    fixture_first_contact(f, POLICY_OWNER, -1);
    fixture_scene(f, "a 'old' unread, b 'new' new, c 'new'");
    ck_decides(f, "phone first-contact-owner<b+a > a update {'phone':'new'}");
}
END_TEST

START_TEST(an_unread_end_is_filled_only_if_it_was_empty)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a null unread, b 'new' new, c null");
    ck_decides(f, "phone first-contact-fill<b+a+c > a update {'phone':'new'} > c update "
                  "{'phone':'new'}");
    fixture_scene(f, "a 'old' unread");
    ck_decides(f, "phone first-contact-fill<b!+c > c update {'phone':'new'}");
    ck_covers(f, 1, "{'phone':'new'} ['phone']");
}
END_TEST

START_TEST(what_was_owed_to_an_unread_end_is_overruled_too)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 0);
    fixture_scene(f, "a null new, b '1' gone, c '2' differs, d null unread owed '1' of b");
    ck_decides(f, "phone first-contact-system<a+c+d > c update {'phone':null} > d update "
                  "{'phone':null}");
}
END_TEST

START_TEST(what_is_reported_differs_from_an_end_that_cannot_be_read)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a 'old' unread, b 'new' new, c 'new'");
    ck_decides(f, "phone first-contact-report! = unchanged");
    ck_covers(f, 1, "{'phone':'new'} ['phone']");
}
END_TEST

START_TEST(a_change_that_stays_differs_from_an_end_that_cannot_be_read)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(2);

    /* a comes back alone */
    fixture_scene(f, "a 'mine' was '1' back, b '1' unread, c '1' tombstone");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 0, "{'phone':'mine'} ['phone']");
}
END_TEST

START_TEST(a_conflict_shows_an_unread_end_as_it_was_seen_last)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    fixture_scene(f, "a '2' was '1', b '3' was '1', c 'unseen' was '1' unread");
    ck_decides(f, "phone conflict? = conflict");
    ck_assert_str_eq(val_write_text(f->a, f->d.rules[0].values),
                     "{\"a\":\"2\",\"b\":\"3\",\"c\":\"1\"}");
}
END_TEST

/* ---- ends that were away while others settled something ---- */

START_TEST(an_owner_that_cannot_be_read_is_still_owed_to_one_that_differs)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(2);

    fixture_scene(f, "a 'B' was 'A' differs owed null of c, b null, c null unread");
    ck_decides(f, "phone owner<c+a > a update {'phone':null}");
}
END_TEST

START_TEST(two_that_were_away_take_what_the_rest_settled)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(-1);

    fixture_scene(f, "a 'old' differs, b 'older' differs owed 'old' of a, c 'new', d 'new'");
    ck_decides(f, "phone owed<c!+b > b update {'phone':'new'}");
    ck_covers(f, 0, "{'phone':'old'} ['phone']");
}
END_TEST

START_TEST(a_trespass_is_not_what_the_others_settled)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(1);

    fixture_scene(f, "a 'mine' was 'old' differs, b 'own' unread, c 'x' differs owed 'own' of b, d "
                     "'own' was 'y' late 'own' owed 'own' of b");
    ck_decides(f, "phone owner<b+a+c > a update {'phone':'own'} > c update {'phone':'own'}");
}
END_TEST

START_TEST(a_trespass_over_a_correction_differs_from_the_owner_that_cannot_be_read)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    /* what is owed to b: a late write was seen there */
    fixture_scene(f, "a '1' unread, b 'mine' was 'late' owed '1' of b");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 1, "{'phone':'mine'} ['phone']");
}
END_TEST

START_TEST(who_waits_for_a_value_says_that_value)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_conflict(f, "phone", POLICY_SYSTEM, 2);
    /* c shows an older write of ours, covered since */
    fixture_scene(f, "a '', b 'A' owed '' of c, c 'A' owed '' of a");
    ck_decides(f, "phone owed<c+b+c > b update {'phone':''} > c update {'phone':''}");
}
END_TEST

START_TEST(a_trespass_beside_deleted_records_is_known)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    /* b comes back alone */
    fixture_scene(f, "a '1' tombstone, b 'mine' was '1' back");
    f->in.ended = true;
    f->in.nominator = 1;
    ck_decides(f, "phone not-owner! = not-owner reopened");
    ck_covers(f, 1, "{'phone':'mine'} ['phone']");
    ck_covers(f, 0, "{} ['phone']");
}
END_TEST

/* ---- ends that are new ---- */

START_TEST(a_new_end_gets_what_the_policy_s_source_gets)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 0);
    fixture_scene(f, "a '1', b '2' was '1', c '3' new");
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'2'} > c update {'phone':'2'}");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[1].sources), "{\"phone\":\"b\"}");
}
END_TEST

START_TEST(a_new_end_differs_with_the_source_it_follows)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 0);
    fixture_scene(f, "a '1' differs, b '2', c '3' new");
    ck_decides(f, "phone first-contact-system<a!+c > c update {'phone':'1'}");
    ck_covers(f, 0, "{'phone':'1'} ['phone']");
    ck_covers(f, 1, "{'phone':'2'} []");
    ck_covers(f, 2, "{'phone':'3'} ['phone']");
}
END_TEST

START_TEST(of_two_that_follow_two_that_differ_one_does)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 2);
    fixture_scene(f, "a null new, b '1' owed '4' of d, c '3' differs, d '4' differs");
    ck_decides(f, "phone owed<d!+a+b > a update {'phone':'3'} > b update {'phone':'4'}");
    ck_covers(f, 0, "{'phone':null} ['phone']");
    ck_covers(f, 1, "{'phone':'1'} []");
}
END_TEST

START_TEST(what_is_made_anew_does_not_follow_a_source_that_differs)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(-1);

    f->sync.recreate = true;
    fixture_first_contact(f, POLICY_SYSTEM, 2);
    fixture_scene(f, "a '2' deleted, b '2' new, c '1' differs back, d '2'");
    f->in.nominator = 2;
    ck_decides(f, "phone first-contact-system<c!+b+a > b update {'phone':'1'} > a create "
                  "{'phone':'2'}");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(nor_does_it_follow_a_new_owner_that_differs)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(1);

    f->sync.recreate = true;
    fixture_scene(f, "a '1', b '2' new owed '1' of a, c '3' deleted");
    f->in.nominator = 2;
    ck_decides(f, "phone first-contact-report<a!+c > c create {'phone':'1'}");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(nor_one_that_wins_and_differs)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(-1);

    f->create[2] = true;
    fixture_scene(f, "a '1', b '2' owed '1' of d, d '3' differs");
    fixture_state(f, 2, END_MISSING);
    ck_decides(f, "phone owed<d!+b+c > b update {'phone':'3'} > c create {'phone':'1'}");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(what_is_filled_from_one_that_differs_from_an_unread_end_does_so_too)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a '1' unread, b '2' differs, c null new");
    ck_decides(f, "phone first-contact-fill<b!+c > c update {'phone':'2'}");
    ck_covers(f, 2, "{'phone':null} ['phone']");
}
END_TEST

START_TEST(a_new_end_that_is_as_its_source_differs_from_the_rest_with_it)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 0);
    fixture_scene(f, "a '1' differs, b '2', c '1' new");
    ck_decides(f, "phone first-contact-system<a! = unchanged");
    ck_covers(f, 0, "{'phone':'1'} ['phone']");
    ck_covers(f, 2, "{'phone':'1'} ['phone']");
}
END_TEST

START_TEST(a_source_does_not_differ_from_one_that_refuses_its_value)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 2);
    f->create[1] = true;
    fixture_scene(f, "a null new refuses '1' of c, c '1' new");
    fixture_state(f, 1, END_MISSING);
    ck_decides(f, "phone refused<c+a+b > b create {'phone':'1'}");
    ck_covers(f, 2, "{'phone':'1'} []");
}
END_TEST

START_TEST(two_that_differ_from_the_rest_both_still_do)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(0);

    fixture_scene(f, "a '1' differs, b '1' differs, c '2'");
    ck_decides(f, "phone not-owner! = unchanged");
    ck_covers(f, 0, "{'phone':'1'} ['phone']");
    ck_covers(f, 1, "{'phone':'1'} ['phone']");
    ck_covers(f, 2, "{'phone':'2'} []");
}
END_TEST

START_TEST(what_is_owed_to_one_that_missed_what_an_unread_end_has_is_outdated)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '1' tombstone, b '2' differs back, c '3' unread");
    f->in.nominator = 1;
    fixture_owed(f, "phone", 1, 0, "'1'", 1000, false);
    ck_decides(f, "phone owed<c+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(what_is_owed_to_one_that_was_away_is_not_outdated_by_silent_storing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    /* c stores "B" so, and says nothing of it */
    fixture_scene(f, "a 'B' unread, b '1' differs owed 'B' of a, c 'b'");
    ck_decides(f, "phone owed<a+b > b update {'phone':'B'}");
    /* none of them has "B" */
    fixture_scene(f, "a '2' unread");
    ck_decides(f, "phone owed<c+b > b update {'phone':'b'}");
}
END_TEST

START_TEST(a_new_source_overrules_what_a_late_write_is_corrected_to)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 0);
    fixture_scene(f, "a 'new' new, b 'late' was '1' late 'late', c '1'");
    ck_decides(f, "phone late-write<a+b+c > b update {'phone':'new'} > c update {'phone':'new'}");
    fixture_scene(f, "b 'new' was '1' late 'new'");
    ck_decides(f, "phone late-write<a+c > c update {'phone':'new'}");
}
END_TEST

START_TEST(what_differs_from_what_a_late_write_is_corrected_to_still_does)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' differs, b '2' was '1' late '2', c '2' differs");
    ck_decides(f, "phone late-write<b!+b > b update {'phone':'1'}");
    ck_covers(f, 0, "{'phone':'2'} ['phone']");
    ck_covers(f, 2, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(what_is_corrected_to_nothing_is_filled)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a null, b 'late' was null late 'late', c '1' new");
    ck_decides(f, "phone late-write<c+a+b > a update {'phone':'1'} > b update {'phone':'1'}");
    fixture_scene(f, "c 'late' new");
    ck_decides(f, "phone late-write<c+a > a update {'phone':'late'}");
}
END_TEST

START_TEST(an_owner_s_field_takes_nothing_that_was_for_a_new_record)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(1);

    /* b was restored while it was to be made anew */
    fixture_scene(f, "a 'mine', b 'B' differs back owed 'mine' of a");
    f->in.nominator = 1;
    ck_decides(f, "phone not-owner! = unchanged");
    ck_covers(f, 1, "{'phone':'B'} ['phone']");
}
END_TEST

START_TEST(another_record_than_the_source_has_a_say_of_its_own)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '3' new, b '2' owed '1' of a, c '1'");
    ck_decides(f, "phone owed<a!+b > b update {'phone':'1'}");
    ck_covers(f, 0, "{'phone':'3'} ['phone']");
}
END_TEST

START_TEST(what_was_only_seen_when_others_were_deleted_is_still_to_be_met)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "b '1'");
    fixture_owed(f, "phone", 0, 1, "'1'", 1000, false); /* for a record that was to be made */
    fixture_end(f, 0, "{'phone':'2'}", "{}");
    ck_decides(f, "phone first-contact-report! = unchanged");
    ck_covers(f, 0, "{'phone':'2'} ['phone']");
}
END_TEST

/* ---- deletes ---- */

START_TEST(what_is_owed_to_the_last_live_end_goes_there)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' tombstone, b '1'");
    f->in.nominator = 1;
    ck_decides(f, "= ignored");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, true);
    ck_decides(f, "= ignored");
    f->owed[0].refused = false;
    ck_decides(f, "phone owed<a+b > b update {'phone':'2'}");
    fixture_closed(f, "phone");
    ck_decides(f, "= ignored");
}
END_TEST

START_TEST(what_is_owed_to_one_that_is_away_is_outdated_by_an_edit)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' gone, b '2' was '1', c '1'");
    f->in.nominator = 1;
    fixture_owed(f, "phone", 0, 2, "'1'", 1000, false); /* a never got it, b is back at "2" */
    ck_decides(f, "phone changed-same<b+a+c > c update {'phone':'2'}");
    ck_covers(f, 0, "{} ['phone']");
}
END_TEST

START_TEST(what_is_owed_to_a_record_that_is_deleted_is_missed_by_it)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    f->sync.deletes.propagate = true;
    fixture_scene(f, "a '2' deleted, b '1' refuses '2' of a");
    ck_decides(f, "> b delete {} ended: deleted everywhere");
    ck_covers(f, 1, "{} ['phone']");
    /* what was owed came late */
    fixture_scene(f, "b '2' was '1' late '2'");
    ck_decides(f, "> b delete {} ended: deleted everywhere");
    ck_covers(f, 1, "{'phone':'2'} []");
    f->in.n_owed = 0; /* nobody wants that any more */
    ck_decides(f, "> b delete {} ended: deleted everywhere");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(one_that_comes_back_missed_what_a_person_decided_meanwhile)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '1', b '1' back, c '1'");
    f->in.nominator = 1;
    fixture_owed(f, "phone", 0, 0, "'P'", 1000, false);
    fixture_owed(f, "phone", 2, 2, "'P'", 1000, false);
    f->owed[0].source = f->owed[1].source = DECIDE_PERSON;
    ck_decides(f, "phone owed<person!+a+c > a update {'phone':'P'} > c update {'phone':'P'}");
    ck_covers(f, 1, "{'phone':'1'} ['phone']");
}
END_TEST

START_TEST(one_that_comes_back_missed_that_the_rest_met_with_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a null tombstone owed '1' of c, b null new, c null new");
    f->in.nominator = 1;
    ck_decides(f, "= unchanged");
    ck_covers(f, 0, "{} ['phone']");
}
END_TEST

START_TEST(a_new_record_that_follows_an_owner_that_differs_does_so_too)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(2);

    fixture_scene(f, "a '1', b null, c null differs");
    ck_decides(f, "phone not-owner! = unchanged");
    ck_covers(f, 0, "{'phone':'1'} []");
    ck_covers(f, 1, "{'phone':null} ['phone']");
    ck_covers(f, 2, "{'phone':null} ['phone']");
}
END_TEST

START_TEST(what_differs_when_the_link_ends_still_does_when_it_is_opened)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_end(f, 0, "{'phone':'1','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_deleted(f, 0, true);
    fixture_end(f, 1, "{'phone':'2','name':'y'}", "{'phone':'2','name':'x'}");
    fixture_diverged(f, 1, "['phone']");
    f->in.nominator = 1;
    ck_decides(f, "= ignored ended: edited after it was deleted at a");
    ck_covers(f, 1, "{'phone':'2','name':'y'} ['phone']");
    ck_covers(f, 0, "{} ['phone','name']");
    fixture_end(f, 1, "{'phone':'3','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_diverged(f, 1, "[]");
    ck_decides(f, "= ignored ended: edited after it was deleted at a");
    ck_covers(f, 1, "{'phone':'3','name':'x'} ['phone']");
}
END_TEST

UNIT_MAIN("sync/away", a_first_contact_settles_for_an_end_that_cannot_be_read,
          also_if_it_is_the_only_one_that_differs, an_unread_end_is_filled_only_if_it_was_empty,
          what_was_owed_to_an_unread_end_is_overruled_too,
          what_is_reported_differs_from_an_end_that_cannot_be_read,
          a_change_that_stays_differs_from_an_end_that_cannot_be_read,
          a_conflict_shows_an_unread_end_as_it_was_seen_last,
          an_owner_that_cannot_be_read_is_still_owed_to_one_that_differs,
          two_that_were_away_take_what_the_rest_settled, a_trespass_is_not_what_the_others_settled,
          a_trespass_over_a_correction_differs_from_the_owner_that_cannot_be_read,
          who_waits_for_a_value_says_that_value, a_trespass_beside_deleted_records_is_known,
          a_new_end_gets_what_the_policy_s_source_gets,
          a_new_end_differs_with_the_source_it_follows, of_two_that_follow_two_that_differ_one_does,
          what_is_made_anew_does_not_follow_a_source_that_differs,
          nor_does_it_follow_a_new_owner_that_differs, nor_one_that_wins_and_differs,
          what_is_filled_from_one_that_differs_from_an_unread_end_does_so_too,
          a_new_end_that_is_as_its_source_differs_from_the_rest_with_it,
          a_source_does_not_differ_from_one_that_refuses_its_value,
          two_that_differ_from_the_rest_both_still_do,
          what_is_owed_to_one_that_missed_what_an_unread_end_has_is_outdated,
          what_is_owed_to_one_that_was_away_is_not_outdated_by_silent_storing,
          a_new_source_overrules_what_a_late_write_is_corrected_to,
          what_differs_from_what_a_late_write_is_corrected_to_still_does,
          what_is_corrected_to_nothing_is_filled,
          an_owner_s_field_takes_nothing_that_was_for_a_new_record,
          another_record_than_the_source_has_a_say_of_its_own,
          what_was_only_seen_when_others_were_deleted_is_still_to_be_met,
          what_is_owed_to_the_last_live_end_goes_there,
          what_is_owed_to_one_that_is_away_is_outdated_by_an_edit,
          what_is_owed_to_a_record_that_is_deleted_is_missed_by_it,
          one_that_comes_back_missed_what_a_person_decided_meanwhile,
          one_that_comes_back_missed_that_the_rest_met_with_nothing,
          a_new_record_that_follows_an_owner_that_differs_does_so_too,
          what_differs_when_the_link_ends_still_does_when_it_is_opened)
