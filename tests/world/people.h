#ifndef TESTS_WORLD_PEOPLE_H
#define TESTS_WORLD_PEOPLE_H

#include "oracle.h"
#include "world.h"

/* Who is there from the start is made. */
void people_begin(struct world *w, struct oracle *o);
/* A step of people. */
void people_act(struct world *w, struct oracle *o, const struct step *s);

#endif
