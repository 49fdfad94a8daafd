#ifndef HTTP_SERVING_H
#define HTTP_SERVING_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/listener.h"
#include "http/server.h"

/*
 * Private to the server: the table of connections (hall.c), requests on their way (exchange.c).
 *
 * libmicrohttpd knows no time limit for a whole request, and lets the first connections that came
 * keep all others out. So the server accepts by itself, keeps who waits for whom, and ends a
 * connection by shutdown(2), which libmicrohttpd then sees as the sender's end.
 */
enum guest_state {
    GUEST_IDLE,    /* nothing of a request is here, or less than its first line */
    GUEST_READING, /* its request is not whole */
    GUEST_SERVED,  /* its request is whole, its answer is ours to give */
    GUEST_TAKING   /* the answer is being sent */
};

/* A connection. */
struct guest {
    TAILQ_ENTRY(guest) at; /* in one of the hall's queues, not if SERVED or cut */
    int fd;                /* libmicrohttpd's, valid until hall_leave */
    enum guest_state state;
    bool cut;
    bool lingers; /* the sender may be sending still: see that it gets the answer */
    int64_t due;  /* boot clock */
};
TAILQ_HEAD(guests, guest);

enum { HALL_LINGERS = 64 };

/* All connections. Those that wait for the sender are in the order of their `due`. */
struct hall {
    pthread_mutex_t lock;
    struct guests idle, busy; /* IDLE; READING and TAKING */
    struct guest **by_fd;     /* owned */
    size_t n_by_fd;
    unsigned n, max;
    int64_t read_ms;
    bool draining;
    struct {
        int fd; /* a dup of it */
        int64_t due;
    } lingering[HALL_LINGERS];
    size_t n_lingering;
};

void hall_init(struct hall *h, unsigned max, int64_t read_ms);
void hall_release(struct hall *h);
/* A new connection, before libmicrohttpd has it. If the house is full the oldest idle one gives
 * way, else the slowest sender; NULL: none can. */
struct guest *hall_enter(struct hall *h, int fd);
/* The one whose descriptor FD is. */
struct guest *hall_find(struct hall *h, int fd);
/* Its descriptor is about to be closed; G is freed, its place is free. */
void hall_leave(struct hall *h, struct guest *g);
/* False: it was cut meanwhile, its request must not be worked on. */
bool hall_move(struct hall *h, struct guest *g, enum guest_state to);
void hall_linger(struct hall *h, struct guest *g);
/* The oldest idle one goes. */
void hall_shed(struct hall *h);
/* From now on nothing stays that waits for a next request longer than a moment. */
void hall_close_idle(struct hall *h);
unsigned hall_count(struct hall *h);
/* Ends what is over its time, all that is idle when draining; reads what lingers. ms until it wants
 * to be called again, -1 = no need. */
int hall_sweep(struct hall *h);

struct server {
    struct server_options o;    /* defaults filled in */
    struct listener *listeners; /* owned */
    size_t n_listeners;
    struct MHD_Daemon **daemons; /* owned; one a thread */
    unsigned n_daemons, next_daemon;
    struct hall hall;
    pthread_t acceptor;
    bool accepting; /* the thread runs */
    int epoll, wake;
    atomic_bool quiesced, stopping;
    atomic_bool deaf;   /* quiesced, and what waited to be accepted is */
    atomic_size_t held; /* bytes of all bodies */
    atomic_uint pending;
    pthread_mutex_t lock; /* of `asleep` and server_exchange.asleep */
    TAILQ_HEAD(, server_exchange) asleep;
};

/* Callbacks of libmicrohttpd; CLS is the server. */
void *exchange_begin(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *data,
                                size_t *len, void **state);
void exchange_end(void *cls, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode why);
/* Wakes all that are asleep; the server is stopping. */
void exchange_drop_all(struct server *s);

#endif
