#include <config.h>

#include "state.h"

#include <stdlib.h>

#include <sqlite3.h>

#include "base/mem.h"

/* Of sync_owed o: its field does not wait for a person. */
#define NOT_CLOSED                                                                                 \
    " NOT EXISTS (SELECT 1 FROM sync_conflicts c WHERE c.link_id = o.link_id AND c.field = "       \
    "o.field AND c.state = 'open')"

static int
take_text(void *out, int n, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s%s", i > 0 ? " " : "", values[i] != NULL ? values[i] : "null");
    buf_char(out, '\n');
    return 0;
}

void
state_ask(struct world *w, const char *query, struct buf *out)
{
    CLEANUP_FREE char *file = world_path(w, "state.db");
    sqlite3 *db = NULL;
    char *error = NULL;

    if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
        sqlite3_exec(db, query, take_text, out, &error) != SQLITE_OK)
        world_blame(w, "the state cannot be read: %s: %s", sqlite3_errmsg(db), query);
    sqlite3_free(error);
    sqlite3_close(db);
}

long
state_count(struct world *w, const char *query)
{
    CLEANUP_BUF struct buf out = BUF_INIT;

    state_ask(w, query, &out);
    return atol(buf_get(&out));
}

static void
want_none(struct world *w, const char *what, const char *query)
{
    CLEANUP_BUF struct buf out = BUF_INIT;

    state_ask(w, query, &out);
    if (out.len > 0)
        world_blame(w, "left over: %s: %s", what, buf_get(&out));
}

void
state_check(struct world *w, const struct oracle *o)
{
    bool muddled = false;

    for (int i = 0; i < MAX_PEOPLE; i++)
        muddled = muddled || o->muddled[i];
    want_none(w, "events",
              "SELECT seq, lane, lease, not_before, reason FROM sync_inbox WHERE "
              "disposition IS NULL");
    want_none(w, "intents",
              "SELECT token, target, action, state, fields FROM sync_intents WHERE "
              "state IN ('prepared', 'sent', 'unknown')");
    want_none(w, "claims", "SELECT * FROM sync_claims");
    want_none(w, "raw requests",
              "SELECT request_id, system FROM sync_requests WHERE state = 'new'");
    want_none(w, "pauses", "SELECT * FROM sync_pauses");
    want_none(w, "two records of a system in one link, or two links of one record",
              "SELECT link_id FROM sync_metadata GROUP BY link_id, external_system HAVING count(*) "
              "> 1");
    if (muddled)
        return;
    want_none(w, "owed",
              "SELECT link_id, field, target, source, value, not_before, refused FROM "
              "sync_owed o WHERE" NOT_CLOSED);
    want_none(w, "rejects",
              "SELECT reject_id, stage, code, text FROM sync_rejects WHERE state = "
              "'open'");
}

bool
state_is_at_rest(struct world *w)
{
    return state_count(
               w, "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL) + (SELECT "
                  "count(*) FROM sync_intents WHERE state IN ('prepared', 'sent')) + (SELECT "
                  "count(*) FROM sync_requests WHERE state = 'new') + (SELECT count(*) FROM "
                  "sync_owed o WHERE refused IS NULL AND" NOT_CLOSED ")") == 0;
}
