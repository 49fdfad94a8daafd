#include <config.h>

#include "diff/internal.h"
#include "base/clock.h"
#include "sync/match.h"

#include <string.h>

enum {
    MAX_CANDIDATES = MATCH_SUCCESSORS,
    MAX_KEYED = 64,
    CLAIM_RETRY_MS = 1000,
    LISTED_LATELY_MS = 3600000
};

/* A record that may be the same thing, with its present state. */
struct candidate {
    const char *record_id;
    struct item_end read;
};

struct candidates {
    struct candidate list[MAX_CANDIDATES];
    size_t n;
};

/* What a read said, as an end: live or gone. False: it could not be read. */
static bool
take_answer(const struct diff *d, const struct cache_answer *answer, struct item_end *end)
{
    if (answer->outcome == PROVIDER_GONE)
        end->state = END_GONE;
    if (answer->outcome != PROVIDER_OK || answer->n_records != 1)
        return answer->outcome == PROVIDER_GONE;
    *end = (struct item_end){.record_id = NULL};
    end_show(end, &answer->records[0], d->now, true);
    return true;
}

/* The state's own row of a record, if it is recent and nothing newer was admitted. 1, 0, -1. */
static int
take_listed(struct diff *d, const struct item *it, size_t i, struct candidate *c, struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const struct val *row;
    const char *payload, *occurred;
    int64_t received;
    int r = store_latest_row(d->o->store, d->arena, it->sync->resource, system->name,
                             system->account, c->record_id, &payload, &received, err);

    if (r <= 0 || d->now - received >= LISTED_LATELY_MS)
        return r < 0 ? -1 : 0;
    row = val_parse(d->arena, payload, strlen(payload), NULL);
    occurred = val_get_text(row, "occurred_at");
    c->read.state = END_LIVE;
    c->read.fields = val_get(row, "fields");
    c->read.version = val_get_text(row, "version");
    c->read.seen_at = received;
    if (occurred != NULL)
        clock_parse(occurred, &c->read.changed_at, NULL);
    return 1;
}

/*
 * The state's own row of a record, if nothing newer was admitted for it; else a fresh read. 1 known
 * (END_LIVE or END_GONE), 0 under way or the item is done, -1.
 */
static int
present(struct diff *d, struct item *it, size_t i, struct candidate *c, struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const struct cache_answer *answer;
    int r;

    answer = cache_known(d->cache, system, it->sync->defs[i], c->record_id);
    r = answer == NULL ? take_listed(d, it, i, c, err) : 0;
    if (r != 0)
        return r;
    answer = cache_get(d->cache, system, it->sync->defs[i], c->record_id);
    if (answer == NULL)
        return 0;
    if (take_answer(d, answer, &c->read))
        return 1;
    hold_unanswered(d, it, answer, system, c->record_id);
    return 0;
}

static const struct val *
fields_of(const struct item *it, size_t from)
{
    return it->ends[from].fields;
}

static bool
is_own(const struct item *it, size_t i, const char *record_id)
{
    return i == it->nominator && strcmp(record_id, it->record_id) == 0;
}

/* Candidates of system I for the record at FROM among IDS that match it, without the nominated
 * record. As present(). */
static int
confirm(struct diff *d, struct item *it, size_t from, size_t i, const char *const *ids, int n,
        struct candidates *out, struct err *err)
{
    int k, known = 1;

    for (k = 0; k < n; k++) {
        struct candidate c = {.record_id = ids[k]};
        int r;

        if (is_own(it, i, ids[k]))
            continue;
        r = present(d, it, i, &c, err);
        if (r < 0 || it->done)
            return r;
        if (r == 0) {
            known = 0;
            continue;
        }
        if (c.read.state == END_LIVE && out->n < MAX_CANDIDATES &&
            match_confirms(d->arena, it->sync, from, fields_of(it, from), i, c.read.fields))
            out->list[out->n++] = c;
    }
    return known;
}

/*
 * The listing of a first load is done: in this very run, or in one that ended lately and after the
 * record was seen. What is seen later may have its twin there, made since.
 */
static int
load_is_fresh(struct diff *d, const struct item *it, const struct conf_job *job, struct err *err)
{
    struct store_watermark mark;
    struct store_run run;
    int64_t received;
    int r = store_run_last(d->o->store, d->arena, job->name, &run, err);

    if (r <= 0 || strcmp(run.kind, "first_load") != 0)
        return r < 0 ? -1 : 0;
    if (run.ended_at != 0)
        return run.complete && d->now - run.ended_at < LISTED_LATELY_MS &&
               it->event.received_at != NULL &&
               clock_parse(it->event.received_at, &received, NULL) == 0 && received <= run.ended_at;
    if (store_watermark(d->o->store, d->arena, job->name, job->system->account, job->sync->resource,
                        &mark, err) < 0)
        return -1;
    return mark.last_successful != NULL;
}

/* Does sync_keys know all records of system I that may match, so that no search is needed? */
static int
listed_lately(struct diff *d, const struct item *it, size_t i, struct err *err)
{
    const struct conf *conf = d->o->conf;
    size_t j;
    int r;

    for (j = 0; j < conf->n_jobs; j++) {
        const struct conf_job *job = &conf->jobs[j];

        if (strcmp(job->sync->resource, it->sync->resource) != 0 ||
            job->system != it->sync->between[i])
            continue;
        r = load_is_fresh(d, it, job, err);
        if (r != 0)
            return r;
    }
    return 0;
}

/* A record as a search or the file of --current shows it; the file is what there is. */
static struct candidate
candidate_of(const struct diff *d, const struct provider_record *rec)
{
    struct candidate c = {.record_id = rec->id};

    end_show(&c.read, rec, d->now, d->o->current != NULL);
    return c;
}

/* A record that a search found, as it was read since, else as the search shows it. */
static struct candidate
found_candidate(struct diff *d, const struct item *it, size_t i, const struct provider_record *rec)
{
    const struct cache_answer *answer =
        cache_known(d->cache, it->sync->between[i], it->sync->defs[i], rec->id);
    struct candidate c = {.record_id = rec->id};

    return answer != NULL && take_answer(d, answer, &c.read) ? c : candidate_of(d, rec);
}

/* Candidates by the provider's own search. As present(). */
static int
search(struct diff *d, struct item *it, size_t from, size_t i, const char *field,
       struct candidates *out)
{
    const struct resource_def *def = it->sync->defs[i];
    const char *value = val_id(val_get(fields_of(it, from), field));
    const struct cache_answer *answer;
    size_t k;

    if (value == NULL || !provider_can_find(def, field))
        return 1;
    answer = cache_find(d->cache, it->sync->between[i], def, field, value);
    if (answer == NULL)
        return 0;
    if (answer->outcome != PROVIDER_OK) {
        hold_unanswered(d, it, answer, it->sync->between[i], NULL);
        return 0;
    }
    for (k = 0; k < answer->n_records && out->n < MAX_CANDIDATES; k++) {
        struct candidate c = found_candidate(d, it, i, &answer->records[k]);

        if (c.read.state == END_LIVE && !is_own(it, i, c.record_id) &&
            match_confirms(d->arena, it->sync, from, fields_of(it, from), i, c.read.fields))
            out->list[out->n++] = c;
    }
    return 1;
}

/* With --current: the file is what there is, whatever the state has seen. */
static void
search_file(struct diff *d, struct item *it, size_t from, size_t i, struct candidates *out)
{
    const struct provider_record *found[MAX_CANDIDATES];
    size_t k, n = current_match(cache_current(d->cache), it->sync, from, fields_of(it, from), i,
                                found, MAX_CANDIDATES);

    for (k = 0; k < n; k++)
        if (!is_own(it, i, found[k]->id))
            out->list[out->n++] = candidate_of(d, found[k]);
}

/* Not all of them can be looked at, so nobody knows whether one is it. */
static void
too_many(struct diff *d, struct item *it, size_t i)
{
    item_reject(it, "ambiguous",
                arena_printf(d->arena, "%d records of %s or more have the match key of %s:%s",
                             MAX_KEYED, it->sync->between[i]->name, it->event.system,
                             it->record_id));
}

/* Candidates of system I for the record at FROM, by the first key that has any. As present(). */
static int
candidates_of(struct diff *d, struct item *it, size_t from, size_t i, const struct match_keys *keys,
              struct candidates *out, struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const char *ids[MAX_KEYED];
    int lately, n, known;
    size_t k;

    if (d->o->current != NULL) {
        search_file(d, it, from, i, out);
        return 1;
    }
    lately = listed_lately(d, it, i, err);
    if (lately < 0)
        return -1;
    for (k = 0; k < keys->n; k++) {
        n = store_candidates(d->o->store, d->arena, it->sync->resource, system->name,
                             system->account, keys->hashes[k], ids, MAX_KEYED, err);
        if (n < 0)
            return -1;
        if (n == MAX_KEYED) {
            too_many(d, it, i);
            return 1;
        }
        known = confirm(d, it, from, i, ids, n, out, err);
        if (known <= 0 || it->done || out->n > 0)
            return known;
        if (i == from || lately)
            continue;
        known = search(d, it, from, i, keys->fields[k], out);
        if (known <= 0 || it->done || out->n > 0)
            return known;
    }
    return 1;
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
            search_file(d, it, it->nominator, i, &found);
        } else {
            same = current_get(cache_current(d->cache), it->sync->between[i]->name,
                               it->sync->resource, it->record_id);
            if (same != NULL)
                found.list[found.n++] = candidate_of(d, same);
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

int
match_ends(struct diff *d, struct item *it, struct err *err)
{
    const struct item_end *own = &it->ends[it->nominator];
    struct match_keys keys;
    int64_t link_id = 0;
    size_t i;
    int known = 1, r;

    if (d->o->store == NULL) {
        match_in_file(d, it);
        return 1;
    }
    match_keys(d->arena, it->sync, it->nominator, own->fields, &keys);
    if (own->external_id != NULL) {
        r = store_find_external(d->o->store, own->external_id, &link_id, err);
        if (r < 0)
            return -1;
        if (r > 0)
            return join_external(d, it, link_id, err);
    }
    if (held_for_create(d, it, &keys, err) != 0)
        return it->done ? 1 : -1;
    for (i = 0; i < it->sync->n_between && !it->done && it->link.link_id == 0; i++) {
        struct candidates found = {.n = 0};

        if (i != it->nominator && it->ends[i].wanted)
            continue;
        r = candidates_of(d, it, it->nominator, i, &keys, &found, err);
        if (r < 0)
            return -1;
        known &= r;
        if (r == 0 || it->done)
            continue;
        if (found.n > (i == it->nominator ? 0 : 1))
            ambiguous(d, it, i, &found);
        else if (found.n == 1) {
            r = settle_candidate(d, it, i, &found.list[0], err);
            if (r < 0)
                return -1;
            known &= r;
        }
    }
    return known;
}

int
match_successors(struct diff *d, struct item *it, size_t from,
                 struct item_end out[MATCH_SUCCESSORS], size_t *n, struct err *err)
{
    struct candidates found = {.n = 0};
    struct match_keys keys;
    int known;

    *n = 0;
    match_keys(d->arena, it->sync, from, fields_of(it, from), &keys);
    known = candidates_of(d, it, from, it->nominator, &keys, &found, err);
    if (known <= 0 || it->done)
        return known;
    for (size_t k = 0; k < found.n && *n < MATCH_SUCCESSORS; k++) {
        struct store_link link;

        if (store_find_link(d->o->store, d->arena, it->sync->resource, it->event.system,
                            it->event.account, found.list[k].record_id, &link, err) < 0)
            return -1;
        if (link.link_id != 0 && !link.ended)
            continue;
        out[*n] = found.list[k].read;
        out[(*n)++].record_id = found.list[k].record_id;
    }
    return 1;
}
