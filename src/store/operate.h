#ifndef STORE_OPERATE_H
#define STORE_OPERATE_H

#include "store/store.h"

/*
 * What an operator asks of the state and changes in it (sync-ctl): conflicts, rejects, links,
 * lineage, what systems stored otherwise. The rules of store.h hold; everything that changes
 * something is one durable transaction, tells history who did it (BY), and leaves the deciding to
 * the pipe: it admits a skinny nomination (path manual) of the record concerned.
 */

/* ---- Conflicts ---- */

struct store_conflict {
    int64_t conflict_id, at, link_id;
    const char *resource, *field;
    const struct val *base, *ends; /* ends: object, system -> value in its words, as last seen */
    bool broken;                   /* base or ends cannot be read: they are NULL */
    const char *state;             /* open, resolved */
    const char *resolution, *resolved_by; /* NULL while open */
    int64_t resolved_at;
};

/* Open ones, or with ALL the resolved too, of RESOURCE or (NULL) of all; newest first, at most MAX.
 * Returns the number, or -1. */
int store_conflicts(struct store *s, struct arena *a, const char *resource, bool all, size_t max,
                    struct store_conflict **out, struct err *err);
/* How many there are of these. 0, -1. */
int store_conflicts_count(struct store *s, const char *resource, bool all, int64_t *n,
                          struct err *err);
/* 1, 0 there is none, -1. */
int store_conflict(struct store *s, struct arena *a, int64_t conflict_id,
                   struct store_conflict *out, struct err *err);

/*
 * Has its link (loaded with STORE_BROKEN) a value that cannot be read and that resolving C puts
 * right, also if C is resolved?
 */
bool store_conflict_mends(const struct store_conflict *c, const struct store_link *l);

/* The source of what a person decided; sync/decide.h calls it DECIDE_PERSON. */
#define STORE_PERSON "person"

/*
 * Resolves an open conflict: TAKE, the value of that system, or VALUES, an object (system -> value
 * in its words). Each end's shadow takes for the field what the conflict shows of it, so that an
 * edit made since is still one; what others are to get is owed to them, from TAKE or from
 * STORE_PERSON, and nothing else of the field is owed any more. Both NULL: only closed, nothing is
 * owed (a conflict that is not of one field, as that of a merge: field record_id; or one that is
 * broken, which is found anew). One of a link that has ended is only closed. 1, 0 it is not open
 * (and mends nothing), -1 (codes "no-value": TAKE shows none; "no-end": VALUES names a system
 * without a live end; "no-field": it is not of one field).
 */
struct store_resolution {
    int64_t conflict_id;
    const char *take;
    const struct val *values;
    const char *by;
};
int store_conflict_resolve(struct store *s, const struct store_resolution *r, int64_t now,
                           struct err *err);

/* ---- Rejects ---- */

struct store_rejected {
    int64_t reject_id, at, seq, request_id;
    const char *stage, *system, *account, *resource, *record_id, *target, *code, *text, *record;
    const char *state; /* open, replayed, dropped */
};

/* As store_conflicts; CODE NULL = any. */
int store_rejects(struct store *s, struct arena *a, const char *resource, const char *code,
                  bool all, size_t max, struct store_rejected **out, struct err *err);
int store_rejects_count(struct store *s, const char *resource, const char *code, bool all,
                        int64_t *n, struct err *err);
/* Open ones of CODE behind AFTER in order of their numbers, at most MAX. Returns the number, or -1.
 */
int store_rejects_after(struct store *s, struct arena *a, const char *code, int64_t after,
                        size_t max, struct store_rejected **out, struct err *err);
/* Open ones of a record, and with LINK_ID (0: none) of the records of its link, newest first, at
 * most MAX; N is how many there are. Returns the number, or -1. */
int store_rejects_of(struct store *s, struct arena *a, const char *resource, const char *system,
                     const char *record_id, int64_t link_id, size_t max,
                     struct store_rejected **out, int64_t *n, struct err *err);
int store_rejected(struct store *s, struct arena *a, int64_t reject_id, struct store_rejected *out,
                   struct err *err);

/*
 * Decides it anew: a request that failed to map is mapped again; else the record is nominated
 * (event id replay:REJECT:N; what said that it was deleted or merged says so again, and then its
 * end is no tombstone until that is decided), and what its link's target refused is tried again. An
 * outcome-unknown create is made again only with CREATE (code "needs-create" without): its intent
 * is closed, its claims go. 1, 0 it is not open, -1 (code "no-record": it names none).
 */
int store_reject_replay(struct store *s, int64_t reject_id, bool create, const char *by,
                        int64_t now, struct err *err);
/* Closes it. What the target refused with it is not owed any more: it is left different there,
 * until it changes. Of an outcome-unknown create also the intent, its claims and what is owed
 * there: the record's next change may create it again. 1, 0 not open, -1. */
int store_reject_drop(struct store *s, int64_t reject_id, const char *by, int64_t now,
                      struct err *err);

/* ---- Links ---- */

struct store_record {
    const char *system, *account, *record_id;
};

/* Ids of links of RESOURCE (NULL: all) behind AFTER in order of id, also ended ones with ENDED;
 * MISSING: only those without an end at this system (NULL: any). Returns the number, or -1. */
int store_links(struct store *s, struct arena *a, const char *resource, const char *missing,
                bool ended, int64_t after, size_t max, int64_t **ids, struct err *err);

/*
 * Links records by hand: a new link under EXTERNAL_ID, or the one that one of them is in. (An ended
 * link that has that id gives it up; if a living one has it, the new link's is made of it.) Records
 * of ended links are taken out of those. The ends have no base: first_contact decides, and a
 * tombstone, a create of unknown outcome (its reject is dropped) or what was owed there go. 1
 * (LINK_ID; also if they are linked so already), -1 codes "linked-elsewhere" (two are in different
 * living links or of one system, or the link has another record of that system), "too-few" (one,
 * and not linked), "busy" (LATER: writes of a link concerned are under way).
 */
int store_link_records(struct store *s, const char *resource, const struct store_record *records,
                       size_t n, const char *external_id, const char *by, int64_t now,
                       int64_t *link_id, struct err *err);

/*
 * Takes a record out of its link. Fewer than two ends left, or none of them live: the link ends,
 * and its records' events are ignored. FORGET: the ends left over and this one are nobody's, so
 * that they may be matched anew; else the record stays in an ended link (of its own if the other
 * one goes on). What is owed to it goes, with the link's end all that is owed; what is owed from it
 * to others was decided and stays. Open conflicts of the link are resolved as "unlinked": what is
 * left of them is found anew. Nothing may be open (code "busy", LATER; also a create of unknown
 * outcome, until its reject is dropped or replayed). 1 (also if it is in an ended link already), 0
 * it has no link, -1.
 */
int store_unlink(struct store *s, const char *resource, const struct store_record *record,
                 bool forget, const char *by, int64_t now, struct err *err);

/* Who owns a record (owner: creator). 1, 0 there is no such link, -1 (code "no-end": the link has
 * no live end there). */
int store_own(struct store *s, int64_t link_id, const char *system, const char *by, int64_t now,
              struct err *err);

/* ---- Lineage ---- */

struct store_event {
    int64_t seq, request_id;
    const char *system, *record_id, *event_type, *event_id, *path, *payload, *run_id;
    const char *disposition; /* NULL while undisposed */
    const char *reason;      /* why it ended so, or why it waits; may be NULL */
    int64_t received_at, disposed_at;
    int64_t not_before; /* while undisposed: when it is looked at (again) */
};
/* 1, 0 (never was, or gc took it), -1. */
int store_event(struct store *s, struct arena *a, int64_t seq, struct store_event *out,
                struct err *err);
/* What the inbox still has of a record, newest first, at most MAX. Returns the number, or -1. */
int store_events_of(struct store *s, struct arena *a, const char *resource,
                    const struct store_record *record, size_t max, struct store_event **out,
                    struct err *err);

struct store_sent_intent {
    struct store_intent intent;
    int64_t created_at, settled_at;
    int http_status;
    const char *response;
};
int store_intent(struct store *s, struct arena *a, int64_t token, struct store_sent_intent *out,
                 struct err *err);

/* ---- Records that are not there ---- */

struct store_gone {
    int64_t link_id, since; /* since: when it was first looked for in vain */
    const char *resource, *system, *record_id;
};
/*
 * Live ends of LINK_ID (0: of all living links) that were not there when they were read last, and
 * of which nobody said that they were deleted; oldest first, at most MAX. The number, or -1.
 */
int store_gone(struct store *s, struct arena *a, int64_t link_id, size_t max,
               struct store_gone **out, struct err *err);

/* ---- What systems stored otherwise than `stores:` says ---- */

struct store_oddity {
    const char *resource, *system, *field;
    const struct val *sent, *stored;
    int64_t n, first_at, last_at; /* n: how often this pair */
};
/* At most 20 pairs of a field are kept. Most frequent first, by resource, system and field. */
int store_oddities(struct store *s, struct arena *a, struct store_oddity **out, struct err *err);
/* Forgets the pairs of FIELD (NULL: all) at SYSTEM. The number, or -1. */
int store_oddities_forget(struct store *s, const char *resource, const char *system,
                          const char *field, struct err *err);

#endif
