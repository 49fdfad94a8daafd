#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* References: their words come from links, and one that is missing now may come later. */

/* A field `firm` beside `phone`; what is linked is in ROWS. */
static struct fixture *
with_firm(size_t n, int owner, const char *rows)
{
    struct fixture *f = fixture_new(n);

    fixture_field(f, "phone", FIELD_TEXT, -1);
    fixture_field(f, "firm", FIELD_REF, owner)->ref = "crm/companies";
    fixture_table(f, "firm", UNMAPPED_OWE, rows);
    for (size_t i = 0; i < n; i++)
        fixture_end(f, i, "{'phone':'1','firm':null}", "{'phone':'1','firm':null}");
    return f;
}

static const char none[] = "a -=- b -=- c -=-";

START_TEST(a_reference_goes_in_the_target_s_words)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, -1, "a 7=F b 70=F");

    fixture_end(f, 0, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':null}");
    ck_decides(f, "firm changed-same<a+b > b update {'firm':'70'}");
    fixture_end(f, 1, "{'phone':'1','firm':'70'}", "{'phone':'1','firm':null}");
    ck_decides(f, "firm adopt<a = unchanged");
}
END_TEST

START_TEST(a_reference_without_a_word_is_owed_and_the_rest_goes_on)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(3, -1, "a 7=F b -=- c 700=F");

    fixture_end(f, 0, "{'phone':'2','firm':'7'}", "{'phone':'1','firm':null}");
    ck_decides(f, "phone changed-same<a+b+c firm changed-same<a+b+c > b update {'phone':'2'} later "
                  "{'firm':'7'} > c update {'phone':'2','firm':'700'}");
    ck_covers(f, 1, "{'phone':'1','firm':null} []");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].sources),
                     "{\"phone\":\"a\",\"firm\":\"a\"}");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].before), "{\"phone\":\"1\"}");
}
END_TEST

START_TEST(alone_it_makes_a_write_of_nothing_but_what_is_later)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, -1, none);

    fixture_end(f, 0, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':null}");
    ck_decides(f, "firm changed-same<a+b > b update {} later {'firm':'7'}");
}
END_TEST

START_TEST(an_owed_reference_is_written_once_its_record_is_linked)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, -1, none);

    fixture_end(f, 0, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':'7'}");
    fixture_owed(f, "firm", 1, 0, "'7'", 1000, false);
    ck_decides(f, "firm owed<a+b > b update {} later {'firm':'7'}");
    fixture_table(f, "firm", UNMAPPED_OWE, "a 7=F b 70=F");
    ck_decides(f, "firm owed<a+b > b update {'firm':'70'}");
    fixture_end(f, 1, "{'phone':'1','firm':'70'}", "{'phone':'1','firm':null}");
    ck_decides(f, "firm adopt<b = unchanged");
    fixture_end(f, 0, "{'phone':'1','firm':null}", "{'phone':'1','firm':'7'}");
    fixture_end(f, 1, "{'phone':'1','firm':null}", "{'phone':'1','firm':null}");
    ck_decides(f, "firm adopt<a = unchanged");
}
END_TEST

START_TEST(of_a_source_that_is_gone_its_shadow_is_what_was_owed)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(3, 0, "a 7=F b 70=F c 700=F");

    fixture_end(f, 0, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':'7'}");
    fixture_state(f, 0, END_GONE);
    f->in.nominator = 1;
    fixture_owed(f, "firm", 1, 0, "'7'", 1000, false); /* in a's words */
    ck_decides(f, "firm owed<a+b > b update {'firm':'70'}");
    f->owed[0].value = fixture_json(f, "'70'"); /* in b's */
    ck_decides(f, "firm owed<a+b > b update {'firm':'70'}");
}
END_TEST

START_TEST(the_same_id_of_two_systems_is_no_reference_to_one_record)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, -1, none);

    fixture_end(f, 0, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':null}");
    fixture_end(f, 1, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':null}");
    ck_decides(f, "firm last-write-wins<a+b > b update {} later {'firm':'7'}");
    fixture_end(f, 0, "{'phone':'1','firm':'7'}", NULL);
    fixture_end(f, 1, "{'phone':'1','firm':'7'}", NULL);
    ck_decides(f, "phone adopt firm first-contact-report! = unchanged");
    ck_covers(f, 1, "{'phone':'1','firm':'7'} ['firm']");
    fixture_table(f, "firm", UNMAPPED_OWE, "a 7=F b 7=G");
    ck_decides(f, "phone adopt firm first-contact-report! = unchanged");
    fixture_table(f, "firm", UNMAPPED_OWE, "a 7=F b 7=F");
    ck_decides(f, "phone adopt firm adopt = unchanged");
}
END_TEST

START_TEST(a_reference_that_is_linked_meanwhile_is_no_edit)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, -1, none);

    fixture_end(f, 0, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':'7'}");
    fixture_end(f, 1, "{'phone':'1','firm':'8'}", "{'phone':'1','firm':'8'}");
    fixture_diverged(f, 1, "['firm']");
    ck_decides(f, "firm first-contact-report! = unchanged");
    fixture_table(f, "firm", UNMAPPED_OWE, "a 7=F b 8=F");
    ck_decides(f, "= unchanged");
    ck_covers(f, 1, "{'phone':'1','firm':'8'} []");
}
END_TEST

START_TEST(a_record_is_made_without_what_has_no_word_yet)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, 0, none);

    f->create[1] = true;
    fixture_end(f, 0, "{'phone':'1','firm':'7'}", NULL);
    fixture_state(f, 1, END_MISSING);
    ck_decides(f, "phone create<a+b firm create<a+b > b create {'phone':'1'} later {'firm':'7'}");
    fixture_end(f, 0, "{'firm':'7'}", NULL);
    ck_decides(f, "firm create<a+b > b create {} later {'firm':'7'}");
}
END_TEST

START_TEST(a_cleared_reference_needs_no_word)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, -1, none);

    fixture_end(f, 0, "{'phone':'1','firm':null}", "{'phone':'1','firm':'7'}");
    fixture_end(f, 1, "{'phone':'1','firm':'70'}", "{'phone':'1','firm':'70'}");
    ck_decides(f, "firm changed-same<a+b > b update {'firm':null}");
}
END_TEST

START_TEST(an_owner_s_unlinked_reference_is_restored_when_it_can_be)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(2, 0, none);

    f->fields[1].enforce = true;
    fixture_end(f, 0, "{'phone':'1','firm':'7'}", "{'phone':'1','firm':'7'}");
    fixture_end(f, 1, "{'phone':'1','firm':'9'}", "{'phone':'1','firm':'70'}");
    ck_decides(f, "firm enforce<a+b > b update {} later {'firm':'7'}");
}
END_TEST

START_TEST(of_a_source_that_is_owed_its_own_that_is_what_was_owed)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(3, -1, "a 8=G b 80=G b 70=F c 800=G c 700=F");

    fixture_end(f, 0, "{'phone':'1','firm':'8'}", "{'phone':'1','firm':'8'}");
    fixture_end(f, 1, "{'phone':'1','firm':'80'}", "{'phone':'1','firm':'70'}");
    fixture_state(f, 1, END_UNREAD);
    fixture_end(f, 2, "{'phone':'1','firm':'700'}", "{'phone':'1','firm':'700'}");
    fixture_owed(f, "firm", 1, 1, "'80'", 1000, false); /* an older write stood over it */
    fixture_owed(f, "firm", 2, 1, "'80'", 1000, false);
    ck_decides(f, "firm owed<b+b+c > c update {'firm':'800'}");
}
END_TEST

START_TEST(a_new_end_gets_a_reference_that_the_policy_s_source_waits_for)
{
    CLEANUP_FIXTURE struct fixture *f = with_firm(3, -1, none);

    fixture_first_contact(f, POLICY_SYSTEM, 0);
    fixture_end(f, 1, "{'phone':'1','firm':'70'}", "{'phone':'1','firm':null}");
    fixture_end(f, 2, "{'phone':'1','firm':'800'}", NULL);
    ck_decides(f,
               "phone adopt firm changed-same<b+a+c > a update {} later {'firm':'70'} > c update "
               "{} later {'firm':'70'}");
}
END_TEST

UNIT_MAIN("sync/reference", a_reference_goes_in_the_target_s_words,
          a_reference_without_a_word_is_owed_and_the_rest_goes_on,
          alone_it_makes_a_write_of_nothing_but_what_is_later,
          an_owed_reference_is_written_once_its_record_is_linked,
          of_a_source_that_is_gone_its_shadow_is_what_was_owed,
          the_same_id_of_two_systems_is_no_reference_to_one_record,
          a_reference_that_is_linked_meanwhile_is_no_edit,
          a_record_is_made_without_what_has_no_word_yet, a_cleared_reference_needs_no_word,
          an_owner_s_unlinked_reference_is_restored_when_it_can_be,
          of_a_source_that_is_owed_its_own_that_is_what_was_owed,
          a_new_end_gets_a_reference_that_the_policy_s_source_waits_for)
