#ifndef TESTS_WORLD_REST_H
#define TESTS_WORLD_REST_H

#include "oracle.h"
#include "world.h"

/*
 * All comes to rest: troubles are over, webhooks delivered or dropped, cron jobs done, and
 * sync-reconcile runs until there is nothing left to do. Then everything is looked at. Returns the
 * writes since the last rest. What is wrong is blamed.
 */
int rest(struct world *w, struct oracle *o, const struct step *s);

/* All quirks of failures off. */
void rest_calm(struct world *w);

#endif
