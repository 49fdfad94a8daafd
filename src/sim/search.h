#ifndef SIM_SEARCH_H
#define SIM_SEARCH_H

#include "sim/sim.h"

/*
 * GET /COLLECTION and POST /COLLECTION/search: reads what is asked for, runs the listing and makes
 * the answer {"items","next_cursor","next_url","total"}.
 */
void search_list(struct sim *s, struct call *call, struct collection *c, struct reply *reply);
void search_body(struct sim *s, struct call *call, struct collection *c, struct reply *reply);

#endif
