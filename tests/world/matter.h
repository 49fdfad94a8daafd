#ifndef TESTS_WORLD_MATTER_H
#define TESTS_WORLD_MATTER_H

#include "oracle.h"

/* What a field of a person's records may be now that all is at rest: see oracle.h. NOW: by system.
 */
void matter_check(struct oracle *o, struct world *w, int person, enum field field,
                  const struct found *now);

#endif
