#include <config.h>

#include "ctl/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_EDITED = 1 << 20 };

/* $VISUAL wants a screen; $EDITOR may be a program that needs none. */
static const char *
editor(struct err *err)
{
    const char *visual = getenv("VISUAL"), *plain = getenv("EDITOR");
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

    if (terminal && visual != NULL && visual[0] != '\0')
        return visual;
    if (plain != NULL && plain[0] != '\0')
        return plain;
    if (visual != NULL && visual[0] != '\0')
        ctl_no(err, "no-editor", "there is no terminal for $VISUAL, and EDITOR is not set");
    else
        ctl_no(err, "no-editor", "there is no editor: VISUAL and EDITOR are not set");
    err_hint(err, "without one: sync-ctl conflicts resolve N value JSON-OR-TEXT");
    return NULL;
}

static int
write_file(const char *text, char *path, struct err *err)
{
    size_t len = strlen(text), done = 0;
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        return err_errno(err, "%s", path);
    while (done < len) {
        ssize_t n = write(fd, text + done, len - done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            close(fd);
            return err_errno(err, "%s", path);
        }
        done += (size_t)n;
    }
    return close(fd) == 0 ? 0 : err_errno(err, "%s", path);
}

/* As system(3): what is typed at the terminal is the editor's, not ours. */
static int
run_editor(struct arena *a, const char *command, const char *path, struct err *err)
{
    const char *script = arena_printf(a, "%s \"$@\"", command);
    struct sigaction ignore = {.sa_handler = SIG_IGN}, keep_int, keep_quit;
    int status = -1;
    pid_t pid;

    sigaction(SIGINT, &ignore, &keep_int);
    sigaction(SIGQUIT, &ignore, &keep_quit);
    pid = fork();
    if (pid == 0) {
        sigaction(SIGINT, &keep_int, NULL);
        sigaction(SIGQUIT, &keep_quit, NULL);
        execl("/bin/sh", "sh", "-c", script, command, path, (char *)NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    sigaction(SIGINT, &keep_int, NULL);
    sigaction(SIGQUIT, &keep_quit, NULL);
    if (pid < 0)
        return err_errno(err, "%s", command);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    ctl_no(err, "editor", "%s failed; nothing was changed", command);
    return EXIT_NO;
}

/* An editor that keeps letters otherwise than we do must not make a value of them. */
static int
check_line(const char *line, size_t len, int number, struct err *err)
{
    char what[60];

    snprintf(what, sizeof what, "line %d of what was edited", number);
    if (strlen(line) == len)
        return ctl_check_text(what, line, err);
    ctl_bad_usage(err, "%s: byte %zu is no text (U+0000)", what, strlen(line) + 1);
    err_hint(err, "nothing was changed; does the editor save UTF-8?");
    return EXIT_USAGE;
}

/* The first line that says something. A mark of the byte order before it is none of it. */
static int
read_lines(struct arena *a, FILE *file, const char **out, struct err *err)
{
    char *line = NULL;
    size_t cap = 0;
    int number, rc = 0;
    ssize_t n;

    for (number = 1; *out == NULL && rc == 0; number++) {
        const char *text;

        n = getline(&line, &cap, file);
        if (n < 0 || n >= MAX_EDITED)
            break;
        while (n > 0 && line[n - 1] != '\0' && strchr(" \t\r\n", line[n - 1]) != NULL)
            line[--n] = '\0';
        text = number == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line;
        if (line + n == text || text[0] == '#')
            continue;
        rc = check_line(text, (size_t)(line + n - text), number, err);
        *out = rc == 0 ? arena_text(a, text) : NULL;
    }
    free(line);
    return rc;
}

static int
read_file(struct arena *a, const char *path, const char **out, struct err *err)
{
    FILE *file = fopen(path, "re");
    int rc;

    *out = NULL;
    if (file == NULL)
        return err_errno(err, "%s", path);
    rc = read_lines(a, file, out, err);
    fclose(file);
    return rc;
}

int
ctl_edit(struct arena *a, const char *text, const char **out, struct err *err)
{
    const char *dir = getenv("TMPDIR"), *command = editor(err);
    char *path;
    int r;

    if (command == NULL)
        return EXIT_NO;
    path = arena_printf(a, "%s/loopless-XXXXXX", dir != NULL && dir[0] != '\0' ? dir : "/tmp");
    r = write_file(text, path, err);
    if (r == 0)
        r = run_editor(a, command, path, err);
    if (r == 0)
        r = read_file(a, path, out, err);
    unlink(path);
    return r;
}
