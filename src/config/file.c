#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/internal.h"

#include "base/mem.h"

static int
check_kind(int fd, const char *path, size_t max, bool private, struct err *err)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return err_errno(err, "%s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-file", "%s: not a regular file", path);
    if ((unsigned long long)st.st_size > max)
        return err_set(err, ERR_RUN, ERR_NEVER, "too-large", "%s: larger than %zu KiB", path,
                       max / 1024);
    if (private && (st.st_mode & S_IRWXO) != 0) {
        err_set(err, ERR_RUN, ERR_NEVER, "open-secret", "%s: others may read or change it", path);
        return err_hint(err, "chmod 600 %s", path);
    }
    return 0;
}

static int
read_all(int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
    char piece[16384];
    ssize_t n;

    while ((n = read(fd, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(err, "%s", path);
        if (out->len + (size_t)n > max)
            return err_set(err, ERR_RUN, ERR_NEVER, "too-large", "%s: larger than %zu KiB", path,
                           max / 1024);
        buf_add(out, piece, (size_t)n);
    }
    return 0;
}

int
file_read(const char *path, size_t max, bool private, struct buf *out, struct err *err)
{
    /* O_NONBLOCK: a FIFO must not hang us before fstat has said what it is. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc;

    if (fd < 0)
        return err_errno(err, "%s", path);
    rc = check_kind(fd, path, max, private, err);
    if (rc == 0)
        rc = read_all(fd, path, max, out, err);
    close(fd);
    return rc;
}

char *
file_join(const char *dir, const char *path)
{
    while (strncmp(path, "./", 2) == 0 && path[2] != '\0')
        path += 2;
    if (path[0] == '/' || dir == NULL || strcmp(dir, ".") == 0)
        return mem_text(path);
    return mem_printf("%s/%s", dir, path);
}

char *
file_dir(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return mem_text(".");
    if (slash == path)
        return mem_text("/");
    return mem_printf("%.*s", (int)(slash - path), path);
}
