#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* ---- the table of DESIGN.md section 6 ---- */

START_TEST(nothing_changed_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '1', b '1'");
    ck_decides(f, "= unchanged");
    ck_covers(f, 0, "{'phone':'1'} []");
}
END_TEST

START_TEST(a_change_at_one_side_is_written_to_the_other)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was '1', b '1'");
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
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '1', b '2' was '1'");
    ck_decides(f, "phone changed-same<b+a > a update {'phone':'2'}");
}
END_TEST

START_TEST(changes_of_two_fields_go_both_ways_in_one_decision)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 1, "{'phone':'1','name':'y'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone changed-same<a+b name changed-same<b+a > a update {'name':'y'} > b update "
                  "{'phone':'2'}");
}
END_TEST

START_TEST(a_change_at_a_side_that_may_not_write_stays_there_as_diverged)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '1', b '2' was '1'");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 0, "{'phone':'1'} []");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(a_known_difference_stays_diverged_and_is_not_written)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '1', b '2' differs");
    ck_decides(f, "phone not-owner! = unchanged");
    ck_covers(f, 1, "{'phone':'2'} ['phone']");
}
END_TEST

START_TEST(the_owner_s_next_change_ends_a_known_difference)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '3' was '1', b '2' differs");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'3'}");
    ck_covers(f, 1, "{'phone':'2'} []");
}
END_TEST

START_TEST(a_diverged_side_that_goes_back_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '1', b '1' was '2' differs");
    ck_decides(f, "phone adopt = unchanged");
    ck_covers(f, 1, "{'phone':'1'} []");
}
END_TEST

START_TEST(both_changed_to_the_same_value_is_adopted_without_a_write)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was '1', b '2' was '1'");
    ck_decides(f, "phone adopt<a = unchanged");
    ck_covers(f, 0, "{'phone':'2'} []");
    ck_covers(f, 1, "{'phone':'2'} []");
}
END_TEST

START_TEST(both_changed_and_differ_the_owner_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(1);

    fixture_scene(f, "a '2' was '1', b '3' was '1'");
    fixture_time(f, 0, 9000000, 9000000);
    ck_decides(f, "phone owner<b+a > a update {'phone':'3'}");
}
END_TEST

START_TEST(both_changed_and_differ_the_last_write_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '3' was '2', b '4' was '2'");
    fixture_time(f, 0, 100000, 200000);
    fixture_time(f, 1, 109000, 150000);
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'4'}");
}
END_TEST

START_TEST(within_skew_what_we_saw_last_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '3' was '2', b '4' was '2'");
    fixture_time(f, 0, 100000, 200000);
    fixture_time(f, 1, 104999, 150000);
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'3'}");
    fixture_time(f, 1, 105000, 150000);
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'4'}");
}
END_TEST

START_TEST(an_unknown_time_is_decided_by_what_we_saw_last)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '3' was '2', b '4' was '2'");
    fixture_time(f, 0, 0, 200000);
    fixture_time(f, 1, 900000, 150000);
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(equal_times_are_decided_by_the_order_of_the_systems)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '3' was '2', b '4' was '2'");
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(both_changed_and_differ_the_named_system_wins)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_conflict(f, "phone", POLICY_SYSTEM, 1);
    fixture_scene(f, "a '3' was '2', b '4' was '2'");
    fixture_time(f, 0, 900000, 900000);
    ck_decides(f, "phone system<b+a > a update {'phone':'4'}");
}
END_TEST

START_TEST(a_named_system_that_did_not_change_wins_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_conflict(f, "phone", POLICY_SYSTEM, 2);
    fixture_scene(f, "a '3' was '2', b '4' was '2', c '2'");
    ck_decides(f, "phone conflict? = conflict");
}
END_TEST

START_TEST(a_manual_conflict_keeps_the_field_while_others_go_on)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

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
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_closed(f, "phone");
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'w'}");
    fixture_end(f, 1, "{'phone':'1','name':'w'}", "{'phone':'1','name':'w'}");
    ck_decides(f, "phone conflict? name changed-same<a+b > b update {'name':'x'} = conflict");
    ck_covers(f, 0, "{'name':'x'} []");
}
END_TEST

START_TEST(a_closed_field_tells_what_its_ends_show_also_when_nothing_changed)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_closed(f, "phone");
    fixture_scene(f, "a '1', b '1'");
    ck_decides(f, "phone conflict? = unchanged");
    ck_covers(f, 0, "{} []");
    ck_assert_str_eq(val_write_text(f->a, f->d.rules[0].values), "{\"a\":\"1\",\"b\":\"1\"}");
}
END_TEST

START_TEST(no_base_and_equal_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '2' new, b '2' new");
    ck_decides(f, "phone adopt = unchanged");
    ck_covers(f, 0, "{'phone':'2'} []");
}
END_TEST

START_TEST(first_contact_report_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '2' new, b '3' new");
    ck_decides(f, "phone first-contact-report! = unchanged");
    ck_covers(f, 0, "{'phone':'2'} []");
    ck_covers(f, 1, "{'phone':'3'} ['phone']");
}
END_TEST

START_TEST(first_contact_owner_writes_the_owner_s_value)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(1);

    fixture_first_contact(f, POLICY_OWNER, -1);
    fixture_scene(f, "a '2' new, b '3' new");
    ck_decides(f, "phone first-contact-owner<b+a > a update {'phone':'3'}");
}
END_TEST

START_TEST(first_contact_owner_reports_where_any_may_write)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_first_contact(f, POLICY_OWNER, -1);
    fixture_scene(f, "a '2' new, b '3' new");
    ck_decides(f, "phone first-contact-report! = unchanged");
}
END_TEST

START_TEST(first_contact_fill_writes_to_empty_ends_only)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a null new, b '3' new");
    ck_decides(f, "phone first-contact-fill<b+a > a update {'phone':'3'}");
    fixture_scene(f, "a '2' new");
    ck_decides(f, "phone first-contact-fill<a! = unchanged");
}
END_TEST

START_TEST(first_contact_fill_does_not_fill_the_owner_s_own_field)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_scene(f, "a '' new, b '3' new");
    ck_decides(f, "phone first-contact-report! = unchanged");
}
END_TEST

START_TEST(first_contact_system_writes_that_system_s_value)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_first_contact(f, POLICY_SYSTEM, 1);
    fixture_scene(f, "a '2' new, b '3' new");
    ck_decides(f, "phone first-contact-system<b+a > a update {'phone':'3'}");
}
END_TEST

START_TEST(a_new_field_of_a_linked_record_has_no_base)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_field(f, "title", FIELD_TEXT, 0);
    fixture_end(f, 0, "{'phone':'1','title':'x'}", "{'phone':'1'}");
    fixture_end(f, 1, "{'phone':'1','title':'y'}", "{'phone':'1'}");
    ck_decides(f, "title first-contact-report! = unchanged");
    fixture_first_contact(f, POLICY_OWNER, -1);
    ck_decides(f, "title first-contact-owner<a+b > b update {'title':'x'}");
    fixture_first_contact(f, POLICY_SYSTEM, 1); /* writes over nothing that another owns */
    ck_decides(f, "title first-contact-owner<a+b > b update {'title':'x'}");
    fixture_first_contact(f, POLICY_FILL, -1);
    fixture_end(f, 1, "{'phone':'1'}", "{'phone':'1'}");
    ck_decides(f, "title first-contact-fill<a+b > b update {'title':'x'}");
}
END_TEST

START_TEST(under_another_mapping_fields_have_no_base)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was '1', b '1'");
    f->ends[0].map_changed = f->ends[1].map_changed = true;
    ck_decides(f, "phone first-contact-report! = unchanged");
}
END_TEST

START_TEST(a_null_shadow_is_a_base)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was null, b null");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(a_cleared_field_is_written_as_null)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_end(f, 0, "{}", "{'phone':'1'}");
    fixture_scene(f, "b '1'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':null}");
    ck_covers(f, 0, "{'phone':null} []");
}
END_TEST

START_TEST(empty_text_is_not_null_unless_stored_so)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '' was null, b null");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':''}");
    fixture_stores(f, 1, "phone", STORES_EMPTY_NULL, 0);
    ck_decides(f, "phone adopt<a = unchanged");
}
END_TEST

/* ---- create ---- */

START_TEST(a_missing_end_is_created_where_allowed)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

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
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '2' new");
    ck_decides(f, "= ignored");
}
END_TEST

START_TEST(create_only_fields_are_written_at_creation_only)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

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
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    f->create[1] = true;
    f->ends[1].unknown_create = true;
    fixture_scene(f, "a '2' new");
    ck_decides(f, "= owed");
}
END_TEST

START_TEST(of_three_the_missing_one_is_created_and_the_others_settled)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    f->create[2] = true;
    fixture_scene(f, "a '1', b '2' was '1'");
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'2'} > c create {'phone':'2'}");
}
END_TEST

START_TEST(what_is_created_equals_all_the_others)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_stores(f, 1, "phone", STORES_TRIM, 0); /* for b, 'B' is 'B ' */
    fixture_state(f, 0, END_MISSING);
    fixture_scene(f, "b 'B', c 'B '");
    f->create[0] = true;
    f->in.nominator = 1;
    ck_decides(f, "phone create<b+a > a create {'phone':'B '}");
}
END_TEST

START_TEST(nothing_is_created_while_an_end_is_gone)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    f->create[2] = true;
    fixture_scene(f, "a '1', b '1' gone");
    ck_decides(f, "= gone");
}
END_TEST

START_TEST(a_field_in_conflict_is_left_out_of_a_create)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_field(f, "name", FIELD_TEXT, 0);
    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    f->create[2] = true;
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 1, "{'phone':'3','name':'x'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone conflict? name create<a+c > c create {'name':'x'} = conflict");
}
END_TEST

START_TEST(a_refused_create_goes_out_again_whole_once_a_field_is_news)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_field(f, "name", FIELD_TEXT, 0);
    f->create[1] = true;
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'2','name':'x'}");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, true);
    ck_decides(f, "phone create<a+b name create<a+b > b create {'phone':'2','name':'x'}");
    fixture_owed(f, "name", 1, 0, "'x'", 1000, true);
    ck_decides(f, "= ignored");
}
END_TEST

/* ---- gone and deleted ---- */

START_TEST(a_gone_end_ends_gone_and_nothing_moves)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was '1' gone, b '1'");
    ck_decides(f, "= gone");
    ck_covers(f, 0, "{} []");
    ck_covers(f, 1, "{} []");
    ck_assert_str_eq(f->d.ends[0].state, "gone");
}
END_TEST

START_TEST(an_edit_beside_a_gone_end_is_still_an_edit_when_it_comes_back)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was '1', b '1' gone");
    ck_decides(f, "= gone");
    ck_covers(f, 0, "{} []");
}
END_TEST

START_TEST(with_three_the_others_go_on_and_the_gone_one_is_diverged)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '1', c '1' gone");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
    ck_covers(f, 2, "{} ['phone']");
}
END_TEST

START_TEST(a_deleted_end_is_a_tombstone_and_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was '1', b '1'");
    fixture_state(f, 0, END_DELETED);
    ck_decides(f, "= deleted");
    ck_assert_str_eq(f->d.ends[0].state, "deleted");
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
    a_closed_field_tells_what_its_ends_show_also_when_nothing_changed, no_base_and_equal_is_adopted,
    first_contact_report_writes_nothing, first_contact_owner_writes_the_owner_s_value,
    first_contact_owner_reports_where_any_may_write, first_contact_fill_writes_to_empty_ends_only,
    first_contact_fill_does_not_fill_the_owner_s_own_field,
    first_contact_system_writes_that_system_s_value, a_new_field_of_a_linked_record_has_no_base,
    under_another_mapping_fields_have_no_base, a_null_shadow_is_a_base,
    a_cleared_field_is_written_as_null, empty_text_is_not_null_unless_stored_so,
    a_missing_end_is_created_where_allowed, a_missing_end_is_ignored_where_create_is_not_allowed,
    create_only_fields_are_written_at_creation_only, an_unknown_create_is_not_repeated,
    of_three_the_missing_one_is_created_and_the_others_settled,
    what_is_created_equals_all_the_others, nothing_is_created_while_an_end_is_gone,
    a_field_in_conflict_is_left_out_of_a_create,
    a_refused_create_goes_out_again_whole_once_a_field_is_news,
    a_gone_end_ends_gone_and_nothing_moves,
    an_edit_beside_a_gone_end_is_still_an_edit_when_it_comes_back,
    with_three_the_others_go_on_and_the_gone_one_is_diverged,
    a_deleted_end_is_a_tombstone_and_writes_nothing)
