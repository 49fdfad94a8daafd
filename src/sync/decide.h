#ifndef SYNC_DECIDE_H
#define SYNC_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"
#include "stream/decision.h"

/*
 * The decision: per link, once over all ends and all fields (the table of DESIGN.md section 6).
 * Pure: no I/O, no clock; everything it looks at is in decide_input.
 */

enum end_state {
    END_MISSING, /* the link has no end there (or there is no link yet) */
    END_LIVE,
    END_GONE,   /* the read says 403/404 and no delete event came */
    END_DELETED /* a delete event came */
};

struct decide_end {
    enum end_state state;
    const char *record_id;      /* NULL if missing */
    const struct val *fields;   /* LIVE: unified names, the system's own words; a whole record */
    const struct val *shadow;   /* what it showed when a decision last covered it; NULL = no end yet */
    bool map_changed;           /* the shadow was taken under another mapping: fields have no base */
    const struct val *diverged; /* names known to differ */
    const char *version, *etag;
    int64_t changed_at; /* earliest occurred_at of its folded events, else the record's own time; 0 =
                           unknown */
    int64_t seen_at;    /* our own sync_timestamp of that change */
    bool writable;      /* the target can be written now (not paused, not limited) */
    bool unknown_create; /* an outcome-unknown create is open there: no create */
};

struct decide_owed {
    const char *field, *target, *source;
    const struct val *value;
    int64_t since;
    bool refused; /* left out of writes until the value changes */
};

/* Values that an older or lost intent of ours sent to an end: seen late, they are no edit. */
struct decide_late {
    size_t end;
    const struct val *fields;
};

struct decide_input {
    const struct conf_sync *sync;
    struct decide_end *ends; /* [sync->n_between], in that order */
    bool linked;             /* there is a link already */
    const struct decide_owed *owed;
    size_t n_owed;
    const struct decide_late *late;
    size_t n_late;
    const char *const *closed; /* fields with an open conflict */
    size_t n_closed;
    size_t nominator; /* index of the system of the event */
    const char *event_type; /* created, updated, deleted ... of the event */
};

/* Rule names, as they stand in lines, history and pages. */
#define RULE_ADOPT "adopt"               /* all ends agree (again): shadows move, no write */
#define RULE_CHANGED "changed-same"      /* one side changed, it may: written to the others */
#define RULE_OWNER "owner"               /* both changed, the owner wins */
#define RULE_LAST_WRITE "last-write-wins"
#define RULE_SYSTEM "system"             /* both changed, the policy names the winner */
#define RULE_CONFLICT "conflict"         /* policy manual: kept for a person */
#define RULE_NOT_OWNER "not-owner"       /* the change stays where it was made: diverged */
#define RULE_CREATE_ONLY "create-only"   /* written at creation only */
#define RULE_FIRST_REPORT "first-contact-report"
#define RULE_FIRST_OWNER "first-contact-owner"
#define RULE_FIRST_FILL "first-contact-fill"
#define RULE_FIRST_SYSTEM "first-contact-system"
#define RULE_CREATE "create"             /* the end was missing and is created */
#define RULE_OWED "owed"                 /* decided before, not stored yet: written again */
#define RULE_REFUSED "refused"           /* owed, but the target refuses this value */
#define RULE_LATE "late-write"           /* the end shows an older write of ours: corrected */
#define RULE_UNMAPPED "unmapped"         /* a word that the value table does not know */

/*
 * Decides. Fills d->ends (present ends with covered = all fields read), rules (only of fields where
 * something happened or is known to differ), writes (least: only fields that differ at the target,
 * values in the target's words; `sources`, `before` from the end's own fields) and disposition
 * (without writes: unchanged, not-owner, conflict, unmapped, gone, ignored, rejected...). Link,
 * generation, external_id of the link, claims and map_hash are the caller's.
 *
 * What the rules are, in short. For a field, ends that are live and map it take part:
 *  - no base at one of them (no shadow, absent there, map_changed): if all are equal, adopt; else the ends
 *    with base settle first, then first_contact says what becomes of the rest (owner with owner: any
 *    and report alike: diverged);
 *  - nothing changed: nothing; owed counts as a change at its source with the source's present value;
 *  - changes that agree: the value goes to the ends that differ, if one that changed may write;
 *  - changes that differ: owner; else the policy; last-write-wins compares changed_at, closer than
 *    skew_ms (or unknown) seen_at, then the order of `between`;
 *  - an end that is not the owner and changed alone: not-owner, diverged, its shadow moves;
 *  - a value at an end that equals a `late` one and not its shadow is no edit: decided towards the
 *    others;
 *  - closed fields: shadows do not move for them, nothing is written;
 *  - create_only: only in creates; afterwards the shadow follows, no write;
 *  - a missing end: created where create[] allows, if the nominator is live and no end is gone or deleted, with the
 *    settled value of every field that is not empty and not owned by the target; a missing end where create
 *    is not allowed is ignored (disposition ignored if nothing else is there to do).
 *  - unmapped: reject (the whole decision, with reject_code "unmapped"), skip (field left out, not covered).
 *  - a gone end: its event ends `gone`, nothing is written, other ends are left; deleted: tombstone (end
 *    state "deleted"), disposition `deleted`... with deletes: ignore nothing is written.
 * A refused owed value (unchanged) is left out of writes, the field's rule is "refused".
 * Ends that are not writable: the write stands in d->writes all the same (the store makes it owed).
 */
void decide(struct arena *a, const struct decide_input *in, struct decision *d);

/* Disposition order of DESIGN.md section 6, worst first. Returns the worse of two (NULL is best). */
const char *decide_worse(const char *x, const char *y);

#endif
