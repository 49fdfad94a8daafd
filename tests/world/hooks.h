#ifndef TESTS_WORLD_HOOKS_H
#define TESTS_WORLD_HOOKS_H

#include "state.h"
#include "world.h"

/* Blames what became of no request, or of no event, though it was answered 200. */
void hooks_check(struct world *w);

#endif
