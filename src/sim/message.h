#ifndef SIM_MESSAGE_H
#define SIM_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sim/quirk.h"

/*
 * Webhook messages, made of events: {"account":..,"events":[..]}. Here are the quirks that decide
 * what is in a message, which are sent, in which order and when: webhook-lose, -batch, -reorder,
 * -delay. No clock and no thread: NOW is given, in ms. The same seed and the
 * same events give the same messages.
 */
struct event {
    long long n; /* 1, 2, ... of the whole system */
    char *json;  /* owned */
};

struct events {
    struct event *items; /* owned */
    size_t n;
};

void events_add(struct events *e, long long n, char *json /* taken */);
void events_release(struct events *e);

struct message {
    struct message *next; /* of a gather's lists */
    int refs;
    long long first; /* numbers of its events */
    long long last;
    char *id;   /* owned; "msg-FIRST" */
    char *body; /* owned */
    size_t len;
    int64_t due; /* not to be sent before */
    long long copies;
    bool lost; /* never to be sent */
    bool once; /* no retry */
    bool is_unsigned;
    bool no_id;
};

struct message *message_ref(struct message *m); /* one owner more; returns M */
void message_unref(struct message *m);          /* the last owner frees; NULL is fine */

struct gather {
    uint64_t seed;
    char *account;       /* owned; as JSON */
    struct message mold; /* what the next message gets from the quirks */
    long long delay, jitter;
    struct events batch;
    size_t batch_max;
    int64_t batch_due;
    struct message *window; /* owned list, of the shuffle; its order is that of the events */
    size_t window_n;
    size_t window_max;
    int64_t window_due;
    struct message *ready; /* owned list */
    struct message **tail;
};

void gather_init(struct gather *g, uint64_t seed);

/* EVENT's text is taken. */
void gather_add(struct gather *g, const struct quirks *q, struct event event, int64_t now);

/*
 * The next message, for its owner to unref; NULL with *DUE lowered to when to ask again. `all`:
 * nothing is held back for a fuller batch or shuffle.
 */
struct message *gather_take(struct gather *g, int64_t now, bool all, int64_t *due);

/* The number of events held back, and whether one of FIRST..LAST is. */
size_t gather_held(const struct gather *g);
bool gather_holds(const struct gather *g, long long first, long long last);

void gather_drop(struct gather *g); /* what is held back is gone */
void gather_release(struct gather *g);

#endif
