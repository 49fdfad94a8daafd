#ifndef HTTP_LINK_H
#define HTTP_LINK_H

#include "base/arena.h"

/*
 * The target of the first link with relation REL in the value of a Link header (RFC 8288 section 3:
 * `<URL>; rel="next", <URL>; rel=last`), as it stands there: it may be relative. Relations are
 * compared without case; of a link's several rel the first counts. NULL: there is none, or what
 * stands before it is no list of links.
 */
const char *link_target(struct arena *a, const char *value, const char *rel);

#endif
