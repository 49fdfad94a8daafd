#include <config.h>

#include "sync/echo.h"

#include "../unit.h"
#include "fixture.h"

#include <string.h>

struct setup {
    struct fixture *f;
    struct event event;
    struct echo_input in;
};

/* What the event says, what the shadow is; NULL: nothing. */
static void
says(struct setup *s, const char *fields)
{
    s->event.fields_text =
        fields == NULL ? NULL : val_write_text(s->f->a, fixture_json(s->f, fields));
    s->event.fields_len = fields == NULL ? 0 : strlen(s->event.fields_text);
}

static void
shadow(struct setup *s, const char *fields)
{
    s->in.facts.shadow =
        fields == NULL ? NULL : val_write_text(s->f->a, fixture_json(s->f, fields));
    s->in.facts.shadow_len = fields == NULL ? 0 : strlen(s->in.facts.shadow);
}

/* An update of a linked, idle record that shows what its shadow says. */
static void
set_up(struct setup *s)
{
    *s = (struct setup){.f = fixture_new(2)};
    fixture_field(s->f, "name", FIELD_TEXT, -1);
    fixture_field(s->f, "phone", FIELD_PHONE, -1);
    s->event.event_type = "updated";
    says(s, "{'name':'x','phone':'+1 2','extra':1}");
    s->in = (struct echo_input){.sync = &s->f->sync,
                                .event = &s->event,
                                .facts = {.linked = true, .lane_idle = true, .map_hash = "m"}};
    shadow(s, "{'name':'x','phone':'12'}");
    s->f->sync.map_hash = (char *)"m";
}

static enum echo_verdict
judge(struct setup *s)
{
    enum echo_verdict v = echo_judge(s->f->a, &s->in);

    return echo_is_certain(v, &s->in.facts) ? v : ECHO_PASS;
}

START_TEST(what_equals_the_shadow_is_an_echo)
{
    struct setup s;

    set_up(&s);
    ck_assert_int_eq(judge(&s), ECHO_ECHO);
    says(&s, "{'phone':'12'}");
    s.event.partial = true;
    ck_assert_int_eq(judge(&s), ECHO_ECHO);
    fixture_free(s.f);
}
END_TEST

START_TEST(a_difference_passes)
{
    struct setup s;

    set_up(&s);
    says(&s, "{'name':'y','phone':'12'}");
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    /* a whole record without the name has lost it */
    says(&s, "{'phone':'12'}");
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(a_change_without_its_value_passes)
{
    struct setup s;

    set_up(&s);
    says(&s, "{'phone':'12'}");
    s.event.partial = true;
    s.event.changed = fixture_json(s.f, "['phone','extra']"); /* what is not synced is no news */
    ck_assert_int_eq(judge(&s), ECHO_ECHO);
    s.event.changed = fixture_json(s.f, "['phone','name']");
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(without_a_base_nothing_is_certain)
{
    struct setup s;

    set_up(&s);
    shadow(&s, "{'name':'x'}");
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    shadow(&s, NULL);
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    fixture_free(s.f);
}
END_TEST

START_TEST(a_skinny_line_or_one_without_synced_fields_passes)
{
    struct setup s;

    set_up(&s);
    says(&s, NULL);
    ck_assert_int_eq(judge(&s), ECHO_PASS);
    says(&s, "{'extra':1}");
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
    says(&s, NULL);
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

START_TEST(a_listing_that_shows_an_older_version_is_no_stale_event)
{
    struct setup s;

    set_up(&s);
    says(&s, "{'name':'edited after the backup','phone':'12'}");
    s.event.version = "3";
    s.in.facts.version = "9";
    s.f->defs[0].version_kind = VERSION_SEQUENCE;
    s.event.path = "webhook";
    ck_assert_int_eq(judge(&s), ECHO_STALE);
    s.event.path = "delta";
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

/* ---- the second look ---- */

enum { WRITES = 4, NOW = 10000000 };

struct own {
    struct setup s;
    struct facts_write writes[WRITES];
};

static void
wrote(struct own *o, const char *fields, const char *id, bool done, int64_t ago)
{
    struct facts *f = &o->s.in.facts;

    f->writes = o->writes;
    o->writes[f->n_writes++] =
        (struct facts_write){fixture_json(o->s.f, fields), id, NOW - ago, done};
}

/*
 * We wrote phone "13" as d-7 a second ago; since then the shadow has moved on to a person's "99".
 * The event is the late one of our write, by its id.
 */
static void
set_up_own(struct own *o)
{
    memset(o, 0, sizeof *o);
    set_up(&o->s);
    wrote(o, "{'phone':'13'}", "d-7", true, 1000);
    o->s.in.now = NOW;
    shadow(&o->s, "{'name':'x','phone':'99'}");
    o->s.event.path = "webhook";
    o->s.event.partial = true;
    says(&o->s, "{'phone':'+1 3'}");
    o->s.event.changed = fixture_json(o->s.f, "['phone']");
    o->s.event.sync_correlation_id = "d-7";
}

/* The same by actor, and nobody has moved the shadow; but another field is owed. */
static void
set_up_actor(struct own *o)
{
    set_up_own(o);
    o->s.event.sync_correlation_id = NULL;
    o->s.event.sync_actor = "sync_engine";
    o->s.event.sync_source = "loopless";
    shadow(&o->s, "{'name':'x','phone':'13'}");
    o->s.in.facts.owed = true;
}

static enum echo_verdict
judge_writes(struct own *o)
{
    return echo_judge_writes(o->s.f->a, &o->s.in);
}

#define ck_own(o, want)                                                                            \
    do {                                                                                           \
        ck_assert_int_eq(judge_writes(o), want);                                                   \
        fixture_free((o)->s.f);                                                                    \
    } while (0)

START_TEST(a_write_of_ours_by_its_id_is_an_echo)
{
    struct own o;

    set_up_own(&o);
    ck_assert_int_eq(judge(&o.s), ECHO_PASS); /* the shadow does not tell */
    ck_own(&o, ECHO_OWN_WRITE);
    ck_assert_str_eq(echo_disposition(ECHO_OWN_WRITE), "echo");
    ck_assert_str_eq(echo_reason(ECHO_OWN_WRITE), "own-write");
    set_up_own(&o);
    o.s.in.facts.owed = true;
    ck_own(&o, ECHO_OWN_WRITE);
    set_up_own(&o); /* of two writes the newest */
    o.writes[1] = o.writes[0];
    o.writes[0] = (struct facts_write){fixture_json(o.s.f, "{'name':'y'}"), "d-8", NOW, true};
    o.s.in.facts.n_writes = 2;
    ck_own(&o, ECHO_OWN_WRITE);
}
END_TEST

START_TEST(a_write_of_ours_by_actor_is_an_echo)
{
    struct own o;

    set_up_actor(&o);
    ck_assert_int_eq(judge(&o.s), ECHO_PASS); /* something is owed */
    ck_own(&o, ECHO_ACTOR);
    ck_assert_str_eq(echo_disposition(ECHO_ACTOR), "echo");
    ck_assert_str_eq(echo_reason(ECHO_ACTOR), "actor");
}
END_TEST

/* Every way in which a later edit could hide behind it, and whatever else is not certain. */
static void
not_idle(struct own *o)
{
    o->s.in.facts.lane_idle = false; /* an earlier row, or an open intent */
}
static void
unlinked(struct own *o)
{
    o->s.in.facts.linked = false;
}
static void
other_mapping(struct own *o)
{
    o->s.in.facts.map_hash = "other";
}
static void
no_shadow(struct own *o)
{
    shadow(&o->s, NULL);
}
static void
skinny(struct own *o)
{
    says(&o->s, NULL);
}
static void
no_changed(struct own *o)
{
    o->s.event.changed = NULL;
}
static void
nothing_changed(struct own *o)
{
    o->s.event.changed = fixture_json(o->s.f, "[]");
}
static void
another_changed(struct own *o)
{
    o->s.event.changed = fixture_json(o->s.f, "['phone','name']");
}
static void
unsynced_changed(struct own *o)
{
    o->s.event.changed = fixture_json(o->s.f, "['phone','owner']");
}
static void
changed_is_absent(struct own *o)
{
    says(&o->s, "{'name':'x'}");
}
static void
other_value(struct own *o)
{
    says(&o->s, "{'phone':'14'}");
}
static void
other_rest(struct own *o)
{
    says(&o->s, "{'phone':'13','name':'edited'}");
}
static void
whole_without_name(struct own *o)
{
    o->s.event.partial = false;
}
static void
write_lost(struct own *o)
{
    o->writes[0].done = false;
}
static void
newer_write_lost(struct own *o)
{
    o->writes[1] = o->writes[0];
    o->writes[0] = (struct facts_write){fixture_json(o->s.f, "{'phone':'13'}"), "d-8", NOW, false};
    o->s.in.facts.n_writes = 2;
}
static void
newer_write(struct own *o)
{
    o->writes[1] = o->writes[0];
    o->writes[0] = (struct facts_write){fixture_json(o->s.f, "{'phone':'14'}"), "d-8", NOW, true};
    o->s.in.facts.n_writes = 2;
}

static void (*const doubts[])(struct own *) = {
    not_idle,        unlinked,    other_mapping,      no_shadow,        skinny,
    no_changed,      other_value, other_rest,         write_lost,       nothing_changed,
    another_changed, newer_write, whole_without_name, newer_write_lost, changed_is_absent,
    unsynced_changed};

START_TEST(what_a_later_edit_could_hide_behind_is_only_marked)
{
    for (size_t k = 0; k < sizeof doubts / sizeof doubts[0]; k++) {
        struct own o;

        set_up_own(&o);
        doubts[k](&o);
        ck_assert_msg(judge_writes(&o) == ECHO_MAYBE, "by id: doubt %zu", k);
        fixture_free(o.s.f);
        set_up_actor(&o);
        doubts[k](&o);
        ck_assert_msg(judge_writes(&o) == ECHO_MAYBE, "by actor: doubt %zu", k);
        fixture_free(o.s.f);
    }
}
END_TEST

/* We wrote 13, a person made it 99 (decided: the shadow shows it) and 13 again, under our user. */
START_TEST(a_value_that_a_person_brought_back_passes_by_actor)
{
    struct own o;

    set_up_actor(&o);
    shadow(&o.s, "{'name':'x','phone':'99'}");
    ck_own(&o, ECHO_MAYBE);
    set_up_actor(&o);
    shadow(&o.s, "{'name':'x'}");
    ck_own(&o, ECHO_MAYBE);
}
END_TEST

START_TEST(neither_another_id_nor_another_engine_is_ours)
{
    struct own o;

    set_up_own(&o);
    o.s.event.sync_correlation_id = "d-70";
    ck_own(&o, ECHO_PASS);
    set_up_own(&o);
    o.s.in.facts.n_writes = 0; /* of a deployment of old, or older than the window */
    ck_own(&o, ECHO_PASS);
    set_up_actor(&o);
    o.s.event.sync_source = "other-engine";
    ck_own(&o, ECHO_PASS);
    set_up_actor(&o);
    o.s.event.sync_actor = "human";
    ck_own(&o, ECHO_PASS);
}
END_TEST

/* An event that says only that our user changed the record, where that is trusted. */
static void
set_up_trusted(struct own *o)
{
    set_up_actor(o);
    o->s.f->systems[0].trust_actor = true;
    o->s.event.fields_text = NULL;
    o->s.event.changed = NULL;
}

START_TEST(what_our_user_did_is_an_echo_where_that_is_trusted)
{
    struct own o;

    set_up_trusted(&o);
    ck_own(&o, ECHO_ACTOR);
    set_up_trusted(&o); /* automation under our user, which is what may be lost */
    says(&o.s, "{'phone':'77'}");
    o.s.in.facts.n_writes = 0;
    ck_own(&o, ECHO_ACTOR);
    set_up_trusted(&o);
    o.s.f->systems[0].trust_actor = false;
    o.s.f->systems[1].trust_actor = true;
    ck_own(&o, ECHO_MAYBE);
}
END_TEST

START_TEST(trust_has_its_bounds)
{
    struct own o;

    set_up_trusted(&o); /* a person */
    o.s.event.sync_actor = "human";
    o.s.in.facts.n_writes = 0;
    ck_own(&o, ECHO_PASS);
    set_up_trusted(&o); /* another engine */
    o.s.event.sync_source = "b";
    ck_assert_int_ne(judge_writes(&o), ECHO_ACTOR);
    fixture_free(o.s.f);
    set_up_trusted(&o); /* an edit may wait before it */
    o.s.in.facts.lane_idle = false;
    ck_own(&o, ECHO_MAYBE);
    set_up_trusted(&o);
    o.s.in.facts.linked = false;
    ck_own(&o, ECHO_MAYBE);
    set_up_trusted(&o);
    o.s.in.facts.map_hash = "other";
    ck_own(&o, ECHO_MAYBE);
    set_up_trusted(&o);
    o.s.in.facts.deleted = true;
    ck_own(&o, ECHO_PASS);
    set_up_trusted(&o); /* what a listing shows is looked at */
    o.s.event.path = "delta";
    ck_own(&o, ECHO_PASS);
}
END_TEST

/* Beside the changed field a whole payload shows the others: they must be as we know them. */
START_TEST(the_rest_of_a_whole_payload_must_equal_the_shadow)
{
    struct own o;

    set_up_own(&o);
    o.s.event.partial = false;
    says(&o.s, "{'phone':'13','name':'x'}");
    ck_own(&o, ECHO_OWN_WRITE);
    set_up_own(&o);
    o.s.event.partial = false;
    says(&o.s, "{'phone':'13','name':'EDIT'}");
    ck_own(&o, ECHO_MAYBE);
    set_up_own(&o); /* also where a part shows more than it lists */
    says(&o.s, "{'phone':'13','name':'EDIT'}");
    ck_own(&o, ECHO_MAYBE);
    set_up_own(&o); /* a shadow that has no base for it proves nothing */
    says(&o.s, "{'phone':'13','name':'x'}");
    shadow(&o.s, "{'phone':'99'}");
    ck_own(&o, ECHO_MAYBE);
    set_up_own(&o); /* a whole one that has lost it */
    o.s.event.partial = false;
    says(&o.s, "{'phone':'13'}");
    ck_own(&o, ECHO_MAYBE);
}
END_TEST

START_TEST(a_skinny_event_near_a_write_is_marked_with_its_id)
{
    struct own o;

    set_up_own(&o);
    skinny(&o);
    o.s.event.sync_correlation_id = NULL;
    ck_assert_int_eq(judge_writes(&o), ECHO_MAYBE);
    ck_assert_str_eq(echo_correlation(&o.s.in), "d-7");
    o.writes[0].at = NOW - ECHO_NEAR_MS;
    ck_assert_ptr_null(echo_correlation(&o.s.in));
    ck_own(&o, ECHO_PASS);
    set_up_own(&o); /* a value that is not ours is no echo */
    other_value(&o);
    o.s.event.sync_correlation_id = NULL;
    ck_own(&o, ECHO_PASS);
}
END_TEST

START_TEST(listings_nominations_and_deletions_are_not_looked_at_again)
{
    static const char *const paths[] = {"delta", "manual", NULL};
    struct own o;

    for (size_t k = 0; k < 3; k++) {
        set_up_own(&o);
        o.s.event.path = paths[k];
        ck_assert(!echo_may_be_ours(&o.s.event));
        ck_own(&o, ECHO_PASS);
    }
    set_up_own(&o);
    o.s.event.event_type = "deleted";
    ck_own(&o, ECHO_PASS);
    set_up_own(&o);
    o.s.in.facts.deleted = true;
    ck_own(&o, ECHO_PASS);
    set_up_own(&o);
    o.s.event.path = "stream";
    ck_own(&o, ECHO_OWN_WRITE);
}
END_TEST

UNIT_MAIN("sync/echo", what_our_user_did_is_an_echo_where_that_is_trusted, trust_has_its_bounds,
          the_rest_of_a_whole_payload_must_equal_the_shadow, what_equals_the_shadow_is_an_echo,
          a_difference_passes, a_change_without_its_value_passes, without_a_base_nothing_is_certain,
          a_skinny_line_or_one_without_synced_fields_passes, each_doubt_passes,
          deletes_merges_and_folded_lines_pass, an_older_sequence_is_stale,
          a_listing_that_shows_an_older_version_is_no_stale_event,
          what_is_not_synced_or_ended_is_ignored, a_write_of_ours_by_its_id_is_an_echo,
          a_write_of_ours_by_actor_is_an_echo, what_a_later_edit_could_hide_behind_is_only_marked,
          a_value_that_a_person_brought_back_passes_by_actor,
          neither_another_id_nor_another_engine_is_ours,
          a_skinny_event_near_a_write_is_marked_with_its_id,
          listings_nominations_and_deletions_are_not_looked_at_again)
