#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/log.h"

#include <string.h>

enum { HOLD_MS = 60000 }; /* where the line does not say how long */

int
hold_back(struct line *l, int64_t not_before, const char *reason, struct err *err)
{
    int rc;

    if (l->event.seq == 0)
        return 0;
    rc = store_return(l->push->store, l->event.seq, l->pipeline, l->fence, not_before, reason, err);
    if (rc == 0)
        log_verbose("%s: somebody else's by now", line_name(l));
    return rc < 0 ? -1 : 0;
}

static int
hold(struct line *l, int64_t not_before, const char *reason, struct err *err)
{
    l->fate = LINE_HELD;
    l->held = reason;
    return hold_back(l, not_before, reason, err);
}

int
hold_decision(struct line *l, struct err *err)
{
    const struct decision *d = &l->decision;
    int64_t not_before = 0;

    if (d->hold_reason == NULL)
        return 0;
    if (d->hold_not_before != NULL && clock_parse(d->hold_not_before, &not_before, NULL) < 0)
        not_before = clock_now() + HOLD_MS;
    if (hold(l, not_before, d->hold_reason, err) < 0)
        return -1;
    return d->hold_pause == NULL ? 0 : guard_pause(l, d->hold_pause, d->hold_reason, err);
}

const char *
hold_delete(struct line *l, int64_t *until)
{
    for (size_t i = 0; i < l->decision.n_writes; i++) {
        const struct decision_write *w = &l->decision.writes[i];
        const struct withheld *h = guard_find(l, w->target);

        if (h == NULL || strcmp(w->action, "delete") != 0)
            continue;
        *until = h->until;
        return arena_printf(l->arena, "delete %s: %s: %s", w->target, h->code, h->text);
    }
    return NULL;
}

int
hold_deletes(struct line *l, struct err *err)
{
    int64_t until;
    const char *reason = hold_delete(l, &until);

    return reason == NULL ? 0 : hold(l, until, reason, err);
}

bool
hold_canary(struct line *l)
{
    struct push *p = l->push;
    bool writes = l->decision.n_writes > 0;

    if (p->o->canary < 0)
        return false;
    if (writes && p->canary_done >= p->o->canary)
        p->canary_over = true;
    if (p->canary_over && writes)
        p->canary_left++;
    return p->canary_over;
}

/* What is not in the inbox would be lost without a word: it is kept like a refused line. */
void
hold_say(struct line *l)
{
    if (l->event.seq != 0) {
        log_verbose("%s: back to the inbox: %s", line_name(l), l->held);
    } else if (l->decision.hold_reason != NULL) {
        log_warn("%s: not applied: %s", line_name(l), l->held);
    } else {
        err_set(&l->err, ERR_RECORD, ERR_LATER, "withheld", "%s: not applied: %s", line_name(l),
                l->held);
        batch_refused(l);
    }
}
