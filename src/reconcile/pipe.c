#include <config.h>

#include "reconcile/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STAGES = 4, EMIT = 0, PUSH = 3, MAX_ARGS = 16, CRASHED = 100 };

struct stage {
    const char *name;
    const char *argv[MAX_ARGS];
    int argc;
    pid_t pid; /* 0: not started, or over */
    int wait_status;
};

struct pipeline {
    struct session *session;
    struct stage stages[STAGES];
    sigset_t blocked, before;
};

static void
add_arg(struct stage *st, const char *arg)
{
    if (st->argc == MAX_ARGS - 1)
        BUG("too many arguments for %s", st->name);
    st->argv[st->argc++] = arg;
}

/* The folder of our own program first: a build that is not installed uses its own stages. */
static const char *
find_program(struct arena *a, const char *name)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *path;
    char *slash;

    if (n <= 0)
        return name;
    self[n] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return name;
    path = arena_printf(a, "%.*s/%s", (int)(slash - self), self, name);
    return access(path, X_OK) == 0 ? path : name;
}

static void
fill(struct pipeline *p, const char *run, int64_t until)
{
    static const char *const names[STAGES] = {"sync-ingest", "sync-echofilter", "sync-diff",
                                              "sync-push"};
    const struct reconcile_options *o = p->session->o;
    struct arena *a = p->session->arena;

    for (int i = 0; i < STAGES; i++) {
        struct stage *st = &p->stages[i];

        st->name = names[i];
        add_arg(st, find_program(a, names[i]));
        if (i == EMIT) {
            add_arg(st, "emit");
            add_arg(st, arena_printf(a, "--run=%s", run));
            add_arg(st, arena_printf(a, "--until=%lld", (long long)until));
        }
        if (i == PUSH && o->yes)
            add_arg(st, "--yes");
        add_arg(st, arena_printf(a, "--config=%s", o->config_path));
        if (o->quiet)
            add_arg(st, "--quiet");
        if (o->verbose)
            add_arg(st, "--verbose");
        if (o->log_format != NULL)
            add_arg(st, arena_printf(a, "--log-format=%s", o->log_format));
        if (o->rejects != NULL)
            add_arg(st, arena_printf(a, "--rejects=%s", o->rejects));
    }
}

/* Starts one stage with IN and OUT (-1: /dev/null, our stdout). 0 or errno. */
static int
start_stage(struct pipeline *p, struct stage *st, int in, int out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t reset;
    int rc;

    sigemptyset(&reset);
    sigaddset(&reset, SIGPIPE);
    sigaddset(&reset, SIGTERM);
    sigaddset(&reset, SIGINT);
    posix_spawn_file_actions_init(&files);
    if (in < 0)
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    else
        posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    if (out >= 0)
        posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &reset);
    posix_spawnattr_setsigmask(&attr, &p->before);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    rc = posix_spawnp(&st->pid, st->argv[0], &files, &attr, (char *const *)st->argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    if (rc != 0)
        st->pid = 0;
    return rc;
}

static void
close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* All stages, the last first, so that nothing is emitted before somebody reads it. */
static int
start_all(struct pipeline *p, struct err *err)
{
    int out = -1, rc = 0;

    for (int i = STAGES - 1; i >= 0 && rc == 0; i--) {
        int ends[2] = {-1, -1};

        if (i > 0 && pipe2(ends, O_CLOEXEC) < 0) {
            close_fd(&out);
            return err_errno(err, "pipe");
        }
        rc = start_stage(p, &p->stages[i], ends[0], out);
        close_fd(&ends[0]);
        close_fd(&out);
        out = ends[1];
        if (rc != 0)
            err_set(err, ERR_RUN, rc == ENOENT ? ERR_NEVER : ERR_LATER, "no-program",
                    "%s cannot be started: %s", p->stages[i].name, strerror(rc));
    }
    close_fd(&out);
    return rc == 0 ? 0 : err_exit(err, EXIT_REFUSED);
}

/* Collects stages that are over; the number of those still running. */
static int
reap(struct pipeline *p)
{
    int running = 0;

    for (int i = 0; i < STAGES; i++) {
        struct stage *st = &p->stages[i];

        if (st->pid == 0)
            continue;
        if (waitpid(st->pid, &st->wait_status, WNOHANG) != st->pid) {
            running++;
            continue;
        }
        log_verbose("%s (pid %ld) is over: %s %d", st->name, (long)st->pid,
                    WIFSIGNALED(st->wait_status) ? "signal" : "status",
                    WIFSIGNALED(st->wait_status) ? WTERMSIG(st->wait_status)
                                                 : WEXITSTATUS(st->wait_status));
        st->pid = 0;
    }
    return running;
}

/* SIGTERM stops the emitter only: what is out is settled by the stages behind it. */
static int
wait_all(struct pipeline *p, struct err *err)
{
    const struct timespec second = {.tv_sec = 1};
    int rc = 0;

    while (reap(p) > 0) {
        int sig = sigtimedwait(&p->blocked, NULL, &second);

        if ((sig == SIGTERM || sig == SIGINT) && p->stages[EMIT].pid != 0)
            kill(p->stages[EMIT].pid, SIGTERM);
        if (rc == 0)
            rc = session_renew(p->session, err);
    }
    return rc;
}

/* Did the stage end because the one behind it did? */
static bool
is_consequence(const struct stage *st)
{
    int how = st->wait_status;

    return (WIFSIGNALED(how) && WTERMSIG(how) == SIGPIPE) ||
           (WIFEXITED(how) && WEXITSTATUS(how) == EXIT_IO);
}

static bool
has_crashed(const struct stage *st)
{
    int code;

    if (WIFSIGNALED(st->wait_status)) {
        log_error("%s was ended by signal %d (%s); nothing is lost, run again", st->name,
                  WTERMSIG(st->wait_status), strsignal(WTERMSIG(st->wait_status)));
        return true;
    }
    code = WEXITSTATUS(st->wait_status);
    if (code != EXIT_BUG && code != CRASHED)
        return false;
    log_error("%s ended with status %d; nothing is lost, run again", st->name, code);
    return true;
}

/* From the last stage to the first: a stage that broke off takes those before it along. */
static int
result(struct pipeline *p)
{
    int status = EXIT_OK;
    bool broken = false;

    for (int i = STAGES - 1; i >= 0; i--) {
        struct stage *st = &p->stages[i];

        if (broken && is_consequence(st))
            continue;
        if (has_crashed(st)) {
            broken = true;
            status = status_worse(status, EXIT_LATER);
        } else if (WEXITSTATUS(st->wait_status) != EXIT_OK) {
            broken = true;
            status = status_worse(status, WEXITSTATUS(st->wait_status));
        }
    }
    return status;
}

int
pipe_run(struct session *s, const char *run, int64_t until, struct err *err)
{
    struct pipeline p = {.session = s};
    struct err late = ERR_INIT;
    int rc;

    fill(&p, run, until);
    sigemptyset(&p.blocked);
    sigaddset(&p.blocked, SIGCHLD);
    sigaddset(&p.blocked, SIGTERM);
    sigaddset(&p.blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &p.blocked, &p.before);
    rc = start_all(&p, err);
    crash_point("reconcile.pipe-started");
    if (wait_all(&p, &late) < 0 && rc == 0) {
        *err = late;
        rc = -1;
    }
    sigprocmask(SIG_SETMASK, &p.before, NULL);
    crash_point("reconcile.pipe-ended");
    return rc < 0 ? -1 : result(&p);
}

static int
open_intents(struct session *s, struct err *err)
{
    struct store_count *counts;
    int n = store_counts(s->store, s->arena, clock_now(), &counts, err);

    for (int i = 0; i < n; i++)
        if (strcmp(counts[i].name, "open intents") == 0)
            return counts[i].n > 0;
    return n < 0 ? -1 : 0;
}

int
pipe_needed(struct session *s, struct err *err)
{
    struct store_backlog b = {0};

    if (store_take_back(s->store, clock_now(), err) < 0 ||
        store_nominate_owed(s->store, clock_now(), err) < 0 ||
        store_backlog(s->store, 0, clock_now(), &b, err) < 0)
        return -1;
    if (b.free > 0 || b.out > 0)
        return 1;
    return open_intents(s, err);
}
