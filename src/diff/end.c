#include <config.h>

#include "diff/internal.h"
#include "base/clock.h"
#include "diff/row.h"
#include "sync/compare.h"

#include <string.h>

/* How the present states of a link's ends are found out. */

enum { UNREADABLE_RETRY_MS = 30000 };

void
end_show(struct item_end *end, const struct provider_record *r, int64_t now, bool fresh)
{
    end->state = END_LIVE;
    end->fields = r->fields;
    end->external_id = r->external_id;
    end->version = r->version;
    end->etag = fresh ? r->etag : NULL;
    end->changed_at = r->changed_at;
    end->seen_at = now;
    end->fresh = fresh;
}

int64_t
retry_at(const struct diff *d, const struct cache_answer *answer)
{
    return answer->not_before > d->now ? answer->not_before : d->now + UNREADABLE_RETRY_MS;
}

static const char *
said(const struct cache_answer *answer)
{
    return answer->text != NULL ? answer->text : answer->code != NULL ? answer->code : "no answer";
}

void
hold_unanswered(struct diff *d, struct item *it, const struct cache_answer *answer,
                const struct conf_system *system, const char *id)
{
    const char *what = id == NULL ? "search " : "read ";

    item_hold(it, d->arena, retry_at(d, answer),
              arena_printf(d->arena, "cannot %s%s%s%s: %s", what, system->name,
                           id != NULL ? ":" : "", id != NULL ? id : "", said(answer)));
}

/* The others go on without an end of a link that cannot be read; without the source nothing does.
 */
static void
take_failure(struct diff *d, struct item *it, size_t i, const struct cache_answer *answer)
{
    struct item_end *end = &it->ends[i];

    end->state = END_UNREAD;
    end->unread_until = retry_at(d, answer);
    end->unread_why = arena_printf(d->arena, "cannot read %s:%s: %s", it->sync->between[i]->name,
                                   end->record_id, said(answer));
    if (i == it->nominator || it->link.link_id == 0)
        item_hold(it, d->arena, end->unread_until, end->unread_why);
}

/* Not there: gone, or deleted as is known already. */
static void
take_absence(struct item *it, size_t i)
{
    const struct store_end *stored = stored_end(it, it->sync->between[i]->name);
    struct item_end *end = &it->ends[i];

    end->state = END_GONE;
    if (stored != NULL && stored->deleted && strcmp(stored->record_id, end->record_id) == 0)
        end->state = END_DELETED;
    end->fresh = true;
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
        end_show(end, &answer->records[0], d->now, true);
        return 1;
    }
    if (answer->outcome == PROVIDER_GONE) {
        take_absence(it, i);
        return 1;
    }
    take_failure(d, it, i, answer);
    return 1;
}

bool
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

void
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

const struct store_end *
stored_end(const struct item *it, const char *system)
{
    size_t i;

    for (i = 0; i < it->link.n_ends; i++)
        if (strcmp(it->link.ends[i].system, system) == 0)
            return &it->link.ends[i];
    return NULL;
}

static int
hold_until(struct diff *d, struct item *it, int64_t until)
{
    item_hold(it, d->arena, until, "the end may still show an older state");
    return 1;
}

/*
 * An end that we wrote a moment ago and that does not show it (one that we made: is not there yet;
 * one that we deleted: still is) may only be slow to show it (`lag`): looked at again when the lag
 * is over. 1 = held.
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
    if (it->ends[i].state == END_LIVE && written[n - 1].fields->n == 0) /* a delete sends none */
        return hold_until(d, it, written[n - 1].at + lag);
    for (f = 0; f < it->sync->n_fields; f++) {
        const struct sync_field *field = &it->sync->fields[f];
        const char *name = field->field->name;

        if (val_get(written[n - 1].fields, name) != NULL &&
            (it->ends[i].state == END_GONE ||
             !compare_same(d->arena, it->sync, field, i, val_get(it->ends[i].fields, name),
                           val_get(stored->shadow, name))))
            return hold_until(d, it, written[n - 1].at + lag);
    }
    return 0;
}

int
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
    if (fresh == 0 && !it->done)
        join_anew(it);
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

int
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
