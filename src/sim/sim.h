#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdint.h>

#include "sim/call.h"
#include "sim/hooks.h"
#include "sim/journal.h"
#include "sim/reply.h"
#include "sim/sender.h"
#include "sim/store.h"
#include "sim/token.h"

struct mark;

enum payload { PAYLOAD_FULL, PAYLOAD_SKINNY, PAYLOAD_PARTIAL };

/*
 * One simulated system: its records, its quirks, its log, its webhooks. Server.h brings the calls,
 * sender.h takes the webhooks away. Not thread-safe.
 */
struct sim {
    struct store store;
    struct journal journal;
    char *account;   /* owned */
    char *token;     /* owned; NULL = open */
    char *query_key; /* owned; the parameter that may hold the token, NULL: none */
    struct tokens tokens;
    char *file;         /* owned; state is kept here, NULL = nowhere */
    size_t page_max;    /* the largest limit */
    struct mark *mark;  /* owned; NULL = none set */
    struct map jobs;    /* of bulk.h, owned */
    struct map answers; /* Idempotency-Key and path -> struct answer, owned */
    struct {
        int64_t start; /* ms of the boot clock */
        long long n;
    } window; /* of the quirk rate */
    struct hooks hooks;
    struct sender *sender; /* owned; NULL until there is something to send */
    enum payload payload;
    char *actor;      /* owned; who calls the API, for webhooks */
    long long events; /* how many there were */
    uint64_t lists;   /* how many listings there were; shuffles page-order=unstable */
};

/* The first answer to a create that had an Idempotency-Key. */
struct answer {
    char *key; /* owned, as all texts */
    int status;
    char *body;
    char *etag;
    char *location;
};

/* S stays where it is from now on. */
void sim_init(struct sim *s, enum ids_kind kind, uint64_t seed);

/* Do what CALL asks and make the answer: API, human edit or control. Always makes one. */
void sim_answer(struct sim *s, struct call *call, struct reply *reply);

/*
 * A reply with hold_ms waits for webhooks: whether it still has to. The server asks again when
 * hooks.news can be read, and calls sim_unhold when the wait is over, however it ended.
 */
bool sim_held(struct sim *s, const struct call *call);
void sim_unhold(struct sim *s, struct call *call, struct reply *reply);

/* The answer is out, or there will be none. */
void sim_done(struct sim *s, struct call *call);

/* Keep an answer (taken). */
void sim_keep_answer(struct sim *s, struct answer *a);
void sim_forget_answers(struct sim *s);

void sim_release(struct sim *s);

#endif
