#include <config.h>

#include "store/sqlite/internal.h"

#include <inttypes.h>
#include <string.h>

/* Nominations for what is owed and due. */
enum { NOMINATE_MAX = 1000, NOMINATE_AGAIN_MS = 60000 };

struct due {
    int64_t link_id, generation;
    const char *resource, *source, *source_account, *source_id;
    const char *target, *target_account, *target_id;
};

/*
 * Due rows of links with nothing pending or open, and no create of unknown outcome at that target;
 * not of fields that wait for a person. A row whose source has no end (any more) is looked at from
 * any other end.
 */
#define DUE                                                                                        \
    "SELECT o.link_id, l.generation, l.resource_type, e.external_system, e.account, e.record_id,"  \
    " o.target, t.account, t.record_id, o.value FROM sync_owed o INDEXED BY sync_owed_due JOIN "   \
    "sync_links "                                                                                  \
    "l"                                                                                            \
    " ON l.link_id = o.link_id JOIN sync_metadata e ON e.link_id = o.link_id AND"                  \
    " e.external_system = coalesce((SELECT external_system FROM sync_metadata WHERE link_id ="     \
    " o.link_id AND external_system = o.source AND deleted_at IS NULL),"                           \
    " (SELECT min(external_system) FROM sync_metadata WHERE link_id = o.link_id AND deleted_at IS" \
    " NULL)) LEFT JOIN sync_metadata t ON t.link_id = o.link_id AND t.external_system = o.target"  \
    " WHERE o.refused IS NULL AND o.not_before <= ? AND l.ended_at IS NULL AND NOT EXISTS"         \
    " (SELECT 1 FROM sync_inbox i WHERE i.lane = 'L' || o.link_id AND i.disposition IS NULL)"      \
    " AND NOT EXISTS (SELECT 1 FROM sync_intents n WHERE n.link_id = o.link_id"                    \
    " AND " OPEN_OR_UNKNOWN " AND (n.state <> 'unknown' OR"                                        \
    " n.target = o.target)) AND NOT EXISTS (SELECT 1 FROM sync_conflicts c WHERE c.link_id ="      \
    " o.link_id AND c.field = o.field AND c.state = 'open') ORDER BY o.not_before"

static bool
is_paused(const struct store_pause *pauses, int n, const struct due *d)
{
    for (int i = 0; i < n; i++)
        if (store_pause_matches(&pauses[i], d->target,
                                d->target_account == NULL ? pauses[i].account : d->target_account,
                                d->resource, d->target_id, NULL))
            return true;
    return false;
}

/* Nobody can decide it, however often it is nominated. */
static bool
is_broken(const char *value)
{
    return val_bad_byte(value, strlen(value)) > 0;
}

static bool
is_listed(const struct due *list, int n, int64_t link_id)
{
    for (int i = n - 1; i >= 0; i--)
        if (list[i].link_id == link_id)
            return true;
    return false;
}

static int
find_due(struct store *s, struct arena *a, const struct store_pause *pauses, int n_pauses,
         int64_t now, struct due **out, struct err *err)
{
    struct due *list = NULL;
    struct rows r;
    int n = 0, rc;

    if (db_rows(s, &r, err, DUE, "m", now) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        struct due *d;

        if (is_listed(list, n, row_int(&r, 0)) || is_broken(row_peek(&r, 9)))
            continue;
        list = list_grow(a, list, (size_t)n, sizeof *list);
        d = &list[n];
        *d = (struct due){row_int(&r, 0),     row_int(&r, 1),     row_text(&r, a, 2),
                          row_text(&r, a, 3), row_text(&r, a, 4), row_text(&r, a, 5),
                          row_text(&r, a, 6), row_text(&r, a, 7), row_text(&r, a, 8)};
        if (is_paused(pauses, n_pauses, d))
            continue;
        if (++n == NOMINATE_MAX) {
            rows_end(&r);
            break;
        }
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

static int
nominate(struct store *s, struct arena *a, const struct due *d, int64_t now, struct err *err)
{
    const char *id =
        arena_printf(a, "owed:%" PRId64 ":%" PRId64 ":%" PRId64, d->link_id, d->generation, now);
    int64_t seq;
    int rc = inbox_nominate(s, d->source, d->source_account, d->resource, d->source_id, id, now,
                            &seq, err);

    if (rc < 0)
        return -1;
    if (db_run(s, err,
               "UPDATE sync_owed SET not_before = ? WHERE link_id = ? AND not_before <= ? AND"
               " refused IS NULL",
               "mim", now + NOMINATE_AGAIN_MS, d->link_id, now) < 0)
        return -1;
    return rc;
}

static int
look(struct store *s, struct arena *a, int64_t now, struct due **list, struct err *err)
{
    struct store_pause *pauses;
    int n = store_pauses(s, a, now, &pauses, err);

    return n < 0 ? -1 : find_due(s, a, pauses, n, now, list, err);
}

int
store_nominate_owed(struct store *s, int64_t now, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct due *list;
    struct tx tx;
    int n = look(s, a, now, &list, err), done = 0;

    if (n <= 0) /* mostly; seen without the write lock */
        return n;
    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    n = look(s, a, now, &list, err);
    for (int i = 0; i < n; i++) {
        int rc = nominate(s, a, &list[i], now, err);

        if (rc < 0)
            return tx_leave(s, &tx, -1, err);
        done += rc;
    }
    return tx_leave(s, &tx, n < 0 ? -1 : done, err);
}
