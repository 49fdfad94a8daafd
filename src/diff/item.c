#include <config.h>

#include "diff/internal.h"
#include "base/clock.h"
#include "diff/row.h"
#include "sync/compare.h"
#include "sync/match.h"

#include <string.h>

enum { UNREADABLE_RETRY_MS = 30000 };

/* What was decided before this was found out is none. */
static void
conclude(struct item *it)
{
    memset(&it->decision, 0, sizeof it->decision);
    it->done = true;
}

void
item_hold(struct item *it, struct arena *a, int64_t not_before, const char *reason)
{
    char text[CLOCK_TEXT];

    conclude(it);
    it->decision.hold_reason = reason;
    it->decision.hold_not_before = arena_text(a, clock_format(not_before, text));
}

void
item_reject(struct item *it, const char *code, const char *text)
{
    conclude(it);
    it->decision.disposition = "rejected";
    it->decision.reject_code = code;
    it->decision.text = text;
}

void
item_end_as(struct item *it, const char *disposition, const char *text)
{
    conclude(it);
    it->decision.disposition = disposition;
    it->decision.text = text;
}

static void
take_record(struct item_end *end, const struct provider_record *r, int64_t now)
{
    end->state = END_LIVE;
    end->fields = r->fields;
    end->external_id = r->external_id;
    end->version = r->version;
    end->etag = r->etag;
    end->changed_at = r->changed_at;
    end->seen_at = now;
    end->fresh = true;
}

/* The others go on without an end of a link that cannot be read; without the source nothing does.
 */
static void
take_failure(struct diff *d, struct item *it, size_t i, const struct cache_answer *answer)
{
    struct item_end *end = &it->ends[i];

    end->state = END_UNREAD;
    end->unread_until =
        answer->not_before > d->now ? answer->not_before : d->now + UNREADABLE_RETRY_MS;
    end->unread_why =
        arena_printf(d->arena, "cannot read %s:%s: %s", it->sync->between[i]->name, end->record_id,
                     answer->text != NULL ? answer->text : answer->code);
    if (i == it->nominator || it->link.link_id == 0)
        item_hold(it, d->arena, end->unread_until, end->unread_why);
}

int
read_end(struct diff *d, struct item *it, size_t i)
{
    const struct conf_system *system = it->sync->between[i];
    struct item_end *end = &it->ends[i];
    const struct cache_answer *answer;

    if (end->fresh || end->state == END_UNREAD)
        return 1;
    answer = cache_get(d->cache, system, it->sync->defs[i], end->record_id);
    if (answer == NULL)
        return 0;
    if (answer->outcome == PROVIDER_OK && answer->n_records == 1) {
        take_record(end, &answer->records[0], d->now);
        return 1;
    }
    if (answer->outcome == PROVIDER_GONE) {
        end->state = END_GONE;
        end->fresh = true;
        return 1;
    }
    take_failure(d, it, i, answer);
    return 1;
}

static bool
row_is_present(const struct diff *d, const struct item *it)
{
    const struct resource_def *def = it->sync->defs[it->nominator];
    const struct row_context c = {
        .no_calls = d->o->current != NULL || d->o->store == NULL,
        .linked = it->link.link_id != 0,
        .decided_at = it->link.decided_at,
        .lag_ms = def->list.settle_ms > def->get.lag_ms ? def->list.settle_ms : def->get.lag_ms};

    return row_stands(&it->event, &c);
}

static void
take_row(struct diff *d, struct item *it)
{
    struct item_end *end = &it->ends[it->nominator];

    end->state = END_LIVE;
    end->fields = it->event.fields;
    end->version = it->event.version;
    end->fresh = d->o->current != NULL; /* the lines are the present records */
    end->seen_at = d->now;
    if (it->event.received_at != NULL)
        clock_parse(it->event.received_at, &end->seen_at, NULL);
    if (it->event.occurred_at != NULL)
        clock_parse(it->event.occurred_at, &end->changed_at, NULL);
}

/* The admitted payload's number text wins over what a pipe did to the line. */
static int
restore_fields(struct diff *d, struct item *it, struct err *err)
{
    const char *payload;
    const struct val *whole;
    int r;

    if (it->event.seq == 0 || d->o->store == NULL || it->event.fields == NULL)
        return 0;
    r = store_payload(d->o->store, d->arena, it->event.seq, &payload, err);
    if (r <= 0)
        return r;
    whole = val_parse(d->arena, payload, strlen(payload), NULL);
    if (whole != NULL && val_get(whole, "fields") != NULL)
        it->event.fields = val_get(whole, "fields");
    return 0;
}

static void
want_end(struct item *it, const char *system, const char *record_id)
{
    int i = sync_index(it->sync, system);

    if (i < 0)
        return;
    it->ends[i].wanted = true;
    it->ends[i].record_id = record_id;
}

/* The link of the line's record and what it says about the ends. Once per item. */
static int
find_link(struct diff *d, struct item *it, struct err *err)
{
    const struct event *e = &it->event;
    size_t i;

    it->link_known = true;
    it->ends = arena_alloc(d->arena, it->sync->n_between * sizeof *it->ends);
    if (d->o->store != NULL && store_find_link(d->o->store, d->arena, e->resource, e->system,
                                               e->account, e->record_id, &it->link, err) < 0)
        return -1;
    if (it->link.link_id != 0 && it->link.ended) {
        item_end_as(it, "ignored", "its link is ended");
        return 0;
    }
    for (i = 0; i < it->link.n_ends; i++)
        want_end(it, it->link.ends[i].system, it->link.ends[i].record_id);
    want_end(it, e->system, e->record_id);
    if (e->event_type != NULL && strcmp(e->event_type, "deleted") == 0) {
        it->ends[it->nominator].state = END_DELETED;
        it->ends[it->nominator].fresh = true;
    }
    return restore_fields(d, it, err);
}

static const struct store_end *
stored_end(const struct item *it, const char *system)
{
    size_t i;

    for (i = 0; i < it->link.n_ends; i++)
        if (strcmp(it->link.ends[i].system, system) == 0)
            return &it->link.ends[i];
    return NULL;
}

/*
 * An end that we wrote a moment ago and that does not show it (one that we made: is not there yet)
 * may only be slow to show it (`lag`): looked at again when the lag is over. 1 = held.
 */
static int
held_for_lag(struct diff *d, struct item *it, size_t i, struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const struct store_end *stored = stored_end(it, system->name);
    int64_t lag = it->sync->defs[i]->get.lag_ms;
    struct store_written *written;
    size_t f;
    int n;

    if (lag == 0 || stored == NULL || d->o->store == NULL || d->o->current != NULL ||
        (it->ends[i].state != END_LIVE && it->ends[i].state != END_GONE))
        return 0;
    n = store_recent_writes(d->o->store, d->arena, system->name, system->account,
                            it->sync->resource, stored->record_id, d->now - lag, &written, err);
    if (n <= 0)
        return n;
    for (f = 0; f < it->sync->n_fields; f++) {
        const struct sync_field *field = &it->sync->fields[f];
        const char *name = field->field->name;

        if (val_get(written[n - 1].fields, name) != NULL &&
            (it->ends[i].state == END_GONE ||
             !compare_same(d->arena, it->sync, field, i, val_get(it->ends[i].fields, name),
                           val_get(stored->shadow, name)))) {
            item_hold(it, d->arena, written[n - 1].at + lag,
                      "the end may still show an older state");
            return 1;
        }
    }
    return 0;
}

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

static void
fill_end(struct diff *d, struct item *it, size_t i, struct decide_end *out)
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
        out->map_changed = strcmp(stored->map_hash, it->sync->map_hash) != 0;
    }
    if (i == it->nominator && it->event.occurred_at != NULL &&
        clock_parse(it->event.occurred_at, &own, NULL) == 0)
        out->changed_at = own;
    if (folded != 0 && (i != it->nominator || own == 0 || folded < own))
        out->changed_at = folded;
    (void)d;
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

static int
run_decide(struct diff *d, struct item *it, struct err *err)
{
    struct decide_input in = {.sync = it->sync, .nominator = it->nominator};
    struct decide_owed *owed = arena_alloc(d->arena, (it->link.n_owed + 1) * sizeof *owed);
    size_t i;

    in.linked = it->link.link_id != 0;
    in.event_type = it->event.event_type != NULL ? it->event.event_type : "updated";
    in.ends = arena_alloc(d->arena, it->sync->n_between * sizeof *in.ends);
    for (i = 0; i < it->sync->n_between; i++)
        fill_end(d, it, i, &in.ends[i]);
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

/* Link, generation, external id, claims: what the decision itself does not know. */
static void
complete(struct diff *d, struct item *it)
{
    struct decision *dec = &it->decision;
    const struct event *e = &it->event;
    struct match_keys keys;
    struct val *claims = NULL;
    size_t i;

    dec->link = it->link.link_id;
    dec->generation = it->link.generation;
    dec->map_hash = it->sync->map_hash;
    dec->external_id = it->link.external_id;
    if (dec->external_id == NULL)
        dec->external_id = match_external_id(d->arena, d->deployment, e->resource, e->system,
                                             e->account != NULL ? e->account : "", e->record_id);
    for (i = 0; i < dec->n_writes; i++) {
        struct decision_write *w = &dec->writes[i];
        int target = sync_index(it->sync, w->target);

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
        match_keys(d->arena, it->sync, (size_t)target, w->set, &keys);
        add_claims(d->arena, claims, &keys);
        dec->claims = claims;
    }
}

/*
 * What was matched was matched by listing rows: read freshly, a record may not match any more. So
 * the other ends of an unlinked record are sought anew, among what is read now.
 */
static void
match_anew(struct item *it)
{
    size_t i;

    for (i = 0; i < it->sync->n_between; i++)
        if (i != it->nominator)
            it->ends[i] = (struct item_end){0};
}

/* An end that is to be written is always read fresh. 1 all are, 0 reads are under way. */
static int
targets_fresh(struct diff *d, struct item *it)
{
    int fresh = 1;
    size_t i;

    for (i = 0; i < it->decision.n_writes && !it->done; i++) {
        const struct decision_write *w = &it->decision.writes[i];
        int target = sync_index(it->sync, w->target);

        if (strcmp(w->action, "create") == 0 || it->ends[target].fresh ||
            it->ends[target].state == END_UNREAD)
            continue;
        read_end(d, it, (size_t)target);
        fresh = 0;
    }
    if (fresh == 0 && it->link.link_id == 0 && !it->done)
        match_anew(it);
    return fresh;
}

/* Is there something to decide without the ends that cannot be read? */
static bool
others_go_on(const struct item *it)
{
    size_t live = 0;

    for (size_t i = 0; i < it->sync->n_between; i++) {
        live += it->ends[i].wanted && it->ends[i].state == END_LIVE;
        if (!it->ends[i].wanted && it->sync->create[i])
            return false;
    }
    return live > 1 && it->ends[it->nominator].state == END_LIVE;
}

static void
hold_unread(struct diff *d, struct item *it)
{
    for (size_t i = 0; i < it->sync->n_between && !it->done; i++)
        if (it->ends[i].state == END_UNREAD && !others_go_on(it))
            item_hold(it, d->arena, it->ends[i].unread_until, it->ends[i].unread_why);
}

/* Linked: every end of the link is looked at. 1 all known, 0 under way, -1. */
static int
read_linked(struct diff *d, struct item *it, struct err *err)
{
    int known = 1;
    size_t i;

    for (i = 0; i < it->sync->n_between && !it->done; i++) {
        struct item_end *end = &it->ends[i];

        if (!end->wanted || end->state == END_LIVE || end->state == END_UNREAD || end->fresh)
            continue;
        known &= read_end(d, it, i);
    }
    for (i = 0; known && i < it->sync->n_between && !it->done; i++)
        if (it->ends[i].wanted && it->ends[i].fresh && held_for_lag(d, it, i, err) < 0)
            return -1;
    if (known && !it->done)
        hold_unread(d, it);
    return known;
}

static int
start_item(struct diff *d, struct item *it, struct err *err)
{
    int i;

    it->sync =
        d->o->conf != NULL ? conf_sync(d->o->conf, it->event.resource) : made_sync(d, &it->event);
    i = it->sync != NULL ? sync_index(it->sync, it->event.system) : -1;
    if (i < 0) {
        item_end_as(it, "ignored", "not synced by this config");
        return 0;
    }
    it->nominator = (size_t)i;
    if (it->event.account == NULL)
        it->event.account = it->sync->between[i]->account;
    if (strcmp(it->event.account, it->sync->between[i]->account) != 0) {
        item_reject(it, "unknown-account",
                    arena_printf(d->arena, "account %s is not the one configured for %s",
                                 it->event.account, it->event.system));
        return 0;
    }
    return find_link(d, it, err);
}

static int
finish_item(struct diff *d, struct item *it, struct err *err)
{
    if (run_decide(d, it, err) != 0)
        return -1;
    if (!targets_fresh(d, it) || it->done)
        return 0;
    complete(d, it);
    it->done = true;
    return 0;
}

int
item_step(struct diff *d, struct item *it, struct err *err)
{
    struct item_end *own;
    int known;

    if (!it->link_known && it->sync == NULL && start_item(d, it, err) != 0)
        return -1;
    if (it->done)
        return 0;
    own = &it->ends[it->nominator];
    if (own->state == END_MISSING && row_is_present(d, it))
        take_row(d, it);
    if (it->link.link_id == 0) {
        if (own->state == END_MISSING && (!read_end(d, it, it->nominator) || it->done))
            return 0;
        known = own->state == END_LIVE ? match_ends(d, it, err) : 1;
        if (known <= 0 || it->done)
            return known < 0 ? -1 : 0;
    }
    known = read_linked(d, it, err);
    if (known <= 0 || it->done)
        return known < 0 ? -1 : 0;
    return finish_item(d, it, err);
}
