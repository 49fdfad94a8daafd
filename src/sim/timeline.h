#ifndef SIM_TIMELINE_H
#define SIM_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The simulator's clock: the real one, moved by what was added to it, or a virtual one that stands
 * still but for a tick after each write. Times are ms since 1970 UTC.
 */
struct timeline {
    bool is_virtual;
    int64_t now;    /* virtual */
    int64_t tick;   /* virtual: ms a write takes */
    int64_t offset; /* real: ms added by timeline_advance */
    int64_t last;   /* the last stamp: stamps never go back */
};

int64_t timeline_now(const struct timeline *t);

/* The time of a write; a virtual clock moves on after it. */
int64_t timeline_stamp(struct timeline *t);

void timeline_advance(struct timeline *t, int64_t ms);

#endif
