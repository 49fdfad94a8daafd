#ifndef SIM_SENDER_H
#define SIM_SENDER_H

#include "sim/hooks.h"

/*
 * The thread that sends webhooks: one connection for each subscriber, kept alive, 5 s for each
 * request. Any 2xx is success, a redirect is not. It sees only hooks.h, no records and no JSON.
 */
struct sender;

struct sender *sender_start(struct hooks *h); /* H must outlive it */

/* Go on for at most MS, then end. How many deliveries are lost by that. NULL is fine. */
long long sender_stop(struct sender *s, int64_t ms);

#endif
