#include <config.h>

#include "ingest/outlet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum { IDLE_MS = 1000 };

static int
broken(struct err *err, int why)
{
    errno = why;
    return err_errno(err, "stdout");
}

/* 1: it takes bytes, 0: not within a second. */
static int
ready(struct outlet *o, struct err *err)
{
    struct pollfd p = {.fd = o->fd, .events = POLLOUT};
    int n = poll(&p, 1, IDLE_MS);

    if (n < 0 && errno != EINTR)
        return broken(err, errno);
    if (n > 0 && (p.revents & POLLNVAL) != 0)
        return broken(err, EBADF);
    return n > 0;
}

int
outlet_flush(struct outlet *o, struct err *err)
{
    size_t at = 0;

    while (at < o->buf.len) {
        size_t left = o->buf.len - at;
        int can = ready(o, err);
        ssize_t n;

        if (can < 0 || o->idle(o->user, err) < 0)
            return -1;
        if (can == 0)
            continue;
        n = write(o->fd, o->buf.data + at, left < PIPE_BUF ? left : PIPE_BUF);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return broken(err, errno);
        at += n > 0 ? (size_t)n : 0;
    }
    buf_clear(&o->buf);
    return 0;
}

int
outlet_wait(struct outlet *o, int fd, int ms, const sigset_t *mask, struct err *err)
{
    struct timespec limit = {ms / 1000, ms % 1000 * 1000000L};
    struct pollfd p[] = {{.fd = o->fd, .events = 0}, {.fd = fd, .events = POLLIN}};

    if (ppoll(p, 2, &limit, mask) <= 0)
        return 0;
    if ((p[0].revents & (POLLERR | POLLHUP)) != 0)
        return broken(err, EPIPE);
    return p[1].revents != 0;
}

int
outlet_nap(struct outlet *o, int ms, struct err *err)
{
    return outlet_wait(o, -1, ms, NULL, err);
}

void
outlet_release(struct outlet *o)
{
    buf_release(&o->buf);
}
