#include <config.h>

#include "ingest/intake.h"
#include "ingest/mapper.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    QUEUE_MAX = 4096,
    BATCH_MAX = 1000, /* requests a transaction */
    MAP_MAX = 100,    /* requests mapped in one go: what comes meanwhile waits so long */
    MAP_EVERY_MS = 50,
    LOOK_EVERY_MS = 2000, /* for requests that somebody else stored or wants mapped again */
    TICK_MS = 1000
};

struct intake {
    struct tenants *tenants;
    struct routes *routes;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more; /* by the monotonic clock */
    STAILQ_HEAD(, job) queue;
    size_t n_queued;
    atomic_bool stop;
    /* the thread's own */
    struct job *batch[BATCH_MAX];
    struct tenant **touched; /* owned; room for all */
    unsigned long batches;
    size_t next_tenant; /* to be mapped */
    int64_t mapped_at, ticked_at;
};

/* ---- storing ---- */

static int
add_part(struct tenant *t, struct part *p, struct err *err)
{
    int n;

    if (p->is_reject)
        return store_reject_row(t->store, &p->reject, p->request.received_at, err);
    n = store_request_add(t->store, &p->request, err);
    if (n == 0)
        atomic_fetch_add(&p->candidate->known, 1);
    return n < 0 ? -1 : 0;
}

static int
add_job(struct tenant *t, struct job *job, struct err *err)
{
    for (size_t i = 0; i < job->n_parts; i++)
        if (job->parts[i].candidate->tenant == t && add_part(t, &job->parts[i], err) < 0)
            return -1;
    return 0;
}

static int
add_all(struct tenant *t, struct job **jobs, size_t n, struct err *err)
{
    if (store_begin(t->store, true, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (jobs[i] != NULL && add_job(t, jobs[i], err) < 0) {
            store_abort(t->store);
            return -1;
        }
    crash_point("listen.before-store");
    if (store_commit(t->store, err) < 0)
        return -1;
    crash_point("listen.stored");
    return 0;
}

static void
answer(struct job *job)
{
    const struct inbound_answer *a = &job->answer;

    if (job->failed)
        server_answer(job->exchange, 503, NULL, NULL, 0);
    else
        server_answer(job->exchange, a->status, a->content_type, a->body, a->body_len);
    arena_free(job->arena);
}

/* T has its parts of these jobs, or will not have them. */
static void
settle(struct tenant *t, struct job **jobs, size_t n, bool stored)
{
    for (size_t i = 0; i < n; i++) {
        struct job *job = jobs[i];
        size_t before = job != NULL ? job->left : 0;

        for (size_t k = 0; job != NULL && k < job->n_parts; k++)
            if (job->parts[k].candidate->tenant == t)
                job->left--;
        if (job == NULL || job->left == before)
            continue;
        job->failed = job->failed || !stored;
        if (job->left == 0) {
            answer(job);
            jobs[i] = NULL;
        }
    }
}

/* One request that the state cannot take must not keep the others of its batch out. */
static void
store_range(struct tenant *t, struct job **jobs, size_t n)
{
    struct err err = ERR_INIT;
    bool stored = tenant_ready(t) && add_all(t, jobs, n, &err) == 0;

    if (!stored && err.code[0] != '\0' && err.scope == ERR_RECORD && n > 1) {
        store_range(t, jobs, n / 2);
        store_range(t, jobs + n / 2, n - n / 2);
        return;
    }
    if (stored) {
        tenant_worked(t);
        t->unmapped = true;
    } else if (err.code[0] != '\0' && err.scope != ERR_RECORD) {
        tenant_failed(t, &err);
    } else if (err.code[0] != '\0') {
        log_err(&err);
    }
    settle(t, jobs, n, stored);
}

static size_t
find_touched(struct intake *in, struct job **jobs, size_t n)
{
    size_t found = 0;

    in->batches++;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < jobs[i]->n_parts; k++) {
            struct tenant *t = jobs[i]->parts[k].candidate->tenant;

            if (t->batch != in->batches)
                in->touched[found++] = t;
            t->batch = in->batches;
        }
    return found;
}

/* What failed before comes last: it may take its time to fail again. */
static void
store_batch(struct intake *in, struct job **jobs, size_t n)
{
    size_t n_touched = find_touched(in, jobs, n);

    for (size_t i = 0; i < n_touched; i++)
        if (in->touched[i]->retry_at == 0) {
            store_range(in->touched[i], jobs, n);
            in->touched[i] = NULL;
        }
    for (size_t i = 0; i < n_touched; i++)
        if (in->touched[i] != NULL)
            store_range(in->touched[i], jobs, n);
    crash_point("listen.answered");
}

/* ---- mapping ---- */

static bool
wants_mapping(struct tenant *t, int64_t now)
{
    if (t->retry_at > now)
        return false;
    if (!t->unmapped && t->store != NULL && now - t->looked_at >= LOOK_EVERY_MS) {
        t->looked_at = now;
        t->unmapped = store_changed(t->store, NULL) != 0;
    }
    return t->unmapped;
}

/* True: it had something. */
static bool
map_tenant(struct tenant *t)
{
    struct err err = ERR_INIT;
    int n;

    if (!tenant_ready(t))
        return false;
    n = mapper_step(t, MAP_MAX, &err);
    if (n < 0) {
        tenant_failed(t, &err);
        return false;
    }
    if (n > 0)
        tenant_worked(t);
    t->unmapped = n > 0; /* there may be more */
    return n > 0;
}

/* One step of one tenant, each in its turn. False: there is nothing to do. */
static bool
map_some(struct intake *in)
{
    int64_t now = clock_boot();

    for (size_t i = 0; i < in->tenants->n; i++) {
        struct tenant *t = &in->tenants->list[in->next_tenant];

        in->next_tenant = (in->next_tenant + 1) % in->tenants->n;
        if (wants_mapping(t, now) && map_tenant(t))
            return true;
    }
    return false;
}

/* ---- now and then ---- */

static int
count_one(struct tenant *t, const struct candidate *c, const char *metric, atomic_long *n,
          struct err *err)
{
    long value = atomic_exchange(n, 0);

    return value == 0 ? 0
                      : store_count(t->store, metric, c->system->name, c->system->account, value,
                                    clock_now(), err);
}

static bool
has_counts(const struct candidate *c)
{
    return c->received + c->known + c->refused + c->unknown != 0;
}

/* Metrics; what a state does not take is lost. */
static void
count_all(struct candidate *c)
{
    struct tenant *t = c->tenant;
    struct err err = ERR_INIT;

    if (!has_counts(c) || !tenant_ready(t))
        return;
    if (store_begin(t->store, false, &err) == 0 &&
        count_one(t, c, "webhook_received", &c->received, &err) == 0 &&
        count_one(t, c, "webhook_duplicate", &c->known, &err) == 0 &&
        count_one(t, c, "webhook_refused", &c->refused, &err) == 0 &&
        count_one(t, c, "webhook_unknown_account", &c->unknown, &err) == 0 &&
        store_commit(t->store, &err) == 0)
        return;
    store_abort(t->store);
    tenant_failed(t, &err);
}

static void
tick(struct intake *in)
{
    if (clock_boot() - in->ticked_at < TICK_MS && !in->stop)
        return;
    for (size_t i = 0; i < in->routes->n; i++)
        for (size_t k = 0; k < in->routes->list[i].n; k++)
            count_all(&in->routes->list[i].candidates[k]);
    for (size_t i = 0; i < in->tenants->n; i++)
        tenant_probe(&in->tenants->list[i]);
    in->ticked_at = clock_boot();
}

/* ---- the thread ---- */

/* What is there, else what comes within MS. */
static size_t
take(struct intake *in, int ms, bool *ends)
{
    struct timespec until;
    size_t n = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    pthread_mutex_lock(&in->lock);
    while (ms > 0 && in->n_queued == 0 && !in->stop)
        if (pthread_cond_timedwait(&in->more, &in->lock, &until) == ETIMEDOUT)
            break;
    for (; n < BATCH_MAX && !STAILQ_EMPTY(&in->queue); n++) {
        in->batch[n] = STAILQ_FIRST(&in->queue);
        STAILQ_REMOVE_HEAD(&in->queue, next);
    }
    in->n_queued -= n;
    *ends = in->stop && n == 0;
    pthread_mutex_unlock(&in->lock);
    return n;
}

static void *
work(void *user)
{
    struct intake *in = user;
    bool busy = true, ends = false;

    while (!ends || busy) {
        size_t n = take(in, busy ? 0 : TICK_MS, &ends);

        if (n > 0)
            store_batch(in, in->batch, n);
        busy = n > 0;
        if (n == 0 || clock_boot() - in->mapped_at >= MAP_EVERY_MS) {
            busy = map_some(in) || busy;
            in->mapped_at = clock_boot();
        }
        tick(in);
    }
    return NULL;
}

static int
start_thread(struct intake *in, struct err *err)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&in->thread, NULL, work, in);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errno != 0 ? err_errno(err, "pthread_create") : 0;
}

struct intake *
intake_start(struct tenants *tenants, struct routes *routes, struct err *err)
{
    struct intake *in = mem_alloc(sizeof *in);
    pthread_condattr_t monotonic;

    in->tenants = tenants;
    in->routes = routes;
    in->touched = mem_alloc(tenants->n * sizeof(struct tenant *));
    STAILQ_INIT(&in->queue);
    pthread_mutex_init(&in->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&in->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (start_thread(in, err) == 0)
        return in;
    free(in->touched);
    free(in);
    return NULL;
}

bool
intake_put(struct intake *in, struct job *job)
{
    bool room;

    pthread_mutex_lock(&in->lock);
    room = in->n_queued < QUEUE_MAX && !in->stop;
    if (room) {
        STAILQ_INSERT_TAIL(&in->queue, job, next);
        in->n_queued++;
        pthread_cond_signal(&in->more);
    }
    pthread_mutex_unlock(&in->lock);
    return room;
}

void
intake_stop(struct intake *in)
{
    if (in == NULL)
        return;
    pthread_mutex_lock(&in->lock);
    in->stop = true;
    pthread_cond_signal(&in->more);
    pthread_mutex_unlock(&in->lock);
    pthread_join(in->thread, NULL);
}

void
intake_free(struct intake *in)
{
    if (in == NULL)
        return;
    pthread_cond_destroy(&in->more);
    pthread_mutex_destroy(&in->lock);
    free(in->touched);
    free(in);
}
