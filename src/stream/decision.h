#ifndef STREAM_DECISION_H
#define STREAM_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/val.h"
#include "stream/event.h"

/*
 * What sync-diff appends to an event and sync-push commits: link, generation, ends, rules, writes
 * or hold (DESIGN.md section 4). One struct for both sides of the pipe. Plain values in an arena.
 * Members of the line are called as here; hold_* stand in an object `hold`, ended_why is
 * link_ended.
 */
struct decision_end {
    const char *system;
    const char *account;
    const char *record_id;     /* NULL: there is no record there */
    const struct val *covered; /* object: fields as read, which become the shadow */
    const char *version;       /* NULL = unknown */
    const char *etag;
    const char *state;          /* "live", "gone" (403/404 on read), "deleted" */
    const char *replaces;       /* the end was this record before (merge, made anew); may be NULL */
    const struct val *diverged; /* array of field names known to differ and left so; may be NULL */
};

struct decision_rule {
    const char *field;
    const char *rule; /* rule name, see sync/decide.h */
    const struct val *base;
    const char *source; /* system whose value won; NULL */
    bool diverged;
    bool conflict;
    const struct val *owed;   /* array of systems this field is owed to; may be NULL */
    const struct val *values; /* conflict: object, what each system shows; else NULL */
};

struct decision_write {
    const char *target;
    const char *account;
    const char *action;           /* create, update, delete */
    const char *target_record_id; /* NULL for a create */
    const char *external_id;
    const struct val *set;   /* object: unified fields, values in the target's words; delete: {} */
    const struct val *later; /* object: fields owed to it that have no word there yet (references),
                                in their source's words; NULL: none. With an empty SET nothing is
                                sent */
    const struct val *sources; /* object: field -> system it comes from */
    const struct val *before;  /* object or NULL */
    const char *etag;
    const char *hold_reason; /* not NULL: it is not sent, its fields are owed until then */
    const char *hold_not_before;
};

struct decision {
    int64_t link;            /* 0: make it */
    int64_t generation;      /* 0 for a new link */
    const char *external_id; /* of the link: fixed when it is made */
    struct decision_end *ends;
    size_t n_ends;
    struct decision_rule *rules;
    size_t n_rules;
    struct decision_write *writes;
    size_t n_writes;
    const char *hold_reason; /* not NULL: the event goes back to the inbox */
    const char *hold_not_before;
    const char *hold_pause; /* this system is to be paused with that reason (canary); may be NULL */
    bool reopen;            /* an ended link is opened again (undelete, recreate) */
    const char *ended_why;  /* not NULL: the link ends; with writes, once they are done */
    const char *disposition;  /* what the event ends as without writes: unchanged, gone, ignored,
                                 not-owner, conflict, unmapped ... (section 6) */
    const char *text;         /* why, for people; may be NULL */
    const char *reject_code;  /* not NULL: disposition rejected, with text */
    const struct val *claims; /* array of match key hashes of the record, for creates */
    const char *map_hash;     /* of the sync entry and definitions the decision was made under */
};

/* Members as event_extend wants them (no braces). */
void decision_write_members(struct buf *out, const struct decision *d);

/* Parse them back from a whole line's value. -1 with err "bad-decision" naming the member. */
int decision_parse(struct arena *a, const struct val *line, struct decision *d, struct err *err);

#endif
