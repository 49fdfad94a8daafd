#ifndef INGEST_MAPPER_H
#define INGEST_MAPPER_H

#include "base/err.h"
#include "ingest/tenant.h"

/*
 * Maps the oldest stored requests of a tenant, at most MAX, into its inbox: events, rejects and the
 * requests' end in one transaction, which need not be durable: the raw request is, and mapping it
 * again admits nothing twice. Returns how many there were; -1 if the state failed.
 */
int mapper_step(struct tenant *t, size_t max, struct err *err);

#endif
