#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum { PAUSED_AGAIN_MS = 60000, LOOK_MS = 500 };

void
guard_forget(struct push *p)
{
    p->pauses_read = false;
}

void
guard_close(struct target *t, int64_t until, const char *why)
{
    if (until <= t->closed_until)
        return;
    t->closed_until = until;
    snprintf(t->closed_why, sizeof t->closed_why, "%s", why);
}

static int
read_pauses(struct push *p, struct err *err)
{
    int n;

    if (p->pauses_read)
        return 0;
    arena_reset(p->pause_arena);
    p->n_pauses = 0;
    n = store_pauses(p->store, p->pause_arena, clock_now(), &p->pauses, err);
    if (n < 0)
        return -1;
    p->n_pauses = (size_t)n;
    p->pauses_read = true;
    p->pauses_boot = clock_boot();
    return 0;
}

static const struct store_pause *
find_pause(const struct line *l, const struct decision_write *w)
{
    const struct push *p = l->push;
    const char *account = push_target(l->push, w->target)->system->account;

    for (size_t i = 0; i < p->n_pauses; i++)
        if (store_pause_matches(&p->pauses[i], w->target, account, l->event.resource,
                                w->target_record_id, l->event.run))
            return &p->pauses[i];
    return NULL;
}

int
guard_turn(struct write *w, const struct store_pause **out, struct err *err)
{
    struct push *p = w->line->push;

    if (clock_boot() - p->pauses_boot >= LOOK_MS)
        guard_forget(p);
    if (read_pauses(p, err) < 0)
        return -1;
    for (size_t i = 0; i < p->n_pauses; i++) {
        *out = &p->pauses[i];
        if (strcmp((*out)->by, STORE_LIMIT_PAUSE) != 0 &&
            store_pause_matches(*out, w->intent.target, w->intent.account, w->intent.resource,
                                w->intent.record_id, w->line->event.run))
            return 1;
    }
    return 0;
}

const struct withheld *
guard_find(const struct line *l, const char *target)
{
    for (size_t i = 0; i < l->n_withheld; i++)
        if (strcmp(l->withheld[i].target, target) == 0)
            return &l->withheld[i];
    return NULL;
}

int64_t
guard_until(const struct line *l)
{
    int64_t until = 0;

    for (size_t i = 0; i < l->n_withheld; i++)
        if (l->withheld[i].until > until)
            until = l->withheld[i].until;
    return until;
}

bool
guard_is_stopped(const struct line *l)
{
    const struct push *p = l->push;
    const char *run = l->event.run != NULL ? l->event.run : "";

    if (!p->stopped || strcmp(run, p->stopped_run) != 0)
        return false;
    return run[0] != '\0' || l->event.seq == 0 || p->stopped_batch;
}

void
guard_withhold(struct line *l, const char *target, const char *code, const char *text,
               int64_t until)
{
    struct withheld *h = &l->withheld[l->n_withheld++];

    h->target = target;
    h->code = code;
    h->text = arena_text(l->arena, text);
    h->until = until;
}

/* Is the account of T paused as a whole? */
static bool
is_account_paused(const struct push *p, const struct target *t)
{
    for (size_t i = 0; i < p->n_pauses; i++) {
        const struct store_pause *x = &p->pauses[i];

        if ((strcmp(x->scope, "all") == 0 || strcmp(x->scope, "account") == 0) &&
            store_pause_matches(x, t->system->name, t->system->account, NULL, NULL, NULL))
            return true;
    }
    return false;
}

int
guard_pause(struct line *l, const char *system, const char *reason, struct err *err)
{
    struct push *p = l->push;
    const struct target *t = push_target(p, system);
    const struct store_pause pause = {.scope = "account",
                                      .system = system,
                                      .account = t->system->account,
                                      .reason = reason,
                                      .by = "sync-diff"};

    if (read_pauses(p, err) < 0)
        return -1;
    if (is_account_paused(p, t))
        return 0;
    if (store_pause_add(p->store, &pause, clock_now(), err) < 0)
        return -1;
    crash_point("push.paused");
    guard_forget(p);
    p->incident = true;
    p->bounded = p->bounded || l->event.seq == 0 || l->event.run != NULL;
    log_error("incident: %s: %s; the account of %s is paused", line_name(l), reason, system);
    log_error("resume with: sync-ctl resume %s", system);
    return 0;
}

/* A target that sync-diff could not read. */
static int64_t
held_until(const struct decision_write *w, int64_t now)
{
    int64_t until;

    if (w->hold_not_before == NULL || clock_parse(w->hold_not_before, &until, NULL) < 0)
        return now + PAUSED_AGAIN_MS;
    return until;
}

/* LOOPED: the pause of its link by the breaker, or NULL. */
static void
guard_write(struct line *l, const struct decision_write *w, const struct store_pause *looped)
{
    const struct target *t = push_target(l->push, w->target);
    const struct store_pause *pause = find_pause(l, w);
    int64_t now = clock_now();

    if (w->hold_reason != NULL)
        guard_withhold(l, w->target, "unreadable", w->hold_reason, held_until(w, now));
    else if (pause != NULL)
        guard_withhold(l, w->target, "paused", pause->reason,
                       pause->until > now ? pause->until : now + PAUSED_AGAIN_MS);
    else if (t->closed_until > now)
        guard_withhold(l, w->target, "closed", t->closed_why, t->closed_until);
    else if (looped != NULL)
        guard_withhold(l, w->target, "paused", looped->reason, loop_until(now));
}

int
guard_line(struct line *l, struct err *err)
{
    const struct decision *d = &l->decision;
    const struct store_pause *looped;

    if (d->n_writes == 0)
        return 0;
    if (read_pauses(l->push, err) < 0 || loop_pause(l, &looped, err) < 0)
        return -1;
    l->withheld = arena_alloc(l->arena, d->n_writes * sizeof *l->withheld);
    for (size_t i = 0; i < d->n_writes; i++)
        guard_write(l, &d->writes[i], looped);
    return loop_check(l, err);
}
