#include <config.h>

#include "rest.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "base/mem.h"

enum { MAX_RUNS = 60 };

/* Of sync_owed o: its field does not wait for a person. */
#define NOT_CLOSED                                                                                 \
    " NOT EXISTS (SELECT 1 FROM sync_conflicts c WHERE c.link_id = o.link_id AND c.field = "       \
    "o.field AND c.state = 'open')"

/* ---- the state ---- */

static int
take_text(void *out, int n, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < n; i++)
        buf_printf(out, "%s%s", i > 0 ? " " : "", values[i] != NULL ? values[i] : "null");
    buf_char(out, '\n');
    return 0;
}

/* Rows of QUERY as lines. */
static void
ask(struct world *w, const char *query, struct buf *out)
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

static long
count(struct world *w, const char *query)
{
    CLEANUP_BUF struct buf out = BUF_INIT;

    ask(w, query, &out);
    return atol(buf_get(&out));
}

static void
want_none(struct world *w, const char *what, const char *query)
{
    CLEANUP_BUF struct buf out = BUF_INIT;

    ask(w, query, &out);
    if (out.len > 0)
        world_blame(w, "left over: %s: %s", what, buf_get(&out));
}

static void
check_state(struct world *w, const struct oracle *o)
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

/* ---- the systems ---- */

static json_t *
counters(struct world *w, int system)
{
    json_t *c = world_call(w, system, "GET", "/_sim/counters", NULL);

    if (c == NULL)
        world_fail("%s: no counters", w->folder);
    return c;
}

static int
counter(json_t *counters, const char *name)
{
    return (int)json_integer_value(json_object_get(counters, name));
}

/* Creates and updates that were done since the counters were reset, which they are now. */
static int
take_writes(struct world *w)
{
    int n = 0;

    for (int i = 0; i < w->plan->n_systems; i++) {
        json_t *c = counters(w, i);

        n += counter(c, "creates") + counter(c, "updates");
        if (counter(c, "deletes") > 0)
            world_blame(w, "writes: %c was asked to delete", 'a' + i);
        json_decref(c);
        json_decref(world_call(w, i, "POST", "/_sim/reset-counters", NULL));
    }
    return n;
}

void
rest_calm(struct world *w)
{
    static const char *const troubles[] = {
        "limit-next", "fail-next", "apply-then-fail", "apply-then-drop", "drop-next",
        "slow-ms",    "rate",      "limit-status"};

    for (int i = 0; i < w->plan->n_systems; i++)
        for (size_t q = 0; q < sizeof troubles / sizeof troubles[0]; q++)
            world_quirk_text(w, i, troubles[q], false);
}

static void
drain(struct world *w)
{
    bool up = w->listener != NULL && w->listener->status == STATUS_RUNNING;

    for (int i = 0; i < w->plan->n_systems; i++)
        if (up && w->plan->systems[i].webhook)
            json_decref(world_call(w, i, "POST", "/_sim/drain", NULL));
}

/* ---- to rest ---- */

static void
end_crons(struct world *w)
{
    for (int i = 0; i < w->n_procs; i++) {
        struct proc *p = &w->procs[i];

        if (p->role != ROLE_CRON || world_wait(w, p, 15000 * (int)w->haste) != STATUS_RUNNING)
            continue;
        world_blame(w, "hangs: sync-reconcile, pid %d", (int)p->pid);
        world_kill(w, p, SIGKILL);
    }
}

static void
lift_pauses(struct world *w)
{
    for (int i = 0; i < w->plan->n_systems; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        const char *argv[] = {"sync-ctl", "resume", "-q", name, NULL};
        int status = world_run(w, argv, "ctl.out");

        if (status != 0 && status != 1)
            world_blame(w, "sync-ctl resume %s ended with %d", name, status);
    }
}

static int
longest_lag(const struct plan *p)
{
    int ms = 0;

    for (int i = 0; i < p->n_systems; i++) {
        const struct system_plan *s = &p->systems[i];
        int lag = s->lag_ms > s->find_lag ? s->lag_ms : s->find_lag;

        ms = lag > ms ? lag : ms;
    }
    return ms;
}

static int
reconcile(struct world *w)
{
    static const char *const argv[] = {"sync-reconcile", "run", NULL};

    return world_run(w, argv, "cron.ndjson");
}

static bool
is_at_rest(struct world *w)
{
    return count(w, "SELECT (SELECT count(*) FROM sync_inbox WHERE disposition IS NULL) + (SELECT "
                    "count(*) FROM sync_intents WHERE state IN ('prepared', 'sent')) + (SELECT "
                    "count(*) FROM sync_requests WHERE state = 'new') + (SELECT count(*) FROM "
                    "sync_owed o WHERE refused IS NULL AND" NOT_CLOSED ")") == 0;
}

static void
settle(struct world *w)
{
    int status = -1, tries = 0;

    while (w->why.len == 0 && tries < MAX_RUNS) {
        status = reconcile(w);
        tries++;
        drain(w);
        if ((status == 0 || (w->twins && status == 2)) && is_at_rest(w))
            break;
        if (status != 0 && status != 75 && (!w->twins || status != 2))
            world_blame(w, "sync-reconcile run ended with %d", status);
        world_nap(w, 5000);
    }
    world_say(w, "   at rest after %d runs", tries);
    if (tries == MAX_RUNS)
        world_blame(w, "does not settle: %d runs, the last ended with %d", tries, status);
}

static void
check_quiet(struct world *w)
{
    int status, writes;

    world_nap(w, longest_lag(w->plan));
    take_writes(w);
    status = reconcile(w);
    drain(w);
    if (status != 0 && (!w->twins || status != 2))
        world_blame(w, "one more sync-reconcile run ended with %d", status);
    writes = take_writes(w);
    if (writes > 0)
        world_blame(w, "one more sync-reconcile run wrote %d times", writes);
}

static void
check_log(struct world *w)
{
    static const char *const bad[] = {"bug: ",        "Sanitizer", "runtime error:", "by signal 6",
                                      "by signal 11", "assertion", "corrupt",        "malformed"};
    CLEANUP_FREE char *path = world_path(w, "log");
    FILE *log = fopen(path, "re");
    char line[4096];

    while (log != NULL && fgets(line, sizeof line, log) != NULL)
        for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
            if (strstr(line, bad[i]) != NULL)
                world_blame(w, "log: %s", line);
    if (log != NULL)
        fclose(log);
}

int
rest(struct world *w, struct oracle *o, const struct step *s)
{
    static const char *const audit[] = {"sync-ctl", "audit", NULL};
    int writes, most = oracle_most_writes(o), status;

    rest_calm(w);
    lift_pauses(w);
    world_start_listener(w); /* what it has stored is mapped in any case */
    world_hooks(w, !s->drop);
    drain(w);
    end_crons(w);
    if (!s->live)
        world_stop_pipe(w);
    world_nap(w, longest_lag(w->plan) + 500);
    settle(w);
    if (w->why.len > 0)
        return 0;
    writes = take_writes(w);
    check_quiet(w);
    oracle_check(o, w);
    check_state(w, o);
    status = world_run(w, audit, "ctl.out");
    if (status != 0)
        world_blame(w, "conservation: sync-ctl audit ended with %d", status);
    check_log(w);
    if (!s->live)
        world_stop_listener(w);
    if (writes > most)
        world_blame(w, "writes: %d for %d creates and edits of people, at most %d", writes,
                    o->deeds, most);
    oracle_rest(o);
    return writes;
}
