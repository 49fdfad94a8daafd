#ifndef SIM_GUARD_H
#define SIM_GUARD_H

#include "sim/sim.h"

/*
 * Writes that must not go over a newer version: If-Match with the ETag and If-Unmodified-Since, by
 * whole seconds, say 412; if_rev with the rev, and safe_update (true) with updated_stamp, in the
 * body, say 409. Each is false if the write must not be, with the answer made; those of the body
 * are taken out of FIELDS.
 */
bool guard_headers(const struct call *call, const struct record *r, struct reply *reply);
bool guard_body(const struct quirks *q, const struct record *r, json_t *fields,
                struct reply *reply);
/* The same of a delete, which may have a body. */
bool guard_delete(const struct quirks *q, const struct call *call, const struct record *r,
                  struct reply *reply);

#endif
