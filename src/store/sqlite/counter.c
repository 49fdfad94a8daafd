#include <config.h>

#include "store/account.h"
#include "store/sqlite/quiet.h"

#include <string.h>

enum { MINUTE_MS = 60000, HOUR_MS = 3600000, KEEP_MINUTES_MS = 25 * HOUR_MS };

static int
add(struct store *s, const char *system, const char *account, const struct store_metric *m,
    int64_t now, struct err *err)
{
    int64_t minute = now - now % MINUTE_MS;

    if (m->longest)
        return db_run(s, err,
                      "INSERT INTO sync_counters VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE"
                      " SET value = max(value, ?5)",
                      "tttmi", m->name, system, account, minute, m->value);
    return db_run(s, err,
                  "INSERT INTO sync_counters VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE"
                  " SET value = value + ?5",
                  "tttmi", m->name, system, account, minute, m->value);
}

/* ---- Hours ---- */

/* Minutes of M that nobody asks for one by one any more; of a clock that was set they are some
 * other time's. */
#define OLD_MINUTES                                                                                \
    " FROM sync_counters WHERE metric = ?1 AND system = ?2 AND account = ?3 AND minute < ?4 AND"   \
    " substr(minute, 14) <> ':00:00.000Z'"

static int
fold(struct store *s, const char *system, const char *account, const struct store_metric *m,
     int64_t before, struct err *err)
{
    const char *hour = m->longest
                           ? "INSERT INTO sync_counters SELECT metric, system, account,"
                             " substr(minute, 1, 13) || ':00:00.000Z', max(value)" OLD_MINUTES
                             " GROUP BY 4 ON CONFLICT DO UPDATE SET value = max(value,"
                             " excluded.value)"
                           : "INSERT INTO sync_counters SELECT metric, system, account,"
                             " substr(minute, 1, 13) || ':00:00.000Z', sum(value)" OLD_MINUTES
                             " GROUP BY 4 ON CONFLICT DO UPDATE SET value = value +"
                             " excluded.value";

    if (db_run(s, err, hour, "tttm", m->name, system, account, before) < 0)
        return -1;
    return db_run(s, err, "DELETE" OLD_MINUTES, "tttm", m->name, system, account, before) < 0 ? -1
                                                                                              : 0;
}

/* With the first call of an hour, so that a year of minutes never comes together. */
static int
fold_old(struct store *s, const char *system, const char *account, const struct store_metric *m,
         size_t n, int64_t now, struct err *err)
{
    int64_t hour = now - now % HOUR_MS, is_known;
    int rc = db_int(s, err, &is_known,
                    "SELECT 1 FROM sync_counters WHERE metric = '" STORE_CALLS "' AND system = ?"
                    " AND account = ? AND minute >= ? LIMIT 1",
                    "ttm", system, account, hour);

    for (size_t i = 0; i < n && rc == 0; i++)
        if (fold(s, system, account, &m[i], hour - KEEP_MINUTES_MS, err) < 0)
            return -1;
    return rc < 0 ? -1 : 0;
}

int
store_metrics_add(struct store *s, const char *system, const char *account,
                  const struct store_metric *m, size_t n, int64_t now, struct err *err)
{
    struct tx tx;
    int rc;

    if (quiet_begin(s, &tx, err) < 0)
        return -1;
    rc = fold_old(s, system, account, m, n, now, err);
    for (size_t i = 0; i < n && rc >= 0; i++) {
        if (m[i].value != 0)
            rc = add(s, system, account, &m[i], now, err);
    }
    return quiet_end(s, &tx, rc < 0 ? -1 : 0, err);
}

int
store_metrics(struct store *s, struct arena *a, const char *prefix, int64_t since,
              struct store_metric **out, struct err *err)
{
    struct rows r;
    size_t n = 0;
    int rc;

    *out = NULL;
    if (db_rows(s, &r, err,
                "SELECT system, account, metric, CASE WHEN metric LIKE '% max' THEN max(value)"
                " ELSE sum(value) END FROM sync_counters WHERE substr(metric, 1, length(?1)) = ?1"
                " AND minute >= ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
                "tm", prefix, since) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        *out = list_grow(a, *out, n, sizeof **out);
        (*out)[n++] = (struct store_metric){.system = row_text(&r, a, 0),
                                            .account = row_text(&r, a, 1),
                                            .name = row_text(&r, a, 2),
                                            .value = row_int(&r, 3)};
    }
    return rc < 0 ? -1 : (int)n;
}

/* ---- Bursts ---- */

enum { TIMES = 10 };

/* Whole hours of the week before NOW's last one, those in which there were calls. */
#define HOURS                                                                                      \
    "SELECT sum(value) AS n FROM sync_counters WHERE metric = '" STORE_CALLS "' AND system = ?1"   \
    " AND account = ?2 AND minute >= ?3 AND minute < ?4 GROUP BY substr(minute, 1, 13)"

int
store_calls_burst(struct store *s, const char *system, const char *account, long floor, int64_t now,
                  int64_t *calls, int64_t *median, struct err *err)
{
    int64_t before = now - HOUR_MS, week = before - INT64_C(7) * 24 * HOUR_MS, hours = 0;

    *calls = *median = 0;
    if (db_int(s, err, calls,
               "SELECT coalesce(sum(value), 0) FROM sync_counters WHERE metric = '" STORE_CALLS "'"
               " AND system = ?1 AND account = ?2 AND minute > ?3 AND minute > coalesce((SELECT"
               " max(minute) FROM sync_counters WHERE metric = '" STORE_RESUMED "' AND system = ?1"
               " AND account = ?2), '')",
               "ttm", system, account, before) < 0)
        return -1;
    if (*calls <= floor)
        return 0;
    if (db_int(s, err, &hours, "SELECT count(*) FROM (" HOURS ")", "ttmm", system, account, week,
               before) < 0)
        return -1;
    if (hours < STORE_CALLS_HOURS)
        return 0;
    if (db_int(s, err, median, HOURS " ORDER BY n LIMIT 1 OFFSET ?5", "ttmmi", system, account,
               week, before, hours / 2) < 0)
        return -1;
    return *calls > TIMES * *median;
}
