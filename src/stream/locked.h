#ifndef STREAM_LOCKED_H
#define STREAM_LOCKED_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a stage of a pipe does while somebody has the state for longer than usual: it says so, and
 * waits for 10 minutes (then what is out is others' anyway), so that one long lock is not the end
 * of a service. For store_wait_on; USER is a struct locked.
 */
struct locked {
    bool (*stopped)(void); /* NULL: never. True: give up */
    int64_t waited;        /* private */
};

bool locked_go_on(void *user, int64_t waited_ms);

#endif
