#include <config.h>

#include "store/sqlite/internal.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/*
 * Safety stops (DESIGN.md section 6): per run, counted in sync_runs; without a run per target
 * account over the last 60 minutes, counted in sync_counters. Lines made by hand, and those of a
 * plan, are held to both: the program is their run. Deletes have two limits, and both hold.
 */
enum {
    DELETES_FLOOR = 5, /* so many pass the share of a small state */
    HOUR_MS = 3600000
};

bool
decision_withholds(const struct store_commit *c, const struct decision_write *w)
{
    for (size_t i = 0; i < c->n_withheld; i++)
        if (strcmp(c->withheld[i], w->target) == 0)
            return true;
    return false;
}

static bool
is_create(const struct decision_write *w)
{
    return strcmp(w->action, "create") == 0;
}

bool
decision_is_delete(const struct decision_write *w)
{
    return strcmp(w->action, "delete") == 0;
}

/* A create of a record without a single value is one, unless its values come later. */
bool
decision_sends(const struct store_commit *c, const struct decision_write *w)
{
    if (decision_withholds(c, w))
        return false;
    if (decision_is_delete(w) || (w->set != NULL && w->set->n > 0))
        return true;
    return is_create(w) && (w->later == NULL || w->later->n == 0);
}

static int
count_links(struct deciding *g, int64_t *n)
{
    return db_int(g->s, g->err, n,
                  "SELECT count(*) FROM sync_links WHERE resource_type = ? AND ended_at IS NULL",
                  "t", g->e->resource);
}

/* Live links of the event's resource; as last counted unless AFRESH. */
static int
known_links(struct deciding *g, bool afresh, int64_t *n)
{
    struct store_known *k = NULL;

    for (size_t i = 0; i < STORE_KNOWN && k == NULL; i++)
        if (g->s->known[i].resource[0] == '\0' ||
            strcmp(g->s->known[i].resource, g->e->resource) == 0)
            k = &g->s->known[i];
    if (k == NULL || strlen(g->e->resource) >= sizeof k->resource)
        return count_links(g, n);
    if (afresh || k->resource[0] == '\0') {
        if (count_links(g, &k->n) < 0)
            return -1;
        snprintf(k->resource, sizeof k->resource, "%s", g->e->resource);
    }
    *n = k->n;
    return 1;
}

/* One limit by its name in the config. FLOOR: so many pass a share. */
struct stop {
    const char *name;
    struct limit limit;
    int64_t floor;
};

static bool
is_none(struct limit l)
{
    return l.count < 0 && l.percent < 0;
}

static int64_t
allowed(const struct stop *s, int64_t known)
{
    int64_t n = s->limit.percent * known / 100;

    return n < s->floor ? s->floor : n;
}

/* Is N over the limit? LIMIT_TEXT says how it reads. 1, 0, -1. */
static int
is_over(struct deciding *g, const struct stop *s, int64_t n, char text[160])
{
    const struct limit *l = &s->limit;
    int64_t known;

    if (l->percent < 0) {
        snprintf(text, 160, "%ld", l->count);
        return l->count >= 0 && n > l->count;
    }
    if (n <= s->floor)
        return 0;
    if (known_links(g, false, &known) < 0)
        return -1;
    if (n <= allowed(s, known))
        return 0;
    if (known_links(g, true, &known) < 0)
        return -1;
    snprintf(text, 160, "%d%% (%lld of %lld known %s)", l->percent, (long long)allowed(s, known),
             (long long)known, g->e->resource);
    return n > allowed(s, known);
}

/* What to do about it: of a paused account that a person resumes it, else --yes. */
static void
advise(struct deciding *g)
{
    if (g->pause.system != NULL)
        err_hint(g->err,
                 "look at it with `sync-diff --format=human`; resume with: sync-ctl resume %s",
                 g->pause.system);
    else
        err_hint(g->err, "look at it with `sync-diff --format=human`, then run again with --yes");
    err_exit(g->err, EXIT_STOP);
}

/* Checks one limit: 0 within, STORE_STOPPED with the pause and the text, -1. */
static int
check(struct deciding *g, const char *who, const struct stop *s, int64_t n)
{
    const char *end = "nothing more is written";
    char text[160];
    int rc = g->c->limits_lifted ? 0 : is_over(g, s, n, text);

    if (rc <= 0)
        return rc;
    if (g->pause.system != NULL)
        end = arena_printf(g->a, "the account of %s is paused", g->pause.system);
    err_set(g->err, ERR_RUN, ERR_NEVER, "limit", "%s would pass %s %s; %s", who, s->name, text,
            end);
    advise(g);
    g->pause.reason = arena_printf(g->a, "%s would pass %s %s", who, s->name, text);
    return STORE_STOPPED;
}

/* The two limits of deletes, those of the command line instead of them: 0, STORE_STOPPED, -1. */
static int
check_deletes(struct deciding *g, const char *who, int64_t n)
{
    const struct conf_sync *sync = conf_sync(g->c->conf, g->e->resource);
    struct stop count = {.name = "deletes.max", .limit = {.count = -1, .percent = -1}};
    struct stop share = {.name = "deletes.max_percent",
                         .limit = {.count = -1, .percent = -1},
                         .floor = DELETES_FLOOR};
    int rc;

    if (g->c->max_deletes != NULL) {
        count.limit = *g->c->max_deletes;
        count.floor = DELETES_FLOOR;
    } else if (sync != NULL) {
        count.limit.count = sync->deletes.max;
        share.limit.percent = sync->deletes.max_percent;
    } else {
        count.limit.count = 0;
    }
    rc = check(g, who, &count, n);
    return rc != 0 ? rc : check(g, who, &share, n);
}

static int
check_paused_run(struct deciding *g)
{
    struct rows r;
    int rc;

    if (g->c->limits_lifted)
        return 0;
    if (db_rows(g->s, &r, g->err,
                "SELECT reason FROM sync_pauses WHERE scope = 'run' AND run_id = ? AND"
                " (until IS NULL OR until > ?) LIMIT 1",
                "tm", g->e->run, g->now) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    err_set(g->err, ERR_RUN, ERR_NEVER, "limit", "run %s is stopped: %s; nothing more is written",
            g->e->run, row_peek(&r, 0));
    err_hint(g->err, "look at it with `sync-diff --format=human`, then run again with --yes");
    err_exit(g->err, EXIT_STOP);
    rows_end(&r);
    return STORE_STOPPED;
}

struct counts {
    int64_t creates, updates, changed, deletes;
};

static int
load_run(struct deciding *g, struct counts *c)
{
    struct rows r;
    int rc;

    if (db_rows(g->s, &r, g->err,
                "SELECT creates, updates, changed, deletes FROM sync_runs WHERE run_id = ?", "t",
                g->e->run) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    *c = (struct counts){row_int(&r, 0), row_int(&r, 1), row_int(&r, 2), row_int(&r, 3)};
    rows_end(&r);
    return 1;
}

/* C: what WHO, a run or what stands for one, has had so far. */
static int
check_counts(struct deciding *g, const char *who, const struct counts *c, const struct counts *more)
{
    const struct conf *conf = g->c->conf;
    const struct stop creates = {"max_creates", conf->max_creates, LIMIT_PERCENT_FLOOR};
    const struct stop updates = {"max_updates", conf->max_updates, LIMIT_PERCENT_FLOOR};
    const struct stop changed = {"max_changed", conf->max_changed, LIMIT_PERCENT_FLOOR};
    int rc = 0;

    if (more->creates > 0)
        rc = check(g, who, &creates, c->creates + more->creates);
    if (rc == 0 && more->updates > 0)
        rc = check(g, who, &updates, c->updates + more->updates);
    if (rc == 0 && more->changed > 0)
        rc = check(g, who, &changed, c->changed + more->changed);
    if (rc == 0 && more->deletes > 0)
        rc = check_deletes(g, who, c->deletes + more->deletes);
    return rc;
}

/* 0 counted, STORE_STOPPED, -1; STORE_NOT_OURS if there is no such run. */
static int
take_of_run(struct deciding *g, const struct counts *more)
{
    struct counts c;
    int rc = load_run(g, &c);

    if (rc != 1)
        return rc < 0 ? -1 : STORE_NOT_OURS;
    rc = check_paused_run(g);
    if (rc != 0)
        return rc;
    g->pause = (struct store_pause){.scope = "run", .run_id = g->e->run, .by = STORE_LIMIT_PAUSE};
    rc = check_counts(g, arena_printf(g->a, "run %s", g->e->run), &c, more);
    if (rc != 0)
        return rc;
    rc = db_run(g->s, g->err,
                "UPDATE sync_runs SET creates = creates + ?, updates = updates + ?,"
                " changed = changed + ?, deletes = deletes + ? WHERE run_id = ?",
                "iiiit", more->creates, more->updates, more->changed, more->deletes, g->e->run);
    return rc < 0 ? -1 : 0;
}

/* The same of lines made by hand. Their end is enough: nothing is paused, nothing counts twice. */
static int
take_of_input(struct deciding *g, const struct counts *more)
{
    struct store_tally *t = g->c->tally;
    const struct counts had = {t->creates, t->updates, t->changed, 0};
    const struct counts these = {more->creates, more->updates, more->changed, 0};
    int rc = check_counts(g, "this input", &had, &these);

    if (rc != 0)
        return rc;
    t->creates += more->creates;
    t->updates += more->updates;
    t->changed += more->changed;
    return 0;
}

/* ---- The hour ---- */

/*
 * Is it a delete that was decided within the hour and not done, or nobody knows? Then it is counted
 * already. 1, 0, -1.
 */
static int
is_again(struct deciding *g, const struct decision_write *w)
{
    int64_t n = 0;

    if (!decision_is_delete(w) || w->target_record_id == NULL)
        return 0;
    if (db_int(g->s, g->err, &n,
               "SELECT count(*) FROM sync_intents WHERE target = ? AND account = ? AND"
               " resource_type = ? AND record_id = ? AND action = 'delete' AND state IN ('failed',"
               " 'lost') AND created_at > ?",
               "ttttm", w->target, w->account, g->e->resource, w->target_record_id,
               g->now - HOUR_MS) < 0)
        return -1;
    return n > 0;
}

/*
 * Was this record changed without a run within the hour, since a person began it anew? Then it is
 * counted already: who edits one ticket thirty times has changed one. 1, 0, -1.
 */
static int
is_changed_again(struct deciding *g, const struct decision_write *w)
{
    int64_t n = 0;

    if (db_int(g->s, g->err, &n,
               "SELECT EXISTS (SELECT 1 FROM sync_intents n LEFT JOIN sync_inbox i ON i.seq = n.seq"
               " WHERE n.target = ?1 AND n.account = ?2 AND n.resource_type = ?3 AND n.record_id ="
               " ?4 AND n.action = 'update' AND i.run_id IS NULL AND n.created_at > max(?5,"
               " coalesce((SELECT max(minute) FROM sync_counters WHERE metric ="
               " '" STORE_HOUR_BEGUN "' AND system = ?1 AND account = ?2), '')))",
               "ttttm", w->target, w->account, g->e->resource, w->target_record_id,
               g->now - HOUR_MS) < 0)
        return -1;
    return n > 0;
}

/*
 * Is it the first update of a record that we made, out of an event of our own: what was owed to it
 * (a reference) when a first load made it? That is no change of a known record. 1, 0, -1.
 */
static int
is_completion(struct deciding *g, const struct decision_write *w)
{
    int64_t n = 0;

    if (g->e->seq == 0 || g->e->path == NULL || strcmp(g->e->path, "manual") != 0)
        return 0;
    if (db_int(g->s, g->err, &n,
               "SELECT count(*) = 1 AND max(action) = 'create' FROM sync_intents WHERE target = ?"
               " AND account = ? AND resource_type = ? AND record_id = ? AND action IN ('create',"
               " 'update')",
               "tttt", w->target, w->account, g->e->resource, w->target_record_id) < 0)
        return -1;
    return n > 0;
}

/* What METRIC has counted of W's account in this hour. */
static int
hour_of(struct deciding *g, const struct decision_write *w, const char *metric, int64_t *n)
{
    return db_int(
        g->s, g->err, n,
        "SELECT coalesce(sum(value), 0) FROM sync_counters WHERE metric = ? AND system = ?"
        " AND account = ? AND minute > ?",
        "tttm", metric, w->target, w->account, g->now - HOUR_MS);
}

/* Checks the N stops, which count the same, and counts one. */
static int
take_one(struct deciding *g, const struct decision_write *w, const char *metric,
         const struct stop *stops, size_t n)
{
    const char *who = arena_printf(g->a, "this hour %s", w->target);
    int64_t had = 0;
    int rc = hour_of(g, w, metric, &had) < 0 ? -1 : 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = check(g, who, &stops[i], had + 1);
    return rc != 0 ? rc : store_count(g->s, metric, w->target, w->account, 1, g->now, g->err);
}

static int
take_delete(struct deciding *g, const struct decision_write *w)
{
    int64_t n = 0;
    int rc = is_again(g, w);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (hour_of(g, w, STORE_HOUR_DELETES, &n) < 0)
        return -1;
    rc = check_deletes(g, arena_printf(g->a, "this hour %s", w->target), n + 1);
    return rc != 0
               ? rc
               : store_count(g->s, STORE_HOUR_DELETES, w->target, w->account, 1, g->now, g->err);
}

static int
take_create(struct deciding *g, const struct decision_write *w)
{
    const struct conf *conf = g->c->conf;
    const struct stop s = {"max_creates", conf->max_creates, conf->hour_floor};

    if (is_none(s.limit))
        return 0;
    return take_one(g, w,
                    s.limit.percent < 0 ? STORE_HOUR_CREATES
                                        : arena_printf(g->a, STORE_HOUR_MADE "%s", g->e->resource),
                    &s, 1);
}

/* A number is of updates, a share is of records. */
static int
take_update(struct deciding *g, const struct decision_write *w)
{
    const struct conf *conf = g->c->conf;
    const struct stop updates = {"max_updates", conf->max_updates, conf->hour_floor};
    struct stop shares[2] = {updates};
    size_t n = updates.limit.percent >= 0;
    int rc = 0;

    if (updates.limit.count >= 0)
        rc = take_one(g, w, STORE_HOUR_UPDATES, &updates, 1);
    if (!is_none(conf->max_changed))
        shares[n++] = (struct stop){"max_changed", conf->max_changed, conf->hour_floor};
    if (rc != 0 || n == 0)
        return rc;
    rc = is_changed_again(g, w);
    if (rc == 0)
        rc = is_completion(g, w);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return take_one(g, w, arena_printf(g->a, STORE_HOUR_CHANGED "%s", g->e->resource), shares, n);
}

/*
 * Over it, a run and lines made by hand are stopped; for events without one the account is paused.
 * What a person lets pass does not count against what comes by itself, but deletes do.
 */
static int
take_of_hour(struct deciding *g, const struct decision_write *w, bool of_run)
{
    if (!of_run)
        g->pause = (struct store_pause){0};
    if (!of_run && g->e->seq != 0)
        g->pause = (struct store_pause){.scope = "account",
                                        .system = w->target,
                                        .account = w->account,
                                        .by = STORE_LIMIT_PAUSE};
    if (decision_is_delete(w))
        return take_delete(g, w);
    if (g->c->limits_lifted)
        return 0;
    return is_create(w) ? take_create(g, w) : take_update(g, w);
}

/* Deletes of a run count for the hour too: else a mass delete would go on with the next cron run.
 */
int
limits_take(struct deciding *g)
{
    struct counts more = {0};
    bool of_run = false;
    int rc;

    for (size_t i = 0; i < g->d->n_writes; i++) {
        const struct decision_write *w = &g->d->writes[i];

        if (!decision_sends(g->c, w))
            continue;
        if (is_create(w))
            more.creates++;
        else if (decision_is_delete(w))
            more.deletes++;
        else
            more.updates++;
    }
    more.changed = more.updates > 0;
    if (more.creates + more.updates + more.deletes == 0 || g->c->conf == NULL)
        return STORE_COMMITTED;
    if (g->e->run != NULL) {
        rc = take_of_run(g, &more);
        of_run = rc != STORE_NOT_OURS;
        if (of_run && rc != 0)
            return rc;
    }
    if (!of_run && g->e->seq == 0 && g->c->tally != NULL) {
        rc = take_of_input(g, &more);
        if (rc != 0)
            return rc;
    }
    for (size_t i = 0; i < g->d->n_writes; i++) {
        const struct decision_write *w = &g->d->writes[i];

        if (!decision_sends(g->c, w) || (of_run && !decision_is_delete(w)))
            continue;
        rc = take_of_hour(g, w, of_run);
        if (rc != 0)
            return rc;
    }
    return STORE_COMMITTED;
}
