#include <config.h>

#include "hook.h"

#include <sqlite3.h>

#include "base/clock.h"
#include "base/mem.h"

/* 1 system, 2 account, 3 resource, 4 record, 5 type, 6 merged into, 7 now. */
static const char row[] =
    "INSERT INTO sync_inbox (lane, link_id, system, account, resource, record_id, event_type,"
    " event_id, path, received_at, map_hash, payload, not_before)"
    " SELECT coalesce('L' || e.link_id, 'R' || ?1 || '/' || ?2 || '/' || ?3 || '/' || ?4),"
    "  e.link_id, ?1, ?2, ?3, ?4, ?5, n.name, 'webhook', ?7, '', json_patch(json_object("
    "  'path', 'webhook', 'system', ?1, 'account', ?2, 'resource', ?3, 'record_id', ?4,"
    "  'event_type', ?5, 'event_id', n.name, 'sync_source', ?1, 'sync_direction', 'inbound',"
    "  'fields', NULL, 'received_at', ?7), json_object('merged_into', ?6)), ?7"
    " FROM (SELECT 'hook-' || (1 + coalesce(max(seq), 0)) AS name FROM sync_inbox) n"
    " LEFT JOIN sync_metadata e ON e.external_system = ?1 AND e.account = ?2 AND"
    "  e.resource_type = ?3 AND e.record_id = ?4";

void
hook_admit(struct world *w, int system, const char *collection, const char *type, const char *id,
           const char *into)
{
    CLEANUP_FREE char *state = world_path(w, "work/state.db");
    CLEANUP_FREE char *resource = mem_printf("crm/%s", collection);
    char now[CLOCK_TEXT];
    const char *const values[] = {
        system == 0 ? "a" : "b",  system == 0 ? "sim-1" : "sim-2", resource, id, type, into,
        clock_format(w->now, now)};
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;

    if (sqlite3_open_v2(state, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, row, -1, &st, NULL) != SQLITE_OK)
        world_fail("%s: %s", state, sqlite3_errmsg(db));
    for (int i = 0; i < (int)(sizeof values / sizeof values[0]); i++)
        sqlite3_bind_text(st, i + 1, values[i], -1, SQLITE_STATIC);
    if (sqlite3_step(st) != SQLITE_DONE)
        world_fail("%s: %s", state, sqlite3_errmsg(db));
    sqlite3_finalize(st);
    sqlite3_close(db);
}
