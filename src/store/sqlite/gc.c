#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

#include "base/clock.h"

/*
 * Retention. Large tables are walked by number in steps, each a transaction of its own, so that
 * writers get their turn and a step's cost does not grow with the table. DRY counts what the same
 * conditions select. Match keys stay: after a first load, what has none is not there (diff), and a
 * record that does not change is not seen again.
 */
enum { GC_STEP = 1000 };

struct gc {
    struct store *s;
    struct arena *a;
    int64_t before; /* what ended before this goes */
    int64_t now;
    bool dry;
    struct err *err;
};

/* An event that an open intent or an open reject refers to stays. */
#define OLD_EVENT                                                                                  \
    "seq > ?1 AND seq <= ?2 AND disposition IS NOT NULL AND disposed_at < ?3 AND seq NOT IN"       \
    " (SELECT seq FROM sync_intents n INDEXED BY sync_intents_open"                                \
    " WHERE " OPEN_OR_UNKNOWN " AND seq IS NOT NULL) AND seq NOT IN (SELECT seq FROM"              \
    " sync_rejects WHERE state = 'open' AND seq IS NOT NULL)"

#define OLD_INTENT                                                                                 \
    "token > ?1 AND token <= ?2 AND state IN ('done','failed','lost') AND settled_at < ?3 AND"     \
    " token NOT IN (SELECT token FROM sync_claims)"

#define OLD_REQUEST                                                                                \
    "request_id > ?1 AND request_id <= ?2 AND state IN ('mapped','rejected') AND received_at < "   \
    "?3 AND"                                                                                       \
    " NOT EXISTS (SELECT 1 FROM sync_inbox i WHERE i.request_id = r.request_id) AND request_id"    \
    " NOT IN (SELECT request_id FROM sync_rejects WHERE state = 'open' AND request_id IS NOT "     \
    "NULL)"

/* The newest row of each field of a link stays: why it is what it is. */
#define OLD_HISTORY                                                                                \
    "h.id > ?1 AND h.id <= ?2 AND h.at < ?3 AND (h.link_id IS NULL OR h.field IS NULL OR EXISTS"   \
    " (SELECT 1 FROM sync_history n WHERE n.link_id = h.link_id AND n.at >= h.at AND"              \
    " n.field = h.field AND n.id > h.id))"

/* One step over (FROM, TO]; the number of rows, or -1. */
typedef int step_fn(struct gc *g, int64_t from, int64_t to);

static int
count_of(struct gc *g, const char *sql, int64_t from, int64_t to)
{
    int64_t n = 0;

    return db_int(g->s, g->err, &n, sql, "iim", from, to, g->before) < 0 ? -1 : (int)n;
}

static int
step_events(struct gc *g, int64_t from, int64_t to)
{
    if (g->dry)
        return count_of(g, "SELECT count(*) FROM sync_inbox WHERE " OLD_EVENT, from, to);
    if (db_run(
            g->s, g->err,
            "INSERT INTO sync_totals SELECT disposition, count(*) FROM sync_inbox WHERE " OLD_EVENT
            " GROUP BY disposition ON CONFLICT DO UPDATE SET events = events +"
            " excluded.events",
            "iim", from, to, g->before) < 0)
        return -1;
    return db_run(g->s, g->err, "DELETE FROM sync_inbox WHERE " OLD_EVENT, "iim", from, to,
                  g->before);
}

static int
step_intents(struct gc *g, int64_t from, int64_t to)
{
    if (g->dry)
        return count_of(g, "SELECT count(*) FROM sync_intents WHERE " OLD_INTENT, from, to);
    if (db_run(g->s, g->err,
               "INSERT INTO sync_counters SELECT 'gc ' || action, target, account, '', count(*)"
               " FROM sync_intents WHERE " OLD_INTENT " AND state = 'done' GROUP BY action, target,"
               " account ON CONFLICT DO UPDATE SET value = value + excluded.value",
               "iim", from, to, g->before) < 0)
        return -1;
    return db_run(g->s, g->err, "DELETE FROM sync_intents WHERE " OLD_INTENT, "iim", from, to,
                  g->before);
}

static int
step_requests(struct gc *g, int64_t from, int64_t to)
{
    if (g->dry)
        return count_of(g, "SELECT count(*) FROM sync_requests r WHERE " OLD_REQUEST, from, to);
    return db_run(g->s, g->err, "DELETE FROM sync_requests AS r WHERE " OLD_REQUEST, "iim", from,
                  to, g->before);
}

static int
step_history(struct gc *g, int64_t from, int64_t to)
{
    if (g->dry)
        return count_of(g, "SELECT count(*) FROM sync_history h WHERE " OLD_HISTORY, from, to);
    return db_run(g->s, g->err, "DELETE FROM sync_history AS h WHERE " OLD_HISTORY, "iim", from, to,
                  g->before);
}

static int
one_step(struct gc *g, step_fn *step, int64_t from, int64_t to)
{
    struct tx tx;

    if (g->dry)
        return step(g, from, to);
    if (tx_enter(g->s, &tx, false, g->err) < 0)
        return -1;
    return tx_leave(g->s, &tx, step(g, from, to), g->err);
}

/* FIND gives the number GC_STEP rows beyond ?1, or the last one. */
static long
walk(struct gc *g, const char *find, step_fn *step)
{
    int64_t from = 0, to;
    long n = 0;

    for (;;) {
        int rc = db_int(g->s, g->err, &to, find, "i", from);
        int done;

        if (rc < 0)
            return -1;
        if (rc == 0 || to <= from)
            return n;
        done = one_step(g, step, from, to);
        if (done < 0)
            return -1;
        n += done;
        from = to;
    }
}

/* Small tables: one statement each. SQL (dry: COUNT) gets the time before which things go. */
static long
sweep(struct gc *g, const char *count, const char *sql)
{
    struct tx tx;
    int64_t n = 0;

    if (g->dry)
        return db_int(g->s, g->err, &n, count, "m", g->before) < 0 ? -1 : (long)n;
    if (tx_enter(g->s, &tx, false, g->err) < 0)
        return -1;
    return tx_leave(g->s, &tx, db_run(g->s, g->err, sql, "m", g->before), g->err);
}

#define SWEEP(g, table, where)                                                                     \
    sweep(g, "SELECT count(*) FROM " table " WHERE " where, "DELETE FROM " table " WHERE " where)

/* Leases that are long over; of another boot at once. */
static long
sweep_leases(struct gc *g)
{
    char boot[64];
    int64_t n = 0;
    struct tx tx;

    clock_boot_id(boot);
    if (g->dry)
        return db_int(g->s, g->err, &n,
                      "SELECT count(*) FROM sync_leases WHERE boot_id <> ? OR expires_ms < ?", "ti",
                      boot, clock_boot() - 60 * INT64_C(60000)) < 0
                   ? -1
                   : (long)n;
    if (tx_enter(g->s, &tx, false, g->err) < 0)
        return -1;
    return tx_leave(g->s, &tx,
                    db_run(g->s, g->err,
                           "DELETE FROM sync_leases WHERE boot_id <> ? OR expires_ms < ?", "ti",
                           boot, clock_boot() - 60 * INT64_C(60000)),
                    g->err);
}

/*
 * The last complete run of a job is what tells that it was loaded. One that was killed has no end;
 * a later complete one took its place.
 */
#define OLD_RUN                                                                                    \
    "coalesce(ended_at, started_at) < ?1 AND EXISTS (SELECT 1 FROM sync_runs n WHERE "             \
    "n.sync_job_id ="                                                                              \
    " sync_runs.sync_job_id AND n.complete = 1 AND n.started_at > sync_runs.started_at)"

#define NEXT(table, key)                                                                           \
    "SELECT max(k) FROM (SELECT " key " AS k FROM " table " WHERE " key " > ? ORDER BY " key       \
    " LIMIT 1000)"

int
store_gc(struct store *s, struct arena *a, int64_t retention_ms, bool dry, int64_t now,
         struct store_count **out, struct err *err)
{
    struct gc g = {
        .s = s, .a = a, .before = now - retention_ms, .now = now, .dry = dry, .err = err};
    struct store_count *list = arena_alloc(a, 10 * sizeof *list);
    int n = 0;

    _Static_assert(GC_STEP == 1000, "NEXT says it too");
    list[n++] = (struct store_count){"events", walk(&g, NEXT("sync_inbox", "seq"), step_events)};
    list[n++] =
        (struct store_count){"writes", walk(&g, NEXT("sync_intents", "token"), step_intents)};
    list[n++] = (struct store_count){"requests",
                                     walk(&g, NEXT("sync_requests", "request_id"), step_requests)};
    list[n++] =
        (struct store_count){"rejects", SWEEP(&g, "sync_rejects", "state <> 'open' AND at < ?1")};
    list[n++] = (struct store_count){
        "conflicts", SWEEP(&g, "sync_conflicts", "state <> 'open' AND resolved_at < ?1")};
    list[n++] = (struct store_count){"runs", SWEEP(&g, "sync_runs", OLD_RUN)};
    list[n++] = (struct store_count){"counters",
                                     SWEEP(&g, "sync_counters", "minute <> '' AND minute < ?1")};
    list[n++] = (struct store_count){"history", walk(&g, NEXT("sync_history", "id"), step_history)};
    list[n++] = (struct store_count){"leases", sweep_leases(&g)};
    *out = list;
    for (int i = 0; i < n; i++)
        if (list[i].n < 0)
            return -1;
    return n;
}
