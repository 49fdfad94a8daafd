#ifndef TESTS_WORLD_DEPLOY_H
#define TESTS_WORLD_DEPLOY_H

#include "base/buf.h"

#include "plan.h"

/* What a plan is for our programs: the text of loopless.yaml and of the definition of a system. */
void deploy_config(const struct plan *p, const char *const *urls, struct buf *out);
void deploy_definition(const struct plan *p, int system, struct buf *out);

#endif
