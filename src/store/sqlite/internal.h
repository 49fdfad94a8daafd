#ifndef STORE_SQLITE_INTERNAL_H
#define STORE_SQLITE_INTERNAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/val.h"
#include "store/pause.h"
#include "store/run.h"
#include "store/store.h"
#include "stream/event.h"

/*
 * The SQLite backend. Statements are cached by the address of their text, so SQL must be a string
 * literal; one statement must not be stepped twice at a time.
 */
enum { STORE_STATEMENTS = 512, STORE_SCHEMA_VERSION = 3, STORE_KNOWN = 16 };

struct store_cached {
    const char *sql; /* literal; NULL: free slot */
    sqlite3_stmt *st;
};

/* How many live links a resource had when last counted: percent limits (limits.c). */
struct store_known {
    char resource[128];
    int64_t n;
};

/* The links that something is owed to, or written to now, as of an open look: read when asked for.
 */
enum { STORE_BUSY = 32 };
struct store_busy {
    bool known;
    bool many; /* more than fit: each is to be asked for */
    size_t n;
    struct {
        int64_t link_id;
        bool owed; /* else an open intent */
    } links[STORE_BUSY];
};

struct store {
    sqlite3 *db;
    char *path;                /* owned */
    char *wal;                 /* owned: its name */
    struct store_watch *watch; /* owned, NULL: nobody watches */
    int64_t version;           /* of the data when last asked, -1 never (watch.c) */
    int64_t dev, ino;          /* of the file that is open */
    int64_t changes;           /* rows changed by this connection before the open transaction */
    enum store_mode mode;
    char deployment[80];
    bool in_tx;  /* store_begin */
    bool looked; /* store_look: the cache is large */
    struct store_busy busy;
    bool durable;       /* of the open transaction */
    int full;           /* synchronous as set: -1 unknown, 0 NORMAL, 1 FULL */
    store_go_on *go_on; /* NULL: wait busy_ms() and no longer */
    void *go_on_user;
    int64_t waited; /* for the lock, this time, in ms */
    struct store_cached cache[STORE_STATEMENTS];
    struct store_known known[STORE_KNOWN];
};

extern const char store_schema[]; /* schema.sql, made at build time */

/* What counts for the hour: writes without a run, and all deletes. */
#define STORE_HOUR_CREATES "create without run"
#define STORE_HOUR_UPDATES "update without run"
#define STORE_HOUR_DELETES "delete"
/* The same of one resource, which follows: what shares are of. A record is changed once an hour. */
#define STORE_HOUR_MADE "create without run, "
#define STORE_HOUR_CHANGED "changed without run, "
/* When a person began the hour anew. */
#define STORE_HOUR_BEGUN "hour begun"
/* When a record that the breaker paused was resumed; resource and id follow. */
#define STORE_LOOP_BEGUN "loop begun, "
/* When an account that made too many calls was resumed. */
#define STORE_RESUMED "resumed"

/* A row waiting for its resource has this not_before (9999-12-31T23:59:59.999Z). */
#define STORE_FOREVER INT64_C(253402300799999)
#define STORE_FOREVER_TEXT "9999-12-31T23:59:59.999Z"

/* ---- SQL (db.c) ---- */

/*
 * TYPES names the values that follow, bound in this order: i int64_t, n int, t text (NULL = NULL),
 * T many of them (const char *const *, up to a NULL),
 * m ms as RFC 3339 text, M the same with 0 = NULL, v struct val as canonical JSON (NULL = NULL),
 * w the same with members and numbers as they came, j JSON text, b bytes (two values: const void *
 * and size_t; never NULL). Texts and bytes must live until the call is over. What is in JSON must
 * be UTF-8: else nothing is run, err "bad-utf8" (RECORD).
 */
struct rows {
    struct store *s;
    sqlite3_stmt *st;
    struct err *err;
};

/* Runs a statement without result; the number of changed rows, or -1. */
int db_run(struct store *s, struct err *err, const char *sql, const char *types, ...);
/* A query: 0 or -1; then rows_next until it is not 1, or rows_end. */
int db_rows(struct store *s, struct rows *r, struct err *err, const char *sql, const char *types,
            ...);
int rows_next(struct rows *r); /* 1, 0 (ended), -1 (ended) */
void rows_end(struct rows *r);
int64_t row_int(const struct rows *r, int column);
/* Copied into A; NULL for NULL. */
const char *row_text(const struct rows *r, struct arena *a, int column);
int64_t row_time(const struct rows *r, int column); /* 0 for NULL */
/* JSON of ours; NULL for NULL. -1 with err STORE_BROKEN (RECORD) if it is broken: the query goes
 * on, OUT is NULL. */
int row_val(const struct rows *r, struct arena *a, int column, const struct val **out);
/* Bytes with a NUL behind them, copied into A; never NULL. */
const char *row_blob(const struct rows *r, struct arena *a, int column, size_t *len);
/* Borrowed until the next step. */
const char *row_peek(const struct rows *r, int column);

/* One integer of one row: 1, 0 no row, -1. NULL is 0. */
int db_int(struct store *s, struct err *err, int64_t *out, const char *sql, const char *types, ...);

/* Fills ERR from what SQLite says. Returns -1. */
int db_fail(struct store *s, struct err *err, int rc);
int64_t db_last_id(struct store *s);

/*
 * A function that writes is framed by tx_enter and `return tx_leave(.., result)`: its own
 * transaction, or part of the open one. A negative RESULT rolls an own transaction back.
 */
struct tx {
    bool own;
};
int tx_enter(struct store *s, struct tx *tx, bool durable, struct err *err);
int tx_leave(struct store *s, const struct tx *tx, int result, struct err *err);
/* The same for several reads that must fit together. */
int tx_enter_read(struct store *s, struct tx *tx, struct err *err);
void tx_leave_read(struct store *s, const struct tx *tx);

/* ---- Being woken (watch.c) ---- */

/* After a commit that changed something: who watches looks now. */
void watch_ring(struct store *s);
void watch_close(struct store *s);

/* ---- Lanes (lane.c) ---- */

const char *lane_of_link(struct arena *a, int64_t link_id);
const char *lane_of_record(struct arena *a, const char *system, const char *account,
                           const char *resource, const char *record_id);
/* An event that is out becomes free again: lease gone, fence + 1, what was folded is free too.
 * Only if undisposed. The number of events, or -1. */
int lane_reopen(struct store *s, int64_t seq, struct err *err);
/* Re-opens what is out in LANE, except for event KEEP. */
int lane_reopen_others(struct store *s, const char *lane, int64_t keep, struct err *err);
/* The pending rows of a record go to its link's lane. Only the event KEEP may stay out. */
int lane_move(struct store *s, struct arena *a, int64_t link_id, const char *resource,
              const char *system, const char *account, const char *record_id, int64_t keep,
              int64_t now, struct err *err);
/* The link has a further end: what waits for one of its records (STORE_PARENT_FORMAT) is due. A
 * seek in sync_inbox_parent for each end. 0, -1. */
int lane_free_waiting(struct store *s, struct arena *a, int64_t link_id, int64_t now,
                      struct err *err);

/* ---- Links (link.c) ---- */

/* A link wants this record. Only the event KEEP may stay out. */
struct link_claim {
    int64_t link_id;
    const char *resource, *system, *account, *record_id;
    int64_t keep;
};
/* 1 it may have it: the record is nobody's, its own, or was an ended link's, which let it and its
 * pending rows go; 0 it is another living link's; -1. */
int link_let_go(struct store *s, struct arena *a, const struct link_claim *c, struct err *err);
/* The pending rows of the record go from link OTHER's lane to the claimant's. 0, -1. */
int lane_move_from(struct store *s, struct arena *a, int64_t other, const struct link_claim *c,
                   struct err *err);

/* Who says that a link ends: for history. */
struct link_end {
    int64_t link_id, seq;
    const char *resource, *system, *record_id;
};
/* Ends a living link: what is owed in it goes, its open conflicts are closed. 0, -1. */
int link_end(struct store *s, const struct link_end *x, const char *why, int64_t now,
             struct err *err);
int link_reopened(struct store *s, const struct link_end *x, int64_t now, struct err *err);
/* A write of the link is done; with the last one the link ends, if that was decided. 0, -1. */
int link_write_done(struct store *s, struct arena *a, const struct link_end *x, int64_t now,
                    struct err *err);
/* A write of the link is over and not done: the link goes on. 0, -1. */
int link_write_failed(struct store *s, int64_t link_id, struct err *err);

/* ---- Shared between files ---- */

/* External id of the ended link of a record that was taken out of a link by hand: the link's id,
 * and "-" with something of its own. */
#define LINK_UNLINKED "unlinked-%" PRId64 "%s"
/* Link of a record, ended ones too: 1, 0, -1. */
int link_of_record(struct store *s, const char *resource, const char *system, const char *account,
                   const char *record_id, int64_t *link_id, struct err *err);
/* Is the lease NAME held by a living pipeline? 1, 0, -1. */
int lease_alive(struct store *s, const char *name, struct err *err);
/* Drops a lease that ends with its process (a pipeline's does not: stages outlive the emitter), if
 * that process is gone. 1 dropped, 0, -1. */
int lease_bury(struct store *s, const char *name, struct err *err);

/* Inserts an event; inside a transaction. 1, 0 duplicate, -1. */
int inbox_insert(struct store *s, const struct store_admission *a, int64_t now, int64_t *seq,
                 struct err *err);
/* A skinny nomination of ours (path manual). 1, 0 known already, -1. */
int inbox_nominate(struct store *s, const char *system, const char *account, const char *resource,
                   const char *record_id, const char *event_id, int64_t now, int64_t *seq,
                   struct err *err);
/* Ends an event whoever holds it, and what is folded into it. 1, 0 it has ended already, -1. */
int inbox_end(struct store *s, int64_t seq, const char *disposition, const char *reason,
              int64_t now, struct err *err);
/* The row of sync_rejects. Returns 0 or -1. */
int inbox_reject_row(struct store *s, int64_t seq, const struct store_reject *r, int64_t now,
                     struct err *err);
/* Has the event a prepared or sent intent? 1, 0, -1. */
int inbox_has_intent(struct store *s, int64_t seq, struct err *err);

/* The row of sync_metadata of one end: what a decision or an answer leaves there. */
struct shadow_row {
    int64_t link_id;
    const char *resource, *system, *account, *record_id;
    const struct val *fields;   /* the whole shadow */
    const struct val *diverged; /* NULL keeps */
    const char *version;        /* NULL keeps */
    const char *etag;
    const char *map_hash; /* NULL keeps */
    const char *sync_source, *sync_actor, *correlation_id;
    bool deleted;
};
int shadow_save(struct store *s, const struct shadow_row *r, int64_t now, struct err *err);
/* The shadow's fields of a link's end: 1 (an object), 0 no such end, -1. HEAD may be NULL. */
struct shadow_head {
    const char *record_id, *map_hash;
    bool deleted; /* a tombstone */
};
int shadow_load(struct store *s, struct arena *a, int64_t link_id, const char *system,
                const char *account, const struct val **fields, struct shadow_head *head,
                struct err *err);
/* The link's end there is RECORD_ID from now on, with the shadow as it was; what it was before is
 * nobody's and has no match keys. 0, -1. */
int shadow_replace(struct store *s, int64_t link_id, const char *system, const char *account,
                   const char *record_id, struct err *err);
/* Only the names of fields known to differ there. The number of rows, or -1. */
int shadow_diverge(struct store *s, int64_t link_id, const char *system, const char *account,
                   const char *record_id, const struct val *diverged, struct err *err);
/* The end is no tombstone any more: 1, 0 it was none, -1. */
int shadow_revive(struct store *s, int64_t link_id, const char *system, const char *account,
                  struct err *err);
/* The end is a tombstone. 0, -1. */
int shadow_bury(struct store *s, int64_t link_id, const char *system, const char *account,
                int64_t now, struct err *err);

/* The table of a state that was made without it. 0, -1. */
int mapping_make_table(struct store *s, struct err *err);
int gone_make_table(struct store *s, struct err *err); /* of states made without it */
/* A copy of the shadow FIELDS of SYSTEM, taken under the mapping WAS, with those that are still a
 * base under IS; all if one of them is NULL. 0, -1. */
int mapping_keep_fields(struct store *s, struct arena *a, const char *system, const char *was,
                        const char *is, const struct val *fields, struct val **out,
                        struct err *err);

struct history_row {
    int64_t seq, link_id;
    const char *resource, *system, *record_id, *field, *rule;
    const struct val *base;
    const char *source, *target, *outcome;
    int64_t token; /* 0 = none */
    const char *text;
};
int history_add(struct store *s, const struct history_row *h, int64_t now, struct err *err);

/* A decision on its way into the state (decide.c, apply.c, limits.c). */
struct deciding {
    struct store *s;
    struct arena *a;
    const struct store_commit *c;
    const struct decision *d;
    const struct event *e;
    int64_t now, seq;
    int64_t link_id;    /* 0: no link is made or touched */
    int64_t generation; /* after this decision */
    const char *external_id;
    bool new_link;
    struct store_intent *intents;
    size_t n_intents;
    size_t n_withheld;        /* writes of which something is owed until later */
    bool further;             /* the link has an end that it had not: who waits for it is freed */
    struct store_pause pause; /* STOPPED: to write; scope NULL = none */
    struct err *err;
};

/* Writes down that E is not there, or is again, with a line of history where that is news. 0, -1. */
int gone_note(struct deciding *g, const struct decision_end *e);

/* May write W not go out now? */
bool decision_withholds(const struct store_commit *c, const struct decision_write *w);
/* Does W become an intent: may it go out, and is there anything to send? */
bool decision_sends(const struct store_commit *c, const struct decision_write *w);
bool decision_is_delete(const struct decision_write *w);
/* Ends, owed, conflicts, history of a decision with a link. 0, an enum store_outcome, or -1. */
int apply_ends(struct deciding *g);
int apply_writes(struct deciding *g);
int apply_rules(struct deciding *g);
/* The link ends, or will with its last write. 0, -1. */
int apply_ended(struct deciding *g);

/* Limits: STORE_COMMITTED (within, and counted), STORE_STOPPED (err says which), -1. */
int limits_take(struct deciding *g);

/*
 * Open intents (prepared or sent), and those whose record is not known either: in the words of the
 * partial index, so that SQLite sees that it fits.
 */
#define OPEN_INTENT(n) "(" n ".state = 'prepared' OR " n ".state = 'sent')"
#define OPEN_OR_UNKNOWN "(n.state = 'prepared' OR n.state = 'sent' OR n.state = 'unknown')"

/* Rows of sync_intents as struct store_intent. */
#define INTENT_COLUMNS                                                                             \
    "token, seq, link_id, generation, target, account, resource_type, record_id, external_id, "    \
    "action, fields, before, idempotency_key, state, attempts, sent_at"
int intent_row(const struct rows *r, struct arena *a, struct store_intent *out);
/* The claims of a create go, or on to another open create of its link. */
int claims_release(struct store *s, int64_t token, int64_t link_id, struct err *err);

/* An event's intent is settled, and this (a disposition, or "lost") came of it. With its last
 * intent the event ends, or is re-opened if anything was lost. DISPOSITION as store_settle. */
int intent_finish(struct store *s, struct arena *a, const struct store_intent *n, const char *how,
                  int64_t now, const char **disposition, struct err *err);
/* Why a line in history: RULE of the intent N, OUTCOME, TEXT. */
int intent_tell(struct store *s, const struct store_intent *n, const char *rule,
                const char *outcome, const char *text, int64_t now, struct err *err);

/* A delete of the intent's event was not done, so the event is decided anew: as if its own record
 * had not been found to be deleted yet (else it is no news), and not before NOT_BEFORE (0: now).
 * 0, -1. */
int intent_undelete(struct store *s, const struct store_intent *n, int64_t not_before,
                    struct err *err);

/* A growing list in an arena: doubles ITEMS when N is a full power of two. */
void *list_grow(struct arena *a, void *items, size_t n, size_t size);

#endif
