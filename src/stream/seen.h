#ifndef STREAM_SEEN_H
#define STREAM_SEEN_H

#include <stdbool.h>

#include "stream/decision.h"
#include "stream/event.h"

/*
 * What a run has decided already. Both listings of a pair nominate each of its records once, so a
 * plan of both has two lines a link: the first one is the plan, the other says it again. For
 * programs whose input ends; it grows with the links, some 60 bytes each.
 */
struct seen;

struct seen *seen_new(void);
/*
 * Is this decision of E of a link (one to be made: of a record) that was added before? Adds it if
 * not. Without ends the nominated record stands for it.
 */
bool seen_add(struct seen *s, const struct event *e, const struct decision *d);
void seen_free(struct seen *s); /* NULL is fine */

#endif
