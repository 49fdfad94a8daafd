#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

#include "base/clock.h"
#include "crypto/digest.h"
#include "stream/disposition.h"

/*
 * The decision's transaction. Each step returns STORE_COMMITTED (0: go on), another outcome, or -1;
 * whatever is not 0 rolls back to before the decision.
 */

/* An event whose decisions do not fit the state waits 0, 1 s, 2 s ... 17 min. */
enum { MOVED_WAIT_MS = 500, MOVED_MAX = 11 };

static int
bad_decision(struct deciding *g, const char *what)
{
    return err_set(g->err, ERR_RECORD, ERR_NEVER, "bad-decision", "%s", what);
}

/* Lines may be hand-made: what the transaction relies on. */
static int
check_decision(struct deciding *g)
{
    const struct decision *d = g->d;

    if (d->hold_reason != NULL)
        return bad_decision(g, "hold: nothing to commit");
    if (d->n_writes > 0 && d->link == 0 && d->external_id == NULL)
        return bad_decision(g, "external_id: missing");
    for (size_t i = 0; i < d->n_ends; i++)
        if (d->ends[i].record_id != NULL && d->ends[i].account == NULL)
            return bad_decision(g, "ends: account: missing");
    for (size_t i = 0; i < d->n_writes; i++) {
        if (d->writes[i].account == NULL)
            return bad_decision(g, "writes: account: missing");
        for (size_t j = 0; j < i; j++)
            if (strcmp(d->writes[i].target, d->writes[j].target) == 0)
                return bad_decision(g, "writes: two for one target");
    }
    return 0;
}

/* ---- The event ---- */

static int
check_fence(struct deciding *g)
{
    int64_t seq;
    int rc = db_int(g->s, g->err, &seq,
                    "SELECT seq FROM sync_inbox WHERE seq = ? AND lease = ? AND fence = ? AND"
                    " disposition IS NULL AND folded_into IS NULL",
                    "iti", g->e->seq, g->c->pipeline, g->c->fence);

    g->seq = g->e->seq;
    if (rc < 0)
        return -1;
    return rc == 1 ? STORE_COMMITTED : STORE_NOT_OURS;
}

/* A line that is data is admitted. ID: its own event id, or a new one. 1, 0 known already, -1. */
static int
admit_line(struct deciding *g, bool fresh_id)
{
    char random[17];
    struct event copy = *g->e;
    struct store_admission x = {.event = &copy, .map_hash = g->d->map_hash};

    copy.seq = 0;
    if (fresh_id || copy.event_id == NULL) {
        digest_random_hex(8, random);
        copy.event_id = arena_printf(g->a, "line:%s", random);
    }
    return inbox_insert(g->s, &x, g->now, &g->seq, g->err);
}

/* The same, and it is out under our own lease, if its lane is free. */
static int
take_line(struct deciding *g)
{
    int64_t other;
    int rc = admit_line(g, false);

    if (rc == 0)
        rc = admit_line(g, true);
    if (rc < 0)
        return -1;
    rc = db_int(g->s, g->err, &other,
                "SELECT h.seq FROM sync_inbox h, sync_inbox i WHERE i.seq = ? AND h.lane = i.lane"
                " AND h.disposition IS NULL AND h.lease IS NOT NULL AND h.folded_into IS NULL",
                "i", g->seq);
    if (rc != 0)
        return rc < 0 ? -1 : STORE_MOVED;
    rc = db_run(g->s, g->err,
                "UPDATE sync_inbox SET lease = ?, fence = 1, leased_ms = ? WHERE seq = ?", "tii",
                g->c->owner, clock_boot(), g->seq);
    return rc < 0 ? -1 : STORE_COMMITTED;
}

/* ---- The link ---- */

static bool
is_live(const struct decision_end *e)
{
    return e->record_id != NULL && (e->state == NULL || strcmp(e->state, "live") == 0);
}

/* A link is made of two records at least, or of one and a write. */
static bool
makes_link(const struct decision *d)
{
    size_t live = 0;

    for (size_t i = 0; i < d->n_ends; i++)
        live += is_live(&d->ends[i]);
    return d->external_id != NULL && d->reject_code == NULL && live > 0 &&
           (live > 1 || d->n_writes > 0);
}

/* Who made the record, as far as anybody can tell. There is one: makes_link. */
static const char *
first_live(const struct decision *d)
{
    for (size_t i = 0; i < d->n_ends; i++)
        if (is_live(&d->ends[i]))
            return d->ends[i].system;
    return NULL;
}

/* Is the record nobody's, or the claiming link's? 1, 0, -1. */
static int
is_free(struct deciding *g, const struct link_claim *c)
{
    int64_t other;
    int rc = link_of_record(g->s, c->resource, c->system, c->account, c->record_id, &other, g->err);

    return rc < 0 ? -1 : rc == 0 || other == c->link_id;
}

/* Does an end of the decision belong to another link? An ended one lets go of a record that takes
 * another's place. 1, 0, -1. */
static int
linked_elsewhere(struct deciding *g)
{
    for (size_t i = 0; i < g->d->n_ends; i++) {
        const struct decision_end *e = &g->d->ends[i];
        const struct link_claim claim = {.link_id = g->d->link,
                                         .resource = g->e->resource,
                                         .system = e->system,
                                         .account = e->account,
                                         .record_id = e->record_id,
                                         .keep = g->seq};
        int rc;

        if (e->record_id == NULL)
            continue;
        rc = e->replaces != NULL && g->d->link != 0 ? link_let_go(g->s, g->a, &claim, g->err)
                                                    : is_free(g, &claim);
        if (rc != 1)
            return rc < 0 ? -1 : 1;
    }
    return 0;
}

static int
make_link(struct deciding *g)
{
    int64_t other;
    int rc = linked_elsewhere(g);

    if (rc != 0)
        return rc < 0 ? -1 : STORE_MOVED;
    if (!makes_link(g->d))
        return STORE_COMMITTED;
    rc = store_find_external(g->s, g->d->external_id, &other, g->err);
    if (rc != 0)
        return rc < 0 ? -1 : STORE_MOVED;
    if (db_run(g->s, g->err,
               "INSERT INTO sync_links (resource_type, external_id, owned_by, generation,"
               " created_at) VALUES (?, ?, ?, 1, ?)",
               "tttm", g->e->resource, g->d->external_id, first_live(g->d), g->now) < 0)
        return -1;
    g->link_id = db_last_id(g->s);
    g->generation = 1;
    g->external_id = g->d->external_id;
    g->new_link = true;
    return STORE_COMMITTED;
}

/* Writes still under way, or of unknown outcome where we are about to write: MOVED. */
static int
check_open(struct deciding *g)
{
    struct rows r;
    int rc, outcome = STORE_COMMITTED;

    if (db_rows(g->s, &r, g->err,
                "SELECT state, target, account FROM sync_intents n WHERE link_id = ? AND"
                " " OPEN_OR_UNKNOWN,
                "i", g->d->link) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        if (strcmp(row_peek(&r, 0), "unknown") != 0)
            outcome = STORE_MOVED;
        for (size_t i = 0; i < g->d->n_writes; i++)
            if (!decision_withholds(g->c, &g->d->writes[i]) &&
                strcmp(row_peek(&r, 1), g->d->writes[i].target) == 0 &&
                strcmp(row_peek(&r, 2), g->d->writes[i].account) == 0)
                outcome = STORE_MOVED;
    }
    return rc < 0 ? -1 : outcome;
}

static int
check_generation(struct deciding *g, bool *ended)
{
    struct rows r;
    int rc;

    if (db_rows(g->s, &r, g->err,
                "SELECT generation, ended_at IS NOT NULL, external_id FROM sync_links WHERE"
                " link_id = ?",
                "i", g->d->link) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc < 0 ? -1 : STORE_MOVED;
    g->generation = row_int(&r, 0) + 1;
    *ended = row_int(&r, 1) != 0;
    g->external_id = row_text(&r, g->a, 2);
    rows_end(&r);
    return g->generation == g->d->generation + 1 ? STORE_COMMITTED : STORE_MOVED;
}

/* A delete waits for nobody: the caller has given such a decision back. */
static bool
withholds_delete(const struct deciding *g)
{
    for (size_t i = 0; i < g->d->n_writes; i++)
        if (decision_is_delete(&g->d->writes[i]) && decision_withholds(g->c, &g->d->writes[i]))
            return true;
    return false;
}

static int
reopen(struct deciding *g)
{
    const struct link_end x = {.link_id = g->link_id,
                               .seq = g->seq,
                               .resource = g->e->resource,
                               .system = g->e->system,
                               .record_id = g->e->record_id};

    return link_reopened(g->s, &x, g->now, g->err);
}

static int
take_link(struct deciding *g)
{
    bool ended = false;
    int rc = check_generation(g, &ended);

    if (rc == 0)
        rc = withholds_delete(g) ? STORE_MOVED : check_open(g);
    if (rc != 0)
        return rc;
    if (ended && !g->d->reopen)
        return g->d->n_writes > 0 ? STORE_MOVED : STORE_COMMITTED;
    rc = linked_elsewhere(g);
    if (rc != 0)
        return rc < 0 ? -1 : STORE_MOVED;
    g->link_id = g->d->link;
    if (db_run(g->s, g->err,
               "UPDATE sync_links SET generation = ?, ended_at = NULL, ended_why = NULL WHERE"
               " link_id = ?",
               "ii", g->generation, g->link_id) < 0)
        return -1;
    return ended ? reopen(g) : STORE_COMMITTED;
}

/* ---- The end of it ---- */

static int
reject(struct deciding *g)
{
    const struct store_reject r = {.stage = "diff",
                                   .system = g->e->system,
                                   .account = g->e->account,
                                   .resource = g->e->resource,
                                   .record_id = g->e->record_id,
                                   .code = g->d->reject_code,
                                   .text = g->d->text};

    return inbox_reject_row(g->s, g->seq, &r, g->now, g->err);
}

/* The event ends now, or keeps in mind how it will once its writes are settled. */
static int
finish(struct deciding *g, const char **disposition)
{
    const char *how = g->d->reject_code != NULL ? "rejected" : g->d->disposition;

    if (g->n_withheld > 0)
        how = disposition_worse(how, "owed");
    if (how == NULL && g->n_intents == 0)
        how = "unchanged";
    if (g->d->reject_code != NULL && reject(g) < 0)
        return -1;
    if (g->n_intents > 0) {
        const char *mind = arena_printf(g->a, "decided:%s", how == NULL ? "" : how);

        return db_run(g->s, g->err, "UPDATE sync_inbox SET reason = ?, link_id = ? WHERE seq = ?",
                      "tii", mind, g->link_id, g->seq) < 0
                   ? -1
                   : 0;
    }
    *disposition = how;
    return inbox_end(g->s, g->seq, how, g->d->text, g->now, g->err) < 0 ? -1 : 0;
}

static int
decide(struct deciding *g, const char **disposition)
{
    int rc = check_decision(g);

    if (rc == 0)
        rc = g->e->seq == 0 ? take_line(g) : check_fence(g);
    if (rc == 0)
        rc = g->d->link == 0 ? make_link(g) : take_link(g);
    if (rc == 0)
        rc = limits_take(g);
    if (rc == 0 && g->link_id != 0)
        rc = apply_ends(g);
    if (rc == 0 && g->link_id != 0)
        rc = apply_writes(g);
    if (rc == 0)
        rc = apply_rules(g);
    if (rc == 0 && g->link_id != 0)
        rc = apply_ended(g);
    if (rc == 0)
        rc = finish(g, disposition);
    return rc;
}

/*
 * The event is free again: at once the first time, later and later if its decisions go on not
 * fitting the state, so that nothing runs hot. The reason counts: moved:N.
 */
static int
reopen_moved(struct deciding *g)
{
    int64_t n = 0, wait;

    if (db_int(g->s, g->err, &n,
               "SELECT CASE WHEN reason LIKE 'moved:%' THEN substr(reason, 7) + 0 ELSE 0 END FROM"
               " sync_inbox WHERE seq = ?",
               "i", g->e->seq) < 0 ||
        lane_reopen(g->s, g->e->seq, g->err) < 0)
        return -1;
    wait = n == 0 ? 0 : n < MOVED_MAX ? MOVED_WAIT_MS << n : MOVED_WAIT_MS << MOVED_MAX;
    return db_run(g->s, g->err,
                  "UPDATE sync_inbox SET reason = 'moved:' || ?, not_before = max(not_before, ?)"
                  " WHERE seq = ? AND disposition IS NULL",
                  "imi", n + 1, g->now + wait, g->e->seq) < 0
               ? -1
               : 0;
}

/* Nothing of the decision has happened: what becomes of its event. */
static int
give_up(struct deciding *g, int outcome)
{
    if (outcome == STORE_MOVED)
        return (g->e->seq == 0 ? admit_line(g, false) : reopen_moved(g)) < 0 ? -1 : 0;
    if (outcome != STORE_STOPPED)
        return 0;
    if (g->e->seq != 0 &&
        (lane_reopen(g->s, g->e->seq, g->err) < 0 ||
         db_run(g->s, g->err,
                "UPDATE sync_inbox SET reason = 'limit' WHERE seq = ? AND disposition IS NULL", "i",
                g->e->seq) < 0))
        return -1;
    if (g->pause.scope == NULL)
        return 0;
    return store_pause_add(g->s, &g->pause, g->now, g->err);
}

static int
decide_or_nothing(struct deciding *g, const char **disposition)
{
    int rc;

    if (db_run(g->s, g->err, "SAVEPOINT decision", "") < 0)
        return -1;
    rc = decide(g, disposition);
    if (rc != STORE_COMMITTED) {
        g->n_intents = 0;
        *disposition = NULL;
        if (sqlite3_get_autocommit(g->s->db)) /* a full disk took the whole transaction */
            return -1;
        sqlite3_exec(g->s->db, "ROLLBACK TO decision", NULL, NULL, NULL);
    }
    sqlite3_exec(g->s->db, "RELEASE decision", NULL, NULL, NULL);
    if (rc > 0 && give_up(g, rc) < 0)
        return -1;
    return rc;
}

int
store_decide(struct store *s, struct arena *a, const struct store_commit *c, int64_t now,
             struct store_intent *intents, size_t *n_intents, const char **disposition,
             struct err *err)
{
    const char *ignored;
    const char **how = disposition == NULL ? &ignored : disposition;
    struct deciding g = {.s = s,
                         .a = a,
                         .c = c,
                         .d = c->decision,
                         .e = c->event,
                         .now = now,
                         .intents = intents,
                         .err = err};
    struct tx tx;
    int rc;

    *n_intents = 0;
    *how = NULL;
    if (s->in_tx && !s->durable)
        BUG("a decision needs a durable transaction");
    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = tx_leave(s, &tx, decide_or_nothing(&g, how), err);
    if (rc == STORE_COMMITTED)
        *n_intents = g.n_intents;
    return rc;
}
