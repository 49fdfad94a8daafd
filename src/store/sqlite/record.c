#include <config.h>

#include "store/sqlite/internal.h"

#include "json/scan.h"

/* Records as they were seen, linked or not: match keys, listing rows. */

static int
replace_keys(struct store *s, const char *resource, const char *system, const char *account,
             const char *record_id, const char *const *hashes, size_t n, int64_t now,
             struct err *err)
{
    if (db_run(s, err,
               "DELETE FROM sync_keys WHERE resource_type = ? AND external_system = ? AND"
               " account = ? AND record_id = ?",
               "tttt", resource, system, account, record_id) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (db_run(s, err, "INSERT OR IGNORE INTO sync_keys VALUES (?, ?, ?, ?, ?, ?)", "tttttm",
                   resource, hashes[i], system, account, record_id, now) < 0)
            return -1;
    return 0;
}

int
store_keys_replace(struct store *s, const char *resource, const char *system, const char *account,
                   const char *record_id, const char *const *hashes, size_t n, int64_t now,
                   struct err *err)
{
    struct tx tx;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    return tx_leave(
        s, &tx, replace_keys(s, resource, system, account, record_id, hashes, n, now, err), err);
}

int
store_candidates(struct store *s, struct arena *a, const char *resource, const char *system,
                 const char *account, const char *hash, const char **ids, size_t max,
                 struct err *err)
{
    struct rows r;
    int n = 0, rc;

    if (db_rows(s, &r, err,
                "SELECT record_id FROM sync_keys INDEXED BY sync_keys_hash WHERE resource_type = ?"
                " AND key_hash = ? AND external_system = ? AND account = ? ORDER BY record_id"
                " LIMIT ?",
                "tttti", resource, hash, system, account, (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1)
        ids[n++] = row_text(&r, a, 0);
    return rc < 0 ? -1 : n;
}

int
store_claimed(struct store *s, const char *resource, const char *hash, struct err *err)
{
    int64_t token;

    return db_int(s, err, &token,
                  "SELECT token FROM sync_claims WHERE resource_type = ? AND key_hash = ?", "tt",
                  resource, hash);
}

int
store_open_creates(struct store *s, const char *resource, const char *system, const char *account,
                   struct err *err)
{
    int64_t n = 0;
    int rc;

    rc = db_int(
        s, err, &n,
        "SELECT count(*) FROM sync_intents n INDEXED BY sync_intents_open WHERE " OPEN_INTENT(
            "n") " AND n.target = ? AND n.account = ? AND n.resource_type = ? AND"
                 " n.action = 'create'",
        "ttt", system, account, resource);
    return rc < 0 ? -1 : (int)n;
}

/* A row of a listing that shows the whole record. */
static bool
is_whole(const char *payload, size_t len)
{
    struct scan_member want[] = {{"fields", NULL, 0}, {"partial", NULL, 0}};

    if (scan_object(payload, len, want, 2, NULL) < 0)
        return false;
    return !scan_is_null(&want[0]) && (want[1].text == NULL || want[1].text[0] != 't');
}

int
store_latest_row(struct store *s, struct arena *a, const char *resource, const char *system,
                 const char *account, const char *record_id, const char **payload,
                 int64_t *received_at, struct err *err)
{
    struct rows r;
    int rc;

    *payload = NULL;
    *received_at = 0;
    if (db_rows(s, &r, err,
                "SELECT payload, received_at, path = 'delta' AND event_type IN"
                " ('created','updated') FROM sync_inbox WHERE resource = ? AND record_id = ? AND"
                " system = ? AND account = ? ORDER BY seq DESC LIMIT 1",
                "tttt", resource, record_id, system, account) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = row_int(&r, 2) != 0 && is_whole(row_peek(&r, 0), (size_t)sqlite3_column_bytes(r.st, 0));
    if (rc == 1) {
        *payload = row_text(&r, a, 0);
        *received_at = row_time(&r, 1);
    }
    rows_end(&r);
    return rc;
}
