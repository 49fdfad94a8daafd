#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

#include "base/clock.h"
#include "stream/disposition.h"

/* The write ledger, but for settling an answer (settle.c). */
enum { LATE_WRITES_MAX = 20, LATE_WRITES_MS = 3600000, RECENT_WRITES_MAX = 1000 };

int
intent_row(const struct rows *r, struct arena *a, struct store_intent *out)
{
    *out = (struct store_intent){
        .token = row_int(r, 0),
        .seq = row_int(r, 1),
        .link_id = row_int(r, 2),
        .generation = row_int(r, 3),
        .target = row_text(r, a, 4),
        .account = row_text(r, a, 5),
        .resource = row_text(r, a, 6),
        .record_id = row_text(r, a, 7),
        .external_id = row_text(r, a, 8),
        .action = row_text(r, a, 9),
        .idempotency_key = row_text(r, a, 12),
        .state = row_text(r, a, 13),
        .attempts = (int)row_int(r, 14),
        .sent_at = row_time(r, 15),
    };
    if (row_val(r, a, 10, &out->fields) < 0)
        return -1;
    return row_val(r, a, 11, &out->before);
}

int
intent_tell(struct store *s, const struct store_intent *n, const char *rule, const char *outcome,
            const char *text, int64_t now, struct err *err)
{
    const struct history_row h = {.seq = n->seq,
                                  .link_id = n->link_id,
                                  .resource = n->resource,
                                  .system = n->target,
                                  .record_id = n->record_id,
                                  .rule = rule,
                                  .target = n->target,
                                  .outcome = outcome,
                                  .token = n->token,
                                  .text = text};

    return history_add(s, &h, now, err);
}

int
claims_release(struct store *s, int64_t token, int64_t link_id, struct err *err)
{
    if (db_run(s, err,
               "UPDATE sync_claims SET token = (SELECT n.token FROM sync_intents n WHERE"
               " n.link_id = ?2 AND " OPEN_INTENT("n") " AND n.action = 'create' AND"
                                                       " n.token <> ?1 LIMIT 1) WHERE token = ?1 "
                                                       "AND EXISTS (SELECT 1 FROM sync_intents n"
                                                       " WHERE n.link_id = ?2 AND " OPEN_INTENT(
                                                           "n") " AND n.action = 'create' AND"
                                                                " n.token <> ?1)",
               "ii", token, link_id) < 0)
        return -1;
    return db_run(s, err, "DELETE FROM sync_claims WHERE token = ?", "i", token) < 0 ? -1 : 0;
}

/* ---- The event of an intent ---- */

/* How the event would end by what was decided and settled so far: "decided:HOW". */
static int
load_mind(struct store *s, struct arena *a, int64_t seq, const char **how, struct err *err)
{
    struct rows r;
    int rc;

    *how = NULL;
    if (db_rows(s, &r, err, "SELECT reason FROM sync_inbox WHERE seq = ? AND disposition IS NULL",
                "i", seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    *how = row_text(&r, a, 0);
    rows_end(&r);
    *how = *how != NULL && strncmp(*how, "decided:", 8) == 0 ? *how + 8 : NULL;
    if (*how != NULL && **how == '\0')
        *how = NULL;
    return 1;
}

int
intent_finish(struct store *s, struct arena *a, const struct store_intent *n, const char *how,
              int64_t now, const char **disposition, struct err *err)
{
    const char *mind;
    int rc = load_mind(s, a, n->seq, &mind, err);

    *disposition = NULL;
    if (rc != 1)
        return rc < 0 ? -1 : 0;
    how = disposition_worse(how, mind);
    rc = inbox_has_intent(s, n->seq, err);
    if (rc < 0)
        return -1;
    if (rc == 1)
        return db_run(s, err, "UPDATE sync_inbox SET reason = 'decided:' || ? WHERE seq = ?", "ti",
                      how, n->seq) < 0
                   ? -1
                   : 0;
    if (strcmp(how, "lost") != 0) {
        *disposition = how;
        return inbox_end(s, n->seq, how, NULL, now, err) < 0 ? -1 : 0;
    }
    if (lane_reopen(s, n->seq, err) < 0)
        return -1;
    return db_run(s, err, "UPDATE sync_inbox SET reason = 'lost' WHERE seq = ?", "i", n->seq) < 0
               ? -1
               : 0;
}

int
intent_undelete(struct store *s, const struct store_intent *n, int64_t not_before, struct err *err)
{
    if (db_run(s, err,
               "UPDATE sync_metadata SET deleted_at = NULL WHERE link_id = ?1 AND"
               " (external_system, account, record_id) = (SELECT system, account, record_id FROM"
               " sync_inbox WHERE seq = ?2 AND disposition IS NULL)",
               "ii", n->link_id, n->seq) < 0)
        return -1;
    return db_run(
               s, err,
               "UPDATE sync_inbox SET not_before = max(not_before, coalesce(?, not_before)) WHERE"
               " seq = ? AND disposition IS NULL",
               "Mi", not_before, n->seq) < 0
               ? -1
               : 0;
}

/* ---- Sending ---- */

int
store_sent(struct store *s, const int64_t *tokens, size_t n, const char *owner, int64_t now,
           struct err *err)
{
    struct tx tx;
    int rc = 0;

    if (s->in_tx && !s->durable)
        BUG("an intent needs a durable transaction");
    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = db_run(s, err,
                    "UPDATE sync_intents SET state = 'sent', sent_at = ?, attempts = attempts + 1,"
                    " response = NULL"
                    " WHERE token = ? AND owner = ? AND (state = 'prepared' OR state = 'sent')",
                    "mit", now, tokens[i], owner);
        if (rc == 0)
            err_set(err, ERR_RECORD, ERR_LATER, "not-ours",
                    "write %lld was taken over by another process", (long long)tokens[i]);
        rc = rc == 1 ? 0 : -1;
    }
    return tx_leave(s, &tx, rc, err);
}

/* The response of an intent without an answer is that its work is under way elsewhere. */
#define JOB_PREFIX "job "

int
store_job(struct store *s, const int64_t *tokens, const char *const *jobs, size_t n,
          const char *owner, struct err *err)
{
    struct tx tx;
    int rc = 0;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    for (size_t i = 0; i < n && rc >= 0; i++)
        rc = db_run(s, err,
                    "UPDATE sync_intents SET response = '" JOB_PREFIX "' || ? WHERE token = ? AND"
                    " owner = ? AND state = 'sent'",
                    "tit", jobs[i], tokens[i], owner);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}

static const char *
row_job(const struct rows *r, struct arena *a, int column)
{
    const char *text = row_text(r, a, column);

    if (text == NULL || strncmp(text, JOB_PREFIX, strlen(JOB_PREFIX)) != 0)
        return NULL;
    return text + strlen(JOB_PREFIX);
}

/* ---- Recovery ---- */

/* Others that have open intents. */
static int
find_writers(struct store *s, struct arena *a, const char *owner, const char ***out,
             struct err *err)
{
    const char **list = NULL;
    struct rows r;
    int n = 0, rc;

    if (db_rows(s, &r, err,
                "SELECT DISTINCT owner FROM sync_intents n INDEXED BY sync_intents_open WHERE"
                " " OPEN_INTENT("n") " AND owner <> ?",
                "t", owner) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n++] = row_text(&r, a, 0);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

static int
find_orphans(struct store *s, struct arena *a, const char *owner, int64_t deadline_ms, size_t max,
             int64_t now, struct store_intent **out, struct err *err)
{
    struct store_intent *list = NULL;
    char boot[64];
    struct rows r;
    int n = 0, rc;

    clock_boot_id(boot);
    if (db_rows(s, &r, err,
                "SELECT " INTENT_COLUMNS ", response"
                " FROM sync_intents n INDEXED BY sync_intents_open WHERE " OPEN_INTENT(
                    "n") " AND owner <> ?1 AND NOT EXISTS (SELECT 1 FROM sync_leases l"
                         " WHERE l.name = n.owner AND l.boot_id = ?2 AND l.expires_ms > ?3) AND"
                         " (state = 'prepared' OR sent_at <= ?4 OR sent_at > ?5) ORDER BY token "
                         "LIMIT ?6",
                "ttimmi", owner, boot, clock_boot(), now - deadline_ms, now + 2 * deadline_ms,
                (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        if (intent_row(&r, a, &list[n]) < 0) {
            rows_end(&r);
            return -1;
        }
        list[n++].job = row_job(&r, a, 16);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_take_over(struct store *s, struct arena *a, const char *owner, int64_t deadline_ms,
                size_t max, int64_t now, struct store_intent **intents, struct err *err)
{
    const char **writers;
    struct tx tx;
    int n = find_writers(s, a, owner, &writers, err);

    *intents = NULL;
    if (n <= 0)
        return n;
    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (lease_bury(s, writers[i], err) < 0)
            return tx_leave(s, &tx, -1, err);
    n = find_orphans(s, a, owner, deadline_ms, max, now, intents, err);
    for (int i = 0; i < n; i++)
        if (db_run(s, err, "UPDATE sync_intents SET owner = ? WHERE token = ?", "ti", owner,
                   (*intents)[i].token) < 0)
            return tx_leave(s, &tx, -1, err);
    return tx_leave(s, &tx, n, err);
}

static int
load_ours(struct store *s, struct arena *a, int64_t token, const char *owner,
          struct store_intent *n, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT " INTENT_COLUMNS " FROM sync_intents WHERE token = ? AND owner = ? AND"
                " state = 'prepared'",
                "it", token, owner) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = intent_row(&r, a, n) < 0 ? -1 : 1;
    rows_end(&r);
    return rc;
}

static int
unsent(struct store *s, struct arena *a, int64_t token, const char *owner, int64_t now,
       struct err *err)
{
    const char *disposition;
    struct store_intent n;
    int rc = load_ours(s, a, token, owner, &n, err);

    if (rc != 1)
        return rc;
    if (db_run(s, err,
               "UPDATE sync_intents SET state = 'failed', settled_at = ?, response = 'not sent'"
               " WHERE token = ?",
               "mi", now, token) < 0 ||
        claims_release(s, token, n.link_id, err) < 0 || link_write_failed(s, n.link_id, err) < 0 ||
        (strcmp(n.action, "delete") == 0 && intent_undelete(s, &n, 0, err) < 0) ||
        intent_tell(s, &n, n.action, "not-sent", NULL, now, err) < 0 ||
        intent_finish(s, a, &n, "lost", now, &disposition, err) < 0)
        return -1;
    return 1;
}

int
store_unsent(struct store *s, int64_t token, const char *owner, int64_t now, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct tx tx;

    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    return tx_leave(s, &tx, unsent(s, a, token, owner, now, err), err);
}

/* ---- What was written ---- */

/* The first rows of (fields, settled_at, target), at most RECENT_WRITES_MAX (a LIMIT would cost
 * more than the few rows there are). Returns the number, or -1. */
static int
collect_written(struct rows *r, struct arena *a, struct store_written **out)
{
    struct store_written *list = NULL;
    int n = 0, rc;

    while ((rc = rows_next(r)) == 1) {
        if (n == RECENT_WRITES_MAX) {
            rows_end(r);
            break;
        }
        list = list_grow(a, list, (size_t)n, sizeof *list);
        if (row_val(r, a, 0, &list[n].fields) < 0) {
            rows_end(r);
            return -1;
        }
        list[n].target = row_text(r, a, 2);
        list[n++].at = row_time(r, 1);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_recent_writes(struct store *s, struct arena *a, const char *target, const char *account,
                    const char *resource, const char *record_id, int64_t since,
                    struct store_written **out, struct err *err)
{
    struct rows r;

    *out = NULL;
    if (db_rows(s, &r, err,
                "SELECT fields, settled_at, target FROM sync_intents WHERE target = ? AND account "
                "= ? AND"
                " resource_type = ? AND record_id = ? AND settled_at >= ? AND"
                " state IN ('done','lost') ORDER BY settled_at, token",
                "ttttm", target, account, resource, record_id, since) < 0)
        return -1;
    return collect_written(&r, a, out);
}

/* When the last pause of a record of link ?1 by the breaker was lifted. */
#define LOOP_BEGUN                                                                                 \
    "coalesce((SELECT max(c.minute) FROM sync_metadata m CROSS JOIN sync_counters c ON c.metric =" \
    " '" STORE_LOOP_BEGUN "' || m.resource_type || ' ' || m.record_id AND c.system ="              \
    " m.external_system AND c.account = m.account WHERE m.link_id = ?1), '')"

/* The history of its decision says where a value came from. */
#define SOURCES                                                                                    \
    "(SELECT json_group_object(field, source) FROM (SELECT field, max(source) AS source FROM"      \
    " sync_history h WHERE h.link_id = n.link_id AND h.at = n.created_at AND h.source IS NOT NULL" \
    " AND h.field IS NOT NULL GROUP BY field))"

static int
collect_link_writes(struct rows *r, struct arena *a, struct store_written **out)
{
    struct store_written *list = NULL;
    int n = 0, rc;

    while ((rc = rows_next(r)) == 1) {
        if (n == RECENT_WRITES_MAX) {
            rows_end(r);
            break;
        }
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n] = (struct store_written){.at = row_time(r, 1),
                                         .target = row_text(r, a, 2),
                                         .generation = row_int(r, 3),
                                         .done = row_int(r, 4) != 0};
        if (row_val(r, a, 0, &list[n].fields) < 0 || row_val(r, a, 5, &list[n].before) < 0 ||
            row_val(r, a, 6, &list[n].sources) < 0) {
            rows_end(r);
            return -1;
        }
        n++;
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_recent_link_writes(struct store *s, struct arena *a, int64_t link_id, int64_t since,
                         struct store_written **out, struct err *err)
{
    struct rows r;

    *out = NULL;
    if (db_rows(s, &r, err,
                "SELECT n.fields, n.settled_at, n.target, n.generation, n.state = 'done', "
                "n.before, " SOURCES " FROM sync_metadata e CROSS JOIN"
                " sync_intents n ON n.target = e.external_system AND n.account = e.account AND"
                " n.resource_type = e.resource_type AND n.record_id = e.record_id WHERE"
                " e.link_id = ?1 AND n.link_id = ?1 AND n.settled_at >= ?2 AND"
                " n.settled_at > " LOOP_BEGUN
                " AND n.state IN ('done','lost') ORDER BY n.generation, n.token",
                "im", link_id, since) < 0)
        return -1;
    return collect_link_writes(&r, a, out);
}

int
store_lost_writes(struct store *s, struct arena *a, int64_t link_id, const char *target,
                  int64_t now, struct store_written **out, struct err *err)
{
    struct rows r;

    *out = NULL;
    if (db_rows(s, &r, err,
                "SELECT n.fields, n.settled_at, n.target FROM sync_metadata e CROSS JOIN "
                "sync_intents n ON"
                " n.target = e.external_system AND n.account = e.account AND"
                " n.resource_type = e.resource_type AND n.record_id = e.record_id WHERE"
                " e.link_id = ?1 AND e.external_system = ?2 AND n.link_id = ?1 AND n.state = 'lost'"
                " AND n.settled_at >= ?4 ORDER BY n.token DESC LIMIT ?3",
                "itim", link_id, target, (int64_t)LATE_WRITES_MAX, now - LATE_WRITES_MS) < 0)
        return -1;
    return collect_written(&r, a, out);
}
