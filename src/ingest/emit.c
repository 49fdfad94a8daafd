#include <config.h>

#include "ingest/ingest.h"
#include "ingest/outlet.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "crypto/digest.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    BATCH = 256,
    NAP_MIN_MS = 5,
    NAP_MAX_MS = 100,
    SOON_MS = 5000,        /* rows due within this are waited for (DESIGN.md section 2.6) */
    SOON_TOTAL_MS = 30000, /* but no longer than this in a row without anything emitted */
    STUCK_MS = 10000,      /* free rows that nothing emits: an end, not a spin */
    TAKE_BACK_MS = 1000,
    OWED_ROUNDS = 3 /* owed fields that come due while we run are nominated so often */
};

struct emitter {
    const struct emit_options *o;
    struct store *store;
    struct arena *arena;
    struct outlet out;
    char pipeline[32];
    int64_t until;
    int64_t renewed_at;    /* boot clock */
    int64_t taken_back_at; /* boot clock, 0 = never */
    int64_t moved_at;      /* boot clock: something was emitted or is being worked on */
    long window;
    long emitted;
    long out_now; /* rows out, as of the last look */
    int owed_rounds;
    int nap_ms;
};

static volatile sig_atomic_t stop_wanted;

static void
on_signal(int sig)
{
    stop_wanted = sig;
}

static void
catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    stop_wanted = 0;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
}

static int
renew(void *user, struct err *err)
{
    struct emitter *e = user;
    int64_t now = clock_boot();
    int r;

    if (e->o->dry_run || now - e->renewed_at < STORE_RENEW_MS)
        return 0;
    r = store_lease_renew(e->store, e->pipeline, e->pipeline, err);
    if (r == 0)
        return err_set(err, ERR_RUN, ERR_LATER, "lease-lost",
                       "the lease of pipeline %s is over: what it had out is somebody else's now",
                       e->pipeline);
    if (r > 0)
        e->renewed_at = now;
    return r < 0 ? -1 : 0;
}

/* One emitted row as a line in the outlet. */
static int
add_line(struct emitter *e, const struct store_emission *row, struct err *err)
{
    struct event head;

    if (row->n_folded == 0) {
        event_write_line(&e->out.buf, row->seq, e->pipeline, row->fence, e->o->run, row->payload,
                         row->payload_len);
    } else {
        if (event_parse(e->arena, row->payload, row->payload_len, &head, err) < 0)
            return err_wrap(err, "inbox row %lld", (long long)row->seq);
        event_write_folded_line(&e->out.buf, &head, row->seq, e->pipeline, row->fence, e->o->run,
                                row->folded, row->n_folded);
    }
    buf_char(&e->out.buf, '\n');
    return 0;
}

/* A row that cannot be a line (a payload spoiled in the state) ends as a reject, not as a stop. */
static int
refuse(struct emitter *e, const struct store_emission *row, const struct err *why, struct err *err)
{
    const struct store_reject r = {
        .stage = "emit", .code = why->code, .text = why->text, .record = row->payload};

    log_err(why);
    if (e->o->dry_run)
        return 0;
    return store_reject(e->store, row->seq, e->pipeline, row->fence, &r, clock_now(), err);
}

/* Rows taken and put into the outlet, or -1. */
static int
take(struct emitter *e, long max, struct err *err)
{
    struct store_emission *rows;
    int n, i;

    arena_reset(e->arena);
    n = store_emit(e->store, e->arena, e->pipeline, e->o->run, e->until, (size_t)max, clock_now(),
                   &rows, err);
    for (i = 0; i < n; i++) {
        struct err why = ERR_INIT;

        if (add_line(e, &rows[i], &why) == 0)
            e->emitted++;
        else if (refuse(e, &rows[i], &why, err) < 0)
            return -1;
    }
    return n;
}

static int
emit_some(struct emitter *e, struct err *err)
{
    long room = e->window - e->out_now;
    int n;

    if (room <= 0)
        return 0;
    n = take(e, room < BATCH ? room : BATCH, err);
    if (n <= 0)
        return n;
    crash_point("emit.taken");
    if (outlet_flush(&e->out, err) < 0)
        return -1;
    crash_point("emit.written");
    e->out_now += n;
    e->nap_ms = NAP_MIN_MS;
    e->moved_at = clock_boot();
    return n;
}

static int
take_back(struct emitter *e, struct err *err)
{
    int64_t now = clock_boot();

    if (e->taken_back_at != 0 && now - e->taken_back_at < TAKE_BACK_MS)
        return 0;
    e->taken_back_at = now;
    return store_take_back(e->store, clock_now(), err) < 0 ? -1 : 0;
}

/* Owed fields that are due become rows, and those rows are ours to see through. */
static int
nominate(struct emitter *e, struct err *err)
{
    int64_t last;
    int n;

    if (e->owed_rounds++ > OWED_ROUNDS)
        return 0;
    n = store_nominate_owed(e->store, clock_now(), err);
    if (n <= 0)
        return n;
    if (store_last_seq(e->store, &last, err) < 0)
        return -1;
    e->until = last;
    return n;
}

static int
nap(struct emitter *e, struct err *err)
{
    if (outlet_nap(&e->out, e->nap_ms, err) < 0)
        return -1;
    e->nap_ms = e->nap_ms * 2 < NAP_MAX_MS ? e->nap_ms * 2 : NAP_MAX_MS;
    return renew(e, err);
}

/* Was everything, or our run, paused? 1, 0, -1. */
static int
paused(struct emitter *e, struct err *err)
{
    struct store_pause *list;
    int n;

    arena_reset(e->arena);
    n = store_pauses(e->store, e->arena, clock_now(), &list, err);
    for (int i = 0; i < n; i++)
        if (strcmp(list[i].scope, "all") == 0 ||
            (strcmp(list[i].scope, "run") == 0 && e->o->run != NULL && list[i].run_id != NULL &&
             strcmp(list[i].run_id, e->o->run) == 0))
            return 1;
    return n < 0 ? -1 : 0;
}

/* Is something of the backlog worth waiting for? 1, 0, -1. */
static int
worth_waiting(struct emitter *e, const struct store_backlog *b, struct err *err)
{
    int64_t idle = clock_boot() - e->moved_at;
    int64_t now = clock_now();
    int p;

    if (b->out > 0) {
        e->moved_at = clock_boot();
        return 1;
    }
    if (b->free > 0) {
        p = paused(e, err);
        return p < 0 ? -1 : p == 0 && idle < STUCK_MS;
    }
    return b->next_not_before > now && b->next_not_before <= now + SOON_MS && idle < SOON_TOTAL_MS;
}

/* Until nothing of ours is free or out. 1: some rows wait, 0: all settled. */
static int
emit_all(struct emitter *e, struct store_backlog *b, struct err *err)
{
    int n;

    while (stop_wanted == 0) {
        if (take_back(e, err) < 0 || renew(e, err) < 0 || (n = emit_some(e, err)) < 0)
            return -1;
        if (n == BATCH && e->out_now < e->window)
            continue;
        if (store_backlog(e->store, e->until, clock_now(), b, err) < 0)
            return -1;
        e->out_now = b->out;
        if (b->free == 0 && b->out == 0) {
            crash_point("emit.drained");
            n = nominate(e, err);
            if (n < 0)
                return -1;
            if (n > 0)
                continue;
        }
        n = worth_waiting(e, b, err);
        if (n == 0)
            return b->free + b->waiting > 0;
        if (n < 0 || nap(e, err) < 0)
            return -1;
    }
    return 1;
}

static int
finish_lines(struct emitter *e, bool complete, struct err *err)
{
    event_write_eos(&e->out.buf, e->o->run, e->emitted, complete);
    buf_char(&e->out.buf, '\n');
    return outlet_flush(&e->out, err);
}

static void
say_what_waits(const struct store_backlog *b)
{
    char when[CLOCK_TEXT];

    if (stop_wanted != 0)
        log_info("stopped by a signal: what is out is left to the stages behind");
    else if (b->next_not_before > clock_now())
        log_info("%ld events wait, the first until %s", b->waiting,
                 clock_format(b->next_not_before, when));
    else
        log_info("%ld events wait (paused, or their resource is still loading)",
                 b->waiting + b->free);
}

/* The emitter's life under its lease; the exit status. */
static int
work(struct emitter *e, struct err *err)
{
    struct store_backlog backlog = {0};
    int waits;

    waits = nominate(e, err) < 0 ? -1 : emit_all(e, &backlog, err);
    if (waits < 0 || finish_lines(e, waits == 0, err) < 0)
        waits = -1;
    /*
     * With the lease what is out is free at once, also if nobody reads us any more. Not after
     * SIGTERM: living stages behind us still work on it and renew the lease.
     */
    if (waits < 0 ? err->status == EXIT_IO : stop_wanted == 0) {
        struct err late = ERR_INIT;

        if (store_lease_drop(e->store, e->pipeline, e->pipeline, &late) < 0 && waits >= 0) {
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
show(struct emitter *e, struct err *err)
{
    int n;

    snprintf(e->pipeline, sizeof e->pipeline, "dry-run");
    if (store_begin(e->store, false, err) < 0)
        return err->status;
    n = store_take_back(e->store, clock_now(), err) < 0 ? -1 : take(e, e->window, err);
    store_abort(e->store);
    if (n < 0 || finish_lines(e, true, err) < 0)
        return err->status;
    return EXIT_OK;
}

static int
start(struct emitter *e, struct err *err)
{
    struct store_holder holder;

    snprintf(e->pipeline, sizeof e->pipeline, "p");
    digest_random_hex(4, e->pipeline + 1);
    e->renewed_at = e->moved_at = clock_boot();
    if (store_lease_take(e->store, e->pipeline, e->pipeline, &holder, err) < 0)
        return err->status;
    catch_signals();
    return work(e, err);
}

int
emit_run(const struct emit_options *o, struct err *err)
{
    struct emitter e = {.o = o,
                        .store = o->store,
                        .until = o->until_seq,
                        .window = o->window > 0 ? o->window : EMIT_WINDOW,
                        .nap_ms = NAP_MIN_MS};
    int status;

    crypto_start();
    e.out = (struct outlet){.fd = STDOUT_FILENO, .idle = renew, .user = &e};
    if (e.until == 0 && store_last_seq(e.store, &e.until, err) < 0)
        return err->status;
    e.arena = arena_new();
    status = o->dry_run ? show(&e, err) : start(&e, err);
    arena_free(e.arena);
    outlet_release(&e.out);
    return status;
}
