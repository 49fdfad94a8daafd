#include <config.h>

#include "store/sqlite/internal.h"

#include <inttypes.h>
#include <string.h>

int
link_of_record(struct store *s, const char *resource, const char *system, const char *account,
               const char *record_id, int64_t *link_id, struct err *err)
{
    *link_id = 0;
    return db_int(s, err, link_id,
                  "SELECT link_id FROM sync_metadata WHERE resource_type = ? AND record_id = ? AND"
                  " external_system = ? AND account = ?",
                  "tttt", resource, record_id, system, account);
}

static int
load_head(struct store *s, struct arena *a, int64_t link_id, struct store_link *l, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(
            s, &r, err,
            "SELECT resource_type, external_id, owned_by, generation, ended_at IS NOT NULL,"
            " (SELECT count(*) FROM sync_intents n WHERE n.link_id = l.link_id AND " OPEN_INTENT(
                "n") ") FROM sync_links l WHERE link_id = ?",
            "i", link_id) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    l->link_id = link_id;
    l->resource = row_text(&r, a, 0);
    l->external_id = row_text(&r, a, 1);
    l->owned_by = row_text(&r, a, 2);
    l->generation = row_int(&r, 3);
    l->ended = row_int(&r, 4) != 0;
    l->open_intents = (int)row_int(&r, 5);
    rows_end(&r);
    return 1;
}

/*
 * WHAT of the link is no JSON: ERR names it. A person says what FIELD (NULL: all of them) is, by
 * the conflict that gave it the value, or by a link made anew.
 */
static int
broken(struct store *s, struct arena *a, const struct store_link *l, const char *field,
       const char *what, struct err *err)
{
    struct err e = ERR_INIT;
    int64_t n = 0;

    if (field != NULL && db_int(s, &e, &n,
                                "SELECT max(conflict_id) FROM sync_conflicts WHERE link_id = ? AND"
                                " field = ?",
                                "it", l->link_id, field) < 0)
        n = 0;
    err_wrap(err, "link %" PRId64 " of %s: %s", l->link_id, l->resource, what);
    if (n != 0)
        return err_hint(err, "sync-ctl conflicts resolve %" PRId64 " take SYSTEM mends it", n);
    return err_hint(
        err, "sync-ctl links unlink %s %s, then links link with the same records", l->resource,
        l->n_ends > 0 ? arena_printf(a, "%s:%s", l->ends[0].system, l->ends[0].record_id)
                      : "SYSTEM:ID");
}

static int
load_ends(struct store *s, struct arena *a, struct store_link *l, struct err *err)
{
    const char *bad = NULL;
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT external_system, account, record_id, fields, diverged, version, etag,"
                " map_hash, deleted_at IS NOT NULL, synced_at FROM sync_metadata WHERE link_id = ?"
                " ORDER BY external_system, account",
                "i", l->link_id) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        struct store_end *e;

        l->ends = list_grow(a, l->ends, l->n_ends, sizeof *l->ends);
        e = &l->ends[l->n_ends++];
        memset(e, 0, sizeof *e);
        e->system = row_text(&r, a, 0);
        e->account = row_text(&r, a, 1);
        e->record_id = row_text(&r, a, 2);
        if (row_val(&r, a, 3, &e->shadow) < 0)
            bad = arena_printf(a, "what %s:%s showed", e->system, e->record_id);
        if (row_val(&r, a, 4, &e->diverged) < 0)
            bad = arena_printf(a, "what is left different at %s:%s", e->system, e->record_id);
        e->version = row_text(&r, a, 5);
        e->etag = row_text(&r, a, 6);
        e->map_hash = row_text(&r, a, 7);
        e->deleted = row_int(&r, 8) != 0;
        e->synced_at = row_time(&r, 9);
        if (e->synced_at > l->decided_at)
            l->decided_at = e->synced_at;
    }
    return rc == 0 && bad != NULL ? broken(s, a, l, NULL, bad, err) : rc;
}

static int
load_owed(struct store *s, struct arena *a, struct store_link *l, struct err *err)
{
    const char *bad = NULL, *field = NULL;
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT field, target, source, value, since, not_before, refused FROM sync_owed"
                " WHERE link_id = ? ORDER BY field, target",
                "i", l->link_id) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        struct store_owed *o;

        l->owed = list_grow(a, l->owed, l->n_owed, sizeof *l->owed);
        o = &l->owed[l->n_owed++];
        memset(o, 0, sizeof *o);
        o->field = row_text(&r, a, 0);
        o->target = row_text(&r, a, 1);
        o->source = row_text(&r, a, 2);
        if (row_val(&r, a, 3, &o->value) < 0) {
            field = o->field;
            bad = arena_printf(a, "%s owed to %s", o->field, o->target);
        }
        o->since = row_time(&r, 4);
        o->not_before = row_time(&r, 5);
        o->refused = row_text(&r, a, 6);
    }
    return rc == 0 && bad != NULL ? broken(s, a, l, field, bad, err) : rc;
}

static int
load_unknown(struct store *s, struct arena *a, struct store_link *l, struct err *err)
{
    struct rows r;
    size_t n = 0;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT target FROM sync_intents WHERE link_id = ? AND state = 'unknown' LIMIT 7",
                "i", l->link_id) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1)
        l->unknown_targets[n++] = row_text(&r, a, 0);
    return rc;
}

/* A merge that waits for a person is of no field: all of them stay open. */
static int
load_closed(struct store *s, struct arena *a, struct store_link *l, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT field FROM sync_conflicts WHERE link_id = ? AND state = 'open' AND"
                " field <> 'record_id' ORDER BY field",
                "i", l->link_id) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        l->closed_fields = list_grow(a, l->closed_fields, l->n_closed, sizeof *l->closed_fields);
        l->closed_fields[l->n_closed++] = row_text(&r, a, 0);
    }
    return rc;
}

static int
load(struct store *s, struct arena *a, int64_t link_id, struct store_link *l, struct err *err)
{
    int rc = load_head(s, a, link_id, l, err);
    bool bad = false;

    if (rc != 1)
        return rc;
    rc = load_ends(s, a, l, err);
    bad = rc < 0 && store_is_broken(err);
    if (rc == 0 || bad)
        rc = load_owed(s, a, l, err);
    bad = bad || (rc < 0 && store_is_broken(err));
    if ((rc < 0 && !bad) || load_unknown(s, a, l, err) < 0 || load_closed(s, a, l, err) < 0)
        return -1;
    return bad ? -1 : 1;
}

bool
store_is_broken(const struct err *err)
{
    return strcmp(err->code, STORE_BROKEN) == 0;
}

int
store_load_link(struct store *s, struct arena *a, int64_t link_id, struct store_link *link,
                struct err *err)
{
    struct tx tx;
    int rc;

    memset(link, 0, sizeof *link);
    if (tx_enter_read(s, &tx, err) < 0)
        return -1;
    rc = load(s, a, link_id, link, err);
    tx_leave_read(s, &tx);
    return rc;
}

int
store_find_link(struct store *s, struct arena *a, const char *resource, const char *system,
                const char *account, const char *record_id, struct store_link *link,
                struct err *err)
{
    int64_t link_id;
    struct tx tx;
    int rc;

    memset(link, 0, sizeof *link);
    if (tx_enter_read(s, &tx, err) < 0)
        return -1;
    rc = link_of_record(s, resource, system, account, record_id, &link_id, err);
    if (rc == 1)
        rc = load(s, a, link_id, link, err);
    tx_leave_read(s, &tx);
    return rc;
}

int
store_find_external(struct store *s, const char *external_id, int64_t *link_id, struct err *err)
{
    *link_id = 0;
    return db_int(s, err, link_id, "SELECT link_id FROM sync_links WHERE external_id = ?", "t",
                  external_id);
}

static int
one_text(struct arena *a, struct rows *r, const char **out)
{
    int rc = rows_next(r);

    if (rc != 1)
        return rc;
    *out = row_text(r, a, 0);
    rows_end(r);
    return 1;
}

int
store_carried(struct store *s, struct arena *a, const char *resource, const char *system,
              const char *account, const char *record_id, const char **external_id, struct err *err)
{
    struct rows r;

    *external_id = NULL;
    if (db_rows(s, &r, err,
                "SELECT substr(key_hash, length('" STORE_CARRIED "') + 1) FROM sync_keys WHERE"
                " resource_type = ? AND external_system = ? AND account = ? AND record_id = ? AND"
                " key_hash >= '" STORE_CARRIED "' AND key_hash < 'carries;'",
                "tttt", resource, system, account, record_id) < 0)
        return -1;
    return one_text(a, &r, external_id);
}

/* What was taken out has an ended link of its own, whose external id says which one it was in. */
int
store_taken_out(struct store *s, struct arena *a, int64_t link_id, const char *system,
                const char **record_id, struct err *err)
{
    const char *from = arena_printf(a, LINK_UNLINKED, link_id, "-");
    const char *to = arena_printf(a, LINK_UNLINKED, link_id, ".");
    struct rows r;

    *record_id = NULL;
    if (db_rows(s, &r, err,
                "SELECT e.record_id FROM sync_links l JOIN sync_metadata e ON e.link_id ="
                " l.link_id WHERE l.external_id > ? AND l.external_id < ? AND l.ended_at IS NOT"
                " NULL AND e.external_system = ? LIMIT 1",
                "ttt", from, to, system) < 0)
        return -1;
    return one_text(a, &r, record_id);
}

/* ---- How a link ends ---- */

int
link_let_go(struct store *s, struct arena *a, const struct link_claim *c, struct err *err)
{
    int64_t other, ended = 0;
    int rc = link_of_record(s, c->resource, c->system, c->account, c->record_id, &other, err);

    if (rc != 1 || other == c->link_id)
        return rc < 0 ? -1 : 1;
    if (db_int(s, err, &ended, "SELECT ended_at IS NOT NULL FROM sync_links WHERE link_id = ?", "i",
               other) < 0)
        return -1;
    if (!ended)
        return 0;
    if (db_run(s, err,
               "DELETE FROM sync_metadata WHERE resource_type = ? AND record_id = ? AND"
               " external_system = ? AND account = ?",
               "tttt", c->resource, c->record_id, c->system, c->account) < 0 ||
        lane_move_from(s, a, other, c, err) < 0)
        return -1;
    return 1;
}

/* What an ended link leaves to do: nothing. Who opens it again looks at its records anew. */
static int
leave_nothing(struct store *s, int64_t link_id, int64_t now, struct err *err)
{
    if (db_run(s, err, "DELETE FROM sync_owed WHERE link_id = ?", "i", link_id) < 0)
        return -1;
    return db_run(s, err,
                  "UPDATE sync_conflicts SET state = 'resolved', resolution = 'the link ended',"
                  " resolved_by = 'sync-push', resolved_at = ? WHERE link_id = ? AND"
                  " state = 'open'",
                  "mi", now, link_id) < 0
               ? -1
               : 0;
}

static int
tell(struct store *s, const struct link_end *x, const char *outcome, const char *why, int64_t now,
     struct err *err)
{
    const struct history_row h = {.seq = x->seq,
                                  .link_id = x->link_id,
                                  .resource = x->resource,
                                  .system = x->system,
                                  .record_id = x->record_id,
                                  .rule = "link",
                                  .outcome = outcome,
                                  .text = why};

    return history_add(s, &h, now, err);
}

int
link_end(struct store *s, const struct link_end *x, const char *why, int64_t now, struct err *err)
{
    if (db_run(s, err,
               "UPDATE sync_links SET ended_at = ?, ended_why = ? WHERE link_id = ? AND ended_at IS"
               " NULL",
               "mti", now, why, x->link_id) < 0 ||
        leave_nothing(s, x->link_id, now, err) < 0)
        return -1;
    return tell(s, x, "ended", why, now, err);
}

int
link_reopened(struct store *s, const struct link_end *x, int64_t now, struct err *err)
{
    return tell(s, x, "reopened", NULL, now, err);
}

/* The reason that waits for the last write: 1, 0 none, or a write is open; -1. */
static int
due_to_end(struct store *s, struct arena *a, int64_t link_id, const char **why, struct err *err)
{
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT ended_why FROM sync_links l WHERE link_id = ? AND ended_at IS NULL AND"
                " ended_why IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sync_intents n WHERE"
                " n.link_id = l.link_id AND " OPEN_INTENT("n") ")",
                "i", link_id) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    *why = row_text(&r, a, 0);
    rows_end(&r);
    return 1;
}

int
link_write_done(struct store *s, struct arena *a, const struct link_end *x, int64_t now,
                struct err *err)
{
    const char *why;
    int rc = due_to_end(s, a, x->link_id, &why, err);

    return rc == 1 ? link_end(s, x, why, now, err) : rc;
}

int
link_write_failed(struct store *s, int64_t link_id, struct err *err)
{
    return db_run(s, err,
                  "UPDATE sync_links SET ended_why = NULL WHERE link_id = ? AND ended_at IS NULL"
                  " AND ended_why IS NOT NULL",
                  "i", link_id) < 0
               ? -1
               : 0;
}
