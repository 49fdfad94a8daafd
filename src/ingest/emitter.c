#include <config.h>

#include "ingest/emitter.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "crypto/digest.h"

#include <stdio.h>
#include <unistd.h>

volatile sig_atomic_t emitter_stop;

static void
on_signal(int sig)
{
    emitter_stop = sig;
}

void
emitter_catch_signals(void)
{
    struct sigaction sa = {.sa_handler = on_signal};

    emitter_stop = 0;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
}

void
emitter_init(struct emitter *e, const struct emit_options *o)
{
    *e = (struct emitter){.o = o,
                          .store = o->store,
                          .until = o->until_seq,
                          .window = o->window > 0 ? o->window : EMIT_WINDOW};
    pace_init(&e->pace, e->window, clock_boot());
    e->out.fd = STDOUT_FILENO;
    e->arena = arena_new();
}

void
emitter_release(struct emitter *e)
{
    arena_free(e->arena);
    outlet_release(&e->out);
}

int
emitter_start(struct emitter *e, struct err *err)
{
    struct store_holder holder;

    snprintf(e->pipeline, sizeof e->pipeline, "p");
    digest_random_hex(4, e->pipeline + 1);
    e->renewed_at = clock_boot();
    return store_lease_take(e->store, e->pipeline, e->pipeline, &holder, err) < 0 ? -1 : 0;
}

int
emitter_renew(struct emitter *e, struct err *err)
{
    int64_t now = clock_boot();
    int r;

    if (now - e->renewed_at < STORE_RENEW_MS)
        return 1;
    r = store_lease_renew(e->store, e->pipeline, e->pipeline, err);
    if (r > 0)
        e->renewed_at = now;
    return r;
}

int
emitter_drop_lease(struct emitter *e, struct err *err)
{
    return store_lease_drop(e->store, e->pipeline, e->pipeline, err);
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

int
emitter_take(struct emitter *e, long max, struct err *err)
{
    struct store_emission *rows;
    int n, i;

    arena_reset(e->arena);
    n = store_emit(e->store, e->arena, e->pipeline, e->o->run, e->until, (size_t)max, clock_now(),
                   &rows, err);
    e->taken += n > 0 ? n : 0;
    for (i = 0; i < n; i++) {
        struct err why = ERR_INIT;

        if (add_line(e, &rows[i], &why) == 0)
            e->emitted++;
        else if (refuse(e, &rows[i], &why, err) < 0)
            return -1;
    }
    return n;
}

/* How many more may be out; what is out is counted when that seems to be none. 0, -1. */
static int
find_room(struct emitter *e, long *room, struct err *err)
{
    if (e->out_now >= e->pace.allowed) {
        if (store_out(e->store, e->pipeline, &e->out_now, err) < 0)
            return -1;
        pace_look(&e->pace, e->window, e->out_now, e->taken - e->out_now, clock_boot());
    }
    *room = e->pace.allowed - e->out_now;
    return 0;
}

int
emitter_emit(struct emitter *e, struct err *err)
{
    long room;
    int n;

    if (find_room(e, &room, err) < 0)
        return -1;
    if (room <= 0)
        return 0;
    n = emitter_take(e, room < EMITTER_BATCH ? room : EMITTER_BATCH, err);
    if (n <= 0)
        return n;
    crash_point("emit.taken");
    if (outlet_flush(&e->out, err) < 0)
        return -1;
    crash_point("emit.written");
    e->out_now += n;
    return n;
}
