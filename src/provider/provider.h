#ifndef PROVIDER_PROVIDER_H
#define PROVIDER_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/conf.h"
#include "config/token.h"
#include "http/client.h"
#include "json/val.h"
#include "provider/meter.h"

/*
 * A definition at work on one system: builds requests from templates, adds credentials, sends them
 * over http/client (at most `concurrency` at once, the rest queues), reads answers into records.
 * Asynchronous: a call returns at once, `done` comes out of http_poll. Reads that fail by
 * connection, 5xx or a short limit are tried again for at most 5 s (full jitter); writes are sent
 * once, except that a limit or a refused connection (nothing was applied) is tried again within
 * the same 5 s. A system that cannot be reached, or left three calls in a row unanswered, is not
 * called for PROVIDER_DOWN_MS: calls end NOT_SENT at once, code "down". URLs that come from
 * payloads must be on the system's own host.
 */
struct provider;

struct provider_record {
    const char *id;
    const struct val *fields; /* unified names, the system's own words; whole: absent = null */
    const char *external_id;  /* NULL */
    const char *version;      /* text of the version, NULL */
    const char *etag;         /* what guards its next write: ETag header of a get or write, or
                                 version of kind etag, or the version a precondition names; NULL */
    int64_t changed_at;       /* version of kind timestamp, 0 = unknown */
    const struct val *raw;    /* the provider's own record */
};

enum { PROVIDER_DOWN_MS = 30000 };

enum provider_outcome {
    PROVIDER_OK,
    PROVIDER_GONE,     /* get: the record is not there (gone statuses); update: those of get */
    PROVIDER_LIMITED,  /* not applied; again at not_before */
    PROVIDER_NOT_SENT, /* never went out */
    PROVIDER_LOST,     /* a write that may have been applied: timeout, reset, 408, 5xx. A read
                          that still came to nothing after its retries: try later */
    PROVIDER_CONFLICT, /* write: 409, 412: somebody was faster; not applied */
    PROVIDER_REFUSED,  /* this record is refused for good: other 4xx; or the call cannot be made
                          of what was given (code no-call, no-value, bad-path, bad-request) */
    PROVIDER_AUTH,     /* 401, 403 on a list or write: the system refuses us; SYSTEM error */
    PROVIDER_BROKEN    /* answered, but not what the definition says: HTML, bad JSON, no records.
                          For a write: it may have been applied */
};

struct provider_answer {
    enum provider_outcome outcome;
    int status; /* 0: none */
    /* http-NNN; timeout, lost, not-sent, untrusted, proxy-login, too-big (no answer); not-json,
     * no-records, no-record, no-id, other-record (an answer for another id), page-loop, bad-cursor,
     * not-one, gone-after-write, no-read-back (BROKEN); no-call, no-value, bad-path, bad-request
     * (REFUSED); no-token (NOT_SENT: no access token is to be had now); login, credentials (AUTH:
     * the token endpoint refuses us, a person must log in or put auth right). NULL if OK. */
    const char *code;
    const char *text; /* one line for people: "GET /contacts/7: HTTP 422: ..."; at most 200 bytes of
                         the answer, no secrets. NULL if OK, but of a delete that found nothing */
    int64_t not_before; /* LIMITED, and codes "down", "no-token": when to come again; else 0 */
    struct provider_record *records;
    size_t n_records;
    const char *id; /* write: the record's id where known, also if reading it back failed */
    int64_t total;  /* of a listing: rows of the whole, as it says; -1: it does not */
    const char *next_cursor; /* list: where to go on, opaque; NULL = this was the last page */
    int64_t server_now;      /* Date header, 0 = none */
    bool whole;              /* bulk: said of the whole call, not of this item */
    bool read_back;          /* a write whose record was read back */
    /* REFUSED, CONFLICT: array of unified names, the fields that the answer says are at fault; also
     * some that were not sent. NULL: it names none that are mapped. */
    const struct val *blamed;
    size_t n_bad;            /* rows left out of `records` (no id, no object): not fatal */
    const char *bad_text;    /* why the first was */
};

/* Borrowed for the callback's time: copy what must live longer. */
typedef void provider_done(void *user, const struct provider_answer *answer);

/* One of many writes of one kind. */
struct provider_item {
    const char *id; /* NULL: a create */
    const char *external_id, *idempotency_key, *etag;
    const struct val *fields; /* NULL: a delete */
    const char *job;          /* provider_resume: as it was told */
    provider_done *done;
    void *user;
};
enum provider_action { PROVIDER_CREATE, PROVIDER_UPDATE, PROVIDER_DELETE };

struct provider *provider_new(const struct conf_system *system, struct http *http);

/* Other times than 20 s a request and 5 s of trying again; 0 = as it is, PATIENCE < 0 = never
 * again. For tests and for callers whose lease is shorter. */
void provider_timing(struct provider *p, int64_t deadline_ms, int64_t patience_ms);

/*
 * Is asked before each write goes out, also before one that had to wait here: false = it must not
 * any more, NOT_SENT. For callers who hold a lease.
 */
void provider_guard(struct provider *p, bool (*may_write)(void *user), void *user);

/* Limits are shared and calls counted by METER (copied), before the first call. */
void provider_meter(struct provider *p, const struct meter *meter);
/* Hands counts over, tick: those of a second ago. Whoever waits for other things calls it before.
 * provider_free does, too. NULL is fine. */
void provider_flush(struct provider *p);
void provider_tick(struct provider *p);

/*
 * Where the access tokens of a system whose auth gets some are kept (config/token.h); before the
 * first call, and longer than the provider. Without it they are kept nowhere: what needs a refresh
 * token then ends NOT_SENT "no-token" when its access token is over.
 */
void provider_tokens(struct provider *p, const struct token_store *store);

/* HTTP requests sent so far, retries too. */
long provider_calls(const struct provider *p);

/*
 * While a limit of the system or of the config holds, calls wait for it, or end LIMITED at once if
 * that is longer than they would try; not_before says when their turn may come.
 */

/* Whose account do the credentials open? records[0].id. OK with no records if the definition has
 * no identity call. */
void provider_identity(struct provider *p, provider_done *done, void *user);

/*
 * One page. SINCE_MS: from when (the caller has taken overlap off), 0 = everything. CURSOR NULL =
 * first page. A next cursor that equals CURSOR is BROKEN (code page-loop); so is, by offset or
 * number, a page with the rows of the page before. An empty page may have a next cursor. LIMIT > 0
 * caps the page size.
 */
void provider_list(struct provider *p, const struct resource_def *r, int64_t since_ms,
                   const char *cursor, long limit, provider_done *done, void *user);

void provider_get(struct provider *p, const struct resource_def *r, const char *id,
                  provider_done *done, void *user);

/* Can records be sought by FIELD (a unified name, or "external_id")? */
bool provider_can_find(const struct resource_def *r, const char *field);
/* Records whose FIELD is VALUE by the provider's own judgement. */
void provider_find(struct provider *p, const struct resource_def *r, const char *field,
                   const char *value, provider_done *done, void *user);

/*
 * Writes. FIELDS: unified names, values as they go out (numbers keep their text). records[0] is the
 * record as answered or read back (answer: none). Creates send external_id where the definition
 * maps it. ETAG (provider_record.etag) NULL = unconditional; it is sent as the definition's
 * precondition says. A record is read back where the definition or an empty answer calls for it; a
 * read-back that fails is LOST (for the moment) or BROKEN, with the write applied.
 */
/*
 * Is the create of R an upsert, then it may be an update of the record that has this external id,
 * and may be repeated. Ids that are ours to make are made of the external id: provider_client_id.
 */
void provider_create(struct provider *p, const struct resource_def *r, const struct val *fields,
                     const char *external_id, const char *idempotency_key, provider_done *done,
                     void *user);
void provider_update(struct provider *p, const struct resource_def *r, const char *id,
                     const struct val *fields, const char *etag, provider_done *done, void *user);

/* The id that a record created under EXTERNAL_ID gets; NULL if the system makes it. */
const char *provider_client_id(struct arena *a, const struct resource_def *r,
                               const char *external_id);

/*
 * OK with no records, whatever a 2xx answer shows; OK also if the record is not there (any more,
 * one of the definition's gone statuses): text says so then. All else as for the other writes.
 */
void provider_delete(struct provider *p, const struct resource_def *r, const char *id,
                     const char *etag, provider_done *done, void *user);

/* How many of these the definition takes in one call; 1: one by one. */
long provider_bulk_max(const struct resource_def *r, enum provider_action action);
/* Can one with this ETAG be among them? */
bool provider_bulk_fits(const struct resource_def *r, enum provider_action action,
                        const char *etag);
/* How long what went out in one call may still be done; 0: it is when it is answered. */
int64_t provider_bulk_late_ms(const struct resource_def *r, enum provider_action action);
/*
 * N writes in one call, N at most provider_bulk_max; none of them may be guarded by a header. Each
 * item's DONE is called once, with an answer of its own: one of which the call's answer says
 * nothing is LOST (code no-result). An answer that is said of the whole call (`whole`) is each
 * item's. Is the call answered before the work is done, the job is asked for until it is, or its
 * deadline is over: LOST (job-late, job-failed).
 */
void provider_bulk(struct provider *p, const struct resource_def *r, enum provider_action action,
                   const struct provider_item *items, size_t n);

/* An item whose call was answered before the work was done. JOB is one line for provider_resume,
 * without secrets: its place in the call, and what names the work. */
struct provider_job {
    void *user; /* of the item */
    const char *job;
};
typedef void provider_accepted(void *user, const struct provider_job *jobs, size_t n);
/*
 * ACCEPTED is told the items of such a call, before its job is asked for the first time, so that
 * another process can go on asking if this one dies. Before the first call.
 */
void provider_jobs(struct provider *p, provider_accepted *accepted, void *user);
/*
 * Goes on where a process stopped that sent ITEM in a call at SENT_BOOT (boot clock): its job is
 * asked for, once for all items of it that are resumed together, and DONE is called as by
 * provider_bulk. LOST also if the job is not there any more (code job-gone). False: it cannot be
 * asked for (the definition knows of no such job now, or it is on another host); nothing is called.
 */
bool provider_resume(struct provider *p, const struct resource_def *r, enum provider_action action,
                     const struct provider_item *item, int64_t sent_boot);

/* The request that a create (ID NULL), an update or, with FIELDS NULL, a delete would send, for
 * people: METHOD URL, headers with secrets as [secret], body. */
int provider_preview(struct provider *p, const struct resource_def *r, const char *id,
                     const struct val *fields, const char *external_id, struct buf *out,
                     struct err *err);

/* The same of N writes in one call. ERRS[i] has a code if that one cannot be sent; OUT is left as
 * it is if none can. -1: the call cannot be made. */
int provider_bulk_preview(struct provider *p, const struct resource_def *r,
                          enum provider_action action, const struct provider_item *items, size_t n,
                          struct err *errs, struct buf *out, struct err *err);

/* What stands at F in a provider's record; NULL: nothing does. */
const struct val *provider_field(const struct field_map *f, const struct val *raw);
/* A provider's record -> unified fields (absent paths = null), pure; 0, or -1 with why. */
int provider_map(struct arena *a, const struct resource_def *r, const struct val *raw,
                 struct provider_record *out, struct err *err);

void provider_free(struct provider *p); /* after its http; NULL is fine */

#endif
