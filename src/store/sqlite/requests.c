#include <config.h>

#include "store/sqlite/internal.h"

/* Raw deliveries, kept before they are answered, and what became of them. */

#define REQUEST_COLUMNS                                                                            \
    "request_id, system, account, delivery_id, received_at, method, path, query, headers, body"

/* Is the delivery id known? Not INSERT OR IGNORE: a retry may not use up a number. 1, 0, -1. */
static int
known_delivery(struct store *s, const struct store_request *r, struct err *err)
{
    int64_t id;

    if (r->delivery_id == NULL)
        return 0;
    return db_int(s, err, &id,
                  "SELECT request_id FROM sync_requests WHERE system = ? AND delivery_id = ?", "tt",
                  r->system, r->delivery_id);
}

static int
insert(struct store *s, struct store_request *r, struct err *err)
{
    int rc = known_delivery(s, r, err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (db_run(s, err,
               "INSERT INTO sync_requests (system, account, delivery_id, received_at, method, path,"
               " query, headers, body, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'new')",
               "tttmttttb", r->system, r->account, r->delivery_id, r->received_at, r->method,
               r->path, r->query, r->headers, r->body, r->body_len) < 0)
        return -1;
    r->request_id = db_last_id(s);
    return 1;
}

int
store_request_add(struct store *s, struct store_request *r, struct err *err)
{
    struct tx tx;

    r->request_id = 0;
    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx, insert(s, r, err), err);
}

static void
read_row(const struct rows *r, struct arena *a, struct store_request *out)
{
    out->request_id = row_int(r, 0);
    out->system = row_text(r, a, 1);
    out->account = row_text(r, a, 2);
    out->delivery_id = row_text(r, a, 3);
    out->received_at = row_time(r, 4);
    out->method = row_text(r, a, 5);
    out->path = row_text(r, a, 6);
    out->query = row_text(r, a, 7);
    out->headers = row_text(r, a, 8);
    out->body = row_blob(r, a, 9, &out->body_len);
}

int
store_requests_new(struct store *s, struct arena *a, size_t max, struct store_request **out,
                   struct err *err)
{
    struct store_request *list = NULL;
    size_t bytes = 0;
    struct rows r;
    int n = 0, rc;

    if (db_rows(s, &r, err,
                "SELECT " REQUEST_COLUMNS
                " FROM sync_requests WHERE state = 'new' ORDER BY request_id LIMIT ?",
                "i", (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        read_row(&r, a, &list[n]);
        bytes += list[n++].body_len;
        if (bytes >= STORE_REQUEST_BYTES) {
            rows_end(&r);
            break;
        }
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_request_get(struct store *s, struct arena *a, int64_t request_id, struct store_request *out,
                  struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err, "SELECT " REQUEST_COLUMNS " FROM sync_requests WHERE request_id = ?",
                "i", request_id) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    read_row(&r, a, out);
    rows_end(&r);
    return 1;
}

static int
set_state(struct store *s, int64_t request_id, const char *state, const char *reason,
          struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = db_run(s, err, "UPDATE sync_requests SET state = ?, reason = ? WHERE request_id = ?",
                "tti", state, reason, request_id);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}

int
store_request_mapped(struct store *s, int64_t request_id, struct err *err)
{
    return set_state(s, request_id, "mapped", NULL, err);
}

int
store_request_rejected(struct store *s, int64_t request_id, const char *reason, struct err *err)
{
    return set_state(s, request_id, "rejected", reason, err);
}
