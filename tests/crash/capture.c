#include <config.h>

#include "capture.h"

#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"

#include "record.h"
#include "scenario.h"

/*
 * What has no place here may differ: how an event ended that changed nothing (echo, superseded,
 * pushed or owed and then pushed, deleted when another record had taken the place), for which row
 * of a link a decision was written down, keys of linked records (known once they are listed), rows
 * of runs that a crash left, times, history.
 */
static const char names[] =
    "CREATE TEMP VIEW end AS SELECT *, external_system || ':' || coalesce("
    " called(external_system, resource_type, record_id), '?') AS name FROM sync_metadata;"
    "CREATE TEMP VIEW link AS SELECT l.*, (SELECT group_concat(name, ' ') FROM (SELECT name FROM"
    " end e WHERE e.link_id = l.link_id ORDER BY 1)) AS name FROM sync_links l;";

static const char lines[] =
    "SELECT 'link ' || coalesce(name, '') || coalesce(' ended ' || ended_why, '') ||"
    "  coalesce(' of ' || owned_by, '') FROM link"
    " UNION ALL SELECT 'shadow ' || name || ' ' || shown(external_system, fields) || ' diverged '"
    "  || diverged || iif(deleted_at IS NULL, '', ' deleted') FROM end"
    " UNION ALL SELECT 'owed ' || name || ' from ' || source || ' to ' || target || ' ' ||"
    "  shown(source, json_object(field, json(value))) || iif(refused IS NULL, '', ' refused')"
    "  FROM sync_owed JOIN link USING (link_id)"
    " UNION ALL SELECT 'conflict ' || name || ' ' || field || ' ' || state ||"
    "  coalesce(' ' || resolution, '') FROM sync_conflicts JOIN link USING (link_id)"
    " UNION ALL SELECT 'intent ' || coalesce(link.name, '') || ' ' || action || ' at ' || target ||"
    "  ' ' || state FROM sync_intents JOIN link USING (link_id)"
    "  WHERE state IN ('prepared', 'sent', 'unknown')"
    " UNION ALL SELECT 'claim' FROM sync_claims"
    " UNION ALL SELECT DISTINCT 'reject ' || code || ' ' || coalesce(system || ':' ||"
    "  called(system, resource, record_id), '') || coalesce(' at ' || target, '') || ' ' || state"
    "  FROM sync_rejects"
    " UNION ALL SELECT DISTINCT iif(disposition IS NULL, 'pending ', disposition || ' ') ||"
    "  coalesce(l.name, system || ':' || coalesce(called(system, resource, record_id), record_id))"
    "  FROM sync_inbox i LEFT JOIN link l USING (link_id) WHERE disposition IS NULL OR disposition"
    "  IN ('rejected', 'conflict', 'not-owner', 'unmapped', 'gone', 'ignored') OR (disposition ="
    "  'deleted' AND EXISTS (SELECT 1 FROM sync_metadata m WHERE m.external_system = i.system AND"
    "  m.resource_type = i.resource AND m.record_id = i.record_id))"
    " UNION ALL SELECT 'key ' || external_system || ':' || coalesce(called(external_system,"
    "  resource_type, record_id), record_id) || ' ' || key_hash FROM sync_keys k"
    "  WHERE NOT EXISTS (SELECT 1 FROM sync_metadata m WHERE m.external_system ="
    "  k.external_system AND m.record_id = k.record_id AND m.resource_type = k.resource_type)"
    " UNION ALL SELECT 'watermark ' || sync_job_id || ' ' || status || iif(last_successful IS NULL,"
    "  ' none', '') FROM sync_watermarks"
    " UNION ALL SELECT 'open run of ' || sync_job_id FROM sync_runs WHERE ended_at IS NULL"
    " UNION ALL SELECT 'pause ' || scope || ' ' || reason FROM sync_pauses"
    /* what sync-ctl audit says */
    " UNION ALL SELECT 'unbalanced' WHERE (SELECT sum(events) FROM v_balance) <> (SELECT seq FROM"
    "  sqlite_sequence WHERE name = 'sync_inbox')";

static const char open_rows[] =
    "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL) + (SELECT count(*) FROM"
    " sync_intents WHERE state IN ('prepared', 'sent')) + (SELECT count(*) FROM sync_owed WHERE"
    " refused IS NULL)";

static void
run_sql(sqlite3 *db, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        world_fail("%s: %s", sql, why);
}

/* called(SYSTEM, RESOURCE, ID): its name, or null. */
static void
called(sqlite3_context *context, int n, sqlite3_value **values)
{
    const char *system = (const char *)sqlite3_value_text(values[0]);
    const char *resource = (const char *)sqlite3_value_text(values[1]);
    const char *id = (const char *)sqlite3_value_text(values[2]), *name = NULL;

    (void)n;
    if (system != NULL && resource != NULL && id != NULL)
        for (int i = 0; i < COLLECTIONS && name == NULL; i++)
            if (strcmp(resource + strcspn(resource, "/") + 1, collections[i]) == 0)
                name = names_text(sqlite3_user_data(context), system[0] - 'a', collections[i], id);
    sqlite3_result_text(context, name, -1, SQLITE_TRANSIENT);
}

/* shown(SYSTEM, RECORD): with names for ids. */
static void
shown(sqlite3_context *context, int n, sqlite3_value **values)
{
    const char *system = (const char *)sqlite3_value_text(values[0]);
    json_t *record = json_loads((const char *)sqlite3_value_text(values[1]), 0, NULL);
    CLEANUP_FREE char *text = NULL;

    (void)n;
    names_show(sqlite3_user_data(context), system[0] - 'a', record);
    text = json_dumps(record, JSON_COMPACT | JSON_SORT_KEYS);
    sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
    json_decref(record);
}

static void
take_records(struct capture *c, struct world *w, const struct names *all, int system)
{
    struct buf text = BUF_INIT;

    for (int k = 0; k < COLLECTIONS; k++) {
        json_t *records = world_dump(w, system, collections[k]);

        for (size_t i = 0; i < json_array_size(records); i++) {
            names_show(all, system, json_array_get(records, i));
            record_line(&text, json_array_get(records, i));
        }
        json_decref(records);
    }
    c->records[system] = lines_sorted(buf_get(&text));
    buf_release(&text);
}

static void
take_counters(struct capture *c, struct world *w, int system)
{
    json_t *all = world_call(w, system, "GET", "/_sim/counters", NULL);

    c->creates[system] = (long)json_integer_value(json_object_get(all, "creates"));
    c->updates[system] = (long)json_integer_value(json_object_get(all, "updates")) -
                         (long)json_integer_value(json_object_get(all, "noop_updates"));
    c->deletes[system] = (long)json_integer_value(json_object_get(all, "deletes"));
    json_decref(all);
}

static void
take_state(struct capture *c, sqlite3 *db)
{
    struct buf text = BUF_INIT;
    sqlite3_stmt *st = NULL;

    if (sqlite3_prepare_v2(db, lines, -1, &st, NULL) != SQLITE_OK)
        world_fail("%s", sqlite3_errmsg(db));
    while (sqlite3_step(st) == SQLITE_ROW)
        buf_printf(&text, "%s\n", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    c->state = lines_sorted(buf_get(&text));
    buf_release(&text);
    if (sqlite3_prepare_v2(db, open_rows, -1, &st, NULL) != SQLITE_OK)
        world_fail("%s", sqlite3_errmsg(db));
    if (sqlite3_step(st) == SQLITE_ROW)
        c->open = (long)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
}

void
capture_take(struct capture *c, struct world *w)
{
    CLEANUP_FREE char *state = world_path(w, "work/state.db");
    struct names all = {.n = 0};
    sqlite3 *db = NULL;

    *c = (struct capture){.open = 0};
    for (size_t i = 0; i < w->known.n; i++)
        names_copy(&all, &w->known.rows[i]);
    world_names(w, &all);
    if (sqlite3_open_v2(state, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_create_function(db, "called", 3, SQLITE_UTF8, &all, called, NULL, NULL) !=
            SQLITE_OK ||
        sqlite3_create_function(db, "shown", 2, SQLITE_UTF8, &all, shown, NULL, NULL) != SQLITE_OK)
        world_fail("%s: %s", state, sqlite3_errmsg(db));
    run_sql(db, "PRAGMA temp_store = MEMORY");
    run_sql(db, names);
    for (int i = 0; i < SYSTEMS; i++) {
        take_records(c, w, &all, i);
        take_counters(c, w, i);
    }
    take_state(c, db);
    sqlite3_close(db);
    names_release(&all);
}

/* The line at TEXT as a copy, and TEXT behind it; NULL at the end. */
static char *
next_line(const char **text)
{
    size_t n = strcspn(*text, "\n");
    char *line;

    if (**text == '\0')
        return NULL;
    line = mem_printf("%.*s", (int)n, *text);
    *text += n + ((*text)[n] == '\n');
    return line;
}

int
capture_compare_lines(const char *what, const char *base, const char *now, struct buf *out)
{
    char *x = next_line(&base), *y = next_line(&now);
    int n = 0;

    while (x != NULL || y != NULL) {
        int order = x == NULL ? 1 : y == NULL ? -1 : strcmp(x, y);

        if (order != 0) {
            buf_printf(out, "%s %s%s\n", order < 0 ? "-" : "+", what, order < 0 ? x : y);
            n++;
        }
        if (order <= 0) {
            free(x);
            x = next_line(&base);
        }
        if (order >= 0) {
            free(y);
            y = next_line(&now);
        }
    }
    return n;
}

static int
compare_number(const char *what, int system, long base, long now, struct buf *out)
{
    if (base == now)
        return 0;
    buf_printf(out, "- %ld %s at %c\n+ %ld %s at %c\n", base, what, 'a' + system, now, what,
               'a' + system);
    return 1;
}

int
capture_compare(const struct capture *base, const struct capture *now, struct buf *out)
{
    int n = capture_compare_lines("", base->state, now->state, out);

    for (int i = 0; i < SYSTEMS; i++) {
        n += capture_compare_lines(i == 0 ? "a " : "b ", base->records[i], now->records[i], out);
        n += compare_number("creates", i, base->creates[i], now->creates[i], out);
        n += compare_number("updates", i, base->updates[i], now->updates[i], out);
        n += compare_number("deletes", i, base->deletes[i], now->deletes[i], out);
    }
    return n;
}

void
capture_release(struct capture *c)
{
    for (int i = 0; i < SYSTEMS; i++)
        free(c->records[i]);
    free(c->state);
    *c = (struct capture){.open = 0};
}
