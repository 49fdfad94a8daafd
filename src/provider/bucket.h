#ifndef PROVIDER_BUCKET_H
#define PROVIDER_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "config/limit.h"

/*
 * How many requests an account may still take: pure arithmetic on what all processes know of it
 * (sync_buckets of the state), so that however many there are, no window of `rate` ever sees more
 * requests than allowed. Times are ms of the wall clock, which may be set: a bucket that was
 * touched later than now is moved back with the clock, so none is closed, or empty, for longer than
 * was meant.
 */

enum bucket_name {
    BUCKET_RATE,   /* tokens of the programs */
    BUCKET_PEOPLE, /* tokens that only people may take: the reserve */
    BUCKET_DAY,    /* tokens: requests of the day that began at refilled_at; closed: frozen */
    BUCKET_WARNED, /* closed: of this day's use it was warned */
    BUCKET_LIMIT,  /* closed: the system said "too much" */
    BUCKET_BUDGET, /* closed to programs: what the system says is left is for people */
    BUCKET_COUNT
};

struct bucket {
    bool known; /* false: never used */
    bool changed;
    double tokens;
    int64_t refilled_at;  /* last touched */
    int64_t closed_until; /* 0: open */
};

struct bucket_set {
    struct bucket b[BUCKET_COUNT];
};

/* As the state has them: "rate", "people", .. */
const char *bucket_name(enum bucket_name name);

enum bucket_why {
    BUCKET_GRANTED,
    BUCKET_EMPTY,  /* too many requests in the window */
    BUCKET_CLOSED, /* the system's own limit */
    BUCKET_KEPT,   /* what is left is for people */
    BUCKET_FROZEN  /* the day's quota */
};

struct bucket_grant {
    long n;
    enum bucket_why why;
    int64_t wait_ms; /* with n = 0: until there is one, at best */
    bool warn;       /* just now the day passed `warn`: say so */
    bool froze;      /* just now it was frozen */
};

/* What a day's use calls for. */
struct bucket_day {
    long used, limit;
    int64_t until;      /* a freeze ends then */
    int64_t warn_until; /* no second warning before that */
};

/* Requests in a row, and requests a ms after that, of which no window sees more than REQUESTS. */
struct bucket_flow {
    double burst, per_ms;
};
/* Of the programs' share, or of people's (0: people have none). */
struct bucket_flow bucket_flow(const struct conf_rate *rate, bool people);
/* How long a token may be kept before it is used. */
int64_t bucket_keep_ms(const struct conf_rate *rate);

/* Up to WANT requests for a program, or a PERSON. */
struct bucket_grant bucket_take(struct bucket_set *s, const struct conf_rate *rate, long want,
                                bool person, int64_t now);
/* N of them were not used. */
void bucket_give_back(struct bucket_set *s, const struct conf_rate *rate, long n, bool person,
                      int64_t now);
/* May one go out, as far as limits go that others found? Takes nothing. */
struct bucket_grant bucket_look(struct bucket_set *s, bool person, int64_t now);
/* NAME is closed for WAIT_MS, if it is not for longer already. */
void bucket_close(struct bucket_set *s, enum bucket_name name, int64_t wait_ms, int64_t now);
/* The system says that DAY.used of DAY.limit requests are used up; a freeze ends at DAY.until. */
struct bucket_grant bucket_told(struct bucket_set *s, const struct conf_rate *rate,
                                const struct bucket_day *day, int64_t now);

#endif
