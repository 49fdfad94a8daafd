#include <config.h>

#include "sync/decide.h"

#include <string.h>

#include "stream/disposition.h"
#include "sync/compare.h"
#include "sync/field.h"

/* ---- ends ---- */

static size_t
count(const struct decide_input *in, enum end_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < in->sync->n_between; i++)
        n += in->ends[i].state == state;
    return n;
}

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

static const struct val *
covered(const struct field_case *cases, struct arena *a, const struct decide_input *in, size_t i)
{
    struct val *fields = val_object(a);

    for (size_t k = 0; k < in->sync->n_fields; k++)
        if (cases[k].ends[i].map != NULL && !cases[k].open)
            val_set(a, fields, cases[k].name, val_copy(a, cases[k].ends[i].now));
    return fields;
}

/* An end that is gone misses what is settled meanwhile: known, should it come back. */
static bool
misses(const struct field_case *c, const struct decide_input *in, size_t i)
{
    const struct val *base = val_get(in->ends[i].shadow, c->name);
    const struct candidate *ref = field_reference(c);

    if (in->ends[i].state == END_LIVE)
        return false;
    if (c->ends[i].known)
        return true;
    return c->rule != NULL && !c->open && ref != NULL && base != NULL &&
           resource_field(in->sync->defs[i], c->name) != NULL &&
           !compare_equal(c->a, in->sync, c->field, ref->words, ref->value, i, base);
}

static const struct val *
diverged(const struct field_case *cases, struct arena *a, const struct decide_input *in, size_t i)
{
    struct val *names = val_array(a);

    for (size_t k = 0; k < in->sync->n_fields; k++)
        if (cases[k].ends[i].differs || misses(&cases[k], in, i))
            val_push(a, names, val_string(a, cases[k].name));
    return names;
}

static void
cover_ends(const struct field_case *cases, struct arena *a, const struct decide_input *in,
           struct decision *d)
{
    size_t n = 0;

    for (size_t i = 0; i < in->sync->n_between; i++) {
        if (!is_listed(&in->ends[i]))
            continue;
        d->ends[n].covered = covered(cases, a, in, i);
        d->ends[n++].diverged = diverged(cases, a, in, i);
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
    return x == NULL ? NULL : c->in->sync->between[x->system]->name;
}

/* The base that was left: of the source, else of the first that moved, else any; NULL: none. */
static const struct val *
base_of(const struct field_case *c)
{
    const struct val *any = NULL, *moved = NULL;

    if (c->winner != NULL && c->ends[c->winner->system].base != NULL)
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
        if (c->ends[j].owed && !c->open)
            return true;
    return false;
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
    r->owed = owed_to(c);
    for (size_t j = 0; j < c->in->sync->n_between; j++)
        r->diverged |= c->ends[j].differs;
}

/* ---- writes ---- */

static void
add_update(struct field_case *cases, struct arena *a, const struct decide_input *in, size_t i,
           struct decision *d)
{
    struct val *set = val_object(a), *sources = val_object(a), *before = val_object(a);
    struct decision_write *w = &d->writes[d->n_writes];

    for (size_t k = 0; k < in->sync->n_fields; k++) {
        const struct field_case *c = &cases[k];
        const struct field_end *e = &c->ends[i];

        if (e->gets == NULL)
            continue;
        val_set(a, set, c->name, val_copy(a, e->send));
        val_set(a, sources, c->name, val_string(a, in->sync->between[e->gets->system]->name));
        if (e->now != NULL)
            val_set(a, before, c->name, val_copy(a, e->now));
    }
    if (set->n == 0)
        return;
    memset(w, 0, sizeof *w);
    w->target = in->sync->between[i]->name;
    w->account = in->sync->between[i]->account;
    w->action = "update";
    w->target_record_id = in->ends[i].record_id;
    w->set = set;
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
    d->n_rules = 0;
    d->n_writes = 0;
    d->disposition = "rejected";
    d->reject_code = "unmapped";
    d->text =
        arena_printf(a, "%s: table %s has no word for %s at %s", c->name, c->field->values->name,
                     shown(a, c->unmapped_value), in->sync->between[c->unmapped_end]->name);
}

/* Why nothing is looked at at all; NULL: go on. */
static const char *
stops(const struct decide_input *in)
{
    enum end_state own = in->ends[in->nominator].state;
    size_t live = count(in, END_LIVE);

    if (own == END_GONE)
        return "gone";
    if (own == END_DELETED)
        return "deleted";
    if (own == END_MISSING || live == 0)
        return "ignored";
    if (live == 1 && count(in, END_GONE) > 0)
        return "gone";
    if (live == 1 && count(in, END_DELETED) > 0)
        return "ignored";
    return NULL;
}

static struct field_case *
decide_fields(struct arena *a, const struct decide_input *in)
{
    struct field_case *cases = arena_alloc(a, (in->sync->n_fields + 1) * sizeof *cases);

    for (size_t k = 0; k < in->sync->n_fields; k++) {
        struct field_case *c = &cases[k];

        field_open(c, a, in, &in->sync->fields[k]);
        if (field_is_open(c)) {
            field_candidates(c);
            field_settle(c);
            field_contact(c);
        }
        field_close(c);
    }
    return cases;
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
    for (size_t i = 0; i < in->sync->n_between; i++)
        if (in->ends[i].state == END_MISSING && in->ends[i].unknown_create)
            return "owed";
    return count(in, END_LIVE) > 1 ? "unchanged" : "ignored";
}

static const char *
disposition(const struct field_case *cases, const struct decide_input *in, const struct decision *d)
{
    const char *worst = d->n_writes > 0 ? NULL : nothing_to_do(in);

    for (size_t k = 0; k < in->sync->n_fields; k++)
        worst = disposition_worse(worst, cases[k].disposition);
    return worst;
}

void
decide(struct arena *a, const struct decide_input *in, struct decision *d)
{
    const struct field_case *bad;
    struct field_case *cases;

    d->rules = arena_alloc(a, (in->sync->n_fields + 1) * sizeof *d->rules);
    d->writes = arena_alloc(a, (in->sync->n_between + 1) * sizeof *d->writes);
    d->n_rules = d->n_writes = 0;
    d->reject_code = d->text = NULL;
    list_ends(a, in, d);
    d->disposition = stops(in);
    if (d->disposition != NULL)
        return;
    cases = decide_fields(a, in);
    bad = rejected_field(cases, in);
    for (size_t k = 0; bad == NULL && k < in->sync->n_fields; k++)
        add_rule(&cases[k], d);
    for (size_t i = 0; bad == NULL && i < in->sync->n_between; i++)
        add_update(cases, a, in, i, d);
    if (bad == NULL)
        bad = create_ends(cases, a, in, d);
    if (bad != NULL) {
        reject(bad, a, in, d);
        return;
    }
    cover_ends(cases, a, in, d);
    d->disposition = disposition(cases, in, d);
}
