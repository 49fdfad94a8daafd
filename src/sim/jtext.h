#ifndef SIM_JTEXT_H
#define SIM_JTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/buf.h"

/*
 * JSON as text. Compact; members in the order they were set; a real number as the shortest text
 * that reads back the same (0.1 stays 0.1), which is why json_dumps is not used.
 */

void jtext_add(struct buf *out, const json_t *value);

/* The text a value is filtered and matched by: a string itself, anything else as JSON. */
void jtext_plain(struct buf *out, const json_t *value);

/* Read one JSON value of LEN bytes; NULL and WHY (a size of 160) filled when it is none. */
json_t *jtext_parse(const char *bytes, size_t len, char why[160]);

/* The fields whose names the simulator keeps for itself: id, created_at, updated_at, rev. */
bool jtext_reserved(const char *name);

#endif
