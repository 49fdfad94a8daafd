#include <config.h>

#include "store/sqlite/internal.h"

/*
 * How much is left to do. It is asked often, so it counts what is out and what waits by their own
 * indexes; the rest of what is pending is free.
 */

/*
 * Lanes that are out. Those behind an open intent of a dead writer count too: any sync-push takes
 * that over, so it is worth waiting for.
 */
#define OUT_LANES                                                                                  \
    "WITH o (lane) AS (SELECT lane FROM sync_inbox INDEXED BY sync_inbox_held WHERE"               \
    " disposition IS NULL AND lease IS NOT NULL AND folded_into IS NULL UNION SELECT 'L' ||"       \
    " n.link_id FROM sync_intents n INDEXED BY sync_intents_open WHERE " OPEN_INTENT("n") ") "

#define READY "i.disposition IS NULL AND i.lease IS NULL AND i.folded_into IS NULL"
#define UNTIL "(?2 = 0 OR i.seq <= ?2)"

static int
count_out(struct store *s, int64_t until_seq, int64_t now, struct store_backlog *b,
          int64_t *out_waiting, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                OUT_LANES "SELECT count(*), coalesce(sum(" READY " AND i.not_before > ?1), 0) FROM"
                          " o CROSS JOIN sync_inbox i ON i.lane = o.lane WHERE"
                          " i.disposition IS NULL AND " UNTIL,
                "mi", now, until_seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return -1;
    b->out = (long)row_int(&r, 0);
    *out_waiting = row_int(&r, 1);
    rows_end(&r);
    return 0;
}

static int
count_waiting(struct store *s, int64_t until_seq, int64_t now, struct store_backlog *b,
              struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT count(*), min(i.not_before) FROM sync_inbox i INDEXED BY sync_inbox_ready"
                " WHERE " READY " AND i.not_before > ?1 AND " UNTIL,
                "mi", now, until_seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return -1;
    b->waiting = (long)row_int(&r, 0);
    b->next_not_before = row_time(&r, 1);
    rows_end(&r);
    return 0;
}

/* Ready rows that a pause holds back: 0 unless there is such a pause. */
static int
count_paused(struct store *s, int64_t until_seq, int64_t now, int64_t *n, struct err *err)
{
    int64_t pauses = 0;

    *n = 0;
    if (db_int(s, err, &pauses,
               "SELECT count(*) FROM sync_pauses WHERE scope IN ('all','resource') AND"
               " (until IS NULL OR until > ?)",
               "m", now) < 0)
        return -1;
    if (pauses == 0)
        return 0;
    return db_int(s, err, n,
                  OUT_LANES
                  "SELECT count(*) FROM sync_inbox i INDEXED BY sync_inbox_ready WHERE " READY
                  " AND i.not_before <= ?1 AND " UNTIL
                  " AND i.lane NOT IN (SELECT lane FROM o) AND EXISTS (SELECT 1 FROM"
                  " sync_pauses z WHERE (z.until IS NULL OR z.until > ?1) AND"
                  " (z.scope = 'all' OR (z.scope = 'resource' AND z.system IS NULL AND"
                  " z.resource = i.resource)))",
                  "mi", now, until_seq) < 0
               ? -1
               : 0;
}

static int
count_all(struct store *s, int64_t until_seq, int64_t now, struct store_backlog *b, struct err *err)
{
    int64_t pending = 0, out_waiting, paused;

    if (db_int(s, err, &pending,
               "SELECT count(*) FROM sync_inbox i INDEXED BY sync_inbox_pending WHERE"
               " i.disposition IS NULL AND (?1 = 0 OR i.seq <= ?1)",
               "i", until_seq) < 0 ||
        count_out(s, until_seq, now, b, &out_waiting, err) < 0 ||
        count_waiting(s, until_seq, now, b, err) < 0 ||
        count_paused(s, until_seq, now, &paused, err) < 0)
        return -1;
    b->waiting += (long)(paused - out_waiting);
    b->free = (long)pending - b->out - b->waiting;
    if (b->waiting == 0)
        b->next_not_before = 0;
    return 0;
}

int
store_backlog(struct store *s, int64_t until_seq, int64_t now, struct store_backlog *out,
              struct err *err)
{
    struct tx tx;
    int rc;

    *out = (struct store_backlog){0};
    if (tx_enter_read(s, &tx, err) < 0)
        return -1;
    rc = count_all(s, until_seq, now, out, err);
    tx_leave_read(s, &tx);
    return rc;
}
