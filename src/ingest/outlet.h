#ifndef INGEST_OUTLET_H
#define INGEST_OUTLET_H

#include "base/buf.h"
#include "base/err.h"

#include <signal.h>

/*
 * Where an emitter's lines go. A slow reader must not keep the emitter from renewing its lease, so
 * nothing here waits in write(2): a pipe takes PIPE_BUF bytes without blocking once poll(2) says
 * so, and between two polls `idle` is called.
 */
struct outlet {
    int fd;
    struct buf buf;                           /* lines not written yet */
    int (*idle)(void *user, struct err *err); /* about once a second; -1 stops the flush */
    void *user;
};

/* Writes all of buf. -1: idle failed, or err RUN, exit 74 (EPIPE too). */
int outlet_flush(struct outlet *o, struct err *err);

/*
 * Sleeps until FD (-1: none) is readable, at most MS, or until a signal comes, with MASK as
 * ppoll(2) has it. 1 readable, 0 not, -1 if the reader is gone (err as above).
 */
int outlet_wait(struct outlet *o, int fd, int ms, const sigset_t *mask, struct err *err);

/* Sleeps MS, or less if a signal comes. -1 if the reader is gone (err as above). */
int outlet_nap(struct outlet *o, int ms, struct err *err);

void outlet_release(struct outlet *o);

#endif
