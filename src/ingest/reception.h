#ifndef INGEST_RECEPTION_H
#define INGEST_RECEPTION_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/server.h"
#include "ingest/intake.h"
#include "ingest/route.h"
#include "ingest/tenant.h"

/*
 * What is done with a request before it is stored: route, challenge, verification, account. Runs in
 * the server's threads; USER of its two callbacks is the reception.
 */
enum { RECEPTION_REASONS = 16 };

struct reception {
    struct routes *routes;
    struct tenants *tenants;
    struct intake *intake;
    atomic_bool draining;
    pthread_mutex_t lock; /* of what follows: refusals are said once a second for each reason */
    struct {
        char code[32];
        int64_t said_at; /* boot clock */
        long more;       /* since then */
    } reasons[RECEPTION_REASONS];
};

void reception_init(struct reception *r, struct routes *routes, struct tenants *tenants);
void reception_release(struct reception *r);
int reception_accept(void *user, const struct server_request *head, const char **allow);
void reception_handle(void *user, struct server_exchange *x);

#endif
