#include <config.h>

#include "push/internal.h"
#include "base/crash.h"
#include "base/log.h"

#include <string.h>

static bool
lists(const struct val *names, const char *name)
{
    for (size_t i = 0; names != NULL && i < names->n; i++)
        if (strcmp(val_text(names->u.items[i]), name) == 0)
            return true;
    return false;
}

/* Is it a status for values that are not taken? Others say that of the record, or of the call. */
static bool
is_about_values(const struct provider_answer *a)
{
    return a->code != NULL &&
           (strcmp(a->code, "http-400") == 0 || strcmp(a->code, "http-422") == 0 ||
            strcmp(a->code, "said-error") == 0);
}

/* The fields of the write that the answer names; NULL: none, or all, which says no more. */
static const struct val *
named(const struct write *w, const struct provider_answer *a)
{
    struct arena *arena = w->line->arena;
    const struct val *fields = w->intent.fields;
    struct val *names = val_array(arena);

    for (size_t i = 0; i < fields->n; i++)
        if (lists(a->blamed, fields->u.members[i].name))
            val_push(arena, names, val_string(arena, fields->u.members[i].name));
    return names->n > 0 && names->n < fields->n ? names : NULL;
}

/* The field that is next, by itself. */
static const struct val *
next_field(const struct write *w)
{
    const struct val_member *m = &w->intent.fields->u.members[w->n_stored];
    struct val *only = val_object(w->line->arena);

    val_set(w->line->arena, only, m->name, m->value);
    return only;
}

static void
send_next(struct write *w)
{
    w->only = next_field(w);
    w->alone = true;
    send_add(w);
}

static const struct val *
only_name(const struct write *w)
{
    struct val *names = val_array(w->line->arena);

    val_push(w->line->arena, names, val_string(w->line->arena, w->only->u.members[0].name));
    return names;
}

static void
refuse(struct write *w, const struct provider_answer *a, const struct val *names)
{
    size_t left = w->intent.fields->n - names->n;

    outcome_part(w, a, names,
                 arena_printf(w->line->arena, "%s-%zu", w->intent.idempotency_key, left));
}

/*
 * May it go out without the fields NAMES? Not a create that would lack what records are matched by:
 * nobody could tell whom it is of.
 */
static bool
can_go_without(const struct write *w, const struct val *names)
{
    const struct conf_sync *sync = w->line->sync;

    if (strcmp(w->intent.action, "create") != 0)
        return true;
    for (size_t i = 0; sync != NULL && i < sync->n_match; i++)
        if (lists(names, sync->match[i]))
            return false;
    return true;
}

bool
refuse_part(struct write *w, const struct provider_answer *a)
{
    const struct val *fields = w->intent.fields, *names;

    if (fields == NULL || fields->n < 2 || (!is_about_values(a) && a->blamed == NULL))
        return false;
    names = w->only != NULL ? only_name(w) : named(w, a);
    if (names != NULL && can_go_without(w, names)) {
        refuse(w, a, names);
        return true;
    }
    if (names != NULL || !is_about_values(a) || strcmp(w->intent.action, "update") != 0)
        return false;
    send_next(w);
    return true;
}

/* The record as A shows it, for when nothing later does. */
static void
keep_shown(struct write *w, const struct provider_answer *a)
{
    struct arena *arena = w->line->arena;
    const struct provider_record *r = a->n_records > 0 ? &a->records[0] : NULL;
    struct provider_record *copy;

    w->shown_status = a->status;
    if (w->intent.etag != NULL && r != NULL)
        w->intent.etag = arena_text(arena, r->etag);
    if (r == NULL)
        return;
    copy = arena_alloc(arena, sizeof *copy);
    *copy = (struct provider_record){.id = arena_text(arena, r->id),
                                     .fields = val_copy(arena, r->fields),
                                     .version = arena_text(arena, r->version),
                                     .etag = arena_text(arena, r->etag)};
    w->shown = copy;
}

bool
refuse_next(struct write *w, const struct provider_answer *a)
{
    bool guarded = w->intent.etag != NULL;

    if (w->only == NULL)
        return false;
    w->n_stored++;
    keep_shown(w, a);
    if (w->n_stored == w->intent.fields->n)
        return false;
    if (guarded && w->intent.etag == NULL) { /* what is there now is decided anew */
        outcome_lost(w, a);
        return true;
    }
    send_next(w);
    return true;
}

/* The fields that are left, in their order: those that are stored come first still. */
static const struct val *
without(struct arena *a, const struct val *fields, const struct val *names)
{
    struct val *rest = val_object(a);

    for (size_t i = 0; i < fields->n; i++)
        if (!lists(names, fields->u.members[i].name))
            val_set(a, rest, fields->u.members[i].name, fields->u.members[i].value);
    return rest;
}

void
refuse_go_on(struct write *w)
{
    const struct store_settlement was = w->settlement;
    struct line *l = w->line;

    crash_point("push.part");
    l->push->refused = true;
    log_error("%s: %s %s: %s", line_name(l), w->intent.action, w->intent.target, w->error.text);
    w->part_code = w->error.code;
    w->part_text = w->error.text;
    w->intent.fields = without(l->arena, w->intent.fields, was.refused);
    w->intent.idempotency_key = was.idempotency_key;
    w->settlement = (struct store_settlement){.http_status = w->shown_status};
    w->error.code = NULL;
    w->status = NULL;
    w->alone = true;
    w->marked = w->n_stored > 0;
    if (w->only == NULL)
        send_add(w);
    else if (w->n_stored < w->intent.fields->n)
        send_next(w);
    else
        outcome_done(w, NULL, w->shown);
}
