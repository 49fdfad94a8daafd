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
    END_GONE,    /* the read says 403/404 and no delete event came */
    END_DELETED, /* a delete event came */
    END_UNREAD   /* the link has an end there, but nobody can read it now; never the nominator's */
};

struct decide_end {
    enum end_state state;
    const char *record_id;    /* NULL if missing */
    const struct val *fields; /* LIVE: unified names, the system's own words; a whole record */
    const struct val *shadow; /* what it showed when a decision last covered it; NULL = none */
    bool map_changed;           /* it was taken under an unknown mapping: no field has a base */
    const struct val *remapped; /* names: of these it was another, they have none; NULL = none */
    const struct val *diverged; /* names known to differ */
    const char *version, *etag;
    /*
     * Earliest occurred_at of its folded events, else the record's own time; 0 = unknown. It is a
     * lower bound, and the same for all fields of the end: the earliest may be an echo's or another
     * field's. Then an edit counts as older than it is, and loses a last-write-wins that it should
     * have won; the latest would err the other way, and with every no-op touch. Which event moved
     * which field is not known here; a caller that knows when it took the shadow may leave out what
     * occurred before.
     */
    int64_t changed_at;
    int64_t seen_at;     /* our own sync_timestamp of that change */
    bool writable;       /* the target can be written now (not paused, not limited) */
    bool unknown_create; /* an outcome-unknown create is open there: no create */
    /* It was known to be deleted before this event. Not of the nominator whose delete is decided
     * anew, because a write of that decision was not done: then false. */
    bool tombstone;
};

struct decide_owed {
    const char *field, *target, *source;
    const struct val *value;
    int64_t since;
    bool refused; /* left out of writes until the value changes */
};

/*
 * Values that a lost intent of ours, or an older one that may still arrive, sent to an end: seen
 * late, they are no edit. Not what settled long ago: a person may go back to an old value, and that
 * is an edit.
 */
struct decide_late {
    size_t end;
    const struct val *fields;
};

struct decide_input {
    const struct conf_sync *sync;
    struct decide_end *ends; /* [sync->n_between], in that order */
    bool linked;             /* there is a link already */
    bool ended;              /* which has ended */
    const char *owned_by;    /* system that owns the record (owner: creator); NULL: by its ends */
    bool other_engine;       /* the event says that another sync engine made the change */
    const struct decide_owed *owed;
    size_t n_owed;
    const struct decide_late *late;
    size_t n_late;
    const char *const *closed; /* fields with an open conflict */
    size_t n_closed;
    size_t nominator;       /* index of the system of the event */
    const char *event_type; /* created, updated, deleted ... of the event */
};

/* A source that is no system: what a person decided (sync-ctl conflicts resolve --value). The owed
 * value is in the target's own words. */
#define DECIDE_PERSON "person"

/* Rule names, as they stand in lines, history and pages. */
#define RULE_ADOPT "adopt"          /* all ends agree (again): shadows move, no write */
#define RULE_CHANGED "changed-same" /* one side changed, it may: written to the others */
#define RULE_OWNER "owner"          /* both changed, the owner wins */
#define RULE_LAST_WRITE "last-write-wins"
#define RULE_SYSTEM "system"           /* both changed, the policy names the winner */
#define RULE_CONFLICT "conflict"       /* policy manual: kept for a person */
#define RULE_NOT_OWNER "not-owner"     /* the change stays where it was made: diverged */
#define RULE_CREATE_ONLY "create-only" /* written at creation only */
#define RULE_FIRST_REPORT "first-contact-report"
#define RULE_FIRST_OWNER "first-contact-owner"
#define RULE_FIRST_FILL "first-contact-fill"
#define RULE_FIRST_SYSTEM "first-contact-system"
#define RULE_CREATE "create"       /* the end was missing and is created */
#define RULE_OWED "owed"           /* decided before, not stored yet: written again */
#define RULE_REFUSED "refused"     /* owed, but the target refuses this value */
#define RULE_LATE "late-write"     /* the end shows an older write of ours: corrected */
#define RULE_UNMAPPED "unmapped"   /* a word that the value table does not know */
#define RULE_ENFORCE "enforce"     /* somebody else's change is undone by the owner's value */
#define RULE_ENGINE "other-engine" /* another sync engine's change stays where it was made */
#define RULE_MERGE "merge"         /* two linked records were merged: for a person */

/*
 * Decides. Fills ends, rules, writes, disposition, reject_code and text of D; link, generation,
 * external_id (also of the writes), claims and map_hash are the caller's. Everything is in A or
 * borrowed from IN. The result depends on the nominator only where its end is not live.
 *
 * ends: the present ones. `covered`: every synced field that the end maps, with null where the
 * record has none, but for fields left open (below); it is laid over the shadow, and what it does
 * not name keeps its base. `diverged`: all fields known to differ there after this decision. rules:
 * only of fields where something happened or is known to differ. `owed`: all the systems the field
 * is owed to after this; rows of that field to others are to go. No rule: owed rows stay. writes:
 * least: fields that differ at the target, in the target's words, `sources` per field, `before`
 * from the end's own fields. Ends that are not writable get theirs all the same (the store makes it
 * owed).
 *
 * For a field, the ends that are live and map it take part. Absent in a live record is null; absent
 * in the shadow, no shadow, map_changed or remapped is no base.
 *  - nothing changed: nothing; a known difference stays;
 *  - changes that agree: to the ends that differ, if one that changed may write (owner or any);
 *    else not-owner: diverged, its shadow moves;
 *  - changes that differ: the owner's; no owner: the policy. last-write-wins: the newest
 *    changed_at; of those closer to it than skew_ms (of all, if one is unknown) the newest
 *    seen_at, then the first in `between`. A system that did not change itself wins nothing:
 *    conflict;
 *  - owed: its source counts as changed, since `since`, with its present value, and is written
 *    where it is owed or lost against it (its shadow, where it shows a late value). If the source
 *    is not there any more, is another record by now, or may not write (a first contact decided
 *    it), the owed value itself goes; to an end that is known to differ what the others have,
 *    unless some of them have the owed value: they settled it while it was away. An end it is not
 *    owed to (which has it) that changed since, and may, has the later word. What was owed to a
 *    record that was to be made does not count for one that is met instead (first_contact
 *    decides), unless it shows a late value of ours;
 *  - late: an end that shows a late value, not its shadow and not as the owner, did not change: it
 *    is written back to what the owner, else an unchanged end shows (the first that has what it
 *    showed before; its shadow, if there is none). What is owed to an end from itself is such a
 *    correction: it goes as it is, and is what that end says wherever it is the source;
 *  - no base at some: the ends with base settle first. If a new end then differs, first_contact:
 *    the source's value goes to new ends; a new source's also to ends that did not change, if no
 *    change settled them. fill: to empty ends, not to the field's owner, from one that may write.
 *    SYSTEM where another system owns the field: its owner. owner where any may write, or the
 *    source does not take part: report: diverged;
 *  - conflict, closed fields, words left out by unmapped: skip are left open: nothing is written,
 *    shadows do not move. A closed field has a rule with what the ends show in every decision,
 *    also if nothing changed there;
 *  - create_only: only in creates; afterwards the shadow follows;
 *  - read_only at a target: never written, diverged;
 *  - unmapped: reject: the whole decision, reject_code "unmapped", nothing covered;
 *  - refused: a value that the target refused, unchanged, is left out of writes and stays owed;
 *  - a missing end is created where create[] allows and no end is gone or deleted, with the
 *    settled value of every field that is not null and not left open. The target's own fields too:
 *    it has no value yet, and owns what comes after;
 *  - the nominator's end is gone (no delete event): disposition gone, nothing is written or
 *    covered. Another end is: nothing is written there; the others, if they are two at least, go
 *    on, and what it misses becomes diverged there; a single one is not covered, so that its edits
 *    are still edits should the other come back;
 *  - an end is deleted: a tombstone. Has a live end changed since its shadow, or is something owed
 *    from it, the edit survives: two live ends at least go on as above; a single one ends the link
 *    (ended_why), or with recreate the missing end is made anew with all fields. Nothing changed:
 *    under deletes: propagate the nominator's delete is written to each live end (action delete,
 *    before = what it shows; ended_why), if every live end has a whole base and a delete;
 *    otherwise the tombstone is noted and nothing else. Any change is an edit, also of a field
 *    that the end may not write; a late value of ours is none. What was owed to the last live end
 *    goes there. No live end left, but no create unknown: the link ends. A second delete of a
 *    tombstone: unchanged;
 *  - while a delete (or an edit of the last live end beside tombstones) is decided and an end is
 *    unread, nothing can be said: disposition NULL without writes, the only such case. The caller
 *    gives the event back until the end can be read, and commits nothing;
 *  - where nothing is settled or covered an end that is live again stays a tombstone (state
 *    deleted), so that its own event is an undelete yet;
 *  - undelete: a live nominator that is a tombstone, or of an ended link, opens the link again
 *    (reopen) and is decided like any other end; the other tombstones are made anew with recreate
 *    only, else what they miss of a single one becomes diverged there. An ended link is opened by
 *    nothing else, but with recreate by any live nominator: else ignored. With recreate "can be
 *    made anew" asks for a create in the definition, not for create[], and that no end is gone or
 *    unread; a link without tombstones (unlinked by hand) stays ended;
 *  - enforce: what a change that may not be written left different gets the owner's value back, at
 *    the next decision also what was known to differ (a first contact's report too), also
 *    at ends that are unread. Not from an owner that is not live or that another engine changed
 *    just now;
 *  - creator: the owner is owned_by, if it is NULL the first live end in the order of `between`.
 *    What the creator does not map any may write; one that is no longer in `between` owns it
 *    still;
 *  - other_engine: what the nominator's end changed, or shows at a first contact, is not written
 *    elsewhere, unless propagate_engines: diverged, disposition filtered; it makes no records and
 *    no deletes elsewhere. Against an edit of another end it has no say, whatever the policy;
 *  - references: their rows come as a value table with UNMAPPED_OWE: a word that is unknown at a
 *    target stands in the write's `later` and in the rule's owed, and the rest goes on. Two
 *    unknown words of two systems are never equal. Where a source cannot speak for itself, its
 *    shadow does: whose word an owed row holds is not known;
 *  - equality is not transitive ("B " and "B" beside one that trims): what is written to an end is
 *    the value as those that equal it have it; where two have it differently the winner's, or a
 *    first contact's own goes to both, and where nothing is written the later one is diverged;
 *  - a person's value (DECIDE_PERSON): owed, in the target's words, and stands for itself; an edit
 *    since then meets the policy;
 *  - another end is unread: it takes no part and is not covered, not even listed, so that what
 *    changed there is found when it is read. What the others settle by a change, or at a first
 *    contact, is written to it all the same, unless its shadow shows that: the caller withholds
 *    such a write (decision.h), which makes it owed. What was owed to it stays so. Nothing is
 *    created meanwhile.
 *
 * disposition: the worst of the fields' (conflict, not-owner, unmapped); else NULL with writes (the
 * event ends as they do), without: unchanged, ignored (one end, nothing to create), owed (its
 * create is unknown).
 */
void decide(struct arena *a, const struct decide_input *in, struct decision *d);

#endif
