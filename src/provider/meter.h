#ifndef PROVIDER_METER_H
#define PROVIDER_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "config/conf.h"
#include "provider/bucket.h"

/*
 * What calls cost, and who knows of it: a provider counts its own calls and obeys the limits that
 * all processes share, but knows no state. Whoever opened one gives it these (cmd/meter.h); without
 * them limits hold in this process only and nothing is counted.
 */

enum error_class {
    ERROR_CONNECT, /* no connection: nothing went out */
    ERROR_TIMEOUT,
    ERROR_LOST, /* cut off in mid-answer */
    ERROR_4XX,  /* but limits */
    ERROR_5XX,
    ERROR_CLASSES
};

/* Of one account, since they were handed over last. */
struct call_counts {
    long calls, retries, limits;
    long errors[ERROR_CLASSES];
    int64_t latency_ms, latency_max_ms; /* sum and longest, from connecting to the last byte */
    int64_t bytes_out, bytes_in;        /* bodies and headers, as far as they are ours to see */
};

typedef void bucket_turn(struct bucket_set *buckets, void *arg);

struct meter {
    void *user;
    bool person; /* the calls are made for somebody who waits for them: the reserve is theirs */
    /*
     * FN works on the account's buckets, alone; what it changed (bucket.changed) is kept for all.
     * 0; -1: not now (FN may have run, for nothing). NULL: nothing can be written.
     */
    int (*turn)(void *user, const struct conf_system *system, bucket_turn *fn, void *arg);
    /* The same, but FN only looks. */
    int (*look)(void *user, const struct conf_system *system, bucket_turn *fn, void *arg);
    /* -1: not now, they are counted on. */
    int (*count)(void *user, const struct conf_system *system, const struct call_counts *counts);
    /* A line for people, said once over all processes. */
    void (*say)(void *user, const struct conf_system *system, const char *text);
};

#endif
