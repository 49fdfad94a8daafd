#include <config.h>

#include "store/operate.h"

#include <string.h>

#include "store/sqlite/internal.h"

/*
 * Records of links that were looked for and are not there, though nobody said that they were
 * deleted. What stands here of a record that is no end of a living link any more says nothing.
 */
#define GONE_TABLE                                                                                 \
    "CREATE TABLE IF NOT EXISTS sync_gone (link_id INTEGER NOT NULL, system TEXT NOT NULL,"        \
    " record_id TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (link_id, system)) WITHOUT ROWID"

static int
has_table(struct store *s, struct err *err)
{
    int64_t found;

    return db_int(s, err, &found,
                  "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sync_gone'", "");
}

int
gone_make_table(struct store *s, struct err *err)
{
    int rc = has_table(s, err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return db_run(s, err, GONE_TABLE, "") < 0 ? -1 : 0;
}

static int
tell(struct deciding *g, const struct decision_end *e, const char *rule)
{
    const struct history_row h = {.seq = g->seq,
                                  .link_id = g->link_id,
                                  .resource = g->e->resource,
                                  .system = e->system,
                                  .record_id = e->record_id,
                                  .rule = rule,
                                  .outcome = rule};

    return history_add(g->s, &h, g->now, g->err);
}

int
gone_note(struct deciding *g, const struct decision_end *e)
{
    int n;

    if (g->link_id == 0 || gone_make_table(g->s, g->err) < 0)
        return g->link_id == 0 ? 0 : -1;
    if (e->state != NULL && strcmp(e->state, "gone") == 0) {
        n = db_run(g->s, g->err,
                   "INSERT INTO sync_gone VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET"
                   " record_id = ?3, since = ?4 WHERE record_id <> ?3",
                   "ittm", g->link_id, e->system, e->record_id, g->now);
        return n > 0 ? tell(g, e, "gone") : n;
    }
    n = db_run(g->s, g->err, "DELETE FROM sync_gone WHERE link_id = ? AND system = ?", "it",
               g->link_id, e->system);
    return n > 0 ? tell(g, e, "found") : n;
}

int
store_gone(struct store *s, struct arena *a, int64_t link_id, size_t max, struct store_gone **out,
           struct err *err)
{
    struct store_gone *list = NULL;
    int n = 0, rc = has_table(s, err);
    struct rows r;

    *out = NULL;
    if (rc != 1)
        return rc;
    if (db_rows(s, &r, err,
                "SELECT l.link_id, l.resource_type, g.system, g.record_id, g.since FROM sync_gone g"
                " JOIN sync_links l USING (link_id) JOIN sync_metadata m ON m.link_id = l.link_id"
                " AND m.external_system = g.system AND m.record_id = g.record_id WHERE"
                " l.ended_at IS NULL AND m.deleted_at IS NULL AND (?1 = 0 OR l.link_id = ?1)"
                " ORDER BY g.since, l.link_id LIMIT ?2",
                "ii", link_id, (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n++] = (struct store_gone){.link_id = row_int(&r, 0),
                                        .resource = row_text(&r, a, 1),
                                        .system = row_text(&r, a, 2),
                                        .record_id = row_text(&r, a, 3),
                                        .since = row_time(&r, 4)};
    }
    *out = list;
    return rc < 0 ? -1 : n;
}
