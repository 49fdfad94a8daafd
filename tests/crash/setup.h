#ifndef TESTS_CRASH_SETUP_H
#define TESTS_CRASH_SETUP_H

#include "names.h"
#include "scenario.h"
#include "world.h"

/* What was before the runs: the steps of a scenario, one after the other. */
struct setup {
    const struct scenario *scenario; /* borrowed, as world */
    struct world *world;
};

/* Does step I. 0, or what a command ended with instead of what it must. */
int setup_step(struct setup *u, size_t i);

#endif
