#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum {
    LOOK_MS = 100, /* how old may be what is known of limits others found */
    LOOK_CLOSED_MS = 1000,
    LOCKED_MS = 50, /* the state was not to be had: again after that */
    TOLD_AGAIN_MS = 60000,
    HOUR_MS = 3600 * 1000,
    DAY_MS = 24 * 3600 * 1000
};

static const struct conf_rate *
rate_of(const struct provider *p)
{
    return &p->system->rate;
}

static bool
is_counted(const struct provider *p)
{
    return rate_of(p)->requests > 0 || rate_of(p)->daily > 0;
}

static int
take_turn(struct provider *p, bucket_turn *fn, void *arg)
{
    if (p->meter.turn != NULL)
        return p->meter.turn(p->meter.user, p->system, fn, arg);
    fn(&p->quota.local, arg);
    return 0;
}

static void
say(struct provider *p, const char *text)
{
    if (p->meter.say != NULL)
        p->meter.say(p->meter.user, p->system, text);
}

/* What just happened to the day's quota. */
static void
say_day(struct provider *p, const struct bucket_grant *g, long used, long limit)
{
    char text[200];

    snprintf(text, sizeof text, "%ld of the day's %ld requests are used", used, limit);
    if (g->warn)
        say(p, text);
    snprintf(text, sizeof text,
             "frozen: %ld of the day's %ld requests are used; until there are more only sync-ctl "
             "asks it",
             used, limit);
    if (g->froze)
        say(p, text);
}

/* ---- Asking for tokens ---- */

struct ask {
    const struct provider *p;
    long want, back;
    struct bucket_grant got;
    long used; /* of the day */
};

static void
ask_turn(struct bucket_set *s, void *arg)
{
    struct ask *ask = arg;
    const struct conf_rate *rate = rate_of(ask->p);
    int64_t now = clock_now();

    if (ask->back > 0)
        bucket_give_back(s, rate, ask->back, ask->p->meter.person, now);
    ask->got = bucket_take(s, rate, ask->want, ask->p->meter.person, now);
    ask->used = (long)s->b[BUCKET_DAY].tokens;
}

static void
look_turn(struct bucket_set *s, void *arg)
{
    struct ask *ask = arg;
    struct bucket_grant got = bucket_look(s, ask->p->meter.person, clock_now());

    if (got.wait_ms >= ask->got.wait_ms)
        ask->got = got;
}

static void
shut(struct quota *q, const struct bucket_grant *g)
{
    int64_t until = clock_boot() + g->wait_ms;

    if (g->n > 0) {
        q->closed_until = 0;
    } else if (g->why == BUCKET_EMPTY) {
        q->dry_until = until;
    } else {
        q->closed_until = until;
        q->why = g->why;
    }
}

/* For those that wait, too, as far as they can be used before the tokens are stale. */
static long
wanted(const struct provider *p)
{
    struct bucket_flow f = bucket_flow(rate_of(p), false);
    long most = 1 + (long)(f.per_ms * (double)bucket_keep_ms(rate_of(p)));

    if (rate_of(p)->requests == 0)
        most = 100;
    return p->n_queued + 1 < most ? p->n_queued + 1 : most;
}

/* 0 one is ours, else how long to wait. */
static int64_t
ask_tokens(struct provider *p, int64_t now)
{
    struct quota *q = &p->quota;
    struct ask ask = {.p = p, .want = wanted(p), .back = q->tokens};

    if (take_turn(p, ask_turn, &ask) != 0)
        return LOCKED_MS;
    q->tokens = 0;
    q->looked_at = now;
    shut(q, &ask.got);
    say_day(p, &ask.got, ask.used, rate_of(p)->daily);
    if (ask.got.n == 0)
        return ask.got.wait_ms > 0 ? ask.got.wait_ms : 1;
    q->tokens = ask.got.n - 1;
    q->tokens_until = now + bucket_keep_ms(rate_of(p));
    q->spread_at = 0;
    return 0;
}

/* What this process, or with a state any, knows of limits: ms to wait. */
static int64_t
look(struct provider *p, int64_t now)
{
    struct quota *q = &p->quota;
    struct ask ask = {.p = p, .got = {.n = 1}};

    if (q->closed_until == 0 && now - q->looked_at < LOOK_MS)
        return 0;
    q->looked_at = now;
    look_turn(&q->local, &ask);
    if (p->meter.look != NULL && p->meter.look(p->meter.user, p->system, look_turn, &ask) != 0)
        return 0;
    shut(q, &ask.got);
    return ask.got.n > 0 ? 0 : ask.got.wait_ms;
}

int64_t
quota_take(struct provider *p)
{
    struct quota *q = &p->quota;
    int64_t now = clock_boot(), wait;

    if (q->closed_until > now && now - q->looked_at < LOOK_CLOSED_MS)
        return q->closed_until - now;
    if (!is_counted(p))
        return look(p, now);
    if (q->tokens > 0 && now < q->tokens_until) {
        q->tokens--;
        return 0;
    }
    if (q->dry_until > now)
        return q->dry_until - now;
    wait = p->meter.turn == NULL ? look(p, now) : 0; /* else asking shows it */
    return wait > 0 ? wait : ask_tokens(p, now);
}

int64_t
quota_delay(struct provider *p)
{
    struct bucket_flow f = bucket_flow(rate_of(p), false);
    int64_t now = clock_boot();

    if (rate_of(p)->requests == 0 || p->quota.dry_until <= now)
        return 0;
    return p->quota.dry_until - now + (int64_t)((double)p->n_queued / f.per_ms);
}

int64_t
quota_later(struct provider *p, int64_t wait)
{
    struct quota *q = &p->quota;
    struct bucket_flow f = bucket_flow(rate_of(p), false);
    int64_t now = clock_boot();

    if (rate_of(p)->requests == 0 || q->closed_until > now)
        return wait;
    if (q->spread_at < now + wait)
        q->spread_at = now + wait;
    q->spread_at += (int64_t)(1 / f.per_ms);
    return q->spread_at - now < HOUR_MS ? q->spread_at - now : HOUR_MS;
}

/* ---- What answers say ---- */

struct closing {
    enum bucket_name name;
    int64_t wait;
};

static void
close_turn(struct bucket_set *s, void *arg)
{
    const struct closing *c = arg;

    bucket_close(s, c->name, c->wait, clock_now());
}

static void
close_bucket(struct provider *p, enum bucket_name name, int64_t wait)
{
    struct closing c = {name, wait};
    int64_t now = clock_boot();

    if (name == BUCKET_BUDGET && p->meter.person)
        return;
    take_turn(p, close_turn, &c);
    if (now + wait > p->quota.closed_until) {
        p->quota.closed_until = now + wait;
        p->quota.why = name == BUCKET_LIMIT ? BUCKET_CLOSED : BUCKET_KEPT;
        p->quota.looked_at = now;
    }
}

void
quota_close(struct provider *p, int64_t wait)
{
    close_bucket(p, BUCKET_LIMIT, wait);
}

struct telling {
    const struct conf_rate *rate;
    struct bucket_day day;
    struct bucket_grant got;
};

static void
told_turn(struct bucket_set *s, void *arg)
{
    struct telling *t = arg;

    t->got = bucket_told(s, t->rate, &t->day, clock_now());
}

/* The system counts the day's requests itself. A freeze ends with the day, else it is looked at
 * again after an hour: the count may be of the last 24. */
static void
hear_day(struct provider *p, const struct limit_left *left)
{
    struct quota *q = &p->quota;
    int64_t now = clock_now(), boot = clock_boot();
    struct telling t = {.rate = rate_of(p)};
    int share = t.rate->warn < t.rate->freeze ? t.rate->warn : t.rate->freeze;

    t.day =
        (struct bucket_day){.used = (long)(left->limit - left->remaining),
                            .limit = (long)left->limit,
                            .until = now + (left->reset_ms >= 0 ? left->reset_ms : HOUR_MS),
                            .warn_until = now + (left->reset_ms >= 0 ? left->reset_ms : DAY_MS)};
    if ((double)t.day.used * 100 < (double)t.day.limit * share)
        return;
    if (boot < q->told_again && t.day.used < q->told_used + 1 + t.day.limit / 100)
        return;
    if (take_turn(p, told_turn, &t) != 0)
        return;
    q->told_again = boot + TOLD_AGAIN_MS;
    q->told_used = t.day.used;
    q->looked_at = 0;
    say_day(p, &t.got, t.day.used, t.day.limit);
}

static void
hear_window(struct provider *p, const struct limit_budget *b, const struct limit_left *left)
{
    int reserve = b->reserve >= 0 ? b->reserve : rate_of(p)->reserve;
    int64_t wait = left->reset_ms >= 0 ? left->reset_ms : b->window_ms;

    if ((double)left->remaining * 100 > (double)left->limit * reserve || wait == 0)
        return;
    if (p->quota.closed_until >= clock_boot() + wait - LOOK_MS)
        return; /* said already */
    close_bucket(p, BUCKET_BUDGET, wait);
}

void
quota_hear(struct provider *p, struct limit_scene *s)
{
    const struct definition *d = p->system->definition;
    struct limit_left left;

    for (size_t i = 0; i < d->n_budgets; i++) {
        if (!limit_left(s, &d->budgets[i], &left))
            continue;
        if (d->budgets[i].window_ms >= DAY_MS)
            hear_day(p, &left);
        else
            hear_window(p, &d->budgets[i], &left);
    }
}

const char *
quota_why(const struct provider *p)
{
    static const char *const texts[] = {
        [BUCKET_GRANTED] = "the rate of the config is reached",
        [BUCKET_EMPTY] = "the rate of the config is reached",
        [BUCKET_CLOSED] = "the system's limit is reached",
        [BUCKET_KEPT] = "what the system's limit leaves is kept for people",
        [BUCKET_FROZEN] = "the day's quota is used up, but for people"};

    return texts[p->quota.closed_until > clock_boot() ? p->quota.why : BUCKET_EMPTY];
}

static void
back_turn(struct bucket_set *s, void *arg)
{
    const struct ask *ask = arg;

    bucket_give_back(s, rate_of(ask->p), ask->back, ask->p->meter.person, clock_now());
}

void
quota_release(struct provider *p)
{
    struct ask ask = {.p = p, .back = p->quota.tokens};

    if (ask.back > 0)
        take_turn(p, back_turn, &ask);
    p->quota.tokens = 0;
}
