#include <config.h>

#include "store/sqlite/internal.h"

#include "base/clock.h"

/* What is out and will not come back by itself. */
enum { OUT_TOO_LONG_MS = 600000, TAKE_BACKS_MAX = 3 };

struct held {
    int64_t seq;
    const char *lease;
    int64_t leased_ms, attempts;
};

static int
find_held(struct store *s, struct arena *a, struct held **out, struct err *err)
{
    struct held *list = NULL;
    struct rows r;
    int n = 0, rc;

    if (db_rows(s, &r, err,
                "SELECT i.seq, i.lease, i.leased_ms, i.attempts FROM sync_inbox i INDEXED BY"
                " sync_inbox_held WHERE i.disposition IS NULL AND i.lease IS NOT NULL AND"
                " i.folded_into IS NULL AND NOT EXISTS (SELECT 1 FROM sync_intents n WHERE"
                " n.link_id = i.link_id AND " OPEN_INTENT("n") " AND n.seq = i.seq)",
                "") < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        list = list_grow(a, list, (size_t)n, sizeof *list);
        list[n++] =
            (struct held){row_int(&r, 0), row_text(&r, a, 1), row_int(&r, 2), row_int(&r, 3)};
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

static int
reject_unclaimed(struct store *s, struct arena *a, int64_t seq, int64_t now, struct err *err)
{
    struct store_reject x = {.stage = "emit",
                             .code = "unclaimed",
                             .text = "given out three times, and no stage ended it"};
    struct rows r;
    int rc;

    if (db_rows(s, &r, err,
                "SELECT system, account, resource, record_id FROM sync_inbox WHERE seq = ?", "i",
                seq) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    x.system = row_text(&r, a, 0);
    x.account = row_text(&r, a, 1);
    x.resource = row_text(&r, a, 2);
    x.record_id = row_text(&r, a, 3);
    rows_end(&r);
    if (inbox_reject_row(s, seq, &x, now, err) < 0)
        return -1;
    return inbox_end(s, seq, "rejected", x.code, now, err);
}

/* 1 taken back (or rejected), 0 left where it is, -1. */
static int
take_back_one(struct store *s, struct arena *a, const struct held *h, int64_t now, struct err *err)
{
    int alive = lease_alive(s, h->lease, err);

    if (alive < 0)
        return -1;
    if (alive == 0)
        return lane_reopen(s, h->seq, err);
    if (clock_boot() - h->leased_ms <= OUT_TOO_LONG_MS)
        return 0;
    if (h->attempts + 1 >= TAKE_BACKS_MAX)
        return reject_unclaimed(s, a, h->seq, now, err);
    if (db_run(s, err, "UPDATE sync_inbox SET attempts = attempts + 1 WHERE seq = ?", "i", h->seq) <
        0)
        return -1;
    return lane_reopen(s, h->seq, err);
}

/* Is there anything to do? Looked at without the write lock: mostly there is not. 1, 0, -1. */
static int
is_any(struct store *s, struct arena *a, struct err *err)
{
    struct held *list;
    int n = find_held(s, a, &list, err);

    for (int i = 0; i < n; i++) {
        int alive = lease_alive(s, list[i].lease, err);

        if (alive <= 0)
            return alive < 0 ? -1 : 1;
        if (clock_boot() - list[i].leased_ms > OUT_TOO_LONG_MS)
            return 1;
    }
    return n < 0 ? -1 : 0;
}

int
store_take_back(struct store *s, int64_t now, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct held *list;
    struct tx tx;
    int n = is_any(s, a, err), done = 0;

    if (n <= 0)
        return n;
    if (tx_enter(s, &tx, false, err) < 0)
        return -1;
    n = find_held(s, a, &list, err);
    for (int i = 0; i < n; i++) {
        int rc = take_back_one(s, a, &list[i], now, err);

        if (rc < 0)
            return tx_leave(s, &tx, -1, err);
        done += rc;
    }
    return tx_leave(s, &tx, n < 0 ? -1 : done, err);
}
