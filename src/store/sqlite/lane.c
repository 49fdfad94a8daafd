#include <config.h>

#include "store/sqlite/internal.h"

#include <inttypes.h>

const char *
lane_of_link(struct arena *a, int64_t link_id)
{
    return arena_printf(a, "L%" PRId64, link_id);
}

const char *
lane_of_record(struct arena *a, const char *system, const char *account, const char *resource,
               const char *record_id)
{
    return arena_printf(a, "R%s/%s/%s/%s", system, account, resource, record_id);
}

/* What is folded into an event stands in its lane, so the index on (lane, seq) finds it. */
int
lane_reopen(struct store *s, int64_t seq, struct err *err)
{
    if (db_run(s, err,
               "UPDATE sync_inbox SET folded_into = NULL WHERE disposition IS NULL AND"
               " lane = (SELECT lane FROM sync_inbox WHERE seq = ?1) AND folded_into = ?1",
               "i", seq) < 0)
        return -1;
    return db_run(s, err,
                  "UPDATE sync_inbox SET lease = NULL, leased_ms = NULL, fence = fence + 1"
                  " WHERE seq = ? AND disposition IS NULL",
                  "i", seq);
}

int
lane_reopen_others(struct store *s, const char *lane, int64_t keep, struct err *err)
{
    int64_t seq;
    int rc = db_int(s, err, &seq,
                    "SELECT seq FROM sync_inbox WHERE lane = ? AND disposition IS NULL AND"
                    " lease IS NOT NULL AND folded_into IS NULL",
                    "t", lane);

    if (rc == 1 && seq != keep)
        rc = lane_reopen(s, seq, err);
    return rc < 0 ? -1 : 0;
}

int
lane_move(struct store *s, struct arena *a, int64_t link_id, const char *resource,
          const char *system, const char *account, const char *record_id, int64_t keep, int64_t now,
          struct err *err)
{
    const char *from = lane_of_record(a, system, account, resource, record_id);
    const char *to = lane_of_link(a, link_id);

    if (lane_reopen_others(s, from, keep, err) < 0 || lane_reopen_others(s, to, keep, err) < 0)
        return -1;
    return db_run(s, err,
                  "UPDATE sync_inbox SET lane = ?1, link_id = ?2, not_before ="
                  " CASE not_before WHEN '" STORE_FOREVER_TEXT "' THEN ?3 ELSE not_before END"
                  " WHERE lane = ?4 AND disposition IS NULL",
                  "timt", to, link_id, now, from) < 0
               ? -1
               : 0;
}

/*
 * What is out in the lane that is left comes back first: else what is folded into it would stand in
 * another lane than its head. Only the event KEEP may stay out; what is folded into it is free.
 */
int
lane_move_from(struct store *s, struct arena *a, int64_t other, const struct link_claim *c,
               struct err *err)
{
    const char *from = lane_of_link(a, other), *to = lane_of_link(a, c->link_id);

    if (lane_reopen_others(s, from, c->keep, err) < 0 ||
        lane_reopen_others(s, to, c->keep, err) < 0)
        return -1;
    if (db_run(s, err,
               "UPDATE sync_inbox SET folded_into = NULL WHERE lane = ?1 AND disposition IS NULL"
               " AND folded_into = ?2",
               "ti", from, c->keep) < 0)
        return -1;
    return db_run(s, err,
                  "UPDATE sync_inbox SET lane = ?1, link_id = ?2 WHERE lane = ?3 AND disposition IS"
                  " NULL AND resource = ?4 AND record_id = ?5 AND system = ?6 AND account = ?7",
                  "tittttt", to, c->link_id, from, c->resource, c->record_id, c->system,
                  c->account) < 0
               ? -1
               : 0;
}

/* How the events that wait for a record of the link say so. Returns the number, or -1. */
static int
find_reasons(struct store *s, struct arena *a, int64_t link_id, const char ***out, struct err *err)
{
    const char **list = NULL;
    struct rows r;
    int n = 0, rc;

    if (db_rows(s, &r, err,
                "SELECT resource_type, external_system, record_id FROM sync_metadata WHERE"
                " link_id = ?",
                "i", link_id) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n++] =
            arena_printf(a, STORE_PARENT_FORMAT, row_peek(&r, 0), row_peek(&r, 1), row_peek(&r, 2));
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
lane_free_waiting(struct store *s, struct arena *a, int64_t link_id, int64_t now, struct err *err)
{
    const char **reasons;
    int n = find_reasons(s, a, link_id, &reasons, err);

    for (int i = 0; i < n; i++)
        if (db_run(s, err,
                   "UPDATE sync_inbox INDEXED BY sync_inbox_parent SET not_before = ?1 WHERE"
                   " disposition IS NULL AND reason >= 'parent ' AND reason < 'parent!' AND"
                   " reason = ?2 AND lease IS NULL AND not_before > ?1",
                   "mt", now, reasons[i]) < 0)
            return -1;
    return n < 0 ? -1 : 0;
}
