#ifndef STREAM_EVENT_H
#define STREAM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/val.h"

/*
 * A nomination: one line of the stream (sync-event(5), DESIGN.md section 4). Texts and values live
 * in the arena given to event_parse; NULL means absent or null.
 */
struct event_folded {
    int64_t seq;
    const char *system;
    const char *occurred_at;
};

struct event {
    int64_t seq;       /* 0: not admitted, the line is data */
    const char *lease; /* "PIPELINE:FENCE" */
    const char *run;
    const char *path; /* webhook, stream, delta, manual */
    const char *system;
    const char *account;
    const char *resource;
    const char *record_id;
    const char *event_type; /* created, updated, deleted, merged, account_active */
    const char *raw_event_type;
    const char *event_id;
    const char *occurred_at;
    const char *version;
    bool partial;
    const struct val *changed; /* array of names */
    const char *merged_into;   /* merged: the record that RECORD_ID is part of now */
    const char *sync_source;
    const char *sync_actor;
    const char *sync_correlation_id;
    const char *sync_timestamp;
    const char *sync_direction;
    const struct val *fields; /* unified fields, NULL = skinny */
    const char *fields_text;  /* the same as JSON, for echo_judge; NULL = skinny */
    size_t fields_len;
    const char *received_at;  /* when we got it; of a listing: when its page was asked for */
    struct event_folded *folded;
    size_t n_folded;
    bool maybe_echo;  /* set by sync-echofilter: nothing it says is to be taken for the record */
    const char *line; /* as it came, unknown members too; NULL: it was not read from a line */
    size_t len;
};

/*
 * Parse and check LINE. -1 with a RECORD error: bad-json, not-object, or bad-event naming the
 * member (wrong type, missing system/resource/record_id, `v` other than 1, an unknown path or
 * event_type, merged_into without event_type merged, a text of more than 2,000 bytes or with U+0000
 * in it). Lines with seq must have a lease. account, record_id, event_id, version and merged_into
 * may be numbers: they become their text.
 */
int event_parse(struct arena *a, const char *line, size_t len, struct event *e, struct err *err);
/* The same, but `fields` is left out: there is fields_text only. */
int event_scan(struct arena *a, const char *line, size_t len, struct event *e, struct err *err);

/*
 * Control lines ({"v":1,"eos":{...}}) are no events; every program passes them on. A line with a
 * record_id is none, whatever else it has. LINE has a NUL behind it.
 */
bool event_is_control(const char *line, size_t len);

/*
 * The event as the payload of an inbox row: one JSON object without v, seq, lease and run (emission
 * writes those in front), in the order of section 4, then received_at if it is set, then unknown
 * members. What later stages append (folded, maybe_echo, the decision, results) is left out: it
 * would be there twice when the event comes by again. fields is always there, null if skinny.
 */
void event_write_payload(struct buf *out, const struct event *e);

/*
 * Emission: {"v":1,"seq":SEQ,"lease":"PIPELINE:FENCE","run":RUN, then PAYLOAD's members. RUN NULL =
 * left out. No newline. PAYLOAD is an object as event_write_payload makes it.
 */
void event_write_line(struct buf *out, int64_t seq, const char *pipeline, int64_t fence,
                      const char *run, const char *payload, size_t payload_len);

/* The line of an event that is not admitted (fetch, records): {"v":1, then the payload. */
void event_write_data(struct buf *out, const struct event *e);

/*
 * The folded nomination (section 2.3): HEAD under seq FENCE_SEQ, skinny, no partial, changed,
 * merged_into, actor, correlation or version (they would speak for HEAD only), `folded` as given.
 */
void event_write_folded_line(struct buf *out, const struct event *head, int64_t fence_seq,
                             const char *pipeline, int64_t fence, const char *run,
                             const struct event_folded *folded, size_t n);

/*
 * Append members to LINE (one valid object, no newline) and set sync_direction to "outbound"; every
 * other byte stays, but a member of LINE that MEMBERS has too is dropped (external_id and
 * disposition are in decisions and in results). MEMBERS is "\"a\":1,\"b\":2" or "".
 */
void event_extend(struct buf *out, const char *line, size_t len, const char *members);
/* The same, but sync_direction stays as it is. */
void event_append(struct buf *out, const char *line, size_t len, const char *members);

/* Split "PIPELINE:FENCE"; -1 if it is not one. PIPELINE has room for 64 bytes. */
int event_split_lease(const char *lease, char pipeline[64], int64_t *fence);

/* {"v":1,"eos":{"run":RUN,"count":N,"complete":B}} */
void event_write_eos(struct buf *out, const char *run, long count, bool complete);

#endif
