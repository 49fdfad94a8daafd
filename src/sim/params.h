#ifndef SIM_PARAMS_H
#define SIM_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * A query string or a form body taken apart: names and values, percent-decoded, in their order.
 * All zeroes is an empty list.
 */
struct param {
    char *name;  /* owned */
    char *value; /* owned; "" without = */
};

struct params {
    struct param *items; /* owned */
    size_t n;
};

/* Read "a=1&b=2" of LEN bytes. -1 if an escape is broken or gives a NUL. */
int params_parse(struct params *p, const char *text, size_t len);

const char *params_get(const struct params *p, const char *name); /* the first; NULL if absent */

/* One path segment or value, decoded; NULL if broken. Owner: the caller. */
char *params_decode(const char *text, size_t len, bool plus_is_space);

/* TEXT with everything but unreserved characters escaped (RFC 3986 2.3). */
void params_encode(struct buf *out, const char *text);

void params_release(struct params *p);

#endif
