#include <config.h>

#include "ingest/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int
spawn_mlr(pid_t *pid, int in, int out)
{
    static const char *const argv[] = {"mlr", "--icsv", "--ojsonl", "-S", "cat", NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t reset;
    int rc;

    sigemptyset(&reset);
    sigaddset(&reset, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &reset);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    setenv("MLRRC", "__none__", 1); /* a user's ~/.mlrrc must not change what comes out */
    rc = posix_spawnp(pid, argv[0], &files, &attr, (char *const *)argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return rc;
}

int
csv_open(struct csv *c, int in, struct err *err)
{
    int ends[2], rc;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_errno(err, "pipe");
    rc = spawn_mlr(&c->pid, in, ends[1]);
    close(ends[1]);
    c->fd = ends[0];
    if (rc == 0)
        return 0;
    close(ends[0]);
    err_set(err, ERR_RUN, ERR_NEVER, "no-mlr", "CSV needs Miller (mlr): %s", strerror(rc));
    err_hint(err, "apt-get install miller, or give NDJSON");
    return err_exit(err, EXIT_REFUSED);
}

int
csv_close(struct csv *c, struct err *err)
{
    int status;

    close(c->fd);
    while (waitpid(c->pid, &status, 0) < 0)
        if (errno != EINTR)
            return err_errno(err, "mlr");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        err_set(err, ERR_RUN, ERR_NEVER, "no-mlr", "CSV needs Miller (mlr), which did not start");
    else
        err_set(err, ERR_RUN, ERR_NEVER, "bad-csv",
                "mlr could not read all of the CSV (its own message is above)");
    return err_exit(err, EXIT_INPUT);
}
