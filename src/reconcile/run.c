#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <string.h>

enum { MIN_EVERY_MS = 15 * 60 * 1000 };

/* The pipe's own row in sync_runs; no job can have this name. */
static const char pipe_job[] = ":pipe";

/* Nothing but pages: what a run would admit. */
static int
count_page(struct walk *l, const struct provider_answer *page, size_t n, struct position *next,
           bool last, struct err *err)
{
    struct position *end = l->user;

    (void)page;
    (void)n;
    (void)last;
    (void)err;
    *end = *next;
    return 0;
}

static const char *
moment(struct arena *a, int64_t ms)
{
    char text[CLOCK_TEXT];

    return ms == 0 ? "the beginning" : arena_text(a, clock_format(ms, text));
}

static void
say_dry(struct session *s, const struct job *j, const struct store_watermark *mark,
        const struct walk *l, const struct position *end)
{
    log_info("%s: would list from %s: %ld records, %ld would be admitted", j->conf->name,
             moment(s->arena, l->pos.since), end->count, end->count);
    if (j->complete)
        log_info("%s: the watermark would move from %s to %s", j->conf->name,
                 mark->last_successful != NULL ? mark->last_successful : "nothing",
                 admit_watermark(s, j->conf, mark, end));
    else
        log_info("%s: --limit was reached; the watermark would stay", j->conf->name);
}

/* -n: lists and says what would be done. */
static int
dry_list(struct session *s, struct job *j, struct err *err)
{
    const struct conf_job *c = j->conf;
    struct position end = {0};
    struct walk l = {.session = s, .job = j, .page = count_page, .user = &end, .err = ERR_INIT};
    struct store_watermark mark = {0};
    struct err why = ERR_INIT;
    int rc;

    if (store_watermark(s->store, s->arena, c->name, c->system->account, c->sync->resource, &mark,
                        err) < 0 ||
        walk_since(s, c, &mark, &l.pos.since, err) < 0)
        return -1;
    j->provider = session_provider(s, c->system);
    rc = walk_run(&l, &why);
    if (rc < 0 && why.scope != ERR_RUN) {
        err_wrap(&why, "job %s", c->name);
        log_err(&why);
        j->status = why.status;
        return 0;
    }
    if (rc < 0) {
        *err = why;
        return -1;
    }
    j->complete = rc == 1;
    say_dry(s, j, &mark, &l, &end);
    return 0;
}

static void
advise(const struct session *s)
{
    for (size_t i = 0; i < s->n_jobs; i++) {
        const struct conf_job *c = s->jobs[i].conf;

        if (s->o->verbose && c->every_ms > 0 && c->every_ms < MIN_EVERY_MS)
            log_warn("job %s: every is under 15m; that often, calls are better spent on webhooks",
                     c->name);
    }
}

static int
list_all(struct session *s, struct err *err)
{
    for (size_t i = 0; i < s->n_jobs && !session_stopped(); i++) {
        struct job *j = &s->jobs[i];
        int rc;

        if (j->status != EXIT_OK)
            continue;
        rc = s->o->dry_run ? dry_list(s, j, err) : job_list(s, j, err);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* Nobody will end the rows of pipes that were killed: ends them. */
static int
bury_runs(struct session *s, struct err *err)
{
    const char **runs;
    int n = store_runs_open(s->store, s->arena, pipe_job, &runs, err);

    for (int i = 0; i < n; i++) {
        int r = session_lease_run(s, runs[i], err);

        if (r == 0)
            continue;
        if (r < 0 || store_run_abandon(s->store, runs[i], clock_now(), err) < 0 ||
            session_drop_run(s, runs[i], err) < 0)
            return -1;
        log_verbose("run %s was killed: its row is ended", runs[i]);
    }
    return n < 0 ? -1 : 0;
}

/* Under its lease, taken before there is a row and dropped after its end. */
static int
run_pipe(struct session *s, int64_t until, struct err *err)
{
    const char *how = "failed";
    struct err late = ERR_INIT;
    int status = -1;

    run_name(s->pipe_run);
    if (session_lease_run(s, s->pipe_run, err) < 0 ||
        store_run_begin(s->store, s->pipe_run, pipe_job, "manual", clock_now(), err) < 0)
        return -1;
    crash_point("reconcile.pipe-begun");
    status = pipe_run(s, s->pipe_run, until, err);
    if (status >= 0)
        how = status == EXIT_OK ? "completed" : "partial_failure";
    if (store_run_end(s->store, s->pipe_run, status >= 0, how, clock_now(), &late) < 0 ||
        session_drop_run(s, s->pipe_run, &late) < 0) {
        if (status >= 0)
            *err = late;
        return -1;
    }
    s->pipe_run[0] = '\0';
    return status;
}

/* Once for all jobs; its status, or -1. */
static int
settle(struct session *s, struct err *err)
{
    int64_t until;
    int needed;

    if (bury_runs(s, err) < 0)
        return -1;
    needed = pipe_needed(s, err);
    if (needed <= 0)
        return needed;
    if (store_last_seq(s->store, &until, err) < 0)
        return -1;
    return run_pipe(s, until, err);
}

static void
say_loading(struct session *s)
{
    const struct conf *c = s->o->conf;
    struct err ignored = ERR_INIT;

    for (size_t i = 0; i < c->n_jobs; i++) {
        const struct conf_job *job = &c->jobs[i];
        struct store_watermark w = {0};

        if (store_watermark(s->store, s->arena, job->name, job->system->account,
                            job->sync->resource, &w, &ignored) == 0 &&
            w.last_successful == NULL)
            log_info("%s is loading: records without a link wait until job %s has listed once",
                     job->sync->resource, job->name);
    }
}

/* With the accounts checked: lists, settles, says how it went. */
static int
run(struct session *s, struct err *err)
{
    int status = EXIT_OK, pipe;

    if (list_all(s, err) < 0)
        return -1;
    if (!s->o->dry_run && !session_stopped()) {
        pipe = settle(s, err);
        if (pipe < 0)
            return -1;
        status = pipe;
        for (size_t i = 0; i < s->n_jobs; i++)
            if (job_finish(s, &s->jobs[i], err) < 0)
                return -1;
        say_loading(s);
    }
    for (size_t i = 0; i < s->n_jobs; i++)
        status = status_worse(status, s->jobs[i].status);
    return session_stopped() ? status_worse(status, EXIT_LATER) : status;
}

/* The failure of a system that did not even say whose account it is, in the job's row. */
static int
save_failed(struct session *s, struct err *err)
{
    for (size_t i = 0; i < s->n_jobs && !s->o->dry_run; i++) {
        const struct conf_job *c = s->jobs[i].conf;
        struct store_watermark w = {.known = true, .status = "failed", .record_count = -1};
        char fingerprint[65], now[CLOCK_TEXT];

        if (s->jobs[i].status == EXIT_OK)
            continue;
        conf_fingerprint(c->system, fingerprint);
        w.fingerprint = fingerprint;
        w.last_attempted = clock_format(clock_now(), now);
        if (store_watermark_save(s->store, c->name, c->system->account, c->sync->resource, &w,
                                 err) < 0)
            return -1;
    }
    return 0;
}

int
reconcile_run(const struct reconcile_options *o, struct err *err)
{
    struct session s;
    int status = -1;

    if (session_open(&s, o, err) == 0) {
        session_catch_signals();
        advise(&s);
        if (o->due && s.n_jobs == 0)
            log_verbose("no job is due");
        if (account_check(&s, err) == 0 && canary_check(&s, err) == 0 && save_failed(&s, err) == 0)
            status = run(&s, err);
    }
    session_close(&s);
    return status < 0 ? (int)err->status : status;
}
