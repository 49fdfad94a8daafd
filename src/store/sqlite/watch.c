#include <config.h>

#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/mem.h"

/*
 * Being woken by commits. Every commit is written to the -wal, but what inotify tells of that write
 * comes before the commit can be seen (with fsync, milliseconds before). So whoever commits here
 * rings: it touches the -wal's times when the commit is there to be seen. After a write that nobody
 * rang for (the sqlite3 shell; a process killed in between) a timer makes the descriptor readable
 * again after 4, 8, .. 512 ms.
 */
enum { AGAIN_MIN_MS = 4, AGAIN_MAX_MS = 512 };

struct store_watch {
    int poll;  /* epoll of the two: what the caller gets */
    int files; /* inotify */
    int timer;
    int wal;      /* watch of the -wal, -1: there is none now */
    int again_ms; /* of the timer, 0: it is not set */
};

void
watch_ring(struct store *s)
{
    utimensat(AT_FDCWD, s->wal, NULL, 0);
}

void
watch_close(struct store *s)
{
    struct store_watch *w = s->watch;

    if (w == NULL)
        return;
    if (w->timer >= 0)
        close(w->timer);
    if (w->files >= 0)
        close(w->files);
    if (w->poll >= 0)
        close(w->poll);
    free(w);
    s->watch = NULL;
}

static int
cannot_watch(struct store *s, struct err *err)
{
    int why = errno;

    err_set(err, ERR_RUN, ERR_LATER, "watch", "%s cannot be watched: %s", s->path, strerror(why));
    if (why == EMFILE)
        return err_hint(err, "raise fs.inotify.max_user_instances or the limit of open files");
    if (why == ENOSPC)
        return err_hint(err, "raise fs.inotify.max_user_watches");
    return -1;
}

/* A -wal that is made anew is another file. */
static void
watch_wal(struct store *s)
{
    s->watch->wal = inotify_add_watch(s->watch->files, s->wal,
                                      IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
}

static int
watch_files(struct store *s)
{
    CLEANUP_FREE char *dir = mem_text(s->path);
    char *slash = strrchr(dir, '/');

    if (slash != NULL)
        slash[slash == dir] = '\0';
    s->watch->files = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (s->watch->files < 0 ||
        inotify_add_watch(s->watch->files, slash != NULL ? dir : ".",
                          IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE) < 0)
        return -1;
    watch_wal(s);
    return s->watch->wal < 0 && errno != ENOENT ? -1 : 0;
}

static int
add_source(struct store_watch *w, int fd)
{
    struct epoll_event e = {.events = EPOLLIN};

    return epoll_ctl(w->poll, EPOLL_CTL_ADD, fd, &e);
}

int
store_watch(struct store *s, struct err *err)
{
    struct store_watch *w = s->watch;

    if (w != NULL)
        return w->poll;
    s->watch = w = mem_alloc(sizeof *w);
    w->files = w->timer = -1;
    w->poll = epoll_create1(EPOLL_CLOEXEC);
    if (w->poll >= 0)
        w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (w->poll >= 0 && w->timer >= 0 && watch_files(s) == 0 && add_source(w, w->files) == 0 &&
        add_source(w, w->timer) == 0)
        return w->poll;
    cannot_watch(s, err);
    watch_close(s);
    return -1;
}

/* 0 stops it. */
static void
set_timer(struct store_watch *w, int ms)
{
    struct itimerspec t = {.it_value = {ms / 1000, ms % 1000 * 1000000L}};

    w->again_ms = ms;
    timerfd_settime(w->timer, 0, &t, NULL);
}

/* What happened to the files; true if the -wal was written, or is another one. */
static bool
read_files(struct store *s)
{
    char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool written = false, other = false;
    int wal = s->watch->wal;
    ssize_t n;

    while ((n = read(s->watch->files, bytes, sizeof bytes)) > 0)
        for (char *at = bytes; at < bytes + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(const void *)at;

            written = written || (e->mask & (IN_MODIFY | IN_Q_OVERFLOW)) != 0;
            other = other || e->wd != wal || (e->mask & (IN_IGNORED | IN_MOVE_SELF)) != 0;
            at += sizeof *e + e->len;
        }
    if (other)
        watch_wal(s);
    return written || s->watch->wal != wal;
}

void
store_watch_clear(struct store *s)
{
    struct store_watch *w = s->watch;
    uint64_t times;

    if (w == NULL)
        return;
    if (read_files(s))
        set_timer(w, AGAIN_MIN_MS);
    else if (read(w->timer, &times, sizeof times) == sizeof times)
        set_timer(w, w->again_ms < AGAIN_MAX_MS ? 2 * w->again_ms : 0);
}

int
store_changed(struct store *s, struct err *err)
{
    int64_t before = s->version;

    if (db_int(s, err, &s->version, "PRAGMA data_version", "") < 0)
        return -1;
    return s->version != before;
}

int
store_check_file(struct store *s, struct err *err)
{
    struct stat st;

    if (stat(s->path, &st) == 0 && (int64_t)st.st_dev == s->dev && (int64_t)st.st_ino == s->ino)
        return 0;
    err_set(err, ERR_RUN, ERR_NEVER, "state", "%s was %s while it was open", s->path,
            access(s->path, F_OK) == 0 ? "replaced" : "removed");
    return err_hint(err, "stop all programs before you move a state, then start them again");
}
