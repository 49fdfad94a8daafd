#ifndef SYNC_ECHO_H
#define SYNC_ECHO_H

#include <stdbool.h>
#include <stdint.h>

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
    int64_t now; /* ms */
};

/* Writes of ours older than RECENT say nothing; within NEAR of one a skinny event may be its echo.
 */
enum { ECHO_RECENT_MS = 3600000, ECHO_NEAR_MS = 300000 };

enum echo_verdict {
    ECHO_PASS,
    ECHO_MAYBE, /* passes, but it may be ours: nothing it says is to be taken for the record */
    ECHO_STALE,
    ECHO_ECHO,
    ECHO_OWN_WRITE,
    ECHO_ACTOR,
    ECHO_IGNORED
};

/*
 * The first look, with what store_facts knows. PASS, or why it may be dropped. ECHO: linked, whole
 * or partial fields present, and each of them equals the shadow; that is certain only if
 * echo_is_certain. A field absent from the shadow (no base) passes, and so does one that `changed`
 * lists and a partial payload leaves out. STALE: strict versions (etag is not ordered, so:
 * sequence) older than the shadow's. Deletes, merges and folded lines always pass.
 */
enum echo_verdict echo_judge(struct arena *a, const struct echo_input *in);

/*
 * With what store_facts_lane knows: what equals the shadow is an echo only of a link at rest, with
 * its lane idle and nothing owed. Other verdicts need no more.
 */
bool echo_is_certain(enum echo_verdict v, const struct facts *facts);

/*
 * The second look, at a live event that the first one lets pass, with facts of the lane and of the
 * writes (not older than ECHO_RECENT_MS): PASS, MAYBE, OWN_WRITE or ACTOR. The argument why the
 * last two are certain stands in echo.c. With `echo: {trust_actor: true}` all that our user did to a
 * linked record whose lane is idle is ACTOR, also without fields: DESIGN.md section 6, rule 4.
 */
enum echo_verdict echo_judge_writes(struct arena *a, const struct echo_input *in);

/*
 * Can the second look come to anything but PASS? A live event (webhook or stream) that names our
 * user or a write, or says nothing of what changed.
 */
bool echo_may_be_ours(const struct event *e);

/* The write that a MAYBE is to be correlated with: its id, NULL if none is near. */
const char *echo_correlation(const struct echo_input *in);

/* "stale", "echo", "ignored"; the disposition. NULL: it passes. */
const char *echo_disposition(enum echo_verdict v);
/* "own-write", "actor": why it is an echo, if not by the shadow; else NULL. */
const char *echo_reason(enum echo_verdict v);

#endif
