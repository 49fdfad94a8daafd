#include <config.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"

static int
mode_of(const char *path, const char *suffix)
{
    CLEANUP_FREE char *name = mem_printf("%s%s", path, suffix);
    struct stat st;

    ck_assert_msg(stat(name, &st) == 0, "no %s", name);
    return st.st_mode & 0777;
}

START_TEST(state_and_its_wal_are_private)
{
    struct fixture f;

    umask(0);
    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    ck_assert_int_eq(mode_of(f.path, ""), 0600);
    ck_assert_int_eq(mode_of(f.path, "-wal"), 0600);
    ck_assert_int_eq(mode_of(f.path, "-shm"), 0600);
    fixture_close(&f);
}
END_TEST

START_TEST(create_refuses_what_exists)
{
    struct fixture f;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    ck_assert_int_eq(store_create(f.path, &f.err), -1);
    ck_assert_str_eq(f.err.code, "state");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(create_leaves_nothing_half_made)
{
    struct fixture f;
    CLEANUP_FREE char *shell = NULL;

    fixture_open(&f);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_schema"), 1);
    store_close(f.s);
    f.s = NULL;
    shell = mem_printf("test $(ls -A %s | wc -l) = 1", f.dir);
    ck_assert_int_eq(system(shell), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(each_state_has_its_own_name)
{
    struct fixture f, g;

    fixture_open(&f);
    fixture_open(&g);
    ck_assert_int_ge(strlen(store_deployment(f.s)), 16);
    ck_assert_str_ne(store_deployment(f.s), store_deployment(g.s));
    fixture_close(&f);
    fixture_close(&g);
}
END_TEST

static void
expect_refused(struct fixture *f, const char *path, enum store_mode mode, const char *text)
{
    struct store *s = store_open(path, mode, &f->err);

    ck_assert_ptr_null(s);
    ck_assert_str_eq(f->err.code, "state");
    ck_assert_int_eq(f->err.status, EXIT_CONFIG);
    ck_assert_msg(strstr(f->err.text, text) != NULL, "%s: want %s", f->err.text, text);
}

START_TEST(missing_state_is_never_made)
{
    struct fixture f;
    CLEANUP_FREE char *path = NULL;

    fixture_open(&f);
    path = mem_printf("%s/none.db", f.dir);
    expect_refused(&f, path, STORE_WRITE, "does not exist");
    ck_assert_ptr_nonnull(strstr(f.err.hint, "sync-ctl init"));
    expect_refused(&f, path, STORE_READ, "does not exist");
    ck_assert_int_eq(access(path, F_OK), -1);
    fixture_close(&f);
}
END_TEST

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(names_what_is_no_state)
{
    struct fixture f;
    CLEANUP_FREE char *path = NULL;
    CLEANUP_FREE char *shell = NULL;

    fixture_open(&f);
    path = mem_printf("%s/other.db", f.dir);
    expect_refused(&f, f.dir, STORE_WRITE, "is a directory");
    write_file(path, "");
    expect_refused(&f, path, STORE_WRITE, "is empty");
    for (int i = 0; i < 2; i++) {
        write_file(path, "name,email\nthis is a table of something else entirely, and long\n"
                         "enough to be no header of a database at all, one may hope so.......\n");
        expect_refused(&f, path, i == 0 ? STORE_WRITE : STORE_READ, "no SQLite file");
    }
    unlink(path);
    shell = mem_printf("sqlite3 %s 'CREATE TABLE t (x)'", path);
    if (system(shell) == 0)
        expect_refused(&f, path, STORE_WRITE, "not a state of ours");
    fixture_close(&f);
}
END_TEST

START_TEST(refuses_another_schema_version)
{
    struct fixture f;

    fixture_open(&f);
    sql(&f, "UPDATE sync_schema SET version = 1");
    expect_refused(&f, f.path, STORE_WRITE, "schema version 1");
    fixture_close(&f);
}
END_TEST

START_TEST(reader_sees_what_a_writer_commits)
{
    struct fixture f;
    struct store *r;
    int64_t seq;

    fixture_open(&f);
    r = store_open(f.path, STORE_READ, &f.err);
    ck_assert_msg(r != NULL, "%s", f.err.text);
    admit(&f, "app", "c-9", "e1", NULL);
    ck_assert_int_eq(store_last_seq(r, &seq, &f.err), 0);
    ck_assert_int_eq(seq, 1);
    store_close(r);
    fixture_close(&f);
}
END_TEST

START_TEST(reader_cannot_write)
{
    struct fixture f;
    struct store *r;

    fixture_open(&f);
    r = store_open(f.path, STORE_READ, &f.err);
    ck_assert_int_eq(store_count(r, "x", "app", "", 1, f.now, &f.err), -1);
    ck_assert_ptr_nonnull(strstr(f.err.text, "reading only"));
    store_close(r);
    fixture_close(&f);
}
END_TEST

/* As nobody, to whom the folder is closed for writing. 0, or the status of the child. */
static int
as_nobody(struct fixture *f, int (*what)(struct fixture *f))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
            _exit(90);
        _exit(what(f));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int
read_seq(struct fixture *f)
{
    struct store *r = store_open(f->path, STORE_READ, &f->err);
    int64_t seq;

    if (r == NULL) {
        fprintf(stderr, "# %s\n", f->err.text);
        return strstr(f->err.text, "-wal") != NULL ? 2 : 1;
    }
    if (store_last_seq(r, &seq, &f->err) < 0 || seq != 1)
        return 3;
    store_close(r);
    return 0;
}

static int
open_to_write(struct fixture *f)
{
    struct store *s = store_open(f->path, STORE_WRITE, &f->err);

    return s == NULL && strstr(f->err.text, "cannot be written") != NULL ? 0 : 1;
}

START_TEST(reads_where_nothing_can_be_written)
{
    struct fixture f;

    fixture_open(&f);
    admit(&f, "app", "c-9", "e1", NULL);
    store_close(f.s);
    chmod(f.path, 0444);
    chmod(f.dir, 0555);
    ck_assert_int_eq(as_nobody(&f, read_seq), 0);
    ck_assert_int_eq(as_nobody(&f, open_to_write), 0);
    chmod(f.dir, 0700);
    chmod(f.path, 0600);
    f.s = fixture_again(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(says_when_a_wal_cannot_be_read)
{
    struct fixture f;
    CLEANUP_FREE char *wal = NULL;
    CLEANUP_FREE char *copy = NULL;
    struct store *keep;

    fixture_open(&f);
    keep = f.s;
    admit(&f, "app", "c-9", "e1", NULL);
    /* a copy of a state in use, without its -shm */
    copy =
        mem_printf("mkdir %s/ro && cp %s %s-wal %s/ro/ && chmod 444 %s/ro/* && chmod 555 %s/ro &&"
                   " chmod 755 %s",
                   f.dir, f.path, f.path, f.dir, f.dir, f.dir, f.dir);
    ck_assert_int_eq(system(copy), 0);
    snprintf(f.path, sizeof f.path, "%s/ro/state.db", f.dir);
    ck_assert_int_eq(as_nobody(&f, read_seq), 2);
    snprintf(f.path, sizeof f.path, "%s/state.db", f.dir);
    wal = mem_printf("chmod -R u+w %s/ro", f.dir);
    ck_assert_int_eq(system(wal), 0);
    f.s = keep;
    fixture_close(&f);
}
END_TEST

/* Another process locks the state until END is written to. The state is open again then. */
static pid_t
lock_elsewhere(struct fixture *f, int end[2])
{
    int ready[2];
    char c;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    ck_assert_int_eq(pipe(end), 0);
    store_close(f->s);
    f->s = NULL;
    pid = fork();
    if (pid == 0) {
        struct store *s = store_open(f->path, STORE_WRITE, &f->err);

        if (s == NULL || store_begin(s, true, &f->err) < 0 || write(ready[1], "x", 1) != 1 ||
            read(end[0], &c, 1) != 1)
            _exit(1);
        store_abort(s);
        _exit(0);
    }
    ck_assert_int_eq(read(ready[0], &c, 1), 1);
    setenv("LOOPLESS_BUSY_MS", "50", 1);
    f->s = fixture_again(f);
    return pid;
}

START_TEST(gives_up_on_a_locked_state)
{
    struct fixture f;
    int end[2], status;
    pid_t pid;

    fixture_open(&f);
    pid = lock_elsewhere(&f, end);
    ck_assert_int_eq(store_begin(f.s, false, &f.err), -1);
    ck_assert_str_eq(f.err.code, "locked");
    ck_assert_int_eq(f.err.status, EXIT_LATER);
    ck_assert_int_eq(write(end[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(store_begin(f.s, false, &f.err), 0);
    fixture_close(&f);
}
END_TEST

struct asked {
    int times, most;
    int free_it; /* at the last time: descriptor, -1 no */
    int64_t waited;
};

static bool
go_on(void *user, int64_t waited_ms)
{
    struct asked *a = user;

    ck_assert_int_ge(waited_ms, a->waited);
    a->waited = waited_ms;
    if (++a->times < a->most)
        return true;
    if (a->free_it < 0)
        return false;
    return a->times > a->most || write(a->free_it, "x", 1) == 1;
}

START_TEST(waits_for_a_lock_while_it_is_told_to)
{
    struct asked impatient = {.most = 3, .free_it = -1}, patient = {.most = 5};
    struct fixture f;
    int end[2], status;
    pid_t pid;

    fixture_open(&f);
    pid = lock_elsewhere(&f, end);
    store_wait_on(f.s, go_on, &impatient);
    ck_assert_int_eq(store_begin(f.s, false, &f.err), -1);
    ck_assert_str_eq(f.err.code, "locked");
    ck_assert_int_eq(impatient.times, 3);
    ck_assert_int_ge(impatient.waited, 50);
    patient.free_it = end[1];
    store_wait_on(f.s, go_on, &patient);
    ck_assert_int_eq(store_begin(f.s, false, &f.err), 0);
    ck_assert_int_ge(patient.times, 5);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    fixture_close(&f);
}
END_TEST

START_TEST(abort_leaves_nothing)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_begin(f.s, true, &f.err), 0);
    admit(&f, "app", "c-9", "e1", NULL);
    store_abort(f.s);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_inbox"), 0);
    store_abort(f.s);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

/* Admits one event in a process that ends at its N-th crash point; the rows there are then. */
static long long
rows_after_crash(int n)
{
    struct fixture f;
    long long rows;
    int status;
    pid_t pid;

    fixture_open(&f);
    store_close(f.s);
    f.s = NULL;
    pid = fork();
    if (pid == 0) {
        CLEANUP_FREE char *at = mem_printf("%d", n);

        setenv("LOOPLESS_CRASH_AT", at, 1);
        f.s = fixture_again(&f);
        admit(&f, "app", "c-9", "e1", NULL);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), 100);
    f.s = fixture_again(&f);
    rows = sql_int(&f, "SELECT count(*) FROM sync_inbox");
    check_balance(&f);
    fixture_close(&f);
    return rows;
}

START_TEST(commit_is_all_or_nothing)
{
    ck_assert_int_eq(rows_after_crash(1), 0);
    ck_assert_int_eq(rows_after_crash(2), 1);
}
END_TEST

/* What schema.sql writes as a chain of ORs is a list in the contract. */
#define LISTS                                                                                      \
    " -e \"s/\\([a-z]*\\) = '\\([a-z]*\\)' OR \\1 = '\\([a-z]*\\)'/\\1 IN ('\\2','\\3')/\" -e :a"  \
    " -e \"s/\\([a-z]*\\) IN (\\([^)]*\\)) OR \\1 = \\('[a-z]*'\\)/\\1 IN (\\2,\\3)/\" -e ta"

/* The contract's text with our additions; see schema.sql. */
START_TEST(schema_is_the_contracts)
{
    const char *shared = getenv("SHARED"), *top = getenv("top_srcdir");
    CLEANUP_FREE char *ours = NULL, *theirs = NULL, *shell = NULL;

    if (shared == NULL || top == NULL)
        return;
    theirs = mem_printf("%s/contract/schema.sql", shared);
    ours = mem_printf("%s/src/store/sqlite/schema.sql", top);
    if (access(theirs, R_OK) < 0)
        return;
    shell = mem_printf("sed -e 's/ changed INTEGER NOT NULL DEFAULT 0,//'"
                       " -e '/^-- additions to the contract/,$d'" LISTS
                       " '%s' | sed -e '$d' | cmp - '%s'",
                       ours, theirs);
    ck_assert_msg(system(shell) == 0, "%s and %s differ by more than the additions", ours, theirs);
}
END_TEST

UNIT_MAIN("store/open", state_and_its_wal_are_private, create_refuses_what_exists,
          create_leaves_nothing_half_made, each_state_has_its_own_name, missing_state_is_never_made,
          names_what_is_no_state, refuses_another_schema_version, reader_sees_what_a_writer_commits,
          reader_cannot_write, reads_where_nothing_can_be_written, says_when_a_wal_cannot_be_read,
          gives_up_on_a_locked_state, waits_for_a_lock_while_it_is_told_to, abort_leaves_nothing,
          commit_is_all_or_nothing, schema_is_the_contracts)
