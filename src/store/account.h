#ifndef STORE_ACCOUNT_H
#define STORE_ACCOUNT_H

#include "store/store.h"

/*
 * What all processes share about calls to an account: how many may still go out (sync_buckets) and
 * what they cost (sync_counters). Nothing here is worth an fsync, wakes anybody, or is part of what
 * a crash could tear: the worst is a second's counts. Better on a store opened for this alone, with
 * little patience (store_patience): "locked" only means later.
 */

enum { STORE_BUCKET_NAME = 16, STORE_BUCKETS = 16 };

/* What they mean is for who asks (provider/bucket.h). */
struct store_bucket {
    const char *system, *account;
    char name[STORE_BUCKET_NAME];
    double tokens;
    int64_t refilled_at;
    int64_t closed_until; /* 0: open */
};

/*
 * FN sees the buckets of an account (at most STORE_BUCKETS) and may change them, add to them (N up
 * to STORE_BUCKETS) and says so by returning true; meanwhile nobody else does. Only what differs is
 * written. 0, -1.
 */
typedef bool store_bucket_turn(struct store_bucket *buckets, size_t *n, void *user);
int store_buckets_turn(struct store *s, const char *system, const char *account,
                       store_bucket_turn *fn, void *user, struct err *err);
/* FN only looks. */
int store_buckets_look(struct store *s, const char *system, const char *account,
                       store_bucket_turn *fn, void *user, struct err *err);
/* Those of all accounts. Returns the number, or -1. */
int store_buckets(struct store *s, struct arena *a, struct store_bucket **out, struct err *err);

/* A person knows that a limit of SYSTEM is over: it is closed by none any more. What the day's
 * requests are counted at stays. Then what waited for it is due at NOW: fields owed there, events
 * whose records it did not give. The number of those that closed it, or -1. */
int store_buckets_open(struct store *s, const char *system, int64_t now, struct err *err);

struct store_metric {
    const char *system, *account;
    const char *name;
    int64_t value;
    bool longest; /* of all, not their sum */
};
/* Adds what is not 0 to this minute's. Minutes older than a day (25 h) become hours: whoever adds
 * names all metrics that the account has, each time. */
int store_metrics_add(struct store *s, const char *system, const char *account,
                      const struct store_metric *m, size_t n, int64_t now, struct err *err);
/*
 * Far more calls than ever? CALLS went out to the account in the hour before NOW (less if it was
 * paused by STORE_CALLS_PAUSE and resumed meanwhile), and an hour is usually MEDIAN: of those of
 * the last week in which there were calls. 1: more than FLOOR and ten times the median, 0 not, or
 * there are less than STORE_CALLS_HOURS hours to tell, -1. DESIGN.md section 6, Breaker.
 */
#define STORE_CALLS "http calls"
#define STORE_CALLS_PAUSE "breaker" /* `by` of such a pause */
enum { STORE_CALLS_HOURS = 24 };
int store_calls_burst(struct store *s, const char *system, const char *account, long floor,
                      int64_t now, int64_t *calls, int64_t *median, struct err *err);

/* Of all accounts since then, names that begin with PREFIX; those that end with " max" are the
 * longest, else sums. By system, account and name. Returns the number, or -1. */
int store_metrics(struct store *s, struct arena *a, const char *prefix, int64_t since,
                  struct store_metric **out, struct err *err);

#endif
