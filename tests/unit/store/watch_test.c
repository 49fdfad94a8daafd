#include <config.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "fixture.h"

/* A second process that does what its parent says: it has the state open by a connection. */
struct other {
    pid_t pid;
    int say, hear;
};

static void
admit_one(struct fixture *f, int n)
{
    admit(f, "app", arena_printf(f->a, "c-%d", n), arena_printf(f->a, "e%d", n), NULL);
}

/* The child: commits for each 'c', takes a lock for 'b' and commits it for 'e', ends at the end. */
static _Noreturn void
obey(struct fixture *f, int hear, int say)
{
    char c;
    int n = 0;

    f->s = fixture_again(f);
    while (read(hear, &c, 1) == 1) {
        if (c == 'b')
            ck_assert_int_eq(store_begin(f->s, true, &f->err), 0);
        admit_one(f, ++n);
        if (c == 'e')
            ck_assert_int_eq(store_commit(f->s, &f->err), 0);
        ck_assert_int_eq(write(say, &c, 1), 1);
    }
    store_close(f->s);
    _exit(0);
}

static struct other
start(struct fixture *f)
{
    int to[2], from[2];
    struct other o;

    ck_assert_int_eq(pipe(to), 0);
    ck_assert_int_eq(pipe(from), 0);
    store_close(f->s); /* no connection crosses a fork */
    o.pid = fork();
    if (o.pid == 0) {
        close(to[1]);
        close(from[0]);
        obey(f, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    f->s = fixture_again(f);
    o.say = to[1];
    o.hear = from[0];
    return o;
}

static void
tell(struct other *o, char what)
{
    ck_assert_int_eq(write(o->say, &what, 1), 1);
}

static void
done_with(struct other *o)
{
    char c;

    ck_assert_int_eq(read(o->hear, &c, 1), 1);
}

static void
end(struct other *o)
{
    int status;

    close(o->say);
    close(o->hear);
    ck_assert_int_eq(waitpid(o->pid, &status, 0), o->pid);
    ck_assert_int_eq(status, 0);
}

static int
watch(struct fixture *f)
{
    int fd = store_watch(f->s, &f->err);

    ck_assert_msg(fd >= 0, "%s", f->err.text);
    return fd;
}

static bool
readable(int fd, int ms)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, ms) == 1;
}

static long
rows(struct fixture *f)
{
    struct store_backlog b;

    ck_assert_int_eq(store_backlog(f->s, 0, f->now, &b, &f->err), 0);
    return b.free;
}

/* Sleeps and looks as an emitter does, until there are N rows; how often it was woken. */
static int
wait_for_rows(struct fixture *f, int fd, long n)
{
    int woken = 0;

    for (;;) {
        store_watch_clear(f->s);
        if (rows(f) >= n)
            return woken;
        ck_assert_msg(readable(fd, 10000), "%ld of %ld rows, and nobody rings", rows(f), n);
        woken++;
    }
}

START_TEST(each_commit_of_another_process_wakes)
{
    struct fixture f;
    struct other o;
    int fd;

    fixture_open(&f);
    o = start(&f);
    fd = watch(&f);
    ck_assert_int_eq(store_watch(f.s, &f.err), fd);
    for (int i = 1; i <= 50; i++) {
        tell(&o, 'c');
        wait_for_rows(&f, fd, i);
        done_with(&o);
    }
    end(&o);
    fixture_close(&f);
}
END_TEST

/* What is written before it can be seen must not be all that is heard of it. */
START_TEST(commit_that_comes_long_after_its_write_wakes)
{
    struct fixture f;
    struct other o;
    int fd;

    fixture_open(&f);
    o = start(&f);
    fd = watch(&f);
    tell(&o, 'b');
    done_with(&o);
    store_watch_clear(f.s);
    ck_assert_int_eq(rows(&f), 0);
    while (readable(fd, 1100))
        store_watch_clear(f.s);
    tell(&o, 'e');
    wait_for_rows(&f, fd, 2);
    done_with(&o);
    end(&o);
    fixture_close(&f);
}
END_TEST

START_TEST(commits_of_the_sqlite_shell_wake_too)
{
    struct fixture f;
    int fd;

    fixture_open(&f);
    admit_one(&f, 1);
    sql(&f, "UPDATE sync_inbox SET not_before = '9999-12-31T00:00:00.000Z'");
    fd = watch(&f);
    store_watch_clear(f.s);
    ck_assert_int_eq(rows(&f), 0);
    sql(&f, "UPDATE sync_inbox SET not_before = '2020-01-01T00:00:00.000Z'");
    wait_for_rows(&f, fd, 1);
    fixture_close(&f);
}
END_TEST

START_TEST(nothing_happens_nobody_is_woken)
{
    struct fixture f;
    struct other o;
    char *file;
    int fd, woken = 0;

    fixture_open(&f);
    o = start(&f);
    fd = watch(&f);
    tell(&o, 'c');
    done_with(&o);
    while (readable(fd, 1100)) {
        store_watch_clear(f.s);
        ck_assert_int_lt(++woken, 20);
    }
    ck_assert_int_eq(store_begin(f.s, true, &f.err), 0); /* a transaction without a change */
    ck_assert_int_eq(store_commit(f.s, &f.err), 0);
    ck_assert(!readable(fd, 0));
    file = mem_printf("%s/other", f.dir); /* another file in the folder: once, if at all */
    fclose(fopen(file, "w"));
    free(file);
    store_watch_clear(f.s);
    ck_assert(!readable(fd, 50));
    end(&o);
    fixture_close(&f);
}
END_TEST

START_TEST(new_wal_is_noticed)
{
    struct fixture f;
    int fd;

    fixture_open(&f);
    fd = watch(&f);
    /* as after the last connection has closed: this store's own has read nothing since */
    ck_assert_int_eq(rename(arena_printf(f.a, "%s-wal", f.path), arena_printf(f.a, "%s/x", f.dir)),
                     0);
    store_watch_clear(f.s);
    fclose(fopen(arena_printf(f.a, "%s-wal", f.path), "w"));
    ck_assert(readable(fd, 5000));
    store_watch_clear(f.s);
    while (readable(fd, 1100))
        store_watch_clear(f.s);
    fclose(fopen(arena_printf(f.a, "%s-wal", f.path), "a"));
    ck_assert(!readable(fd, 0));
    {
        FILE *wal = fopen(arena_printf(f.a, "%s-wal", f.path), "a");

        fputc('x', wal);
        fclose(wal);
    }
    ck_assert(readable(fd, 5000));
    store_close(f.s);
    f.s = NULL;
    fixture_close(&f);
}
END_TEST

START_TEST(own_commits_are_no_change)
{
    struct fixture f;
    struct other o;

    fixture_open(&f);
    o = start(&f);
    ck_assert_int_eq(store_changed(f.s, &f.err), 1);
    ck_assert_int_eq(store_changed(f.s, &f.err), 0);
    admit_one(&f, 99);
    ck_assert_int_eq(store_changed(f.s, &f.err), 0);
    tell(&o, 'c');
    done_with(&o);
    ck_assert_int_eq(store_changed(f.s, &f.err), 1);
    ck_assert_int_eq(store_changed(f.s, &f.err), 0);
    end(&o);
    fixture_close(&f);
}
END_TEST

START_TEST(says_what_to_do_when_there_is_no_inotify_left)
{
    struct fixture f;
    struct rlimit few = {0}, before;
    int fd;

    fixture_open(&f);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    fd = dup(0);
    close(fd);
    few.rlim_cur = (rlim_t)fd + 2; /* room for epoll and the timer, not for inotify */
    few.rlim_max = before.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    ck_assert_int_eq(store_watch(f.s, &f.err), -1);
    ck_assert_str_eq(f.err.code, "watch");
    ck_assert_int_eq(f.err.status, EXIT_LATER);
    ck_assert_ptr_nonnull(strstr(f.err.hint, "fs.inotify.max_user_instances"));
    store_watch_clear(f.s); /* harmless */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    ck_assert_int_ge(store_watch(f.s, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(file_put_in_its_place_is_noticed)
{
    struct fixture f;
    const char *other;

    fixture_open(&f);
    ck_assert_int_eq(store_check_file(f.s, &f.err), 0);
    other = arena_printf(f.a, "%s/other.db", f.dir);
    ck_assert_int_eq(store_create(other, &f.err), 0);
    ck_assert_int_eq(rename(other, f.path), 0);
    ck_assert_int_eq(store_check_file(f.s, &f.err), -1);
    ck_assert_int_eq(f.err.status, EXIT_CONFIG);
    ck_assert_ptr_nonnull(strstr(f.err.text, "was replaced"));
    unlink(f.path);
    ck_assert_int_eq(store_check_file(f.s, &f.err), -1);
    ck_assert_ptr_nonnull(strstr(f.err.text, "was removed"));
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/watch", each_commit_of_another_process_wakes,
          commit_that_comes_long_after_its_write_wakes, commits_of_the_sqlite_shell_wake_too,
          nothing_happens_nobody_is_woken, new_wal_is_noticed, own_commits_are_no_change,
          says_what_to_do_when_there_is_no_inotify_left, file_put_in_its_place_is_noticed)
