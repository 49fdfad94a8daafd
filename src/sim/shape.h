#ifndef SIM_SHAPE_H
#define SIM_SHAPE_H

#include <jansson.h>

#include "sim/quirk.h"

/*
 * What a server stores of what it was sent: trim, lower, digits, truncate, empty-null, bool-int,
 * string-values, in this order. FIELDS is left alone; the result is the caller's.
 */
json_t *shape_fields(const struct quirks *q, json_t *fields);

/* The first member of FIELDS that the quirk reject refuses, NULL if none. Borrowed. */
const char *shape_rejected(const struct quirks *q, json_t *fields);

#endif
