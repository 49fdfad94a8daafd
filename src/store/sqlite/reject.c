#include <config.h>

#include "store/operate.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "store/sqlite/hand.h"

/* Refused lines, until a person decides what becomes of them. */

#define REJECT_COLUMNS                                                                             \
    "SELECT reject_id, at, coalesce(seq, 0), coalesce(request_id, 0), stage, system, account,"     \
    " resource, record_id, target, code, text, record, state FROM sync_rejects "

static void
read_row(const struct rows *r, struct arena *a, struct store_rejected *x)
{
    *x = (struct store_rejected){
        .reject_id = row_int(r, 0),
        .at = row_time(r, 1),
        .seq = row_int(r, 2),
        .request_id = row_int(r, 3),
        .stage = row_text(r, a, 4),
        .system = row_text(r, a, 5),
        .account = row_text(r, a, 6),
        .resource = row_text(r, a, 7),
        .record_id = row_text(r, a, 8),
        .target = row_text(r, a, 9),
        .code = row_text(r, a, 10),
        .text = row_text(r, a, 11),
        .record = row_text(r, a, 12),
        .state = row_text(r, a, 13),
    };
}

static int
collect(struct rows *r, struct arena *a, struct store_rejected **out)
{
    struct store_rejected *list = NULL;
    int n = 0, rc;

    while ((rc = rows_next(r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        read_row(r, a, &list[n++]);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

#define CHOSEN                                                                                     \
    "WHERE (?1 IS NULL OR resource = ?1) AND (?2 IS NULL OR code = ?2) AND (?3 OR state = 'open')"

int
store_rejects(struct store *s, struct arena *a, const char *resource, const char *code, bool all,
              size_t max, struct store_rejected **out, struct err *err)
{
    struct rows r;

    *out = NULL;
    if (db_rows(s, &r, err, REJECT_COLUMNS CHOSEN " ORDER BY reject_id DESC LIMIT ?4", "ttni",
                resource, code, (int)all, (int64_t)max) < 0)
        return -1;
    return collect(&r, a, out);
}

int
store_rejects_count(struct store *s, const char *resource, const char *code, bool all, int64_t *n,
                    struct err *err)
{
    return db_int(s, err, n, "SELECT count(*) FROM sync_rejects " CHOSEN, "ttn", resource, code,
                  (int)all) < 0
               ? -1
               : 0;
}

int
store_rejects_after(struct store *s, struct arena *a, const char *code, int64_t after, size_t max,
                    struct store_rejected **out, struct err *err)
{
    struct rows r;

    *out = NULL;
    if (db_rows(s, &r, err,
                REJECT_COLUMNS "WHERE reject_id > ? AND code = ? AND state = 'open' ORDER BY"
                               " reject_id LIMIT ?",
                "iti", after, code, (int64_t)max) < 0)
        return -1;
    return collect(&r, a, out);
}

#define OF_RECORD                                                                                  \
    "WHERE state = 'open' AND resource = ?1 AND ((system = ?2 AND record_id = ?3) OR EXISTS"       \
    " (SELECT 1 FROM sync_metadata e WHERE e.link_id = ?4 AND e.external_system = system AND"      \
    " e.record_id = sync_rejects.record_id))"

int
store_rejects_of(struct store *s, struct arena *a, const char *resource, const char *system,
                 const char *record_id, int64_t link_id, size_t max, struct store_rejected **out,
                 int64_t *n, struct err *err)
{
    struct rows r;

    *out = NULL;
    if (db_int(s, err, n, "SELECT count(*) FROM sync_rejects " OF_RECORD, "ttti", resource, system,
               record_id, link_id) < 0 ||
        db_rows(s, &r, err, REJECT_COLUMNS OF_RECORD " ORDER BY reject_id DESC LIMIT ?5", "tttii",
                resource, system, record_id, link_id, (int64_t)max) < 0)
        return -1;
    return collect(&r, a, out);
}

int
store_rejected(struct store *s, struct arena *a, int64_t reject_id, struct store_rejected *out,
               struct err *err)
{
    struct rows r;
    int rc;

    memset(out, 0, sizeof *out);
    if (db_rows(s, &r, err, REJECT_COLUMNS "WHERE reject_id = ?", "i", reject_id) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    read_row(&r, a, out);
    rows_end(&r);
    return 1;
}

/* ---- What a reject is about ---- */

struct about {
    struct hand h;
    struct store_rejected r;
    const char *resource;
    struct store_record record; /* record_id NULL: it names none */
    const char *event_type;     /* deleted or merged; NULL: what it was says nothing more */
    const char *merged_into;
    int64_t link_id; /* 0: none */
};

/* 1 an open one, 0, -1. */
static int
load_open(struct about *x, int64_t reject_id)
{
    int rc = store_rejected(x->h.s, x->h.a, reject_id, &x->r, x->h.err);

    return rc == 1 ? strcmp(x->r.state, "open") == 0 : rc;
}

static bool
is_unknown(const struct about *x)
{
    return strcmp(x->r.code, "outcome-unknown") == 0;
}

/* That a record is gone cannot be seen by looking: it must be told again. */
static int
load_type(struct about *x, const struct rows *r)
{
    const char *type = row_text(r, x->h.a, 5);
    const struct val *payload;

    if (strcmp(type, "deleted") != 0 && strcmp(type, "merged") != 0)
        return 0;
    x->event_type = type;
    if (row_val(r, x->h.a, 6, &payload) < 0)
        return -1;
    x->merged_into = arena_text(x->h.a, val_get_text(payload, "merged_into"));
    return 0;
}

/* The record of the event that was refused, and the link it was decided for. */
static int
load_event(struct about *x)
{
    struct rows r;
    int rc;

    if (x->r.seq == 0)
        return 0;
    if (db_rows(x->h.s, &r, x->h.err,
                "SELECT resource, system, account, record_id, coalesce(link_id, 0),"
                " event_type, payload FROM sync_inbox WHERE seq = ?",
                "i", x->r.seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    x->resource = row_text(&r, x->h.a, 0);
    x->record.system = row_text(&r, x->h.a, 1);
    x->record.account = row_text(&r, x->h.a, 2);
    x->record.record_id = row_text(&r, x->h.a, 3);
    x->link_id = row_int(&r, 4);
    rc = load_type(x, &r);
    rows_end(&r);
    return rc;
}

/*
 * The event's record is the one that changed; a write's own is the one it was for, which may be
 * gone. The link is where the record is now: a person may have linked it otherwise since.
 */
static int
load_about(struct about *x)
{
    int64_t now_in;
    int rc;

    if (load_event(x) < 0)
        return -1;
    if (x->record.record_id == NULL && x->r.record_id != NULL && x->r.resource != NULL &&
        x->r.system != NULL && x->r.account != NULL) {
        x->resource = x->r.resource;
        x->record = (struct store_record){x->r.system, x->r.account, x->r.record_id};
    }
    if (x->record.record_id == NULL)
        return 0;
    rc = link_of_record(x->h.s, x->resource, x->record.system, x->record.account,
                        x->record.record_id, &now_in, x->h.err);
    if (rc == 1)
        x->link_id = now_in;
    return rc < 0 ? -1 : 0;
}

/* A create of unknown outcome keeps its own link. */
static int
load_unknown(struct about *x)
{
    if (!is_unknown(x) || x->r.target == NULL)
        return 0;
    return db_int(x->h.s, x->h.err, &x->link_id,
                  "SELECT link_id FROM sync_intents WHERE seq = ? AND target = ? AND state = "
                  "'unknown'",
                  "it", x->r.seq, x->r.target) < 0
               ? -1
               : 0;
}

static int
finish(struct about *x, const char *state)
{
    const struct hand_line line = {
        .seq = x->r.seq,
        .link_id = x->link_id,
        .resource = x->resource != NULL ? x->resource : x->r.resource,
        .system = x->record.system != NULL ? x->record.system : x->r.system,
        .record_id = x->record.record_id,
        .target = x->r.target,
        .rule = "reject",
        .outcome = state,
        .text = arena_printf(x->h.a, "reject %" PRId64 " (%s)", x->r.reject_id, x->r.code)};

    if (db_run(x->h.s, x->h.err, "UPDATE sync_rejects SET state = ? WHERE reject_id = ?", "ti",
               state, x->r.reject_id) < 0)
        return -1;
    return hand_tell(&x->h, &line);
}

/* ---- Replay ---- */

/* A request that failed to map: 1 it will be mapped again, 0 it is no such, -1. */
static int
map_again(struct about *x)
{
    if (x->r.request_id == 0 || x->r.seq != 0)
        return 0;
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_requests SET state = 'new', reason = NULL WHERE request_id = ?", "i",
                  x->r.request_id);
}

/* What the target refused is owed again, and due; but what is owed to a tombstone waits for it. */
static int
free_refused(struct about *x)
{
    if (x->r.target == NULL || x->link_id == 0)
        return 0;
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_owed SET refused = NULL, not_before = CASE not_before WHEN"
                  " '" STORE_FOREVER_TEXT "' THEN not_before ELSE ? END WHERE link_id = ? AND"
                  " target = ?",
                  "mit", x->h.now, x->link_id, x->r.target) < 0
               ? -1
               : 0;
}

static int
nominate_as(struct about *x, const char *event_id)
{
    char at[CLOCK_TEXT];
    struct event e = {.path = "manual",
                      .system = x->record.system,
                      .account = x->record.account,
                      .resource = x->resource,
                      .record_id = x->record.record_id,
                      .event_type = x->event_type,
                      .merged_into = x->merged_into,
                      .event_id = event_id,
                      .sync_source = x->record.system,
                      .sync_timestamp = clock_format(x->h.now, at),
                      .sync_direction = "inbound"};
    struct store_admission admission = {.event = &e};
    int64_t seq;

    if (x->event_type == NULL)
        return inbox_nominate(x->h.s, e.system, e.account, e.resource, e.record_id, event_id,
                              x->h.now, &seq, x->h.err);
    return inbox_insert(x->h.s, &admission, x->h.now, &seq, x->h.err);
}

/* Under the first number that is free: gc frees the numbers of rejects, which are given again. */
static int
nominate(struct about *x)
{
    int rc = 0;

    for (int64_t n = 1; rc == 0; n++)
        rc = nominate_as(x, arena_printf(x->h.a, "replay:%" PRId64 ":%" PRId64, x->r.reject_id, n));
    return rc < 0 ? -1 : 0;
}

/* A deletion that was decided in part is news again only if its end is no tombstone yet. */
static int
forget_tombstone(struct about *x)
{
    if (x->event_type == NULL || strcmp(x->event_type, "deleted") != 0)
        return 0;
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_metadata SET deleted_at = NULL WHERE resource_type = ? AND"
                  " record_id = ? AND external_system = ? AND account = ? AND EXISTS (SELECT 1 FROM"
                  " sync_links l WHERE l.link_id = sync_metadata.link_id AND l.ended_at IS NULL)",
                  "tttt", x->resource, x->record.record_id, x->record.system, x->record.account) < 0
               ? -1
               : 0;
}

static int
decide_anew(struct about *x)
{
    if (x->record.record_id == NULL) {
        err_set(x->h.err, ERR_RECORD, ERR_NEVER, "no-record",
                "reject %" PRId64 " names no record that could be decided anew", x->r.reject_id);
        return err_hint(x->h.err, "drop it, and list the record again");
    }
    if (is_unknown(x) && x->r.target != NULL &&
        hand_close_unknown(&x->h, x->link_id, x->r.target, "created again") < 0)
        return -1;
    if (free_refused(x) < 0 || forget_tombstone(x) < 0 ||
        (x->link_id != 0 && hand_touch(&x->h, x->link_id) < 0))
        return -1;
    return nominate(x);
}

static int
replay(struct about *x, int64_t reject_id, bool create)
{
    int rc = load_open(x, reject_id);

    if (rc != 1)
        return rc;
    if (is_unknown(x) && !create) {
        err_set(x->h.err, ERR_RECORD, ERR_NEVER, "needs-create",
                "reject %" PRId64 ": nobody knows whether %s has the record already", reject_id,
                x->r.target != NULL ? x->r.target : x->r.system);
        return err_hint(x->h.err, "look there; then replay it with --create, link by hand, or "
                                  "drop it");
    }
    if (load_about(x) < 0 || load_unknown(x) < 0)
        return -1;
    rc = map_again(x);
    if (rc == 0)
        rc = decide_anew(x);
    if (rc < 0 || finish(x, "replayed") < 0)
        return -1;
    return 1;
}

int
store_reject_replay(struct store *s, int64_t reject_id, bool create, const char *by, int64_t now,
                    struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct about x = {.h = {.s = s, .a = a, .by = by, .now = now, .err = err}};
    struct tx tx;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx, replay(&x, reject_id, create), err);
}

/* ---- Drop ---- */

/* Nor is it created for what is owed there already: only a change makes it again. */
static int
forget_create(struct about *x)
{
    int rc = hand_close_unknown(&x->h, x->link_id, x->r.target, "dropped");

    if (rc != 1)
        return rc;
    if (db_run(x->h.s, x->h.err, "DELETE FROM sync_owed WHERE link_id = ? AND target = ?", "it",
               x->link_id, x->r.target) < 0)
        return -1;
    return hand_touch(&x->h, x->link_id);
}

/* FIELD is known to differ at the end. 0, -1. */
static int
leave_different(struct about *x, const struct store_end *e, const char *field)
{
    struct val *list = val_array(x->h.a);

    for (size_t i = 0; e->diverged != NULL && i < e->diverged->n; i++) {
        struct val *item = e->diverged->u.items[i];

        if (val_text(item) != NULL && strcmp(val_text(item), field) == 0)
            return 0;
        val_push(x->h.a, list, item);
    }
    val_push(x->h.a, list, val_string(x->h.a, field));
    return shadow_diverge(x->h.s, x->link_id, e->system, e->account, e->record_id, list, x->h.err) <
                   0
               ? -1
               : 0;
}

/* The refusal that a row of sync_owed has is that of its reject (settle.c). */
static bool
is_refusal(const struct about *x, const struct store_owed *o)
{
    return o->refused != NULL && strcmp(o->target, x->r.target) == 0 &&
           (strcmp(o->refused, x->r.text) == 0 || strcmp(o->refused, x->r.code) == 0);
}

/* One field at a time: what is left different at the end is read anew. */
static int
forget_refusal(struct about *x, const char *field)
{
    struct store_link l;

    if (db_run(x->h.s, x->h.err,
               "DELETE FROM sync_owed WHERE link_id = ? AND field = ? AND target = ?", "itt",
               x->link_id, field, x->r.target) < 0 ||
        hand_load_link(&x->h, x->link_id, &l) < 0)
        return -1;
    for (size_t i = 0; i < l.n_ends; i++)
        if (strcmp(l.ends[i].system, x->r.target) == 0 && leave_different(x, &l.ends[i], field) < 0)
            return -1;
    return 0;
}

/* A value that the system refuses is not owed for ever once a person has said to leave it. */
static int
forget_refused(struct about *x)
{
    struct store_link l;
    bool any = false;

    if (x->r.target == NULL || x->link_id == 0)
        return 0;
    if (hand_load_link(&x->h, x->link_id, &l) < 0)
        return -1;
    for (size_t i = 0; i < l.n_owed; i++) {
        if (!is_refusal(x, &l.owed[i]))
            continue;
        any = true;
        if (forget_refusal(x, l.owed[i].field) < 0)
            return -1;
    }
    return any ? hand_touch(&x->h, x->link_id) : 0;
}

static int
drop(struct about *x, int64_t reject_id)
{
    int rc = load_open(x, reject_id);

    if (rc != 1)
        return rc;
    if (load_about(x) < 0 || load_unknown(x) < 0)
        return -1;
    if (is_unknown(x) && x->r.target != NULL && x->link_id != 0 && forget_create(x) < 0)
        return -1;
    if (forget_refused(x) < 0)
        return -1;
    return finish(x, "dropped") < 0 ? -1 : 1;
}

int
store_reject_drop(struct store *s, int64_t reject_id, const char *by, int64_t now, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct about x = {.h = {.s = s, .a = a, .by = by, .now = now, .err = err}};
    struct tx tx;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx, drop(&x, reject_id), err);
}
