#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

#include "base/clock.h"

/* Rows of (name, number) as a list. Returns the number of rows, or -1. */
static int
collect(struct rows *r, struct arena *a, struct store_count **out)
{
    struct store_count *list = NULL;
    int n = 0, rc;

    while ((rc = rows_next(r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n].name = row_text(r, a, 0);
        list[n++].n = (long)row_int(r, 1);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_run_dispositions(struct store *s, struct arena *a, const char *run_id,
                       struct store_count **out, struct err *err)
{
    struct rows r;

    if (db_rows(s, &r, err,
                "SELECT coalesce(disposition, 'pending'), count(*) FROM sync_inbox WHERE run_id = ?"
                " GROUP BY 1 ORDER BY 1",
                "t", run_id) < 0)
        return -1;
    return collect(&r, a, out);
}

int
store_balance(struct store *s, struct arena *a, struct store_count **out, long *admitted,
              struct err *err)
{
    struct rows r;
    struct tx tx;
    int64_t last;
    int n = -1;

    if (tx_enter_read(s, &tx, err) < 0)
        return -1;
    if (store_last_seq(s, &last, err) == 0 &&
        db_rows(s, &r, err, "SELECT disposition, events FROM v_balance ORDER BY 1", "") == 0)
        n = collect(&r, a, out);
    tx_leave_read(s, &tx);
    *admitted = (long)last;
    return n;
}

/* clang-format off */
#define COUNT(name, from) " UNION ALL SELECT '" name "', count(*) FROM " from
#define INTENTS "sync_intents n INDEXED BY sync_intents_open WHERE " OPEN_OR_UNKNOWN
#define PENDING "sync_inbox WHERE disposition IS NULL"
#define UNFOLDED " AND folded_into IS NULL"

static const char counts_sql[] =
    "SELECT 'links', count(*) FROM sync_links WHERE ended_at IS NULL"
    COUNT("ended links", "sync_links WHERE ended_at IS NOT NULL")
    COUNT("ends", "sync_metadata")
    COUNT("tombstones", "sync_metadata WHERE deleted_at IS NOT NULL")
    COUNT("requests", "sync_requests WHERE state = 'new'")
    COUNT("pending", PENDING)
    COUNT("out", PENDING " AND lease IS NOT NULL" UNFOLDED)
    COUNT("loading", PENDING " AND lease IS NULL" UNFOLDED " AND not_before = '" STORE_FOREVER_TEXT "'")
    COUNT("owed", "sync_owed WHERE refused IS NULL")
    COUNT("refused", "sync_owed WHERE refused IS NOT NULL")
    COUNT("diverged", "sync_metadata WHERE diverged <> '[]'")
    COUNT("conflicts", "sync_conflicts WHERE state = 'open'")
    COUNT("rejects", "sync_rejects WHERE state = 'open'")
    COUNT("open intents", INTENTS " AND state <> 'unknown'")
    COUNT("unknown intents", INTENTS " AND state = 'unknown'")
    COUNT("pauses", "sync_pauses WHERE until IS NULL OR until > ?1");
/* clang-format on */

int
store_counts(struct store *s, struct arena *a, int64_t now, struct store_count **out,
             struct err *err)
{
    struct rows r;

    if (db_rows(s, &r, err, counts_sql, "m", now) < 0)
        return -1;
    return collect(&r, a, out);
}

/* What gc removed is kept as a counter with an empty minute. */
int
store_write_counts(struct store *s, struct arena *a, int64_t since, struct store_count **out,
                   struct err *err)
{
    struct rows r;

    if (db_rows(s, &r, err,
                "SELECT name, sum(n) FROM (SELECT target || ' ' || action AS name, count(*) AS n"
                " FROM sync_intents WHERE state = 'done' AND (?1 IS NULL OR settled_at >= ?1)"
                " GROUP BY 1 UNION ALL SELECT system || ' ' || substr(metric, 4), value FROM"
                " sync_counters WHERE ?1 IS NULL AND minute = '' AND metric LIKE 'gc %')"
                " GROUP BY 1 ORDER BY 1",
                "M", since) < 0)
        return -1;
    return collect(&r, a, out);
}

int
store_count(struct store *s, const char *metric, const char *system, const char *account, long n,
            int64_t now, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    rc = db_run(s, err,
                "INSERT INTO sync_counters VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
                " value = value + ?5",
                "tttmi", metric, system, account == NULL ? "" : account, now - now % 60000,
                (int64_t)n);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}
