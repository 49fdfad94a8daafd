#ifndef SIM_API_H
#define SIM_API_H

#include "sim/sim.h"

/* The REST API: what sync-sim(1) says under PATHS, with all quirks. */
void api_answer(struct sim *s, struct call *call, struct reply *reply);

#endif
