#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* Two systems, one field `phone`. Shadows are 1 unless said otherwise. */
static struct fixture *
two(int owner)
{
    struct fixture *f = fixture_new(2);

    fixture_field(f, "phone", FIELD_TEXT, owner);
    return f;
}

static struct fixture *
three(int owner)
{
    struct fixture *f = fixture_new(3);

    fixture_field(f, "phone", FIELD_TEXT, owner);
    return f;
}

static void
show_end(struct fixture *f, size_t i, const char *now, const char *base)
{
    fixture_end(f, i, arena_printf(f->a, "{'phone':%s}", now),
                base == NULL ? NULL : arena_printf(f->a, "{'phone':%s}", base));
}

/* ---- the table of DESIGN.md section 6 ---- */

START_TEST(nothing_changed_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    ck_decides(f, "= unchanged");
    ck_covers(f, 0, "{'phone':'1'} []");
}
END_TEST

START_TEST(a_change_at_one_side_is_written_to_the_other)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    f->ends[1].etag = "e1";
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
    ck_covers(f, 0, "{'phone':'2'} []");
    ck_covers(f, 1, "{'phone':'1'} []");
    ck_assert_str_eq(val_write_text(f->a, f->d.rules[0].base), "\"1\"");
    ck_assert_str_eq(f->d.writes[0].target_record_id, "b-1");
    ck_assert_str_eq(f->d.writes[0].account, "account-b");
    ck_assert_str_eq(f->d.writes[0].etag, "e1");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].before), "{\"phone\":\"1\"}");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].sources), "{\"phone\":\"a\"}");
}
END_TEST

START_TEST(the_mirror_image_is_written_back)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'2'", "'1'");
    ck_decides(f, "phone changed-same<b+a > a update {'phone':'2'}");
}
END_TEST

START_TEST(changes_of_two_fields_go_both_ways_in_one_decision)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 1, "{'phone':'1','name':'y'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone changed-same<a+b name changed-same<b+a > a update {'name':'y'} > b update "
                  "{'phone':'2'}");
}
END_TEST

START_TEST(a_change_at_a_side_that_may_not_write_stays_there_as_diverged)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'2'", "'1'");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 0, "{'phone':'1'} []");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(a_known_difference_stays_diverged_and_is_not_written)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'2'", "'2'");
    fixture_diverged(f, 1, "['phone']");
    ck_decides(f, "phone not-owner! = unchanged");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(the_owner_s_next_change_ends_a_known_difference)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'3'", "'1'");
    show_end(f, 1, "'2'", "'2'");
    fixture_diverged(f, 1, "['phone']");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'3'}");
    ck_covers(f, 1, "{'phone':'2'} []");
}
END_TEST

START_TEST(a_diverged_side_that_goes_back_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'1'", "'2'");
    fixture_diverged(f, 1, "['phone']");
    ck_decides(f, "phone adopt = unchanged");
    ck_covers(f, 1, "{'phone':'1'} []");
}
END_TEST

START_TEST(both_changed_to_the_same_value_is_adopted_without_a_write)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'2'", "'1'");
    ck_decides(f, "phone adopt<a = unchanged");
    ck_covers(f, 0, "{'phone':'2'} []");
    ck_covers(f, 1, "{'phone':'2'} []");
}
END_TEST

START_TEST(both_changed_and_differ_the_owner_wins)
{
    CLEANUP_FIXTURE struct fixture *f = two(1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'3'", "'1'");
    fixture_time(f, 0, 9000000, 9000000);
    ck_decides(f, "phone owner<b+a > a update {'phone':'3'}");
}
END_TEST

START_TEST(both_changed_and_differ_the_last_write_wins)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'4'", "'2'");
    fixture_time(f, 0, 100000, 200000);
    fixture_time(f, 1, 109000, 150000);
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'4'}");
}
END_TEST

START_TEST(within_skew_what_we_saw_last_wins)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'4'", "'2'");
    fixture_time(f, 0, 100000, 200000);
    fixture_time(f, 1, 104999, 150000);
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'3'}");
    fixture_time(f, 1, 105000, 150000);
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'4'}");
}
END_TEST

START_TEST(an_unknown_time_is_decided_by_what_we_saw_last)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'4'", "'2'");
    fixture_time(f, 0, 0, 200000);
    fixture_time(f, 1, 900000, 150000);
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(equal_times_are_decided_by_the_order_of_the_systems)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'4'", "'2'");
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(both_changed_and_differ_the_named_system_wins)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_conflict(f, "phone", POLICY_SYSTEM, 1);
    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'4'", "'2'");
    fixture_time(f, 0, 900000, 900000);
    ck_decides(f, "phone system<b+a > a update {'phone':'4'}");
}
END_TEST

START_TEST(a_named_system_that_did_not_change_wins_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    fixture_conflict(f, "phone", POLICY_SYSTEM, 2);
    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'4'", "'2'");
    show_end(f, 2, "'2'", "'2'");
    ck_decides(f, "phone conflict? = conflict");
}
END_TEST

START_TEST(a_manual_conflict_keeps_the_field_while_others_go_on)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'w'}");
    fixture_end(f, 1, "{'phone':'3','name':'w'}", "{'phone':'1','name':'w'}");
    ck_decides(f, "phone conflict? name changed-same<a+b > b update {'name':'x'} = conflict");
    ck_covers(f, 0, "{'name':'x'} []");
    ck_covers(f, 1, "{'name':'w'} []");
}
END_TEST

START_TEST(a_closed_field_does_not_move_while_others_go_on)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_closed(f, "phone");
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'w'}");
    fixture_end(f, 1, "{'phone':'1','name':'w'}", "{'phone':'1','name':'w'}");
    ck_decides(f, "phone conflict? name changed-same<a+b > b update {'name':'x'} = conflict");
    ck_covers(f, 0, "{'name':'x'} []");
}
END_TEST

START_TEST(a_closed_field_where_nothing_changed_says_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_closed(f, "phone");
    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    ck_decides(f, "= unchanged");
    ck_covers(f, 0, "{} []");
}
END_TEST

START_TEST(no_base_and_equal_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'2'", NULL);
    show_end(f, 1, "'2'", NULL);
    ck_decides(f, "phone adopt = unchanged");
    ck_covers(f, 0, "{'phone':'2'} []");
}
END_TEST

START_TEST(first_contact_report_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'2'", NULL);
    show_end(f, 1, "'3'", NULL);
    ck_decides(f, "phone first-contact-report! = unchanged");
    ck_covers(f, 0, "{'phone':'2'} []");
    ck_covers(f, 1, "{'phone':'3'} ['phone']");
}
END_TEST

START_TEST(first_contact_owner_writes_the_owner_s_value)
{
    CLEANUP_FIXTURE struct fixture *f = two(1);

    fixture_first_contact(f, POLICY_OWNER, -1);
    show_end(f, 0, "'2'", NULL);
    show_end(f, 1, "'3'", NULL);
    ck_decides(f, "phone first-contact-owner<b+a > a update {'phone':'3'}");
}
END_TEST

START_TEST(first_contact_owner_reports_where_any_may_write)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_first_contact(f, POLICY_OWNER, -1);
    show_end(f, 0, "'2'", NULL);
    show_end(f, 1, "'3'", NULL);
    ck_decides(f, "phone first-contact-report! = unchanged");
}
END_TEST

START_TEST(first_contact_fill_writes_to_empty_ends_only)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_first_contact(f, POLICY_FILL, -1);
    show_end(f, 0, "null", NULL);
    show_end(f, 1, "'3'", NULL);
    ck_decides(f, "phone first-contact-fill<b+a > a update {'phone':'3'}");
    show_end(f, 0, "'2'", NULL);
    ck_decides(f, "phone first-contact-fill<a! = unchanged");
}
END_TEST

START_TEST(first_contact_fill_does_not_fill_the_owner_s_own_field)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    fixture_first_contact(f, POLICY_FILL, -1);
    show_end(f, 0, "''", NULL);
    show_end(f, 1, "'3'", NULL);
    ck_decides(f, "phone first-contact-report! = unchanged");
}
END_TEST

START_TEST(first_contact_system_writes_that_system_s_value)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 1);
    show_end(f, 0, "'2'", NULL);
    show_end(f, 1, "'3'", NULL);
    ck_decides(f, "phone first-contact-system<b+a > a update {'phone':'3'}");
}
END_TEST

START_TEST(a_new_field_of_a_linked_record_has_no_base)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    fixture_field(f, "title", FIELD_TEXT, 0);
    fixture_end(f, 0, "{'phone':'1','title':'x'}", "{'phone':'1'}");
    fixture_end(f, 1, "{'phone':'1','title':'y'}", "{'phone':'1'}");
    ck_decides(f, "title first-contact-report! = unchanged");
    fixture_first_contact(f, POLICY_OWNER, -1);
    ck_decides(f, "title first-contact-owner<a+b > b update {'title':'x'}");
    fixture_first_contact(f, POLICY_SYSTEM, 1);
    ck_decides(f, "title first-contact-system<b+a > a update {'title':'y'}");
    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_end(f, 1, "{'phone':'1'}", "{'phone':'1'}");
    ck_decides(f, "title first-contact-fill<a+b > b update {'title':'x'}");
}
END_TEST

START_TEST(under_another_mapping_fields_have_no_base)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    f->ends[0].map_changed = f->ends[1].map_changed = true;
    ck_decides(f, "phone first-contact-report! = unchanged");
}
END_TEST

START_TEST(a_null_shadow_is_a_base)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "null");
    show_end(f, 1, "null", "null");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(a_cleared_field_is_written_as_null)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_end(f, 0, "{}", "{'phone':'1'}");
    show_end(f, 1, "'1'", "'1'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':null}");
    ck_covers(f, 0, "{'phone':null} []");
}
END_TEST

START_TEST(empty_text_is_not_null_unless_stored_so)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "''", "null");
    show_end(f, 1, "null", "null");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':''}");
    fixture_stores(f, 1, "phone", STORES_EMPTY_NULL, 0);
    ck_decides(f, "phone adopt<a = unchanged");
}
END_TEST

/* ---- create ---- */

START_TEST(a_missing_end_is_created_where_allowed)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    fixture_field(f, "score", FIELD_NUMBER, 1);
    fixture_field(f, "notes", FIELD_TEXT, -1);
    f->create[1] = true;
    fixture_field(f, "fax", FIELD_TEXT, -1);
    fixture_end(f, 0, "{'phone':'2','score':3,'notes':''}", NULL);
    ck_decides(f, "phone create<a+b score create<a+b notes create<a+b > b create "
                  "{'phone':'2','score':3,'notes':''}");
    ck_covers(f, 0, "{'phone':'2','score':3,'notes':'','fax':null} []");
    ck_covers(f, 1, "absent");
    ck_assert_ptr_null(f->d.writes[0].target_record_id);
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].sources),
                     "{\"phone\":\"a\",\"score\":\"a\",\"notes\":\"a\"}");
}
END_TEST

START_TEST(a_missing_end_is_ignored_where_create_is_not_allowed)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'2'", NULL);
    ck_decides(f, "= ignored");
}
END_TEST

START_TEST(create_only_fields_are_written_at_creation_only)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    fixture_field(f, "source", FIELD_TEXT, 0)->create_only = true;
    f->create[1] = true;
    fixture_end(f, 0, "{'phone':'2','source':'web'}", NULL);
    ck_decides(f, "phone create<a+b source create<a+b > b create {'phone':'2','source':'web'}");
    fixture_end(f, 0, "{'phone':'2','source':'fair'}", "{'phone':'2','source':'web'}");
    fixture_end(f, 1, "{'phone':'2','source':'web'}", "{'phone':'2','source':'web'}");
    ck_decides(f, "source create-only = unchanged");
    ck_covers(f, 0, "{'phone':'2','source':'fair'} []");
}
END_TEST

START_TEST(an_unknown_create_is_not_repeated)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    f->create[1] = true;
    f->ends[1].unknown_create = true;
    show_end(f, 0, "'2'", NULL);
    ck_decides(f, "= owed");
}
END_TEST

START_TEST(of_three_the_missing_one_is_created_and_the_others_settled)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    f->create[2] = true;
    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'2'", "'1'");
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'2'} > c create {'phone':'2'}");
}
END_TEST

START_TEST(nothing_is_created_while_an_end_is_gone)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    f->create[2] = true;
    show_end(f, 0, "'1'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    fixture_state(f, 1, END_GONE);
    ck_decides(f, "= gone");
}
END_TEST

START_TEST(a_field_in_conflict_is_left_out_of_a_create)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    fixture_field(f, "name", FIELD_TEXT, 0);
    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    f->create[2] = true;
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 1, "{'phone':'3','name':'x'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone conflict? name create<a+c > c create {'name':'x'} = conflict");
}
END_TEST

START_TEST(a_refused_value_is_left_out_of_the_next_create)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    fixture_field(f, "name", FIELD_TEXT, 0);
    f->create[1] = true;
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'2','name':'x'}");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, true);
    ck_decides(f, "name create<a+b > b create {'name':'x'}");
    fixture_owed(f, "name", 1, 0, "'x'", 1000, true);
    ck_decides(f, "= ignored");
}
END_TEST

/* ---- gone and deleted ---- */

START_TEST(a_gone_end_ends_gone_and_nothing_moves)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    fixture_state(f, 0, END_GONE);
    ck_decides(f, "= gone");
    ck_covers(f, 0, "{} []");
    ck_covers(f, 1, "{} []");
    ck_assert_str_eq(f->d.ends[0].state, "gone");
}
END_TEST

START_TEST(an_edit_beside_a_gone_end_is_still_an_edit_when_it_comes_back)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    fixture_state(f, 1, END_GONE);
    ck_decides(f, "= gone");
    ck_covers(f, 0, "{} []");
}
END_TEST

START_TEST(with_three_the_others_go_on_and_the_gone_one_is_diverged)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    show_end(f, 2, "'1'", "'1'");
    fixture_state(f, 2, END_GONE);
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
    ck_covers(f, 2, "{} ['phone']");
}
END_TEST

START_TEST(a_deleted_end_is_a_tombstone_and_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    fixture_state(f, 0, END_DELETED);
    ck_decides(f, "= deleted");
    ck_assert_str_eq(f->d.ends[0].state, "deleted");
}
END_TEST

/* ---- owed, refused, late ---- */

START_TEST(what_is_owed_is_written_again)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'1'", "'1'");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "phone owed<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(what_was_owed_and_arrived_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'2'", "'1'");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "phone adopt<a = unchanged");
}
END_TEST

START_TEST(owed_takes_the_present_value_of_its_source)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'1'", "'1'");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(owed_by_a_source_that_is_no_longer_there_is_the_value_itself)
{
    CLEANUP_FIXTURE struct fixture *f = three(0);

    show_end(f, 1, "'1'", "'1'");
    show_end(f, 2, "'2'", "'2'");
    f->in.nominator = 1;
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "phone owed<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(a_target_that_changed_meanwhile_meets_the_policy)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'9'", "'1'");
    fixture_time(f, 0, 1, 1);
    fixture_time(f, 1, 50000, 50000);
    fixture_owed(f, "phone", 1, 0, "'2'", 90000, false);
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'2'}");
    f->owed[0].since = 20000;
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'9'}");
    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    ck_decides(f, "phone conflict?+b = conflict");
}
END_TEST

START_TEST(what_is_owed_elsewhere_gives_way_to_a_later_edit)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'5'", "'2'");
    show_end(f, 2, "'1'", "'1'");
    fixture_owed(f, "phone", 2, 0, "'2'", 1000, false);
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'5'} > c update {'phone':'5'}");
}
END_TEST

START_TEST(owed_goes_where_it_is_owed_and_leaves_known_differences)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'1'", "'1'");
    show_end(f, 2, "'7'", "'7'");
    fixture_diverged(f, 2, "['phone']");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "phone owed<a!+b > b update {'phone':'2'}");
    ck_covers(f, 2, "{'phone':'7'} ['phone']");
}
END_TEST

START_TEST(a_source_that_may_no_longer_write_sends_what_was_decided)
{
    CLEANUP_FIXTURE struct fixture *f = three(2);

    show_end(f, 0, "'8'", "'2'");
    show_end(f, 1, "'1'", "'1'");
    show_end(f, 2, "'2'", "'2'");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "phone owed<a!+b > b update {'phone':'2'} = not-owner");
    ck_covers(f, 0, "{'phone':'8'} ['phone']");
}
END_TEST

START_TEST(a_refused_value_is_not_sent_again)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'1'", "'1'");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, true);
    ck_decides(f, "phone refused<a+b = unchanged");
    show_end(f, 0, "'3'", "'2'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(a_refused_field_does_not_hold_up_the_others)
{
    CLEANUP_FIXTURE struct fixture *f = two(0);

    fixture_field(f, "name", FIELD_TEXT, 0);
    fixture_end(f, 0, "{'phone':'2','name':'y'}", "{'phone':'2','name':'x'}");
    fixture_end(f, 1, "{'phone':'1','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, true);
    ck_decides(f, "phone refused<a+b name changed-same<a+b > b update {'name':'y'}");
}
END_TEST

START_TEST(what_is_owed_to_an_end_that_is_not_there_stays_owed)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    show_end(f, 0, "'3'", "'2'");
    show_end(f, 1, "'2'", "'2'");
    f->ends[2].unknown_create = true;
    fixture_owed(f, "phone", 2, 0, "'2'", 1000, false);
    ck_decides(f, "phone changed-same<a+b+c > b update {'phone':'3'}");
}
END_TEST

START_TEST(a_late_write_of_ours_is_corrected)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'3'", "'3'");
    show_end(f, 1, "'2'", "'3'");
    fixture_late(f, 1, "{'phone':'2'}");
    ck_decides(f, "phone late-write<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(a_late_write_that_is_right_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'2'", "'1'");
    fixture_late(f, 1, "{'phone':'2'}");
    ck_decides(f, "phone adopt = unchanged");
}
END_TEST

START_TEST(a_late_write_does_not_stand_against_an_edit)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    show_end(f, 0, "'4'", "'3'");
    show_end(f, 1, "'2'", "'3'");
    fixture_late(f, 1, "{'phone':'2'}");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'4'}");
}
END_TEST

START_TEST(the_owner_s_word_counts_even_if_we_wrote_it_once)
{
    CLEANUP_FIXTURE struct fixture *f = two(1);

    show_end(f, 0, "'3'", "'3'");
    show_end(f, 1, "'2'", "'3'");
    fixture_late(f, 1, "{'phone':'2'}");
    ck_decides(f, "phone changed-same<b+a > a update {'phone':'2'}");
}
END_TEST

START_TEST(a_person_may_go_back_to_an_old_value)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'2'", "'2'");
    show_end(f, 1, "'1'", "'2'");
    ck_decides(f, "phone changed-same<b+a > a update {'phone':'1'}");
}
END_TEST

/* ---- words ---- */

START_TEST(values_are_written_in_the_target_s_words)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, 0);
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a lead=new a customer=won a other=won b NEW=new b WON=won");
    fixture_end(f, 0, "{'status':'customer'}", "{'status':'lead'}");
    fixture_end(f, 1, "{'status':'NEW'}", "{'status':'NEW'}");
    ck_decides(f, "status changed-same<a+b > b update {'status':'WON'}");
}
END_TEST

START_TEST(a_word_that_means_the_same_is_left_in_its_cell)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a lead=new a customer=won a other=won b NEW=new b WON=won");
    fixture_end(f, 0, "{'status':'other'}", "{'status':'customer'}");
    fixture_end(f, 1, "{'status':'WON'}", "{'status':'WON'}");
    ck_decides(f, "= unchanged");
    fixture_end(f, 0, "{'status':'other'}", "{'status':'other'}");
    fixture_end(f, 1, "{'status':'WON'}", "{'status':'NEW'}");
    ck_decides(f, "status adopt<b = unchanged");
}
END_TEST

static struct fixture *
odd_word(enum unmapped unmapped)
{
    struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, 0);
    fixture_field(f, "name", FIELD_TEXT, 0);
    fixture_table(f, "status", unmapped, "a lead=new b NEW=new");
    fixture_end(f, 0, "{'status':'odd','name':'y'}", "{'status':'lead','name':'x'}");
    fixture_end(f, 1, "{'status':'NEW','name':'x'}", "{'status':'NEW','name':'x'}");
    return f;
}

START_TEST(an_unknown_word_rejects_the_decision)
{
    CLEANUP_FIXTURE struct fixture *f = odd_word(UNMAPPED_REJECT);

    ck_decides(f, "= rejected");
    ck_assert_str_eq(f->d.reject_code, "unmapped");
    ck_assert_str_eq(f->d.text, "status: table words has no word for \"odd\" at a");
    ck_covers(f, 0, "{} []");
}
END_TEST

START_TEST(an_unknown_word_is_skipped_and_others_go_on)
{
    CLEANUP_FIXTURE struct fixture *f = odd_word(UNMAPPED_SKIP);

    ck_decides(f, "status unmapped name changed-same<a+b > b update {'name':'y'} = unmapped");
    ck_covers(f, 0, "{'name':'y'} []");
}
END_TEST

START_TEST(an_unknown_word_passes_as_it_is)
{
    CLEANUP_FIXTURE struct fixture *f = odd_word(UNMAPPED_PASS);

    ck_decides(f, "status changed-same<a+b name changed-same<a+b > b update "
                  "{'status':'odd','name':'y'}");
}
END_TEST

START_TEST(a_word_that_the_target_lacks_is_unmapped_too)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, 0);
    fixture_table(f, "status", UNMAPPED_SKIP, "a lead=new a lost=lost b NEW=new");
    fixture_end(f, 0, "{'status':'lost'}", "{'status':'lead'}");
    fixture_end(f, 1, "{'status':'NEW'}", "{'status':'NEW'}");
    ck_decides(f, "status unmapped = unmapped");
    ck_covers(f, 0, "{} []");
}
END_TEST

/* ---- mapping ---- */

START_TEST(a_system_that_does_not_map_a_field_takes_no_part)
{
    CLEANUP_FIXTURE struct fixture *f = three(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_unmap(f, 1, "phone");
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 1, "{'phone':'9','name':'x'}", "{'name':'x'}");
    fixture_end(f, 2, "{'phone':'1','name':'x'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone changed-same<a+c > c update {'phone':'2'}");
    ck_covers(f, 1, "{'name':'x'} []");
}
END_TEST

START_TEST(a_read_only_field_is_never_written)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    fixture_map(f, 1, "phone")->read_only = true;
    show_end(f, 0, "'2'", "'1'");
    show_end(f, 1, "'1'", "'1'");
    ck_decides(f, "phone changed-same<a! = unchanged");
    ck_covers(f, 1, "{'phone':'1'} ['phone']");
    fixture_state(f, 1, END_MISSING);
    f->create[1] = true;
    ck_decides(f, "= ignored");
}
END_TEST

START_TEST(numbers_leave_as_they_came)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "id", FIELD_NUMBER, -1);
    fixture_field(f, "rate", FIELD_NUMBER, -1);
    fixture_field(f, "price", FIELD_NUMBER, -1);
    fixture_field(f, "note", FIELD_TEXT, -1);
    fixture_end(f, 0,
                "{'id':9223372036854775807,'rate':0.1,'price':1.10,'note':'\xf0\x9f\x98\x80'}",
                "{'id':1,'rate':1,'price':1,'note':''}");
    fixture_end(f, 1, "{'id':1,'rate':1,'price':1,'note':''}",
                "{'id':1,'rate':1,'price':1,'note':''}");
    fixture_decide(f);
    ck_assert_uint_eq(f->d.n_writes, 1);
    ck_assert_str_eq(
        val_write_text(f->a, f->d.writes[0].set),
        "{\"id\":9223372036854775807,\"rate\":0.1,\"price\":1.10,\"note\":\"\xf0\x9f\x98\x80\"}");
}
END_TEST

START_TEST(large_ids_that_differ_in_the_last_digit_are_two)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "id", FIELD_NUMBER, -1);
    fixture_end(f, 0, "{'id':9007199254740993}", "{'id':9007199254740992}");
    fixture_end(f, 1, "{'id':9007199254740992}", "{'id':9007199254740992}");
    ck_decides(f, "id changed-same<a+b > b update {'id':9007199254740993}");
}
END_TEST

START_TEST(a_target_that_stores_differently_does_not_loop)
{
    CLEANUP_FIXTURE struct fixture *f = two(-1);

    show_end(f, 0, "'0049 1'", "'0049 1'");
    show_end(f, 1, "'+491'", "'+491'");
    ck_decides(f, "= unchanged");
}
END_TEST

START_TEST(the_worse_disposition_wins)
{
    ck_assert_str_eq(decide_worse("pushed", "conflict"), "conflict");
    ck_assert_str_eq(decide_worse("owed", "pushed"), "owed");
    ck_assert_str_eq(decide_worse(NULL, "ignored"), "ignored");
    ck_assert_str_eq(decide_worse("gone", NULL), "gone");
    ck_assert_ptr_null(decide_worse(NULL, NULL));
}
END_TEST

UNIT_MAIN(
    "sync/decide", nothing_changed_writes_nothing, a_change_at_one_side_is_written_to_the_other,
    the_mirror_image_is_written_back, changes_of_two_fields_go_both_ways_in_one_decision,
    a_change_at_a_side_that_may_not_write_stays_there_as_diverged,
    a_known_difference_stays_diverged_and_is_not_written,
    the_owner_s_next_change_ends_a_known_difference, a_diverged_side_that_goes_back_is_adopted,
    both_changed_to_the_same_value_is_adopted_without_a_write,
    both_changed_and_differ_the_owner_wins, both_changed_and_differ_the_last_write_wins,
    within_skew_what_we_saw_last_wins, an_unknown_time_is_decided_by_what_we_saw_last,
    equal_times_are_decided_by_the_order_of_the_systems,
    both_changed_and_differ_the_named_system_wins, a_named_system_that_did_not_change_wins_nothing,
    a_manual_conflict_keeps_the_field_while_others_go_on,
    a_closed_field_does_not_move_while_others_go_on,
    a_closed_field_where_nothing_changed_says_nothing, no_base_and_equal_is_adopted,
    first_contact_report_writes_nothing, first_contact_owner_writes_the_owner_s_value,
    first_contact_owner_reports_where_any_may_write, first_contact_fill_writes_to_empty_ends_only,
    first_contact_fill_does_not_fill_the_owner_s_own_field,
    first_contact_system_writes_that_system_s_value, a_new_field_of_a_linked_record_has_no_base,
    under_another_mapping_fields_have_no_base, a_null_shadow_is_a_base,
    a_cleared_field_is_written_as_null, empty_text_is_not_null_unless_stored_so,
    a_missing_end_is_created_where_allowed, a_missing_end_is_ignored_where_create_is_not_allowed,
    create_only_fields_are_written_at_creation_only, an_unknown_create_is_not_repeated,
    of_three_the_missing_one_is_created_and_the_others_settled,
    nothing_is_created_while_an_end_is_gone, a_field_in_conflict_is_left_out_of_a_create,
    a_refused_value_is_left_out_of_the_next_create, a_gone_end_ends_gone_and_nothing_moves,
    an_edit_beside_a_gone_end_is_still_an_edit_when_it_comes_back,
    with_three_the_others_go_on_and_the_gone_one_is_diverged,
    a_deleted_end_is_a_tombstone_and_writes_nothing, what_is_owed_is_written_again,
    what_was_owed_and_arrived_is_adopted, owed_takes_the_present_value_of_its_source,
    owed_by_a_source_that_is_no_longer_there_is_the_value_itself,
    a_target_that_changed_meanwhile_meets_the_policy,
    what_is_owed_elsewhere_gives_way_to_a_later_edit,
    owed_goes_where_it_is_owed_and_leaves_known_differences,
    a_source_that_may_no_longer_write_sends_what_was_decided, a_refused_value_is_not_sent_again,
    a_refused_field_does_not_hold_up_the_others,
    what_is_owed_to_an_end_that_is_not_there_stays_owed, a_late_write_of_ours_is_corrected,
    a_late_write_that_is_right_is_adopted, a_late_write_does_not_stand_against_an_edit,
    the_owner_s_word_counts_even_if_we_wrote_it_once, a_person_may_go_back_to_an_old_value,
    values_are_written_in_the_target_s_words, a_word_that_means_the_same_is_left_in_its_cell,
    an_unknown_word_rejects_the_decision, an_unknown_word_is_skipped_and_others_go_on,
    an_unknown_word_passes_as_it_is, a_word_that_the_target_lacks_is_unmapped_too,
    a_system_that_does_not_map_a_field_takes_no_part, a_read_only_field_is_never_written,
    numbers_leave_as_they_came, large_ids_that_differ_in_the_last_digit_are_two,
    a_target_that_stores_differently_does_not_loop, the_worse_disposition_wins)
