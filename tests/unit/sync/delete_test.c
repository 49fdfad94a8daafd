#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "../unit.h"
#include "fixture.h"

/* ---- deletes: the last rows of the table of DESIGN.md section 6 ---- */

/* N systems that agree on '1'; a was deleted just now. */
static struct fixture *
deleted_at_a(size_t n)
{
    struct fixture *f = fixture_new(n);

    fixture_field(f, "phone", FIELD_TEXT, -1);
    for (size_t i = 0; i < n; i++)
        fixture_show(f, i, "'1'", "'1'");
    fixture_deleted(f, 0, false);
    f->in.event_type = "deleted";
    return f;
}

static struct fixture *
propagated(size_t n)
{
    struct fixture *f = deleted_at_a(n);

    f->sync.deletes.propagate = true;
    return f;
}

START_TEST(a_delete_is_noted_and_nothing_else)
{
    CLEANUP_FIXTURE struct fixture *f = deleted_at_a(2);

    ck_decides(f, "= deleted");
    ck_assert_str_eq(f->d.ends[0].state, "deleted");
    ck_covers(f, 1, "{} []");
}
END_TEST

START_TEST(a_delete_goes_on_to_all_that_did_not_change)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);
    CLEANUP_FIXTURE struct fixture *g = propagated(4);

    f->ends[1].etag = "e1";
    ck_decides(f, "> b delete {} ended: deleted everywhere");
    ck_assert_str_eq(f->d.ends[0].state, "deleted");
    ck_assert_str_eq(f->d.ends[1].state, "live");
    ck_assert_str_eq(f->d.writes[0].target_record_id, "b-1");
    ck_assert_str_eq(f->d.writes[0].account, "account-b");
    ck_assert_str_eq(f->d.writes[0].etag, "e1");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].before), "{\"phone\":\"1\"}");
    ck_decides(g, "> b delete {} > c delete {} > d delete {} ended: deleted everywhere");
}
END_TEST

START_TEST(a_second_delete_event_is_no_news)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);

    fixture_deleted(f, 0, true);
    ck_decides(f, "= unchanged");
}
END_TEST

START_TEST(a_tombstone_beside_the_nominator_deletes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);

    fixture_deleted(f, 0, true);
    f->in.nominator = 1;
    f->in.event_type = "updated";
    ck_decides(f, "= unchanged");
    fixture_state(f, 2, END_MISSING);
    ck_decides(f, "= ignored");
}
END_TEST

START_TEST(an_edit_that_stands_alone_survives_and_ends_the_link)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "= deleted ended: edited after it was deleted at a");
    ck_covers(f, 0, "{} ['phone']");
    ck_covers(f, 1, "{'phone':'2'} []");
    ck_assert_str_eq(f->d.text, "edited after it was deleted at a");
}
END_TEST

START_TEST(an_edit_of_the_last_live_end_ends_the_link_later_too)
{
    CLEANUP_FIXTURE struct fixture *f = deleted_at_a(3);

    fixture_deleted(f, 0, true);
    fixture_deleted(f, 1, true);
    fixture_scene(f, "c '2' was '1'");
    f->in.nominator = 2;
    ck_decides(f, "= ignored ended: edited after it was deleted at a");
    ck_covers(f, 2, "{'phone':'2'} []");
}
END_TEST

START_TEST(an_edit_survives_whatever_system_made_it_and_may_write)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    f->fields[0].owner = (struct owner){OWNER_SYSTEM, &f->systems[0]};
    f->fields[0].enforce = true;
    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "= deleted ended: edited after it was deleted at a");
}
END_TEST

START_TEST(what_is_owed_from_a_live_end_is_an_edit)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    fixture_owed(f, "phone", 0, 1, "'1'", 1000, false);
    ck_decides(f, "= deleted ended: edited after it was deleted at a");
}
END_TEST

START_TEST(what_is_owed_to_a_live_end_is_none)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "> b delete {} ended: deleted everywhere");
}
END_TEST

/* Nor to another one from the record that was deleted, nor what one is to put right in itself. */
START_TEST(what_is_owed_by_nobody_who_lives_is_none)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);
    CLEANUP_FIXTURE struct fixture *g = propagated(3);
    CLEANUP_FIXTURE struct fixture *h = propagated(3);

    fixture_owed(f, "phone", 1, 0, "'2'", 1000, false);
    ck_decides(f, "> b delete {} > c delete {} ended: deleted everywhere");
    fixture_owed(g, "phone", 1, 1, "'2'", 1000, false);
    ck_decides(g, "> b delete {} > c delete {} ended: deleted everywhere");
    fixture_owed(h, "phone", 1, 2, "'1'", 1000, false); /* but from c, which lives, it is */
    ck_assert_ptr_null(strstr(fixture_decide(h), "delete {}"));
}
END_TEST

START_TEST(a_late_write_of_ours_is_no_edit)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    fixture_scene(f, "b '0' was '1' late '0'");
    ck_decides(f, "> b delete {} ended: deleted everywhere");
    ck_assert_str_eq(val_write_text(f->a, f->d.writes[0].before), "{\"phone\":\"0\"}");
}
END_TEST

START_TEST(one_edit_of_several_saves_all_and_goes_on)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);

    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "phone changed-same<b+c > c update {'phone':'2'}");
    ck_covers(f, 0, "{} ['phone']");
    ck_covers(f, 1, "{'phone':'2'} []");
    fixture_scene(f, "c '2' was '1'");
    ck_decides(f, "phone adopt<b = deleted");
}
END_TEST

START_TEST(nothing_is_deleted_without_a_whole_base)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);

    fixture_scene(f, "c '1' new");
    ck_decides(f, "= deleted");
    ck_assert_str_eq(f->d.text, "not deleted at c: nobody knows whether it changed");
    fixture_scene(f, "c '1'");
    f->ends[2].map_changed = true;
    ck_decides(f, "= deleted");
    f->ends[2].map_changed = false;
    fixture_field(f, "name", FIELD_TEXT, -1); /* new in the config */
    ck_decides(f, "= deleted");
    ck_assert_str_eq(f->d.text, "not deleted at b: nobody knows whether it changed");
}
END_TEST

START_TEST(a_delete_waits_for_an_end_that_cannot_be_read)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);

    fixture_state(f, 2, END_UNREAD);
    ck_decides(f, "");
    ck_assert_uint_eq(f->d.n_writes, 0);
    fixture_state(f, 1, END_GONE);
    ck_decides(f, "");
}
END_TEST

START_TEST(a_gone_end_does_not_hold_up_a_delete_and_ends_no_link)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);

    fixture_state(f, 2, END_GONE);
    ck_decides(f, "> b delete {} ended: deleted everywhere");
    /* c may come back, and miss it */
    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "= deleted");
    ck_covers(f, 1, "{} []");
}
END_TEST

START_TEST(what_another_engine_deletes_stays_its_own)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    f->in.other_engine = true;
    ck_decides(f, "= filtered");
    f->sync.propagate_engines = true;
    ck_decides(f, "> b delete {} ended: deleted everywhere");
}
END_TEST

START_TEST(deleted_everywhere_closes_the_link)
{
    CLEANUP_FIXTURE struct fixture *f = deleted_at_a(3);

    fixture_deleted(f, 1, true);
    fixture_state(f, 2, END_GONE);
    ck_decides(f, "= deleted ended: deleted everywhere");
    f->ends[0].tombstone = true;
    f->in.nominator = 2;
    ck_decides(f, "= gone ended: deleted everywhere");
}
END_TEST

START_TEST(gone_everywhere_closes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = deleted_at_a(2);

    fixture_state(f, 0, END_GONE);
    fixture_state(f, 1, END_GONE);
    ck_decides(f, "= gone");
}
END_TEST

START_TEST(nothing_closes_while_a_create_is_unknown)
{
    CLEANUP_FIXTURE struct fixture *f = deleted_at_a(2);

    fixture_state(f, 1, END_MISSING);
    f->ends[1].unknown_create = true;
    ck_decides(f, "= deleted");
}
END_TEST

/* ---- recreate ---- */

START_TEST(an_edit_makes_the_record_anew_with_all_fields)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    f->sync.recreate = true;
    fixture_field(f, "name", FIELD_TEXT, 0);
    fixture_end(f, 1, "{'phone':'2','name':'x'}", "{'phone':'1','name':'x'}");
    ck_decides(f, "phone create<b+a name create<b+a > a create {'phone':'2','name':'x'}");
    ck_covers(f, 1, "{'phone':'2','name':'x'} []");
    ck_assert_ptr_null(f->d.writes[0].target_record_id);
    ck_assert_str_eq(f->d.ends[0].state, "deleted");
}
END_TEST

START_TEST(with_three_it_is_made_anew_and_the_others_go_on)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(3);

    f->sync.recreate = true;
    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "phone changed-same<b+c+a > c update {'phone':'2'} > a create {'phone':'2'}");
    fixture_deleted(f, 0, true);
    f->in.nominator = 2;
    ck_decides(f, "phone changed-same<b+c+a > c update {'phone':'2'} > a create {'phone':'2'}");
}
END_TEST

START_TEST(without_an_edit_nothing_is_made_anew)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    f->sync.recreate = true;
    ck_decides(f, "> b delete {} ended: deleted everywhere");
    f->sync.deletes.propagate = false;
    ck_decides(f, "= deleted");
    fixture_deleted(f, 0, true);
    f->in.nominator = 1;
    ck_decides(f, "= ignored");
}
END_TEST

START_TEST(what_cannot_be_made_anew_ends_the_link)
{
    CLEANUP_FIXTURE struct fixture *f = deleted_at_a(2);

    f->sync.recreate = true;
    f->defs[0].create.present = false;
    fixture_scene(f, "b '2' was '1'");
    ck_decides(f, "= deleted ended: edited after it was deleted at a");
}
END_TEST

START_TEST(a_record_made_anew_is_not_made_twice)
{
    CLEANUP_FIXTURE struct fixture *f = deleted_at_a(2);

    f->sync.recreate = true;
    fixture_deleted(f, 0, true);
    f->in.nominator = 1;
    f->ends[0].unknown_create = true;
    fixture_owed(f, "phone", 0, 1, "'1'", 1000, false);
    ck_decides(f, "= owed");
    f->ends[0].unknown_create = false;
    ck_decides(f, "phone create<b+a > a create {'phone':'1'}");
    f->owed[0].refused = true;
    ck_decides(f, "= ignored");
}
END_TEST

/* ---- undelete, ended links ---- */

/* a is there again; the link had ended. */
static struct fixture *
undeleted(size_t n)
{
    struct fixture *f = deleted_at_a(n);

    fixture_scene(f, "a '1' back");
    f->in.event_type = "updated";
    f->in.ended = true;
    return f;
}

START_TEST(an_undelete_opens_the_link_again)
{
    CLEANUP_FIXTURE struct fixture *f = undeleted(2);

    ck_decides(f, "= unchanged reopened");
    fixture_scene(f, "a '2' was '1'");
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'} reopened");
    f->in.ended = false; /* a tombstone of a living link */
    ck_decides(f, "phone changed-same<a+b > b update {'phone':'2'}");
}
END_TEST

START_TEST(what_an_undeleted_end_missed_is_known)
{
    CLEANUP_FIXTURE struct fixture *f = undeleted(2);

    fixture_scene(f, "b '2'");
    fixture_diverged(f, 0, "['phone']");
    ck_decides(f, "phone first-contact-report! = unchanged reopened");
    ck_covers(f, 0, "{'phone':'1'} ['phone']");
}
END_TEST

START_TEST(what_it_was_edited_to_meanwhile_is_missed_by_what_is_still_deleted)
{
    CLEANUP_FIXTURE struct fixture *f = undeleted(2);

    fixture_scene(f, "a '2' was '1'");
    fixture_deleted(f, 1, true);
    ck_decides(f, "= ignored reopened");
    ck_covers(f, 0, "{'phone':'2'} []");
    ck_covers(f, 1, "{} ['phone']");
}
END_TEST

START_TEST(what_differed_from_a_gone_end_differs_when_it_returns)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_three(0);

    fixture_scene(f, "a '1' gone");
    for (size_t i = 1; i < 3; i++) {
        fixture_show(f, i, "'2'", "'2'"); /* neither is the owner's, and now they are all */
        fixture_diverged(f, i, "['phone']");
    }
    f->in.nominator = 1;
    ck_decides(f, "= unchanged");
    ck_covers(f, 0, "{} ['phone']");
    ck_covers(f, 1, "{'phone':'2'} []");
}
END_TEST

START_TEST(what_was_deleted_with_it_is_made_anew_with_recreate_only)
{
    CLEANUP_FIXTURE struct fixture *f = undeleted(2);

    fixture_deleted(f, 1, true);
    ck_decides(f, "= ignored reopened");
    ck_covers(f, 0, "{'phone':'1'} []");
    f->sync.recreate = true;
    ck_decides(f, "phone create<a+b > b create {'phone':'1'} reopened");
}
END_TEST

START_TEST(nothing_else_opens_an_ended_link)
{
    CLEANUP_FIXTURE struct fixture *f = undeleted(2);

    f->in.nominator = 1;
    fixture_scene(f, "b '2' was '1'");
    fixture_deleted(f, 0, true);
    ck_decides(f, "= ignored");
    fixture_deleted(f, 1, false);
    ck_decides(f, "= ignored");
    fixture_scene(f, "b '2' was '1'");
    f->sync.recreate = true;
    ck_decides(f, "phone create<b+a > a create {'phone':'2'} reopened");
    fixture_state(f, 0, END_MISSING); /* unlinked by hand */
    ck_decides(f, "= ignored");
}
END_TEST

START_TEST(an_unlinked_record_s_delete_writes_nothing)
{
    CLEANUP_FIXTURE struct fixture *f = propagated(2);

    f->in.linked = false;
    ck_decides(f, "= deleted");
    fixture_state(f, 1, END_MISSING);
    ck_decides(f, "= deleted");
}
END_TEST

START_TEST(who_comes_back_unheard_is_still_an_undelete)
{
    CLEANUP_FIXTURE struct fixture *f = fixture_two(-1);

    /* a's delete is told again, b came back meanwhile */
    fixture_scene(f, "a '1' tombstone, b '1' back");
    f->in.ended = true;
    ck_decides(f, "= ignored");
    ck_assert_str_eq(f->d.ends[1].state, "deleted");
    f->in.nominator = 1;
    ck_decides(f, "= ignored reopened");
    ck_assert_str_eq(f->d.ends[1].state, "live");
}
END_TEST

UNIT_MAIN("sync/delete", a_delete_is_noted_and_nothing_else,
          a_delete_goes_on_to_all_that_did_not_change, a_second_delete_event_is_no_news,
          a_tombstone_beside_the_nominator_deletes_nothing,
          an_edit_that_stands_alone_survives_and_ends_the_link,
          an_edit_of_the_last_live_end_ends_the_link_later_too,
          an_edit_survives_whatever_system_made_it_and_may_write,
          what_is_owed_from_a_live_end_is_an_edit, what_is_owed_to_a_live_end_is_none,
          what_is_owed_by_nobody_who_lives_is_none, a_late_write_of_ours_is_no_edit,
          one_edit_of_several_saves_all_and_goes_on, nothing_is_deleted_without_a_whole_base,
          a_delete_waits_for_an_end_that_cannot_be_read,
          a_gone_end_does_not_hold_up_a_delete_and_ends_no_link,
          what_another_engine_deletes_stays_its_own, deleted_everywhere_closes_the_link,
          gone_everywhere_closes_nothing, nothing_closes_while_a_create_is_unknown,
          an_edit_makes_the_record_anew_with_all_fields,
          with_three_it_is_made_anew_and_the_others_go_on, without_an_edit_nothing_is_made_anew,
          what_cannot_be_made_anew_ends_the_link, a_record_made_anew_is_not_made_twice,
          an_undelete_opens_the_link_again, what_an_undeleted_end_missed_is_known,
          what_it_was_edited_to_meanwhile_is_missed_by_what_is_still_deleted,
          what_differed_from_a_gone_end_differs_when_it_returns,
          what_was_deleted_with_it_is_made_anew_with_recreate_only,
          nothing_else_opens_an_ended_link, an_unlinked_record_s_delete_writes_nothing,
          who_comes_back_unheard_is_still_an_undelete)
