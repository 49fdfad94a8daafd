#include <config.h>

#include "state.h"

#include <stdlib.h>

#include <sqlite3.h>

#include "base/clock.h"
#include "base/mem.h"

enum { MIN_DUE_MS = 5000, MAX_DUE_MS = 60000 };

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

/* What is owed to a tombstone waits until that is undeleted. */
#define TO_TOMBSTONE                                                                               \
    " EXISTS (SELECT 1 FROM sync_metadata t WHERE t.link_id = o.link_id AND t.external_system = "  \
    "o.target AND t.deleted_at IS NOT NULL)"

/*
 * The rows of sync_owed that are to go by themselves, as FROM and WHERE: not what waits for a
 * person or an undelete, and not where a record of the link is gone without a word.
 */
static char *
from_owed(const struct world *w, const struct oracle *o)
{
    CLEANUP_BUF struct buf gone = BUF_INIT;

    for (int p = 0; p < w->plan->n_people; p++)
        for (int s = 0; s < w->plan->n_systems; s++)
            if (o->fates[p][s].down || o->fates[p][s].dead)
                buf_printf(&gone, "%s'%c %s'", gone.len > 0 ? ", " : "", 'a' + s,
                           o->fates[p][s].grave);
    return mem_printf(
        "FROM sync_owed o WHERE" NOT_CLOSED " AND NOT" TO_TOMBSTONE
        " AND NOT EXISTS (SELECT 1 FROM sync_metadata m WHERE m.link_id = o.link_id AND "
        "m.deleted_at IS NULL AND m.external_system || ' ' || m.record_id IN (%s))",
        buf_get(&gone));
}

int
state_due_ms(struct world *w)
{
    CLEANUP_BUF struct buf out = BUF_INIT;
    int64_t due, left = 0;

    state_ask(w,
              "SELECT min(t) FROM (SELECT not_before t FROM sync_inbox WHERE disposition IS NULL "
              "UNION ALL SELECT not_before FROM sync_owed WHERE refused IS NULL)",
              &out);
    if (out.len > 0)
        out.data[out.len - 1] = '\0';
    if (clock_parse(buf_get(&out), &due, NULL) == 0)
        left = due - clock_now() + 100;
    return (int)(left < MIN_DUE_MS ? MIN_DUE_MS : left > MAX_DUE_MS ? MAX_DUE_MS : left);
}

void
state_check(struct world *w, const struct oracle *o)
{
    CLEANUP_FREE char *owed = from_owed(w, o);
    CLEANUP_FREE char *query =
        mem_printf("SELECT link_id, field, target, source, value, not_before, refused %s", owed);
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
    want_none(w, "owed", query);
    want_none(w, "rejects",
              "SELECT reject_id, stage, code, text FROM sync_rejects WHERE state = "
              "'open'");
}

bool
state_is_at_rest(struct world *w, const struct oracle *o)
{
    CLEANUP_FREE char *owed = from_owed(w, o);
    CLEANUP_FREE char *query = mem_printf(
        "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL) + (SELECT count(*) "
        "FROM sync_intents WHERE state IN ('prepared', 'sent')) + (SELECT count(*) FROM "
        "sync_requests WHERE state = 'new') + (SELECT count(*) %s AND refused IS NULL)",
        owed);

    return state_count(w, query) == 0;
}
