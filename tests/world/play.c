#include <config.h>

#include "play.h"
#include "people.h"
#include "rest.h"
#include "script.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- programs ---- */

static void
start_cron(struct world *w, const struct step *s)
{
    char job[] = "contacts-a";
    const char *argv[] = {"sync-reconcile", "run", NULL, NULL};

    job[sizeof job - 2] = (char)('a' + s->system);
    if (s->n > 0)
        argv[2] = s->n == 1 ? "--due" : job;
    world_say(w, "   pid %d", (int)world_start(w, ROLE_CRON, argv, "cron.ndjson")->pid);
}

static struct proc *
last_cron(struct world *w)
{
    world_reap(w);
    for (int i = w->n_procs; i > 0; i--)
        if (w->procs[i - 1].role == ROLE_CRON && w->procs[i - 1].status == STATUS_RUNNING)
            return &w->procs[i - 1];
    return NULL;
}

/* The first child of PID that still is one, or the last; 0: none. */
static pid_t
child_of(pid_t pid, bool last)
{
    CLEANUP_FREE char *path = mem_printf("/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *in = fopen(path, "re");
    int child = 0, found = 0;

    if (in == NULL)
        return 0;
    while (fscanf(in, "%d", &child) == 1 && (last || found == 0))
        found = child;
    fclose(in);
    return found;
}

static int
kill_cron(struct world *w, const struct step *s)
{
    struct proc *p = last_cron(w);
    pid_t child;

    if (p == NULL)
        return 0;
    if (s->target == TARGET_CRON) {
        world_kill(w, p, SIGKILL);
        return 1;
    }
    child = child_of(p->pid, s->n % 2 == 0);
    if (child == 0)
        return 0;
    kill(child, SIGKILL);
    return 1;
}

/* How many were killed. */
static int
strike(struct world *w, struct oracle *o, const struct step *s)
{
    struct proc *p = s->target == TARGET_LISTENER ? w->listener : w->stages[s->target % 4];
    int n = 0;

    if (s->target == TARGET_CRON || s->target == TARGET_CHILD)
        n = kill_cron(w, s);
    else if (p != NULL && p->status == STATUS_RUNNING) {
        world_kill(w, p, SIGKILL);
        n = 1;
    }
    o->spare += n * (w->plan->n_systems - 1) * 4;
    if (n == 0)
        world_say(w, "   nothing to kill");
    if (s->at_once && s->target == TARGET_LISTENER) {
        world_wait(w, p != NULL ? p : &w->procs[0], p != NULL ? 1000 * (int)w->haste : 0);
        world_start_listener(w);
        world_hooks(w, true);
    } else if (s->at_once && s->target < TARGET_LISTENER) {
        world_start_pipe(w);
    } else if (s->target < TARGET_LISTENER) {
        world_stop_pipe(w);
    }
    return n;
}

static void
start_all(struct world *w)
{
    world_start_listener(w);
    world_hooks(w, true);
    world_start_pipe(w);
}

static void
stop(struct world *w, const struct step *s)
{
    if (s->target == TARGET_LISTENER)
        world_stop_listener(w);
    else
        world_stop_pipe(w);
    if (s->at_once)
        start_all(w);
}

static void
control(struct world *w, const char *verb, int system)
{
    const char name[] = {(char)('a' + system), '\0'};
    const char *argv[] = {"sync-ctl", verb, name, NULL};
    int status = world_run(w, argv, "ctl.out");

    if (status != 0 && status != 75 && (status != 1 || strcmp(verb, "resume") != 0))
        world_blame(w, "sync-ctl %s %s ended with %d", verb, name, status);
}

static void
trouble(struct world *w, struct oracle *o, const struct step *s)
{
    const char *n = strchr(s->quirk, '=');

    o->troubled = true;
    world_quirk_text(w, s->system, s->quirk, true);
    if (strncmp(s->quirk, "apply-then", 10) == 0 && n != NULL)
        o->spare += atoi(n + 1);
}

/* ---- a step ---- */

static void
act(struct world *w, struct oracle *o, const struct step *s, struct tally *t)
{
    switch (s->kind) {
    case STEP_EDIT:
    case STEP_CREATE:
    case STEP_TWIN:
    case STEP_CLASH:
    case STEP_RAPID:
    case STEP_DELETE:
    case STEP_RACE:
    case STEP_RESTORE:
    case STEP_FIRM:
    case STEP_REFER:
    case STEP_HIRE:
        people_act(w, o, s);
        break;
    case STEP_CRON:
        start_cron(w, s);
        break;
    case STEP_KILL:
        t->kills += strike(w, o, s);
        break;
    case STEP_STOP:
        stop(w, s);
        break;
    case STEP_START:
        start_all(w);
        break;
    case STEP_PAUSE:
        o->troubled = true;
        control(w, "pause", s->system);
        break;
    case STEP_RESUME:
        for (int i = 0; i < w->plan->n_systems; i++)
            control(w, "resume", i);
        break;
    case STEP_QUIRK:
        trouble(w, o, s);
        break;
    case STEP_UNQUIRK:
        rest_calm(w);
        break;
    case STEP_PASS:
        break;
    case STEP_SETTLE:
        t->deeds += o->deeds;
        t->writes += rest(w, o, s);
        t->rests++;
        break;
    }
}

int
play(struct world *w, struct oracle *o, struct tally *t)
{
    static const char *const init[] = {"sync-ctl", "init", "-q", NULL};
    const struct plan *p = w->plan;
    char text[200];

    if (world_run(w, init, "ctl.out") != 0)
        world_blame(w, "sync-ctl init failed");
    people_begin(w, o);
    for (w->step = 0; w->step < p->n_steps && w->why.len == 0; w->step++) {
        const struct step *s = &p->steps[w->step];

        script_describe(p, s, text, sizeof text);
        world_say(w, "%s", text);
        act(w, o, s, t);
        world_nap(w, s->pause_ms);
        t->steps++;
    }
    for (int i = 0; i < p->n_people; i++)
        t->muddled += o->muddled[i];
    return w->why.len == 0 ? 0 : -1;
}
