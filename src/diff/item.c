#include <config.h>

#include "diff/internal.h"
#include "base/clock.h"

#include <string.h>

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

static bool
is_type(const struct event *e, const char *type)
{
    return e->event_type != NULL && strcmp(e->event_type, type) == 0;
}

static int
load_link(struct diff *d, const struct item *it, const char *record_id, struct store_link *link,
          struct err *err)
{
    memset(link, 0, sizeof *link);
    if (d->o->store == NULL)
        return 0;
    return store_find_link(d->o->store, d->arena, it->event.resource, it->event.system,
                           it->event.account, record_id, link, err);
}

/*
 * Both records of a merge are linked: whose other ends are to be one now, or not, a person must
 * say.
 */
static void
clash(struct diff *d, struct item *it)
{
    const struct event *e = &it->event;
    struct decision *dec = &it->decision;
    struct decision_rule *rule = arena_alloc(d->arena, sizeof *rule);
    struct val *values = val_object(d->arena);

    item_end_as(it, "conflict",
                arena_printf(d->arena, "%s:%s was merged into %s:%s, and both are linked",
                             e->system, e->record_id, e->system, e->merged_into));
    val_set(d->arena, values, e->system, val_string(d->arena, e->merged_into));
    *rule = (struct decision_rule){.field = "record_id",
                                   .rule = RULE_MERGE,
                                   .base = val_string(d->arena, e->record_id),
                                   .conflict = true,
                                   .values = values};
    dec->rules = rule;
    dec->n_rules = 1;
    dec->link = it->link.link_id;
    dec->generation = it->link.generation;
    dec->external_id = it->link.external_id;
    dec->map_hash = it->sync->map_hash;
}

/*
 * A merge: what is left takes the vanished record's place in its link. Is that not linked, it is as
 * if the one that is left had been nominated.
 */
static int
find_merged(struct diff *d, struct item *it, struct err *err)
{
    struct store_link winner;

    if (load_link(d, it, it->event.record_id, &it->link, err) < 0 ||
        load_link(d, it, it->event.merged_into, &winner, err) < 0)
        return -1;
    it->record_id = it->event.merged_into;
    it->event.fields = NULL;
    if (it->link.link_id == 0 || it->link.ended)
        it->link = winner;
    else if (winner.link_id != 0 && !winner.ended)
        clash(d, it);
    else
        it->ends[it->nominator].replaces = it->event.record_id;
    return 0;
}

/* An ended link keeps its records from being matched anew; only what is undeleted, or made anew,
 * opens it again. */
static void
look_at_ended(struct item *it)
{
    const struct store_end *own = stored_end(it, it->event.system);
    bool tombstone = own != NULL && own->deleted;

    if (it->deleting && tombstone)
        item_end_as(it, "unchanged", "it is known to be deleted");
    else if (it->link.ended && (it->deleting || !(tombstone || it->sync->recreate)))
        item_end_as(it, "ignored", "its link is ended");
}

/* The link of the line's record and what it says about the ends. Once per item. */
static int
find_link(struct diff *d, struct item *it, struct err *err)
{
    const struct event *e = &it->event;
    int rc;

    it->link_known = true;
    it->record_id = e->record_id;
    it->deleting = is_type(e, "deleted");
    it->ends = arena_alloc(d->arena, it->sync->n_between * sizeof *it->ends);
    if (is_type(e, "merged") && e->merged_into != NULL)
        rc = find_merged(d, it, err);
    else
        rc = load_link(d, it, e->record_id, &it->link, err);
    if (rc < 0)
        return -1;
    if (it->link.link_id != 0 && !it->done)
        look_at_ended(it);
    for (size_t i = 0; i < it->link.n_ends; i++)
        want_end(it, it->link.ends[i].system, it->link.ends[i].record_id);
    want_end(it, e->system, it->record_id);
    if (it->deleting && it->link.link_id == 0) {
        it->ends[it->nominator].state = END_DELETED;
        it->ends[it->nominator].fresh = true;
    }
    return restore_fields(d, it, err);
}

/*
 * A merge is believed once the record is not there any more (or shows as the other): one that is
 * was nominated, no more. 1 known, 0 under way.
 */
static int
check_merge(struct diff *d, struct item *it)
{
    const struct cache_answer *answer;
    int64_t shown = vanish_shown_until(it);

    if (!is_type(&it->event, "merged") || it->event.merged_into == NULL || d->o->current != NULL)
        return 1;
    if (shown > d->now) {
        item_hold(it, d->arena, shown, "the record may still be shown");
        return 1;
    }
    answer = cache_get(d->cache, it->sync->between[it->nominator], it->sync->defs[it->nominator],
                       it->event.record_id);
    if (answer == NULL)
        return 0;
    if (answer->outcome == PROVIDER_OK)
        it->event.event_type = "updated";
    else if (answer->outcome != PROVIDER_GONE &&
             (answer->code == NULL || strcmp(answer->code, "other-record") != 0))
        hold_unanswered(d, it, answer, it->sync->between[it->nominator], it->event.record_id);
    return 1;
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
    if (check_merge(d, it) == 0) {
        it->sync = NULL; /* from here again when it is known */
        return 0;
    }
    return it->done ? 0 : find_link(d, it, err);
}

/* What is to be deleted is deleted only while the target's canary lives. */
static int
targets_believed(struct diff *d, struct item *it)
{
    int known = 1;

    for (size_t i = 0; i < it->decision.n_writes && !it->done; i++)
        if (strcmp(it->decision.writes[i].action, "delete") == 0)
            known &=
                vanish_canary(d, it, (size_t)sync_index(it->sync, it->decision.writes[i].target));
    return known;
}

static int
finish_item(struct diff *d, struct item *it, struct err *err)
{
    int r;

    if (refs_resolve(d, it, err) != 0 || (!it->done && run_decide(d, it, err) != 0))
        return -1;
    r = join_missing(d, it, err);
    if (r <= 0)
        return r;
    if (it->done || !targets_fresh(d, it) || it->done || !targets_believed(d, it) || it->done)
        return 0;
    complete(d, it);
    join_put_off(d, it);
    it->done = true;
    return 0;
}

/* An unlinked record is read, and its other ends are sought. 1, 0 under way, -1. */
static int
find_others(struct diff *d, struct item *it, struct err *err)
{
    const struct item_end *own = &it->ends[it->nominator];

    if (own->state == END_MISSING && !read_end(d, it, it->nominator))
        return 0;
    return own->state == END_LIVE && !it->done ? match_ends(d, it, err) : 1;
}

static int
step(struct diff *d, struct item *it, struct err *err)
{
    static int (*const steps[])(struct diff *, struct item *, struct err *) = {
        read_linked,
        vanish_sought,
    };
    int known = 1;

    if (!it->link_known && it->sync == NULL && start_item(d, it, err) != 0)
        return -1;
    if (it->done || it->sync == NULL)
        return 0;
    if (it->ends[it->nominator].state == END_MISSING && !it->deleting && row_is_present(d, it))
        take_row(d, it);
    if (it->link.link_id == 0)
        known = find_others(d, it, err);
    else if (it->deleting)
        known = vanish_own(d, it);
    for (size_t k = 0; known > 0 && !it->done && k < sizeof steps / sizeof steps[0]; k++)
        known = steps[k](d, it, err);
    if (known > 0 && !it->done)
        known = vanish_believed(d, it);
    if (known <= 0 || it->done)
        return known < 0 ? -1 : 0;
    return finish_item(d, it, err);
}

/* What the state has of this record cannot be read: that is no matter of the others. */
int
item_step(struct diff *d, struct item *it, struct err *err)
{
    struct err why = ERR_INIT;

    if (step(d, it, &why) == 0)
        return 0;
    if (!store_is_broken(&why)) {
        *err = why;
        return -1;
    }
    item_reject(it, STORE_BROKEN, arena_printf(d->arena, "%s; %s", why.text, why.hint));
    return 0;
}
