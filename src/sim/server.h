#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include <signal.h>

#include "base/err.h"
#include "sim/sim.h"

/*
 * HTTP for a simulated system: libmicrohttpd on one thread, this one. Answers that are held back
 * (slow-ms, webhook-before-answer, a drain) hold up nothing else.
 */
struct server;

/* Whether server_open can make sense of LISTEN. Nothing is bound. */
int server_check(const char *listen, struct err *err);

/* Listen on "ADDR:PORT" ("[ADDR]:PORT" for IPv6; port 0 = any free one). NULL with err. */
struct server *server_open(struct sim *sim, const char *listen, struct err *err);

const char *server_url(const struct server *s); /* "http://127.0.0.1:41234"; borrowed */

/* Serve until one of SIGNALS (blocked by the caller) comes. 0, or -1 if the loop broke. */
int server_run(struct server *s, const sigset_t *signals, struct err *err);

void server_close(struct server *s); /* NULL is fine */

#endif
