#ifndef TESTS_WORLD_SCRIPT_H
#define TESTS_WORLD_SCRIPT_H

#include "plan.h"

/* Who is there at the start and what will be done: the rest of a plan. TRAITS: for what only some
 * worlds have, so that the others are what they were before there was that. */
void script_make(struct plan *p, struct random *r, struct random *traits);

/* A step as people read it, without its result. */
void script_describe(const struct plan *p, const struct step *s, char *out, unsigned long size);

#endif
