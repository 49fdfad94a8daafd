#ifndef PROVIDER_INBOUND_H
#define PROVIDER_INBOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/conf.h"
#include "json/val.h"
#include "stream/event.h"

/*
 * A webhook request as it came in, and what a definition makes of it: challenge, verification,
 * accounts, events. Pure: no I/O, no clock, no state, so that `sync-ingest listen` and `sync-ingest
 * filter` give the same answers, and any request can be judged again later. Texts live in the arena
 * or are borrowed from the request.
 */
struct inbound_header {
    const char *name; /* lower case */
    const char *value;
};

struct inbound {
    const char *system; /* NULL: not routed yet */
    const char *method;
    const char *path;  /* as sent, undecoded, without query */
    const char *query; /* as sent, without the ?; "" if none */
    const struct inbound_header *headers;
    size_t n_headers;
    const char *body; /* raw bytes; need not be text */
    size_t body_len;
    int64_t received_at; /* ms; 0: not known */
};

/* Puts a header into R, whose headers are TO (room for one more), in lower case; or behind the one
 * of this name (RFC 9110 5.2). VALUE is borrowed. */
void inbound_add_header(struct arena *a, struct inbound *r, struct inbound_header *to,
                        const char *name, const char *value);

/*
 * The captured request of contract/cli.txt: {system, method, path, query, headers, body |
 * body_base64, received_at}; header names come out lower case, a header that stands twice (an array
 * of texts) is joined by ", " (RFC 9110 5.2). A body that is no text is JSON written out. method is
 * POST by default. -1 with a RECORD error "bad-request".
 */
int inbound_parse(struct arena *a, const char *line, size_t len, struct inbound *r,
                  struct err *err);
/* The same back, one JSON object without newline; body_base64 where the body is no UTF-8. */
void inbound_write(struct buf *out, const struct inbound *r);
/*
 * Only the headers, as one JSON object, and back: the column sync_requests.headers. Headers that
 * carry credentials (authorization, cookie, what a rule `equals` of SYSTEM's definition compares)
 * are left out: it has been judged. Bytes that are no UTF-8 are read as Latin-1.
 */
const char *inbound_headers_text(struct arena *a, const struct conf_system *system,
                                 const struct inbound *r);
int inbound_headers_read(struct arena *a, const char *text, struct inbound *r, struct err *err);

enum inbound_verdict {
    INBOUND_ACCEPT,    /* verified: keep it, then answer as `answer` says (ack) */
    INBOUND_CHALLENGE, /* answer, keep nothing */
    INBOUND_REFUSE     /* answer (401 or what on_bad_signature says), keep nothing */
};

struct inbound_answer {
    int status;
    const char *content_type; /* NULL: no body */
    const char *body;
    size_t body_len;
    const char *code; /* REFUSE: no-signature, bad-signature, stale, from-the-future,
                         bad-timestamp, bad-credentials */
    const char *text; /* REFUSE: one line for the log; no secret, no expected signature */
};

/*
 * Judges R as sent to SYSTEM's webhook at NOW: unsigned challenges, then the signature (any of the
 * definition's verify rules with any of the config's secrets, constant time over raw bytes), then
 * signed challenges.
 */
enum inbound_verdict inbound_judge(struct arena *a, const struct conf_system *system,
                                   const struct inbound *r, int64_t now,
                                   struct inbound_answer *answer);

/*
 * The accounts that R speaks of, each once, in order ("": items that do not say); none if the
 * definition has no `account` (then R is SYSTEM's own) or R has no items. -1 with a RECORD error if
 * R cannot be read (no JSON, no array where split says, too many accounts): it belongs to nobody in
 * particular then.
 */
int inbound_accounts(struct arena *a, const struct conf_system *system, const struct inbound *r,
                     const char ***accounts, size_t *n, struct err *err);

/*
 * R's body with the items of these ACCOUNTS only (what a tenant may see of a batch for several). -1
 * as above.
 */
int inbound_only(struct arena *a, const struct conf_system *system, const struct inbound *r,
                 const char *const *accounts, size_t n, const char **body, size_t *len,
                 struct err *err);

/* The id of the delivery as a whole if it stands in a header (event.id of headers only, else the
 * {id} that is signed), else NULL: equal for retries. */
const char *inbound_delivery_id(struct arena *a, const struct conf_system *system,
                                const struct inbound *r);

struct inbound_event {
    struct event event; /* path webhook; event_id set */
    bool hash_id;       /* the id is a digest of the item: collapses only with a pending twin */
};

struct inbound_bad { /* an item that cannot be mapped: a reject */
    const char *code, *text;
    const char *record;                         /* the item as text */
    const char *resource, *record_id, *account; /* what is known, else NULL */
};

struct inbound_events {
    struct inbound_event *events;
    size_t n;
    struct inbound_bad *bad;
    size_t n_bad;
    size_t dropped;  /* items that map to nothing */
    size_t foreign;  /* items of other accounts than SYSTEM's */
    size_t unsynced; /* of resources that the config does not sync for SYSTEM */
};

/* R as events of SYSTEM. -1 with a RECORD error if R cannot be read at all. */
int inbound_map(struct arena *a, const struct conf *conf, const struct conf_system *system,
                const struct inbound *r, struct inbound_events *out, struct err *err);

#endif
