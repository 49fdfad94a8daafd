#include <config.h>

#include "store/account.h"
#include "store/sqlite/quiet.h"

#include <stdio.h>
#include <string.h>

/* What a power cut could take with it is a few tokens, or the counts of a second. */
static int
do_not_wait_for_the_disk(struct store *s, struct err *err)
{
    if (s->full == 0)
        return 0;
    if (db_run(s, err, "PRAGMA synchronous = NORMAL", "") < 0)
        return -1;
    s->full = 0;
    return 0;
}

int
quiet_begin(struct store *s, struct tx *tx, struct err *err)
{
    tx->own = !s->in_tx;
    if (!tx->own)
        return 0;
    if (s->mode == STORE_READ)
        return err_set(err, ERR_RUN, ERR_NEVER, "state", "%s is open for reading only", s->path);
    if (do_not_wait_for_the_disk(s, err) < 0)
        return -1;
    return db_run(s, err, "BEGIN IMMEDIATE", "") < 0 ? -1 : 0;
}

int
quiet_end(struct store *s, const struct tx *tx, int result, struct err *err)
{
    struct err ignored = ERR_INIT;

    if (!tx->own)
        return result;
    if (result >= 0 && db_run(s, err, "COMMIT", "") >= 0)
        return result;
    if (!sqlite3_get_autocommit(s->db))
        db_run(s, &ignored, "ROLLBACK", "");
    return -1;
}

#define COLUMNS "system, account, bucket, tokens, refilled_at, closed_until"

static void
read_row(const struct rows *r, struct store_bucket *b)
{
    snprintf(b->name, sizeof b->name, "%s", row_peek(r, 2));
    b->tokens = sqlite3_column_double(r->st, 3);
    b->refilled_at = row_time(r, 4);
    b->closed_until = row_time(r, 5);
}

static int
read_account(struct store *s, const char *system, const char *account, struct store_bucket *b,
             size_t *n, struct err *err)
{
    struct rows r;
    int rc;

    *n = 0;
    if (db_rows(s, &r, err, "SELECT " COLUMNS " FROM sync_buckets WHERE system = ? AND account = ?",
                "tt", system, account) < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        if (*n == STORE_BUCKETS) {
            rows_end(&r);
            return 0;
        }
        b[*n] = (struct store_bucket){.system = system, .account = account};
        read_row(&r, &b[(*n)++]);
    }
    return rc;
}

static bool
differs(const struct store_bucket *a, const struct store_bucket *b)
{
    return a->tokens < b->tokens || a->tokens > b->tokens || a->refilled_at != b->refilled_at ||
           a->closed_until != b->closed_until;
}

static int
write_row(struct store *s, const char *system, const char *account, const struct store_bucket *b,
          struct err *err)
{
    char tokens[32];

    snprintf(tokens, sizeof tokens, "%.17g", b->tokens);
    return db_run(s, err,
                  "INSERT INTO sync_buckets VALUES (?1, ?2, ?3, CAST(?4 AS REAL), ?5, ?6)"
                  " ON CONFLICT DO UPDATE SET tokens = excluded.tokens, refilled_at ="
                  " excluded.refilled_at, closed_until = excluded.closed_until",
                  "ttttmM", system, account, b->name, tokens, b->refilled_at, b->closed_until);
}

static int
turn(struct store *s, const char *system, const char *account, store_bucket_turn *fn, void *user,
     struct err *err)
{
    struct store_bucket before[STORE_BUCKETS], after[STORE_BUCKETS];
    size_t n_before, n;

    if (read_account(s, system, account, before, &n_before, err) < 0)
        return -1;
    memcpy(after, before, n_before * sizeof *before);
    n = n_before;
    if (!fn(after, &n, user))
        return 0;
    for (size_t i = 0; i < n; i++) {
        if ((i >= n_before || differs(&before[i], &after[i])) &&
            write_row(s, system, account, &after[i], err) < 0)
            return -1;
    }
    return 0;
}

int
store_buckets_turn(struct store *s, const char *system, const char *account, store_bucket_turn *fn,
                   void *user, struct err *err)
{
    struct tx tx;

    if (quiet_begin(s, &tx, err) < 0)
        return -1;
    return quiet_end(s, &tx, turn(s, system, account, fn, user, err), err);
}

int
store_buckets_look(struct store *s, const char *system, const char *account, store_bucket_turn *fn,
                   void *user, struct err *err)
{
    struct store_bucket b[STORE_BUCKETS];
    size_t n;

    if (read_account(s, system, account, b, &n, err) < 0)
        return -1;
    fn(b, &n, user);
    return 0;
}

int
store_buckets(struct store *s, struct arena *a, struct store_bucket **out, struct err *err)
{
    struct rows r;
    size_t n = 0;
    int rc;

    *out = NULL;
    if (db_rows(s, &r, err, "SELECT " COLUMNS " FROM sync_buckets ORDER BY 1, 2, 3", "") < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        *out = list_grow(a, *out, n, sizeof **out);
        (*out)[n] =
            (struct store_bucket){.system = row_text(&r, a, 0), .account = row_text(&r, a, 1)};
        read_row(&r, &(*out)[n++]);
    }
    return rc < 0 ? -1 : (int)n;
}

/*
 * What waited for SYSTEM: fields owed there, events whose records it did not give (diff says so in
 * these words). Of a system that was out of order besides they are looked at early: no harm.
 */
static int
free_waiting(struct store *s, const char *system, int64_t now, struct err *err)
{
    if (db_run(s, err,
               "UPDATE sync_owed SET not_before = ?2 WHERE target = ?1 AND refused IS NULL AND"
               " not_before > ?2 AND not_before < '" STORE_FOREVER_TEXT "'",
               "tm", system, now) < 0)
        return -1;
    return db_run(s, err,
                  "UPDATE sync_inbox SET not_before = ?2 WHERE disposition IS NULL AND lease IS"
                  " NULL AND folded_into IS NULL AND not_before > ?2 AND not_before <"
                  " '" STORE_FOREVER_TEXT "' AND (substr(reason, 1, length(?1) + 13) = 'cannot"
                  " read ' || ?1 || ':' OR substr(reason, 1, length(?1) + 15) = 'cannot search '"
                  " || ?1 || ':')",
                  "tm", system, now);
}

int
store_buckets_open(struct store *s, const char *system, int64_t now, struct err *err)
{
    struct tx tx;
    int n;

    if (tx_enter(s, &tx, true, err) < 0) /* whoever waits is to be woken */
        return -1;
    n = db_run(s, err,
               "UPDATE sync_buckets SET closed_until = NULL, refilled_at = CASE bucket WHEN 'day'"
               " THEN refilled_at ELSE ?2 END WHERE system = ?1 AND closed_until > ?2 AND bucket <>"
               " 'warned'",
               "tm", system, now);
    if (n > 0 && free_waiting(s, system, now, err) < 0)
        n = -1;
    return tx_leave(s, &tx, n, err);
}
