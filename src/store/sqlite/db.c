#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/mem.h"

int
db_fail(struct store *s, struct err *err, int rc)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        err_set(err, ERR_RUN, ERR_LATER, "locked", "%s is locked by another process", s->path);
        return err_hint(err, "nothing is lost; try again when the other program is done");
    case SQLITE_NOMEM:
        err_no_memory();
    case SQLITE_FULL:
    case SQLITE_IOERR:
        err_set(err, ERR_RUN, ERR_NEVER, "io", "%s: %s", s->path, sqlite3_errmsg(s->db));
        return err_exit(err, EXIT_IO);
    case SQLITE_READONLY:
        return err_set(err, ERR_RUN, ERR_NEVER, "state", "%s cannot be written: %s", s->path,
                       sqlite3_errmsg(s->db));
    case SQLITE_NOTADB:
        err_set(err, ERR_RUN, ERR_NEVER, "state", "%s is not a state: no SQLite file", s->path);
        return err_hint(err, "is `state:` right? `sync-ctl init` makes a new one");
    case SQLITE_CORRUPT:
        err_set(err, ERR_RUN, ERR_NEVER, "state", "%s is damaged: %s", s->path,
                sqlite3_errmsg(s->db));
        return err_hint(err, "restore a backup; `sqlite3 FILE .recover` saves what can be read");
    default:
        return err_set(err, ERR_RUN, ERR_NEVER, "state", "%s: %s", s->path, sqlite3_errmsg(s->db));
    }
}

int64_t
db_last_id(struct store *s)
{
    return sqlite3_last_insert_rowid(s->db);
}

/* The cached statement of a literal, prepared at its first use. */
static sqlite3_stmt *
statement(struct store *s, const char *sql, struct err *err)
{
    size_t at = ((uintptr_t)sql >> 3) % STORE_STATEMENTS;
    struct store_cached *c;
    int rc;

    for (size_t i = 0;; i++, at = (at + 1) % STORE_STATEMENTS) {
        c = &s->cache[at];
        if (c->sql == sql)
            break;
        if (c->sql != NULL && i < STORE_STATEMENTS)
            continue;
        if (c->sql != NULL)
            BUG("more than %d statements", STORE_STATEMENTS);
        rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &c->st, NULL);
        if (rc != SQLITE_OK) {
            db_fail(s, err, rc);
            return NULL;
        }
        c->sql = sql;
        break;
    }
    if (sqlite3_stmt_busy(c->st))
        BUG("statement used twice at a time: %s", sql);
    return c->st;
}

static void
bind_time(sqlite3_stmt *st, int i, int64_t ms)
{
    char text[CLOCK_TEXT];

    sqlite3_bind_text(st, i, clock_format(ms, text), -1, SQLITE_TRANSIENT);
}

/* Bytes that are no text would be kept well, and read by nobody. */
static int
bind_json(sqlite3_stmt *st, int i, const char *text, size_t len, struct err *err)
{
    size_t bad = val_bad_byte(text, len);

    if (bad > 0)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-utf8",
                       "a value is not kept: byte %zu of it is no UTF-8: %.*s", bad,
                       (int)(len < 200 ? len : 200), text);
    sqlite3_bind_text(st, i, text, (int)len, SQLITE_TRANSIENT);
    return 0;
}

static int
bind_val(sqlite3_stmt *st, int i, const struct val *v, bool canonical, struct err *err)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    if (v == NULL) {
        sqlite3_bind_null(st, i);
        return 0;
    }
    if (canonical)
        val_canon(&b, v);
    else
        val_write(&b, v);
    return bind_json(st, i, buf_get(&b), b.len, err);
}

/* SQLite takes a NULL pointer for NULL, also with no bytes. */
static void
bind_bytes(sqlite3_stmt *st, int i, const void *bytes, size_t len)
{
    sqlite3_bind_blob64(st, i, len == 0 ? "" : bytes, len, SQLITE_STATIC);
}

/* The texts up to NULL, from parameter I on; how many they are. */
static int
bind_texts(sqlite3_stmt *st, int i, const char *const *texts)
{
    int n = 0;

    for (; texts[n] != NULL; n++)
        sqlite3_bind_text(st, i + n, texts[n], -1, SQLITE_STATIC);
    return n;
}

static int
bind_all(sqlite3_stmt *st, const char *types, va_list ap, struct err *err)
{
    int i = 1, rc = 0;

    for (; *types != '\0'; types++, i++) {
        const void *bytes;
        int64_t ms;

        switch (*types) {
        case 'i':
            sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
            break;
        case 'n':
            sqlite3_bind_int(st, i, va_arg(ap, int));
            break;
        case 't':
            sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
            break;
        case 'T':
            i += bind_texts(st, i, va_arg(ap, const char *const *)) - 1;
            break;
        case 'm':
            bind_time(st, i, va_arg(ap, int64_t));
            break;
        case 'M':
            ms = va_arg(ap, int64_t);
            if (ms == 0)
                sqlite3_bind_null(st, i);
            else
                bind_time(st, i, ms);
            break;
        case 'b':
            bytes = va_arg(ap, const void *);
            bind_bytes(st, i, bytes, va_arg(ap, size_t));
            break;
        case 'j':
            bytes = va_arg(ap, const char *);
            rc |= bind_json(st, i, bytes, strlen(bytes), err);
            break;
        case 'v':
        case 'w':
            rc |= bind_val(st, i, va_arg(ap, const struct val *), *types == 'v', err);
            break;
        default:
            BUG("no such type of value: %c", *types);
        }
    }
    if (sqlite3_bind_parameter_count(st) != i - 1)
        BUG("wrong number of values for %s", sqlite3_sql(st));
    return rc;
}

int
db_run(struct store *s, struct err *err, const char *sql, const char *types, ...)
{
    sqlite3_stmt *st = statement(s, sql, err);
    va_list ap;
    int rc;

    if (st == NULL)
        return -1;
    va_start(ap, types);
    rc = bind_all(st, types, ap, err);
    va_end(ap);
    if (rc < 0)
        return -1;
    rc = sqlite3_step(st);
    if (rc == SQLITE_DONE) {
        sqlite3_reset(st);
        return sqlite3_changes(s->db);
    }
    db_fail(s, err, rc);
    sqlite3_reset(st);
    return -1;
}

static int
open_rows(struct store *s, struct rows *r, struct err *err, const char *sql, const char *types,
          va_list ap)
{
    r->s = s;
    r->err = err;
    r->st = statement(s, sql, err);
    return r->st == NULL ? -1 : bind_all(r->st, types, ap, err);
}

int
db_rows(struct store *s, struct rows *r, struct err *err, const char *sql, const char *types, ...)
{
    va_list ap;
    int rc;

    va_start(ap, types);
    rc = open_rows(s, r, err, sql, types, ap);
    va_end(ap);
    return rc;
}

int
rows_next(struct rows *r)
{
    int rc = sqlite3_step(r->st);

    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE)
        db_fail(r->s, r->err, rc);
    sqlite3_reset(r->st);
    return rc == SQLITE_DONE ? 0 : -1;
}

void
rows_end(struct rows *r)
{
    sqlite3_reset(r->st);
}

int64_t
row_int(const struct rows *r, int column)
{
    return sqlite3_column_int64(r->st, column);
}

const char *
row_peek(const struct rows *r, int column)
{
    return (const char *)sqlite3_column_text(r->st, column);
}

const char *
row_text(const struct rows *r, struct arena *a, int column)
{
    const char *text = row_peek(r, column);

    if (text == NULL)
        return NULL;
    return arena_ntext(a, text, (size_t)sqlite3_column_bytes(r->st, column));
}

const char *
row_blob(const struct rows *r, struct arena *a, int column, size_t *len)
{
    const char *bytes = sqlite3_column_blob(r->st, column);

    *len = (size_t)sqlite3_column_bytes(r->st, column);
    return arena_ntext(a, *len == 0 ? "" : bytes, *len);
}

int64_t
row_time(const struct rows *r, int column)
{
    const char *text = row_peek(r, column);
    int64_t ms;

    if (text == NULL || clock_parse(text, &ms, NULL) < 0)
        return 0;
    return ms;
}

int
row_val(const struct rows *r, struct arena *a, int column, const struct val **out)
{
    const char *text = row_peek(r, column);

    *out = NULL;
    if (text == NULL)
        return 0;
    *out = val_parse(a, text, (size_t)sqlite3_column_bytes(r->st, column), r->err);
    if (*out != NULL)
        return 0;
    return err_set(r->err, ERR_RECORD, ERR_NEVER, STORE_BROKEN, "%s holds broken JSON in %s",
                   r->s->path, sqlite3_column_name(r->st, column));
}

int
db_int(struct store *s, struct err *err, int64_t *out, const char *sql, const char *types, ...)
{
    struct rows r;
    va_list ap;
    int rc;

    va_start(ap, types);
    rc = open_rows(s, &r, err, sql, types, ap);
    va_end(ap);
    if (rc < 0)
        return -1;
    rc = rows_next(&r);
    if (rc == 1) {
        *out = row_int(&r, 0);
        rows_end(&r);
    }
    return rc;
}

void *
list_grow(struct arena *a, void *items, size_t n, size_t size)
{
    void *more;

    if (n != 0 && (n & (n - 1)) != 0)
        return items;
    more = arena_alloc(a, (n == 0 ? 1 : 2 * n) * size);
    if (n > 0)
        memcpy(more, items, n * size);
    return more;
}

/* ---- Transactions ---- */

static int
set_synchronous(struct store *s, bool full, struct err *err)
{
    int rc;

    if (s->full == (int)full)
        return 0;
    rc = sqlite3_exec(s->db, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL",
                      NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return db_fail(s, err, rc);
    s->full = full;
    return 0;
}

int
store_begin(struct store *s, bool durable, struct err *err)
{
    if (s->in_tx)
        BUG("a transaction is open already");
    if (s->mode == STORE_READ)
        return err_set(err, ERR_RUN, ERR_NEVER, "state", "%s is open for reading only", s->path);
    if (set_synchronous(s, durable, err) < 0)
        return -1;
    if (db_run(s, err, "BEGIN IMMEDIATE", "") < 0)
        return -1;
    s->in_tx = true;
    s->durable = durable;
    s->changes = sqlite3_total_changes(s->db);
    return 0;
}

int
store_commit(struct store *s, struct err *err)
{
    if (!s->in_tx)
        BUG("no transaction is open");
    crash_point("store.before-commit");
    if (sqlite3_get_autocommit(s->db)) { /* a full disk rolls all of it back */
        s->in_tx = false;
        err_set(err, ERR_RUN, ERR_NEVER, "io", "%s: the transaction is lost", s->path);
        return err_exit(err, EXIT_IO);
    }
    if (db_run(s, err, "COMMIT", "") < 0) {
        store_abort(s);
        return -1;
    }
    s->in_tx = false;
    crash_point("store.after-commit");
    if (sqlite3_total_changes(s->db) != s->changes)
        watch_ring(s);
    return 0;
}

void
store_abort(struct store *s)
{
    if (s->in_tx && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->in_tx = false;
}

int
tx_enter(struct store *s, struct tx *tx, bool durable, struct err *err)
{
    tx->own = !s->in_tx;
    return tx->own ? store_begin(s, durable, err) : 0;
}

int
tx_leave(struct store *s, const struct tx *tx, int result, struct err *err)
{
    if (!tx->own)
        return result;
    if (result < 0) {
        store_abort(s);
        return result;
    }
    return store_commit(s, err) < 0 ? -1 : result;
}

int
tx_enter_read(struct store *s, struct tx *tx, struct err *err)
{
    tx->own = !s->in_tx && sqlite3_get_autocommit(s->db);
    return tx->own && db_run(s, err, "BEGIN", "") < 0 ? -1 : 0;
}

void
tx_leave_read(struct store *s, const struct tx *tx)
{
    if (tx->own)
        sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}
