#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "config/conf.h"
#include "config/token.h"
#include "json/val.h"
#include "stream/decision.h"
#include "stream/event.h"

/*
 * The state of one deployment (DESIGN.md section 5, contract/schema.sql): what programs may ask of
 * it. No SQL and no SQLite here, so that another backend can stand behind it. Compute first, then
 * begin, apply, commit: no transaction is open over I/O or while waiting for input. Times are ms;
 * `now` is always the caller's clock_now(). Texts handed out live in the arena given.
 *
 * Errors: locked for over 5 s = RUN/LATER "locked" (75); missing, foreign or newer state, broken
 * file = RUN/NEVER "state" (78) with a hint to sync-ctl init; full disk or I/O = "io" (74).
 */
struct store;

/* So many of a kind, for counts that are told by name. */
struct store_count {
    const char *name;
    long n;
};

/*
 * The code of an error about a value of the state that is no JSON (only a file that was edited by
 * hand, or written by a version that did not look, has one): RECORD/NEVER. The text says which row,
 * the hint how to mend it. What is asked for is filled in, with NULL for that value.
 */
#define STORE_BROKEN "broken-value"
bool store_is_broken(const struct err *err);

enum store_mode { STORE_READ, STORE_WRITE };

/* Makes the state (0600) with its schema and a random deployment id. -1 if it exists. */
int store_create(const char *path, struct err *err);
struct store *store_open(const char *path, enum store_mode mode, struct err *err);
void store_close(struct store *s); /* NULL is fine */
const char *store_deployment(const struct store *s);

/*
 * For work that must not end because somebody has the state for long (a VACUUM, a checkpoint by
 * hand): after the 5 s GO_ON is asked again and again, with the ms waited so far; false: "locked".
 * It may log and look at a signal, not use the store.
 */
typedef bool store_go_on(void *user, int64_t waited_ms);
void store_wait_on(struct store *s, store_go_on *go_on, void *user);

/*
 * Transactions for batches. Every function below that writes joins the open one, or is one of its
 * own. One begun as durable is on the disk (fsync) when store_commit returns, else that is left to
 * the next durable one (nothing is torn, only the newest commits may be missing after a power cut).
 * What must be durable: admissions, store_decide, store_sent; alone they are, and it is a bug to
 * put the last two into a transaction that is not. After a -1 inside a transaction abort it, except
 * that store_decide's ERR_RECORD leaves the transaction as it was before that decision. A commit
 * that fails has aborted. Crash points: store.before-commit, store.after-commit.
 */
int store_begin(struct store *s, bool durable, struct err *err);
int store_commit(struct store *s, struct err *err);
void store_abort(struct store *s); /* fine without one */

/*
 * ---- Leases: pipelines, jobs, writers. Valid STORE_LEASE_MS after each renewal. ----
 *
 * Those of jobs and writers end with their process, too, as far as that can be seen from here (this
 * host, this pid namespace): nobody waits for what was killed. A pipeline's stages outlive its
 * emitter, so there only time tells.
 */

enum { STORE_LEASE_MS = 30000, STORE_RENEW_MS = 10000 };

struct store_holder {
    char owner[64];
    char host[64];
    long pid;
};

/*
 * Takes lease NAME for OWNER if it is free, expired, of another boot, of a process that is gone, or
 * OWNER's already. 1 taken, 0 held by somebody living (HOLDER is filled), -1 error.
 */
int store_lease_take(struct store *s, const char *name, const char *owner,
                     struct store_holder *holder, struct err *err);
/* 1 renewed, 0 it is no longer ours. */
int store_lease_renew(struct store *s, const char *name, const char *owner, struct err *err);
int store_lease_drop(struct store *s, const char *name, const char *owner, struct err *err);

/* ---- Requests: raw webhooks, kept before they are answered ---- */

struct store_request {
    int64_t request_id;
    const char *system, *account; /* account NULL: the request speaks of several or of none */
    const char *delivery_id;      /* NULL: it has none */
    int64_t received_at;
    const char *method, *path, *query;
    const char *headers; /* JSON object */
    const char *body;
    size_t body_len;
};

/* 1 kept (state new; request_id is set), 0 this delivery id is known, -1. Join it with others in
 * one durable transaction: only then may they be answered. */
int store_request_add(struct store *s, struct store_request *r, struct err *err);
/* Requests that are not mapped yet, oldest first, at most MAX and no more behind a MiB of bodies.
 * Returns the number, or -1. */
enum { STORE_REQUEST_BYTES = 1 << 20 };
int store_requests_new(struct store *s, struct arena *a, size_t max, struct store_request **out,
                       struct err *err);
/* One request, whatever its state: 1, 0 none, -1. For mapping it again. */
int store_request_get(struct store *s, struct arena *a, int64_t request_id,
                      struct store_request *out, struct err *err);
/* Mapped, or rejected with REASON: in the transaction that admits its events. */
int store_request_mapped(struct store *s, int64_t request_id, struct err *err);
int store_request_rejected(struct store *s, int64_t request_id, const char *reason,
                           struct err *err);

/* ---- Being woken ---- */

/*
 * A descriptor that poll(2) finds readable soon after any process has committed to the state (or
 * nearly so: false alarms are possible, missed ones are not). Owned by the store. -1 with err
 * "watch" (no inotify left, or a system without): then ask store_changed from time to time.
 */
int store_watch(struct store *s, struct err *err);
/* Call before looking at the state: what is committed from now on makes the descriptor readable. */
void store_watch_clear(struct store *s);
/* Has somebody else committed since this was asked last? 1 (also the first time), 0, -1. Cheap. */
int store_changed(struct store *s, struct err *err);
/* How long a lock is waited for; -1: as at first (5 s). */
void store_patience(struct store *s, int ms);
/* Is the file at the state's path still the one that is open? 0, -1 "state" (78). */
int store_check_file(struct store *s, struct err *err);

/* ---- Inbox ---- */

struct store_admission {
    const struct event *event; /* what nominates; event_id must be set */
    const char *map_hash;
    const char *run_id;    /* NULL unless a listing admitted it */
    int64_t not_before;    /* 0 = now */
    int64_t read_at;       /* when a listing asked for what it shows, 0 = now: its received_at */
    int64_t request_id;    /* of a webhook, else 0 */
    bool hash_id;          /* the event id is a digest: known only while a twin of its lane is
                              pending and not out; else it gets the request's number as a suffix */
    bool wait_if_unlinked; /* its resource is loading: an unlinked row waits for store_loaded */
};

/* 1 admitted (SEQ set; lane by link or record), 0 this event id is known: duplicate, -1 error. */
int store_admit(struct store *s, const struct store_admission *a, int64_t now, int64_t *seq,
                struct err *err);

/* Replaces the match keys of a record, linked or not, whole. HASHES may be empty. */
int store_keys_replace(struct store *s, const char *resource, const char *system,
                       const char *account, const char *record_id, const char *const *hashes,
                       size_t n, int64_t now, struct err *err);

/*
 * Is RESOURCE loading: has a listing job of its sync no complete first run yet (DESIGN.md section
 * 6)? 1, 0, -1. A resource without jobs is never loading.
 */
int store_is_loading(struct store *s, const struct conf *conf, const char *resource,
                     struct err *err);

/* A resource has all its first listings: frees the rows that wait for it, and what is owed to
 * records that were not made before one of them was complete. */
int store_loaded(struct store *s, const char *resource, int64_t now, struct err *err);

struct store_emission {
    int64_t seq;
    int64_t fence;
    const char *payload;
    size_t payload_len;
    struct event_folded *folded; /* what was folded into it */
    size_t n_folded;
};

/*
 * Takes up to MAX free rows for PIPELINE: one a lane, none whose lane is out or whose link has an
 * open intent (prepared, sent), oldest first, rows up to UNTIL_SEQ (0 = all). Resources paused and
 * everything under a pause of scope all or of RUN are left alone. Rows behind a taken one in its
 * lane that are ready and no delete or merge are folded into it. Writes durable=false. Returns the
 * number, or -1.
 */
int store_emit(struct store *s, struct arena *a, const char *pipeline, const char *run,
               int64_t until_seq, size_t max, int64_t now, struct store_emission **rows,
               struct err *err);

/*
 * A reason to give an event back that names a record: once that has a link, or a further end of its
 * link is there, the events that wait for it are due.
 */
#define STORE_PARENT_FORMAT "parent %s %s:%s" /* resource, system, record id */

/*
 * Gives an event back (`WHERE seq, lease, fence, undisposed`): 1, or 0 if it is somebody else's
 * now. What was folded into it is free again too. NOT_BEFORE 0 = now.
 */
int store_return(struct store *s, int64_t seq, const char *pipeline, int64_t fence,
                 int64_t not_before, const char *reason, struct err *err);

/* Ends an event that was admitted just now, in the same transaction, before anybody can have it. */
int store_dispose_new(struct store *s, int64_t seq, const char *disposition, int64_t now,
                      struct err *err);

/* Ends an event, and what is folded into it as `superseded`. 1, or 0 as above. */
int store_dispose(struct store *s, int64_t seq, const char *pipeline, int64_t fence,
                  const char *disposition, const char *reason, int64_t now, struct err *err);
/*
 * The same, in an open transaction, of N events at once, into none of which anything is folded: as
 * store_facts_lane had their lanes idle under this lease. How many were ended, or -1: abort it
 * then.
 */
int store_dispose_alone(struct store *s, const int64_t *seqs, size_t n, const char *pipeline,
                        int64_t fence, const char *disposition, const char *reason, int64_t now,
                        struct err *err);

/* A refused event: a sync_rejects row, and disposition `rejected`. 1, or 0 as above. */
struct store_reject {
    const char *stage;  /* "ingest", "diff", "push", "emit", "reconcile" */
    int64_t request_id; /* 0: no webhook */
    const char *system, *account, *resource, *record_id, *target;
    const char *code, *text;
    const char *record; /* the line or value; may be NULL */
};
int store_reject(struct store *s, int64_t seq, const char *pipeline, int64_t fence,
                 const struct store_reject *r, int64_t now, struct err *err);
/* A reject without an event (a row of a listing that cannot be admitted). */
int store_reject_row(struct store *s, const struct store_reject *r, int64_t now, struct err *err);

/*
 * Frees what dead pipelines hold and what is out longer than 10 minutes without an open intent
 * (attempts + 1; after three such take-backs it is a reject `unclaimed`). Returns the number.
 */
int store_take_back(struct store *s, int64_t now, struct err *err);

/*
 * Owed fields that are due and whose link has nothing pending: admits one skinny nomination (path
 * manual) a link, from the source's end; moves their not_before on by a minute. Targets under a
 * pause are left. Returns the number.
 */
int store_nominate_owed(struct store *s, int64_t now, struct err *err);

/* How far a bounded emitter is. Rows with seq <= UNTIL_SEQ (0 = all). */
struct store_backlog {
    long free;    /* ready now */
    long out;     /* leased, in a lane that is out, or behind an open intent (also of a dead
                     owner: a sync-push takes it over) */
    long waiting; /* not_before in the future, paused, or loading */
    int64_t next_not_before; /* earliest of the waiting, 0 = none */
};
int store_backlog(struct store *s, int64_t until_seq, int64_t now, struct store_backlog *out,
                  struct err *err);
/* For an endless one: the rows that are out under PIPELINE; when the next row that waits is due
 * (0: none has a time). Both cheap. 0, -1. */
int store_out(struct store *s, const char *pipeline, long *n, struct err *err);
int store_next_due(struct store *s, int64_t now, int64_t *next, struct err *err);
int store_last_seq(struct store *s, int64_t *seq, struct err *err);

/* ---- Links, ends, shadows ---- */

struct store_end {
    const char *system, *account, *record_id;
    const struct val *shadow;   /* object: fields as that system stored them */
    const struct val *diverged; /* array of names */
    const char *version, *etag, *map_hash;
    bool deleted;
    int64_t synced_at;
};

struct store_owed {
    const char *field, *target, *source;
    const struct val *value;
    int64_t since, not_before;
    const char *refused; /* why, or NULL */
};

struct store_link {
    int64_t link_id; /* 0: none */
    const char *resource, *external_id, *owned_by;
    int64_t generation;
    bool ended;
    int open_intents;               /* prepared or sent */
    const char *unknown_targets[8]; /* targets with an outcome-unknown create, NULL-terminated */
    struct store_end *ends;
    size_t n_ends;
    struct store_owed *owed;
    size_t n_owed;
    const char **closed_fields; /* fields with an open conflict */
    size_t n_closed;
    int64_t decided_at; /* of the last committed decision, 0 = never */
};

/* The link of a record. 1, 0 not linked (LINK zeroed), -1. */
int store_find_link(struct store *s, struct arena *a, const char *resource, const char *system,
                    const char *account, const char *record_id, struct store_link *link,
                    struct err *err);
int store_load_link(struct store *s, struct arena *a, int64_t link_id, struct store_link *link,
                    struct err *err);
int store_find_external(struct store *s, const char *external_id, int64_t *link_id,
                        struct err *err);

/*
 * What a record that was listed with one of our external ids has among its keys: STORE_CARRIED and
 * the id. So who carries it is found among candidates, and store_carried says what a record
 * carries: 1, 0 none that is known, -1.
 */
#define STORE_CARRIED "carries:"
int store_carried(struct store *s, struct arena *a, const char *resource, const char *system,
                  const char *account, const char *record_id, const char **external_id,
                  struct err *err);
/* The record of SYSTEM that a person took out of the link and that is in no other: 1, 0, -1. While
 * there is one, nothing is made there for the link. */
int store_taken_out(struct store *s, struct arena *a, int64_t link_id, const char *system,
                    const char **record_id, struct err *err);

/* Records of SYSTEM that carry one of HASHES (sync_keys), at most MAX ids. Returns the number. */
int store_candidates(struct store *s, struct arena *a, const char *resource, const char *system,
                     const char *account, const char *hash, const char **ids, size_t max,
                     struct err *err);
/* Is the key claimed by an open create? 1, 0, -1. */
int store_claimed(struct store *s, const char *resource, const char *hash, struct err *err);
/* Open creates of RESOURCE at SYSTEM (prepared, sent). Returns the number. */
int store_open_creates(struct store *s, const char *resource, const char *system,
                       const char *account, struct err *err);

/*
 * The newest listing row of a record that is whole (fields, not partial), for reading an end
 * without a call: only if nothing newer was admitted for it. 1 (payload, received_at), 0, -1.
 */
int store_latest_row(struct store *s, struct arena *a, const char *resource, const char *system,
                     const char *account, const char *record_id, const char **payload,
                     int64_t *received_at, struct err *err);

/* The payload of an admitted event as it came (its number text wins over what a pipe did). */
int store_payload(struct store *s, struct arena *a, int64_t seq, const char **payload,
                  struct err *err);

/* ---- Decisions and writes ---- */

/*
 * What lines made by hand, or of a plan, have had of the limits of RESOURCE since the program
 * began: it is to them what its run is to an event of a listing.
 */
struct store_tally {
    int64_t creates, updates, changed;
};

struct store_commit {
    const struct event *event; /* seq 0: it is admitted here, in the same transaction */
    const char *pipeline;      /* of the event's lease; ignored with seq 0 */
    int64_t fence;
    const struct decision *decision;
    const struct conf *conf;
    const char *owner;               /* the writer's lease: owner of its intents */
    bool limits_lifted;              /* --yes */
    struct store_tally *tally;       /* of lines made by hand; NULL: only their hour counts */
    const struct limit *max_deletes; /* --max-deletes: instead of the resource's deletes.max and
                                        max_percent; NULL: those */
    const char **withheld; /* targets that may not be written now (paused, limited): their */
    size_t n_withheld;     /* writes become owed until withheld_until */
    int64_t withheld_until;
};

struct store_intent {
    int64_t token;
    int64_t seq, link_id, generation;
    const char *target, *account, *resource, *record_id, *external_id, *action;
    const struct val *fields; /* what is sent */
    const struct val *before;
    const char *idempotency_key; /* DEPLOYMENT-TOKEN */
    const char *state;
    int attempts;
    int64_t sent_at; /* 0 = never */
    const char *etag;
    const char *job; /* of one that is taken over: see store_job; NULL: none */
};

enum store_outcome {
    STORE_COMMITTED, /* intents filled in; without writes the event is disposed of */
    STORE_NOT_OURS,  /* fence moved on: drop the line */
    STORE_MOVED,     /* generation, UNIQUE or lane moved on: nothing happened, event re-opened; a
                        line without seq is pending in the inbox now */
    STORE_STOPPED    /* a limit: nothing happened, pause written, event returned */
};

/*
 * The decision's transaction for one line (section 5), inside a batch (a savepoint each): fence,
 * generation, limits; link, ends, shadows from `covered`, owed, intents, claims, conflicts,
 * history, disposition. STOPPED: ERR says which limit (exit 3). Returns an enum store_outcome or
 * -1. INTENTS has room for as many as there are writes; N_INTENTS is set. DISPOSITION (may be NULL)
 * is set to how the event ended if it ended.
 *
 * An end whose record is another now (`replaces`) takes the old one's place, with its shadow; the
 * old record is nobody's, and an ended link lets the new one go. A decision that ends its link and
 * writes nothing ends it here. A delete is counted against deletes.max and max_percent, per run or
 * (without) per target account and rolling hour; up to 5 pass the share. It is never withheld: a
 * decision with a delete whose target is, is the caller's to give back (here: MOVED).
 *
 * What is owed to a record that is deleted (`later` of a write: in a minute) waits until it lives
 * again. An event of which anything stays owed ends as `owed`.
 */
int store_decide(struct store *s, struct arena *a, const struct store_commit *c, int64_t now,
                 struct store_intent *intents, size_t *n_intents, const char **disposition,
                 struct err *err);

/*
 * Marks intents as sent under OWNER, one transaction, durable; one that is sent already (a create
 * taken over, looked up and sent again under its key) counts one more attempt. -1 also if one is
 * not ours ("not-ours"): then none is marked.
 */
int store_sent(struct store *s, const int64_t *tokens, size_t n, const char *owner, int64_t now,
               struct err *err);

/*
 * Keeps JOBS[i], by which the work on an intent that is sent can be asked for (provider_job), while
 * it is open; one transaction, durable. Those that are not OWNER's any more are left out.
 */
int store_job(struct store *s, const int64_t *tokens, const char *const *jobs, size_t n,
              const char *owner, struct err *err);

enum settle_kind {
    SETTLE_DONE,    /* answered and stored */
    SETTLE_REFUSED, /* refused for good (4xx but limits): reject, fields stay owed `refused` */
    SETTLE_RETRY,   /* not applied for sure, try again at not_before: fields stay owed */
    SETTLE_LOST,    /* nobody knows (update): event re-opened, decided anew */
    SETTLE_UNKNOWN, /* nobody knows and nothing to look it up by (create): reject, stays open */
    SETTLE_PART     /* some of its fields are refused for good: the intent goes on without them */
};

struct store_settlement {
    int64_t token;
    const char *owner;
    enum settle_kind kind;
    int http_status;
    const char *response;     /* shortened answer for history; no secrets; may be NULL */
    const char *record_id;    /* DONE of a create: the id there */
    const struct val *stored; /* DONE: the record's unified fields as answered or read back */
    bool stored_whole;        /* stored is the whole record (absent = null) */
    /* DONE of a create that was looked up: array of the fields sent that it shows otherwise. They
     * get no base and are nominated, so that first_contact decides; maybe it was not ours. */
    const struct val *differs;
    bool not_applied;   /* LOST: but surely not stored there; seen later it is an edit */
    bool maybe_applied; /* RETRY: it may be stored there after all; seen later it is no edit */
    /* DONE: object, field -> {"sent":V,"stored":V}: what the definition's `stores:` does not
     * explain; kept for people (operate.h, store_oddities). NULL: none */
    const struct val *odd;
    const char *version, *etag;
    const char *map_hash;
    int64_t not_before;      /* RETRY */
    const char *code, *text; /* REFUSED, RETRY, UNKNOWN, PART */
    /* PART: array of the names of those, some but not all that were sent. They stay owed `refused`,
     * with a reject; the intent is `prepared` again with the others, under this other idempotency
     * key, and the event will end as rejected at least. DISPOSITION is NULL. */
    const struct val *refused;
    const char *idempotency_key;
    bool partly; /* PART: some of the others are stored already: the intent stays `sent` */
};

/*
 * One answer (section 5, Settling). 1 settled, 2 settled as refused: a record DONE by a create is
 * another link's (reject `linked-twice`), 0 the intent is not ours any more (history says so;
 * a created id is admitted as a skinny event), -1. DISPOSITION is set to how the event ended, or to
 * NULL while other intents of it are open. Fields of the answer that were not sent and differ from
 * the shadow admit a skinny event (for a create: that are set where we sent nothing).
 *
 * A delete that is DONE (also one answered "not there") makes the end a tombstone; what was owed to
 * it goes. One that is not applied now (RETRY) or LOST re-opens its event, at not_before: decided
 * anew, so that an edit made meanwhile survives. With the last intent of a decision that said
 * ended_why the link ends, if all of them are done.
 */
int store_settle(struct store *s, const struct store_settlement *x, int64_t now,
                 const char **disposition, struct err *err);

/*
 * Intents of dead writers (lease over or process gone; sent ones also DEADLINE_MS past) are taken
 * over by OWNER and returned, at most MAX: prepared ones were never sent. Also `unknown` ones are
 * not returned.
 */
int store_take_over(struct store *s, struct arena *a, const char *owner, int64_t deadline_ms,
                    size_t max, int64_t now, struct store_intent **intents, struct err *err);

/* An intent of ours that was never sent: closed as failed, event re-opened. 1, 0 not ours, -1. */
int store_unsent(struct store *s, int64_t token, const char *owner, int64_t now, struct err *err);

/* Values that we wrote to one record's fields since SINCE, oldest first. */
struct store_written {
    const struct val *fields;
    int64_t at;
    const char *target;
    /* Of the writes to a link only: */
    int64_t generation;        /* of the link, after the decision */
    bool done;                 /* false: lost */
    const struct val *before;  /* over what; NULL: not known */
    const struct val *sources; /* field -> system whose value it was, as far as known; or NULL */
};
int store_recent_writes(struct store *s, struct arena *a, const char *target, const char *account,
                        const char *resource, const char *record_id, int64_t since,
                        struct store_written **out, struct err *err);
/*
 * The same of all ends of a link, for the breaker: two systems may undo each other through us. Only
 * since the breaker's last pause of it was lifted: a person has looked.
 */
int store_recent_link_writes(struct store *s, struct arena *a, int64_t link_id, int64_t since,
                             struct store_written **out, struct err *err);

/*
 * What intents without an answer sent to an end within the last hour, newest first: seen late, such
 * a value is no edit. Answered ones are not among them: they were applied before later writes, and
 * a person may go back to their values.
 */
int store_lost_writes(struct store *s, struct arena *a, int64_t link_id, const char *target,
                      int64_t now, struct store_written **out, struct err *err);

/* ---- Mappings ---- */

/*
 * Who saves shadows says first what their map_hash stands for (conf_sync.mapping): once, later
 * calls change nothing. 0, -1.
 */
int store_keep_mapping(struct store *s, const char *map_hash, const char *mapping, struct err *err);
/* That of a shadow: 1, 0 nobody said it, -1. */
int store_mapping(struct store *s, struct arena *a, const char *map_hash, const struct val **out,
                  struct err *err);

/* ---- Access tokens (config/token.h), the only secrets in the state ---- */

/*
 * Keeps them in the state at PATH, over a connection of its own that is opened when the first is
 * wanted. READ_ONLY, or without a state: what is kept is read, nothing is kept. Owner: the caller.
 */
struct token_store *store_tokens_new(const char *path, bool read_only);
void store_tokens_free(struct token_store *t); /* NULL is fine */
/* What is kept of a system: 1, 0 nothing (OUT zeroed), -1. For `sync-ctl auth`. */
int store_token(struct store *s, struct arena *a, const char *system, const char *account,
                struct token_kept *out, struct err *err);
/* The number of rows, or -1. */
int store_token_forget(struct store *s, const char *system, const char *account, struct err *err);

/* ---- Reports ---- */

/* v_balance: dispositions and pending with their counts; ADMITTED = highest seq ever given. */
int store_balance(struct store *s, struct arena *a, struct store_count **out, long *admitted,
                  struct err *err);
/* Counts for status: "links", "owed", "refused", "conflicts", "rejects", "open intents", ... */
int store_counts(struct store *s, struct arena *a, int64_t now, struct store_count **out,
                 struct err *err);
/* Writes per system: creates, updates done, since SINCE (0 = ever). name = "app create". */
int store_write_counts(struct store *s, struct arena *a, int64_t since, struct store_count **out,
                       struct err *err);

struct store_history {
    int64_t at, seq, link_id;
    const char *resource, *system, *record_id, *field, *rule, *base, *source, *target, *outcome,
        *token, *text;
};
/* History of a record's link (or of everything with resource NULL), oldest first, last MAX. */
int store_history(struct store *s, struct arena *a, const char *resource, const char *system,
                  const char *record_id, const char *field, size_t max, struct store_history **out,
                  struct err *err);

/* Adds N to a metric of this minute. */
int store_count(struct store *s, const char *metric, const char *system, const char *account,
                long n, int64_t now, struct err *err);

/* ---- Retention ---- */

/*
 * Removes what is disposed, settled and older than RETENTION_MS, never what is undisposed, owed,
 * open or unknown; adds removed events to sync_totals. In steps of 1,000 rows a transaction.
 * With DRY only counts. Counts per table in OUT.
 */
int store_gc(struct store *s, struct arena *a, int64_t retention_ms, bool dry, int64_t now,
             struct store_count **out, struct err *err);

#endif
