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

struct emitter {
    const struct emit_options *o;
    struct store *store;
    struct arena *arena;
    struct outlet out; /* its idle is the owner's to set */
    char pipeline[32];
    int64_t until;      /* rows up to this seq, 0 = all */
    int64_t renewed_at; /* boot clock */
    long window;
    long emitted;
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
/* Takes as the window allows, and writes; the number of rows, or -1. */
int emitter_emit(struct emitter *e, struct err *err);

#endif
