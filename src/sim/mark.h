#ifndef SIM_MARK_H
#define SIM_MARK_H

#include "sim/sim.h"

/*
 * A place to go back to: what a state file holds (snapshot.h), and the quirks, the counters and the
 * clock as well; webhooks that are queued are dropped both times. There is one; setting it again
 * moves it. What a lag still hides is lost. Tests that run the same thing many times are much
 * faster with it than with a new process each time.
 */
void mark_set(struct sim *s);

/* Back to the mark; -1 if there is none. The log stays. */
int mark_restore(struct sim *s);

void mark_release(struct sim *s);

#endif
