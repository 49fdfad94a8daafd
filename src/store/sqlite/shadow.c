#include <config.h>

#include "store/sqlite/internal.h"

#include "crypto/digest.h"

int
shadow_load(struct store *s, struct arena *a, int64_t link_id, const char *system,
            const char *account, const struct val **fields, struct shadow_head *head,
            struct err *err)
{
    struct rows r;
    int rc;

    *fields = NULL;
    if (db_rows(s, &r, err,
                "SELECT fields, record_id, map_hash, deleted_at IS NOT NULL FROM sync_metadata"
                " WHERE link_id = ? AND external_system = ? AND account = ?",
                "itt", link_id, system, account) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = row_val(&r, a, 0, fields) < 0 ? -1 : 1;
    if (head != NULL)
        *head = (struct shadow_head){row_text(&r, a, 1), row_text(&r, a, 2), row_int(&r, 3) != 0};
    rows_end(&r);
    return rc;
}

/* The end is there, and its link's: 1, 0 it is not, -1. No index changes with it. */
static int
update(struct store *s, const struct shadow_row *r, const char *fields, const char *hash,
       int64_t now, struct err *err)
{
    return db_run(s, err,
                  "UPDATE OR FAIL sync_metadata SET sync_source = ?, sync_actor = ?,"
                  " correlation_id = ?, synced_at = ?, field_hash = ?, fields = ?,"
                  " diverged = coalesce(?, diverged), version = coalesce(?, version), etag = ?,"
                  " map_hash = coalesce(?, map_hash), deleted_at = CASE WHEN ?11 IS NOT NULL THEN"
                  " coalesce(deleted_at, ?11) END WHERE resource_type = ? AND record_id = ? AND"
                  " external_system = ? AND account = ? AND link_id = ?",
                  "tttmtjvtttMtttti", r->sync_source, r->sync_actor, r->correlation_id, now, hash,
                  fields, r->diverged, r->version, r->etag, r->map_hash,
                  r->deleted ? now : INT64_C(0), r->resource, r->record_id, r->system, r->account,
                  r->link_id);
}

/* The end is new, or another link's until now. */
static int
upsert(struct store *s, const struct shadow_row *r, const char *fields, const char *hash,
       int64_t now, struct err *err)
{
    return db_run(s, err,
                  "INSERT INTO sync_metadata (resource_type, record_id, external_system, account,"
                  " link_id, sync_source, sync_actor, correlation_id, synced_at, field_hash,"
                  " fields, diverged, version, etag, map_hash, deleted_at)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, coalesce(?12, '[]'),"
                  " ?13, ?14, coalesce(?15, ''), ?16)"
                  " ON CONFLICT (resource_type, record_id, external_system, account) DO UPDATE SET"
                  " link_id = ?5, sync_source = ?6, sync_actor = ?7, correlation_id = ?8,"
                  " synced_at = ?9, field_hash = ?10, fields = ?11,"
                  " diverged = coalesce(?12, diverged), version = coalesce(?13, version),"
                  " etag = ?14, map_hash = coalesce(?15, map_hash), deleted_at = CASE WHEN ?16 IS"
                  " NOT NULL THEN coalesce(deleted_at, ?16) END",
                  "ttttitttmtjvtttM", r->resource, r->record_id, r->system, r->account, r->link_id,
                  r->sync_source, r->sync_actor, r->correlation_id, now, hash, fields, r->diverged,
                  r->version, r->etag, r->map_hash, r->deleted ? now : INT64_C(0));
}

int
shadow_save(struct store *s, const struct shadow_row *r, int64_t now, struct err *err)
{
    CLEANUP_BUF struct buf canon = BUF_INIT;
    char hash[DIGEST_HEX];
    int rc;

    val_canon(&canon, r->fields);
    digest_hex(buf_get(&canon), canon.len, hash);
    rc = update(s, r, buf_get(&canon), hash, now, err);
    if (rc == 0)
        rc = upsert(s, r, buf_get(&canon), hash, now, err);
    return rc < 0 ? -1 : 0;
}

int
shadow_replace(struct store *s, int64_t link_id, const char *system, const char *account,
               const char *record_id, struct err *err)
{
    if (db_run(s, err,
               "DELETE FROM sync_keys WHERE (resource_type, external_system, account, record_id) ="
               " (SELECT resource_type, external_system, account, record_id FROM sync_metadata"
               " WHERE link_id = ? AND external_system = ? AND account = ?)",
               "itt", link_id, system, account) < 0)
        return -1;
    return db_run(s, err,
                  "UPDATE sync_metadata SET record_id = ?, version = NULL, etag = NULL,"
                  " deleted_at = NULL WHERE link_id = ? AND external_system = ? AND account = ?",
                  "titt", record_id, link_id, system, account) < 0
               ? -1
               : 0;
}

int
shadow_diverge(struct store *s, int64_t link_id, const char *system, const char *account,
               const char *record_id, const struct val *diverged, struct err *err)
{
    return db_run(s, err,
                  "UPDATE sync_metadata SET diverged = ? WHERE link_id = ? AND external_system = ?"
                  " AND account = ? AND record_id = ?",
                  "vittt", diverged, link_id, system, account, record_id);
}

int
shadow_revive(struct store *s, int64_t link_id, const char *system, const char *account,
              struct err *err)
{
    return db_run(s, err,
                  "UPDATE sync_metadata SET deleted_at = NULL WHERE link_id = ? AND"
                  " external_system = ? AND account = ? AND deleted_at IS NOT NULL",
                  "itt", link_id, system, account);
}

int
shadow_bury(struct store *s, int64_t link_id, const char *system, const char *account, int64_t now,
            struct err *err)
{
    return db_run(s, err,
                  "UPDATE sync_metadata SET deleted_at = coalesce(deleted_at, ?1), synced_at = ?1,"
                  " etag = NULL WHERE link_id = ?2 AND external_system = ?3 AND account = ?4",
                  "mitt", now, link_id, system, account) < 0
               ? -1
               : 0;
}
