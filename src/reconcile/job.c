#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "crypto/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void
run_name(char out[48])
{
    char now[CLOCK_TEXT], random[9];

    clock_format(clock_now(), now);
    digest_random_hex(4, random);
    /* 2026-11-21T18:59:59.000Z: date and time without what separates them */
    snprintf(out, 48, "r%.4s%.2s%.2sT%.2s%.2s%.2s-%s", now, now + 5, now + 8, now + 11, now + 14,
             now + 17, random);
}

static int
save_status(struct session *s, const struct job *j, const char *status, struct err *err)
{
    const struct conf_job *c = j->conf;
    struct store_watermark w = {.known = true, .status = status, .record_count = -1};

    return store_watermark_save(s->store, c->name, c->system->account, c->sync->resource, &w, err);
}

/* The row of the job says from the first moment whose account it is and that we try. */
static int
save_attempt(struct session *s, const struct job *j, struct err *err)
{
    const struct conf_job *c = j->conf;
    struct store_watermark w = {.known = true, .status = "running", .record_count = -1};
    char now[CLOCK_TEXT], fingerprint[65];

    conf_fingerprint(c->system, fingerprint);
    w.last_attempted = clock_format(clock_now(), now);
    w.fingerprint = fingerprint;
    return store_watermark_save(s->store, c->name, c->system->account, c->sync->resource, &w, err);
}

static bool
starts_anew(const struct session *s)
{
    return s->o->since != NULL || s->o->ignore_previous_run || s->o->limit > 0;
}

static int
begin_anew(struct session *s, struct job *j, struct walk *l, const struct store_watermark *mark,
           struct err *err)
{
    if (walk_since(s, j->conf, mark, &l->pos.since, err) < 0)
        return -1;
    run_name(j->run_id);
    /*
     * All records are listed, and a watermark tells that they are: what is not in sync_keys then is
     * not there. With a watermark from before nobody could tell when that is so.
     */
    return store_run_begin(s->store, j->run_id, j->conf->name,
                           l->pos.since == 0 && mark->last_successful == NULL ? "first_load"
                                                                              : "delta",
                           clock_now(), err);
}

/*
 * A run that came to no end (kill -9, a limit, a signal) goes on at its page under its id, so that
 * each page is admitted once. One whose listing was done has only to be closed.
 */
static int
begin_run(struct session *s, struct job *j, struct walk *l, const struct store_watermark *mark,
          struct err *err)
{
    struct store_run last;
    int n = store_run_last(s->store, s->arena, j->conf->name, &last, err);

    if (n < 0)
        return -1;
    if (n == 0 || last.ended_at != 0)
        return begin_anew(s, j, l, mark, err);
    if (last.page_cursor != NULL && !starts_anew(s) &&
        position_parse(s->arena, last.page_cursor, &l->pos) == 0) {
        snprintf(j->run_id, sizeof j->run_id, "%s", last.run_id);
        log_info("job %s: goes on with run %s after %ld records", j->conf->name, j->run_id,
                 l->pos.count);
        return 0;
    }
    if (store_run_end(s->store, last.run_id, false, "failed", clock_now(), err) < 0)
        return -1;
    return begin_anew(s, j, l, mark, err);
}

/*
 * What ended the listing early. A limit or a system that is down leaves the run open: it goes on at
 * its page. Anything else ends it: its page cursor may be what is wrong.
 */
static int
fail(struct session *s, struct job *j, struct err *why, struct err *err)
{
    bool limited = strcmp(why->code, "limited") == 0;

    if (why->scope == ERR_RUN) {
        *err = *why;
        return -1;
    }
    err_wrap(why, "job %s", j->conf->name);
    log_err(why);
    j->status = status_worse(j->status, why->status);
    if (why->retry != ERR_LATER &&
        store_run_end(s->store, j->run_id, false, "failed", clock_now(), err) < 0)
        return -1;
    return save_status(s, j, limited ? "rate_limited" : "failed", err);
}

static int
list_pages(struct session *s, struct job *j, struct walk *l, struct err *err)
{
    struct err why = ERR_INIT;
    int rc = walk_run(l, &why);

    if (rc < 0)
        return fail(s, j, &why, err);
    if (rc == 0 && session_stopped()) {
        log_info("job %s: stopped by a signal after %ld records; the next run goes on there",
                 j->conf->name, l->pos.count);
        j->status = status_worse(j->status, EXIT_LATER);
        return save_status(s, j, "failed", err);
    }
    j->listed = true;
    crash_point("reconcile.listed");
    return 0;
}

/* With the lease: remembers the attempt, begins or resumes the run, lists. */
static int
list_job(struct session *s, struct job *j, struct admission *x, struct err *err)
{
    const struct conf_job *c = j->conf;
    struct walk l = {.session = s, .job = j, .page = admit_page, .user = x, .err = ERR_INIT};
    int rc;

    if (store_watermark(s->store, s->arena, c->name, c->system->account, c->sync->resource,
                        &x->mark, err) < 0)
        return -1;
    if (save_attempt(s, j, err) < 0 || begin_run(s, j, &l, &x->mark, err) < 0)
        return -1;
    crash_point("reconcile.run-begun");
    rc = store_is_loading(s->store, s->o->conf, c->sync->resource, err);
    if (rc < 0)
        return -1;
    x->loading = rc == 1;
    return list_pages(s, j, &l, err);
}

int
job_list(struct session *s, struct job *j, struct err *err)
{
    struct admission x = {.session = s, .job = j};
    int rc = session_lease(s, j, err);

    if (rc < 0)
        return -1;
    if (rc == 0) {
        j->status = status_worse(j->status, EXIT_LATER);
        return 0;
    }
    j->started = clock_boot();
    j->provider = session_provider(s, j->conf->system);
    x.system_index = (size_t)sync_index(j->conf->sync, j->conf->system->name);
    x.arena = arena_new();
    rc = list_job(s, j, &x, err);
    arena_free(x.arena);
    return rc;
}

/* 12345 as 12,345. */
static const char *
grouped(struct arena *a, long n)
{
    char digits[32];
    CLEANUP_BUF struct buf b = BUF_INIT;
    size_t len = (size_t)snprintf(digits, sizeof digits, "%ld", n);

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            buf_char(&b, ',');
        buf_char(&b, digits[i]);
    }
    return arena_text(a, buf_get(&b));
}

static void
summary(struct session *s, const struct job *j, const struct store_run *run,
        const struct store_count *counts, int n)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    int64_t took = clock_boot() - j->started;

    buf_printf(&b, "%s: %s listed, %s admitted", j->conf->name, grouped(s->arena, run->listed),
               grouped(s->arena, run->admitted));
    for (int i = 0; i < n; i++)
        buf_printf(&b, "%s %s %s", i == 0 ? ";" : ",", grouped(s->arena, counts[i].n),
                   counts[i].name);
    log_info("%s; %" PRId64 ".%" PRId64 " s", buf_get(&b), took / 1000, took % 1000 / 100);
    if (!j->complete)
        log_info("%s: --limit was reached; the watermark stays", j->conf->name);
}

/* What is left open of the run's own rows, as an exit status. */
static int
status_of(const struct store_count *counts, int n)
{
    int status = EXIT_OK;

    for (int i = 0; i < n; i++) {
        if (strcmp(counts[i].name, "pending") == 0 || strcmp(counts[i].name, "owed") == 0)
            status = status_worse(status, EXIT_LATER);
        if (strcmp(counts[i].name, "rejected") == 0)
            status = status_worse(status, EXIT_PARTIAL);
    }
    return status;
}

int
job_finish(struct session *s, struct job *j, struct err *err)
{
    struct store_count *counts;
    struct store_run run;
    const char *status;
    int n;

    if (!j->listed)
        return 0;
    n = store_run_dispositions(s->store, s->arena, j->run_id, &counts, err);
    if (n < 0 || store_run_last(s->store, s->arena, j->conf->name, &run, err) < 0)
        return -1;
    j->status = status_worse(j->status, status_of(counts, n));
    status = j->status == EXIT_OK && j->complete ? "completed" : "partial_failure";
    if (store_run_end(s->store, j->run_id, j->complete, status, clock_now(), err) < 0 ||
        save_status(s, j, status, err) < 0)
        return -1;
    summary(s, j, &run, counts, n);
    return 0;
}
