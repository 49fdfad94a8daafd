#include <config.h>

#include "rest.h"
#include "hooks.h"
#include "state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_RUNS = 60 };

/* ---- the systems ---- */

static json_t *
counters(struct world *w, int system)
{
    json_t *c = world_call(w, system, "GET", "/_sim/counters", NULL);

    if (c == NULL)
        world_fail("%s: no counters", w->folder);
    return c;
}

static int
counter(json_t *counters, const char *name)
{
    return (int)json_integer_value(json_object_get(counters, name));
}

/* Creates, updates and deletes that were done since the counters were reset, which they are now. */
static int
take_writes(struct world *w)
{
    int n = 0;

    for (int i = 0; i < w->plan->n_systems; i++) {
        json_t *c = counters(w, i);

        n += counter(c, "creates") + counter(c, "updates") + counter(c, "deletes");
        if (counter(c, "deletes") > 0 && !(w->plan->deletes && w->plan->propagate))
            world_blame(w, "writes: %c was asked to delete", 'a' + i);
        json_decref(c);
        json_decref(world_call(w, i, "POST", "/_sim/reset-counters", NULL));
    }
    return n;
}

void
rest_calm(struct world *w)
{
    static const char *const troubles[] = {
        "limit-next", "fail-next", "apply-then-fail", "apply-then-drop", "drop-next",
        "slow-ms",    "rate",      "limit-status"};

    for (int i = 0; i < w->plan->n_systems; i++)
        for (size_t q = 0; q < sizeof troubles / sizeof troubles[0]; q++)
            world_quirk_text(w, i, troubles[q], false);
}

static void
drain(struct world *w)
{
    bool up = w->listener != NULL && w->listener->status == STATUS_RUNNING;

    for (int i = 0; i < w->plan->n_systems; i++)
        if (up && w->plan->systems[i].webhook)
            json_decref(world_call(w, i, "POST", "/_sim/drain", NULL));
}

/* ---- to rest ---- */

static void
end_crons(struct world *w)
{
    for (int i = 0; i < w->n_procs; i++) {
        struct proc *p = &w->procs[i];

        if (p->role != ROLE_CRON || world_wait(w, p, 15000 * (int)w->haste) != STATUS_RUNNING)
            continue;
        world_blame(w, "hangs: sync-reconcile, pid %d", (int)p->pid);
        world_kill(w, p, SIGKILL);
    }
}

static void
lift_pauses(struct world *w)
{
    for (int i = 0; i < w->plan->n_systems; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        const char *argv[] = {"sync-ctl", "resume", "-q", name, NULL};
        int status = world_run(w, argv, "ctl.out");

        if (status != 0 && status != 1)
            world_blame(w, "sync-ctl resume %s ended with %d", name, status);
    }
}

static int
longest_lag(const struct plan *p)
{
    int ms = 0;

    for (int i = 0; i < p->n_systems; i++) {
        const struct system_plan *s = &p->systems[i];
        int lag = s->lag_ms > s->find_lag ? s->lag_ms : s->find_lag;

        ms = lag > ms ? lag : ms;
    }
    return ms;
}

static int
reconcile(struct world *w)
{
    static const char *const argv[] = {"sync-reconcile", "run", NULL};

    return world_run(w, argv, "cron.ndjson");
}

static void
settle(struct world *w, const struct oracle *o)
{
    int status = -1, tries = 0;

    while (w->why.len == 0 && tries < MAX_RUNS) {
        status = reconcile(w);
        tries++;
        drain(w);
        if ((status == 0 || (w->twins && status == 2)) && state_is_at_rest(w, o))
            break;
        if (status != 0 && status != 75 && (!w->twins || status != 2))
            world_blame(w, "sync-reconcile run ended with %d", status);
        world_nap(w, state_due_ms(w));
    }
    world_say(w, "   at rest after %d runs", tries);
    if (tries == MAX_RUNS)
        world_blame(w, "does not settle: %d runs, the last ended with %d", tries, status);
}

static void
check_quiet(struct world *w)
{
    int status, writes;

    world_nap(w, longest_lag(w->plan));
    take_writes(w);
    status = reconcile(w);
    drain(w);
    if (status != 0 && (!w->twins || status != 2))
        world_blame(w, "one more sync-reconcile run ended with %d", status);
    writes = take_writes(w);
    if (writes > 0)
        world_blame(w, "one more sync-reconcile run wrote %d times", writes);
}

static void
check_log(struct world *w)
{
    static const char *const bad[] = {"bug: ",        "Sanitizer", "runtime error:", "by signal 6",
                                      "by signal 11", "assertion", "corrupt",        "malformed"};
    CLEANUP_FREE char *path = world_path(w, "log");
    FILE *log = fopen(path, "re");
    char line[4096];

    while (log != NULL && fgets(line, sizeof line, log) != NULL)
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            if (strstr(line, bad[i]) != NULL)
                world_blame(w, "log: %s", line);
    if (log != NULL)
        fclose(log);
}

int
rest(struct world *w, struct oracle *o, const struct step *s)
{
    static const char *const audit[] = {"sync-ctl", "audit", NULL};
    int writes, most = oracle_most_writes(o), status;

    rest_calm(w);
    lift_pauses(w);
    world_start_listener(w); /* what it has stored is mapped in any case */
    world_hooks(w, !s->drop);
    drain(w);
    end_crons(w);
    if (!s->live)
        world_stop_pipe(w);
    world_nap(w, longest_lag(w->plan) + 500);
    settle(w, o);
    if (w->why.len > 0)
        return 0;
    writes = take_writes(w);
    check_quiet(w);
    oracle_check(o, w);
    state_check(w, o);
    status = world_run(w, audit, "ctl.out");
    if (status != 0)
        world_blame(w, "conservation: sync-ctl audit ended with %d", status);
    hooks_check(w);
    check_log(w);
    if (!s->live)
        world_stop_listener(w);
    if (writes > most)
        world_blame(w, "writes: %d for %d creates and edits of people, at most %d", writes,
                    o->deeds, most);
    oracle_rest(o, w);
    return writes;
}
