#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/digest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POLL_MS = 1000 };

static volatile sig_atomic_t stop_wanted;

static void
on_signal(int sig)
{
    stop_wanted = sig;
}

void
session_catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    stop_wanted = 0;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
}

bool
session_stopped(void)
{
    return stop_wanted != 0;
}

/* From harmless to what a person must look at first. */
int
status_worse(int a, int b)
{
    static const int order[] = {EXIT_OK, EXIT_PARTIAL, EXIT_LATER, EXIT_REFUSED, EXIT_INPUT,
                                EXIT_IO, EXIT_CONFIG,  EXIT_BUG,   EXIT_STOP};
    size_t ia = 0, ib = 0;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (order[i] == a)
            ia = i;
        if (order[i] == b)
            ib = i;
    }
    return ia >= ib ? a : b;
}

static int
no_such_job(const struct conf *c, const char *name, struct err *err)
{
    CLEANUP_BUF struct buf names = BUF_INIT;

    for (size_t i = 0; i < c->n_jobs; i++)
        buf_printf(&names, "%s%s", i > 0 ? ", " : "", c->jobs[i].name);
    err_set(err, ERR_RUN, ERR_NEVER, "no-job", "there is no job %s in %s", name, c->file);
    err_hint(err, "jobs: %s", names.len > 0 ? buf_get(&names) : "none");
    return err_exit(err, EXIT_USAGE);
}

static void
add_job(struct session *s, const struct conf_job *conf)
{
    for (size_t i = 0; i < s->n_jobs; i++)
        if (s->jobs[i].conf == conf)
            return;
    s->jobs[s->n_jobs++].conf = conf;
}

/* 1 due, 0 not, -1. */
static int
is_due(struct session *s, const struct conf_job *job, struct err *err)
{
    struct store_watermark w = {0};
    int64_t last;

    if (job->every_ms == 0)
        return 0;
    if (store_watermark(s->store, s->arena, job->name, job->system->account, job->sync->resource,
                        &w, err) < 0)
        return -1;
    if (!w.known || w.last_attempted == NULL)
        return 1;
    if (clock_parse(w.last_attempted, &last, err) < 0)
        return -1;
    return last + job->every_ms <= clock_now();
}

static int
pick_jobs(struct session *s, struct err *err)
{
    const struct reconcile_options *o = s->o;
    const struct conf *c = o->conf;

    for (size_t i = 0; i < o->n_jobs; i++) {
        const struct conf_job *job = conf_job(c, o->jobs[i]);

        if (job == NULL)
            return no_such_job(c, o->jobs[i], err);
        add_job(s, job);
    }
    for (size_t i = 0; i < c->n_jobs && o->n_jobs == 0; i++) {
        int take = o->due ? is_due(s, &c->jobs[i], err) : 1;

        if (take < 0)
            return -1;
        if (take > 0)
            add_job(s, &c->jobs[i]);
    }
    return 0;
}

int
session_open(struct session *s, const struct reconcile_options *o, struct err *err)
{
    const struct conf *c = o->conf;

    *s = (struct session){.o = o, .store = o->store};
    crypto_start();
    s->arena = arena_new();
    s->jobs = mem_alloc((c->n_jobs + 1) * sizeof *s->jobs);
    s->providers = mem_alloc((c->n_systems + 1) * sizeof *s->providers);
    s->http = http_new();
    s->owner[0] = 'j';
    digest_random_hex(4, s->owner + 1);
    s->renewed_at = clock_boot();
    return pick_jobs(s, err);
}

void
session_close(struct session *s)
{
    struct err ignored = ERR_INIT;

    for (size_t i = 0; i < s->n_jobs; i++) {
        CLEANUP_FREE char *name = mem_printf("job:%s", s->jobs[i].conf->name);

        if (s->jobs[i].held)
            store_lease_drop(s->store, name, s->owner, &ignored);
    }
    if (s->pipe_run[0] != '\0')
        session_drop_run(s, s->pipe_run, &ignored);
    http_free(s->http);
    for (size_t i = 0; i < s->o->conf->n_systems; i++)
        provider_free(s->providers[i]);
    free(s->providers);
    free(s->jobs);
    arena_free(s->arena);
}

struct provider *
session_provider(struct session *s, const struct conf_system *system)
{
    size_t i = (size_t)(system - s->o->conf->systems);

    if (s->providers[i] == NULL) {
        s->providers[i] = provider_new(system, s->http);
        provider_meter(s->providers[i], s->o->meter);
        provider_tokens(s->providers[i], s->o->tokens);
    }
    return s->providers[i];
}

int
session_renew(struct session *s, struct err *err)
{
    int64_t now = clock_boot();

    if (now - s->renewed_at < STORE_RENEW_MS)
        return 0;
    for (size_t i = 0; i < s->n_jobs; i++) {
        CLEANUP_FREE char *name = mem_printf("job:%s", s->jobs[i].conf->name);
        int r = s->jobs[i].held ? store_lease_renew(s->store, name, s->owner, err) : 1;

        if (r < 0)
            return -1;
        if (r == 0) {
            s->jobs[i].held = false;
            return err_set(err, ERR_RUN, ERR_LATER, "lease-lost",
                           "the lease of job %s is over: somebody else runs it now",
                           s->jobs[i].conf->name);
        }
    }
    if (s->pipe_run[0] != '\0' && session_lease_run(s, s->pipe_run, err) < 0)
        return -1;
    s->renewed_at = now;
    return 0;
}

int
session_wait(struct session *s, struct err *err)
{
    int n;

    while ((n = http_poll(s->http, -1, POLL_MS, NULL, err)) > 0)
        if (session_renew(s, err) < 0)
            return -1;
    for (size_t i = 0; i < s->o->conf->n_systems; i++)
        provider_tick(s->providers[i]);
    return n;
}

int
session_lease(struct session *s, struct job *j, struct err *err)
{
    CLEANUP_FREE char *name = mem_printf("job:%s", j->conf->name);
    struct store_holder h = {{0}, {0}, 0};
    int r = store_lease_take(s->store, name, s->owner, &h, err);

    if (r < 0)
        return -1;
    j->held = r == 1;
    if (r == 0)
        log_error("job %s is already running (pid %ld on %s)", j->conf->name, h.pid, h.host);
    return r;
}

int
session_lease_run(struct session *s, const char *run, struct err *err)
{
    CLEANUP_FREE char *name = mem_printf("run:%s", run);
    struct store_holder h = {{0}, {0}, 0};

    return store_lease_take(s->store, name, s->owner, &h, err);
}

int
session_drop_run(struct session *s, const char *run, struct err *err)
{
    CLEANUP_FREE char *name = mem_printf("run:%s", run);

    return store_lease_drop(s->store, name, s->owner, err);
}
