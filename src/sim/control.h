#ifndef SIM_CONTROL_H
#define SIM_CONTROL_H

#include "sim/sim.h"

/*
 * The paths beside the API: /_sim/... for whoever runs the test, /_human/... for edits as a person
 * in the web interface would make them. Neither needs the token, counts as a call or suffers the
 * quirks of the wire; what humans write is stored as the quirks of storage say, and logged.
 */
void control_answer(struct sim *s, struct call *call, struct reply *reply);
/* The answer to POST /_sim/drain. */
void control_drained(struct sim *s, struct reply *reply);

void control_human(struct sim *s, struct call *call, struct reply *reply);

#endif
