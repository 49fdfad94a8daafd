#include <config.h>

#include "store/operate.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/digest.h"
#include "store/sqlite/hand.h"

/* Links by hand. */

int
store_links(struct store *s, struct arena *a, const char *resource, const char *missing, bool ended,
            int64_t after, size_t max, int64_t **ids, struct err *err)
{
    int64_t *list = NULL;
    struct rows r;
    int n = 0, rc;

    *ids = NULL;
    if (db_rows(s, &r, err,
                "SELECT link_id FROM sync_links l WHERE link_id > ?1 AND (?2 IS NULL OR"
                " resource_type = ?2) AND (?3 OR ended_at IS NULL) AND (?4 IS NULL OR NOT EXISTS"
                " (SELECT 1 FROM sync_metadata e WHERE e.link_id = l.link_id AND"
                " e.external_system = ?4)) ORDER BY link_id LIMIT ?5",
                "itnti", after, resource, (int)ended, missing, (int64_t)max) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n++] = row_int(&r, 0);
    }
    *ids = list;
    return rc < 0 ? -1 : n;
}

/* ---- Linking ---- */

struct linking {
    struct hand h;
    const char *resource, *external_id;
    const struct store_record *records;
    size_t n;
    struct store_link l; /* the living one that a record is in; link_id 0: none */
    int64_t link_id;     /* of what is made, or of L */
};

static int
elsewhere(struct linking *x, const struct store_record *r, const char *why)
{
    err_set(x->h.err, ERR_RECORD, ERR_NEVER, "linked-elsewhere", "%s %s:%s %s", x->resource,
            r->system, r->record_id, why);
    return err_hint(x->h.err, "unlink one of them first");
}

/* The living link of one record; *OTHER: its link, living or not. */
static int
find_living(struct linking *x, const struct store_record *r, int64_t *other)
{
    int rc =
        link_of_record(x->h.s, x->resource, r->system, r->account, r->record_id, other, x->h.err);
    struct store_link l;

    if (rc != 1 || *other == x->l.link_id)
        return rc < 0 ? -1 : 0;
    if (hand_load_link(&x->h, *other, &l) < 0 || hand_check_idle(&x->h, *other, false) < 0)
        return -1;
    if (l.ended)
        return 0;
    if (x->l.link_id != 0)
        return elsewhere(x, r,
                         arena_printf(x->h.a, "is in link %" PRId64 ", another in %" PRId64, *other,
                                      x->l.link_id));
    x->l = l;
    return 0;
}

/* Two records of one system are no one thing. */
static int
check_records(struct linking *x)
{
    int64_t other;

    for (size_t i = 0; i < x->n; i++) {
        const struct store_record *r = &x->records[i];

        for (size_t j = 0; j < i; j++)
            if (strcmp(r->system, x->records[j].system) == 0 &&
                (strcmp(r->record_id, x->records[j].record_id) != 0 ||
                 strcmp(r->account, x->records[j].account) != 0))
                return elsewhere(x, r, "and another record of that system cannot be one link");
        if (find_living(x, r, &other) < 0)
            return -1;
    }
    for (size_t i = 0; i < x->n; i++)
        for (size_t j = 0; j < x->l.n_ends; j++) {
            const struct store_end *e = &x->l.ends[j];

            if (!e->deleted && strcmp(e->system, x->records[i].system) == 0 &&
                !hand_is_end(e, &x->records[i]))
                return elsewhere(x, &x->records[i],
                                 arena_printf(x->h.a, "cannot join link %" PRId64 ", which has %s",
                                              x->l.link_id, e->record_id));
        }
    return 0;
}

static bool
is_in(const struct store_link *l, const struct store_record *r)
{
    for (size_t i = 0; i < l->n_ends; i++)
        if (hand_is_end(&l->ends[i], r))
            return true;
    return false;
}

/* How many of the records are to be added. The same one twice counts once. */
static size_t
count_new(const struct linking *x)
{
    size_t n = 0;

    for (size_t i = 0; i < x->n; i++) {
        bool known = is_in(&x->l, &x->records[i]);

        for (size_t j = 0; j < i; j++)
            known |= strcmp(x->records[i].system, x->records[j].system) == 0;
        n += !known;
    }
    return n;
}

/* Out of the ended link it is in; its pending rows come along. */
static int
take_out(struct linking *x, const struct store_record *r)
{
    int64_t old;
    int rc =
        link_of_record(x->h.s, x->resource, r->system, r->account, r->record_id, &old, x->h.err);

    if (rc != 1)
        return rc;
    if (hand_touch(&x->h, old) < 0 || hand_rehome(&x->h, x->resource, r, old, x->link_id) < 0 ||
        hand_delete_end(&x->h, x->resource, r) < 0)
        return -1;
    return hand_tell_link(&x->h, "link", "unlinked", old, x->resource, r,
                          "it was linked elsewhere");
}

/* What the link had there before: a tombstone, or a create that nobody knows about. */
static int
clear_place(struct linking *x, const struct store_record *r)
{
    int rc;

    if (db_run(x->h.s, x->h.err,
               "DELETE FROM sync_metadata WHERE link_id = ? AND external_system = ?", "it",
               x->link_id, r->system) < 0 ||
        db_run(x->h.s, x->h.err, "DELETE FROM sync_owed WHERE link_id = ? AND target = ?", "it",
               x->link_id, r->system) < 0)
        return -1;
    rc = hand_close_unknown(&x->h, x->link_id, r->system, "linked");
    if (rc != 1)
        return rc;
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_rejects SET state = 'dropped' WHERE state = 'open' AND"
                  " code = 'outcome-unknown' AND target = ?1 AND seq IN (SELECT seq FROM"
                  " sync_intents WHERE link_id = ?2 AND target = ?1)",
                  "ti", r->system, x->link_id) < 0
               ? -1
               : 0;
}

static int
add_end(struct linking *x, const struct store_record *r)
{
    const struct shadow_row row = {.link_id = x->link_id,
                                   .resource = x->resource,
                                   .system = r->system,
                                   .account = r->account,
                                   .record_id = r->record_id,
                                   .fields = val_object(x->h.a),
                                   .sync_source = r->system,
                                   .sync_actor = "human"};

    if (take_out(x, r) < 0 || clear_place(x, r) < 0 ||
        shadow_save(x->h.s, &row, x->h.now, x->h.err) < 0 ||
        lane_move(x->h.s, x->h.a, x->link_id, x->resource, r->system, r->account, r->record_id, 0,
                  x->h.now, x->h.err) < 0)
        return -1;
    return hand_tell_link(&x->h, "link", "linked", x->link_id, x->resource, r, NULL);
}

/* Ended links that have lost their last record. */
static int
free_old_ids(struct linking *x, const int64_t *old)
{
    for (size_t i = 0; i < x->n; i++)
        if (old[i] != 0 && hand_free_external_id(&x->h, old[i]) < 0)
            return -1;
    return 0;
}

/* An ended link lets the new one have its external id; a living one does not. */
static int
choose_external_id(struct linking *x, const char **id)
{
    char random[17];
    int64_t other, ended = 0;
    int rc = store_find_external(x->h.s, x->external_id, &other, x->h.err);

    *id = x->external_id;
    if (rc != 1)
        return rc;
    if (db_int(x->h.s, x->h.err, &ended,
               "SELECT ended_at IS NOT NULL FROM sync_links WHERE link_id = ?", "i", other) < 0)
        return -1;
    if (ended)
        return db_run(x->h.s, x->h.err,
                      "UPDATE sync_links SET external_id = external_id || '#' || link_id WHERE"
                      " link_id = ?",
                      "i", other) < 0
                   ? -1
                   : 0;
    digest_random_hex(8, random);
    *id = arena_printf(x->h.a, "%s-%s", x->external_id, random);
    return 0;
}

static int
make_link(struct linking *x)
{
    const char *id;

    if (choose_external_id(x, &id) < 0)
        return -1;
    return hand_insert_link(&x->h, x->resource, id, x->records[0].system, NULL, &x->link_id);
}

/* Nobody has to be told any more that it was not known whose the record is. */
static int
close_rejects(struct linking *x, const struct store_record *r)
{
    return db_run(x->h.s, x->h.err,
                  "UPDATE sync_rejects SET state = 'replayed' WHERE state = 'open' AND"
                  " stage = 'diff' AND code IN ('ambiguous', 'ended-link', 'linked-elsewhere',"
                  " 'unknown-external-id') AND resource = ? AND system = ? AND account = ? AND"
                  " record_id = ?",
                  "tttt", x->resource, r->system, r->account, r->record_id) < 0
               ? -1
               : 0;
}

static int
add_records(struct linking *x)
{
    int64_t *old = arena_alloc(x->h.a, x->n * sizeof *old);

    for (size_t i = 0; i < x->n; i++) {
        const struct store_record *r = &x->records[i];
        int64_t now_in;

        if (link_of_record(x->h.s, x->resource, r->system, r->account, r->record_id, &now_in,
                           x->h.err) < 0 ||
            close_rejects(x, r) < 0)
            return -1;
        if (now_in == x->link_id)
            continue;
        old[i] = now_in;
        if (add_end(x, r) < 0)
            return -1;
    }
    if (free_old_ids(x, old) < 0 || hand_touch(&x->h, x->link_id) < 0 ||
        lane_free_waiting(x->h.s, x->h.a, x->link_id, x->h.now, x->h.err) < 0)
        return -1;
    for (size_t i = 0; i < x->n; i++)
        if (!is_in(&x->l, &x->records[i]) &&
            hand_nominate(&x->h, "link", x->link_id, x->resource, &x->records[i]) < 0)
            return -1;
    return 1;
}

static int
link_records(struct linking *x)
{
    if (check_records(x) < 0)
        return -1;
    x->link_id = x->l.link_id;
    if (x->link_id != 0 && count_new(x) == 0)
        return 1;
    if (x->link_id == 0 && count_new(x) < 2)
        return err_set(x->h.err, ERR_RECORD, ERR_NEVER, "too-few",
                       "a link is made of two records at least");
    if (x->link_id == 0 && make_link(x) < 0)
        return -1;
    return add_records(x);
}

int
store_link_records(struct store *s, const char *resource, const struct store_record *records,
                   size_t n, const char *external_id, const char *by, int64_t now, int64_t *link_id,
                   struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct linking x = {.h = {.s = s, .a = a, .by = by, .now = now, .err = err},
                        .resource = resource,
                        .external_id = external_id,
                        .records = records,
                        .n = n};
    struct tx tx;
    int rc;

    *link_id = 0;
    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = tx_leave(s, &tx, link_records(&x), err);
    if (rc == 1)
        *link_id = x.link_id;
    return rc;
}
