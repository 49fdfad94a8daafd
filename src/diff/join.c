#include <config.h>

#include "diff/internal.h"
#include "base/clock.h"
#include "sync/match.h"
#include "store/run.h"

#include <inttypes.h>
#include <string.h>

/* Ends that are lacking: what there is already is not made a second time. */

enum { LOADING_MS = 900000, REFUSED_MS = 3600000, MAX_CARRYING = 8 };

/* Records that may be the end of a system, each once. */
struct lot {
    struct item_end list[MATCH_SUCCESSORS];
    size_t n;
};

static void
add(struct lot *lot, const struct item_end *end)
{
    for (size_t k = 0; k < lot->n; k++)
        if (strcmp(lot->list[k].record_id, end->record_id) == 0)
            return;
    if (lot->n < MATCH_SUCCESSORS)
        lot->list[lot->n++] = *end;
}

/* ---- Who carries the external id that the new record would get ---- */

/* That of the link; of a record without one what would be made of it, if no link has that. 1, 0
 * none, -1. */
static int
external_id(struct diff *d, const struct item *it, const char **id, struct err *err)
{
    int64_t other;
    int r;

    *id = it->link.external_id;
    if (it->link.link_id != 0)
        return 1;
    *id = match_external_id(d->arena, d->deployment, it->sync->resource, it->event.system,
                            it->event.account, it->record_id);
    r = store_find_external(d->o->store, *id, &other, err);
    return r < 0 ? -1 : r == 0;
}

static bool
carries(const struct provider_record *r, const char *id)
{
    return r->external_id != NULL && strcmp(r->external_id, id) == 0;
}

/* Those that were listed with it, if they show it still. 1, 0 under way or the item is done, -1. */
static int
listed_with(struct diff *d, struct item *it, size_t i, const char *id, struct lot *lot,
            struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const char *ids[MAX_CARRYING];
    int known = 1;
    int n =
        store_candidates(d->o->store, d->arena, it->sync->resource, system->name, system->account,
                         arena_printf(d->arena, STORE_CARRIED "%s", id), ids, MAX_CARRYING, err);

    for (int k = 0; k < n && !it->done; k++) {
        const struct cache_answer *answer = cache_get(d->cache, system, it->sync->defs[i], ids[k]);
        struct item_end end = {.record_id = ids[k]};

        if (answer == NULL)
            known = 0;
        else if (answer->outcome == PROVIDER_OK && answer->n_records == 1 &&
                 carries(&answer->records[0], id)) {
            end_show(&end, &answer->records[0], d->now, true);
            add(lot, &end);
        } else if (answer->outcome != PROVIDER_OK && answer->outcome != PROVIDER_GONE)
            hold_unanswered(d, it, answer, system, ids[k]);
    }
    return n < 0 ? -1 : known;
}

/* By the provider's own search, if nothing else has asked it or made that needless. As above. */
static int
found_with(struct diff *d, struct item *it, size_t i, const char *id, struct lot *lot,
           struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    const struct cache_answer *answer;
    int asked = match_asked(d, it, it->nominator, i, err);

    if (asked != 0 || !provider_can_find(it->sync->defs[i], "external_id"))
        return asked < 0 ? -1 : 1;
    answer = cache_find(d->cache, system, it->sync->defs[i], "external_id", id);
    if (answer == NULL)
        return 0;
    if (answer->outcome != PROVIDER_OK)
        hold_unanswered(d, it, answer, system, NULL);
    for (size_t k = 0; k < answer->n_records; k++) {
        struct item_end end = {.record_id = answer->records[k].id};

        if (!carries(&answer->records[k], id))
            continue;
        end_show(&end, &answer->records[k], d->now, false);
        add(lot, &end);
    }
    return 1;
}

static int
by_external_id(struct diff *d, struct item *it, size_t i, struct lot *lot, struct err *err)
{
    const char *id;
    int known = external_id(d, it, &id, err);

    if (known <= 0)
        return known < 0 ? -1 : 1;
    known = listed_with(d, it, i, id, lot, err);
    if (known > 0 && !it->done && lot->n == 0 && d->o->current == NULL)
        known = found_with(d, it, i, id, lot, err);
    return known;
}

/* ---- What matches the live ends of the link ---- */

/* Is FROM the only record of its system that matches what was found? */
static int
is_alone(struct diff *d, struct item *it, size_t from, struct err *err)
{
    const char *system = it->sync->between[from]->name;
    struct item_end twins[MATCH_SUCCESSORS];
    size_t n;
    int known = match_seek(d, it, from, from, twins, &n, err);

    if (known > 0 && !it->done && n > 0)
        item_reject(it, "ambiguous",
                    arena_printf(d->arena, "%s:%s and %s:%s have the same match key", system,
                                 it->ends[from].record_id, system, twins[0].record_id));
    return known;
}

static int
by_match(struct diff *d, struct item *it, size_t i, struct lot *lot, struct err *err)
{
    int known = 1;

    for (size_t from = 0; from < it->sync->n_between && !it->done; from++) {
        struct item_end found[MATCH_SUCCESSORS];
        size_t n;
        int r;

        if (!it->ends[from].wanted || it->ends[from].state != END_LIVE)
            continue;
        r = match_seek(d, it, from, i, found, &n, err);
        if (r > 0 && !it->done && n > 0)
            r = is_alone(d, it, from, err);
        if (r < 0)
            return -1;
        known &= r;
        for (size_t k = 0; k < n; k++)
            add(lot, &found[k]);
    }
    return known;
}

/* ---- What is done about it ---- */

static const char *
link_text(struct diff *d, const struct store_link *link)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    for (size_t k = 0; k < link->n_ends; k++)
        buf_printf(&text, "%s%s:%s", k > 0 ? " " : "", link->ends[k].system,
                   link->ends[k].record_id);
    return arena_text(d->arena, buf_get(&text));
}

/* It is another link's: which are one thing, or not, a person must say. */
static void
refuse_linked(struct diff *d, struct item *it, size_t i, const struct item_end *end,
              const struct store_link *other)
{
    const char *own = arena_printf(d->arena, "%s:%s", it->event.system, it->record_id);
    const char *name = it->sync->between[i]->name;

    if (it->link.link_id != 0)
        own = arena_printf(d->arena, "link %" PRId64 " (%s)", it->link.link_id,
                           link_text(d, &it->link));
    item_reject(it, other->ended ? "ended-link" : "linked-elsewhere",
                arena_printf(d->arena,
                             "%s lacks a record of %s, and %s:%s matches, but is in %slink %" PRId64
                             " (%s)",
                             own, name, name, end->record_id, other->ended ? "the ended " : "",
                             other->link_id, link_text(d, other)));
}

/* 1, -1. */
static int
take(struct diff *d, struct item *it, size_t i, const struct item_end *end, struct err *err)
{
    const struct conf_system *system = it->sync->between[i];
    struct store_link other;

    if (store_find_link(d->o->store, d->arena, it->sync->resource, system->name, system->account,
                        end->record_id, &other, err) < 0)
        return -1;
    if (other.link_id != 0) {
        refuse_linked(d, it, i, end, &other);
        return 1;
    }
    it->ends[i] = *end;
    it->ends[i].wanted = true;
    it->ends[i].joined = true;
    return 1;
}

static int
settle(struct diff *d, struct item *it, size_t i, const struct lot *lot, struct err *err)
{
    const char *system = it->sync->between[i]->name;

    if (lot->n == 0)
        return 1;
    if (lot->n == 1)
        return take(d, it, i, &lot->list[0], err);
    item_reject(it, "ambiguous",
                arena_printf(d->arena, "%s:%s matches %s:%s and %s:%s", it->event.system,
                             it->record_id, system, lot->list[0].record_id, system,
                             lot->list[1].record_id));
    return 1;
}

static int
look_for(struct diff *d, struct item *it, size_t i, struct err *err)
{
    struct lot lot = {.n = 0};
    int known = by_external_id(d, it, i, &lot, err);

    if (known > 0 && !it->done && lot.n == 0 && it->link.link_id != 0)
        known = by_match(d, it, i, &lot, err);
    return known > 0 && !it->done ? settle(d, it, i, &lot, err) : known;
}

/* ---- Ends that are not made, or not now ---- */

/* The others of the link go on without: what was to end the item is said of the create alone. */
static void
wait_with(struct diff *d, struct item *it, size_t i)
{
    struct decision *dec = &it->decision;
    struct item_end *end = &it->ends[i];

    end->wait_why = dec->hold_reason != NULL ? dec->hold_reason : dec->text;
    if (dec->hold_not_before == NULL ||
        clock_parse(dec->hold_not_before, &end->wait_until, NULL) < 0)
        end->wait_until = d->now + REFUSED_MS;
    if (dec->reject_code != NULL && it->refused_code == NULL) {
        it->refused_code = dec->reject_code;
        it->refused_text = dec->text;
    }
    it->done = false;
}

/* A person took the link's record out: nothing is made in its place. */
static void
leave_out(struct diff *d, struct item *it, size_t i)
{
    struct conf_sync *sync = arena_alloc(d->arena, sizeof *sync);

    *sync = *it->sync;
    sync->create = arena_alloc(d->arena, sync->n_between * sizeof *sync->create);
    memcpy(sync->create, it->sync->create, sync->n_between * sizeof *sync->create);
    sync->create[i] = false;
    it->sync = sync;
}

/* Has a listing of system I, which may have the record, no complete first run yet? 1, 0, -1. */
static int
is_loading(struct diff *d, const struct item *it, size_t i, struct err *err)
{
    const struct conf *conf = d->o->conf;

    for (size_t k = 0; conf != NULL && k < conf->n_jobs; k++) {
        const struct conf_job *job = &conf->jobs[k];
        struct store_watermark mark;

        if (strcmp(job->sync->resource, it->sync->resource) != 0 ||
            job->system != it->sync->between[i])
            continue;
        if (store_watermark(d->o->store, d->arena, job->name, job->system->account,
                            it->sync->resource, &mark, err) < 0)
            return -1;
        if (mark.last_successful == NULL)
            return 1;
    }
    return 0;
}

/* Of a link. As look_for. */
static int
look_for_end(struct diff *d, struct item *it, size_t i, struct err *err)
{
    const char *system = it->sync->between[i]->name, *out;
    int r = store_taken_out(d->o->store, d->arena, it->link.link_id, system, &out, err);

    if (r > 0)
        leave_out(d, it, i);
    if (r != 0)
        return r;
    r = d->o->current == NULL ? is_loading(d, it, i, err) : 0;
    if (r > 0) {
        it->ends[i].wait_why = arena_printf(d->arena, "%s is not listed yet", system);
        it->ends[i].wait_until = d->now + LOADING_MS;
    }
    if (r != 0)
        return r;
    r = look_for(d, it, i, err);
    if (r >= 0 && it->done) {
        wait_with(d, it, i);
        return 1;
    }
    return r;
}

/* It was made by us of a record that nobody knows any more: it has its counterpart already. */
static int
refuse_unknown(struct diff *d, struct item *it)
{
    const char *id = it->ends[it->nominator].external_id;

    for (size_t i = 0; i < it->sync->n_between; i++)
        if (i != it->nominator && it->ends[i].wanted)
            return 0;
    if (!match_is_ours(d->deployment, id))
        return 0;
    item_reject(it, "unknown-external-id",
                arena_printf(d->arena,
                             "%s:%s carries our external id %s, which no link has: a link was lost "
                             "(an older state?); sync-ctl links repair %s finds its records",
                             it->event.system, it->record_id, id, it->sync->resource));
    return 1;
}

/* 1 nothing is found and nothing in the way, 2 decide anew, 0 under way, -1. */
static int
look_for_one(struct diff *d, struct item *it, size_t i, struct err *err)
{
    bool linked = it->link.link_id != 0;
    int r = linked ? look_for_end(d, it, i, err) : look_for(d, it, i, err);

    if (r <= 0 || it->done)
        return r;
    it->ends[i].sought = true;
    return it->ends[i].wanted || it->ends[i].wait_why != NULL || !it->sync->create[i] ? 2 : 1;
}

int
join_missing(struct diff *d, struct item *it, struct err *err)
{
    const struct decision dec = it->decision;
    bool stands = true;

    if (d->o->store == NULL || it->done)
        return 1;
    for (size_t k = 0; k < dec.n_writes && !it->done; k++) {
        int i = sync_index(it->sync, dec.writes[k].target), r;

        if (strcmp(dec.writes[k].action, "create") != 0 || it->ends[i].wanted || it->ends[i].sought)
            continue;
        if (it->link.link_id == 0 && refuse_unknown(d, it))
            return 1;
        r = look_for_one(d, it, (size_t)i, err);
        if (r < 0)
            return -1;
        stands &= r == 1;
    }
    return stands || it->done;
}

void
join_anew(struct item *it)
{
    for (size_t i = 0; i < it->sync->n_between; i++)
        if (it->ends[i].joined || (it->link.link_id == 0 && i != it->nominator))
            it->ends[i] = (struct item_end){0};
}

void
join_put_off(struct diff *d, struct item *it)
{
    struct decision *dec = &it->decision;
    char text[CLOCK_TEXT];

    for (size_t k = 0; k < dec->n_writes; k++) {
        struct decision_write *w = &dec->writes[k];
        const struct item_end *end = &it->ends[sync_index(it->sync, w->target)];

        if (strcmp(w->action, "create") != 0 || end->wait_why == NULL)
            continue;
        w->hold_reason = end->wait_why;
        w->hold_not_before = arena_text(d->arena, clock_format(end->wait_until, text));
    }
    if (it->refused_code == NULL)
        return;
    dec->reject_code = it->refused_code;
    dec->text = it->refused_text;
    dec->disposition = "rejected";
}
