#include <config.h>

#include "store/sqlite/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* ---- Admission ---- */

static const char *
payload_of(struct arena *a, const struct event *e, int64_t received_at)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    char received[CLOCK_TEXT];
    struct event copy = *e;

    copy.received_at = clock_format(received_at, received);
    copy.n_folded = 0;
    event_write_payload(&b, &copy);
    return arena_ntext(a, buf_get(&b), b.len);
}

/* Not INSERT OR IGNORE: that takes a number for a row it does not insert (v_balance counts them).
 */
static int
known_event(struct store *s, const struct event *e, struct err *err)
{
    int64_t seq;

    return db_int(s, err, &seq,
                  "SELECT seq FROM sync_inbox WHERE system = ? AND account = ? AND event_id = ?",
                  "ttt", e->system, e->account, e->event_id);
}

/*
 * Is the record's newest row free and of this digest (with a request's number or without)? Only the
 * newest: one with a listing's row behind it would make that row look like the latest news.
 */
static int
has_twin(struct store *s, const struct event *e, struct err *err)
{
    int64_t seq;

    return db_int(s, err, &seq,
                  "SELECT seq FROM sync_inbox WHERE seq = (SELECT max(seq) FROM sync_inbox WHERE"
                  " resource = ?1 AND record_id = ?2 AND system = ?3 AND account = ?4) AND"
                  " disposition IS NULL AND lease IS NULL AND folded_into IS NULL AND"
                  " (event_id = ?5 OR substr(event_id, 1, length(?5) + 1) = ?5 || '#')",
                  "ttttt", e->resource, e->record_id, e->system, e->account, e->event_id);
}

static int
insert(struct store *s, struct arena *a, const struct store_admission *x, const struct event *e,
       const char *lane, int64_t link_id, int64_t now, int64_t *seq, struct err *err)
{
    bool loading = x->wait_if_unlinked && link_id == 0;
    int64_t not_before = x->not_before > now ? x->not_before : now;
    int64_t received_at = x->read_at != 0 ? x->read_at : now;

    if (db_run(s, err,
               "INSERT INTO sync_inbox (lane, link_id, system, account, resource, record_id,"
               " event_type, event_id, path, request_id, run_id, received_at, map_hash, payload,"
               " not_before, reason) VALUES (?, nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?,"
               " ?, ?, ?, ?, ?)",
               "titttttttitmttmt", lane, link_id, e->system, e->account, e->resource, e->record_id,
               e->event_type == NULL ? "updated" : e->event_type, e->event_id,
               e->path == NULL ? "manual" : e->path, x->request_id, x->run_id, received_at,
               x->map_hash == NULL ? "" : x->map_hash, payload_of(a, e, received_at),
               loading ? STORE_FOREVER : not_before, loading ? "loading" : NULL) < 0)
        return -1;
    *seq = db_last_id(s);
    return 1;
}

/* The event goes in with its own id, or a digest with the request's number: 1, 0 known, -1. */
static int
insert_new(struct store *s, struct arena *a, const struct store_admission *x, int64_t link_id,
           int64_t now, int64_t *seq, struct err *err)
{
    struct event e = *x->event;
    const char *lane = link_id != 0
                           ? lane_of_link(a, link_id)
                           : lane_of_record(a, e.system, e.account, e.resource, e.record_id);
    int rc = x->hash_id ? has_twin(s, &e, err) : 0;

    if (x->hash_id)
        e.event_id = arena_printf(a, "%s#%" PRId64, e.event_id, x->request_id);
    if (rc == 0)
        rc = known_event(s, &e, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return insert(s, a, x, &e, lane, link_id, now, seq, err);
}

int
inbox_insert(struct store *s, const struct store_admission *x, int64_t now, int64_t *seq,
             struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const struct event *e = x->event;
    int64_t link_id;

    if (e->event_id == NULL || e->account == NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-event", "%s: missing",
                       e->event_id == NULL ? "event_id" : "account");
    if (link_of_record(s, e->resource, e->system, e->account, e->record_id, &link_id, err) < 0)
        return -1;
    return insert_new(s, a, x, link_id, now, seq, err);
}

int
inbox_nominate(struct store *s, const char *system, const char *account, const char *resource,
               const char *record_id, const char *event_id, int64_t now, int64_t *seq,
               struct err *err)
{
    char at[CLOCK_TEXT];
    struct event e = {.path = "manual",
                      .system = system,
                      .account = account,
                      .resource = resource,
                      .record_id = record_id,
                      .event_type = "updated",
                      .event_id = event_id,
                      .sync_source = system,
                      .sync_timestamp = clock_format(now, at),
                      .sync_direction = "inbound"};
    struct store_admission x = {.event = &e};

    return inbox_insert(s, &x, now, seq, err);
}

int
store_admit(struct store *s, const struct store_admission *x, int64_t now, int64_t *seq,
            struct err *err)
{
    struct tx tx;

    *seq = 0;
    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx, inbox_insert(s, x, now, seq, err), err);
}

/*
 * Creates that waited for a first listing, which is this one: what is owed to records that are not
 * there yet is due.
 */
static int
free_owed(struct store *s, const char *resource, int64_t now, struct err *err)
{
    return db_run(s, err,
                  "UPDATE sync_owed SET not_before = ?1 WHERE refused IS NULL AND not_before > ?1"
                  " AND EXISTS (SELECT 1 FROM sync_runs WHERE kind = 'first_load' AND ended_at IS"
                  " NULL) AND EXISTS (SELECT 1 FROM sync_links l WHERE l.link_id ="
                  " sync_owed.link_id AND l.resource_type = ?2 AND l.ended_at IS NULL) AND NOT"
                  " EXISTS (SELECT 1 FROM sync_metadata e WHERE e.link_id = sync_owed.link_id AND"
                  " e.external_system = sync_owed.target)",
                  "mt", now, resource);
}

int
store_loaded(struct store *s, const char *resource, int64_t now, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = db_run(s, err,
                "UPDATE sync_inbox SET not_before = ?, reason = NULL WHERE disposition IS NULL AND"
                " lease IS NULL AND folded_into IS NULL AND not_before = '" STORE_FOREVER_TEXT "'"
                " AND resource = ?",
                "mt", now, resource);
    if (rc >= 0 && free_owed(s, resource, now, err) < 0)
        rc = -1;
    return tx_leave(s, &tx, rc, err);
}

/* ---- How it ends ---- */

/* Is the event out under this lease and fence? 1, 0, -1. */
static int
is_ours(struct store *s, int64_t seq, const char *pipeline, int64_t fence, struct err *err)
{
    int64_t found;

    return db_int(s, err, &found,
                  "SELECT seq FROM sync_inbox WHERE seq = ? AND lease = ? AND fence = ? AND"
                  " disposition IS NULL AND folded_into IS NULL",
                  "iti", seq, pipeline, fence);
}

/* What was folded into the event ends with it. */
static int
end_folded(struct store *s, int64_t seq, int64_t now, struct err *err)
{
    return db_run(s, err,
                  "UPDATE sync_inbox SET disposition = 'superseded', disposed_at = ?2 WHERE"
                  " disposition IS NULL AND lane = (SELECT lane FROM sync_inbox WHERE seq = ?1) AND"
                  " folded_into = ?1",
                  "im", seq, now);
}

int
inbox_end(struct store *s, int64_t seq, const char *disposition, const char *reason, int64_t now,
          struct err *err)
{
    if (end_folded(s, seq, now, err) < 0)
        return -1;
    return db_run(s, err,
                  "UPDATE sync_inbox SET disposition = ?, reason = ?, disposed_at = ? WHERE seq = ?"
                  " AND disposition IS NULL",
                  "ttmi", disposition, reason, now, seq);
}

static int
give_back(struct store *s, int64_t seq, const char *pipeline, int64_t fence, int64_t not_before,
          const char *reason, struct err *err)
{
    int rc = is_ours(s, seq, pipeline, fence, err);

    if (rc != 1)
        return rc;
    if (lane_reopen(s, seq, err) < 0)
        return -1;
    rc = db_run(s, err,
                "UPDATE sync_inbox SET not_before = coalesce(?, not_before), reason = ?"
                " WHERE seq = ?",
                "Mti", not_before, reason, seq);
    return rc < 0 ? -1 : 1;
}

int
store_return(struct store *s, int64_t seq, const char *pipeline, int64_t fence, int64_t not_before,
             const char *reason, struct err *err)
{
    struct tx tx;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    return tx_leave(s, &tx, give_back(s, seq, pipeline, fence, not_before, reason, err), err);
}

int
store_dispose_new(struct store *s, int64_t seq, const char *disposition, int64_t now,
                  struct err *err)
{
    return inbox_end(s, seq, disposition, NULL, now, err) < 0 ? -1 : 0;
}

/* inbox_end of an event that is out under this lease and fence, else nothing: 1, 0, -1. */
static int
end_ours(struct store *s, int64_t seq, const char *pipeline, int64_t fence, const char *disposition,
         const char *reason, int64_t now, struct err *err)
{
    int rc =
        db_run(s, err,
               "UPDATE sync_inbox SET disposition = ?, reason = ?, disposed_at = ? WHERE seq = ?"
               " AND lease = ? AND fence = ? AND disposition IS NULL AND folded_into IS NULL",
               "ttmiti", disposition, reason, now, seq, pipeline, fence);

    if (rc == 1 && end_folded(s, seq, now, err) < 0)
        return -1;
    return rc;
}

/* Adds SEQ > 0 and END; printf takes as long as a tenth of what is done with it. */
static void
put_seq(struct buf *out, int64_t seq, char end)
{
    char text[24], *p = text + sizeof text;

    *--p = end;
    for (; seq > 0; seq /= 10)
        *--p = (char)('0' + seq % 10);
    buf_add(out, p, (size_t)(text + sizeof text - p));
}

/* OR FAIL: the transaction is aborted then, so the statement needs no journal of its own. */
int
store_dispose_alone(struct store *s, const int64_t *seqs, size_t n, const char *pipeline,
                    int64_t fence, const char *disposition, const char *reason, int64_t now,
                    struct err *err)
{
    CLEANUP_BUF struct buf list = BUF_INIT;

    buf_char(&list, '[');
    for (size_t i = 0; i < n; i++)
        put_seq(&list, seqs[i], i + 1 < n ? ',' : ']');
    return db_run(s, err,
                  "UPDATE OR FAIL sync_inbox SET disposition = ?, reason = ?, disposed_at = ?"
                  " WHERE seq IN (SELECT value FROM json_each(?)) AND lease = ? AND fence = ? AND"
                  " disposition IS NULL AND folded_into IS NULL",
                  "ttmtti", disposition, reason, now, buf_get(&list), pipeline, fence);
}

int
store_dispose(struct store *s, int64_t seq, const char *pipeline, int64_t fence,
              const char *disposition, const char *reason, int64_t now, struct err *err)
{
    struct tx tx;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    return tx_leave(s, &tx, end_ours(s, seq, pipeline, fence, disposition, reason, now, err), err);
}

/*
 * A linked record whose link lacks an end says at each of its events why: the same is said once, of
 * the newest event. 1 it was said, 0, -1.
 */
static int
say_again(struct store *s, int64_t seq, const struct store_reject *r, int64_t now, struct err *err)
{
    int64_t link_id = 0;
    int rc =
        db_int(s, err, &link_id,
               "SELECT link_id FROM sync_inbox WHERE seq = ? AND link_id IS NOT NULL", "i", seq);

    if (rc != 1)
        return rc;
    return db_run(s, err,
                  "UPDATE sync_rejects SET at = ?, seq = ? WHERE state = 'open' AND stage = ? AND"
                  " code = ? AND text = ? AND resource = ? AND system = ? AND account = ? AND"
                  " record_id = ?",
                  "mittttttt", now, seq, r->stage, r->code, r->text, r->resource, r->system,
                  r->account, r->record_id);
}

static bool
is_of_matching(const struct store_reject *r)
{
    return strcmp(r->stage, "diff") == 0 && r->text != NULL && r->system != NULL &&
           (strcmp(r->code, "ambiguous") == 0 || strcmp(r->code, "linked-elsewhere") == 0 ||
            strcmp(r->code, "ended-link") == 0);
}

int
inbox_reject_row(struct store *s, int64_t seq, const struct store_reject *r, int64_t now,
                 struct err *err)
{
    int rc = seq != 0 && is_of_matching(r) ? say_again(s, seq, r, now, err) : 0;

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return db_run(s, err,
                  "INSERT INTO sync_rejects (at, stage, seq, request_id, system, account, resource,"
                  " record_id, target, code, text, record, state)"
                  " VALUES (?, ?, nullif(?, 0), nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, 'open')",
                  "mtiitttttttt", now, r->stage, seq, r->request_id, r->system, r->account,
                  r->resource, r->record_id, r->target, r->code, r->text == NULL ? "" : r->text,
                  r->record) < 0
               ? -1
               : 0;
}

int
store_reject(struct store *s, int64_t seq, const char *pipeline, int64_t fence,
             const struct store_reject *r, int64_t now, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = is_ours(s, seq, pipeline, fence, err);
    if (rc == 1 && inbox_reject_row(s, seq, r, now, err) < 0)
        rc = -1;
    if (rc == 1)
        rc = inbox_end(s, seq, "rejected", r->code, now, err);
    return tx_leave(s, &tx, rc, err);
}

int
store_reject_row(struct store *s, const struct store_reject *r, int64_t now, struct err *err)
{
    struct tx tx;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    return tx_leave(s, &tx, inbox_reject_row(s, 0, r, now, err), err);
}

/* ---- What is known of an event ---- */

int
store_last_seq(struct store *s, int64_t *seq, struct err *err)
{
    int rc;

    *seq = 0;
    rc = db_int(s, err, seq, "SELECT seq FROM sqlite_sequence WHERE name = 'sync_inbox'", "");
    return rc < 0 ? -1 : 0;
}

int
store_payload(struct store *s, struct arena *a, int64_t seq, const char **payload, struct err *err)
{
    struct rows r;
    int rc;

    *payload = NULL;
    if (db_rows(s, &r, err, "SELECT payload FROM sync_inbox WHERE seq = ?", "i", seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    *payload = row_text(&r, a, 0);
    rows_end(&r);
    return 1;
}

int
inbox_has_intent(struct store *s, int64_t seq, struct err *err)
{
    int64_t token;

    return db_int(s, err, &token,
                  "SELECT n.token FROM sync_intents n WHERE n.link_id ="
                  " (SELECT link_id FROM sync_inbox WHERE seq = ?1) AND " OPEN_INTENT(
                      "n") " AND n.seq = ?1 LIMIT 1",
                  "i", seq);
}
