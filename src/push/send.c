#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void
send_add(struct write *w)
{
    queue_add(&w->target->ready, w);
}

/* How many requests of a target are handed over at once. */
static int
room(const struct target *t)
{
    int concurrency = t->system->concurrency > 0 ? t->system->concurrency : 4;

    return 2 * concurrency - t->under_way;
}

/* Writes that went out in one call, which counts once. */
struct group {
    size_t n;    /* at first */
    size_t left; /* without an answer of their own */
};

/* One request less is under way, if W was the last of its. */
static void
leave_group(struct write *w)
{
    struct group *g = w->group;

    w->group = NULL;
    if (g != NULL && --g->left > 0)
        return;
    w->target->under_way--;
    free(g);
}

void
send_leave(struct write *w)
{
    if (w->group != NULL)
        leave_group(w);
}

/*
 * A call of several that was refused as a whole did nothing, and nobody knows for whose sake: each
 * is asked by itself.
 */
static bool
is_refused_together(const struct write *w, const struct provider_answer *a)
{
    return w->group != NULL && w->group->n > 1 && a->whole &&
           (a->outcome == PROVIDER_REFUSED || a->outcome == PROVIDER_CONFLICT ||
            a->outcome == PROVIDER_GONE);
}

static void
sent(void *user, const struct provider_answer *a)
{
    struct write *w = user;
    bool again = is_refused_together(w, a);

    leave_group(w);
    w->sent_boot = clock_boot();
    crash_point("push.answer");
    if (!again) {
        outcome_take(w, a);
        return;
    }
    w->alone = true;
    send_add(w);
}

static void
hand_over(struct write *w)
{
    struct store_intent *i = &w->intent;

    if (strcmp(i->action, "create") == 0)
        provider_create(w->target->provider, w->def, i->fields, i->external_id, i->idempotency_key,
                        sent, w);
    else if (strcmp(i->action, "delete") == 0)
        provider_delete(w->target->provider, w->def, i->record_id, i->etag, sent, w);
    else
        provider_update(w->target->provider, w->def, i->record_id,
                        w->only != NULL ? w->only : i->fields, i->etag, sent, w);
}

static void
hand_over_group(struct write **writes, size_t n)
{
    struct group *g = n > 1 ? mem_alloc(sizeof *g) : NULL;
    struct provider_item items[PUSH_MAX_WRITES];

    writes[0]->target->under_way++;
    if (g != NULL)
        *g = (struct group){n, n};
    for (size_t k = 0; k < n; k++) {
        const struct store_intent *i = &writes[k]->intent;

        writes[k]->group = g;
        writes[k]->marked = true;
        writes[k]->attempts++;
        writes[k]->sent_boot = clock_boot();
        items[k] =
            (struct provider_item){.id = i->record_id,
                                   .external_id = i->external_id,
                                   .idempotency_key = i->idempotency_key,
                                   .etag = i->etag,
                                   .fields = strcmp(i->action, "delete") == 0 ? NULL : i->fields,
                                   .done = sent,
                                   .user = writes[k]};
    }
    if (g == NULL)
        hand_over(writes[0]);
    else
        provider_bulk(writes[0]->target->provider, writes[0]->def, group_action(writes[0]), items,
                      n);
}

/*
 * What may go out now, out of the queues. What goes out in one call takes the room of one, so that
 * a queue is emptied in few calls.
 */
static size_t
collect(struct push *p, struct write **writes, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < p->conf.n_systems; i++) {
        struct target *t = &p->targets[i];

        for (int left = room(t); left > 0 && n < max && t->ready.first != NULL; left--) {
            size_t first = n;

            writes[n++] = queue_take(&t->ready);
            while (n < max && t->ready.first != NULL &&
                   group_joins(writes + first, n - first, t->ready.first))
                writes[n++] = queue_take(&t->ready);
        }
    }
    return n;
}

/* Also what is sent again: the state counts, and knows when it was last. */
static int
mark(struct push *p, struct write **writes, size_t n, struct err *err)
{
    int64_t tokens[PUSH_MAX_WRITES];

    for (size_t i = 0; i < n; i++)
        tokens[i] = writes[i]->intent.token;
    if (store_sent(p->store, tokens, n, p->owner, clock_now(), err) == 0)
        return 0;
    return err->scope == ERR_RECORD ? lease_stale(err) : -1;
}

/*
 * Much may have been decided before a pause came: it is not for that, and is owed. What went out
 * before, and is only asked again, is not left in doubt.
 */
static int
withhold(struct write **writes, size_t *n, struct err *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++) {
        const struct store_pause *pause;
        int rc = writes[i]->marked ? 0 : guard_turn(writes[i], &pause, err);

        if (rc < 0)
            return -1;
        if (rc == 1)
            outcome_paused(writes[i], pause);
        else
            writes[kept++] = writes[i];
    }
    *n = kept;
    return 0;
}

int
send_ready(struct push *p, struct err *err)
{
    struct write *writes[PUSH_MAX_WRITES];
    size_t n = collect(p, writes, PUSH_MAX_WRITES);

    if (n == 0)
        return 0;
    if ((!lease_is_fresh(p) && lease_renew(p, err) < 0) || mark(p, writes, n, err) < 0)
        return -1;
    crash_point("push.sent");
    /* Asked again: if we stood still for long just now, others may have taken these over. */
    if (!lease_is_fresh(p))
        return lease_stale(err);
    if (withhold(writes, &n, err) < 0)
        return -1;
    for (size_t i = 0, size; i < n; i += size) {
        size = group_size(writes + i, n - i);
        hand_over_group(writes + i, size);
    }
    return 0;
}

/* Never sent: closed, the event is free again. A repeated one stays open for the next writer. */
static int
drop(struct write *w, struct err *err)
{
    if (w->marked)
        return 0;
    w->status = "retry";
    w->error.scope = "record";
    w->error.code = "not-sent";
    w->error.text = "not sent: the run ended";
    return store_unsent(w->line->push->store, w->intent.token, w->line->push->owner, clock_now(),
                        err);
}

int
send_drop(struct push *p, struct err *err)
{
    for (size_t i = 0; i < p->conf.n_systems; i++) {
        struct write *w;

        while ((w = queue_take(&p->targets[i].ready)) != NULL)
            if (drop(w, err) < 0)
                return -1;
    }
    return 0;
}
