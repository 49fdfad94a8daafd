#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* Who may write, and whose change stays where it was made. */

static struct fixture *
made_by_creator(size_t n)
{
    struct fixture *f = fixture_new(n);

    fixture_field(f, "phone", FIELD_TEXT, -1)->owner.kind = OWNER_CREATOR;
    return f;
}

/* ---- ownership levels ---- */

START_TEST(the_creator_owns_the_record)
{
    CLEANUP_FIXTURE struct fixture *f = made_by_creator(3);

    f->in.owned_by = "b";
    fixture_scene(f, "a '2' was '1', b '1', c '1'");
    ck_decides(f, "phone not-owner! = not-owner");
    f->in.owned_by = "a"; /* sync-ctl own */
    ck_decides(f, "phone changed-same<a+b+c > b update {'phone':'2'} > c update {'phone':'2'}");
    fixture_scene(f, "b '3' was '1'");
    fixture_time(f, 1, 9000000, 9000000);
    ck_decides(f, "phone owner<a+b+c > b update {'phone':'2'} > c update {'phone':'2'}");
}
END_TEST

START_TEST(before_there_is_a_link_the_first_live_end_is_the_creator)
{
    CLEANUP_FIXTURE struct fixture *f = made_by_creator(3);

    f->in.linked = false;
    fixture_first_contact(f, POLICY_OWNER, -1);
    fixture_scene(f, "b '2' new, c '3' new");
    f->in.nominator = 2;
    ck_decides(f, "phone first-contact-owner<b+c > c update {'phone':'2'}");
    fixture_state(f, 1, END_MISSING);
    f->create[0] = true;
    ck_decides(f, "phone create<c+a > a create {'phone':'3'}");
}
END_TEST

START_TEST(what_the_creator_does_not_have_any_may_write)
{
    CLEANUP_FIXTURE struct fixture *f = made_by_creator(3);

    fixture_field(f, "name", FIELD_TEXT, 1);
    fixture_unmap(f, 0, "phone");
    f->in.owned_by = "a";
    fixture_end(f, 0, "{'name':'x'}", "{'name':'x'}");
    fixture_end(f, 1, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 2, "{'phone':'1','name':'x'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone changed-same<b+c > c update {'phone':'2'}");
}
END_TEST

START_TEST(a_creator_that_left_the_sync_still_owns_the_record)
{
    CLEANUP_FIXTURE struct fixture *f = made_by_creator(2);

    f->in.owned_by = "z";
    fixture_scene(f, "a '2' was '1', b '1'");
    ck_decides(f, "phone not-owner! = not-owner");
}
END_TEST

START_TEST(a_field_of_its_own_owner_does_not_follow_the_record_s)
{
    CLEANUP_FIXTURE struct fixture *f = made_by_creator(2);

    fixture_field(f, "score", FIELD_NUMBER, 1);
    f->in.owned_by = "a";
    fixture_end(f, 0, "{'phone':'2','score':5}", "{'phone':'1','score':1}");
    fixture_end(f, 1, "{'phone':'3','score':7}", "{'phone':'1','score':1}");
    ck_decides(f, "phone owner<a+b score owner<b+a > a update {'score':7} > b update "
                  "{'phone':'2'}");
}
END_TEST

/* ---- enforce ---- */

static struct fixture *
enforced(size_t n)
{
    struct fixture *f = fixture_new(n);

    fixture_field(f, "phone", FIELD_TEXT, 0)->enforce = true;
    for (size_t i = 0; i < n; i++)
        fixture_show(f, i, "'1'", "'1'");
    return f;
}

START_TEST(what_is_not_theirs_gets_the_owner_s_value_back)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(3);

    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "phone enforce<a+b > b update {'phone':'1'}");
    ck_covers(f, 1, "{'phone':'2'} []");
    fixture_scene(f, "c '3' was '1'");
    ck_decides(f, "phone enforce<a+b+c > b update {'phone':'1'} > c update {'phone':'1'}");
}
END_TEST

START_TEST(a_late_write_is_corrected_to_what_a_new_owner_shows)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(3);

    fixture_scene(f, "a '2' new, b '2' was '1' late '2', c '1' differs");
    ck_decides(f, "phone enforce<a+c > c update {'phone':'2'}");
}
END_TEST

START_TEST(a_late_write_of_what_is_owed_is_right_beside_a_trespass)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(1);

    fixture_scene(f, "a '2' was '1' late '2' owed '2' of c, b '2' unread, c '3' was '2'");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 0, "{'phone':'2'} []");
    ck_covers(f, 2, "{'phone':'3'} ['phone']");
}
END_TEST

START_TEST(an_owner_that_differs_is_enforced_at_unread_ends_too)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(3);

    fixture_scene(f, "a '2' differs, b '1', c '1' unread");
    ck_decides(f, "phone enforce<a!+b+c > b update {'phone':'2'} > c update {'phone':'2'}");
    fixture_scene(f, "c '2' unread");
    ck_decides(f, "phone enforce<a!+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(what_was_left_different_is_restored_at_the_next_decision)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(2);

    fixture_scene(f, "b '2'");
    ck_decides(f, "= unchanged"); /* nobody knows of a difference */
    fixture_diverged(f, 1, "['phone']");
    ck_decides(f, "phone enforce<a+b > b update {'phone':'1'}");
}
END_TEST

START_TEST(the_owner_s_change_needs_no_restoring)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(2);

    fixture_scene(f, "a '3' was '1', b '2' was '1'");
    ck_decides(f, "phone owner<a+b > b update {'phone':'3'}");
    fixture_scene(f, "b '3' was '1'");
    ck_decides(f, "phone adopt<a = unchanged");
}
END_TEST

START_TEST(an_owner_that_cannot_be_read_restores_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(3);

    fixture_scene(f, "b '2' was '1'");
    fixture_state(f, 0, END_UNREAD);
    f->in.nominator = 1;
    ck_decides(f, "phone not-owner! = not-owner");
    fixture_state(f, 0, END_GONE);
    ck_decides(f, "phone not-owner! = not-owner");
}
END_TEST

START_TEST(what_cannot_be_restored_stays_diverged)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(2);

    fixture_map(f, 1, "phone")->read_only = true;
    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(a_first_contact_is_no_trespass)
{
    CLEANUP_FIXTURE struct fixture *f = enforced(2);

    fixture_scene(f, "a '1' new, b '2' new");
    ck_decides(f, "phone first-contact-report! = unchanged");
}
END_TEST

/* ---- other engines ---- */

/* Another engine's change at a. */
static struct fixture *
by_an_engine(size_t n, int owner)
{
    struct fixture *f = fixture_new(n);

    fixture_field(f, "phone", FIELD_TEXT, owner);
    for (size_t i = 0; i < n; i++)
        fixture_show(f, i, "'1'", "'1'");
    fixture_scene(f, "a '2' was '1'");
    f->in.other_engine = true;
    return f;
}

START_TEST(another_engine_s_change_stays_where_it_was_made)
{
    CLEANUP_FIXTURE struct fixture *f = by_an_engine(3, -1);

    ck_decides(f, "phone other-engine! = filtered");
    ck_covers(f, 0, "{'phone':'2'} ['phone']");
    ck_covers(f, 1, "{'phone':'1'} []");
    f->sync.propagate_engines = true;
    ck_decides(f, "phone changed-same<a+b+c > b update {'phone':'2'} > c update {'phone':'2'}");
}
END_TEST

START_TEST(and_stays_a_known_difference_until_somebody_edits)
{
    CLEANUP_FIXTURE struct fixture *f = by_an_engine(2, 0);

    ck_decides(f, "phone other-engine! = filtered");
    fixture_scene(f, "a '2' differs");
    f->in.other_engine = false;
    ck_decides(f, "phone not-owner! = unchanged");
    ck_covers(f, 0, "{'phone':'2'} ['phone']");
    fixture_scene(f, "a '3' was '2'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'3'}");
    ck_covers(f, 0, "{'phone':'3'} []");
}
END_TEST

START_TEST(against_an_edit_another_engine_has_no_say)
{
    CLEANUP_FIXTURE struct fixture *f = by_an_engine(3, -1);

    fixture_scene(f, "b '5' was '1'");
    fixture_time(f, 0, 9000000, 9000000);
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'5'} > c update {'phone':'5'}");
    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'5'} > c update {'phone':'5'}");
    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "phone changed-same<b+c > c update {'phone':'2'}");
}
END_TEST

START_TEST(what_was_owed_from_there_before_is_still_owed)
{
    CLEANUP_FIXTURE struct fixture *f = by_an_engine(3, -1);

    fixture_owed(f, "phone", 1, 0, "'7'", 1000, false);
    ck_decides(f, "phone owed<a!+b > b update {'phone':'7'}");
    ck_covers(f, 0, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(another_engine_s_record_is_not_made_elsewhere)
{
    CLEANUP_FIXTURE struct fixture *f = by_an_engine(2, -1);

    f->create[1] = true;
    f->in.linked = false;
    fixture_scene(f, "a '2' new");
    fixture_state(f, 1, END_MISSING);
    ck_decides(f, "= filtered");
    f->sync.propagate_engines = true;
    ck_decides(f, "phone create<a+b > b create {'phone':'2'}");
}
END_TEST

START_TEST(nor_does_it_win_a_first_contact)
{
    CLEANUP_FIXTURE struct fixture *f = by_an_engine(2, 0);

    fixture_first_contact(f, POLICY_OWNER, -1);
    fixture_scene(f, "a '2' new, b '3' new");
    ck_decides(f, "phone other-engine! = filtered");
    f->in.other_engine = false;
    ck_decides(f, "phone first-contact-owner<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(an_owner_s_engine_restores_nothing_and_one_that_trespasses_is_undone)
{
    CLEANUP_FIXTURE struct fixture *f = by_an_engine(2, 0);

    f->fields[0].enforce = true;
    fixture_scene(f, "b '4' was '1'");
    ck_decides(f, "phone other-engine! = filtered");
    f->fields[0].owner.system = &f->systems[1];
    fixture_scene(f, "b '1'");
    ck_decides(f, "phone enforce<b+a > a update {'phone':'1'}");
}
END_TEST

UNIT_MAIN("sync/owner", the_creator_owns_the_record,
          before_there_is_a_link_the_first_live_end_is_the_creator,
          what_the_creator_does_not_have_any_may_write,
          a_creator_that_left_the_sync_still_owns_the_record,
          a_field_of_its_own_owner_does_not_follow_the_record_s,
          what_is_not_theirs_gets_the_owner_s_value_back,
          an_owner_that_differs_is_enforced_at_unread_ends_too,
          a_late_write_is_corrected_to_what_a_new_owner_shows,
          a_late_write_of_what_is_owed_is_right_beside_a_trespass,
          what_was_left_different_is_restored_at_the_next_decision,
          the_owner_s_change_needs_no_restoring, an_owner_that_cannot_be_read_restores_nothing,
          what_cannot_be_restored_stays_diverged, a_first_contact_is_no_trespass,
          another_engine_s_change_stays_where_it_was_made,
          and_stays_a_known_difference_until_somebody_edits,
          against_an_edit_another_engine_has_no_say, what_was_owed_from_there_before_is_still_owed,
          another_engine_s_record_is_not_made_elsewhere, nor_does_it_win_a_first_contact,
          an_owner_s_engine_restores_nothing_and_one_that_trespasses_is_undone)
