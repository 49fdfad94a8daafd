#ifndef PROVIDER_INTERNAL_H
#define PROVIDER_INTERNAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/conf.h"
#include "http/client.h"
#include "json/val.h"
#include "provider/bucket.h"
#include "provider/inbound.h"
#include "provider/meter.h"
#include "provider/provider.h"
#include "provider/token.h"

/* Private to src/provider. Errors are RECORD unless said otherwise. */

struct call;

/* --- template.c: texts with placeholders -------------------------------------------------- */

/* The values of placeholders; NULL = has none. Borrowed. */
struct tmpl {
    const char *id;
    const char *external_id;
    const char *account;
    const char *base_url;
    const char *since;
    const char *until;
    const char *cursor;
    const char *size;
    const char *idempotency_key;
    const char *etag;
    const char *key;
    const char *value;
    const char *job;
    bool cursor_is_number; /* alone in a body text, {cursor} becomes a number; {size} always does */
};

enum tmpl_use {
    TMPL_PATH, /* values are URL-escaped ({base_url} is not); a value of "", "." or ".." is none */
    TMPL_TEXT  /* as they are */
};

/* Adds TEXT with its placeholders filled: 1, or 0 if one of them has no value (OUT is spoiled). */
int tmpl_fill(struct buf *out, const char *text, const struct tmpl *t, enum tmpl_use use);
/* The same into the arena, NULL if a value is missing. */
const char *tmpl_text(struct arena *a, const char *text, const struct tmpl *t);
/* A body template filled; members and items without a value are left out (NULL: all of it). */
struct val *tmpl_body(struct arena *a, const json_t *body, const struct tmpl *t);

/* --- body.c: what is sent ----------------------------------------------------------------- */

enum { BODY_MAX_INDEX = 1000 };

/* Sets what is at a dotted PATH, making objects (arrays for numbers) on the way. -1 "bad-path" if
 * something else is in the way. VALUE is shared, not copied. */
int body_set(struct arena *a, struct val *root, const char *path, struct val *value,
             struct err *err);

/* The body of a create or update: E's template, and FIELDS, EXTERNAL_ID (NULL) and an id that is
 * ours to give at their paths below E's record. NULL and err. */
struct val *body_build(struct arena *a, const struct resource_def *r, const struct endpoint *e,
                       const struct tmpl *t, const struct val *fields, const char *external_id,
                       struct err *err);

/* --- form.c: bodies as forms -------------------------------------------------------------- */

/*
 * V, an object, as application/x-www-form-urlencoded: members of objects as a[b]=c, places of
 * lists as a[0]=c, null and what is empty as a=.
 */
void form_write(struct buf *out, const struct val *v);

/* --- precondition.c: writes only if nobody was faster -------------------------------------- */

/* By what E's writes to R are guarded; never DEFAULT. */
enum precondition_kind precondition_kind(const struct resource_def *r, const struct endpoint *e);
/* Is it the record's version that is sent, and not its ETag? */
bool precondition_is_version(const struct resource_def *r);
/* The header that says it, with VALUE; NULL if it stands elsewhere or cannot be said. */
const char *precondition_header(struct arena *a, const struct resource_def *r,
                                const struct endpoint *e, const char *version, const char **value);
/* The same in the record that is sent. */
int precondition_set(struct arena *a, const struct resource_def *r, const struct endpoint *e,
                     const char *version, struct val *record, struct err *err);

/* --- pair.c: values in lists of pairs ------------------------------------------------------ */

const struct val *pair_get(const struct pair *p, const struct val *record);
int pair_set(struct arena *a, const struct pair *p, struct val *record, struct val *value,
             struct err *err);

/* --- map.c -------------------------------------------------------------------------------- */

enum { RECORD_MAX_ID = 2000 };

/* What is at PATH of V; "" is V itself. */
const struct val *record_at(const struct val *v, const char *path);
/* A time of the provider: RFC 3339, or seconds or milliseconds since 1970; 0 if it is none. */
int64_t record_time(const struct val *v);

/* --- moment.c: moments in the words of a listing's watermark ------------------------------- */

/* What {since} and {until} become. */
const char *moment_text(struct arena *a, const struct listing *l, int64_t ms);
/* What a row says of its change; 0: it says nothing that can be read. */
int64_t moment_read(const struct listing *l, const struct val *v);
/* The field at NAME, or NULL. */
const struct field_map *record_field(const struct resource_def *r, const char *name);

/* --- auth.c: credentials and what hides them ---------------------------------------------- */

enum { SECRETS_MAX = 512 };

struct secrets {
    char **items; /* owned: each form in which a secret may come back */
    size_t n;
    size_t fixed; /* the first so many are the config's; of others the newest SECRETS_MAX */
};

/* Adds the credentials to a request of C, whose system's token is there: a header, or what stands
 * behind its URL. C keeps in mind which token that is. */
void auth_apply(struct call *c, struct http_request *r);
/* The header with the system's credentials, for people; false if there is none. */
bool auth_header_hidden(const struct conf_system *s, struct http_header *out);
/* URL with what auth_apply puts behind it, for people. */
const char *auth_url_hidden(struct arena *a, const struct conf_system *s, const char *url);
/* URL without what auth_apply puts behind it, as a system may say it again. */
const char *auth_url_without(struct arena *a, const struct conf_system *s, const char *url);
void secrets_init(struct secrets *s, const struct auth *auth);
void secrets_add(struct secrets *s, const char *text); /* NULL is none */
/* TEXT with each secret replaced by [secret]. */
const char *secrets_hide(const struct secrets *s, struct arena *a, const char *text, size_t len);
void secrets_release(struct secrets *s);

/* --- page.c: where a listing stands ------------------------------------------------------- */

enum { PAGE_MAX_CURSOR = 8 * 1024 };

struct page {
    const char *value;  /* of {cursor}; NULL = first page of cursors */
    bool number;        /* value is a number */
    const char *url;    /* NEXT_URL, LINK: ask this instead */
    const char *size;   /* of {size}; NULL = no size */
    int64_t at;         /* OFFSET, NUMBER: where this page stands */
    uint64_t seen;      /* OFFSET, NUMBER: mark of the rows of the page before, 0 = none */
    const char *cursor; /* as given */
};

/* Reads the opaque CURSOR (NULL = first page). -1 "bad-cursor". */
int page_read(struct arena *a, const struct listing *l, const char *base_url, const char *cursor,
              long limit, struct page *out, struct err *err);
/* What a page's answer says of the next one. */
struct page_answer {
    const char *url;        /* that was asked */
    const char *link;       /* target of the Link header with rel=next, NULL */
    const struct val *body; /* all of it */
    const struct val *rows; /* its array of rows */
};
/* The cursor after an answer's page (NULL: this was the last one). -1: "page-loop", "bad-cursor".
 */
int page_next(struct arena *a, const struct resource_def *r, const struct page *now,
              const char *base_url, const struct page_answer *answer, const char **next,
              struct err *err);

/* --- limit.c: when to come back ----------------------------------------------------------- */

enum {
    LIMIT_MAX_WAIT_MS = 24 * 3600 * 1000,
    LIMIT_UNKNOWN_WAIT_MS = 10000,
    LIMIT_UNKNOWN_MOST_MS = 300000
};

/* An answer while it is judged. NOW: its own Date where it has one, else ours. */
struct limit_scene {
    struct arena *arena;
    const struct http_answer *answer;
    int64_t now;
    bool parsed;
    const struct val *body; /* NULL: it is no JSON */
};
void limit_begin(struct limit_scene *s, struct arena *a, const struct http_answer *h, int64_t now);

struct limit_found {
    int64_t wait_ms; /* from now, -1 if it does not say how long */
    int64_t min_ms, max_ms;
};
/* Does the answer say "too much"? */
bool limit_match(struct limit_scene *s, const struct definition *d, struct limit_found *out);

/* Is S one of these answers? The same of a part of an answer, by itself. */
bool limit_is_meant(struct limit_scene *s, const struct limit_when *when);
bool limit_is_said(const struct limit_when *when, int status, const struct val *body);

struct limit_left {
    int64_t remaining, limit;
    int64_t reset_ms; /* from now; -1: it does not say */
};
/* Does the answer say how much of B is left? */
bool limit_left(struct limit_scene *s, const struct limit_budget *b, struct limit_left *out);

/* Full jitter: 0 to 100 ms * 2^TRIES, at most 2 s. */
int64_t limit_backoff_ms(int tries);
/* After the IN_ROW-th limit (from 0) that does not say how long: 10 s, 20 s, .. 5 min. */
int64_t limit_unknown_ms(int in_row);

/* --- quota.c: may a request go out now? --------------------------------------------------- */

/*
 * What this process knows of the account's buckets (bucket.h): a few tokens in hand, so that
 * the state is asked once for many requests, and until when it is closed. All on the boot
 * clock.
 */
struct quota {
    struct bucket_set local; /* of this process alone, if nothing is shared */
    long tokens;
    int64_t tokens_until;
    int64_t looked_at;
    int64_t closed_until; /* 0: open */
    enum bucket_why why;
    int64_t dry_until;  /* no token before */
    int64_t spread_at;  /* the turn of who was sent away last */
    int in_row;         /* limits without an end, in a row */
    int64_t told_again; /* the day's use as answers say it is not looked at before, unless .. */
    long told_used;     /* .. it is a good deal more than this */
    bool waking;        /* a timer is set */
};

/* Takes one request's right to go out: 0, or the ms until it may be worth asking again. */
int64_t quota_take(struct provider *p);
/* How long one that queues up now would wait, as far as it is known to. */
int64_t quota_delay(struct provider *p);
/* It cannot wait for so long: in how many ms it should come again, so that not all come at
 * once. */
int64_t quota_later(struct provider *p, int64_t wait);
/* The system said "too much", come again in so many ms: for all processes. */
void quota_close(struct provider *p, int64_t wait);
/* Budgets that an answer tells. */
void quota_hear(struct provider *p, struct limit_scene *s);
/* Why it is closed, for people. */
const char *quota_why(const struct provider *p);
/* Gives tokens back that were not used. */
void quota_release(struct provider *p);

/* --- counts.c: what calls cost ------------------------------------------------------------ */

/* R goes out, AGAIN: not for the first time. */
void counts_request(struct provider *p, const struct http_request *r, bool again);
void counts_answered(struct provider *p, const struct http_answer *h);
void counts_status(struct provider *p, int status);

/* --- request.c ---------------------------------------------------------------------------- */

struct request {
    const char *method;
    const char *url;
    const char *shown; /* "GET /contacts/7": no query, for messages */
    struct http_header *headers;
    size_t n_headers;
    const char *body; /* NULL: none */
    size_t body_len;
};

/*
 * Puts a request together in the arena. PAGE (NULL) is a listing's; BODY (NULL) what goes out.
 * R is NULL for calls of no resource. AUTH is the credentials' header or NULL. -1: "no-value" (a
 * path without its value), "other-host".
 */
int request_build(struct arena *a, const struct conf_system *s, const struct resource_def *r,
                  const struct endpoint *e, const struct tmpl *t, const struct page *page,
                  const struct listing *list, struct val *body, const struct http_header *auth,
                  struct request *out, struct err *err);

/* --- provider.c --------------------------------------------------------------------------- */

/* The request of E with T and BODY, as provider_preview. */
int preview_request(struct provider *p, const struct resource_def *r, const struct endpoint *e,
                    const struct tmpl *t, struct val *body, struct buf *out, struct err *err);

/* --- call.c: one call on its way ---------------------------------------------------------- */

enum call_kind {
    CALL_IDENTITY,
    CALL_LIST,
    CALL_GET,
    CALL_FIND,
    CALL_CREATE,
    CALL_UPDATE,
    CALL_DELETE,
    CALL_BULK, /* many of these in one */
    CALL_POLL  /* what became of it */
};

struct call {
    struct provider *p;
    struct call *prev, *next; /* all calls of the provider */
    struct call *queued;      /* the next that waits for its turn */
    struct arena *arena;      /* owned */
    enum call_kind kind;
    const struct resource_def *r; /* NULL: identity */
    const struct endpoint *e;     /* what is asked now: a read-back's differs from the write's */
    provider_done *done;
    void *user;
    struct tmpl t;
    struct page page;
    struct request q;
    const struct val *sent; /* writes: the fields */
    bool writing;           /* the request on its way is a write */
    bool read_back;         /* the write is done, its record is being read */
    int64_t read_back_at;   /* boot clock */
    struct val *body;       /* as given to call_ask, for building the request anew */
    const char *token;      /* that it was last sent with; NULL: no such kind of auth */
    int renewed;            /* how often it was answered 401 and sent again with another token */
    bool waits;             /* for a token; it keeps its place among those under way */
    int64_t asked_at;       /* boot clock: the last request went out then or later */
    int tries;
    int sends;               /* requests gone out for it */
    int64_t started;         /* boot clock, 0 = not yet */
    const struct val *shown; /* BULK, POLL: what was answered; NULL: nothing */
    struct provider_answer answer;
};

struct provider {
    const struct conf_system *system;
    struct http *http;
    struct secrets secrets;
    struct token *token;   /* owned; NULL: auth is not dynamic */
    struct conf_system at; /* see provider_at */
    struct call *calls;    /* all, newest first */
    struct bulk *bulks;
    struct call *first, **last; /* those that wait for their turn */
    long n_queued;
    int active;
    long sent;
    struct quota quota;
    struct meter meter; /* empty: nothing is shared */
    struct call_counts counts;
    int64_t flushed_at; /* boot clock */
    int64_t down_until; /* boot clock: nobody answers there */
    int unanswered;     /* calls in a row that ended without an answer */
    int64_t deadline_ms;
    int64_t patience_ms;
    bool (*may_write)(void *may_user); /* NULL: yes */
    void *may_user;
    provider_accepted *accepted; /* NULL: nobody keeps jobs */
    void *accepted_user;
};

/* The system with base_url where its API is for this account (token.h). Until the next token. */
const struct conf_system *provider_at(struct provider *p);

struct call *call_new(struct provider *p, enum call_kind kind, const struct resource_def *r,
                      const struct endpoint *e, provider_done *done, void *user);
/* Builds the request of c->e with c->t and BODY and sends it, or ends the call. */
void call_ask(struct call *c, struct val *body);
/* The token that C has waited for is there: sends it. */
void call_go(struct call *c);
/* There is none: ends it, out of http_poll. */
void call_stop(struct call *c, const struct err *err, int64_t not_before);
/* There may be room for those that wait for their turn. */
void call_next(struct provider *p);
/* Ends the call out of http_poll. */
void call_end_later(struct call *c);
void call_end_err(struct call *c, enum provider_outcome outcome, const struct err *err);
/* Sets outcome, code and text ("METHOD /path: ...") of the answer; secrets are hidden. */
void call_say(struct call *c, enum provider_outcome outcome, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void call_free(struct call *c);

/* --- answer.c: what an answer means ------------------------------------------------------- */

/* The first 200 bytes of a body as one line for people, without secrets. */
const char *answer_excerpt(const struct call *c, const struct http_answer *h);
/* blame.c: the fields of R that an error's BODY names, as provider_answer.blamed. Pure. */
const struct val *blame_find(struct arena *a, const struct resource_def *r, const struct val *body);
/* Fills c->answer from an answer of status 2xx. True: the call is done; false: it goes on
 * (read-back). */
bool answer_read(struct call *c, const struct http_answer *h);
/* Fills c->answer's outcome, code and text from any other answer but a limit. */
void answer_refused(struct call *c, const struct http_answer *h);

/* --- readback.c: the record after a write that does not show it --------------------------- */

/* True: the call is done (there is no way to read it). */
bool readback_start(struct call *c, const struct val *record, const struct http_answer *h);
/* What a failed read says of the write before it. */
void readback_failed(struct call *c);
/*
 * Is what was just read the state before the write, as E's lag allows, so that it should be read
 * again? That is: no record yet, or not one field as it was sent (a system that stores all of them
 * in its own way costs the lag, or the call's patience, at such a write).
 */
bool readback_is_stale(const struct call *c);

/* --- bulk.c: many writes in one call -------------------------------------------------------- */

struct bulk_item {
    struct provider_item in; /* copied */
    bool over;               /* its callback was called */
    size_t place;            /* among those that were sent */
};

struct bulk {
    struct provider *p;
    struct bulk *prev, *next; /* all of the provider */
    struct arena *arena;      /* owned; this is in it */
    const struct resource_def *r;
    const struct endpoint *e; /* of one */
    enum provider_action action;
    struct bulk_item *items;
    size_t n, n_sent;
    struct call *call;    /* under way */
    struct endpoint poll; /* what is asked for the job */
    const char *job;      /* its id, or its URL */
    bool waits;           /* resumed, and not asked for yet: more of its items may come */
    bool resumed;
    int64_t deadline; /* boot clock: of the job */
    int status;       /* of the answer to the batch */
};

/* What one of these is sent by. */
const struct endpoint *bulk_endpoint(const struct resource_def *r, enum provider_action action);
/* Without items; there is room for N. */
struct bulk *bulk_new(struct provider *p, const struct resource_def *r, enum provider_action action,
                      size_t n);
void bulk_add(struct bulk *b, const struct provider_item *in);
/* Nobody knows what became of them: ends all that are not over, and B. */
void bulk_end_lost(struct bulk *b, const char *code, const char *text);
/* Without callbacks: the provider goes. */
void bulk_free(struct bulk *b);

/* --- bulk_body.c: what goes out ------------------------------------------------------------- */

/* The list of B's items, and their places in it. Has ERRS[i] a code, that one cannot be built. */
struct val *bulk_list(struct bulk *b, struct err *errs);
/* The body of the call, with T, around LIST. */
struct val *bulk_root(struct bulk *b, const struct tmpl *t, struct val *list, struct err *err);

/* --- bulk_job.c: calls that are answered before the work is done ----------------------------- */

/* C, the answer to B's call, names a job: tells who sent it, and asks for it until it is done. */
void bulk_watch(struct bulk *b, struct call *c);

/* --- bulk_result.c: what its answer says of each ------------------------------------------- */

/* Ends each item by what V, the answer of C, says of it. */
void bulk_deal(struct bulk *b, struct call *c, const struct val *v);

/* --- spot.c: places in a request that came in --------------------------------------------- */

struct scene {
    struct arena *arena;
    const struct inbound *r;
    const struct val *envelope; /* the whole body; NULL: it is no JSON */
    const struct val *item;     /* after split */
};

/* Parses the body; -1 with a RECORD error. */
int scene_open(struct arena *a, const struct inbound *r, struct scene *s, struct err *err);
/* The value of a header (NAME in lower case) or of the first query parameter NAME, decoded; NULL.
 */
const char *inbound_header(const struct inbound *r, const char *name);
const char *inbound_query(struct arena *a, const struct inbound *r, const char *name);
/* TEXT from the wire as UTF-8: bytes that are none are read as Latin-1. */
const char *inbound_utf8(struct arena *a, const char *text);
bool inbound_is_utf8(const char *bytes, size_t len);
/* What stands there; NULL if nothing does. */
const struct val *spot_get(const struct scene *s, const struct spot *spot);
/* The same as text (numbers by their text); NULL also for what has no text, and for "". */
const char *spot_text(const struct scene *s, const struct spot *spot);

/* --- verify.c: is it from whom it says? ---------------------------------------------------- */

/* Does R pass any of the definition's rules? Else ANSWER's code and text say why not. */
bool verify_request(struct arena *a, const struct conf_system *system, const struct inbound *r,
                    int64_t now, struct inbound_answer *answer);

/* --- challenge.c: requests that only ask for an echo --------------------------------------- */

/* Is R a challenge among those that are (not) signed? ANSWER is filled then. */
bool challenge_answer(struct arena *a, const struct webhook_def *def, const struct inbound *r,
                      bool is_signed, struct inbound_answer *answer);

/* --- webhook_items.c: what a request is about ---------------------------------------------- */

struct items {
    struct scene scene;       /* .item: none */
    const struct val **items; /* the body itself if the definition does not split */
    size_t n;
};

/* -1 with a RECORD error: no JSON, no array where split says. */
int items_open(struct arena *a, const struct conf_system *system, const struct inbound *r,
               struct items *out, struct err *err);
/* Account of an item as text, "" if it does not say; NULL: the definition has no accounts. */
const char *item_account(const struct items *items, size_t i, const struct event_map *map);
/* The joined parts of event.id (HEADERS_ONLY: NULL if there are others), NULL if one is missing;
 * with a digest of the body behind them if they stand where no signature covers them. */
const char *item_joined_id(const struct scene *s, const struct webhook_def *def, bool headers_only);
/* As inbound_accounts. */
int items_accounts(const struct items *items, const struct event_map *map, const char ***accounts,
                   size_t *n, struct err *err);

/* --- webhook_event.c: one item as an event -------------------------------------------------- */

/* The word a rule gives for an item; NULL: it maps to nothing. */
const char *webhook_word(const struct scene *s, const struct word_rule *rule);
/* All of an event but its id, record id, system, account and resource. */
void webhook_event(const struct scene *s, const struct conf_system *system,
                   const struct resource_def *def, struct event *out);

#endif
