#ifndef SIM_GATE_H
#define SIM_GATE_H

#include "sim/sim.h"

/*
 * What stands before and after the work of an API call: the token, limits, and failures that the
 * quirks ask for.
 */

/* true: the call goes on. false: REPLY has the answer (or says to drop), nothing was done. */
bool gate_enter(struct sim *s, struct call *call, struct reply *reply);

/* Spoil the answer of a write that was applied, and hold answers back. */
void gate_leave(struct sim *s, const struct call *call, struct reply *reply);

/* Whether the call is a create, update or delete. */
bool gate_is_write(const struct call *call);

#endif
