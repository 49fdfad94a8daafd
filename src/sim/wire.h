#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <stdbool.h>

#include <jansson.h>

#include "sim/call.h"
#include "sim/quirk.h"
#include "sim/record.h"
#include "sim/reply.h"

/*
 * Records and bodies as they go over the wire, with the quirks wrap, pairs, form-bodies,
 * null-first-update, second-stamps and string-values. Q is NULL where none of them applies (human
 * edits, dumps).
 */

/* A version of R as the API shows it. Owner: the caller. */
json_t *wire_record(const struct quirks *q, const struct record *r, const struct version *v);

/* The same without the quirk wrap, and some members of one: as webhooks show them. */
json_t *wire_whole(const struct quirks *q, const struct record *r, const struct version *v);
json_t *wire_part(const struct quirks *q, json_t *fields /* taken */);

/* A value of the simulator's own, and a time. Owner: the caller. */
json_t *wire_own(const struct quirks *q, json_t *value);
json_t *wire_stamp(const struct quirks *q, int64_t ms);

/*
 * The fields that a write sends, without the members the simulator keeps itself. NULL with the
 * answer (400, 413, 415) made in REPLY if there are none. Owner: the caller.
 */
json_t *wire_fields(const struct quirks *q, const struct call *call, struct reply *reply);

/* A body that is a JSON object, else NULL with the answer made. Owner: the caller. */
json_t *wire_object(const struct call *call, struct reply *reply);

#endif
