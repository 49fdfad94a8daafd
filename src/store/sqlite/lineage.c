#include <config.h>

#include "store/operate.h"

#include <string.h>

#include "store/sqlite/internal.h"

/* Where a value came from: events and the writes they led to. */

#define EVENT_COLUMNS                                                                              \
    "SELECT seq, coalesce(request_id, 0), system, record_id, event_type, event_id, path, payload," \
    " run_id, disposition, reason, received_at, disposed_at, not_before FROM sync_inbox "

static void
read_row(const struct rows *r, struct arena *a, struct store_event *e)
{
    *e = (struct store_event){
        .seq = row_int(r, 0),
        .request_id = row_int(r, 1),
        .system = row_text(r, a, 2),
        .record_id = row_text(r, a, 3),
        .event_type = row_text(r, a, 4),
        .event_id = row_text(r, a, 5),
        .path = row_text(r, a, 6),
        .payload = row_text(r, a, 7),
        .run_id = row_text(r, a, 8),
        .disposition = row_text(r, a, 9),
        .reason = row_text(r, a, 10),
        .received_at = row_time(r, 11),
        .disposed_at = row_time(r, 12),
        .not_before = row_time(r, 13),
    };
}

int
store_event(struct store *s, struct arena *a, int64_t seq, struct store_event *out, struct err *err)
{
    struct rows r;
    int rc;

    memset(out, 0, sizeof *out);
    if (db_rows(s, &r, err, EVENT_COLUMNS "WHERE seq = ?", "i", seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    read_row(&r, a, out);
    rows_end(&r);
    return 1;
}

int
store_events_of(struct store *s, struct arena *a, const char *resource,
                const struct store_record *record, size_t max, struct store_event **out,
                struct err *err)
{
    struct store_event *list = NULL;
    struct rows r;
    int n = 0, rc;

    *out = NULL;
    if (db_rows(s, &r, err,
                EVENT_COLUMNS "WHERE resource = ? AND record_id = ? AND system = ? AND account = ?"
                              " ORDER BY seq DESC LIMIT ?",
                "tttti", resource, record->record_id, record->system, record->account,
                (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        read_row(&r, a, &list[n++]);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_intent(struct store *s, struct arena *a, int64_t token, struct store_sent_intent *out,
             struct err *err)
{
    struct rows r;
    int rc;

    memset(out, 0, sizeof *out);
    if (db_rows(s, &r, err,
                "SELECT " INTENT_COLUMNS ", created_at, settled_at, coalesce(http_status, 0),"
                " response FROM sync_intents WHERE token = ?",
                "i", token) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = intent_row(&r, a, &out->intent) < 0 ? -1 : 1;
    out->created_at = row_time(&r, 16);
    out->settled_at = row_time(&r, 17);
    out->http_status = (int)row_int(&r, 18);
    out->response = row_text(&r, a, 19);
    rows_end(&r);
    return rc;
}
