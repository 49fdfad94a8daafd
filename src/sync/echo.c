#include <config.h>

#include "sync/echo.h"

#include <string.h>

#include "json/scan.h"
#include "sync/compare.h"

static bool
always_passes(const struct event *e)
{
    return e->n_folded > 0 || e->event_type == NULL ||
           (strcmp(e->event_type, "created") != 0 && strcmp(e->event_type, "updated") != 0);
}

/* A whole number without sign: its digits, without leading zeroes; NULL if it is none. */
static const char *
sequence(const char *text)
{
    if (text == NULL || *text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return NULL;
    return text + strspn(text, "0");
}

/* Is X older than Y? By digits, so that any length will do. */
static bool
older(const char *x, const char *y)
{
    const char *p = sequence(x);
    const char *q = sequence(y);

    if (p == NULL || q == NULL)
        return false;
    return strlen(p) != strlen(q) ? strlen(p) < strlen(q) : strcmp(p, q) < 0;
}

/* A shadow that was taken under another mapping is no base. */
static bool
map_changed(const struct echo_input *in)
{
    return in->facts.map_hash == NULL || strcmp(in->facts.map_hash, in->sync->map_hash) != 0;
}

/*
 * What a listing shows is looked at all the same: of a system that was put back to a backup every
 * row would be older, and edits there be dropped until the versions had caught up.
 */
static bool
is_stale(const struct echo_input *in)
{
    const struct resource_def *def = in->sync->defs[in->system_index];
    const char *path = in->event->path;

    return (path == NULL || strcmp(path, "delta") != 0) && def->version_kind == VERSION_SEQUENCE &&
           in->facts.linked && !map_changed(in) && older(in->event->version, in->facts.version);
}

static bool
lists(const struct val *names, const char *name)
{
    for (size_t i = 0; names != NULL && i < names->n; i++)
        if (strcmp(val_text(names->u.items[i]), name) == 0)
            return true;
    return false;
}

/* What an event and the shadow say of the synced fields, as written: n of each; NULL: not there. */
struct sides {
    struct scan_member *now, *base;
};

/*
 * Finds the synced fields in both texts; -1 if one is no object. Nothing is made of what is found:
 * most values are written alike on both sides.
 */
static int
find_sides(struct arena *a, const struct echo_input *in, struct sides *s)
{
    const struct conf_sync *sync = in->sync;
    const struct event *e = in->event;
    const struct facts *facts = &in->facts;
    size_t n = sync->n_fields;

    s->now = arena_take(a, 2 * n * sizeof *s->now);
    s->base = s->now + n;
    for (size_t k = 0; k < n; k++)
        s->now[k].name = s->base[k].name = sync->fields[k].field->name;
    if (scan_object(e->fields_text, e->fields_len, s->now, n, NULL) < 0)
        return -1;
    if (e->fields_len == facts->shadow_len &&
        memcmp(e->fields_text, facts->shadow, facts->shadow_len) == 0) {
        s->base = s->now;
        return 0;
    }
    return scan_object(facts->shadow, facts->shadow_len, s->base, n, NULL);
}

static const struct val *
value(struct arena *a, const struct scan_member *m)
{
    return m->text == NULL ? NULL : val_parse(a, m->text, m->len, NULL);
}

static bool
is_same(struct arena *a, const struct echo_input *in, size_t k, const struct scan_member *x,
        const struct scan_member *y)
{
    if (x->text != NULL && x->len == y->len && memcmp(x->text, y->text, x->len) == 0)
        return true;
    return compare_same(a, in->sync, &in->sync->fields[k], in->system_index, value(a, x),
                        value(a, y));
}

/* Does every synced field of the event equal its shadow, and is there one at all? */
static bool
equals_shadow(struct arena *a, const struct echo_input *in)
{
    const struct conf_sync *sync = in->sync;
    struct sides s;
    size_t seen = 0;

    if (find_sides(a, in, &s) < 0)
        return false;
    for (size_t k = 0; k < sync->n_fields; k++) {
        const char *name = s.now[k].name;

        if (resource_field(sync->defs[in->system_index], name) == NULL)
            continue;
        if (s.now[k].text == NULL && in->event->partial) {
            if (lists(in->event->changed, name))
                return false; /* it changed, and nobody says to what */
            continue;
        }
        if (s.base[k].text == NULL || !is_same(a, in, k, &s.now[k], &s.base[k]))
            return false;
        seen += s.now[k].text != NULL;
    }
    return seen > 0;
}

enum echo_verdict
echo_judge(struct arena *a, const struct echo_input *in)
{
    if (in->sync == NULL)
        return ECHO_IGNORED;
    if (always_passes(in->event))
        return ECHO_PASS;
    if (in->facts.ended && !in->facts.deleted && !in->sync->recreate)
        return ECHO_IGNORED;
    if (in->facts.ended || in->facts.deleted) /* it may be undeleted, or made anew */
        return ECHO_PASS;
    if (is_stale(in))
        return ECHO_STALE;
    if (in->facts.linked && !map_changed(in) && in->facts.shadow != NULL &&
        in->event->fields_text != NULL && equals_shadow(a, in))
        return ECHO_ECHO;
    return ECHO_PASS;
}

bool
echo_is_certain(enum echo_verdict v, const struct facts *facts)
{
    return v != ECHO_ECHO || (facts->lane_idle && !facts->owed);
}

/*
 * ---- own writes ----
 *
 * Why it is certain that an event which passes here has no news, though it does not equal the
 * shadow, or something else of its link is owed:
 *
 * The event says which fields changed, and of each it has the value that our newest write of that
 * field stored there; every other field it shows equals the shadow. So all it could tell is a later
 * edit hidden behind these values, and it would have to be one of these:
 *  - an edit told by an earlier row of the lane, and not decided: then the lane is not idle;
 *  - a write of ours whose outcome is open: it may be the newer one; then the lane is not idle
 *    either. One that was lost may arrive yet: where the newest write of a field is lost, nothing
 *    is certain;
 *  - a person's edit away from our value and back to it. Was the way there decided, the shadow
 *    shows it, and the other systems have it: the way back is an edit. The id of a write (from the
 *    envelope of the change) is never on that edit, so with the id it is not one: a late or second
 *    delivery of our own. The actor alone may be (a person who works under our user, automation
 *    there): by actor only what the shadow still shows is dropped;
 *  - a change that only the rest of a whole payload shows: the rest equals the shadow.
 * What was decided for this end and is still owed is nominated when it is due, and needs no event.
 */

/* Our newest write of FIELD there; NULL: none is known. */
static const struct facts_write *
newest_write(const struct facts *facts, const char *field)
{
    for (size_t i = 0; i < facts->n_writes; i++)
        if (val_get(facts->writes[i].fields, field) != NULL)
            return &facts->writes[i];
    return NULL;
}

static bool
has_actor(const struct event *e)
{
    return e->sync_actor != NULL && strcmp(e->sync_actor, "sync_engine") == 0 &&
           e->sync_source != NULL && strcmp(e->sync_source, "loopless") == 0;
}

static bool
is_named(const struct event *e, const struct facts_write *w)
{
    return e->sync_correlation_id != NULL && strcmp(e->sync_correlation_id, w->id) == 0;
}

/* Is the changed field K as we wrote it? By id: that very write; else by the shadow too. */
static bool
is_as_written(struct arena *a, const struct echo_input *in, size_t k, const struct sides *s,
              bool by_id)
{
    const struct sync_field *field = &in->sync->fields[k];
    const char *name = field->field->name;
    const struct facts_write *w = newest_write(&in->facts, name);

    if (w == NULL || !w->done || s->now[k].text == NULL ||
        !compare_same(a, in->sync, field, in->system_index, value(a, &s->now[k]),
                      val_get(w->fields, name)))
        return false;
    if (by_id)
        return is_named(in->event, w);
    return s->base[k].text != NULL && is_same(a, in, k, &s->now[k], &s->base[k]);
}

/* Are all fields that it lists as changed ours, and does the rest equal the shadow? */
static bool
is_own(struct arena *a, const struct echo_input *in, bool by_id)
{
    const struct conf_sync *sync = in->sync;
    const struct val *changed = in->event->changed;
    struct sides s;
    size_t seen = 0;

    if (find_sides(a, in, &s) < 0)
        return false;
    for (size_t k = 0; k < sync->n_fields; k++) {
        const char *name = s.now[k].name;

        if (resource_field(sync->defs[in->system_index], name) == NULL)
            continue;
        if (lists(changed, name)) {
            if (!is_as_written(a, in, k, &s, by_id))
                return false;
            seen++;
        } else if ((s.now[k].text != NULL || !in->event->partial) &&
                   (s.base[k].text == NULL || !is_same(a, in, k, &s.now[k], &s.base[k]))) {
            return false;
        }
    }
    return seen > 0 && seen == changed->n; /* names that are not synced, or twice: who knows */
}

static bool
may_be_judged_by_writes(const struct echo_input *in)
{
    return in->facts.linked && in->facts.lane_idle && !map_changed(in) &&
           in->facts.shadow != NULL && in->event->fields_text != NULL && in->event->changed != NULL;
}

static bool
names_a_write(const struct echo_input *in)
{
    for (size_t i = 0; i < in->facts.n_writes; i++)
        if (is_named(in->event, &in->facts.writes[i]))
            return true;
    return false;
}

static bool
is_near(const struct echo_input *in)
{
    return in->facts.n_writes > 0 && in->now - in->facts.writes[0].at < ECHO_NEAR_MS;
}

bool
echo_may_be_ours(const struct event *e)
{
    return e->path != NULL && (strcmp(e->path, "webhook") == 0 || strcmp(e->path, "stream") == 0) &&
           !always_passes(e) &&
           (has_actor(e) || e->sync_correlation_id != NULL || e->fields_text == NULL);
}

/*
 * By choice of the config, and certain only as far as nobody else works under our user: what it did
 * is not looked at. Nothing of the link may be open, so that no edit waits behind it.
 */
static bool
is_trusted(const struct echo_input *in)
{
    return in->sync->between[in->system_index]->trust_actor && in->facts.linked &&
           in->facts.lane_idle && !map_changed(in);
}

enum echo_verdict
echo_judge_writes(struct arena *a, const struct echo_input *in)
{
    const struct event *e = in->event;
    bool actor = has_actor(e);
    bool named = names_a_write(in);

    if (!echo_may_be_ours(e) || in->facts.deleted)
        return ECHO_PASS;
    if (named && may_be_judged_by_writes(in) && is_own(a, in, true))
        return ECHO_OWN_WRITE;
    if (actor && (is_trusted(in) || (may_be_judged_by_writes(in) && is_own(a, in, false))))
        return ECHO_ACTOR;
    return actor || named || (e->fields_text == NULL && is_near(in)) ? ECHO_MAYBE : ECHO_PASS;
}

const char *
echo_correlation(const struct echo_input *in)
{
    return is_near(in) ? in->facts.writes[0].id : NULL;
}

const char *
echo_disposition(enum echo_verdict v)
{
    switch (v) {
    case ECHO_STALE:
        return "stale";
    case ECHO_ECHO:
    case ECHO_OWN_WRITE:
    case ECHO_ACTOR:
        return "echo";
    case ECHO_IGNORED:
        return "ignored";
    case ECHO_PASS:
    case ECHO_MAYBE:
        break;
    }
    return NULL;
}

const char *
echo_reason(enum echo_verdict v)
{
    return v == ECHO_OWN_WRITE ? "own-write" : v == ECHO_ACTOR ? "actor" : NULL;
}
