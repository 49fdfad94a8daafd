#include <config.h>

#include "diff/internal.h"
#include "base/clock.h"

#include <string.h>

/*
 * Records that are not there (any more). Nothing is deleted because something was not found: a
 * delete event must say so, `settle` must be over, the record must be gone, nobody may have taken
 * its place, and what is always there (the canary) must be seen.
 */

enum { CANARY_RETRY_MS = 60000 };

/* WAIT after it was told of; 0: at once. */
static int64_t
told_and(const struct item *it, int64_t wait)
{
    const struct event *e = &it->event;
    const char *when = e->received_at != NULL ? e->received_at : e->occurred_at;
    int64_t at;

    return wait == 0 || when == NULL || clock_parse(when, &at, NULL) != 0 ? 0 : at + wait;
}

int64_t
vanish_shown_until(const struct item *it)
{
    return told_and(it, it->sync->defs[it->nominator]->get.lag_ms);
}

/* When a delete is believed. */
static int64_t
settled_at(const struct item *it)
{
    int64_t shown = vanish_shown_until(it),
            settled = it->sync->deletes.propagate ? told_and(it, it->sync->deletes.settle_ms) : 0;

    return shown > settled ? shown : settled;
}

int
vanish_own(struct diff *d, struct item *it)
{
    struct item_end *own = &it->ends[it->nominator];
    int64_t at = settled_at(it);

    if (own->fresh)
        return 1;
    if (at > d->now) {
        item_hold(it, d->arena, at, "a delete is waited with");
        return 0;
    }
    if (!read_end(d, it, it->nominator) || it->done)
        return 0;
    if (own->state == END_LIVE)
        it->deleting = false;
    else if (own->state == END_GONE)
        own->state = END_DELETED;
    return 1;
}

/* ---- Who took its place ---- */

static void
take_successor(struct item *it, const struct item_end *found)
{
    struct item_end *own = &it->ends[it->nominator];

    *own = *found;
    own->wanted = true;
    own->replaces = it->record_id;
    it->record_id = found->record_id;
    it->deleting = false;
}

/* A record of the same system that carries the link's external id. 1 known, 0 under way or the item
 * is done. */
static int
by_external_id(struct diff *d, struct item *it)
{
    const struct conf_system *system = it->sync->between[it->nominator];
    const struct resource_def *def = it->sync->defs[it->nominator];
    const struct cache_answer *answer;

    if (it->link.external_id == NULL || !provider_can_find(def, "external_id"))
        return 1;
    answer = cache_find(d->cache, system, def, "external_id", it->link.external_id);
    if (answer == NULL)
        return 0;
    if (answer->outcome != PROVIDER_OK) {
        hold_unanswered(d, it, answer, system, NULL);
        return 0;
    }
    for (size_t k = 0; k < answer->n_records && it->deleting; k++) {
        const struct provider_record *rec = &answer->records[k];
        struct item_end found = {.record_id = rec->id};

        if (strcmp(rec->id, it->record_id) != 0 && rec->external_id != NULL &&
            strcmp(rec->external_id, it->link.external_id) == 0) {
            end_show(&found, rec, d->now, false);
            take_successor(it, &found);
        }
    }
    return 1;
}

/* The same by what matches one of the live ends. As match_successors. */
static int
by_match(struct diff *d, struct item *it, struct err *err)
{
    for (size_t i = 0; i < it->sync->n_between && it->deleting; i++) {
        struct item_end found[MATCH_SUCCESSORS];
        size_t n;
        int known;

        if (i == it->nominator || !it->ends[i].wanted || it->ends[i].state != END_LIVE)
            continue;
        known = match_successors(d, it, i, found, &n, err);
        if (known <= 0 || it->done)
            return known;
        if (n == 1)
            take_successor(it, &found[0]);
        else if (n > 1)
            item_reject(it, "ambiguous",
                        arena_printf(d->arena, "%s:%s is deleted, and %s:%s and %s:%s match %s:%s",
                                     it->event.system, it->record_id, it->event.system,
                                     found[0].record_id, it->event.system, found[1].record_id,
                                     it->sync->between[i]->name, it->ends[i].record_id));
        if (n > 0)
            return 1;
    }
    return 1;
}

int
vanish_sought(struct diff *d, struct item *it, struct err *err)
{
    int known;

    if (!it->deleting || it->sought || it->link.link_id == 0 || d->o->store == NULL ||
        it->ends[it->nominator].state != END_DELETED)
        return 1;
    known = by_external_id(d, it);
    if (known > 0 && it->deleting && !it->done)
        known = by_match(d, it, err);
    it->sought = known > 0;
    return known;
}

/* ---- Canaries ---- */

static const char *
canary_of(const struct conf_system *system, const char *resource)
{
    for (size_t i = 0; i < system->n_canaries; i++)
        if (strcmp(system->canaries[i].resource, resource) == 0)
            return system->canaries[i].record_id;
    return NULL;
}

int
vanish_canary(struct diff *d, struct item *it, size_t i)
{
    const struct conf_system *system = it->sync->between[i];
    const char *id = canary_of(system, it->sync->resource);
    const struct cache_answer *answer;

    if (id == NULL || d->o->current != NULL)
        return 1;
    answer = cache_get(d->cache, system, it->sync->defs[i], id);
    if (answer == NULL)
        return 0;
    if (answer->outcome == PROVIDER_OK)
        return 1;
    item_hold(it, d->arena, d->now + CANARY_RETRY_MS,
              arena_printf(d->arena,
                           "the canary %s %s:%s cannot be seen, so no record of it is "
                           "believed to be gone",
                           it->sync->resource, system->name, id));
    if (answer->outcome == PROVIDER_GONE)
        it->decision.hold_pause = system->name;
    return 0;
}

int
vanish_believed(struct diff *d, struct item *it)
{
    int known = 1;

    for (size_t i = 0; i < it->sync->n_between && !it->done; i++)
        if (it->ends[i].wanted && it->link.link_id != 0 && item_is_absent(&it->ends[i]))
            known &= vanish_canary(d, it, i);
    return known;
}
