#include <config.h>

#include "stream/locked.h"

#include <poll.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/log.h"

enum { PATIENCE_MS = 600000 };

void
locked_see(struct locked *l, const struct event *e)
{
    l->bounded = e->seq == 0 || e->run != NULL;
}

static bool
is_endless(const struct locked *l)
{
    struct pollfd in = {.fd = l->fd, .events = POLLIN};
    struct stat st;

    return !l->bounded && fstat(l->fd, &st) == 0 &&
           (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) && poll(&in, 1, 0) >= 0 &&
           (in.revents & (POLLHUP | POLLERR)) == 0;
}

bool
locked_go_on(void *user, int64_t waited_ms)
{
    struct locked *l = user;
    bool first = waited_ms <= l->waited || l->waited == 0;

    l->waited = waited_ms;
    if (!is_endless(l) || (l->stopped != NULL && l->stopped()))
        return false;
    if (first)
        log_warn("the state is locked by another process; what is out waits until it is free");
    return waited_ms < PATIENCE_MS;
}
