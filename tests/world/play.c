#include <config.h>

#include "play.h"
#include "rest.h"
#include "script.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* ---- people ---- */

static json_t *
value_of(const struct plan *p, enum field field, int token)
{
    if (token == 0)
        return json_null();
    if (field == SCORE)
        return json_loads(p->raw[token], JSON_DECODE_ANY, NULL);
    return json_string(p->raw[token]);
}

static void
create(struct world *w, struct oracle *o, int system, int person, const int *tokens)
{
    const struct plan *p = w->plan;
    const struct system_plan *s = &p->systems[system];
    CLEANUP_BUF struct buf text = BUF_INIT;
    json_t *record = json_object(), *answer;

    json_object_set_new(record, plan_name(s, FIELDS), json_string(oracle_email(person)));
    for (int f = 0; f < FIELDS; f++) {
        if (tokens[f] == 0)
            continue;
        json_object_set_new(record, plan_name(s, f), value_of(p, (enum field)f, tokens[f]));
        buf_printf(&text, " %s=%d", plan_field_names[f], tokens[f]);
    }
    answer = world_call(w, system, "POST", "/_human/contacts", record);
    if (answer == NULL)
        world_fail("%s: a person cannot make a record", w->folder);
    json_decref(answer);
    oracle_create(o, person, system, tokens);
    world_say(w, "   #%d made p%02d at %c:%s", o->order, person, 'a' + system, buf_get(&text));
}

static void
edit(struct world *w, struct oracle *o, int system, int person, enum field field, int token)
{
    const struct plan *p = w->plan;
    json_t *dump = world_dump(w, system), *answer;
    CLEANUP_FREE char *path = NULL;
    struct found record;
    bool found = oracle_find(o, dump, system, person, &record);

    json_decref(dump);
    if (!found) {
        world_say(w, "   p%02d is not at %c", person, 'a' + system);
        return;
    }
    path = mem_printf("/_human/contacts/%s", record.id);
    answer = world_call(
        w, system, "PATCH", path,
        json_pack("{s:o}", plan_name(&p->systems[system], (int)field), value_of(p, field, token)));
    if (answer == NULL)
        world_fail("%s: a person cannot edit %s", w->folder, path);
    json_decref(answer);
    oracle_edit(o, person, system, field, token);
    world_say(w, "   #%d p%02d at %c:%s: %s %d -> %d \"%s\"", o->order, person, 'a' + system,
              record.id, plan_field_names[field], record.tokens[field], token, p->raw[token]);
}

static void
found_people(struct world *w, struct oracle *o)
{
    const struct plan *p = w->plan;

    for (int i = 0; i < p->n_first; i++)
        for (int s = 0; s < p->n_systems; s++)
            if (p->people[i].at[s])
                create(w, o, s, i, p->people[i].tokens[s]);
}

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
        edit(w, o, s->system, s->person, s->field, s->tokens[0]);
        break;
    case STEP_CREATE:
        create(w, o, s->system, s->person, s->tokens);
        break;
    case STEP_TWIN:
        w->twins = true;
        create(w, o, s->system, s->person, s->tokens);
        create(w, o, s->other, s->person, s->tokens + FIELDS);
        break;
    case STEP_CLASH:
        edit(w, o, s->system, s->person, s->field, s->tokens[0]);
        edit(w, o, s->other, s->person, s->field, s->tokens[1]);
        break;
    case STEP_RAPID:
        for (int i = 0; i < RAPID; i++)
            edit(w, o, s->system, s->person, s->fields[i], s->tokens[i]);
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
    found_people(w, o);
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
