#include <config.h>

#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* The programs of a world: started, ended, and judged by how they ended. */

enum { MAX_OVER = 32 };

static const char *const role_names[] = {"emit",      "echofilter", "diff",   "push", "listen",
                                         "reconcile", "sync-sim",   "orphan", "tool"};

static bool
is_in(int status, const int *list)
{
    while (*list >= 0 && *list != status)
        list++;
    return *list >= 0;
}

/* Was a program of its pipe killed, or did sync-push stand still for too long (a machine that is
 * busy, and a hastened clock)? The others find that out. */
static bool
is_bereft(const struct world *w, const struct proc *p)
{
    for (int i = 0; i < w->n_procs; i++)
        if (w->procs[i].group == p->group && p->group > 0 &&
            (w->procs[i].killed || (w->procs[i].role == ROLE_PUSH && w->procs[i].status == 75)))
            return true;
    return false;
}

static void
judge(struct world *w, struct proc *p)
{
    static const int cron[] = {0, 75, -1}, alone[] = {0, 74, 75, 137, 141, -1},
                     bereft[] = {0, 74, 75, 141, 143, -1}, stopped[] = {0, 143, -1}, none[] = {-1};
    const int *allowed = none; /* 143: it had not yet begun to listen to signals */

    if (p->status == STATUS_SIGNAL + SIGKILL && p->killed)
        return;
    if (p->role == ROLE_TOOL)
        return;
    if (p->role == ROLE_CRON)
        allowed = cron;
    else if (p->role == ROLE_ORPHAN)
        allowed = alone;
    else if (is_bereft(w, p))
        allowed = bereft;
    else if (p->stopped)
        allowed = stopped;
    if (w->twins && p->status == 2 &&
        (p->role == ROLE_CRON || p->role == ROLE_PUSH || p->role == ROLE_ORPHAN))
        return;
    if (!is_in(p->status, allowed))
        world_blame(w, "%s (pid %d) ended with %d%s", role_names[p->role], (int)p->pid, p->status,
                    p->stopped ? " after SIGTERM" : "");
}

static struct proc *
add_proc(struct world *w, enum role role, pid_t pid)
{
    struct proc *p;

    if (w->n_procs == MAX_PROCS)
        world_fail("%s: too many processes", w->folder);
    p = &w->procs[w->n_procs++];
    *p = (struct proc){.pid = pid, .role = role, .status = STATUS_RUNNING};
    return p;
}

static struct proc *
find(struct world *w, pid_t pid)
{
    for (int i = 0; i < w->n_procs; i++)
        if (w->procs[i].pid == pid && w->procs[i].status == STATUS_RUNNING)
            return &w->procs[i];
    return add_proc(w, ROLE_ORPHAN, pid);
}

void
world_reap(struct world *w)
{
    struct proc *over[MAX_OVER];
    int status, n = 0;
    pid_t pid;

    while (n < MAX_OVER && (pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct proc *p = find(w, pid);

        p->status = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL + WTERMSIG(status);
        if (p->role == ROLE_SIM && !p->killed)
            world_fail("%s: sync-sim ended with %d", w->folder, p->status);
        over[n++] = p;
    }
    for (int i = 0; i < n; i++)
        judge(w, over[i]);
}

void
world_nap(struct world *w, int ms)
{
    int64_t ns = (int64_t)ms * 1000000 / w->haste;
    struct timespec nap = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

    while (nanosleep(&nap, &nap) < 0 && errno == EINTR)
        ;
    world_reap(w);
}

/* ---- to start ---- */

static int
open_file(const struct world *w, const char *name, int flags)
{
    CLEANUP_FREE char *path = world_path(w, name);
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        world_fail("%s: %s", path, strerror(errno));
    return fd;
}

/* IN and OUT are this end's; both stay the caller's. */
static struct proc *
spawn(struct world *w, enum role role, const char *const *argv, int in, int out)
{
    int log = open_file(w, "log", O_WRONLY | O_APPEND);
    pid_t parent = getpid(), pid = fork();

    if (pid < 0)
        world_fail("fork: %s", strerror(errno));
    if (pid > 0) {
        close(log);
        return add_proc(w, role, pid);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || chdir(w->folder) < 0)
        _exit(99);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execvp(argv[0], (char *const *)argv);
    _exit(99);
}

struct proc *
world_start(struct world *w, enum role role, const char *const *argv, const char *out)
{
    int in = open("/dev/null", O_RDWR | O_CLOEXEC);
    int fd = out != NULL ? open_file(w, out, O_WRONLY | O_APPEND) : in;
    struct proc *p = spawn(w, role, argv, in, fd);

    close(in);
    if (fd != in)
        close(fd);
    return p;
}

int
world_wait(struct world *w, struct proc *p, int ms)
{
    world_reap(w);
    for (int tick = (int)w->haste; ms > 0 && p->status == STATUS_RUNNING; ms -= tick)
        world_nap(w, tick);
    return p->status;
}

void
world_kill(struct world *w, struct proc *p, int sig)
{
    world_reap(w);
    if (p->status != STATUS_RUNNING)
        return;
    p->killed = p->killed || sig == SIGKILL;
    p->stopped = p->stopped || sig == SIGTERM;
    kill(p->pid, sig);
}

int
world_run(struct world *w, const char *const *argv, const char *out)
{
    struct proc *p = world_start(w, ROLE_TOOL, argv, out);
    int status = world_wait(w, p, 1500 * (int)w->haste * 10);

    if (status == STATUS_RUNNING) {
        world_blame(w, "%s %s does not end", argv[0], argv[1] != NULL ? argv[1] : "");
        world_kill(w, p, SIGKILL);
    }
    return status;
}

/* ---- the service ---- */

bool
world_has_pipe(struct world *w)
{
    world_reap(w);
    for (int i = 0; i < 4; i++)
        if (w->stages[i] == NULL || w->stages[i]->status != STATUS_RUNNING)
            return false;
    return true;
}

void
world_start_pipe(struct world *w)
{
    static const char *const argvs[4][4] = {{"sync-ingest", "emit", "--follow", NULL},
                                            {"sync-echofilter", NULL},
                                            {"sync-diff", NULL},
                                            {"sync-push", NULL}};
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC), ends[2];

    if (!w->plan->pipe || world_has_pipe(w)) {
        close(in);
        return;
    }
    world_stop_pipe(w); /* what is left of the last one */
    w->n_groups++;
    for (int i = 0; i < 4; i++) {
        if (i == 3)
            ends[1] = open_file(w, "pipe.ndjson", O_WRONLY | O_APPEND), ends[0] = -1;
        else if (pipe2(ends, O_CLOEXEC) < 0)
            world_fail("pipe: %s", strerror(errno));
        w->stages[i] = spawn(w, (enum role)(ROLE_EMIT + i), argvs[i], in, ends[1]);
        w->stages[i]->group = w->n_groups;
        close(in);
        close(ends[1]);
        in = ends[0];
    }
}

/* Its head is told, the others follow. */
void
world_stop_pipe(struct world *w)
{
    if (w->stages[0] == NULL)
        return;
    world_kill(w, w->stages[0], SIGTERM);
    for (int i = 0; i < 4; i++)
        w->stages[i]->stopped = true;
    for (int i = 0; i < 4; i++)
        if (world_wait(w, w->stages[i], 10000 * (int)w->haste) == STATUS_RUNNING) {
            world_blame(w, "%s does not end with its pipe", role_names[i]);
            world_kill(w, w->stages[i], SIGKILL);
        }
}

void
world_stop_listener(struct world *w)
{
    if (w->listener == NULL)
        return;
    world_kill(w, w->listener, SIGTERM);
    if (world_wait(w, w->listener, 10000 * (int)w->haste) == STATUS_RUNNING) {
        world_blame(w, "the listener does not end");
        world_kill(w, w->listener, SIGKILL);
    }
}
