#ifndef TESTS_CRASH_HOOK_H
#define TESTS_CRASH_HOOK_H

#include "world.h"

/*
 * An event as a webhook would have left it in the inbox, received now: TYPE, of a record; INTO is
 * what it was merged into, else NULL. Skinny, as it says nothing of the fields.
 */
void hook_admit(struct world *w, int system, const char *collection, const char *type,
                const char *id, const char *into);

#endif
