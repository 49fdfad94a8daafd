#include <config.h>

#include "diff/row.h"
#include "base/clock.h"

#include <string.h>

bool
row_stands(const struct event *e, const struct row_context *c)
{
    int64_t received;

    if (e->fields == NULL || e->partial || e->n_folded > 0)
        return false;
    if (c->no_calls)
        return true;
    if (e->maybe_echo)
        return false;
    if (e->path == NULL || strcmp(e->path, "delta") != 0 || e->received_at == NULL ||
        clock_parse(e->received_at, &received, NULL) != 0)
        return e->seq == 0 && !c->linked;
    return received > c->decided_at + (c->linked ? c->lag_ms : 0);
}
