#include <config.h>

#include "ingest/emitter.h"
#include "ingest/ingest.h"

#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <string.h>

/*
 * The endless emitter. It looks at the state when somebody has committed, when a row comes due, and
 * once a second for what no commit tells: leases that are over, owed fields that are due, pauses
 * that end by themselves, a state that was moved away.
 */
enum {
    TICK_MS = 1000,
    COALESCE_MS = 1, /* after a look that found nothing: a burst of commits is one more look */
    POLL_MIN_MS = 50,
    POLL_MAX_MS = 500,
    LOCKED_MS = 200,     /* between two tries while the state is locked */
    LAST_WORDS_MS = 5000 /* after a signal: for lines that the reader does not take */
};

struct follower {
    struct emitter e;
    int watch;           /* descriptor, -1: the state is polled */
    int poll_ms;         /* then: the next sleep */
    int64_t ticked_at;   /* boot clock, 0 = never */
    int64_t nominate_at; /* boot clock: not before */
    int64_t next_due;    /* clock_now: of the first row that waits, 0 none */
    int64_t stopped_at;  /* boot clock: when the signal was seen, 0 not yet */
    bool look;           /* something may be free */
    bool woken;          /* by the watch */
    bool locked;         /* said already */
    sigset_t unblocked;
};

/* Is it only that the state is locked? Then that is said once. */
static bool
is_locked(struct follower *f, const struct err *err)
{
    if (strcmp(err->code, "locked") != 0)
        return false;
    if (!f->locked)
        log_warn("%s; events wait until it is free", err->text);
    f->locked = true;
    return true;
}

/* ---- the lease ---- */

/* If we stood still for too long what was out may be others' by now; what we take now is ours. */
static int
keep_lease(struct follower *f, struct err *err)
{
    int r = emitter_renew(&f->e, err);

    if (r == 0) {
        log_warn("the lease of pipeline %s is over: what it had out is somebody else's now",
                 f->e.pipeline);
        r = store_lease_take(f->e.store, f->e.pipeline, f->e.pipeline, NULL, err);
        f->e.renewed_at = clock_boot();
    }
    return r < 0 ? -1 : 0;
}

/* While the reader takes its time. A locked state is no reason to cut a line in two. */
static int
idle(void *user, struct err *err)
{
    struct follower *f = user;

    if (emitter_stop != 0 && f->stopped_at == 0)
        f->stopped_at = clock_boot();
    if (f->stopped_at != 0 && clock_boot() - f->stopped_at > LAST_WORDS_MS)
        return err_set(err, ERR_RUN, ERR_LATER, "stopped", "nobody reads the last lines");
    if (keep_lease(f, err) == 0)
        return 0;
    if (!is_locked(f, err))
        return -1;
    *err = (struct err)ERR_INIT;
    return 0;
}

/* ---- looking ---- */

/*
 * Owed fields that are due. Where very many are due and paused, looking is dear and finds nothing:
 * then it is done less often.
 */
static int
nominate(struct follower *f, struct err *err)
{
    int64_t before = clock_boot(), took;

    if (before < f->nominate_at)
        return 0;
    if (store_nominate_owed(f->e.store, clock_now(), err) < 0)
        return -1;
    took = clock_boot() - before;
    f->nominate_at = clock_boot() + (took > 100 ? 10 * TICK_MS : 100 * took);
    return 0;
}

/* What is done once a second. */
static int
tick(struct follower *f, struct err *err)
{
    int64_t now = clock_boot();

    if (f->ticked_at != 0 && now - f->ticked_at < TICK_MS)
        return 0;
    f->ticked_at = now;
    if (store_check_file(f->e.store, err) < 0 || keep_lease(f, err) < 0 ||
        store_take_back(f->e.store, clock_now(), err) < 0 || nominate(f, err) < 0)
        return -1;
    f->look = true;
    return 0;
}

/* Emits what is free; the number of rows, or -1. */
static int
emit_some(struct follower *f, struct err *err)
{
    int n = emitter_emit(&f->e, err);

    if (n == 0) {
        f->look = false;
        if (store_next_due(f->e.store, clock_now(), &f->next_due, err) < 0)
            return -1;
    }
    return n;
}

/* One look, if there is a reason for one. */
static int
look(struct follower *f, struct err *err)
{
    int changed;

    store_watch_clear(f->e.store);
    changed = store_changed(f->e.store, err);
    if (changed < 0 || tick(f, err) < 0)
        return -1;
    if (changed > 0) {
        f->poll_ms = POLL_MIN_MS;
        f->look = true;
    }
    if (f->next_due != 0 && f->next_due <= clock_now())
        f->look = true;
    return f->look ? emit_some(f, err) : 0;
}

/* ---- sleeping ---- */

static int64_t
least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int
sleep_ms(struct follower *f)
{
    int64_t ms = f->ticked_at + TICK_MS - clock_boot();

    if (f->next_due != 0)
        ms = least(ms, f->next_due - clock_now());
    if (f->watch < 0)
        ms = least(ms, f->poll_ms);
    ms = clock_sleep(ms);
    return ms < 1 ? 1 : (int)ms;
}

/* A signal that comes between the look at it and the sleep must not wait for the sleep's end. */
static int
wait_for_signal_or(struct follower *f, int fd, int ms, struct err *err)
{
    sigset_t stops;
    int rc = 0;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, &f->unblocked);
    if (emitter_stop == 0)
        rc = outlet_wait(&f->e.out, fd, ms, &f->unblocked, err);
    sigprocmask(SIG_SETMASK, &f->unblocked, NULL);
    return rc;
}

/* Until there is a reason to look. -1: the reader is gone. */
static int
rest(struct follower *f, struct err *err)
{
    int rc = f->woken ? wait_for_signal_or(f, -1, COALESCE_MS, err) : 0;

    if (rc == 0)
        rc = wait_for_signal_or(f, f->watch, sleep_ms(f), err);
    if (rc < 0)
        return -1;
    f->woken = rc > 0;
    f->poll_ms = (int)least(2 * f->poll_ms, POLL_MAX_MS);
    return 0;
}

/* ---- life ---- */

/* -1 only if it will not get better. */
static int
start(struct follower *f, struct err *err)
{
    while (emitter_stop == 0) {
        *err = (struct err)ERR_INIT;
        if (emitter_start(&f->e, err) == 0)
            return 0;
        if (!is_locked(f, err) || wait_for_signal_or(f, -1, LOCKED_MS, err) < 0)
            return -1;
    }
    *err = (struct err)ERR_INIT;
    return 0;
}

static int
work(struct follower *f, struct err *err)
{
    while (emitter_stop == 0) {
        struct err why = ERR_INIT;
        int n = look(f, &why);

        if (n < 0 && !is_locked(f, &why)) {
            *err = why;
            return -1;
        }
        if (n < 0) {
            f->look = true;
            if (wait_for_signal_or(f, -1, LOCKED_MS, err) < 0)
                return -1;
            continue;
        }
        if (f->locked)
            log_info("the state is free again");
        f->locked = false;
        if (n == 0 && rest(f, err) < 0)
            return -1;
    }
    return 0;
}

static void
watch(struct follower *f)
{
    struct err err = ERR_INIT;

    f->watch = store_watch(f->e.store, &err);
    if (f->watch >= 0)
        return;
    log_warn("%s; it is looked at every %d to %d ms instead%s%s", err.text, POLL_MIN_MS,
             POLL_MAX_MS, err.hint[0] != '\0' ? ": " : "", err.hint);
}

/* After SIGTERM the stages behind still work on what is out, and renew the lease. */
static int
end(struct follower *f, int rc, struct err *err)
{
    struct err ignored = ERR_INIT;

    if (rc < 0 && strcmp(err->code, "stopped") == 0)
        *err = (struct err)ERR_INIT;
    else if (rc < 0 && err->status == EXIT_IO)
        emitter_drop_lease(&f->e, &ignored);
    if (rc < 0 && err->code[0] != '\0')
        return err->status;
    log_info("stopped by a signal: what is out is left to the stages behind");
    return EXIT_OK;
}

int
follow_run(const struct emit_options *o, struct err *err)
{
    struct follower f = {.watch = -1, .poll_ms = POLL_MIN_MS};
    int rc, status;

    emitter_init(&f.e, o);
    f.e.out.idle = idle;
    f.e.out.user = &f;
    emitter_catch_signals();
    watch(&f);
    rc = start(&f, err) < 0 ? -1 : work(&f, err);
    status = end(&f, rc, err);
    emitter_release(&f.e);
    return status;
}
