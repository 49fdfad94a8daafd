#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"

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

static void
sent(void *user, const struct provider_answer *a)
{
    struct write *w = user;

    w->target->under_way--;
    w->sent_boot = clock_boot();
    crash_point("push.answer");
    outcome_take(w, a);
}

static void
hand_over(struct write *w)
{
    struct store_intent *i = &w->intent;

    w->marked = true;
    w->attempts++;
    w->target->under_way++;
    w->sent_boot = clock_boot();
    if (strcmp(i->action, "create") == 0)
        provider_create(w->target->provider, w->def, i->fields, i->external_id, i->idempotency_key,
                        sent, w);
    else if (strcmp(i->action, "delete") == 0)
        provider_delete(w->target->provider, w->def, i->record_id, i->etag, sent, w);
    else
        provider_update(w->target->provider, w->def, i->record_id, i->fields, i->etag, sent, w);
}

/* What may go out now, out of the queues. */
static size_t
collect(struct push *p, struct write **writes, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < p->conf.n_systems; i++) {
        struct target *t = &p->targets[i];

        for (int left = room(t); left > 0 && n < max && t->ready.first != NULL; left--)
            writes[n++] = queue_take(&t->ready);
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
    for (size_t i = 0; i < n; i++)
        hand_over(writes[i]);
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
