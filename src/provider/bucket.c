#include <config.h>

#include "provider/bucket.h"

#include "base/err.h"

#include <math.h>

enum { DAY_MS = 24 * 3600 * 1000 };

const char *
bucket_name(enum bucket_name name)
{
    static const char *const names[] = {"rate", "people", "day", "warned", "limit", "budget"};

    return names[name];
}

/* The clock may have been set back since it was touched; nothing is closed for over a day. */
static void
tidy(struct bucket *b, int64_t now)
{
    int64_t ahead = b->refilled_at - now;

    if (b->known && ahead > 0) {
        if (b->closed_until > 0)
            b->closed_until -= ahead;
        b->refilled_at = now;
        b->changed = true;
    }
    if (b->closed_until > now + DAY_MS)
        b->closed_until = now + DAY_MS;
}

static void
tidy_all(struct bucket_set *s, int64_t now)
{
    for (int i = 0; i < BUCKET_COUNT; i++) {
        if (i != BUCKET_DAY) /* refilled_at is no touch there */
            tidy(&s->b[i], now);
    }
}

static long
people_share(const struct conf_rate *rate)
{
    return rate->requests * rate->reserve / 100;
}

int64_t
bucket_keep_ms(const struct conf_rate *rate)
{
    int64_t ms = rate->window_ms / 20;

    return rate->requests == 0 || ms > 1000 ? 1000 : ms < 20 ? 20 : ms;
}

/*
 * In a window of length W stand requests that were granted in W + KEEP: fewer than burst + rate *
 * (W + KEEP) + 1 of them, and there must be N at most.
 */
struct bucket_flow
bucket_flow(const struct conf_rate *rate, bool people)
{
    long n = people ? people_share(rate) : rate->requests - people_share(rate);
    struct bucket_flow f = {0, 0};

    if (n <= 0)
        return f;
    f.burst = n >= 20 ? (double)(n / 10) : 1;
    f.per_ms = ((double)n + 1 - f.burst) / ((double)(rate->window_ms + bucket_keep_ms(rate)) + 1);
    return f;
}

static void
refill(struct bucket *b, const struct bucket_flow *f, int64_t now)
{
    if (!b->known) {
        b->known = true;
        b->tokens = f->burst;
    } else {
        b->tokens += (double)(now - b->refilled_at) * f->per_ms;
    }
    if (b->tokens > f->burst)
        b->tokens = f->burst;
    if (b->tokens < 0)
        b->tokens = 0;
    b->refilled_at = now;
    b->changed = true;
}

/* Up to WANT whole tokens; with none, when there is one. */
static long
take_tokens(struct bucket *b, const struct bucket_flow *f, long want, int64_t now, int64_t *wait)
{
    long n;

    if (f->burst <= 0)
        return 0;
    refill(b, f, now);
    n = (long)floor(b->tokens + 1e-9);
    if (n > want)
        n = want;
    if (n > 0)
        b->tokens -= (double)n;
    else
        *wait = (int64_t)ceil((1 - b->tokens) / f->per_ms);
    return n < 0 ? 0 : n;
}

static long
take_rate(struct bucket_set *s, const struct conf_rate *rate, long want, bool person, int64_t now,
          int64_t *wait)
{
    struct bucket_flow all = bucket_flow(rate, false), people = bucket_flow(rate, true);
    int64_t later = 0;
    long n = 0;

    if (rate->requests == 0)
        return want;
    if (person)
        n = take_tokens(&s->b[BUCKET_PEOPLE], &people, want, now, &later);
    if (n < want)
        n += take_tokens(&s->b[BUCKET_RATE], &all, want - n, now, wait);
    if (later > 0 && later < *wait)
        *wait = later;
    return n;
}

/* The beginning of the day that NOW is in. */
static int64_t
day_start(const struct conf_rate *rate, int64_t now)
{
    int64_t since = (now - rate->resets_ms) % DAY_MS;

    return now - (since < 0 ? since + DAY_MS : since);
}

/* The day's count; a day that has not begun (the clock was set back) goes on as this one. */
static struct bucket *
today(struct bucket_set *s, const struct conf_rate *rate, int64_t now)
{
    struct bucket *day = &s->b[BUCKET_DAY];
    int64_t start = day_start(rate, now);

    if (!day->known || day->refilled_at < start)
        day->tokens = 0;
    if (!day->known || day->refilled_at != start) {
        day->known = day->changed = true;
        day->refilled_at = start;
        if (day->closed_until > start + DAY_MS || day->closed_until <= now)
            day->closed_until = 0;
    }
    return day;
}

static long
share(long n, int percent)
{
    return (long)((double)n * percent / 100);
}

static void
judge_day(struct bucket_set *s, const struct conf_rate *rate, const struct bucket_day *d,
          int64_t now, struct bucket_grant *g)
{
    struct bucket *day = &s->b[BUCKET_DAY], *warned = &s->b[BUCKET_WARNED];

    if (d->used >= share(d->limit, rate->warn) && warned->closed_until <= now) {
        *warned = (struct bucket){
            .known = true, .changed = true, .refilled_at = now, .closed_until = d->warn_until};
        g->warn = true;
    }
    if (d->used >= share(d->limit, rate->freeze) && day->closed_until <= now) {
        if (!day->known)
            day->refilled_at = day_start(rate, now);
        day->known = day->changed = true;
        day->closed_until = d->until;
        g->froze = true;
    }
}

/* How many of WANT the day still has for programs. */
static long
left_today(struct bucket_set *s, const struct conf_rate *rate, long want, int64_t now)
{
    long left;

    if (rate->daily == 0)
        return want;
    left = share(rate->daily, rate->freeze) - (long)today(s, rate, now)->tokens;
    return left < 0 ? 0 : left < want ? left : want;
}

static void
count_today(struct bucket_set *s, const struct conf_rate *rate, long n, int64_t now,
            struct bucket_grant *g)
{
    struct bucket *day;
    struct bucket_day d;

    if (rate->daily == 0)
        return;
    day = today(s, rate, now);
    day->tokens += (double)n;
    day->changed = true;
    d = (struct bucket_day){(long)day->tokens, rate->daily, day->refilled_at + DAY_MS,
                            day->refilled_at + DAY_MS};
    judge_day(s, rate, &d, now, g);
}

static bool
closed(const struct bucket *b, enum bucket_why why, int64_t now, struct bucket_grant *g)
{
    if (b->closed_until <= now || b->closed_until - now <= g->wait_ms)
        return b->closed_until > now;
    g->why = why;
    g->wait_ms = b->closed_until - now;
    return true;
}

struct bucket_grant
bucket_look(struct bucket_set *s, bool person, int64_t now)
{
    struct bucket_grant g = {.why = BUCKET_GRANTED};
    struct bucket *day = &s->b[BUCKET_DAY];
    bool shut;

    tidy_all(s, now);
    if (day->closed_until > now + DAY_MS)
        day->closed_until = now + DAY_MS;
    shut = closed(&s->b[BUCKET_LIMIT], BUCKET_CLOSED, now, &g);
    if (!person) {
        shut = closed(&s->b[BUCKET_BUDGET], BUCKET_KEPT, now, &g) || shut;
        shut = closed(day, BUCKET_FROZEN, now, &g) || shut;
    }
    g.n = shut ? 0 : 1;
    return g;
}

struct bucket_grant
bucket_take(struct bucket_set *s, const struct conf_rate *rate, long want, bool person, int64_t now)
{
    struct bucket_grant g;
    int64_t wait = 1;
    long n;

    if (rate->daily > 0)
        today(s, rate, now); /* a new day thaws */
    g = bucket_look(s, person, now);
    if (g.n == 0)
        return g;
    n = person ? want : left_today(s, rate, want, now);
    if (n > 0)
        n = take_rate(s, rate, n, person, now, &wait);
    g.n = n;
    if (n == 0) {
        g.why = BUCKET_EMPTY;
        g.wait_ms = wait;
    }
    count_today(s, rate, n, now, &g);
    if (n == 0 && s->b[BUCKET_DAY].closed_until > now && !person)
        closed(&s->b[BUCKET_DAY], BUCKET_FROZEN, now, &g);
    return g;
}

void
bucket_give_back(struct bucket_set *s, const struct conf_rate *rate, long n, bool person,
                 int64_t now)
{
    struct bucket_flow f = bucket_flow(rate, false);
    struct bucket *day;

    if (rate->requests > 0 && !person) {
        tidy(&s->b[BUCKET_RATE], now);
        refill(&s->b[BUCKET_RATE], &f, now);
        s->b[BUCKET_RATE].tokens = fmin(f.burst, s->b[BUCKET_RATE].tokens + (double)n);
    }
    if (rate->daily > 0) {
        day = today(s, rate, now);
        day->tokens = fmax(0, day->tokens - (double)n);
        day->changed = true;
    }
}

void
bucket_close(struct bucket_set *s, enum bucket_name name, int64_t wait_ms, int64_t now)
{
    struct bucket *b = &s->b[name];

    tidy(b, now);
    if (wait_ms > DAY_MS)
        wait_ms = DAY_MS;
    if (b->known && b->closed_until >= now + wait_ms)
        return;
    b->known = b->changed = true;
    b->refilled_at = now;
    b->closed_until = now + wait_ms;
}

struct bucket_grant
bucket_told(struct bucket_set *s, const struct conf_rate *rate, const struct bucket_day *day,
            int64_t now)
{
    struct bucket_grant g = {.why = BUCKET_GRANTED};

    tidy_all(s, now);
    judge_day(s, rate, day, now, &g);
    return g;
}
