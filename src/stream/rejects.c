#include <config.h>

#include "stream/rejects.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

struct rejects {
    int fd; /* -1: only count */
    char *path;
    long count;
};

struct rejects *
rejects_open(const char *path, struct err *err)
{
    struct rejects *r;
    int fd = -1;

    if (path != NULL) {
        fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0) {
            err_errno(err, "%s", path);
            return NULL;
        }
    }
    r = mem_alloc(sizeof *r);
    r->fd = fd;
    r->path = mem_text(path);
    return r;
}

int
rejects_add(struct rejects *r, const char *line, size_t len, struct err *err)
{
    char newline = '\n';
    struct iovec parts[2] = {{(char *)line, len}, {&newline, 1}};
    ssize_t n;

    r->count++;
    if (r->fd < 0)
        return 0;
    do
        n = writev(r->fd, parts, 2);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)len + 1) {
        if (n >= 0)
            errno = ENOSPC;
        return err_errno(err, "%s", r->path);
    }
    return 0;
}

long
rejects_count(const struct rejects *r)
{
    return r->count;
}

void
rejects_close(struct rejects *r)
{
    if (r == NULL)
        return;
    if (r->fd >= 0)
        close(r->fd);
    free(r->path);
    free(r);
}
