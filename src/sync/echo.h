#ifndef SYNC_ECHO_H
#define SYNC_ECHO_H

#include <stdbool.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"
#include "stream/event.h"
#include "stream/facts.h"

/*
 * What sync-echofilter may drop: only what is certain (DESIGN.md section 6). The store's facts come
 * in as plain data.
 */
struct echo_input {
    const struct conf_sync *sync; /* NULL: the resource is not synced */
    const struct event *event;
    size_t system_index;
    struct facts facts;
};

enum echo_verdict { ECHO_PASS, ECHO_STALE, ECHO_ECHO, ECHO_IGNORED };

/*
 * PASS, or why it may be dropped. ECHO: linked, lane idle, nothing owed, whole or partial fields
 * present, and each of them equals the shadow. A field absent from the shadow (no base) passes.
 * STALE: strict versions (etag is not ordered, so: sequence) older than the shadow's. Deletes,
 * merges and folded lines always pass.
 */
enum echo_verdict echo_judge(struct arena *a, const struct echo_input *in);

/* "stale", "echo", "ignored"; the disposition. */
const char *echo_disposition(enum echo_verdict v);

#endif
