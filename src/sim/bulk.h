#ifndef SIM_BULK_H
#define SIM_BULK_H

#include "sim/sim.h"

/*
 * POST /COLLECTION/batch/ACTION: many writes in one call, {"items":[...]}, each with a result of
 * its own: {"results":[{"index","id","external_id","status","record" or "error"}]}. Parameters:
 * all=true, nothing is done if one item is refused; omit=N, the Nth result is missing; late=N, the
 * answer names a job, which is done when it is asked for the Nth time by GET /jobs/ID. Each makes
 * the answer.
 */
bool bulk_is(const struct call *call);
void bulk_call(struct sim *s, struct call *call, struct collection *c, struct reply *reply);

bool bulk_is_job(const struct call *call);
void bulk_job(struct sim *s, struct call *call, struct reply *reply);

void bulk_forget(struct sim *s); /* all jobs */

#endif
