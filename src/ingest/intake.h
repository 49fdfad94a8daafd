#ifndef INGEST_INTAKE_H
#define INGEST_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/err.h"
#include "http/server.h"
#include "ingest/route.h"
#include "ingest/tenant.h"
#include "provider/inbound.h"
#include "store/store.h"

/*
 * Verified requests on their way into the states: a queue to one thread, which takes what is there,
 * stores it in one durable transaction a state, answers, and between that maps what it stored into
 * the inboxes. No request is answered as accepted before its commit has returned.
 */
struct part { /* what one state gets of a request */
    struct candidate *candidate;
    bool is_reject; /* items of an account that nobody has */
    struct store_request request;
    struct store_reject reject;
};

struct job {
    STAILQ_ENTRY(job) next;
    struct server_exchange *exchange; /* borrowed until it is answered; the body is there */
    struct arena *arena;              /* owned: the job too */
    struct part *parts;
    size_t n_parts, left; /* LEFT: not stored */
    bool failed;
    struct inbound_answer answer; /* if all goes well */
};

struct intake;

/* Starts the thread; signals are blocked in it. The tenants' states are its own from now on. */
struct intake *intake_start(struct tenants *tenants, struct routes *routes, struct err *err);
/* False: the queue is full, JOB is still the caller's. */
bool intake_put(struct intake *in, struct job *job);
/* Stores, answers and maps what there is; ends the thread. From now on the queue is always full. */
void intake_stop(struct intake *in);
/* When nobody can put anything any more. NULL is fine, for both. */
void intake_free(struct intake *in);

#endif
