#include <config.h>

#include "sim/timeline.h"
#include "base/clock.h"

int64_t
timeline_now(const struct timeline *t)
{
    return t->is_virtual ? t->now : clock_now() + t->offset;
}

int64_t
timeline_stamp(struct timeline *t)
{
    int64_t now = timeline_now(t);

    if (now > t->last)
        t->last = now;
    if (t->is_virtual)
        t->now += t->tick;
    return t->last;
}

void
timeline_advance(struct timeline *t, int64_t ms)
{
    if (t->is_virtual)
        t->now += ms;
    else
        t->offset += ms;
}
