#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <string.h>

/*
 * What became of a create that nobody answered? It is read where its id is ours, else sought by our
 * external id, else by a match field that was sent. Found is done: an upsert is looked up, too, as
 * a person may have edited what it made. Not found counts if the definition's find is strong, else
 * only when its lag is over; then the same request goes out again where twice is once (seek.h), or
 * the fields stay owed and a new decision creates it. A create that was answered with an id, but
 * could not be read back, is only read. What cannot be looked up is sent again where twice is once.
 */
enum { LOOK_AGAIN_MS = 1000, LOOK_SLOW_MS = 60000, LOOK_FAILURES = 5, RETRY_MS = 30000 };

static void looked(void *user, const struct provider_answer *a);

static void
look(void *user)
{
    struct write *w = user;
    const char *value;
    const char *id = seek_id(w);
    const char *field = seek_field(w, &value);

    w->line->push->looking++;
    w->look_boot = clock_boot();
    if (id != NULL) {
        provider_get(w->target->provider, w->def, id, looked, w);
        return;
    }
    provider_find(w->target->provider, w->def, field, value, looked, w);
}

static void
look_later(struct write *w, int64_t wait)
{
    http_after(w->line->push->http, wait, look, w);
}

static void
unpark(struct write *w)
{
    if (w->parked)
        w->line->push->parked--;
    w->parked = false;
    w->failed_looks = 0;
}

/* What a refused create met carries no external id of ours, but maybe what matches. */
static bool
try_match(struct write *w)
{
    const char *value;

    if (!w->conflict || w->by_match || w->created_id != NULL)
        return false;
    w->by_match = true;
    if (seek_field(w, &value) == NULL)
        return false;
    look(w);
    return true;
}

static void
missing(struct write *w)
{
    unpark(w);
    if (!seek_is_over(w, w->look_boot)) {
        look_later(w, LOOK_AGAIN_MS);
    } else if (w->created_id != NULL) {
        outcome_done(w, NULL, NULL);
    } else if (w->conflict) {
        if (!try_match(w))
            outcome_refused(w, NULL);
    } else if (seek_may_send_again(w, clock_boot())) {
        send_add(w);
    } else {
        outcome_retry(w, NULL, clock_now() + RETRY_MS);
    }
}

static void
take(struct write *w, const struct provider_record *r)
{
    w->settlement.differs = seek_differing(w, r);
    outcome_done(w, NULL, r);
}

static void
found(struct write *w, const struct provider_answer *a)
{
    const struct provider_record *r = NULL;
    bool by_id = seek_id(w) != NULL;
    size_t n = by_id ? 0 : seek_pick(w, a, &r);
    const char *value;
    const char *field = seek_field(w, &value);

    if (by_id && a->n_records > 0) {
        unpark(w);
        take(w, &a->records[0]);
        return;
    }
    if (n == 0 && (by_id || w->conflict || !seek_is_unclear(w, a))) {
        missing(w);
        return;
    }
    unpark(w);
    if (n == 0) {
        outcome_unknown(w, a, "what is found there does not show its external id");
        return;
    }
    if (n > 1 && strcmp(field, "external_id") != 0) {
        outcome_unknown(w, a,
                        arena_printf(w->line->arena, "%zu records there have this %s", n, field));
        return;
    }
    if (n > 1)
        log_warn("%s: %zu records at %s carry external id %s; linked with %s", line_name(w->line),
                 n, w->target->system->name, value, r->id);
    take(w, r);
}

/* The look-up itself failed: again, and after some failures without anybody waiting for it. */
static void
failed(struct write *w, const struct provider_answer *a)
{
    int64_t wait = LOOK_AGAIN_MS;

    if (a->outcome == PROVIDER_AUTH)
        outcome_auth(w->target, a);
    w->failed_looks++;
    for (int i = 1; i < w->failed_looks && wait < LOOK_SLOW_MS; i++)
        wait *= 2;
    if (!w->parked && (w->failed_looks >= LOOK_FAILURES || a->outcome == PROVIDER_AUTH)) {
        w->parked = true;
        w->line->push->parked++;
    }
    look_later(w, w->parked ? LOOK_SLOW_MS : wait);
}

/* Sent again where that does no harm, else for a person to find out. */
static void
cannot_look(struct write *w, const struct provider_answer *a, const char *why)
{
    int64_t now = clock_boot();

    if (w->conflict)
        outcome_refused(w, NULL);
    else if (seek_may_send_again(w, now))
        send_add(w);
    else if (w->def->create.upsert != UPSERT_NO)
        outcome_retry(w, NULL, clock_now() + RETRY_MS);
    else
        outcome_unknown(w, a, why);
}

static void
looked(void *user, const struct provider_answer *a)
{
    struct write *w = user;

    w->line->push->looking--;
    crash_point("push.looked");
    switch (a->outcome) {
    case PROVIDER_OK:
        outcome_accepted(w->target);
        found(w, a);
        return;
    case PROVIDER_GONE:
        missing(w);
        return;
    case PROVIDER_REFUSED:
    case PROVIDER_CONFLICT:
        unpark(w);
        if (w->created_id != NULL)
            outcome_done(w, NULL, NULL);
        else
            cannot_look(w, a, "the look-up is refused");
        return;
    case PROVIDER_LIMITED:
    case PROVIDER_NOT_SENT:
    case PROVIDER_LOST:
    case PROVIDER_AUTH:
    case PROVIDER_BROKEN:
        failed(w, a);
        return;
    }
    BUG("an outcome that is none");
}

/*
 * By a match field what an upsert made is no surer known than by sending it again, which makes no
 * second one.
 */
static bool
is_sought(const struct write *w)
{
    const char *value;
    const char *field = seek_field(w, &value);

    if (field == NULL)
        return false;
    return w->def->create.upsert == UPSERT_NO || w->conflict || strcmp(field, "external_id") == 0;
}

void
lookup_start(struct write *w)
{
    if (w->created_id != NULL && !w->def->get.present)
        outcome_done(w, NULL, NULL);
    else if (seek_id(w) != NULL || is_sought(w))
        look(w);
    else
        cannot_look(w, NULL, "no answer came, and it cannot be looked up there");
}
