#include <config.h>

#include "store/operate.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/digest.h"
#include "store/sqlite/hand.h"

/* Fields that wait for a person. */

#define CONFLICT_COLUMNS                                                                           \
    "SELECT c.conflict_id, c.at, c.link_id, l.resource_type, c.field, c.base, c.ends, c.state,"    \
    " c.resolution, c.resolved_by, c.resolved_at FROM sync_conflicts c JOIN sync_links l ON"       \
    " l.link_id = c.link_id "

/* One whose values cannot be read is told as that: a person closes it, and it is found anew. */
static void
read_row(const struct rows *r, struct arena *a, struct store_conflict *c)
{
    *c = (struct store_conflict){
        .conflict_id = row_int(r, 0),
        .at = row_time(r, 1),
        .link_id = row_int(r, 2),
        .resource = row_text(r, a, 3),
        .field = row_text(r, a, 4),
        .state = row_text(r, a, 7),
        .resolution = row_text(r, a, 8),
        .resolved_by = row_text(r, a, 9),
        .resolved_at = row_time(r, 10),
    };
    c->broken = row_val(r, a, 5, &c->base) < 0;
    c->broken = row_val(r, a, 6, &c->ends) < 0 || c->broken;
}

int
store_conflicts(struct store *s, struct arena *a, const char *resource, bool all, size_t max,
                struct store_conflict **out, struct err *err)
{
    struct store_conflict *list = NULL;
    struct rows r;
    int n = 0, rc;

    *out = NULL;
    if (db_rows(s, &r, err,
                CONFLICT_COLUMNS "WHERE (?1 IS NULL OR l.resource_type = ?1) AND"
                                 " (?2 OR c.state = 'open') ORDER BY c.conflict_id DESC LIMIT ?3",
                "tni", resource, (int)all, (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        read_row(&r, a, &list[n++]);
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_conflicts_count(struct store *s, const char *resource, bool all, int64_t *n, struct err *err)
{
    return db_int(s, err, n,
                  "SELECT count(*) FROM sync_conflicts c JOIN sync_links l ON l.link_id = c.link_id"
                  " WHERE (?1 IS NULL OR l.resource_type = ?1) AND (?2 OR c.state = 'open')",
                  "tn", resource, (int)all) < 0
               ? -1
               : 0;
}

int
store_conflict(struct store *s, struct arena *a, int64_t conflict_id, struct store_conflict *out,
               struct err *err)
{
    struct rows r;
    int rc;

    memset(out, 0, sizeof *out);
    if (db_rows(s, &r, err, CONFLICT_COLUMNS "WHERE c.conflict_id = ?", "i", conflict_id) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    read_row(&r, a, out);
    rows_end(&r);
    return 1;
}

/* ---- Resolving ---- */

struct resolving {
    struct hand h;
    const struct store_resolution *r;
    struct store_conflict c;
    struct store_link l;
};

static const struct store_end *
live_end(const struct store_link *l, const char *system)
{
    for (size_t i = 0; i < l->n_ends; i++)
        if (!l->ends[i].deleted && strcmp(l->ends[i].system, system) == 0)
            return &l->ends[i];
    return NULL;
}

/* That of a merge shows the record that another became, and no field. */
static bool
is_of_merge(const struct store_conflict *c)
{
    return strcmp(c->field, "record_id") == 0 && (c->ends == NULL || c->ends->n < 2);
}

static int
check_values(struct resolving *x)
{
    const struct val *values = x->r->values;

    if ((x->r->take != NULL || values != NULL) && is_of_merge(&x->c)) {
        err_set(x->h.err, ERR_RECORD, ERR_NEVER, "no-field",
                "conflict %" PRId64 " is of a merge: it has no value to take", x->c.conflict_id);
        return err_hint(x->h.err, "unlink or link the records by hand, then close it");
    }
    if (x->r->take != NULL && val_get(x->c.ends, x->r->take) == NULL)
        return err_set(x->h.err, ERR_RECORD, ERR_NEVER, "no-value",
                       "conflict %" PRId64 " shows no value of %s", x->c.conflict_id, x->r->take);
    for (size_t i = 0; values != NULL && i < values->n; i++)
        if (live_end(&x->l, values->u.members[i].name) == NULL)
            return err_set(x->h.err, ERR_RECORD, ERR_NEVER, "no-end",
                           "link %" PRId64 " has no live record at %s", x->c.link_id,
                           values->u.members[i].name);
    return 0;
}

/* The shadow of an end takes what the conflict shows: from there on its edits count. */
static int
cover(struct resolving *x, const struct store_end *e)
{
    CLEANUP_BUF struct buf canon = BUF_INIT;
    struct val *value = val_get(x->c.ends, e->system);
    char hash[DIGEST_HEX];
    struct val *fields;

    if (value == NULL)
        return 0;
    fields = e->shadow != NULL ? val_copy(x->h.a, e->shadow) : val_object(x->h.a);
    val_set(x->h.a, fields, x->c.field, value);
    val_canon(&canon, fields);
    digest_hex(buf_get(&canon), canon.len, hash);
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_metadata SET fields = ?, field_hash = ?, synced_at = ? WHERE"
                  " link_id = ? AND external_system = ? AND account = ?",
                  "jtmitt", buf_get(&canon), hash, x->h.now, x->c.link_id, e->system,
                  e->account) < 0
               ? -1
               : 0;
}

static int
owe(struct resolving *x, const struct store_end *e, const char *source, const struct val *value)
{
    return db_run(x->h.s, x->h.err,
                  "INSERT OR REPLACE INTO sync_owed VALUES"
                  " (?, ?, ?, ?, ?, ?, ?, NULL)",
                  "itttvmm", x->c.link_id, x->c.field, e->system, source, value, x->h.now,
                  x->h.now) < 0
               ? -1
               : 0;
}

/* What an end is to get, if anything. */
static int
owe_end(struct resolving *x, const struct store_end *e)
{
    const struct val *value = val_get(x->r->values, e->system);

    if (value != NULL)
        return owe(x, e, STORE_PERSON, value);
    if (x->r->take == NULL || strcmp(x->r->take, e->system) == 0 ||
        val_get(x->c.ends, e->system) == NULL)
        return 0;
    return owe(x, e, x->r->take, val_get(x->c.ends, x->r->take));
}

/* What was owed of the field before is not what the person wants. */
static int
settle_field(struct resolving *x)
{
    if (x->l.ended || (x->r->take == NULL && x->r->values == NULL))
        return 0;
    if (db_run(x->h.s, x->h.err, "DELETE FROM sync_owed WHERE link_id = ? AND field = ?", "it",
               x->c.link_id, x->c.field) < 0)
        return -1;
    for (size_t i = 0; i < x->l.n_ends; i++)
        if (!x->l.ends[i].deleted && (cover(x, &x->l.ends[i]) < 0 || owe_end(x, &x->l.ends[i]) < 0))
            return -1;
    return 0;
}

static const char *
say(const struct resolving *x)
{
    if (x->r->take != NULL)
        return arena_printf(x->h.a, "take %s", x->r->take);
    if (x->r->values != NULL)
        return arena_printf(x->h.a, "value %s", val_canon_text(x->h.a, x->r->values));
    return "closed";
}

/* Whose record it is told of: the one that was taken, or the first. */
static const struct store_end *
told_of(const struct resolving *x)
{
    const struct store_end *end = x->r->take != NULL ? live_end(&x->l, x->r->take) : NULL;

    return end != NULL ? end : x->l.n_ends > 0 ? &x->l.ends[0] : NULL;
}

static int
close_conflict(struct resolving *x)
{
    const struct store_end *end = told_of(x);
    const struct hand_line line = {.link_id = x->c.link_id,
                                   .resource = x->c.resource,
                                   .system = end != NULL ? end->system : NULL,
                                   .record_id = end != NULL ? end->record_id : NULL,
                                   .field = x->c.field,
                                   .rule = "resolve",
                                   .base = x->c.base,
                                   .source = x->r->take != NULL     ? x->r->take
                                             : x->r->values != NULL ? STORE_PERSON
                                                                    : NULL,
                                   .outcome = "resolved",
                                   .text = say(x)};

    if (db_run(x->h.s, x->h.err,
               "UPDATE sync_conflicts SET state = 'resolved', resolution = ?, resolved_by = ?,"
               " resolved_at = ? WHERE conflict_id = ?",
               "ttmi", say(x), x->h.by, x->h.now, x->c.conflict_id) < 0)
        return -1;
    return hand_tell(&x->h, &line);
}

bool
store_conflict_mends(const struct store_conflict *c, const struct store_link *l)
{
    for (size_t i = 0; i < l->n_ends; i++)
        if (l->ends[i].shadow == NULL)
            return true;
    for (size_t i = 0; i < l->n_owed; i++)
        if (l->owed[i].value == NULL && strcmp(l->owed[i].field, c->field) == 0)
            return true;
    return false;
}

static int
resolve(struct resolving *x)
{
    int rc = store_conflict(x->h.s, x->h.a, x->r->conflict_id, &x->c, x->h.err);

    if (rc != 1)
        return rc;
    if (hand_load_link(&x->h, x->c.link_id, &x->l) < 0)
        return -1;
    if (strcmp(x->c.state, "open") != 0 && !store_conflict_mends(&x->c, &x->l))
        return 0;
    if (check_values(x) < 0 || settle_field(x) < 0 || close_conflict(x) < 0 ||
        hand_touch(&x->h, x->c.link_id) < 0 ||
        hand_nominate_end(&x->h, "resolve", x->c.link_id, x->r->take) < 0)
        return -1;
    return 1;
}

int
store_conflict_resolve(struct store *s, const struct store_resolution *r, int64_t now,
                       struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct resolving x = {.h = {.s = s, .a = a, .by = r->by, .now = now, .err = err}, .r = r};
    struct tx tx;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx, resolve(&x), err);
}
