#ifndef TESTS_WORLD_STATE_H
#define TESTS_WORLD_STATE_H

#include "base/buf.h"

#include "oracle.h"
#include "world.h"

/* The state of our programs, as a world looks at it. */

/* Rows of QUERY as lines. */
void state_ask(struct world *w, const char *query, struct buf *out);
long state_count(struct world *w, const char *query);

/* Is there nothing left that would be done by itself? */
bool state_is_at_rest(struct world *w, const struct oracle *o);
/* How long until the next of that is due; hastened time. */
int state_due_ms(struct world *w);
/* Blames what is left over. */
void state_check(struct world *w, const struct oracle *o);

#endif
