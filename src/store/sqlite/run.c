#include <config.h>

#include "store/sqlite/internal.h"

int
store_run_begin(struct store *s, const char *run_id, const char *job, const char *kind, int64_t now,
                struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = db_run(s, err,
                "INSERT INTO sync_runs (run_id, sync_job_id, kind, started_at, status)"
                " VALUES (?, ?, ?, ?, 'running')",
                "tttm", run_id, job, kind, now);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}

int
store_run_page(struct store *s, const char *run_id, const char *cursor, long listed, long admitted,
               struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = db_run(s, err,
                "UPDATE sync_runs SET page_cursor = ?, listed = listed + ?, admitted = admitted + ?"
                " WHERE run_id = ?",
                "tiit", cursor, (int64_t)listed, (int64_t)admitted, run_id);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}

#define ROWS_OF_RUN                                                                                \
    " FROM sync_inbox WHERE system = ?1 AND account = ?2 AND event_id >= ?3 || '/' AND event_id <" \
    " ?3 || '0'" /* what follows the slash */

int
store_run_rows(struct store *s, const char *run_id, const char *system, const char *account,
               struct store_run_rows *out, struct err *err)
{
    int rc;

    if (db_int(s, err, &out->rows, "SELECT count(*)" ROWS_OF_RUN, "ttt", system, account, run_id) <
            0 ||
        db_int(s, err, &out->records, "SELECT count(DISTINCT record_id)" ROWS_OF_RUN, "ttt", system,
               account, run_id) < 0)
        return -1;
    out->different = out->records;
    if (out->rows == out->records)
        return 0;
    /* Versions stand in the payloads: they are looked at only if records came twice. */
    rc = db_int(
        s, err, &out->different,
        "SELECT count(*) FROM (SELECT DISTINCT record_id, payload ->> '$.version'" ROWS_OF_RUN ")",
        "ttt", system, account, run_id);
    return rc < 0 ? -1 : 0;
}

/* The pause of a stopped run goes when nothing that it withheld is pending any more. */
static int
lift_spent(struct store *s, struct err *err)
{
    int64_t pending;
    int rc = db_int(s, err, &pending,
                    "SELECT pause_id FROM sync_pauses WHERE scope = 'run' AND run_id IN (SELECT"
                    " run_id FROM sync_runs WHERE ended_at IS NOT NULL) LIMIT 1",
                    "");

    if (rc != 1)
        return rc;
    rc = db_int(s, err, &pending,
                "SELECT seq FROM sync_inbox INDEXED BY sync_inbox_pending WHERE disposition IS NULL"
                " AND reason = 'limit' LIMIT 1",
                "");
    if (rc != 0)
        return rc;
    return db_run(s, err,
                  "DELETE FROM sync_pauses WHERE scope = 'run' AND run_id IN (SELECT run_id FROM"
                  " sync_runs WHERE ended_at IS NOT NULL)",
                  "");
}

static int
end_run(struct store *s, const char *run_id, bool complete, const char *status, bool only_open,
        int64_t now, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = db_run(s, err,
                "UPDATE sync_runs SET ended_at = ?1, complete = ?2, status = ?3 WHERE run_id = ?4"
                " AND (?5 = 0 OR ended_at IS NULL)",
                "mnttn", now, (int)complete, status, run_id, (int)only_open);
    if (rc >= 0)
        rc = lift_spent(s, err);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}

int
store_run_end(struct store *s, const char *run_id, bool complete, const char *status, int64_t now,
              struct err *err)
{
    return end_run(s, run_id, complete, status, false, now, err);
}

int
store_run_abandon(struct store *s, const char *run_id, int64_t now, struct err *err)
{
    return end_run(s, run_id, false, "failed", true, now, err);
}

int
store_run_last(struct store *s, struct arena *a, const char *job, struct store_run *out,
               struct err *err)
{
    struct rows r;
    int rc;

    *out = (struct store_run){0};
    if (db_rows(s, &r, err,
                "SELECT run_id, sync_job_id, kind, status, started_at, ended_at, page_cursor,"
                " listed, admitted, creates, updates, deletes, complete FROM sync_runs WHERE"
                " sync_job_id = ? ORDER BY started_at DESC, rowid DESC LIMIT 1",
                "t", job) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    *out = (struct store_run){
        .run_id = row_text(&r, a, 0),
        .job = row_text(&r, a, 1),
        .kind = row_text(&r, a, 2),
        .status = row_text(&r, a, 3),
        .started_at = row_time(&r, 4),
        .ended_at = row_time(&r, 5),
        .page_cursor = row_text(&r, a, 6),
        .listed = (long)row_int(&r, 7),
        .admitted = (long)row_int(&r, 8),
        .creates = (long)row_int(&r, 9),
        .updates = (long)row_int(&r, 10),
        .deletes = (long)row_int(&r, 11),
        .complete = row_int(&r, 12) != 0,
    };
    rows_end(&r);
    return 1;
}

int
store_runs_open(struct store *s, struct arena *a, const char *job, const char ***ids,
                struct err *err)
{
    const char **list = NULL;
    struct rows r;
    int n = 0, rc;

    *ids = NULL;
    if (db_rows(s, &r, err,
                "SELECT run_id FROM sync_runs WHERE sync_job_id = ? AND ended_at IS NULL"
                " ORDER BY started_at, rowid",
                "t", job) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n++] = row_text(&r, a, 0);
    }
    *ids = list;
    return rc < 0 ? -1 : n;
}
