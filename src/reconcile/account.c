#include <config.h>

#include "reconcile/internal.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a system said when asked whose account the credentials open. */
struct asked {
    const struct conf_system *system;
    bool failed;
    struct err err;
    char *id; /* owned; NULL: it cannot be asked */
};

int
answer_err(const struct provider_answer *a, const struct conf_system *system, struct err *err)
{
    bool later = a->outcome == PROVIDER_LIMITED || a->outcome == PROVIDER_NOT_SENT ||
                 a->outcome == PROVIDER_LOST;

    err_set(err, ERR_SYSTEM, later ? ERR_LATER : ERR_NEVER,
            a->outcome == PROVIDER_LIMITED ? "limited"
            : a->code != NULL              ? a->code
                                           : "error",
            "%s: %s", system->name, a->text != NULL ? a->text : "no answer");
    if (a->status == 401 || a->status == 403)
        err_hint(err, "are the credentials (auth) of %s right?", system->name);
    else if (a->outcome == PROVIDER_NOT_SENT)
        err_hint(err, "is %s up, and is its base_url %s right? nothing is lost; run again",
                 system->name, system->base_url);
    return -1;
}

static void
on_identity(void *user, const struct provider_answer *a)
{
    struct asked *id = user;

    if (a->outcome != PROVIDER_OK) {
        id->failed = true;
        answer_err(a, id->system, &id->err);
    } else if (a->n_records > 0) {
        id->id = mem_text(a->records[0].id);
    }
}

/* Does SYSTEM take part in a sync of one of the jobs? */
static bool
takes_part(const struct session *s, const struct conf_system *system)
{
    for (size_t i = 0; i < s->n_jobs; i++)
        if (sync_index(s->jobs[i].conf->sync, system->name) >= 0)
            return true;
    return false;
}

static int
wrong_account(const struct asked *id, const struct conf *conf, struct err *err)
{
    const struct conf_system *system = id->system;

    if (id->id == NULL || strcmp(id->id, system->account) == 0)
        return 0;
    err_set(err, ERR_RUN, ERR_NEVER, "wrong-account",
            "the credentials of %s open account %s, but %s says account %s: nothing was listed or "
            "written",
            system->name, id->id, conf->file, system->account);
    err_hint(err, "give the credentials of account %s, or start another state for account %s",
             system->account, id->id);
    return err_exit(err, EXIT_STOP);
}

/*
 * No watermark for this account, but the job has run: it was another account then (the account is
 * in the watermark's key), unless the watermark was reset.
 */
static int
check_new_account(struct session *s, const struct conf_job *job, struct err *err)
{
    struct store_run last;
    int n = store_run_last(s->store, s->arena, job->name, &last, err);

    if (n <= 0)
        return n;
    if (strcmp(last.status, "reset") == 0)
        return 0;
    err_set(err, ERR_RUN, ERR_NEVER, "wrong-account",
            "job %s: the state was made with another account of %s than %s, which is configured "
            "now: nothing was listed or written",
            job->name, job->system->name, job->system->account);
    err_hint(err, "another account needs another state; if this is meant: sync-reconcile reset %s",
             job->name);
    return err_exit(err, EXIT_STOP);
}

/* A job's watermark belongs to the account that it was made with. */
static int
check_fingerprint(struct session *s, const struct conf_job *job, struct err *err)
{
    const struct conf_system *system = job->system;
    struct store_watermark w = {0};
    char now[65];

    if (store_watermark(s->store, s->arena, job->name, system->account, job->sync->resource, &w,
                        err) < 0)
        return -1;
    if (!w.known)
        return check_new_account(s, job, err);
    if (w.fingerprint == NULL || w.fingerprint[0] == '\0')
        return 0;
    conf_fingerprint(system, now);
    if (strcmp(now, w.fingerprint) == 0)
        return 0;
    err_set(err, ERR_RUN, ERR_NEVER, "wrong-account",
            "job %s: the state was made with another %s (fingerprint %.12s) than the one "
            "configured now (account %s at %s, fingerprint %.12s): nothing was listed or written",
            job->name, system->name, w.fingerprint, system->account, system->base_url, now);
    err_hint(err, "if it is the same account: sync-ctl resume %s --accept-account", system->name);
    return err_exit(err, EXIT_STOP);
}

/* The jobs of a system that does not answer fail; the others go on. */
static void
fail_jobs(struct session *s, const struct asked *id)
{
    for (size_t i = 0; i < s->n_jobs; i++) {
        struct job *j = &s->jobs[i];
        struct err said = id->err;

        if (j->conf->system != id->system)
            continue;
        err_wrap(&said, "job %s", j->conf->name);
        log_err(&said);
        j->status = said.status;
    }
}

static int
ask(struct session *s, struct asked *ids, struct err *err)
{
    const struct conf *c = s->o->conf;
    int rc = 0;

    for (size_t i = 0; i < c->n_systems; i++) {
        ids[i] = (struct asked){.system = &c->systems[i], .err = ERR_INIT};
        if (takes_part(s, &c->systems[i]))
            provider_identity(session_provider(s, &c->systems[i]), on_identity, &ids[i]);
    }
    if (session_wait(s, err) < 0)
        return -1;
    for (size_t i = 0; i < c->n_systems && rc == 0; i++)
        rc = wrong_account(&ids[i], c, err);
    for (size_t i = 0; i < c->n_systems && rc == 0; i++)
        if (ids[i].failed)
            fail_jobs(s, &ids[i]);
    return rc;
}

int
account_check(struct session *s, struct err *err)
{
    size_t n = s->o->conf->n_systems;
    struct asked *ids;
    int rc = 0;

    for (size_t i = 0; i < s->n_jobs && s->store != NULL && rc == 0; i++)
        rc = check_fingerprint(s, s->jobs[i].conf, err);
    if (rc < 0)
        return -1;
    ids = mem_alloc((n + 1) * sizeof *ids);
    rc = ask(s, ids, err);
    for (size_t i = 0; i < n; i++)
        free(ids[i].id);
    free(ids);
    return rc;
}
