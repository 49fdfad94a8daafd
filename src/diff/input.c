#include <config.h>

#include "diff/internal.h"
#include "base/clock.h"
#include "config/mapping.h"
#include "sync/match.h"

#include <string.h>

/* What decide() is given, and what is added to what it says. */

static bool
in_list(const char *const *list, size_t max, const char *name)
{
    size_t i;

    for (i = 0; i < max && list[i] != NULL; i++)
        if (strcmp(list[i], name) == 0)
            return true;
    return false;
}

/* Earliest occurred_at among what was folded for that system. */
static int64_t
folded_time(const struct event *e, const char *system)
{
    int64_t first = 0, at;
    size_t i;

    for (i = 0; i < e->n_folded; i++)
        if (e->folded[i].occurred_at != NULL && strcmp(e->folded[i].system, system) == 0 &&
            clock_parse(e->folded[i].occurred_at, &at, NULL) == 0 && (first == 0 || at < first))
            first = at;
    return first;
}

static bool
names(const struct val *list, const char *name)
{
    for (size_t i = 0; list != NULL && i < list->n; i++)
        if (strcmp(val_text(list->u.items[i]), name) == 0)
            return true;
    return false;
}

/* Is it known to differ, at whichever end? */
static bool
is_diverged(const struct item *it, const char *field)
{
    for (size_t i = 0; i < it->link.n_ends; i++)
        if (names(it->link.ends[i].diverged, field))
            return true;
    return false;
}

/*
 * Which fields of a shadow are no base: those that are mapped otherwise now, and where another
 * first contact policy has the word, what it is to decide: what was left different.
 */
static int
fill_base(struct diff *d, struct item *it, const struct store_end *stored, struct decide_end *out,
          struct err *err)
{
    const struct val *was = NULL, *is = NULL;
    const struct conf_sync *sync = it->sync;
    struct val *list;

    if (strcmp(stored->map_hash, sync->map_hash) == 0)
        return 0;
    if (d->o->store != NULL &&
        store_mapping(d->o->store, d->arena, stored->map_hash, &was, err) < 0)
        return -1;
    if (sync->mapping != NULL)
        is = val_parse(d->arena, sync->mapping, strlen(sync->mapping), err);
    out->map_changed = was == NULL || is == NULL;
    if (out->map_changed)
        return 0;
    list = val_array(d->arena);
    for (size_t k = 0; k < sync->n_fields; k++) {
        const char *name = sync->fields[k].field->name;

        if (!mapping_keeps(was, is, stored->system, name) ||
            (mapping_meets_anew(was, is) && is_diverged(it, name)))
            val_push(d->arena, list, val_string(d->arena, name));
    }
    out->remapped = list;
    return 0;
}

static int
fill_end(struct diff *d, struct item *it, size_t i, struct decide_end *out, struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const struct store_end *stored = stored_end(it, system->name);
    const struct item_end *end = &it->ends[i];
    int64_t folded = folded_time(&it->event, system->name), own = 0;

    out->state = end->wanted ? end->state : END_MISSING;
    out->record_id = end->record_id;
    out->fields = end->fields;
    out->version = end->version;
    out->etag = end->etag;
    out->changed_at = end->changed_at;
    out->seen_at = end->seen_at;
    out->writable = true;
    out->unknown_create = in_list(it->link.unknown_targets, 8, system->name);
    if (stored != NULL) {
        out->shadow = stored->shadow;
        out->diverged = stored->diverged;
        out->tombstone = stored->deleted;
        if (fill_base(d, it, stored, out, err) < 0)
            return -1;
    }
    if (i == it->nominator && it->event.occurred_at != NULL &&
        clock_parse(it->event.occurred_at, &own, NULL) == 0)
        out->changed_at = own;
    if (folded != 0 && (i != it->nominator || own == 0 || folded < own))
        out->changed_at = folded;
    return 0;
}

static int
fill_late(struct diff *d, struct item *it, struct decide_input *in, struct err *err)
{
    struct decide_late *late = NULL;
    size_t i, n = 0, k;

    if (d->o->store == NULL || it->link.link_id == 0)
        return 0;
    late = arena_alloc(d->arena, it->sync->n_between * 16 * sizeof *late);
    for (i = 0; i < it->sync->n_between; i++) {
        struct store_written *written;
        int count = store_lost_writes(d->o->store, d->arena, it->link.link_id,
                                      it->sync->between[i]->name, d->now, &written, err);

        if (count < 0)
            return -1;
        for (k = 0; k < (size_t)count && k < 16; k++)
            late[n++] = (struct decide_late){i, written[k].fields};
    }
    in->late = late;
    in->n_late = n;
    return 0;
}

/* Not us: our own writes are told by `sync_source` (sync-event(5)). */
static bool
is_other_engine(const struct event *e)
{
    return e->n_folded == 0 && e->sync_actor != NULL && strcmp(e->sync_actor, "sync_engine") == 0 &&
           (e->sync_source == NULL || strcmp(e->sync_source, "loopless") != 0);
}

/* What was folded was nominated, too: one of these speaks for a record that is not there. */
static size_t
speaker(const struct item *it, const struct decide_end *ends)
{
    if (it->deleting || ends[it->nominator].state == END_LIVE)
        return it->nominator;
    for (size_t k = 0; k < it->event.n_folded; k++) {
        int i = sync_index(it->sync, it->event.folded[k].system);

        if (i >= 0 && ends[i].state == END_LIVE)
            return (size_t)i;
    }
    return it->nominator;
}

int
run_decide(struct diff *d, struct item *it, struct err *err)
{
    struct decide_input in = {.sync = it->sync};
    struct decide_owed *owed = arena_alloc(d->arena, (it->link.n_owed + 1) * sizeof *owed);
    size_t i;

    in.linked = it->link.link_id != 0;
    in.ended = it->link.ended;
    in.owned_by = it->link.owned_by;
    in.other_engine = is_other_engine(&it->event);
    in.event_type = it->event.event_type != NULL ? it->event.event_type : "updated";
    in.ends = arena_alloc(d->arena, it->sync->n_between * sizeof *in.ends);
    for (i = 0; i < it->sync->n_between; i++)
        if (fill_end(d, it, i, &in.ends[i], err) != 0)
            return -1;
    in.nominator = speaker(it, in.ends);
    for (i = 0; i < it->link.n_owed; i++) {
        const struct store_owed *o = &it->link.owed[i];

        owed[i] = (struct decide_owed){o->field, o->target, o->source,
                                       o->value, o->since,  o->refused != NULL};
    }
    in.owed = owed;
    in.n_owed = it->link.n_owed;
    in.closed = it->link.closed_fields;
    in.n_closed = it->link.n_closed;
    if (fill_late(d, it, &in, err) != 0)
        return -1;
    memset(&it->decision, 0, sizeof it->decision);
    decide(d->arena, &in, &it->decision);
    return 0;
}

/* Each key once: all creates of a decision are of one thing. */
static void
add_claims(struct arena *a, struct val *claims, const struct match_keys *keys)
{
    for (size_t k = 0; k < keys->n; k++) {
        bool known = false;

        for (size_t i = 0; i < claims->n; i++)
            known = known || strcmp(val_text(claims->u.items[i]), keys->hashes[k]) == 0;
        if (!known)
            val_push(a, claims, val_string(a, keys->hashes[k]));
    }
}

/* The target cannot be read: what it is to get is owed. */
static void
withhold(struct diff *d, const struct item_end *end, struct decision_write *w)
{
    char text[CLOCK_TEXT];

    w->hold_reason = end->unread_why;
    w->hold_not_before = arena_text(d->arena, clock_format(end->unread_until, text));
}

/*
 * The external id of a link to be made: from the record, but never one that another link has, which
 * the record was in once (it was taken out, or another took its place).
 */
static const char *
new_external_id(struct diff *d, const struct item *it)
{
    const struct event *e = &it->event;
    const char *made = match_external_id(d->arena, d->deployment, e->resource, e->system,
                                         e->account != NULL ? e->account : "", it->record_id);
    const char *id = made;
    struct err ignored = ERR_INIT; /* who cannot look is told so when it is committed */
    int64_t other;

    for (int n = 2; d->o->store != NULL && n < 100; n++) {
        if (store_find_external(d->o->store, id, &other, &ignored) != 1)
            break;
        id = arena_printf(d->arena, "%s-%d", made, n);
    }
    return id;
}

void
complete(struct diff *d, struct item *it)
{
    struct decision *dec = &it->decision;
    struct match_keys keys;
    struct val *claims = NULL;
    size_t i;

    dec->link = it->link.link_id;
    dec->generation = it->link.generation;
    dec->map_hash = it->sync->map_hash;
    dec->external_id = it->link.external_id;
    if (dec->external_id == NULL)
        dec->external_id = new_external_id(d, it);
    for (i = 0; i < dec->n_ends; i++)
        dec->ends[i].replaces = it->ends[sync_index(it->sync, dec->ends[i].system)].replaces;
    for (i = 0; i < dec->n_writes; i++) {
        struct decision_write *w = &dec->writes[i];
        size_t target = (size_t)sync_index(it->sync, w->target);

        w->external_id = dec->external_id;
        if (it->ends[target].state == END_UNREAD)
            withhold(d, &it->ends[target], w);
        if (strcmp(w->action, "create") != 0) {
            if (it->sync->defs[target]->version_kind == VERSION_ETAG)
                w->etag = it->ends[target].etag;
            continue;
        }
        if (claims == NULL)
            claims = val_array(d->arena);
        match_keys(d->arena, it->sync, target, w->set, &keys);
        add_claims(d->arena, claims, &keys);
        dec->claims = claims;
    }
}
