#ifndef INGEST_EMITTER_H
#define INGEST_EMITTER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "ingest/ingest.h"
#include "ingest/outlet.h"

/*
 * What the bounded emitter (emit.c) and the endless one (follow.c) share: a pipeline with its
 * lease, taking rows, lines on stdout.
 */
enum { EMITTER_BATCH = 256 };

/*
 * How many rows may be out. The window is the most; a slow pipe gets as many as it ends in
 * EMITTER_QUEUE_MS, so that what is out comes to its turn long before it is taken back as lost.
 */
enum {
    EMITTER_FIRST = 128, /* before anything is known */
    EMITTER_LEAST = 16,
    EMITTER_PACE_MS = 10000, /* measured over this time, or until as many ended as may be out */
    EMITTER_QUEUE_MS = 60000
};

struct pace {
    long allowed, ended;
    int64_t since;  /* boot clock: since when ENDED was counted */
    int64_t looked; /* boot clock: when it was looked at last */
};

void pace_init(struct pace *p, long window, int64_t now);
/*
 * A look at time NOW, whenever as many seem to be out as may be: OUT rows are out, ENDED were and
 * are not any more, in all.
 */
void pace_look(struct pace *p, long window, long out, long ended, int64_t now);

struct emitter {
    const struct emit_options *o;
    struct store *store;
    struct arena *arena;
    struct outlet out; /* its idle is the owner's to set */
    char pipeline[32];
    int64_t until;      /* rows up to this seq, 0 = all */
    int64_t renewed_at; /* boot clock */
    long window;
    struct pace pace;
    long emitted;
    long taken;   /* rows, also those that were no line */
    long out_now; /* rows out, as of the last look */
};

/* The signal that came (SIGTERM, SIGINT), or 0. */
extern volatile sig_atomic_t emitter_stop;
void emitter_catch_signals(void);

void emitter_init(struct emitter *e, const struct emit_options *o);
void emitter_release(struct emitter *e);

/* A name for the pipeline, and its lease. */
int emitter_start(struct emitter *e, struct err *err);
/* 1 renewed or not due yet, 0 the lease is over, -1. */
int emitter_renew(struct emitter *e, struct err *err);
/* What is out is free at once: for when nobody reads us any more. */
int emitter_drop_lease(struct emitter *e, struct err *err);

/* Takes at most MAX rows and puts their lines into the outlet; their number, or -1. */
int emitter_take(struct emitter *e, long max, struct err *err);
/* Takes as window and pace allow, and writes; the number of rows, or -1. */
int emitter_emit(struct emitter *e, struct err *err);

#endif
