#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <string.h>

/* ---- ours ---- */

int
lease_start(struct push *p, struct err *err)
{
    struct store_holder holder;
    char hex[17];
    int rc;

    digest_random_hex(8, hex);
    snprintf(p->owner, sizeof p->owner, "push-%s", hex);
    rc = store_lease_take(p->store, p->owner, p->owner, &holder, err);
    if (rc == 0)
        return err_set(err, ERR_RUN, ERR_LATER, "lease", "lease %s is taken", p->owner);
    p->renewed = clock_boot();
    return rc < 0 ? -1 : 0;
}

bool
lease_is_fresh(const struct push *p)
{
    return clock_boot() - p->renewed < PUSH_FRESH_MS;
}

int
lease_stale(struct err *err)
{
    err_set(err, ERR_RUN, ERR_LATER, "lease",
            "this process stood still for too long to go on writing");
    return err_hint(err, "nothing is lost: run it again, what was open is looked up");
}

/* Are writes with a provider? They may wait there, and be somebody else's by now. */
static bool
has_sent(const struct push *p)
{
    for (size_t i = 0; i < p->conf.n_systems; i++)
        if (p->targets[i].under_way > 0)
            return true;
    return false;
}

int
lease_renew(struct push *p, struct err *err)
{
    int64_t now = clock_boot();
    int rc = store_lease_renew(p->store, p->owner, p->owner, err);

    if (rc < 0)
        return -1;
    if (rc == 0 || (now - p->renewed >= STORE_LEASE_MS && has_sent(p)))
        return lease_stale(err);
    p->renewed = now;
    return 0;
}

void
lease_end(struct push *p)
{
    struct err err = ERR_INIT;

    if (p->owner[0] != '\0' && store_lease_drop(p->store, p->owner, p->owner, &err) < 0)
        log_verbose("lease %s: %s", p->owner, err.text);
}

/* ---- the pipelines whose lines are in memory ---- */

static struct pipeline *
find_pipeline(struct push *p, const char *name)
{
    for (size_t i = 0; i < p->n_pipelines; i++)
        if (strcmp(p->pipelines[i].name, name) == 0)
            return &p->pipelines[i];
    return NULL;
}

void
lease_hold(struct push *p, const char *name)
{
    struct pipeline *x = find_pipeline(p, name);

    if (x == NULL) {
        p->pipelines = mem_resize(p->pipelines, p->n_pipelines + 1, sizeof *p->pipelines);
        x = &p->pipelines[p->n_pipelines++];
        x->held = 0;
        snprintf(x->name, sizeof x->name, "%s", name);
    }
    x->held++;
}

void
lease_unhold(struct push *p, const char *name)
{
    struct pipeline *x = find_pipeline(p, name);

    if (--x->held == 0)
        *x = p->pipelines[--p->n_pipelines];
}

static int
renew_pipelines(struct push *p, struct err *err)
{
    for (size_t i = 0; i < p->n_pipelines; i++) {
        const char *name = p->pipelines[i].name;
        int rc = store_lease_renew(p->store, name, name, err);

        if (rc < 0)
            return -1;
        if (rc == 0)
            log_verbose("pipeline %s is over; its fences decide", name);
    }
    return 0;
}

/* ---- what dead writers left ---- */

/*
 * Its system or resource has left the config, so nobody can ask what became of it: a create is for
 * a person to look at, an update is decided anew without that system.
 */
static int
give_up(struct push *p, const struct store_intent *intent, struct err *why, struct err *err)
{
    bool create = strcmp(intent->action, "create") == 0;
    const struct store_settlement s = {.token = intent->token,
                                       .owner = p->owner,
                                       .kind = create ? SETTLE_UNKNOWN : SETTLE_LOST,
                                       .code = why->code,
                                       .text = why->text};

    p->refused = p->refused || create;
    err_wrap(why, "%s %s: a write without an answer", intent->resource, intent->target);
    if (create)
        err_hint(why, "look there for external id %s: it may have been created",
                 intent->external_id);
    log_err(why);
    return store_settle(p->store, &s, clock_now(), NULL, err) < 0 ? -1 : 0;
}

static int
resume(struct push *p, const struct store_intent *intent, struct err *err)
{
    int64_t ago = intent->sent_at == 0 ? 0 : clock_now() - intent->sent_at;
    struct err why = ERR_INIT;
    struct line *l;
    struct write *w;

    if (strcmp(intent->state, "prepared") == 0)
        return store_unsent(p->store, intent->token, p->owner, clock_now(), err) < 0 ? -1 : 0;
    l = line_of_intent(p, intent, &why);
    if (l == NULL && why.scope == ERR_RECORD)
        return give_up(p, intent, &why, err);
    if (l == NULL)
        *err = why;
    if (l == NULL)
        return -1;
    w = l->writes;
    w->marked = true;
    w->sent_boot = clock_boot() - (ago > 0 ? ago : 0);
    log_verbose("%s: taken over: %s %s without an answer", line_name(l), intent->action,
                intent->target);
    if (job_resume(w))
        return 0;
    if (strcmp(intent->action, "create") == 0)
        lookup_start(w);
    else
        outcome_lost(w, NULL);
    return 0;
}

static int
take_over(struct push *p, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct store_intent *intents = NULL;
    int n = store_take_over(p->store, a, p->owner, PUSH_DEADLINE_MS, PUSH_MAX_WRITES, clock_now(),
                            &intents, err);

    if (n <= 0)
        return n;
    crash_point("push.taken-over");
    for (int i = 0; i < n; i++)
        if (resume(p, &intents[i], err) < 0)
            return -1;
    return 0;
}

int
lease_tick(struct push *p, struct err *err)
{
    bool first = p->owner[0] == '\0';
    bool due = first || clock_boot() - p->renewed >= STORE_RENEW_MS;

    if (first && lease_start(p, err) < 0)
        return -1;
    if (due && ((!first && lease_renew(p, err) < 0) || renew_pipelines(p, err) < 0))
        return -1;
    if (p->ended || (!first && clock_boot() - p->looked < PUSH_LOOK_MS))
        return 0;
    p->looked = clock_boot();
    return take_over(p, err);
}
