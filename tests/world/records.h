#ifndef TESTS_WORLD_RECORDS_H
#define TESTS_WORLD_RECORDS_H

#include "oracle.h"

/*
 * Who must have a record now that all is at rest, and only one.
 *
 * Without deletes: everybody who may get one. What people deleted:
 *
 * - It is not there any more, and is not made again (but with recreate, where it was edited).
 * - Without deletes: propagate, or if we were never told of it, the others keep theirs.
 * - Else, if nobody edited it since the last rest, nobody has it any more. If somebody did, all or
 *   some may be left, and one of those has the edit.
 * - What people restored is there, but for a delete elsewhere.
 */

/* One that is muddled after it is not worth looking at any more. */
void records_check(struct oracle *o, struct world *w, int person, const struct found *now);

/* Who owns each: one where a person made it, for ever. ALL: by person and system. */
void records_creators(struct oracle *o, struct world *w, struct found all[MAX_PEOPLE][MAX_SYSTEMS]);

/* Takes what is there for the next rest; before oracle->base is. */
void records_rest(struct oracle *o, struct world *w, struct found all[MAX_PEOPLE][MAX_SYSTEMS]);

#endif
