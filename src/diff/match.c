#include <config.h>

#include "diff/seek.h"

#include <string.h>

enum { CLAIM_RETRY_MS = 1000 };

static const struct val *
fields_of(const struct item *it, size_t from)
{
    return it->ends[from].fields;
}

static void
ambiguous(struct diff *d, struct item *it, size_t i, const struct candidates *c)
{
    const char *system = it->sync->between[i]->name;

    if (i == it->nominator)
        item_reject(it, "ambiguous",
                    arena_printf(d->arena, "%s:%s and %s:%s have the same match key", system,
                                 it->record_id, system, c->list[0].record_id));
    else
        item_reject(it, "ambiguous",
                    arena_printf(d->arena, "%s:%s matches %s:%s and %s:%s", it->event.system,
                                 it->record_id, system, c->list[0].record_id, system,
                                 c->list[1].record_id));
}

static void
take_candidate(struct item *it, size_t i, const struct candidate *c)
{
    it->ends[i] = c->read;
    it->ends[i].wanted = true;
    it->ends[i].record_id = c->record_id;
}

/*
 * The link has another record of the nominated one's system: only if that is not there any more,
 * the nominated one takes its place (it was deleted and made anew); else it is refused. 1 known, 0
 * under way.
 */
static int
take_place(struct diff *d, struct item *it, const struct store_end *old, const char *code,
           const char *refusal)
{
    const struct conf_system *system = it->sync->between[it->nominator];
    const struct cache_answer *answer =
        cache_get(d->cache, system, it->sync->defs[it->nominator], old->record_id);

    if (answer == NULL)
        return 0;
    if (answer->outcome == PROVIDER_GONE) {
        it->ends[it->nominator].replaces = old->record_id;
        return 1;
    }
    memset(&it->link, 0, sizeof it->link);
    if (answer->outcome == PROVIDER_OK)
        item_reject(it, code, refusal);
    else
        hold_unanswered(d, it, answer, system, old->record_id);
    return 1;
}

static const struct store_end *
other_record(const struct item *it, const struct store_link *link)
{
    for (size_t k = 0; k < link->n_ends; k++)
        if (strcmp(link->ends[k].system, it->event.system) == 0 &&
            strcmp(link->ends[k].record_id, it->record_id) != 0)
            return &link->ends[k];
    return NULL;
}

/* Joins the nominated record to a link. 1 known, 0 under way. */
static int
join_link(struct diff *d, struct item *it, const struct store_link *link, const char *code,
          const char *refusal)
{
    const struct store_end *old = other_record(it, link);
    int known = old == NULL ? 1 : take_place(d, it, old, code, refusal);

    if (known == 0 || it->done)
        return known;
    it->link = *link;
    for (size_t k = 0; k < it->link.n_ends; k++) {
        int i = sync_index(it->sync, it->link.ends[k].system);

        if (i < 0 || it->ends[i].wanted)
            continue;
        it->ends[i].wanted = true;
        it->ends[i].record_id = it->link.ends[k].record_id;
    }
    return 1;
}

/* The link whose external id the nominated record carries; with another living record there, this
 * one is a copy. */
static int
join_external(struct diff *d, struct item *it, int64_t link_id, struct err *err)
{
    const struct store_end *old;
    struct store_link link;

    if (store_load_link(d->o->store, d->arena, link_id, &link, err) < 0)
        return -1;
    old = other_record(it, &link);
    return join_link(d, it, &link, "linked-elsewhere",
                     arena_printf(d->arena, "%s:%s carries the external id of %s:%s; is it a copy?",
                                  it->event.system, it->record_id, it->event.system,
                                  old != NULL ? old->record_id : ""));
}

/* One candidate: is it free, or an end of a link that we may join, or that somebody has just made
 * of it and us? 1 known, 0 under way, -1. */
static int
settle_candidate(struct diff *d, struct item *it, size_t i, const struct candidate *c,
                 struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const struct store_end *old;
    struct store_link link;

    if (store_find_link(d->o->store, d->arena, it->sync->resource, system->name, system->account,
                        c->record_id, &link, err) < 0)
        return -1;
    if (link.link_id == 0) {
        take_candidate(it, i, c);
        return 1;
    }
    old = other_record(it, &link);
    if (link.ended && (old == NULL || !old->deleted)) {
        item_reject(it, "ended-link",
                    arena_printf(d->arena, "%s:%s matches %s:%s, whose link was ended",
                                 it->event.system, it->record_id, system->name, c->record_id));
        return 1;
    }
    return join_link(d, it, &link, "linked-elsewhere",
                     arena_printf(d->arena, "%s:%s matches %s:%s, which is linked to %s:%s",
                                  it->event.system, it->record_id, system->name, c->record_id,
                                  it->event.system, old != NULL ? old->record_id : ""));
}

/* Without a state: the file's records, by match keys or else by the same id. */
static void
match_in_file(struct diff *d, struct item *it)
{
    size_t i;

    for (i = 0; i < it->sync->n_between; i++) {
        const struct provider_record *same;
        struct candidates found = {.n = 0};

        if (i == it->nominator || it->ends[i].wanted)
            continue;
        if (it->sync->n_match > 0) {
            seek_in_file(d, it, it->nominator, i, &found);
        } else {
            same = current_get(cache_current(d->cache), it->sync->between[i]->name,
                               it->sync->resource, it->record_id);
            if (same != NULL)
                found.list[found.n++] = seek_shown(d, same);
        }
        if (found.n > 1)
            ambiguous(d, it, i, &found);
        else if (found.n == 1)
            take_candidate(it, i, &found.list[0]);
    }
}

/* A create of this resource is under way at the record's own system, or its key is claimed: it may
 * be that very record. 1 = held. */
static int
held_for_create(struct diff *d, struct item *it, const struct match_keys *keys, struct err *err)
{
    const struct conf_system *own = it->sync->between[it->nominator];
    int n = store_open_creates(d->o->store, it->sync->resource, own->name, own->account, err);
    size_t k;

    for (k = 0; n == 0 && k < keys->n; k++)
        n = store_claimed(d->o->store, it->sync->resource, keys->hashes[k], err);
    if (n <= 0)
        return n;
    item_hold(it, d->arena, d->now + CLAIM_RETRY_MS,
              "a create that may be this record is under way");
    return 1;
}

/* The external id that the nominated record carries: as it was read, or listed. 0, -1. */
static int
read_carried(struct diff *d, struct item *it, struct err *err)
{
    struct item_end *own = &it->ends[it->nominator];

    if (own->external_id != NULL || own->fresh)
        return 0;
    return store_carried(d->o->store, d->arena, it->sync->resource, it->event.system,
                         it->event.account, it->record_id, &own->external_id, err) < 0
               ? -1
               : 0;
}

/* A link that was made of the nominated record, which it has lost since: 1, 0, -1. */
static int
find_lost(struct diff *d, const struct item *it, int64_t *link_id, struct err *err)
{
    const char *made = match_external_id(d->arena, d->deployment, it->sync->resource,
                                         it->event.system, it->event.account, it->record_id);
    struct store_link link;
    int r = store_find_external(d->o->store, made, link_id, err);

    if (r <= 0 || store_load_link(d->o->store, d->arena, *link_id, &link, err) < 0)
        return r == 0 ? 0 : -1;
    for (size_t k = 0; k < link.n_ends; k++)
        if (strcmp(link.ends[k].system, it->event.system) == 0)
            return 0;
    return !link.ended && link.n_ends > 0;
}

/* The link whose external id it carries, or has given. As store_find_external. */
static int
find_external(struct diff *d, struct item *it, int64_t *link_id, struct err *err)
{
    const struct item_end *own = &it->ends[it->nominator];
    int r = read_carried(d, it, err);

    if (r == 0 && own->external_id != NULL)
        r = store_find_external(d->o->store, own->external_id, link_id, err);
    return r == 0 ? find_lost(d, it, link_id, err) : r;
}

/* Is it there still? One that is linked may have been deleted, and made anew as the nominated one,
 * though its last listing shows it. 1, 0 it is not, or that is under way (*KNOWN); -1. */
static int
is_twin(struct diff *d, struct item *it, const char *record_id, int *known, struct err *err)
{
    const struct conf_system *system = it->sync->between[it->nominator];
    const struct cache_answer *answer;
    struct store_link link;

    if (store_find_link(d->o->store, d->arena, it->sync->resource, system->name, system->account,
                        record_id, &link, err) < 0)
        return -1;
    if (link.link_id == 0)
        return 1;
    answer = cache_get(d->cache, system, it->sync->defs[it->nominator], record_id);
    if (answer == NULL)
        *known = 0;
    return answer != NULL && answer->outcome != PROVIDER_GONE;
}

/* Nobody knows which of two that have the key it is: before one of them joins what the other may
 * be. 1 known, 0 under way, -1. */
static int
check_twins(struct diff *d, struct item *it, const struct match_keys *keys, struct err *err)
{
    struct candidates found = {.n = 0};
    int known = seek(d, it, it->nominator, it->nominator, keys, &found, err);

    for (size_t k = 0; known >= 0 && k < found.n && !it->done; k++) {
        int r = is_twin(d, it, found.list[k].record_id, &known, err);

        found.list[0] = found.list[k];
        if (r > 0)
            ambiguous(d, it, it->nominator, &found);
        known = r < 0 ? -1 : known;
    }
    return known;
}

int
match_ends(struct diff *d, struct item *it, struct err *err)
{
    const struct item_end *own = &it->ends[it->nominator];
    struct match_keys keys;
    int64_t link_id = 0;
    size_t i;
    int known, r;

    if (d->o->store == NULL) {
        match_in_file(d, it);
        return 1;
    }
    match_keys(d->arena, it->sync, it->nominator, own->fields, &keys);
    r = find_external(d, it, &link_id, err);
    if (r != 0)
        return r < 0 ? -1 : join_external(d, it, link_id, err);
    if (held_for_create(d, it, &keys, err) != 0)
        return it->done ? 1 : -1;
    known = check_twins(d, it, &keys, err);
    for (i = 0; known >= 0 && i < it->sync->n_between && !it->done && it->link.link_id == 0; i++) {
        struct candidates found = {.n = 0};

        if (i == it->nominator || it->ends[i].wanted)
            continue;
        r = seek(d, it, it->nominator, i, &keys, &found, err);
        if (r > 0 && !it->done && found.n > 1)
            ambiguous(d, it, i, &found);
        else if (r > 0 && !it->done && found.n == 1)
            r = settle_candidate(d, it, i, &found.list[0], err);
        known = r < 0 ? -1 : known & r;
    }
    return known;
}

int
match_seek(struct diff *d, struct item *it, size_t from, size_t i,
           struct item_end out[MATCH_SUCCESSORS], size_t *n, struct err *err)
{
    struct candidates found = {.n = 0};
    struct match_keys keys;
    int known;

    *n = 0;
    match_keys(d->arena, it->sync, from, fields_of(it, from), &keys);
    known = seek(d, it, from, i, &keys, &found, err);
    if (known <= 0 || it->done)
        return known;
    for (; *n < found.n; ++*n) {
        out[*n] = found.list[*n].read;
        out[*n].record_id = found.list[*n].record_id;
    }
    return 1;
}

int
match_asked(struct diff *d, const struct item *it, size_t from, size_t i, struct err *err)
{
    struct match_keys keys;

    match_keys(d->arena, it->sync, from, fields_of(it, from), &keys);
    for (size_t k = 0; k < keys.n; k++)
        if (provider_can_find(it->sync->defs[i], keys.fields[k]) &&
            val_id(val_get(fields_of(it, from), keys.fields[k])) != NULL)
            return 1;
    return seek_is_listed(d, it, i, err);
}

int
match_successors(struct diff *d, struct item *it, size_t from,
                 struct item_end out[MATCH_SUCCESSORS], size_t *n, struct err *err)
{
    struct item_end found[MATCH_SUCCESSORS];
    size_t n_found;
    int known = match_seek(d, it, from, it->nominator, found, &n_found, err);

    *n = 0;
    if (known <= 0 || it->done)
        return known;
    for (size_t k = 0; k < n_found; k++) {
        struct store_link link;

        if (store_find_link(d->o->store, d->arena, it->sync->resource, it->event.system,
                            it->event.account, found[k].record_id, &link, err) < 0)
            return -1;
        if (link.link_id == 0 || link.ended)
            out[(*n)++] = found[k];
    }
    return 1;
}
