#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* What loses edits or makes loops elsewhere, each by name. */

/* ---- writes in flight ---- */

/* a's '2' was decided and its write to b is on the way: shadows as that decision left them. */
static struct fixture *
in_flight(void)
{
    struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2', b '1'");
    fixture_time(f, 0, 1000000, 1000000);
    fixture_time(f, 1, 2000000, 2000000);
    fixture_owed(f, "phone", 1, 0, "'2'", 1000000, false);
    return f;
}

START_TEST(crossing_edits_while_a_write_is_in_flight_meet_the_policy)
{
    CLEANUP_FIXTURE struct fixture *f = in_flight();

    f->in.n_owed = 0; /* it landed, and both were edited meanwhile */
    fixture_scene(f, "a '3' was '2', b '4' was '2'");
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'4'}");
    fixture_conflict(f, "phone", POLICY_MANUAL, -1);
    ck_decides(f, "phone conflict? = conflict");
    ck_assert_str_eq(val_write_text(f->a, f->d.rules[0].values), "{\"a\":\"3\",\"b\":\"4\"}");
    ck_assert_str_eq(val_write_text(f->a, f->d.rules[0].base), "\"2\"");
}
END_TEST

START_TEST(an_edit_of_the_target_before_our_write_lands_is_no_echo)
{
    CLEANUP_FIXTURE struct fixture *f = in_flight();

    fixture_scene(f, "b '4' was '1'");
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'4'}");
    f->fields[0].owner = (struct owner){OWNER_SYSTEM, &f->systems[0]};
    ck_decides(f, "phone owner<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(a_revert_before_our_write_lands_is_written_after_it)
{
    CLEANUP_FIXTURE struct fixture *f = in_flight();

    /* b shows '1' still, and may show '2' soon */
    fixture_scene(f, "a '1' was '2'");
    ck_decides(f, "phone adopt<a = unchanged");
    ck_covers(f, 0, "{'phone':'1'} []");
    f->in.n_owed = 0;
    /* there it is, after all */
    fixture_scene(f, "a '1', b '2' was '1' late '2'");
    ck_decides(f, "phone late-write<a+b > b update {'phone':'1'}");
}
END_TEST

START_TEST(a_revert_after_our_write_landed_is_an_edit)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '1' was '2', b '2'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'1'}");
    fixture_scene(f, "a '2', b '1' was '2'");
    ck_decides(f, "phone changed-same<b+a > a update {'phone':'1'}");
}
END_TEST

START_TEST(a_human_edit_that_equals_ours_is_adopted_and_another_is_not)
{
    CLEANUP_FIXTURE struct fixture *f = in_flight();

    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "phone adopt<b = unchanged");
    fixture_scene(f, "b '5' was '1'");
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'5'}");
}
END_TEST

START_TEST(the_order_of_full_payloads_does_not_matter)
{
    static const char *const types[] = {"created", "updated", "merged"};
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '1', b '3' was '1', c '1'");
    for (size_t k = 0; k < 3; k++) { /* whoever nominates, with whatever it says */
        f->in.event_type = types[k];
        f->in.nominator = k;
        ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'3'} > c update {'phone':'3'}");
    }
}
END_TEST

START_TEST(the_delayed_echo_of_an_older_write_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    /* '2' then '3' were written to b; the echo of '2' nominates, b shows '3' */
    fixture_scene(f, "a '3', b '3'");
    f->in.nominator = 1;
    fixture_late(f, 1, "{'phone':'2'}");
    ck_decides(f, "= unchanged");
}
END_TEST

/* ---- late writes and their correction ---- */

START_TEST(a_lost_correction_of_a_late_write_is_owed_still)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    /* b's own value, which stood there before our '2' came */
    fixture_scene(f, "a '1', b '2'");
    fixture_owed(f, "phone", 1, 1, "'1'", 1000000, false);
    fixture_late(f, 1, "{'phone':'2'}");
    fixture_late(f, 1, "{'phone':'1'}");
    ck_decides(f, "phone owed<b+b > b update {'phone':'1'}");
    /* there it is */
    fixture_scene(f, "b '1' was '2'");
    ck_decides(f, "phone adopt<b = unchanged");
    ck_covers(f, 1, "{'phone':'1'} []");
}
END_TEST

START_TEST(what_a_corrected_end_is_owed_is_what_it_says_to_others)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    /* b's '2' is owed to a, and to b, where '3' came late */
    fixture_scene(f, "a '1', b '2' was '3', c '2'");
    fixture_owed(f, "phone", 0, 1, "'2'", 1000000, false);
    fixture_owed(f, "phone", 1, 1, "'2'", 1000000, false);
    fixture_late(f, 1, "{'phone':'3'}");
    fixture_late(f, 1, "{'phone':'2'}");
    ck_decides(f, "phone owed<b+a > a update {'phone':'2'}");
}
END_TEST

START_TEST(what_is_owed_goes_as_what_equals_all)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_stores(f, 1, "phone", STORES_TRIM, 0); /* for b, 'B' is 'B ' */
    fixture_scene(f, "a 'x', b 'B', c 'B '");
    fixture_owed(f, "phone", 0, 1, "'B'", 1000000, false);
    ck_decides(f, "phone owed<b+a > a update {'phone':'B '}");
}
END_TEST

START_TEST(a_late_write_with_nobody_to_ask_goes_back_to_what_was_there)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "b '2' was '1'");
    fixture_state(f, 0, END_UNREAD);
    fixture_late(f, 1, "{'phone':'2'}");
    f->in.nominator = 1;
    ck_decides(f, "phone late-write<b+b > b update {'phone':'1'}");
    fixture_state(f, 0, END_MISSING);
    f->create[0] = true;
    ck_decides(f, "phone late-write<b+b+a > b update {'phone':'1'} > a create {'phone':'1'}");
}
END_TEST

START_TEST(a_late_write_is_corrected_to_what_equals_all)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_four(-1);

    fixture_stores(f, 1, "phone", STORES_TRIM, 0); /* for b, 'B' is 'B ' */
    fixture_show(f, 3, "'b'", "'b'");              /* d stores it so, and did not say it */
    fixture_scene(f, "a 'x' was 'B ' late 'x', b 'B', c 'B '");
    ck_decides(f, "phone late-write<b+a > a update {'phone':'B '}");
    fixture_scene(f, "a 'B' was 'B ' late 'B'");
    ck_decides(f, "phone late-write<b+a > a update {'phone':'B '}");
}
END_TEST

/* ---- what stays open ---- */

START_TEST(a_conflict_is_pending_while_the_other_fields_and_systems_move)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_closed(f, "phone");
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 1, "{'phone':'3','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 2, "{'phone':'4','name':'y'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone conflict? name changed-same<c+a+b > a update {'name':'y'} > b update "
                  "{'name':'y'} = conflict");
    ck_covers(f, 2, "{'name':'y'} []");
    ck_assert_str_eq(val_write_text(f->a, f->d.rules[0].values),
                     "{\"a\":\"2\",\"b\":\"3\",\"c\":\"4\"}");
}
END_TEST

START_TEST(one_target_that_refuses_a_field_for_ever_holds_up_nobody)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_scene(f, "a '2', b '2', c '1' refuses '2' of a");
    ck_decides(f, "phone refused<a+c = unchanged");
    fixture_scene(f, "b '3' was '2'");
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'3'} > c update {'phone':'3'}");
    /* and back to what c refuses */
    fixture_scene(f, "b '2' was '3', a '3'");
    ck_decides(f, "phone changed-same<b+a+c > a update {'phone':'2'}");
}
END_TEST

START_TEST(a_new_field_of_the_config_meets_for_the_first_time)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_end(f, 0, "{'phone':'2','name':'x'}", "{'phone':'1'}");
    fixture_end(f, 1, "{'phone':'1','name':'x'}", "{'phone':'1'}");
    fixture_end(f, 2, "{'phone':'1','name':'y'}", "{'phone':'1'}");
    ck_decides(f, "phone changed-same<a+b+c name first-contact-report! > b update {'phone':'2'} > "
                  "c update {'phone':'2'}");
    ck_covers(f, 2, "{'phone':'1','name':'y'} ['name']");
}
END_TEST

START_TEST(an_edited_value_table_makes_no_edits_of_old_words)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_new(2);

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT,
                  "a lead=fresh a won=won b NEW=new b WON=won b F=fresh");
    fixture_end(f, 0, "{'status':'lead'}", "{'status':'lead'}");
    fixture_end(f, 1, "{'status':'NEW'}", "{'status':'NEW'}");
    f->ends[0].map_changed = f->ends[1].map_changed = true;
    ck_decides(f, "status first-contact-report! = unchanged");
    fixture_first_contact(f, POLICY_SYSTEM, 0);
    ck_decides(f, "status first-contact-system<a+b > b update {'status':'F'}");
}
END_TEST

/* Only the table of `status` was edited, while a person's edit of `phone` is on its way. */
START_TEST(an_edited_value_table_loses_no_edit_of_another_field)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_field(f, "status", FIELD_ENUM, -1);
    fixture_table(f, "status", UNMAPPED_REJECT, "a new=open a old=closed b NEW=open b OLD=closed");
    fixture_first_contact(f, POLICY_SYSTEM, 0);
    f->ends[0].remapped = f->ends[1].remapped = fixture_json(f, "['status']");
    fixture_end(f, 0, "{'phone':'1','status':'new'}", "{'phone':'1','status':'new'}");
    fixture_end(f, 1, "{'phone':'B','status':'NEW'}", "{'phone':'1','status':'NEW'}");
    ck_decides(f, "phone changed-same<b+a status adopt > a update {'phone':'B'}");
    fixture_end(f, 0, "{'phone':'A','status':'new'}", "{'phone':'1','status':'new'}");
    fixture_end(f, 1, "{'phone':'1','status':'NEW'}", "{'phone':'1','status':'NEW'}");
    ck_decides(f, "phone changed-same<a+b status adopt > b update {'phone':'A'}");
    /* its own field's edit is met anew, as the policy says */
    fixture_end(f, 0, "{'phone':'1','status':'new'}", "{'phone':'1','status':'new'}");
    fixture_end(f, 1, "{'phone':'1','status':'OLD'}", "{'phone':'1','status':'NEW'}");
    ck_decides(f, "status first-contact-system<a+b > b update {'status':'NEW'}");
}
END_TEST

/* What is owed is owed by what the source shows: it is the same record still. */
START_TEST(a_remapped_field_is_owed_by_the_same_record)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2', b '1' owed '2' of a");
    ck_decides(f, "phone owed<a+b > b update {'phone':'2'}");
    f->ends[0].remapped = f->ends[1].remapped = fixture_json(f, "['phone']");
    fixture_show(f, 0, "'3'", "'2'");
    ck_decides(f, "phone owed<a+b > b update {'phone':'3'}");
}
END_TEST

/* ---- clocks ---- */

START_TEST(a_clock_that_is_minutes_off_changes_only_who_was_last)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2' was '1', b '1'");
    for (int64_t off = -600000; off <= 600000; off += 600000) {
        fixture_time(f, 0, 1000000 + off, 1000000);
        fixture_time(f, 1, 1000000, 1000000);
        ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
    }
    fixture_scene(f, "b '3' was '1'");
    ck_decides(f, "phone last-write-wins<a+b > b update {'phone':'2'}"); /* a is ahead */
    fixture_time(f, 0, 400000, 1000000);
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'3'}"); /* a is behind */
}
END_TEST

/* ---- merges ---- */

START_TEST(a_merge_keeps_the_base_of_the_vanished_record)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    /* a-1 was merged into a-9, which stands in its place: a-1's shadow is its base */
    fixture_field(f, "name", FIELD_TEXT, -1);
    fixture_end(f, 0, "{'phone':'9','name':'x'}", "{'phone':'1','name':'x'}");
    fixture_end(f, 1, "{'phone':'1','name':'y'}", "{'phone':'1','name':'x'}");
    f->ends[0].record_id = "a-9";
    f->in.event_type = "merged";
    ck_decides(f, "phone changed-same<a+b name changed-same<b+a > a update {'name':'y'} > b update "
                  "{'phone':'9'}");
    ck_assert_str_eq(f->d.writes[0].target_record_id, "a-9");
}
END_TEST

/* ---- what was owed to a record that is met now ---- */

START_TEST(what_was_owed_to_a_record_to_be_made_does_not_overrule_one_that_is_met)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    /* made by a person meanwhile, and matched */
    fixture_scene(f, "a '2', b '2', c '5' new owed '2' of a");
    fixture_first_contact(f, POLICY_SYSTEM, 2);
    ck_decides(f, "phone first-contact-system<c+a+b > a update {'phone':'5'} > b update "
                  "{'phone':'5'}");
    fixture_first_contact(f, POLICY_REPORT, -1);
    ck_decides(f, "phone first-contact-report! = unchanged");
    fixture_scene(f, "c '2' new");
    ck_decides(f, "phone adopt = unchanged");
}
END_TEST

START_TEST(unless_it_shows_what_we_sent_to_make_it)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    /* our create of '1' got lost, and did land */
    fixture_scene(f, "a '2', b '2', c '1' new owed '1' of a late '1'");
    ck_decides(f, "phone owed<a+c > c update {'phone':'2'}");
}
END_TEST

START_TEST(what_is_owed_to_the_others_is_owed_to_one_that_was_away)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    /* b said '1', and nobody got it yet */
    fixture_scene(f, "a '2'");
    fixture_state(f, 1, END_UNREAD);
    fixture_scene(f, "c '3' differs owed '1' of b");
    fixture_owed(f, "phone", 0, 1, "'1'", 1000, false);
    ck_decides(f, "phone owed<b+a+c > a update {'phone':'1'} > c update {'phone':'1'}");
}
END_TEST

/* ---- what a person decided ---- */

static void
person_says(struct fixture *f, size_t target, const char *value)
{
    fixture_owed(f, "phone", target, 0, value, 3000000, false);
    f->owed[f->in.n_owed - 1].source = DECIDE_PERSON;
}

START_TEST(a_person_s_value_goes_to_all_it_is_owed_to)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(-1);

    for (size_t i = 0; i < 3; i++)
        fixture_show(f, i, i == 0 ? "'2'" : "'3'", i == 0 ? "'2'" : "'3'");
    person_says(f, 0, "'7'");
    person_says(f, 1, "'7 b'"); /* in the words of each */
    ck_decides(f, "phone owed<person+a+b > a update {'phone':'7'} > b update {'phone':'7 b'}");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].sources), "{\"phone\":\"person\"}");
}
END_TEST

START_TEST(an_edit_after_a_person_s_word_meets_the_policy)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    fixture_scene(f, "a '2', b '8' was '3'");
    fixture_time(f, 1, 9000000, 9000000);
    person_says(f, 0, "'7'");
    person_says(f, 1, "'7'");
    ck_decides(f, "phone last-write-wins<b+a > a update {'phone':'8'}");
    fixture_time(f, 1, 1000, 1000);
    ck_decides(f, "phone last-write-wins<person+a+b > a update {'phone':'7'} > b update "
                  "{'phone':'7'}");
    fixture_conflict(f, "phone", POLICY_SYSTEM, 0);
    ck_decides(f, "phone conflict?+a+b = conflict");
}
END_TEST

START_TEST(a_person_s_word_stands_in_every_policy_and_place)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(0);

    f->fields[0].enforce = true;
    fixture_first_contact(f, POLICY_FILL, -1);
    /* met only now */
    fixture_scene(f, "a '2', b '2', c null new");
    person_says(f, 0, "'7'");
    person_says(f, 1, "'7'");
    ck_decides(f, "phone owed<person+a+b+c > a update {'phone':'7'} > b update {'phone':'7'} > c "
                  "update {'phone':'7'}");
    fixture_state(f, 2, END_MISSING);
    f->create[2] = true;
    ck_decides(f, "phone owed<person+a+b+c > a update {'phone':'7'} > b update {'phone':'7'} > c "
                  "create {'phone':'7'}");
    fixture_state(f, 2, END_UNREAD);
    ck_decides(f, "phone owed<person+a+b > a update {'phone':'7'} > b update {'phone':'7'}");
}
END_TEST

UNIT_MAIN(
    "sync/trap", crossing_edits_while_a_write_is_in_flight_meet_the_policy,
    an_edit_of_the_target_before_our_write_lands_is_no_echo,
    a_revert_before_our_write_lands_is_written_after_it, a_revert_after_our_write_landed_is_an_edit,
    a_human_edit_that_equals_ours_is_adopted_and_another_is_not,
    the_order_of_full_payloads_does_not_matter, the_delayed_echo_of_an_older_write_writes_nothing,
    a_lost_correction_of_a_late_write_is_owed_still,
    what_a_corrected_end_is_owed_is_what_it_says_to_others, what_is_owed_goes_as_what_equals_all,
    a_late_write_with_nobody_to_ask_goes_back_to_what_was_there,
    a_late_write_is_corrected_to_what_equals_all,
    a_conflict_is_pending_while_the_other_fields_and_systems_move,
    one_target_that_refuses_a_field_for_ever_holds_up_nobody,
    a_new_field_of_the_config_meets_for_the_first_time,
    an_edited_value_table_makes_no_edits_of_old_words,
    an_edited_value_table_loses_no_edit_of_another_field,
    a_remapped_field_is_owed_by_the_same_record,
    a_clock_that_is_minutes_off_changes_only_who_was_last,
    a_merge_keeps_the_base_of_the_vanished_record,
    what_was_owed_to_a_record_to_be_made_does_not_overrule_one_that_is_met,
    unless_it_shows_what_we_sent_to_make_it,
    what_is_owed_to_the_others_is_owed_to_one_that_was_away,
    a_person_s_value_goes_to_all_it_is_owed_to, an_edit_after_a_person_s_word_meets_the_policy,
    a_person_s_word_stands_in_every_policy_and_place)
