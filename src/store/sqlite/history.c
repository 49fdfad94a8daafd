#include <config.h>

#include "store/operate.h"
#include "store/sqlite/internal.h"

#include <inttypes.h>
#include <stdio.h>

int
history_add(struct store *s, const struct history_row *h, int64_t now, struct err *err)
{
    char token[120];

    snprintf(token, sizeof token, "%s-%" PRId64, s->deployment, h->token);
    return db_run(s, err,
                  "INSERT INTO sync_history (at, seq, link_id, resource_type, system, record_id,"
                  " field, rule, base, source, target, outcome, token, text)"
                  " VALUES (?, nullif(?, 0), nullif(?, 0), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  "miittttt"
                  "vttttt",
                  now, h->seq, h->link_id, h->resource, h->system, h->record_id, h->field, h->rule,
                  h->base, h->source, h->target, h->outcome, h->token == 0 ? NULL : token,
                  h->text) < 0
               ? -1
               : 0;
}

static void
read_row(const struct rows *r, struct arena *a, struct store_history *h)
{
    h->at = row_time(r, 0);
    h->seq = row_int(r, 1);
    h->link_id = row_int(r, 2);
    h->resource = row_text(r, a, 3);
    h->system = row_text(r, a, 4);
    h->record_id = row_text(r, a, 5);
    h->field = row_text(r, a, 6);
    h->rule = row_text(r, a, 7);
    h->base = row_text(r, a, 8);
    h->source = row_text(r, a, 9);
    h->target = row_text(r, a, 10);
    h->outcome = row_text(r, a, 11);
    h->token = row_text(r, a, 12);
    h->text = row_text(r, a, 13);
}

/* A row of the link as a whole is told of its first record; one of a create, of what was made. */
#define HISTORY_COLUMNS                                                                            \
    "SELECT h.at, h.seq, h.link_id, h.resource_type, coalesce(h.system, (SELECT e.external_system" \
    " FROM sync_metadata e WHERE e.link_id = h.link_id ORDER BY e.external_system LIMIT 1)),"      \
    " coalesce(h.record_id, (SELECT e.record_id FROM sync_metadata e WHERE e.link_id = h.link_id"  \
    " AND (h.system IS NULL OR e.external_system = h.system) ORDER BY e.external_system LIMIT "    \
    "1)),"                                                                                         \
    " h.field, h.rule, h.base, h.source, h.target, h.outcome, h.token, h.text FROM sync_history "  \
    "h "

static int
collect(struct store *s, struct arena *a, struct rows *r, struct store_history **out)
{
    struct store_history *list = NULL;
    int n = 0, rc;

    (void)s;
    while ((rc = rows_next(r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        read_row(r, a, &list[n++]);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

/* Newest first from the query, oldest first for the caller. */
static void
reverse(struct store_history *list, int n)
{
    for (int i = 0; i < n / 2; i++) {
        struct store_history h = list[i];

        list[i] = list[n - 1 - i];
        list[n - 1 - i] = h;
    }
}

/* The living link of a record, also by its account unknown; 0: none. */
static int
find_living(struct store *s, const char *resource, const char *system, const char *record_id,
            int64_t *link_id, struct err *err)
{
    *link_id = 0;
    if (resource == NULL || system == NULL || record_id == NULL)
        return 0;
    return db_int(s, err, link_id,
                  "SELECT e.link_id FROM sync_metadata e JOIN sync_links l ON l.link_id = e.link_id"
                  " WHERE e.resource_type = ? AND e.record_id = ? AND e.external_system = ? AND"
                  " l.ended_at IS NULL",
                  "ttt", resource, record_id, system);
}

/*
 * What is in no living link has what names it, what its ended link did, and what the links did that
 * it was taken out of, until then.
 */
static int
open_unlinked(struct store *s, struct rows *r, const struct store_record *x, const char *resource,
              const char *field, int64_t limit, struct err *err)
{
    return db_rows(
        s, r, err,
        "WITH was(link_id, until) AS (SELECT link_id, max(id) FROM sync_history WHERE rule ="
        " 'unlink' AND resource_type = ?1 AND system = ?2 AND record_id = ?3 GROUP BY link_id"
        " UNION ALL SELECT link_id, 9223372036854775807 FROM sync_metadata WHERE resource_type = ?1"
        " AND external_system = ?2 AND record_id = ?3) " HISTORY_COLUMNS
        "WHERE ((?1 IS NULL OR h.resource_type = ?1) AND (?2 IS NULL OR h.system = ?2) AND"
        " (?3 IS NULL OR h.record_id = ?3) OR EXISTS (SELECT 1 FROM was WHERE was.link_id ="
        " h.link_id AND h.id <= was.until)) AND (?4 IS NULL OR h.field = ?4)"
        " ORDER BY h.id DESC LIMIT ?5",
        "tttti", resource, x->system, x->record_id, field, limit);
}

int
store_history(struct store *s, struct arena *a, const char *resource, const char *system,
              const char *record_id, const char *field, size_t max, struct store_history **out,
              struct err *err)
{
    const struct store_record x = {.system = system, .record_id = record_id};
    int64_t limit = (int64_t)max, link_id;
    struct rows r;
    int n, rc;

    if (find_living(s, resource, system, record_id, &link_id, err) < 0)
        return -1;
    if (link_id != 0)
        rc = db_rows(s, &r, err,
                     HISTORY_COLUMNS "WHERE h.link_id = ?1 AND (?2 IS NULL OR h.field = ?2)"
                                     " ORDER BY h.id DESC LIMIT ?3",
                     "iti", link_id, field, limit);
    else
        rc = open_unlinked(s, &r, &x, resource, field, limit, err);
    if (rc < 0)
        return -1;
    n = collect(s, a, &r, out);
    if (n > 0)
        reverse(*out, n);
    return n;
}
