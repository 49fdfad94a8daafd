#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <string.h>

/*
 * The run row `reset` ends what was under way and remembers that the watermark is missing by
 * intention, not because the account has changed (account.c).
 */
static int
forget(struct session *s, struct job *j, struct err *err)
{
    struct store_run last;
    int n = store_run_last(s->store, s->arena, j->conf->name, &last, err);

    if (n < 0)
        return -1;
    if (n == 1 && last.ended_at == 0 &&
        store_run_end(s->store, last.run_id, false, "failed", clock_now(), err) < 0)
        return -1;
    if (store_watermark_reset(s->store, j->conf->name, err) < 0)
        return -1;
    run_name(j->run_id);
    if (store_run_begin(s->store, j->run_id, j->conf->name, "manual", clock_now(), err) < 0)
        return -1;
    return store_run_end(s->store, j->run_id, false, "reset", clock_now(), err);
}

static void
say(const struct session *s, const struct job *j, const struct store_watermark *w)
{
    const char *done = s->o->dry_run ? "would be forgotten" : "is forgotten";

    if (!w->known || w->last_successful == NULL)
        log_info("%s: there is no watermark; the next run lists everything", j->conf->name);
    else
        log_info("%s: watermark %s %s; the next run lists everything", j->conf->name,
                 w->last_successful, done);
}

static int
reset(struct session *s, struct job *j, struct err *err)
{
    const struct conf_job *c = j->conf;
    struct store_watermark w = {0};
    int rc;

    if (store_watermark(s->store, s->arena, c->name, c->system->account, c->sync->resource, &w,
                        err) < 0)
        return -1;
    if (!s->o->dry_run) {
        rc = session_lease(s, j, err);
        if (rc <= 0) {
            j->status = EXIT_LATER;
            return rc;
        }
        if (store_begin(s->store, true, err) < 0)
            return -1;
        if (forget(s, j, err) < 0) {
            store_abort(s->store);
            return -1;
        }
        if (store_commit(s->store, err) < 0)
            return -1;
    }
    say(s, j, &w);
    return 0;
}

int
reconcile_reset(const struct reconcile_options *o, struct err *err)
{
    struct session s;
    int rc = session_open(&s, o, err), status = EXIT_OK;

    for (size_t i = 0; i < s.n_jobs && rc == 0; i++) {
        rc = reset(&s, &s.jobs[i], err);
        status = status_worse(status, s.jobs[i].status);
    }
    session_close(&s);
    return rc < 0 ? (int)err->status : status;
}
