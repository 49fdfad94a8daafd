#include <config.h>

#include "ingest/emitter.h"
#include "ingest/ingest.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "store/pause.h"

#include <stdio.h>
#include <string.h>

enum {
    NAP_MIN_MS = 5,
    NAP_MAX_MS = 100,
    SOON_MS = 5000,        /* rows due within this are waited for (DESIGN.md section 2.6) */
    SOON_TOTAL_MS = 30000, /* but no longer than this in a row without anything emitted */
    STUCK_MS = 10000,      /* free rows that nothing emits: an end, not a spin */
    TAKE_BACK_MS = 1000,
    OWED_ROUNDS = 3 /* owed fields that come due while we run are nominated so often */
};

struct bounded {
    struct emitter e;
    int64_t taken_back_at; /* boot clock, 0 = never */
    int64_t moved_at;      /* boot clock: something was emitted or is being worked on */
    int owed_rounds;
    int nap_ms;
};

static int
renew(void *user, struct err *err)
{
    struct bounded *b = user;
    int r = b->e.o->dry_run ? 1 : emitter_renew(&b->e, err);

    if (r == 0)
        return err_set(err, ERR_RUN, ERR_LATER, "lease-lost",
                       "the lease of pipeline %s is over: what it had out is somebody else's now",
                       b->e.pipeline);
    return r < 0 ? -1 : 0;
}

static int
emit_some(struct bounded *b, struct err *err)
{
    int n = emitter_emit(&b->e, err);

    if (n > 0) {
        b->nap_ms = NAP_MIN_MS;
        b->moved_at = clock_boot();
    }
    return n;
}

static int
take_back(struct bounded *b, struct err *err)
{
    int64_t now = clock_boot();

    if (b->taken_back_at != 0 && now - b->taken_back_at < TAKE_BACK_MS)
        return 0;
    b->taken_back_at = now;
    return store_take_back(b->e.store, clock_now(), err) < 0 ? -1 : 0;
}

/* Owed fields that are due become rows, and those rows are ours to see through. */
static int
nominate(struct bounded *b, struct err *err)
{
    int64_t last;
    int n;

    if (b->owed_rounds++ > OWED_ROUNDS)
        return 0;
    n = store_nominate_owed(b->e.store, clock_now(), err);
    if (n <= 0)
        return n;
    if (store_last_seq(b->e.store, &last, err) < 0)
        return -1;
    b->e.until = last;
    return n;
}

static int
nap(struct bounded *b, struct err *err)
{
    if (outlet_nap(&b->e.out, b->nap_ms, err) < 0)
        return -1;
    b->nap_ms = b->nap_ms * 2 < NAP_MAX_MS ? b->nap_ms * 2 : NAP_MAX_MS;
    return renew(b, err);
}

/* Was everything, or our run, paused? 1, 0, -1. */
static int
paused(struct bounded *b, struct err *err)
{
    struct store_pause *list;
    int n;

    arena_reset(b->e.arena);
    n = store_pauses(b->e.store, b->e.arena, clock_now(), &list, err);
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].scope, "all") == 0 ||
            (strcmp(list[i].scope, "run") == 0 && b->e.o->run != NULL && list[i].run_id != NULL &&
             strcmp(list[i].run_id, b->e.o->run) == 0))
            return 1;
    return n < 0 ? -1 : 0;
}

/* Is something of the backlog worth waiting for? 1, 0, -1. */
static int
worth_waiting(struct bounded *b, const struct store_backlog *left, struct err *err)
{
    int64_t idle = clock_boot() - b->moved_at;
    int64_t now = clock_now();
    int p;

    if (left->out > 0) {
        b->moved_at = clock_boot();
        return 1;
    }
    if (left->free > 0) {
        p = paused(b, err);
        return p < 0 ? -1 : p == 0 && idle < STUCK_MS;
    }
    return left->next_not_before > now && left->next_not_before <= now + SOON_MS &&
           idle < SOON_TOTAL_MS;
}

/* Until nothing of ours is free or out. 1: some rows wait, 0: all settled. */
static int
emit_all(struct bounded *b, struct store_backlog *left, struct err *err)
{
    int n;

    while (emitter_stop == 0) {
        if (take_back(b, err) < 0 || renew(b, err) < 0 || (n = emit_some(b, err)) < 0)
            return -1;
        if (n == EMITTER_BATCH && b->e.out_now < b->e.window)
            continue;
        if (store_backlog(b->e.store, b->e.until, clock_now(), left, err) < 0)
            return -1;
        b->e.out_now = left->out;
        if (left->free == 0 && left->out == 0) {
            crash_point("emit.drained");
            n = nominate(b, err);
            if (n < 0)
                return -1;
            if (n > 0)
                continue;
        }
        n = worth_waiting(b, left, err);
        if (n == 0)
            return left->free + left->waiting > 0;
        if (n < 0 || nap(b, err) < 0)
            return -1;
    }
    return 1;
}

static int
finish_lines(struct bounded *b, bool complete, struct err *err)
{
    event_write_eos(&b->e.out.buf, b->e.o->run, b->e.emitted, complete);
    buf_char(&b->e.out.buf, '\n');
    return outlet_flush(&b->e.out, err);
}

static void
say_what_waits(const struct store_backlog *left)
{
    char when[CLOCK_TEXT];

    if (emitter_stop != 0)
        log_info("stopped by a signal: what is out is left to the stages behind");
    else if (left->next_not_before > clock_now())
        log_info("%ld events wait, the first until %s", left->waiting,
                 clock_format(left->next_not_before, when));
    else
        log_info("%ld events wait (paused, or their resource is still loading)",
                 left->waiting + left->free);
}

/* The emitter's life under its lease; the exit status. */
static int
work(struct bounded *b, struct err *err)
{
    struct store_backlog backlog = {0};
    int waits;

    waits = nominate(b, err) < 0 ? -1 : emit_all(b, &backlog, err);
    if (waits < 0 || finish_lines(b, waits == 0, err) < 0)
        waits = -1;
    /*
     * With the lease what is out is free at once, also if nobody reads us any more. Not after
     * SIGTERM: living stages behind us still work on it and renew the lease.
     */
    if (waits < 0 ? err->status == EXIT_IO : emitter_stop == 0) {
        struct err late = ERR_INIT;

        if (emitter_drop_lease(&b->e, &late) < 0 && waits >= 0) {
            *err = late;
            waits = -1;
        }
    }
    if (waits < 0)
        return err->status;
    if (waits > 0)
        say_what_waits(&backlog);
    return waits > 0 ? EXIT_LATER : EXIT_OK;
}

/* What would go out, from a transaction that is taken back before anything is printed. */
static int
show(struct bounded *b, struct err *err)
{
    int n;

    snprintf(b->e.pipeline, sizeof b->e.pipeline, "dry-run");
    if (store_begin(b->e.store, false, err) < 0)
        return err->status;
    n = store_take_back(b->e.store, clock_now(), err) < 0 ? -1
                                                          : emitter_take(&b->e, b->e.window, err);
    store_abort(b->e.store);
    if (n < 0 || finish_lines(b, true, err) < 0)
        return err->status;
    return EXIT_OK;
}

static int
start(struct bounded *b, struct err *err)
{
    if (emitter_start(&b->e, err) < 0)
        return err->status;
    b->moved_at = clock_boot();
    emitter_catch_signals();
    return work(b, err);
}

int
emit_run(const struct emit_options *o, struct err *err)
{
    struct bounded b = {.nap_ms = NAP_MIN_MS};
    int status;

    emitter_init(&b.e, o);
    b.e.out.idle = renew;
    b.e.out.user = &b;
    if (b.e.until == 0 && store_last_seq(b.e.store, &b.e.until, err) < 0)
        status = err->status;
    else
        status = o->dry_run ? show(&b, err) : start(&b, err);
    emitter_release(&b.e);
    return status;
}
