#ifndef SIM_CALL_H
#define SIM_CALL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "sim/message.h"
#include "sim/params.h"

/*
 * One HTTP call as the server took it in, and what became of it. Bodies are kept up to
 * CALL_BODY_MAX; longer ones are read and thrown away, with too_big set.
 */
enum { CALL_BODY_MAX = 1024 * 1024, CALL_SEGMENTS = 4 };

struct call {
    char *method;                  /* owned, as all texts here; headers are NULL when absent */
    char *path;                    /* as sent, without query */
    char *query;                   /* as sent, without the ?; "" if none */
    char *segments[CALL_SEGMENTS]; /* decoded */
    size_t nsegments;              /* CALL_SEGMENTS + 1: there were more */
    struct params params;
    bool malformed; /* a broken escape in path or query */
    struct buf body;
    bool too_big;
    char *authorization;
    char *content_type;
    char *if_match;
    char *if_unmodified_since;
    char *idempotency_key;

    bool is_human; /* outcome, for log and counters */
    bool applied;
    bool changed;
    struct events events;  /* for webhooks, not handed on yet */
    long long first_event; /* numbers of those handed on; 0 = none */
    long long last_event;
    bool drains; /* it waits until no webhook is queued */
};

/* Take the request line apart. The rest is filled in by the caller. */
struct call *call_new(const char *uri);

void call_free(struct call *c);

#endif
