#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"

/*
 * URLs as RFC 3986 has them, read by libcurl's own parser, so that what is checked here is what is
 * asked there.
 */

/* REF (absolute or relative) seen from the absolute URL BASE, in the arena; NULL if it is none. */
const char *url_resolve(struct arena *a, const char *base, const char *ref);

/* Same scheme, host and port, and no user or password in URL. */
bool url_same_origin(const char *base, const char *url);

/* Everything but A-Z a-z 0-9 - . _ ~ as %XX. */
void url_escape(struct buf *out, const char *text);

/* The first parameter NAME of QUERY, decoded, in the arena; NULL: there is none, or it holds NUL.
 */
const char *url_query(struct arena *a, const char *query, const char *name);

/* The last part of URL's path, decoded, in the arena; NULL if it is empty or holds NUL. */
const char *url_last_part(struct arena *a, const char *url);

#endif
