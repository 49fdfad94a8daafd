#include <config.h>

#include "sync/field.h"

#include <string.h>

#include "sync/compare.h"

/* Is NAME in a list of texts? */
static bool
lists(const struct val *names, const char *name)
{
    for (size_t i = 0; names != NULL && names->kind == VAL_ARRAY && i < names->n; i++) {
        const char *text = val_text(names->u.items[i]);

        if (text != NULL && strcmp(text, name) == 0)
            return true;
    }
    return false;
}

static bool
is_closed(const struct field_case *c)
{
    for (size_t i = 0; i < c->in->n_closed; i++)
        if (strcmp(c->in->closed[i], c->name) == 0)
            return true;
    return false;
}

/* Does end I show what an older write of ours carried? Never at the owner: its word counts. */
static bool
is_late(const struct field_case *c, size_t i, const struct val *now)
{
    if (c->owner == i)
        return false;
    for (size_t k = 0; k < c->in->n_late; k++) {
        const struct val *sent = val_get(c->in->late[k].fields, c->name);

        if (c->in->late[k].end == i && sent != NULL &&
            compare_same(c->a, c->in->sync, c->field, i, now, sent))
            return true;
    }
    return false;
}

bool
field_is_remapped(const struct field_case *c, size_t i)
{
    return c->in->ends[i].map_changed || lists(c->in->ends[i].remapped, c->name);
}

static void
look_at(struct field_case *c, size_t i)
{
    const struct decide_end *from = &c->in->ends[i];
    struct field_end *e = &c->ends[i];

    e->known = lists(from->diverged, c->name);
    e->unread = from->state == END_UNREAD && resource_field(c->in->sync->defs[i], c->name) != NULL;
    if ((e->unread || from->state == END_LIVE) && !field_is_remapped(c, i))
        e->base = val_get(from->shadow, c->name);
    if (from->state != END_LIVE)
        return;
    e->map = resource_field(c->in->sync->defs[i], c->name);
    if (e->map == NULL)
        return;
    c->n_parts++;
    e->now = val_get(from->fields, c->name);
    if (e->now == NULL)
        e->now = val_null(c->a);
    if (e->base == NULL || compare_same(c->a, c->in->sync, c->field, i, e->now, e->base))
        return;
    e->late = !e->known && is_late(c, i, e->now);
    e->changed = !e->late;
}

/* The change, or all of it if it is met only now. */
static bool
is_foreign(const struct field_case *c, size_t i)
{
    const struct field_end *e = &c->ends[i];

    return c->in->other_engine && !c->in->sync->propagate_engines && i == c->in->nominator &&
           e->map != NULL && (e->changed || e->base == NULL);
}

/* Is it of the end's own, or a person's, or the reference that it was made with? Else its owner has
 * a say of its own: what others say of its field was for a record that was to be made anew. */
static bool
is_for_owner(const struct field_case *c, size_t t)
{
    const char *source = field_owed(c, t)->source;

    if (field_is_reference(c) && val_is_null(c->ends[t].base) && val_is_null(c->ends[t].now))
        return true;
    return strcmp(source, DECIDE_PERSON) == 0 || strcmp(source, c->in->sync->between[t]->name) == 0;
}

/*
 * What is owed to a record that is met only now was owed to one that was to be made: this one has a
 * say of its own (first_contact), unless it shows what we sent to make it.
 */
static bool
counts_as_owed(const struct field_case *c, size_t t)
{
    const struct val *shadow = c->in->ends[t].shadow;

    if (c->ends[t].map == NULL || field_owed(c, t) == NULL)
        return false;
    if (c->owner == t && !is_for_owner(c, t))
        return false;
    return (shadow != NULL && shadow->n > 0) || is_late(c, t, c->ends[t].now);
}

static bool
any_changed(const struct field_case *c)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++)
        if (c->ends[i].changed || c->ends[i].late)
            return true;
    return false;
}

/* A person has the field: nothing moves until the conflict is resolved. What the ends show is told
 * each time, so that nobody decides about values that are no longer there. */
static void
keep_closed(struct field_case *c)
{
    c->open = true;
    if (c->n_parts == 0)
        return;
    c->rule = RULE_CONFLICT;
    c->conflict = true;
    if (any_changed(c))
        c->disposition = "conflict";
}

static void
look_for_unmapped(struct field_case *c)
{
    const struct val *unified;

    for (size_t i = 0; i < c->in->sync->n_between && !c->unmapped; i++)
        if (c->ends[i].map != NULL &&
            compare_unify(c->a, c->in->sync, c->field, i, c->ends[i].now, &unified) != TABLE_OK)
            field_unmapped(c, i, c->ends[i].now);
}

void
field_unmapped(struct field_case *c, size_t i, const struct val *value)
{
    c->unmapped = true;
    c->open = true;
    c->winner = c->contact = NULL;
    c->rule = RULE_UNMAPPED;
    c->disposition = "unmapped";
    c->rejected = c->field->values->unmapped == UNMAPPED_REJECT;
    c->unmapped_end = i;
    c->unmapped_value = value;
    for (size_t k = 0; k < c->in->sync->n_between; k++)
        c->ends[k].gets = NULL;
}

/* Who made the record, as far as that can be told. */
static int
creator(const struct decide_input *in)
{
    if (in->owned_by != NULL)
        return sync_index(in->sync, in->owned_by);
    for (size_t i = 0; i < in->sync->n_between; i++)
        if (in->ends[i].state == END_LIVE)
            return (int)i;
    return -1;
}

/* A creator that does not have the field owns nothing of it. */
static void
find_owner(struct field_case *c)
{
    const struct owner *o = &c->field->owner;
    int i = -1;

    if (o->kind == OWNER_SYSTEM)
        i = sync_index(c->in->sync, o->system->name);
    else if (o->kind == OWNER_CREATOR)
        i = creator(c->in);
    c->any = o->kind == OWNER_ANY || (o->kind == OWNER_CREATOR && i >= 0 &&
                                      resource_field(c->in->sync->defs[i], c->name) == NULL);
    c->owner = c->any || i < 0 ? NO_END : (size_t)i;
}

void
field_open(struct field_case *c, struct arena *a, const struct decide_input *in,
           const struct sync_field *field)
{
    memset(c, 0, sizeof *c);
    c->a = a;
    c->in = in;
    c->field = field;
    c->name = field->field->name;
    find_owner(c);
    c->ends = arena_alloc(a, in->sync->n_between * sizeof *c->ends);
    for (size_t i = 0; i < in->sync->n_between; i++)
        look_at(c, i);
    for (size_t i = 0; i < in->sync->n_between; i++) {
        c->ends[i].foreign = is_foreign(c, i);
        c->ends[i].owed = counts_as_owed(c, i);
    }
    if (is_closed(c))
        keep_closed(c);
    else if (field->values != NULL && !field_is_reference(c))
        look_for_unmapped(c);
    if (field->create_only && !c->open && any_changed(c))
        c->rule = RULE_CREATE_ONLY;
}

bool
field_is_open(const struct field_case *c)
{
    return !c->open && !c->field->create_only;
}

bool
field_may_write(const struct field_case *c, size_t i)
{
    return c->any || c->owner == i;
}

bool
field_is_reference(const struct field_case *c)
{
    return c->field->values != NULL && c->field->values->unmapped == UNMAPPED_OWE;
}

static bool
is_known_word(const struct field_case *c, size_t i, const struct val *value)
{
    const struct val *unified;

    return compare_unify(c->a, c->in->sync, c->field, i, value, &unified) == TABLE_OK;
}

bool
field_equal(const struct field_case *c, size_t i, const struct val *x, size_t j,
            const struct val *y)
{
    if (i != j && field_is_reference(c) && !(is_known_word(c, i, x) && is_known_word(c, j, y)))
        return false;
    return compare_equal(c->a, c->in->sync, c->field, i, x, j, y);
}

const char *
candidate_source(const struct field_case *c, const struct candidate *x)
{
    return x->system == PERSON ? DECIDE_PERSON : c->in->sync->between[x->system]->name;
}

bool
candidate_has_base(const struct field_case *c, const struct candidate *x)
{
    return x->system == PERSON || c->ends[x->system].base != NULL;
}

const struct decide_owed *
field_owed(const struct field_case *c, size_t t)
{
    const char *target = c->in->sync->between[t]->name;

    for (size_t k = 0; k < c->in->n_owed; k++)
        if (strcmp(c->in->owed[k].field, c->name) == 0 &&
            strcmp(c->in->owed[k].target, target) == 0)
            return &c->in->owed[k];
    return NULL;
}

struct candidate *
candidate_of_end(const struct field_case *c, size_t i)
{
    struct candidate *x = arena_alloc(c->a, sizeof *x);

    x->system = x->words = i;
    x->value = c->ends[i].now;
    x->at = c->in->ends[i].changed_at;
    x->seen = c->in->ends[i].seen_at;
    x->real = c->ends[i].changed;
    x->allowed = field_may_write(c, i) && !c->ends[i].foreign;
    return x;
}

const struct candidate *
field_final(const struct field_case *c, size_t i)
{
    const struct candidate *gets = c->ends[i].gets;
    struct candidate *x = candidate_of_end(c, i);
    const struct val *value;

    if (gets != NULL && field_translate(c, gets, i, &value))
        x->value = value;
    return x;
}

bool
candidate_at(const struct field_case *c, const struct candidate *x, size_t j)
{
    return field_equal(c, x->words, x->value, j, c->ends[j].now);
}

static bool
is_same(const struct field_case *c, const struct candidate *x, const struct candidate *y)
{
    return field_equal(c, x->words, x->value, y->words, y->value);
}

/* Is it still to be seen what I shows in the end? */
static bool
is_pending(const struct field_case *c, size_t i)
{
    const struct field_end *e = &c->ends[i];

    if (e->gets != NULL)
        return false;
    if (e->unread)
        return field_owed(c, i) != NULL;
    return !c->settled && !e->right && (e->late || e->owed || e->changed);
}

const struct candidate *
field_known(const struct field_case *c, size_t i)
{
    const struct field_end *e = &c->ends[i];
    struct candidate *x;

    if (e->map != NULL)
        return field_final(c, i);
    if (!e->unread || (e->base == NULL && e->gets == NULL))
        return NULL;
    x = candidate_of_end(c, i);
    if (e->gets == NULL || !field_translate(c, e->gets, i, &x->value))
        x->value = e->base;
    return x->value == NULL ? NULL : x;
}

bool
field_is_level(const struct field_case *c, const struct candidate *x, const struct candidate *y,
               size_t j)
{
    struct candidate at = {.words = j};

    if (!field_translate(c, y, j, &at.value))
        return true;
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        bool counts = i != j && !is_pending(c, i) && !c->ends[i].differs;
        const struct candidate *z = counts ? field_known(c, i) : NULL;

        if (z != NULL && is_same(c, x, z) && !is_same(c, &at, z))
            return false;
    }
    return true;
}

/* X as Y has it: it is X's word still. */
static const struct candidate *
in_words_of(const struct field_case *c, const struct candidate *x, const struct candidate *y)
{
    struct candidate *z = arena_alloc(c->a, sizeof *z);

    *z = *x;
    z->words = y->words;
    z->value = y->value;
    return z;
}

const struct candidate *
field_leveled(const struct field_case *c, const struct candidate *x, size_t j)
{
    if (field_is_level(c, x, x, j))
        return x;
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        bool pending = c->ends[i].unread && is_pending(c, i);
        const struct candidate *y = i == j || pending ? NULL : field_known(c, i);

        if (y != NULL && is_same(c, x, y) && field_is_level(c, x, y, j))
            return in_words_of(c, x, y);
    }
    return x;
}

/* The first end with a base; STEADY: that did not change and is not known to differ. */
static size_t
first_with_base(const struct field_case *c, bool steady)
{
    for (size_t i = 0; i < c->in->sync->n_between; i++) {
        const struct field_end *e = &c->ends[i];

        if (e->map != NULL && e->base != NULL && (!steady || !(e->changed || e->known || e->late)))
            return i;
    }
    return NO_END;
}

const struct candidate *
field_reference(const struct field_case *c)
{
    size_t first = first_with_base(c, true);

    if (c->winner != NULL)
        return c->winner;
    if (c->contact != NULL)
        return c->contact;
    if (c->owner != NO_END && c->ends[c->owner].map != NULL)
        return candidate_of_end(c, c->owner);
    if (first == NO_END)
        first = first_with_base(c, false);
    for (size_t i = 0; first == NO_END && i < c->in->sync->n_between; i++)
        if (c->ends[i].map != NULL)
            first = i;
    return first == NO_END ? NULL : field_final(c, first);
}

bool
field_translate(const struct field_case *c, const struct candidate *x, size_t j,
                const struct val **value)
{
    const struct val *unified;

    *value = x->value;
    if (x->words == j || c->field->values == NULL)
        return true;
    return compare_unify(c->a, c->in->sync, c->field, x->words, x->value, &unified) == TABLE_OK &&
           table_out(c->a, c->field->values, c->in->sync->between[j], unified, value) == TABLE_OK;
}

bool
field_has(const struct field_case *c, const struct candidate *x, size_t j)
{
    const struct val *value;

    return !field_translate(c, x, j, &value) ||
           compare_same(c->a, c->in->sync, c->field, j, c->ends[j].now, value);
}

/* What is written to end J, if it can be: not to a read-only field, not what it refuses. */
static void
close_write(struct field_case *c, size_t j)
{
    struct field_end *e = &c->ends[j];
    const struct decide_owed *owed = field_owed(c, j);

    if (resource_field(c->in->sync->defs[j], c->name)->read_only) {
        e->gets = NULL;
        e->differs = true;
        return;
    }
    if (!field_translate(c, e->gets, j, &e->send)) {
        e->send = NULL;
        if (!field_is_reference(c))
            field_unmapped(c, j, e->gets->value);
        return;
    }
    if (owed != NULL && owed->refused &&
        compare_same(c->a, c->in->sync, c->field, j, owed->value, e->send)) {
        e->gets = NULL;
        e->refused = true;
    }
}

/* Is there an owed row that goes, while another is refused? */
static bool
settles_some(const struct field_case *c)
{
    for (size_t j = 0; j < c->in->sync->n_between; j++)
        if (c->ends[j].map != NULL && !c->ends[j].refused && field_owed(c, j) != NULL)
            return true;
    return false;
}

static void
name_rule(struct field_case *c)
{
    bool writes = false, refused = false, differs = false;

    for (size_t j = 0; j < c->in->sync->n_between; j++) {
        writes |= c->ends[j].gets != NULL;
        refused |= c->ends[j].refused;
        differs |= c->ends[j].differs;
    }
    if (!differs && c->disposition != NULL && strcmp(c->disposition, "not-owner") == 0)
        c->disposition = NULL; /* it is undone */
    if (refused && !writes)
        c->rule = settles_some(c) ? RULE_ADOPT : RULE_REFUSED;
    else if (differs && (c->rule == NULL || (!writes && strcmp(c->rule, RULE_ENFORCE) == 0)))
        c->rule = !c->any ? RULE_NOT_OWNER : RULE_FIRST_REPORT;
}

void
field_close(struct field_case *c)
{
    for (size_t j = 0; j < c->in->sync->n_between && !c->unmapped; j++)
        if (c->ends[j].gets != NULL)
            close_write(c, j);
    if (c->open) {
        for (size_t j = 0; j < c->in->sync->n_between; j++)
            c->ends[j].differs = c->ends[j].known;
        return;
    }
    if (!c->field->create_only) {
        field_mark_differing(c);
        name_rule(c);
    }
}
