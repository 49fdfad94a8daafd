#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

/* Pages are kept for as many records as fit in 40 MiB: a filter with state stays below 64. */
int
store_look(struct store *s, struct err *err)
{
    if (!sqlite3_get_autocommit(s->db))
        return 0;
    if (!s->looked && db_run(s, err, "PRAGMA cache_size = -40960", "") < 0)
        return -1;
    s->looked = true;
    return db_run(s, err, "BEGIN", "") < 0 ? -1 : 0;
}

void
store_look_end(struct store *s)
{
    if (!s->in_tx && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}

int
store_facts(struct store *s, struct arena *a, const struct event *e, struct facts *out,
            struct err *err)
{
    struct rows r;
    int rc;

    *out = (struct facts){0};
    if (db_rows(s, &r, err,
                "SELECT e.link_id, l.ended_at IS NOT NULL, e.deleted_at IS NOT NULL, e.fields,"
                " e.version, e.map_hash FROM sync_metadata e JOIN sync_links l"
                " ON l.link_id = e.link_id WHERE e.resource_type = ? AND e.record_id = ? AND"
                " e.external_system = ? AND e.account = ?",
                "tttt", e->resource, e->record_id, e->system, e->account) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    out->linked = true;
    out->link_id = row_int(&r, 0);
    out->ended = row_int(&r, 1) != 0;
    out->deleted = row_int(&r, 2) != 0;
    out->version = row_text(&r, a, 4);
    out->map_hash = row_text(&r, a, 5);
    out->shadow = row_text(&r, a, 3);
    out->shadow_len = out->shadow != NULL ? strlen(out->shadow) : 0;
    rows_end(&r);
    return 0;
}

/* Is there an event of the link before SEQ, or one folded into it? 1, 0, -1. */
static int
has_earlier(struct store *s, int64_t link_id, int64_t seq, struct err *err)
{
    int64_t n;

    return db_int(s, err, &n,
                  "SELECT 1 FROM sync_inbox WHERE lane = 'L' || ?1 AND disposition IS NULL AND"
                  " seq <> ?2 AND (seq < ?2 OR folded_into = ?2) LIMIT 1",
                  "ii", link_id, seq);
}

int
store_facts_lane(struct store *s, int64_t seq, struct facts *out, struct err *err)
{
    bool open, others;
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT EXISTS (SELECT 1 FROM sync_owed o WHERE o.link_id = ?1),"
                " EXISTS (SELECT 1 FROM sync_intents n WHERE n.link_id = ?1 AND " OPEN_INTENT(
                    "n") "), EXISTS (SELECT 1 FROM sync_inbox b WHERE b.lane = 'L' || ?1 AND"
                         " b.disposition IS NULL AND b.seq <> ?2)",
                "ii", out->link_id, seq) < 0)
        return -1;
    if (rows_next(&r) < 0)
        return -1;
    out->owed = row_int(&r, 0) != 0;
    open = row_int(&r, 1) != 0;
    others = row_int(&r, 2) != 0; /* the index alone tells, and mostly there are none */
    rows_end(&r);
    rc = !open && others ? has_earlier(s, out->link_id, seq, err) : 0;
    out->lane_idle = !open && rc == 0;
    return rc < 0 ? -1 : 0;
}

int
store_facts_writes(struct store *s, struct arena *a, const struct event *e, int64_t since,
                   struct facts *out, struct err *err)
{
    struct facts_write *list = arena_alloc(a, STORE_FACTS_WRITES * sizeof *list);
    struct rows r;
    size_t n = 0;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT fields, idempotency_key, settled_at, state FROM sync_intents WHERE"
                " target = ? AND account = ? AND resource_type = ? AND record_id = ? AND"
                " settled_at >= ? AND state IN ('done','lost') ORDER BY settled_at DESC,"
                " token DESC LIMIT ?",
                "ttttmi", e->system, e->account, e->resource, e->record_id, since,
                (int64_t)STORE_FACTS_WRITES) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        if (row_val(&r, a, 0, &list[n].fields) < 0) {
            rows_end(&r);
            return -1;
        }
        list[n].id = row_text(&r, a, 1);
        list[n].at = row_time(&r, 2);
        list[n++].done = strcmp(row_peek(&r, 3), "done") == 0;
    }
    out->writes = list;
    out->n_writes = n;
    return rc;
}
