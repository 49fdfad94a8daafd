#ifndef SIM_HOOKS_H
#define SIM_HOOKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "sim/message.h"
#include "sim/past.h"
#include "sim/sign.h"
#include "sim/timeline.h"

/*
 * Webhooks on their way: subscribers, a queue for each, what became of each delivery. No network:
 * sender.h takes deliveries out and reports back, from a thread of its own; every function here
 * may be called from any thread, but those that take or give JSON only from the simulator's.
 *
 * A subscriber gets one delivery at a time, in order. One that fails is tried again HOOKS_RETRIES
 * times at growing intervals and does not hold up the others. NOW is ms of hooks_now.
 */
enum {
    HOOKS_SUBSCRIBERS = 16,
    HOOKS_URL = 2048,
    HOOKS_QUEUE = 10000, /* deliveries for each subscriber; beyond it the oldest are lost */
    HOOKS_RETRIES = 5
};

/* One message for one subscriber. The sender sees it between hooks_next and hooks_done. */
struct delivery {
    struct delivery *next;
    struct message *message; /* owned */
    size_t lane;             /* number of the subscriber */
    char *url;               /* owned; NULL until it is sent */
    int attempts;
    int64_t due;
    bool flying;
    bool forgotten; /* nobody cares how it ends */
};

struct hook_counters {
    long long events;    /* that should be sent */
    long long sent;      /* requests, with retries and copies */
    long long ok;        /* answered 2xx */
    long long refused;   /* answered otherwise */
    long long unreached; /* no answer */
    long long retried;   /* requests that were not the first of their delivery */
    long long lost;      /* deliveries and events that nobody tries any more */
};

struct subscriber {
    char *url;              /* owned; NULL = none */
    struct delivery *queue; /* owned list */
    size_t n;
    int64_t last_due;
};

struct hooks {
    pthread_mutex_t lock;
    struct gather gather;
    struct subscriber subs[HOOKS_SUBSCRIBERS];
    struct past past;
    struct hook_counters counters;
    struct timeline time; /* of the simulator, for signatures */
    struct sign sign;     /* set before anything is sent, then left alone */
    bool flushing;        /* hold nothing back */
    int64_t stop_at;      /* INT64_MAX; when the sender must end */
    int news;             /* eventfd: written when something arrived or failed */
    void (*wake)(void *with);
    void *with;
};

/* ms that no clock of tests makes faster or stops. */
int64_t hooks_now(void);

void hooks_init(struct hooks *h, uint64_t seed);

/*
 * Send to these from now on. A subscriber keeps its number, and with it its queue, when only its
 * URL changes; the queues of those beyond N are lost. -1 with err "bad-webhook", status 64: too
 * many, or no http(s) URL.
 */
int hooks_subscribe(struct hooks *h, const char *const *urls, size_t n, struct err *err);
bool hooks_wanted(struct hooks *h); /* there is a subscriber */

void hooks_account(struct hooks *h, const char *account);
void hooks_time(struct hooks *h, const struct timeline *t);
int64_t hooks_sim_now(struct hooks *h); /* ms on the simulator's clock */

/* Send EVENTS, which are empty after. */
void hooks_push(struct hooks *h, const struct quirks *q, struct events *events, int64_t now);

/*
 * Send again what is remembered: the message or event ID, or, if ID is NULL, all messages with
 * events after number SINCE. How many messages that were.
 */
long long hooks_redeliver(struct hooks *h, const char *id, long long since, int64_t now);

/* Something that has events FIRST..LAST was not tried yet. */
bool hooks_untried(struct hooks *h, long long first, long long last);
size_t hooks_queued(struct hooks *h); /* deliveries and events held back */
void hooks_flush(struct hooks *h);    /* let go what waits for a fuller batch or shuffle */
void hooks_drop(struct hooks *h);     /* forget what is queued: it is neither sent nor lost */

json_t *hooks_urls(struct hooks *h);
json_t *hooks_list(struct hooks *h);
json_t *hooks_counters(struct hooks *h);
struct hook_counters hooks_get_counters(struct hooks *h);
void hooks_set_counters(struct hooks *h, struct hook_counters counters);

/* For the sender: a delivery that is due, borrowed until hooks_done; NULL: ask again in *WAIT ms.
 */
struct delivery *hooks_next(struct hooks *h, int64_t now, int *wait);
/* STATUS 0: there was no answer. */
void hooks_done(struct hooks *h, struct delivery *d, int status, int64_t now);
void hooks_cancel(struct hooks *h, struct delivery *d); /* instead: it is queued again */

/* Delays and batches end; what is not sent at STOP_AT never will be. */
void hooks_stop(struct hooks *h, int64_t stop_at);
bool hooks_stopped(struct hooks *h, int64_t now); /* the sender has nothing left to do */
long long hooks_give_up(struct hooks *h);         /* count what is queued as lost; how many */

void hooks_release(struct hooks *h); /* the sender is gone */

#endif
