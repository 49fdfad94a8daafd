#include <config.h>

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

#define HISTORY_COLUMNS                                                                            \
    "SELECT at, seq, link_id, resource_type, system, record_id, field, rule, base, source, "       \
    "target, "                                                                                     \
    "outcome, token, text, id FROM sync_history "

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

/* The link of a record, also by its account unknown. */
static int
find_any_link(struct store *s, const char *resource, const char *system, const char *record_id,
              int64_t *link_id, struct err *err)
{
    *link_id = 0;
    return db_int(s, err, link_id,
                  "SELECT link_id FROM sync_metadata WHERE resource_type = ? AND record_id = ? AND"
                  " external_system = ?",
                  "ttt", resource, record_id, system);
}

int
store_history(struct store *s, struct arena *a, const char *resource, const char *system,
              const char *record_id, const char *field, size_t max, struct store_history **out,
              struct err *err)
{
    int64_t limit = (int64_t)max, link_id = 0;
    struct rows r;
    int n, rc;

    if (resource != NULL && system != NULL && record_id != NULL &&
        find_any_link(s, resource, system, record_id, &link_id, err) < 0)
        return -1;
    if (link_id != 0)
        rc = db_rows(s, &r, err,
                     HISTORY_COLUMNS "WHERE link_id = ?1 AND (?2 IS NULL OR field = ?2)"
                                     " ORDER BY id DESC LIMIT ?3",
                     "iti", link_id, field, limit);
    else
        rc = db_rows(s, &r, err,
                     HISTORY_COLUMNS "WHERE (?1 IS NULL OR resource_type = ?1) AND"
                                     " (?2 IS NULL OR system = ?2) AND"
                                     " (?3 IS NULL OR record_id = ?3) AND"
                                     " (?4 IS NULL OR field = ?4) ORDER BY id DESC LIMIT ?5",
                     "tttti", resource, system, record_id, field, limit);
    if (rc < 0)
        return -1;
    n = collect(s, a, &r, out);
    if (n > 0)
        reverse(*out, n);
    return n;
}
