#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/pause.h"

#include <stdlib.h>
#include <string.h>

/*
 * Canaries: records that are always there (loopless-config(5)). One that is not means that we see
 * less than we did (a lost read scope, another account's data), not that people deleted everything.
 */
struct look {
    const struct conf_system *system;
    const struct conf_canary *canary;
    bool missing;
};

static void
on_record(void *user, const struct provider_answer *a)
{
    struct look *l = user;

    l->missing = a->outcome == PROVIDER_GONE;
    if (a->outcome != PROVIDER_OK && !l->missing)
        log_verbose("the canary of %s cannot be read now: %s", l->system->name,
                    a->text != NULL ? a->text : "no answer");
}

/* Does a job's sync look at RESOURCE of SYSTEM? */
static bool
is_looked_at(const struct session *s, const struct conf_system *system, const char *resource)
{
    for (size_t i = 0; i < s->n_jobs; i++)
        if (strcmp(s->jobs[i].conf->sync->resource, resource) == 0 &&
            sync_index(s->jobs[i].conf->sync, system->name) >= 0)
            return true;
    return false;
}

static size_t
ask(struct session *s, struct look *looks)
{
    const struct conf *c = s->o->conf;
    size_t n = 0;

    for (size_t i = 0; i < c->n_systems; i++) {
        const struct conf_system *system = &c->systems[i];

        for (size_t k = 0; k < system->n_canaries; k++) {
            const struct conf_canary *canary = &system->canaries[k];
            const struct resource_def *def =
                definition_resource(system->definition, canary->resource);

            if (def == NULL || !is_looked_at(s, system, canary->resource))
                continue;
            looks[n] = (struct look){.system = system, .canary = canary};
            provider_get(session_provider(s, system), def, canary->record_id, on_record,
                         &looks[n++]);
        }
    }
    return n;
}

static size_t
count_canaries(const struct conf *c)
{
    size_t n = 0;

    for (size_t i = 0; i < c->n_systems; i++)
        n += c->systems[i].n_canaries;
    return n;
}

/* The account is paused (once) until somebody has looked. */
static int
stop(struct session *s, const struct look *l, struct err *err)
{
    struct store_pause pause = {.scope = "account",
                                .system = l->system->name,
                                .account = l->system->account,
                                .by = "sync-reconcile"};
    struct store_pause *known;
    int n = s->store == NULL ? 0 : store_pauses(s->store, s->arena, clock_now(), &known, err);
    bool paused = false;

    if (n < 0)
        return -1;
    for (int i = 0; i < n; i++)
        paused |= strcmp(known[i].scope, "account") == 0 && known[i].system != NULL &&
                  strcmp(known[i].system, l->system->name) == 0;
    pause.reason = arena_printf(s->arena, "the canary %s %s:%s is not there", l->canary->resource,
                                l->system->name, l->canary->record_id);
    if (s->store != NULL && !s->o->dry_run && !paused &&
        store_pause_add(s->store, &pause, clock_now(), err) < 0)
        return -1;
    err_set(err, ERR_RUN, ERR_NEVER, "canary", "%s: nothing was listed or written", pause.reason);
    err_hint(err,
             "can the credentials of %s still read everything? then make it anew or name another "
             "under canary:, and: sync-ctl resume %s",
             l->system->name, l->system->name);
    return err_exit(err, EXIT_STOP);
}

int
canary_check(struct session *s, struct err *err)
{
    size_t n = count_canaries(s->o->conf);
    struct look *looks;
    int rc = 0;

    if (n == 0)
        return 0;
    looks = mem_alloc(n * sizeof *looks);
    n = ask(s, looks);
    if (session_wait(s, err) < 0)
        rc = -1;
    for (size_t i = 0; i < n && rc == 0; i++)
        if (looks[i].missing)
            rc = stop(s, &looks[i], err);
    free(looks);
    return rc;
}
