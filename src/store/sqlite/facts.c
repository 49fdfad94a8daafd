#include <config.h>

#include "store/facts.h"
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
    s->busy.known = false;
    return db_run(s, err, "BEGIN", "") < 0 ? -1 : 0;
}

void
store_look_end(struct store *s)
{
    if (!s->in_tx && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}

/* One end by its key, and its link: the columns from FROM on. */
#define END_FACTS                                                                                  \
    "e.link_id, l.ended_at IS NOT NULL, e.deleted_at IS NOT NULL, e.fields, e.version, e.map_hash"

static void
read_facts(const struct rows *r, struct arena *a, int from, struct facts *out)
{
    out->linked = true;
    out->link_id = row_int(r, from);
    out->ended = row_int(r, from + 1) != 0;
    out->deleted = row_int(r, from + 2) != 0;
    out->shadow = row_text(r, a, from + 3);
    out->shadow_len = out->shadow != NULL ? strlen(out->shadow) : 0;
    out->version = row_text(r, a, from + 4);
    out->map_hash = row_text(r, a, from + 5);
}

int
store_facts(struct store *s, struct arena *a, const struct event *e, struct facts *out,
            struct err *err)
{
    struct rows r;
    int rc;

    *out = (struct facts){0};
    if (db_rows(s, &r, err,
                "SELECT " END_FACTS " FROM sync_metadata e JOIN sync_links l"
                " ON l.link_id = e.link_id WHERE e.resource_type = ? AND e.record_id = ? AND"
                " e.external_system = ? AND e.account = ?",
                "tttt", e->resource, e->record_id, e->system, e->account) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    read_facts(&r, a, 0, out);
    rows_end(&r);
    return 0;
}

#define KEY(n) "(" #n ", ?, ?, ?, ?)"
#define KEYS(a, b, c, d) KEY(a) ", " KEY(b) ", " KEY(c) ", " KEY(d)

/* STORE_FACTS_AT_ONCE events: starting and ending a statement costs as much as looking one of them
 * up. */
static int
facts_at_once(struct store *s, struct arena *a, const struct event *const *events,
              struct facts *out, struct err *err)
{
    const char *keys[4 * STORE_FACTS_AT_ONCE + 1] = {NULL};
    struct rows r;
    int rc;

    for (size_t i = 0; i < STORE_FACTS_AT_ONCE; i++) {
        keys[4 * i] = events[i]->resource;
        keys[4 * i + 1] = events[i]->record_id;
        keys[4 * i + 2] = events[i]->system;
        keys[4 * i + 3] = events[i]->account;
    }
    if (db_rows(
            s, &r, err,
            "WITH w(n, resource, record, system, account) AS (VALUES " KEYS(0, 1, 2, 3) ", " KEYS(
                4, 5, 6, 7) ", " KEYS(8, 9, 10,
                                      11) ", " KEYS(12, 13, 14,
                                                    15) ") SELECT w.n, " END_FACTS
                                                        " FROM w CROSS JOIN"
                                                        " sync_metadata e JOIN sync_links l ON "
                                                        "l.link_id = e.link_id WHERE"
                                                        " e.resource_type = w.resource AND "
                                                        "e.record_id = w.record AND"
                                                        " e.external_system = w.system AND "
                                                        "e.account = w.account",
            "T", keys) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1)
        read_facts(&r, a, 1, &out[row_int(&r, 0)]);
    return rc;
}

int
store_facts_all(struct store *s, struct arena *a, const struct event *const *events, size_t n,
                struct facts *out, struct err *err)
{
    size_t i = 0;

    memset(out, 0, n * sizeof *out);
    for (; i + STORE_FACTS_AT_ONCE <= n; i += STORE_FACTS_AT_ONCE)
        if (facts_at_once(s, a, events + i, out + i, err) < 0)
            return -1;
    for (; i < n; i++)
        if (store_facts(s, a, events[i], &out[i], err) < 0)
            return -1;
    return 0;
}

/* What is owed and written to as of the open look; too many of them are noted as such. */
static int
read_busy(struct store *s, struct err *err)
{
    struct store_busy *b = &s->busy;
    struct rows r;
    int rc;

    b->n = 0;
    b->many = false;
    if (db_rows(s, &r, err,
                "SELECT link_id, 1 FROM sync_owed UNION ALL SELECT n.link_id, 0 FROM sync_intents n"
                " WHERE " OPEN_INTENT("n"),
                "") < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1 && b->n < STORE_BUSY) {
        b->links[b->n].link_id = row_int(&r, 0);
        b->links[b->n++].owed = row_int(&r, 1) != 0;
    }
    if (rc == 1) {
        b->many = true;
        rows_end(&r);
    }
    b->known = rc >= 0;
    return rc < 0 ? -1 : 0;
}

static int
ask_link(struct store *s, int64_t link_id, bool *owed, bool *open, struct err *err)
{
    struct rows r;

    if (db_rows(
            s, &r, err,
            "SELECT EXISTS (SELECT 1 FROM sync_owed o WHERE o.link_id = ?1),"
            " EXISTS (SELECT 1 FROM sync_intents n WHERE n.link_id = ?1 AND " OPEN_INTENT("n") ")",
            "i", link_id) < 0)
        return -1;
    if (rows_next(&r) < 0)
        return -1;
    *owed = row_int(&r, 0) != 0;
    *open = row_int(&r, 1) != 0;
    rows_end(&r);
    return 0;
}

/* Is something owed of the link, has it an open intent? */
static int
read_link(struct store *s, int64_t link_id, bool *owed, bool *open, struct err *err)
{
    const struct store_busy *b = &s->busy;
    bool is_look = !s->in_tx && !sqlite3_get_autocommit(s->db);

    if (is_look && !b->known && read_busy(s, err) < 0)
        return -1;
    if (!is_look || b->many)
        return ask_link(s, link_id, owed, open, err);
    *owed = *open = false;
    for (size_t i = 0; i < b->n; i++)
        if (b->links[i].link_id == link_id)
            *(b->links[i].owed ? owed : open) = true;
    return 0;
}

/* Is there an event of the link before SEQ, or one folded into it? 1, 0, -1. */
static int
has_earlier(struct store *s, int64_t link_id, int64_t seq, struct err *err)
{
    int64_t n;

    /* Mostly there is none but SEQ, and the index alone tells. */
    return db_int(s, err, &n,
                  "SELECT 1 FROM sync_inbox WHERE lane = 'L' || ?1 AND disposition IS NULL AND"
                  " seq <> ?2 AND (seq < ?2 OR folded_into = ?2) LIMIT 1",
                  "ii", link_id, seq);
}

int
store_facts_lane(struct store *s, int64_t seq, struct facts *out, struct err *err)
{
    bool open;
    int rc;

    if (read_link(s, out->link_id, &out->owed, &open, err) < 0)
        return -1;
    rc = open ? 1 : has_earlier(s, out->link_id, seq, err);
    out->lane_idle = rc == 0;
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
