#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "stream/disposition.h"
#include "sync/compare.h"
#include "sync/delete.h"
#include "sync/field.h"

/* ---- ends ---- */

static const char *
state_name(enum end_state state)
{
    return state == END_GONE ? "gone" : state == END_DELETED ? "deleted" : "live";
}

/* Does the decision say anything of this end? */
static bool
is_listed(const struct decide_end *e)
{
    return e->state != END_MISSING && e->state != END_UNREAD;
}

/* Present ends, with nothing covered yet: their shadows stay as they are. */
static void
list_ends(struct arena *a, const struct decide_input *in, struct decision *d)
{
    d->ends = arena_alloc(a, in->sync->n_between * sizeof *d->ends);
    d->n_ends = 0;
    for (size_t i = 0; i < in->sync->n_between; i++) {
        const struct decide_end *from = &in->ends[i];
        struct decision_end *e = &d->ends[d->n_ends];

        if (!is_listed(from))
            continue;
        e->system = in->sync->between[i]->name;
        e->account = in->sync->between[i]->account;
        e->record_id = from->record_id;
        e->covered = val_object(a);
        e->version = from->version;
        e->etag = from->etag;
        e->state = state_name(from->state);
        e->diverged = from->diverged != NULL ? from->diverged : val_array(a);
        d->n_ends++;
    }
}

/* Nothing was settled: who came back still has to be, and its own event is an undelete yet. */
static void
keep_tombstones(const struct decide_input *in, struct decision *d)
{
    size_t n = 0;

    for (size_t i = 0; i < in->sync->n_between; i++) {
        if (!is_listed(&in->ends[i]))
            continue;
        if (in->ends[i].tombstone)
            d->ends[n].state = "deleted";
        n++;
    }
}

/* Did live ends that were known to differ come to agree? */
static bool
is_made_up(const struct field_case *c)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++)
        if (c->ends[i].map != NULL && c->ends[i].known && !c->ends[i].differs)
            return true;
    return false;
}

/* Would end I, which is away, show something else than X, be it by what it is owed still? */
static bool
is_behind(const struct field_case *c, const struct decide_input *in, size_t i,
          const struct candidate *x)
{
    const struct val *base = val_get(in->ends[i].shadow, c->name);
    const struct decide_owed *o = field_owed(c, i);

    if (base == NULL || resource_field(in->sync->defs[i], c->name) == NULL)
        return false;
    return !field_equal(c, x->words, x->value, i, base) ||
           (o != NULL && !field_equal(c, x->words, x->value, i, o->value));
}

/*
 * An end that is gone misses what is settled meanwhile: known, should it come back. Beside an end
 * that stands ALONE, because the link ends or was opened by it, it misses all that is not as it was
 * there: nobody else keeps what changed.
 */
static bool
misses(const struct field_case *c, const struct decide_input *in, size_t i, bool alone)
{
    const struct candidate *ref = field_reference(c);

    if (in->ends[i].state == END_LIVE)
        return false;
    if (c->ends[i].known)
        return true;
    return (c->rule != NULL || c->met || alone || is_made_up(c)) && !c->open && ref != NULL &&
           is_behind(c, in, i, ref);
}

static const struct val *
diverged(const struct field_case *cases, struct arena *a, const struct decide_input *in, size_t i,
         bool alone)
{
    struct val *names = val_array(a);

    for (size_t k = 0; k < in->sync->n_fields; k++)
        if (cases[k].ends[i].differs || misses(&cases[k], in, i, alone))
            val_push(a, names, val_string(a, cases[k].name));
    return names;
}

static void
cover_ends(const struct field_case *cases, struct arena *a, const struct decide_input *in,
           struct decision *d)
{
    bool alone = d->ended_why != NULL || decide_count(in, END_LIVE) == 1;
    size_t n = 0;

    for (size_t i = 0; i < in->sync->n_between; i++) {
        if (!is_listed(&in->ends[i]))
            continue;
        d->ends[n].covered = decide_shown(cases, a, in, i, false);
        d->ends[n++].diverged = diverged(cases, a, in, i, alone);
    }
}

/* The link ends before its fields are settled: what differed still does, and what was changed where
 * it may not be. */
static void
keep_differing(struct field_case *cases, const struct decide_input *in)
{
    for (size_t k = 0; k < in->sync->n_fields; k++)
        for (size_t i = 0; i < in->sync->n_between; i++) {
            struct field_end *e = &cases[k].ends[i];

            e->differs = e->map != NULL && !cases[k].field->create_only &&
                         (e->known || (e->changed && !field_may_write(&cases[k], i)));
        }
}

/* ---- rules ---- */

struct decision_rule *
decision_rule_of(struct decision *d, const char *field, const char *rule)
{
    struct decision_rule *r;

    for (size_t k = 0; k < d->n_rules; k++)
        if (strcmp(d->rules[k].field, field) == 0)
            return &d->rules[k];
    r = &d->rules[d->n_rules++];
    memset(r, 0, sizeof *r);
    r->field = field;
    r->rule = rule;
    return r;
}

/* Whose value was written, or wins though nobody needs it. */
static const char *
source_name(const struct field_case *c)
{
    const struct candidate *x = c->winner != NULL ? c->winner : c->contact;

    for (size_t j = 0; x == NULL && j < c->in->sync->n_between; j++)
        x = c->ends[j].gets;
    return x == NULL ? NULL : candidate_source(c, x);
}

/* The base that was left: of the source, else of the first that moved, else any; NULL: none. */
static const struct val *
base_of(const struct field_case *c)
{
    const struct val *any = NULL, *moved = NULL;

    if (c->winner != NULL && c->winner->system != PERSON && c->ends[c->winner->system].base != NULL)
        return c->ends[c->winner->system].base;
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct field_end *e = &c->ends[i];

        if (any == NULL)
            any = e->base;
        if (moved == NULL && (e->changed || e->late))
            moved = e->base;
    }
    return moved != NULL ? moved : any;
}

/* Where the field is owed after this: what is written, what is refused, what could not be looked
 * at. */
static const struct val *
owed_to(const struct field_case *c)
{
    struct val *names = val_array(c->a);

    for (size_t j = 0; j < c->in->sync->n_between; j++) {
        const struct field_end *e = &c->ends[j];
        bool kept = (e->map == NULL || c->open) && field_owed(c, j) != NULL;

        if (kept || e->gets != NULL || e->refused)
            val_push(c->a, names, val_string(c->a, c->in->sync->between[j]->name));
    }
    return names->n > 0 ? names : NULL;
}

/* Owed rows that nobody needs any more go with a rule line that does not list them. */
static bool
drops_owed(const struct field_case *c)
{
    for (size_t j = 0; j < c->in->sync->n_between; j++)
        if (c->ends[j].map != NULL && !c->open && field_owed(c, j) != NULL)
            return true;
    return false;
}

/* What a person is shown of a conflict: each end in its own words; one that cannot be read as it
 * was seen last, so that it has its part in what is decided. */
static const struct val *
shown_values(const struct field_case *c)
{
    struct val *values = val_object(c->a);

    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct field_end *e = &c->ends[i];
        const struct val *value = e->map != NULL ? e->now : e->unread ? e->base : NULL;

        if (value != NULL)
            val_set(c->a, values, c->in->sync->between[i]->name, val_copy(c->a, value));
    }
    return values;
}

static void
add_rule(struct field_case *c, struct decision *d)
{
    struct decision_rule *r;

    if (c->rule == NULL && drops_owed(c))
        c->rule = c->field->create_only ? RULE_CREATE_ONLY : RULE_ADOPT;
    if (c->rule == NULL)
        return;
    r = decision_rule_of(d, c->name, c->rule);
    r->base = base_of(c);
    r->source = source_name(c);
    r->conflict = c->conflict;
    r->values = c->conflict ? shown_values(c) : NULL;
    r->owed = owed_to(c);
    for (size_t j = 0; j < c->in->sync->n_between; j++)
        r->diverged |= c->ends[j].differs;
}

/* ---- writes ---- */

static void
add_update(struct field_case *cases, struct arena *a, const struct decide_input *in, size_t i,
           struct decision *d)
{
    struct val *set = val_object(a), *later = val_object(a);
    struct val *sources = val_object(a), *before = val_object(a);
    struct decision_write *w = &d->writes[d->n_writes];

    for (size_t k = 0; k < in->sync->n_fields; k++) {
        const struct field_case *c = &cases[k];
        const struct field_end *e = &c->ends[i];

        if (e->gets == NULL)
            continue;
        val_set(a, sources, c->name, val_string(a, candidate_source(c, e->gets)));
        if (e->send == NULL) {
            val_set(a, later, c->name, val_copy(a, e->gets->value));
            continue;
        }
        val_set(a, set, c->name, val_copy(a, e->send));
        if (e->now != NULL)
            val_set(a, before, c->name, val_copy(a, e->now));
    }
    if (sources->n == 0)
        return;
    memset(w, 0, sizeof *w);
    w->target = in->sync->between[i]->name;
    w->account = in->sync->between[i]->account;
    w->action = "update";
    w->target_record_id = in->ends[i].record_id;
    w->set = set;
    w->later = later->n > 0 ? later : NULL;
    w->sources = sources;
    w->before = in->ends[i].state == END_UNREAD ? NULL : before;
    w->etag = in->ends[i].etag;
    d->n_writes++;
}

/* ---- the whole ---- */

/* Shown in a message: at most 60 bytes, cut between characters. */
static const char *
shown(struct arena *a, const struct val *value)
{
    const char *text = val_canon_text(a, value);
    size_t n = strlen(text);

    if (n <= 60)
        return text;
    for (n = 60; ((unsigned char)text[n] & 0xc0) == 0x80; n--)
        ;
    return arena_printf(a, "%.*s...", (int)n, text);
}

static void
reject(const struct field_case *c, struct arena *a, const struct decide_input *in,
       struct decision *d)
{
    list_ends(a, in, d);
    keep_tombstones(in, d);
    d->n_rules = 0;
    d->n_writes = 0;
    d->disposition = "rejected";
    d->reject_code = "unmapped";
    d->text =
        arena_printf(a, "%s: table %s has no word for %s at %s", c->name, c->field->values->name,
                     shown(a, c->unmapped_value), in->sync->between[c->unmapped_end]->name);
}

static struct field_case *
open_fields(struct arena *a, const struct decide_input *in)
{
    struct field_case *cases = arena_alloc(a, (in->sync->n_fields + 1) * sizeof *cases);

    for (size_t k = 0; k < in->sync->n_fields; k++)
        field_open(&cases[k], a, in, &in->sync->fields[k]);
    return cases;
}

static void
settle_fields(struct field_case *cases, const struct decide_input *in)
{
    for (size_t k = 0; k < in->sync->n_fields; k++) {
        struct field_case *c = &cases[k];

        if (field_is_open(c)) {
            field_candidates(c);
            field_settle(c);
            field_contact(c);
            field_enforce(c);
        }
        field_close(c);
    }
}

static const struct field_case *
rejected_field(const struct field_case *cases, const struct decide_input *in)
{
    for (size_t k = 0; k < in->sync->n_fields; k++)
        if (cases[k].rejected)
            return &cases[k];
    return NULL;
}

static const char *
nothing_to_do(const struct decide_input *in)
{
    if (in->ends[in->nominator].state == END_DELETED)
        return "deleted";
    for (size_t i = 0; i < in->sync->n_between; i++)
        if ((in->ends[i].state == END_MISSING || in->ends[i].state == END_DELETED) &&
            in->ends[i].unknown_create)
            return "owed";
    if (decide_count(in, END_LIVE) > 1)
        return "unchanged";
    return in->other_engine && !in->sync->propagate_engines ? "filtered" : "ignored";
}

/* What became of the fields says more than that nothing was to do. */
static const char *
disposition(const struct field_case *cases, const struct decide_input *in, const struct decision *d)
{
    const char *worst = NULL, *idle = d->n_writes > 0 ? NULL : nothing_to_do(in);

    for (size_t k = 0; k < in->sync->n_fields; k++)
        worst = disposition_worse(worst, cases[k].disposition);
    if (worst != NULL && idle != NULL &&
        (strcmp(idle, "unchanged") == 0 || strcmp(idle, "ignored") == 0))
        return worst;
    return disposition_worse(idle, worst);
}

/* Fields are settled: rules, writes, and what the ends are remembered by. */
static void
settle(struct field_case *cases, struct arena *a, const struct decide_input *in, bool anew,
       struct decision *d)
{
    const struct field_case *bad;

    settle_fields(cases, in);
    bad = rejected_field(cases, in);
    for (size_t k = 0; bad == NULL && k < in->sync->n_fields; k++)
        add_rule(&cases[k], d);
    for (size_t i = 0; bad == NULL && i < in->sync->n_between; i++)
        add_update(cases, a, in, i, d);
    if (bad == NULL)
        bad = create_ends(cases, a, in, anew, d);
    if (bad != NULL) {
        reject(bad, a, in, d);
        return;
    }
    cover_ends(cases, a, in, d);
    d->disposition = disposition(cases, in, d);
}

void
decide(struct arena *a, const struct decide_input *in, struct decision *d)
{
    struct field_case *cases = open_fields(a, in);
    bool anew = false;

    d->rules = arena_alloc(a, (in->sync->n_fields + 1) * sizeof *d->rules);
    d->writes = arena_alloc(a, (in->sync->n_between + 1) * sizeof *d->writes);
    d->n_rules = d->n_writes = 0;
    d->reject_code = d->text = d->disposition = d->ended_why = NULL;
    d->reopen = false;
    list_ends(a, in, d);
    switch (course_of(cases, a, in, d, &anew)) {
    case COURSE_STOP:
        keep_tombstones(in, d);
        break;
    case COURSE_DELETE:
        delete_ends(cases, a, in, d);
        break;
    case COURSE_END:
        keep_differing(cases, in);
        cover_ends(cases, a, in, d);
        break;
    case COURSE_SETTLE:
        settle(cases, a, in, anew, d);
        break;
    }
}
