#include <config.h>

#include "store/sqlite/internal.h"

#include "base/clock.h"
#include "json/scan.h"

/*
 * Emission. A pass looks at the oldest free rows, takes the head of each of their lanes and folds
 * what is ready behind it; passes go on until enough is taken or nothing is free.
 */
enum { FOLD_MAX = 1000, PASS_MIN = 64 };

/* A deletion or merge is told as it is: never folded, nor anything beyond it. */
#define ALONE "event_type IN ('deleted','merged')"
#define FREE_ROW "disposition IS NULL AND lease IS NULL AND folded_into IS NULL"

struct emitting {
    struct store *s;
    struct arena *a;
    const char *pipeline;
    int64_t until_seq, now;
    struct store_emission *rows;
    size_t n, max;
};

/* Is emission for this run paused altogether? */
static int
all_paused(struct store *s, const char *run, int64_t now, struct err *err)
{
    int64_t id;

    return db_int(s, err, &id,
                  "SELECT pause_id FROM sync_pauses WHERE (until IS NULL OR until > ?1) AND"
                  " (scope = 'all' OR (scope = 'run' AND run_id = ?2)) LIMIT 1",
                  "mt", now, run);
}

struct candidate {
    const char *lane;
};

/*
 * Lanes of the oldest free rows, perhaps the same more than once. Rows of a run that was stopped
 * wait for a run: endless work does not write what a limit has stopped.
 */
static int
find_lanes(struct emitting *m, const char *run, struct candidate *list, size_t max, struct err *err)
{
    struct rows r;
    int n = 0, rc;

    if (db_rows(m->s, &r, err,
                "SELECT lane FROM sync_inbox i WHERE " FREE_ROW " AND not_before <= ?1"
                " AND (?2 = 0 OR seq <= ?2) AND resource NOT IN (SELECT resource FROM sync_pauses"
                " WHERE scope = 'resource' AND system IS NULL AND resource IS NOT NULL AND"
                " (until IS NULL OR until > ?1)) AND (?3 IS NOT NULL OR run_id IS NULL OR"
                " run_id NOT IN (SELECT run_id FROM sync_pauses WHERE scope = 'run' AND"
                " run_id IS NOT NULL AND (until IS NULL OR until > ?1)))"
                " AND NOT EXISTS (SELECT 1 FROM sync_inbox h WHERE h.lane = i.lane AND"
                " h.disposition IS NULL AND h.lease IS NOT NULL AND h.folded_into IS NULL)"
                " AND NOT EXISTS (SELECT 1 FROM sync_intents n WHERE n.link_id = i.link_id "
                "AND " OPEN_INTENT("n") ") ORDER BY not_before, seq LIMIT ?4",
                "miti", m->now, m->until_seq, run, (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1)
        list[n++].lane = row_text(&r, m->a, 0);
    return rc < 0 ? -1 : n;
}

/* Takes the oldest ready row of LANE. 1 (ALONE_TOLD: nothing is folded into it), 0, -1. */
static int
take_head(struct emitting *m, const char *lane, struct store_emission *e, bool *alone,
          struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(m->s, &r, err,
                "UPDATE sync_inbox SET lease = ?1, fence = fence + 1, leased_ms = ?2 WHERE seq ="
                " (SELECT seq FROM sync_inbox WHERE lane = ?3 AND " FREE_ROW
                " AND not_before <= ?4 AND (?5 = 0 OR seq <= ?5) ORDER BY seq LIMIT 1)"
                " AND NOT EXISTS (SELECT 1 FROM sync_inbox h WHERE h.lane = ?3 AND"
                " h.disposition IS NULL AND h.lease IS NOT NULL AND h.folded_into IS NULL)"
                " RETURNING seq, fence, payload, " ALONE,
                "titmi", m->pipeline, clock_boot(), lane, m->now, m->until_seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    e->seq = row_int(&r, 0);
    e->fence = row_int(&r, 1);
    e->payload = row_text(&r, m->a, 2);
    e->payload_len = (size_t)sqlite3_column_bytes(r.st, 2);
    *alone = row_int(&r, 3) != 0;
    while ((rc = rows_next(&r)) == 1)
        continue;
    return rc < 0 ? -1 : 1;
}

/* When the change of a folded row was made: what the provider says, else when we heard of it. */
static const char *
occurred_at(struct arena *a, const struct rows *r)
{
    struct scan_member want = {"occurred_at", NULL, 0};
    char text[64];
    int64_t ms;

    if (scan_object(row_peek(r, 2), (size_t)sqlite3_column_bytes(r->st, 2), &want, 1, NULL) == 0 &&
        scan_text(&want, text, sizeof text) == 0 && clock_parse(text, &ms, NULL) == 0)
        return arena_text(a, text);
    return row_text(r, a, 3);
}

static int
find_folded(struct emitting *m, const char *lane, struct store_emission *e, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(
            m->s, &r, err,
            "SELECT seq, system, payload, received_at FROM sync_inbox WHERE lane = ?1 AND " FREE_ROW
            " AND seq > ?2 AND not_before <= ?3 AND (?4 = 0 OR seq <= ?4) AND seq <"
            " coalesce((SELECT min(seq) FROM sync_inbox WHERE lane = ?1 AND"
            " disposition IS NULL AND seq > ?2 AND " ALONE "), 9223372036854775807)"
            " ORDER BY seq LIMIT ?5",
            "timii", lane, e->seq, m->now, m->until_seq, (int64_t)FOLD_MAX) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        struct event_folded *f;

        e->folded = list_grow(m->a, e->folded, e->n_folded, sizeof *e->folded);
        f = &e->folded[e->n_folded++];
        f->seq = row_int(&r, 0);
        f->system = row_text(&r, m->a, 1);
        f->occurred_at = occurred_at(m->a, &r);
    }
    return rc;
}

static int
fold(struct emitting *m, const char *lane, struct store_emission *e, struct err *err)
{
    if (find_folded(m, lane, e, err) < 0)
        return -1;
    for (size_t i = 0; i < e->n_folded; i++)
        if (db_run(m->s, err, "UPDATE sync_inbox SET folded_into = ? WHERE seq = ?", "ii", e->seq,
                   e->folded[i].seq) < 0)
            return -1;
    return 0;
}

/* One pass; the number of events taken, or -1. */
static int
pass(struct emitting *m, const char *run, struct err *err)
{
    size_t room = m->max - m->n;
    size_t look = room < PASS_MIN ? PASS_MIN : room;
    struct candidate *list = arena_alloc(m->a, look * sizeof *list);
    size_t before = m->n;
    int n = find_lanes(m, run, list, look, err);

    for (int i = 0; i < n && m->n < m->max; i++) {
        struct store_emission *e = &m->rows[m->n];
        bool alone = true;
        int rc = take_head(m, list[i].lane, e, &alone, err);

        if (rc < 0)
            return -1;
        if (rc == 0)
            continue;
        m->n++;
        if (!alone && fold(m, list[i].lane, e, err) < 0)
            return -1;
    }
    return n < 0 ? -1 : (int)(m->n - before);
}

/* Is any row free? Looked at without the write lock: a waiting emitter asks often. 1, 0, -1. */
static int
is_any(const struct emitting *like, const char *run, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct emitting m = *like;
    struct candidate one;

    m.a = a;
    return find_lanes(&m, run, &one, 1, err);
}

int
store_emit(struct store *s, struct arena *a, const char *pipeline, const char *run,
           int64_t until_seq, size_t max, int64_t now, struct store_emission **rows,
           struct err *err)
{
    struct emitting m = {
        .s = s, .a = a, .pipeline = pipeline, .until_seq = until_seq, .now = now, .max = max};
    struct tx tx;
    int rc;

    m.rows = arena_alloc(a, (max == 0 ? 1 : max) * sizeof *m.rows);
    *rows = m.rows;
    rc = is_any(&m, run, err);
    if (rc <= 0)
        return rc;
    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = all_paused(s, run, now, err);
    if (rc == 1)
        return tx_leave(s, &tx, 0, err);
    while (rc == 0 && m.n < max) {
        rc = pass(&m, run, err);
        if (rc == 0)
            break;
        rc = rc < 0 ? -1 : 0;
    }
    return tx_leave(s, &tx, rc < 0 ? -1 : (int)m.n, err);
}

int
store_out(struct store *s, const char *pipeline, long *n, struct err *err)
{
    int64_t out = 0;

    if (db_int(s, err, &out,
               "SELECT count(*) FROM sync_inbox INDEXED BY sync_inbox_held WHERE disposition IS"
               " NULL AND lease IS NOT NULL AND folded_into IS NULL AND lease = ?",
               "t", pipeline) < 0)
        return -1;
    *n = (long)out;
    return 0;
}

int
store_next_due(struct store *s, int64_t now, int64_t *next, struct err *err)
{
    struct rows r;
    int rc;

    *next = 0;
    if (db_rows(s, &r, err,
                "SELECT not_before FROM sync_inbox INDEXED BY sync_inbox_ready WHERE " FREE_ROW
                " AND not_before > ? AND not_before < '" STORE_FOREVER_TEXT "'"
                " ORDER BY not_before LIMIT 1",
                "m", now) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    *next = row_time(&r, 0);
    rows_end(&r);
    return 0;
}
