#include <config.h>

#include "sync/echo.h"

#include "../unit.h"
#include "fixture.h"

struct setup {
    struct fixture *f;
    struct event event;
    struct echo_input in;
};

/* An update of a linked, idle record that shows what its shadow says. */
static void
set_up(struct setup *s)
{
    *s = (struct setup){.f = fixture_new(2)};
    fixture_field(s->f, "name", FIELD_TEXT, -1);
    fixture_field(s->f, "phone", FIELD_PHONE, -1);
    s->event.event_type = "updated";
    s->event.fields = fixture_json(s->f, "{'name':'x','phone':'+1 2','extra':1}");
    s->in =
        (struct echo_input){.sync = &s->f->sync,
                            .event = &s->event,
                            .facts = {.linked = true,
                                      .lane_idle = true,
                                      .map_hash = "m",
                                      .shadow = fixture_json(s->f, "{'name':'x','phone':'12'}")}};
    s->f->sync.map_hash = (char *)"m";
}

static enum echo_verdict
judge(struct setup *s)
{
    return echo_judge(s->f->a, &s->in);
}

START_TEST(what_equals_the_shadow_is_an_echo)
{
    struct setup s;

    set_up(&s);
    ck_assert_int_eq(judge(&s), ECHO_ECHO);
    s.event.fields = fixture_json(s.f, "{'phone':'12'}");
    s.event.partial = true;
    ck_assert_int_eq(judge(&s), ECHO_ECHO);
    fixture_free(s.f);
}
END_TEST

START_TEST(a_difference_passes)
{
    struct setup s;

    set_up(&s);
    s.event.fields = fixture_json(s.f, "{'name':'y','phone':'12'}");
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    /* a whole record without the name has lost it */
    s.event.fields = fixture_json(s.f, "{'phone':'12'}");
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(without_a_base_nothing_is_certain)
{
    struct setup s;

    set_up(&s);
    s.in.facts.shadow = fixture_json(s.f, "{'name':'x'}");
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.in.facts.shadow = NULL;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(a_skinny_line_or_one_without_synced_fields_passes)
{
    struct setup s;

    set_up(&s);
    s.event.fields = NULL;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.event.fields = fixture_json(s.f, "{'extra':1}");
    s.event.partial = true;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(each_doubt_passes)
{
    bool *doubts[2];
    struct setup s;

    set_up(&s);
    doubts[0] = &s.in.facts.owed;
    doubts[1] = &s.in.facts.deleted;
    for (size_t k = 0; k < 2; k++) {
        *doubts[k] = true;
        ck_assert_int_eq(judge(&s), ECHO_PASS);
        *doubts[k] = false;
    }
    s.in.facts.map_hash = "other";
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.in.facts.map_hash = "m";
    s.in.facts.lane_idle = false;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.in.facts.lane_idle = true;
    s.in.facts.linked = false;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(deletes_merges_and_folded_lines_pass)
{
    struct setup s;

    set_up(&s);
    s.event.n_folded = 1;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.event.n_folded = 0;
    s.event.event_type = "deleted";
    s.in.facts.ended = true;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.event.event_type = "merged";
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(an_older_sequence_is_stale)
{
    struct setup s;

    set_up(&s);
    s.event.fields = NULL;
    s.event.version = "99999999999999999999";
    s.in.facts.version = "100000000000000000000";
    ck_assert_int_eq(judge(&s), ECHO_PASS); /* no strict versions */
    s.f->defs[0].version_kind = VERSION_SEQUENCE;
    ck_assert_int_eq(judge(&s), ECHO_STALE);
    s.event.version = "0100000000000000000000";
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.event.version = "x";
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    s.event.version = "1";
    s.f->defs[0].version_kind = VERSION_TIMESTAMP;
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(what_is_not_synced_or_ended_is_ignored)
{
    struct setup s;

    set_up(&s);
    s.in.facts.ended = true;
    ck_assert_int_eq(judge(&s), ECHO_IGNORED);
    s.in.sync = NULL;
    ck_assert_int_eq(judge(&s), ECHO_IGNORED);
    ck_assert_str_eq(echo_disposition(ECHO_IGNORED), "ignored");
    ck_assert_str_eq(echo_disposition(ECHO_STALE), "stale");
    ck_assert_str_eq(echo_disposition(ECHO_ECHO), "echo");
    fixture_free(s.f);
}
END_TEST

UNIT_MAIN("sync/echo", what_equals_the_shadow_is_an_echo, a_difference_passes,
          without_a_base_nothing_is_certain, a_skinny_line_or_one_without_synced_fields_passes,
          each_doubt_passes, deletes_merges_and_folded_lines_pass, an_older_sequence_is_stale,
          what_is_not_synced_or_ended_is_ignored)
