#ifndef TESTS_WORLD_PLAY_H
#define TESTS_WORLD_PLAY_H

#include "oracle.h"
#include "world.h"

struct tally {
    int steps, deeds, writes, kills, rests, muddled;
};

/* Does what the plan says until something is wrong. 0 or -1: world->why says what. */
int play(struct world *w, struct oracle *o, struct tally *t);

#endif
