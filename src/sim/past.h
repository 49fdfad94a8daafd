#ifndef SIM_PAST_H
#define SIM_PAST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "sim/message.h"

/*
 * What is remembered of webhooks: the last messages, to send them again, and how the last
 * deliveries ended. PAST_MAX of each, and PAST_BYTES of messages.
 */
enum { PAST_MAX = 10000, PAST_BYTES = 64 * 1024 * 1024 };

struct outcome;

struct past {
    struct message **messages; /* owned ring, as the next; NULL until there is something */
    long long messages_end;    /* how many there ever were */
    long long messages_start;  /* the first that is still there */
    size_t bytes;
    struct outcome *outcomes;
    long long outcomes_end;
};

void past_add(struct past *p, struct message *m);

/*
 * The next message from *AT on, which counts up, that is or has event ID, or, if ID is NULL, has
 * events after number SINCE. NULL: no more. Start with 0. Borrowed.
 */
struct message *past_find(const struct past *p, long long *at, const char *id, long long since);

/* STATUS is that of the last answer, 0 = none; URL NULL = it was never sent. */
void past_conclude(struct past *p, const struct message *m, const char *url, int attempts,
                   int status);

/* Deliveries that ended well, or not. Owner: the caller. */
json_t *past_outcomes(const struct past *p, bool ok);

/* ["evt-FIRST",...]. Owner: the caller. */
json_t *past_event_ids(long long first, long long last);

void past_forget(struct past *p); /* the messages */
void past_release(struct past *p);

#endif
