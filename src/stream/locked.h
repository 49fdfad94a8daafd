#ifndef STREAM_LOCKED_H
#define STREAM_LOCKED_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/event.h"

/*
 * What a stage of an endless pipe does while somebody has the state for longer than usual: it says
 * so, and waits for 10 minutes (then what is out is others' anyway), so that one long lock is not
 * the end of a service. Everybody else ends with "locked" (75), as ever. For store_wait_on; USER is
 * a struct locked.
 */
struct locked {
    int fd;                /* where the stream comes from: endless is a pipe that somebody writes */
    bool (*stopped)(void); /* NULL: never. True: give up */
    bool bounded;          /* private, as waited */
    int64_t waited;
};

/* A line came in: those of an endless stream are admitted and belong to no run. */
void locked_see(struct locked *l, const struct event *e);

bool locked_go_on(void *user, int64_t waited_ms);

#endif
