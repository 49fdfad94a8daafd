#include <config.h>

#include "store/account.h"
#include "store/sqlite/internal.h"

int
store_pause_add(struct store *s, const struct store_pause *p, int64_t now, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = db_run(s, err,
                "INSERT INTO sync_pauses (scope, run_id, system, account, direction, resource,"
                " record_id, reason, by, since, until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "tttttttttmM", p->scope, p->run_id, p->system, p->account, p->direction,
                p->resource, p->record_id, p->reason == NULL ? "" : p->reason,
                p->by == NULL ? "" : p->by, p->since == 0 ? now : p->since, p->until);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}

int
store_pauses(struct store *s, struct arena *a, int64_t now, struct store_pause **out,
             struct err *err)
{
    struct store_pause *list = NULL;
    struct rows r;
    int n = 0, rc;

    *out = NULL;
    if (db_rows(s, &r, err,
                "SELECT pause_id, scope, run_id, system, account, direction, resource, record_id,"
                " reason, by, since, until FROM sync_pauses WHERE until IS NULL OR until > ?"
                " ORDER BY pause_id",
                "m", now) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n++] = (struct store_pause){
            .pause_id = row_int(&r, 0),
            .scope = row_text(&r, a, 1),
            .run_id = row_text(&r, a, 2),
            .system = row_text(&r, a, 3),
            .account = row_text(&r, a, 4),
            .direction = row_text(&r, a, 5),
            .resource = row_text(&r, a, 6),
            .record_id = row_text(&r, a, 7),
            .reason = row_text(&r, a, 8),
            .by = row_text(&r, a, 9),
            .since = row_time(&r, 10),
            .until = row_time(&r, 11),
        };
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

/*
 * What the pause withheld is due again; of a record, at all its ends, for the breaker's pause is of
 * the link. Its rows wait until the pause would have ended, or for the next look (a minute); what
 * else is owed to the same target may be looked at early: no harm.
 */
static int
free_owed(struct store *s, int64_t pause_id, int64_t now, struct err *err)
{
    return db_run(
               s, err,
               "UPDATE sync_owed SET not_before = ?2 WHERE refused IS NULL AND not_before > ?2"
               " AND not_before < '" STORE_FOREVER_TEXT
               "' AND EXISTS (SELECT 1 FROM sync_pauses p, sync_links l WHERE p.pause_id = ?1 AND"
               " l.link_id = sync_owed.link_id AND"
               " coalesce(p.resource, l.resource_type) = l.resource_type AND ((p.record_id IS NULL"
               " AND coalesce(p.system, target) = target) OR EXISTS (SELECT 1 FROM sync_metadata e"
               " WHERE e.link_id = l.link_id AND e.external_system = coalesce(p.system,"
               " e.external_system) AND e.record_id = p.record_id)))",
               "im", pause_id, now) < 0
               ? -1
               : 0;
}

/*
 * Events that were given back with a reason (a delete whose target was paused, a canary that could
 * not be seen) are looked at now. Others among them go back to waiting by themselves: no harm.
 */
static int
free_events(struct store *s, int64_t now, struct err *err)
{
    return db_run(
               s, err,
               "UPDATE sync_inbox SET not_before = ?1 WHERE disposition IS NULL AND lease IS NULL"
               " AND folded_into IS NULL AND not_before > ?1 AND not_before <"
               " '" STORE_FOREVER_TEXT "' AND reason IS NOT NULL",
               "m", now) < 0
               ? -1
               : 0;
}

/* Somebody has looked: the hour of a limit that paused an account begins anew (limits.c). */
static int
forget_hour(struct store *s, int64_t pause_id, int64_t now, struct err *err)
{
    if (db_run(s, err,
               "DELETE FROM sync_counters WHERE (metric IN ('" STORE_HOUR_CREATES
               "', '" STORE_HOUR_UPDATES "', '" STORE_HOUR_DELETES
               "') OR metric GLOB '" STORE_HOUR_MADE "*' OR metric GLOB '" STORE_HOUR_CHANGED
               "*') AND EXISTS (SELECT 1 FROM sync_pauses p WHERE"
               " p.pause_id = ? AND p.scope = 'account' AND p.by = 'limits' AND"
               " p.system = sync_counters.system AND p.account = sync_counters.account)",
               "i", pause_id) < 0)
        return -1;
    return db_run(s, err,
                  "INSERT OR REPLACE INTO sync_counters SELECT '" STORE_HOUR_BEGUN "', system,"
                  " account, ?2, 1 FROM sync_pauses WHERE pause_id = ?1 AND scope = 'account' AND"
                  " by = 'limits'",
                  "im", pause_id, now) < 0
               ? -1
               : 0;
}

/* The same of its calls (counter.c): what went out before is not held against it again. */
static int
forget_calls(struct store *s, int64_t pause_id, int64_t now, struct err *err)
{
    return db_run(s, err,
                  "INSERT OR REPLACE INTO sync_counters SELECT '" STORE_RESUMED "', system,"
                  " account, ?2, 1 FROM sync_pauses WHERE pause_id = ?1 AND scope = 'account' AND"
                  " by = '" STORE_CALLS_PAUSE "'",
                  "im", pause_id, now) < 0
               ? -1
               : 0;
}

/* The same of a record: its loop is counted from here (intent.c). */
static int
forget_loop(struct store *s, int64_t pause_id, int64_t now, struct err *err)
{
    return db_run(s, err,
                  "INSERT OR REPLACE INTO sync_counters SELECT '" STORE_LOOP_BEGUN
                  "' || resource || ' ' || record_id, system, account, ?2, 1 FROM sync_pauses WHERE"
                  " pause_id = ?1 AND scope = 'record' AND by = '" STORE_LOOP_PAUSE "'",
                  "im", pause_id, now) < 0
               ? -1
               : 0;
}

int
store_pause_lift(struct store *s, int64_t pause_id, int64_t now, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = free_owed(s, pause_id, now, err);
    if (rc == 0)
        rc = free_events(s, now, err);
    if (rc == 0)
        rc = forget_hour(s, pause_id, now, err);
    if (rc == 0)
        rc = forget_calls(s, pause_id, now, err);
    if (rc == 0)
        rc = forget_loop(s, pause_id, now, err);
    if (rc == 0)
        rc = db_run(s, err, "DELETE FROM sync_pauses WHERE pause_id = ?", "i", pause_id);
    return tx_leave(s, &tx, rc, err);
}
