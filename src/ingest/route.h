#ifndef INGEST_ROUTE_H
#define INGEST_ROUTE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "ingest/tenant.h"

/*
 * Which systems a path belongs to. Several may share one, in one config or in several: then what
 * their secrets verify and whose account the request speaks of decides.
 */
struct candidate {
    struct tenant *tenant;
    const struct conf_system *system;
    size_t twin; /* the first of the route with the same definition, secrets and URL: what it says
                    of a request this one says, too */
    atomic_long received, known, refused, unknown; /* requests, for the metrics */
};

struct route {
    const char *path;
    struct candidate *candidates; /* owned */
    size_t n;
    char *allow; /* owned: "POST", "GET, POST": what is expected, for the header Allow */
};

struct routes {
    struct route *list; /* owned; sorted by path */
    size_t n;
};

/* -1: no system of any config has a webhook, a path is one of ours (/healthz, /readyz), or two
 * systems share one and nothing tells whose a request is. */
int routes_make(struct routes *r, struct tenants *t, struct err *err);
void routes_release(struct routes *r);
struct route *routes_find(const struct routes *r, const char *path);
bool route_allows(const struct route *r, const char *method);

#endif
