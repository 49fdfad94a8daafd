#ifndef DIFF_INTERNAL_H
#define DIFF_INTERNAL_H

#include "base/arena.h"
#include "base/buf.h"
#include "diff/cache.h"
#include "diff/diff.h"
#include "stream/decision.h"
#include "stream/event.h"
#include "sync/decide.h"

/*
 * One line on its way to a decision. item_step is run again and again until it is done: each run
 * starts from what is known and asks the cache for what is missing.
 */

/* How the present state of an end was read. */
struct item_end {
    bool wanted; /* the link has this end, or it is the nominated or matched record */
    const char *record_id;
    enum end_state state;
    const struct val *fields;
    const char *external_id; /* ours, where the record carries one */
    const char *version, *etag;
    int64_t changed_at, seen_at;
    bool fresh;             /* read from the API just now, not from a listing row */
    const char *replaces;   /* the link's record there was this one before; NULL: no other */
    const char *unread_why; /* END_UNREAD: why, and when to look again */
    int64_t unread_until;
    bool sought;          /* the end is lacking, and who may be it was sought */
    bool joined;          /* found so: it is no end of the link yet */
    const char *wait_why; /* lacking, and not to be made before WAIT_UNTIL; NULL: nothing is against
                             it */
    int64_t wait_until;
};

enum item_kind { ITEM_EVENT, ITEM_CONTROL };

struct item {
    enum item_kind kind;
    const char *line; /* copy in the batch arena */
    size_t len;
    long number; /* of the input line */
    bool done;
    struct event event;
    const char *record_id; /* the nominated record: the event's, of a merge the one that is left */
    const struct conf_sync *sync; /* of the config; with references: a copy with their tables */
    size_t nominator;
    bool deleting; /* a delete event, until the record is seen alive */
    bool sought;   /* who may have taken the place of the deleted record was sought */
    bool link_known;
    struct store_link link;
    struct item_end *ends;    /* [n_between] */
    const char *refused_code; /* why an end that is lacking is not made, for a person: a reject */
    const char *refused_text; /* beside what the other ends get; NULL: nothing */
    struct decision decision;
};

struct diff {
    const struct diff_options *o;
    struct cache *cache;
    struct arena *arena; /* of the batch */
    int64_t now;
    const char *deployment; /* "" without a state */
};

/* 0 step made (it->done tells), -1 RUN error of the state. */
int item_step(struct diff *d, struct item *it, struct err *err);

/* Ends the item: returned to the inbox, refused, or a plain disposition. */
void item_hold(struct item *it, struct arena *a, int64_t not_before, const char *reason);
void item_reject(struct item *it, const char *code, const char *text);
void item_end_as(struct item *it, const char *disposition, const char *text);

/* Is this what is known of a record that is not there (any more)? */
static inline bool
item_is_absent(const struct item_end *end)
{
    return end->state == END_GONE || end->state == END_DELETED;
}

/* ---- end.c: the present states of the ends ---- */

/* END shows what R shows: live. FRESH: R was got just now by its id. What END is of stays. */
void end_show(struct item_end *end, const struct provider_record *r, int64_t now, bool fresh);
/* When to ask again what was answered with no record. */
int64_t retry_at(const struct diff *d, const struct cache_answer *answer);
/* Holds the item until then: "cannot read SYSTEM:ID: ...", with ID NULL "cannot search SYSTEM". */
void hold_unanswered(struct diff *d, struct item *it, const struct cache_answer *answer,
                     const struct conf_system *system, const char *id);

/*
 * Reads end I freshly; 1 known, 0 under way. One that cannot be read ends the item (hold), if it is
 * the source or the record is unlinked; else it is unread, see decide.h.
 */
int read_end(struct diff *d, struct item *it, size_t i);
/* Every end of the link. 1 all known, 0 under way, -1. */
int read_linked(struct diff *d, struct item *it, struct err *err);
/* The listing row itself, where it stands for the record (row.h). */
bool row_is_present(const struct diff *d, const struct item *it);
void take_row(struct diff *d, struct item *it);
/* An end that is to be written is always read fresh. 1 all are, 0 reads are under way. */
int targets_fresh(struct diff *d, struct item *it);
/* What the state has of the link's end at SYSTEM; NULL. */
const struct store_end *stored_end(const struct item *it, const char *system);

/* ---- input.c: what decide() is given, and what is added to what it says ---- */

int run_decide(struct diff *d, struct item *it, struct err *err);
/* Link, generation, external id, claims: what the decision itself does not know. */
void complete(struct diff *d, struct item *it);

/* ---- vanish.c: records that are not there ---- */

/* Until when the nominator may still be shown though it is gone (`lag` of get); 0: it is not. */
int64_t vanish_shown_until(const struct item *it);
/*
 * A delete event of a linked record: waits for `settle` and `lag`, then looks whether the record is
 * gone, and who may have taken its place. 1 known, 0 under way or the item is done, -1.
 */
int vanish_own(struct diff *d, struct item *it);
int vanish_sought(struct diff *d, struct item *it, struct err *err);
/*
 * Is the canary of system I, if it has one for this resource, where it was? 1; 0: under way, or the
 * item is held and the account is to be paused.
 */
int vanish_canary(struct diff *d, struct item *it, size_t i);
/* The same of all systems where a record of the link is not there. */
int vanish_believed(struct diff *d, struct item *it);

/* ---- refs.c: references ---- */

/*
 * Gives each reference field a value table made of the links of the records in sight (decide.h),
 * once all ends are known. A required one without link holds the item. 0, -1.
 */
int refs_resolve(struct diff *d, struct item *it, struct err *err);

/*
 * match.c: the record at the other systems that is the same thing, for an unlinked record whose
 * fields are known. Fills ends' record_id and wanted, or a link to join. 1 known, 0 reads are under
 * way, -1 state error; may end the item (ambiguous, claimed).
 */
int match_ends(struct diff *d, struct item *it, struct err *err);
/*
 * Records of the nominated one's system that match the live end FROM and are in no living link: for
 * a link whose own record is deleted. 1 known, 0 under way or the item is done, -1.
 */
enum { MATCH_SUCCESSORS = 4 };
int match_successors(struct diff *d, struct item *it, size_t from,
                     struct item_end out[MATCH_SUCCESSORS], size_t *n, struct err *err);

/* Records of system I that match the live end FROM, by the first key that finds any, linked or not,
 * without those of the link itself. As match_successors. */
int match_seek(struct diff *d, struct item *it, size_t from, size_t i,
               struct item_end out[MATCH_SUCCESSORS], size_t *n, struct err *err);
/* Has a search of system I by match keys of the live end FROM asked it, or is there no need to? 1,
 * 0, -1. */
int match_asked(struct diff *d, const struct item *it, size_t from, size_t i, struct err *err);

/*
 * join.c: ends that the decision would make. No record is made before it was sought whether there
 * is one already: by the external id that it would get, and for a link by what matches its live
 * ends. 1 the decision stands, 0 under way, or there is more to decide about, -1; may end the item.
 */
int join_missing(struct diff *d, struct item *it, struct err *err);
/* What was found was found by listing rows: read freshly, a record may not match any more. So it is
 * sought anew, among what is read now. */
void join_anew(struct item *it);
/* Says of the decision's creates which have to wait, and why. */
void join_put_off(struct diff *d, struct item *it);

/*
 * made.c: without a config, a sync entry for the two systems of a line and of the file: all fields
 * as text, the line's system owns them. NULL if the file knows no other system of the resource.
 */
const struct conf_sync *made_sync(struct diff *d, const struct event *e);

/* human.c: a decision for people; nothing if there is nothing to say. */
void human_write(struct buf *out, const struct item *it, bool color);

/* plan.c: what a run comes to. */
struct totals {
    long decisions, creates, updates, deletes, later, conflicts, diverged, held, rejected;
    long fields;         /* of creates, too */
    long updated_fields; /* of updates alone */
    long gone;           /* decisions beside a record that is not there or cannot be read */
    long looks;          /* calls that applying it takes before its writes */
};
/* A decision that is the first of its link: several lines may nominate it. */
void totals_add(struct totals *t, const struct item *it);
/* RULES: what it was decided under (sync/rules_hash.h), "" without a config. */
void totals_write(struct buf *out, const struct totals *t, long calls, const char *rules);
/* Would something be written, is it known to differ, or is it not known? (--exit-code) */
bool item_differs(const struct item *it);
/* Is a record of the link not there, or can it not be read? */
bool item_misses(const struct item *it);

#endif
