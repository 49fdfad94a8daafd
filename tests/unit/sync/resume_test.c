#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* ---- owed, refused, late ---- */

START_TEST(what_is_owed_is_written_again)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '2', b '1' owed '2' of a");
    ck_decides(f, "phone owed<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(what_was_owed_and_arrived_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '2', b '2' was '1' owed '2' of a");
    ck_decides(f, "phone adopt<a = unchanged");
}
END_TEST

START_TEST(owed_takes_the_present_value_of_its_source)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '3' was '2', b '1' owed '2' of a");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(owed_by_a_source_that_is_no_longer_there_is_the_value_itself)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(0);

    fixture_scene(f, "b '1', c '2'");
    f->in.nominator = 1;
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "phone owed<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(a_target_that_changed_meanwhile_meets_the_policy)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2', b '9' was '1'");
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
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    fixture_scene(f, "a '2', b '5' was '2', c '1' owed '2' of a");
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'5'} > c update {'phone':'5'}");
}
END_TEST

START_TEST(owed_goes_where_it_is_owed_and_leaves_known_differences)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2', b '1' owed '2' of a, c '7' differs");
    ck_decides(f, "phone owed<a!+b > b update {'phone':'2'}");
    ck_covers(f, 2, "{'phone':'7'} ['phone']");
}
END_TEST

START_TEST(a_source_that_may_no_longer_write_sends_what_was_decided)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(2);

    fixture_scene(f, "a '8' was '2', b '1' owed '2' of a, c '2'");
    ck_decides(f, "phone owed<a!+b > b update {'phone':'2'} = not-owner");
    ck_covers(f, 0, "{'phone':'8'} ['phone']");
}
END_TEST

START_TEST(a_refused_value_is_not_sent_again)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_scene(f, "a '2', b '1' refuses '2' of a");
    ck_decides(f, "phone refused<a+b = unchanged");
    fixture_scene(f, "a '3' was '2'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(a_refused_field_does_not_hold_up_the_others)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(0);

    fixture_field(f, "name", FIELD_TEXT, 0);
    fixture_end(f, 0, "{'phone':'2','name':'y'}", "{'phone':'2','name':'x'}");
    fixture_end(f, 1, "{'phone':'1','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_owed(f, "phone", 1, 0, "'2'", 1000, true);
    ck_decides(f, "phone refused<a+b name changed-same<a+b > b update {'name':'y'}");
}
END_TEST

START_TEST(what_is_owed_to_an_end_that_is_not_there_stays_owed)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '3' was '2', b '2'");
    f->ends[2].unknown_create = true;
    fixture_owed(f, "phone", 2, 0, "'2'", 1000, false);
    ck_decides(f, "phone changed-same<a+b+c > b update {'phone':'3'}");
}
END_TEST

START_TEST(a_late_write_of_ours_is_corrected)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '3', b '2' was '3' late '2'");
    ck_decides(f, "phone late-write<a+b > b update {'phone':'3'}");
}
END_TEST

START_TEST(a_late_write_that_is_right_is_adopted)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2', b '2' was '1' late '2'");
    ck_decides(f, "phone adopt = unchanged");
}
END_TEST

START_TEST(a_late_write_does_not_stand_against_an_edit)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    fixture_scene(f, "a '4' was '3', b '2' was '3' late '2'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'4'}");
}
END_TEST

START_TEST(the_owner_s_word_counts_even_if_we_wrote_it_once)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(1);

    fixture_scene(f, "a '3', b '2' was '3' late '2'");
    ck_decides(f, "phone changed-same<b+a > a update {'phone':'2'}");
}
END_TEST

START_TEST(a_person_may_go_back_to_an_old_value)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2', b '1' was '2'");
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

START_TEST(a_rejected_decision_has_neither_rules_nor_writes)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "phone", FIELD_TEXT, -1);
    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT, "a new=new b NEW=new");
    fixture_end(f, 0, "{'phone':'2','status':'odd'}", "{'phone':'1','status':'new'}");
    fixture_end(f, 1, "{'phone':'1','status':'NEW'}", "{'phone':'1','status':'NEW'}");
    ck_decides(f, "= rejected");
    ck_assert_uint_eq(f->d.n_rules, 0);
    ck_assert_uint_eq(f->d.n_writes, 0);
}
END_TEST

/* What a refuses it was never told: it says what it shows. */
START_TEST(who_refuses_a_value_does_not_say_it)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' owed '3' of b, b '3', c '1' owed '2' of a");
    ck_assert_ptr_nonnull(strstr(fixture_decide(f), "> c update {'phone':'3'}"));
    f->owed[0].refused = true;
    ck_assert_ptr_nonnull(strstr(fixture_decide(f), "> c update {'phone':'2'}"));
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
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

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
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_map(f, 1, "phone")->read_only = true;
    fixture_scene(f, "a '2' was '1', b '1'");
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
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '0049 1', b '+491'");
    ck_decides(f, "= unchanged");
}
END_TEST

/* ---- an end that cannot be read ---- */

START_TEST(what_the_others_settle_is_owed_to_an_end_that_cannot_be_read)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '1', c 'unseen' was '1' unread");
    ck_decides(f, "phone changed-same<a+b+c > b update {'phone':'2'} > c update {'phone':'2'}");
    ck_assert_uint_eq(f->d.n_ends, 2); /* its shadow stays where it is */
    ck_assert_str_eq(f->d.writes[1].target_record_id, "c-1");
    ck_assert_ptr_null(f->d.writes[1].before);
}
END_TEST

START_TEST(an_unread_end_that_had_the_value_already_is_owed_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2' was '1', b '1', c '2' unread");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(unless_something_else_is_owed_to_it)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '1' was '2', b '1', c '1' unread owed '2' of a");
    ck_decides(f, "phone changed-same<a+c > c update {'phone':'1'}");
}
END_TEST

START_TEST(what_is_owed_to_an_unread_end_alone_is_no_news)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2', b '2', c '1' unread owed '2' of a");
    ck_decides(f, "= unchanged");
}
END_TEST

START_TEST(an_unread_owner_keeps_its_field_and_known_differences)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(2);

    fixture_scene(f, "a '2' differs, b '3' was '1', c '1' unread");
    ck_decides(f, "phone not-owner! = not-owner");
    ck_covers(f, 0, "{'phone':'2'} ['phone']");
    ck_covers(f, 1, "{'phone':'3'} ['phone']");
}
END_TEST

START_TEST(nothing_is_created_while_an_end_is_unread)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    f->create[2] = true;
    fixture_scene(f, "a '1', b '1' unread");
    ck_decides(f, "= ignored");
}
END_TEST

UNIT_MAIN("sync/resume", what_is_owed_is_written_again, what_was_owed_and_arrived_is_adopted,
          owed_takes_the_present_value_of_its_source,
          owed_by_a_source_that_is_no_longer_there_is_the_value_itself,
          a_target_that_changed_meanwhile_meets_the_policy,
          what_is_owed_elsewhere_gives_way_to_a_later_edit,
          owed_goes_where_it_is_owed_and_leaves_known_differences,
          a_source_that_may_no_longer_write_sends_what_was_decided,
          a_refused_value_is_not_sent_again, a_refused_field_does_not_hold_up_the_others,
          what_is_owed_to_an_end_that_is_not_there_stays_owed, a_late_write_of_ours_is_corrected,
          a_late_write_that_is_right_is_adopted, a_late_write_does_not_stand_against_an_edit,
          the_owner_s_word_counts_even_if_we_wrote_it_once, a_person_may_go_back_to_an_old_value,
          values_are_written_in_the_target_s_words, a_word_that_means_the_same_is_left_in_its_cell,
          a_rejected_decision_has_neither_rules_nor_writes, who_refuses_a_value_does_not_say_it,
          an_unknown_word_rejects_the_decision, an_unknown_word_is_skipped_and_others_go_on,
          an_unknown_word_passes_as_it_is, a_word_that_the_target_lacks_is_unmapped_too,
          a_system_that_does_not_map_a_field_takes_no_part, a_read_only_field_is_never_written,
          numbers_leave_as_they_came, large_ids_that_differ_in_the_last_digit_are_two,
          a_target_that_stores_differently_does_not_loop,
          what_the_others_settle_is_owed_to_an_end_that_cannot_be_read,
          an_unread_end_that_had_the_value_already_is_owed_nothing,
          unless_something_else_is_owed_to_it, what_is_owed_to_an_unread_end_alone_is_no_news,
          an_unread_owner_keeps_its_field_and_known_differences,
          nothing_is_created_while_an_end_is_unread)
