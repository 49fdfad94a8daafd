#include <config.h>

#include "diff/seek.h"
#include "base/clock.h"
#include "store/run.h"

#include <string.h>

enum { MAX_KEYED = 64, LISTED_LATELY_MS = 3600000 };

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

/* The nominated record, or an end of its link. */
static bool
seek_is_own(const struct item *it, size_t i, const char *record_id)
{
    if (i == it->nominator && strcmp(record_id, it->record_id) == 0)
        return true;
    return it->link.link_id != 0 && it->ends[i].wanted &&
           strcmp(record_id, it->ends[i].record_id) == 0;
}

/* Candidates of system I for the record at FROM among IDS that match it, without its own. As
 * present(). */
static int
confirm(struct diff *d, struct item *it, size_t from, size_t i, const char *const *ids, int n,
        struct candidates *out, struct err *err)
{
    int k, known = 1;

    for (k = 0; k < n; k++) {
        struct candidate c = {.record_id = ids[k]};
        int r;

        if (seek_is_own(it, i, ids[k]))
            continue;
        r = present(d, it, i, &c, err);
        if (r < 0 || it->done)
            return r;
        if (r == 0) {
            known = 0;
            continue;
        }
        if (c.read.state == END_LIVE && out->n < MATCH_SUCCESSORS &&
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

int
seek_is_listed(struct diff *d, const struct item *it, size_t i, struct err *err)
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

struct candidate
seek_shown(const struct diff *d, const struct provider_record *rec)
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

    return answer != NULL && take_answer(d, answer, &c.read) ? c : seek_shown(d, rec);
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
    for (k = 0; k < answer->n_records && out->n < MATCH_SUCCESSORS; k++) {
        struct candidate c = found_candidate(d, it, i, &answer->records[k]);

        if (c.read.state == END_LIVE && !seek_is_own(it, i, c.record_id) &&
            match_confirms(d->arena, it->sync, from, fields_of(it, from), i, c.read.fields))
            out->list[out->n++] = c;
    }
    return 1;
}

void
seek_in_file(struct diff *d, struct item *it, size_t from, size_t i, struct candidates *out)
{
    const struct provider_record *found[MATCH_SUCCESSORS];
    size_t k, n = current_match(cache_current(d->cache), it->sync, from, fields_of(it, from), i,
                                found, MATCH_SUCCESSORS);

    for (k = 0; k < n; k++)
        if (!seek_is_own(it, i, found[k]->id))
            out->list[out->n++] = seek_shown(d, found[k]);
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

int
seek(struct diff *d, struct item *it, size_t from, size_t i, const struct match_keys *keys,
     struct candidates *out, struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const char *ids[MAX_KEYED];
    int lately, n, known;
    size_t k;

    if (d->o->current != NULL) {
        seek_in_file(d, it, from, i, out);
        return 1;
    }
    lately = seek_is_listed(d, it, i, err);
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
