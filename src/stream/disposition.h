#ifndef STREAM_DISPOSITION_H
#define STREAM_DISPOSITION_H

#include <stdbool.h>

/*
 * How an event ended, in the order of DESIGN.md section 6 (worst first): the worst of an event's
 * fields and writes is its disposition.
 */

/*
 * The worse of two; NULL is best, two words that are none of ours give the first. A known word
 * comes back as static text, whoever owned what was given. "lost" (an intent without an answer) is
 * no disposition but worse than all: such an event is decided anew.
 */
const char *disposition_worse(const char *x, const char *y);

/* Is WORD one that an event may end with ("lost" is not)? */
bool disposition_is_known(const char *word);

#endif
