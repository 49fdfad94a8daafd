#include <config.h>

#include "stream/locked.h"

#include <stddef.h>

#include "base/log.h"

enum { PATIENCE_MS = 600000 };

bool
locked_go_on(void *user, int64_t waited_ms)
{
    struct locked *l = user;
    bool first = waited_ms <= l->waited || l->waited == 0;

    l->waited = waited_ms;
    if (l->stopped != NULL && l->stopped())
        return false;
    if (first)
        log_warn("the state is locked by another process; what is out waits until it is free");
    return waited_ms < PATIENCE_MS;
}
