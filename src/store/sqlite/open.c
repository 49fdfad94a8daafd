#include <config.h>

#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/digest.h"

/* Memory of a statement that runs: its cursors and texts fit in without a call. */
enum { LOOKASIDE_SIZE = 2048, LOOKASIDE_N = 64 };

static int
bad_state(struct err *err, const char *path, const char *what, const char *hint)
{
    err_set(err, ERR_RUN, ERR_NEVER, "state", "%s %s", path, what);
    return hint == NULL ? -1 : err_hint(err, "%s", hint);
}

static int
run_script(sqlite3 *db, const char *path, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        return 0;
    err_set(err, ERR_RUN, ERR_NEVER, "io", "%s: %s", path, sqlite3_errmsg(db));
    return err_exit(err, EXIT_IO);
}

/* Fills the new file TEMP, all in one transaction. */
static int
fill(sqlite3 *db, const char *temp, struct err *err)
{
    char deployment[17], now[CLOCK_TEXT];
    CLEANUP_FREE char *row = NULL;

    digest_random_hex(8, deployment);
    row = mem_printf("INSERT INTO sync_schema VALUES (%d, '%s', '%s');", STORE_SCHEMA_VERSION,
                     deployment, clock_format(clock_now(), now));
    if (run_script(db, temp, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN;", err) <
            0 ||
        run_script(db, temp, store_schema, err) < 0 || run_script(db, temp, row, err) < 0)
        return -1;
    return run_script(db, temp, "COMMIT;", err);
}

static int
make_file(const char *temp, struct err *err)
{
    int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    sqlite3 *db = NULL;
    int rc;

    if (fd < 0)
        return err_errno(err, "cannot make %s", temp);
    close(fd);
    rc = sqlite3_open_v2(temp, &db, SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK)
        rc = fill(db, temp, err);
    else
        err_set(err, ERR_RUN, ERR_NEVER, "io", "%s: %s", temp, sqlite3_errmsg(db));
    sqlite3_close(db);
    return rc == 0 ? 0 : -1;
}

/* Gives TEMP its name, unless something has it. */
static int
name_file(const char *temp, const char *path, struct err *err)
{
    if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno == EINVAL || errno == ENOSYS) { /* not every file system knows it */
        if (link(temp, path) == 0) {
            unlink(temp);
            return 0;
        }
    }
    if (errno == EEXIST)
        return bad_state(err, path, "exists", "to start afresh, move it away first");
    return err_errno(err, "cannot make %s", path);
}

/* Made beside its place and then named, so that there is never half a state. */
int
store_create(const char *path, struct err *err)
{
    CLEANUP_FREE char *temp = NULL;
    char random[17];
    struct stat st;
    mode_t mask;
    int rc;

    if (lstat(path, &st) == 0)
        return bad_state(err, path, "exists", "to start afresh, move it away first");
    digest_random_hex(8, random);
    temp = mem_printf("%s.init-%s", path, random);
    mask = umask(0077);
    rc = make_file(temp, err);
    umask(mask);
    if (rc == 0)
        rc = name_file(temp, path, err);
    if (rc < 0)
        unlink(temp);
    return rc;
}

/* What can be said about PATH before SQLite sees it. */
static int
check_file(const char *path, enum store_mode mode, struct err *err)
{
    CLEANUP_FREE char *dir = mem_text(path);
    char *slash = strrchr(dir, '/');
    struct stat st;

    if (stat(path, &st) < 0 && errno == ENOENT)
        return bad_state(err, path, "does not exist: there is no state yet",
                         "`sync-ctl init` makes one");
    if (stat(path, &st) < 0) {
        err_errno(err, "cannot read the state %s", path);
        return err_exit(err, EXIT_CONFIG);
    }
    if (S_ISDIR(st.st_mode))
        return bad_state(err, path, "is a directory, not a state", NULL);
    if (!S_ISREG(st.st_mode))
        return bad_state(err, path, "is not a regular file", NULL);
    if (st.st_size == 0)
        return bad_state(err, path, "is empty, not a state", "remove it, then run `sync-ctl init`");
    if (access(path, R_OK) < 0)
        return bad_state(err, path, "cannot be read by this user", NULL);
    if (mode == STORE_READ)
        return 0;
    if (access(path, W_OK) < 0)
        return bad_state(err, path, "cannot be written by this user, or is on a read-only disk",
                         NULL);
    if (slash != NULL)
        slash[slash == dir] = '\0';
    if (access(slash != NULL ? dir : ".", W_OK) < 0)
        return bad_state(err, path, "is in a folder that cannot be written; its -wal goes there",
                         NULL);
    return 0;
}

static int
busy_ms(void)
{
    const char *text = getenv("LOOPLESS_BUSY_MS"); /* for tests */
    long ms = text == NULL ? 5000 : strtol(text, NULL, 10);

    return ms < 0 || ms > 600000 ? 5000 : (int)ms;
}

void
store_patience(struct store *s, int ms)
{
    sqlite3_busy_timeout(s->db, ms < 0 ? busy_ms() : ms);
}

/* Called by SQLite while the state is locked, with the number of calls before. 1 wait on, 0. */
static int
wait_on(void *user, int calls)
{
    struct store *s = user;
    int ms = calls < 10 ? 1 + calls : 20;

    if (calls == 0)
        s->waited = 0;
    if (s->waited >= busy_ms() && (s->go_on == NULL || !s->go_on(s->go_on_user, s->waited)))
        return 0;
    sqlite3_sleep(ms);
    s->waited += ms;
    return 1;
}

void
store_wait_on(struct store *s, store_go_on *go_on, void *user)
{
    s->go_on = go_on;
    s->go_on_user = user;
    sqlite3_busy_handler(s->db, wait_on, s);
}

static int
check_schema(struct store *s, struct err *err)
{
    int64_t tables;
    struct rows r;
    int rc;

    rc = db_int(s, err, &tables,
                "SELECT count(*) FROM sqlite_master WHERE name IN ('sync_schema', 'sync_inbox')",
                "");
    if (rc < 0)
        return -1;
    if (tables != 2)
        return bad_state(err, s->path, "is an SQLite file, but not a state of ours",
                         "is `state:` right? `sync-ctl init` makes a new one");
    if (db_rows(s, &r, err, "SELECT version, deployment FROM sync_schema", "") < 0)
        return -1;
    rc = rows_next(&r);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return bad_state(err, s->path, "is not a whole state", NULL);
    if (row_int(&r, 0) != STORE_SCHEMA_VERSION)
        rc = err_set(err, ERR_RUN, ERR_NEVER, "state",
                     "%s has schema version %lld, this program knows %d", s->path,
                     (long long)row_int(&r, 0), STORE_SCHEMA_VERSION);
    else
        snprintf(s->deployment, sizeof s->deployment, "%s", row_peek(&r, 1));
    rows_end(&r);
    return rc < 0 ? -1 : 0;
}

static void
no_statistics(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/*
 * Nobody asks how much memory SQLite has, and a store is used by one thread at a time: counting and
 * locking are a tenth of what a look-up costs. Too late once SQLite has begun, and no matter then.
 */
static void
tune(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, no_statistics);
}

static int
open_db(struct store *s, const char *name, int flags, struct err *err)
{
    int rc;

    tune();
    rc = sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return db_fail(s, err, rc);
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, LOOKASIDE_SIZE, LOOKASIDE_N);
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_timeout(s->db, busy_ms());
    rc = sqlite3_exec(s->db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return db_fail(s, err, rc);
    return check_schema(s, err);
}

static void
close_db(struct store *s)
{
    for (size_t i = 0; i < STORE_STATEMENTS; i++)
        if (s->cache[i].sql != NULL)
            sqlite3_finalize(s->cache[i].st);
    memset(s->cache, 0, sizeof s->cache);
    sqlite3_close(s->db);
    s->db = NULL;
}

/* PATH as an SQLite URI: what has a meaning there is escaped. */
static char *
immutable_uri(const char *path)
{
    struct buf b = BUF_INIT;

    buf_text(&b, "file:");
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '%' || *p == '?' || *p == '#')
            buf_printf(&b, "%%%02X", (unsigned char)*p);
        else
            buf_char(&b, *p);
    }
    buf_text(&b, "?immutable=1");
    return buf_take(&b);
}

/*
 * WAL needs its -shm, which a read-only disk cannot give. Without a -wal nothing is missing in the
 * file itself and nobody can write it, so it can be read as it lies there.
 */
static int
open_immutable(struct store *s, struct err *err)
{
    CLEANUP_FREE char *wal = mem_printf("%s-wal", s->path);
    CLEANUP_FREE char *uri = immutable_uri(s->path);
    struct stat st;

    if (stat(wal, &st) == 0 && st.st_size > 0)
        return bad_state(err, s->path,
                         "cannot be read: changes stand in its -wal, and its folder is read-only",
                         "open it once where it can be written");
    return open_db(s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, err);
}

/* Which file it is, so that one put in its place is noticed. */
static void
remember_file(struct store *s)
{
    struct stat st;

    if (stat(s->path, &st) < 0)
        return;
    s->dev = (int64_t)st.st_dev;
    s->ino = (int64_t)st.st_ino;
}

/* Those that states of this version were made without. Is it locked just now, then who needs them
 * makes them. */
static int
add_tables(struct store *s)
{
    struct err err = ERR_INIT;

    (void)mapping_make_table(s, &err);
    (void)gone_make_table(s, &err);
    return 0;
}

static int
open_any(struct store *s, struct err *err)
{
    int rc;

    if (s->mode == STORE_WRITE)
        return open_db(s, s->path, SQLITE_OPEN_READWRITE, err) < 0 ? -1 : add_tables(s);
    if (open_db(s, s->path, SQLITE_OPEN_READONLY, err) == 0)
        return 0;
    rc = s->db == NULL ? SQLITE_CANTOPEN : sqlite3_errcode(s->db) & 0xff;
    if (rc != SQLITE_CANTOPEN && rc != SQLITE_READONLY)
        return -1;
    close_db(s);
    return open_immutable(s, err);
}

struct store *
store_open(const char *path, enum store_mode mode, struct err *err)
{
    struct store *s;

    if (check_file(path, mode, err) < 0)
        return NULL;
    s = mem_alloc(sizeof *s);
    s->path = mem_text(path);
    s->wal = mem_printf("%s-wal", path);
    s->version = -1;
    s->mode = mode;
    s->full = -1;
    remember_file(s);
    if (open_any(s, err) == 0)
        return s;
    store_close(s);
    return NULL;
}

void
store_close(struct store *s)
{
    if (s == NULL)
        return;
    s->go_on = NULL; /* who asked may be gone */
    store_abort(s);
    watch_close(s);
    close_db(s);
    free(s->path);
    free(s->wal);
    free(s);
}

const char *
store_deployment(const struct store *s)
{
    return s->deployment;
}
