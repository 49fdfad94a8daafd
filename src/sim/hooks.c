#include <config.h>

#include "sim/hooks.h"
#include "base/mem.h"
#include "sim/jtext.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* ms before each retry. */
static const int retry_ms[HOOKS_RETRIES] = {100, 500, 2000, 5000, 10000};

static void
unlock(pthread_mutex_t **lock)
{
    pthread_mutex_unlock(*lock);
}

static pthread_mutex_t *
lock(struct hooks *h)
{
    pthread_mutex_lock(&h->lock);
    return &h->lock;
}

/* To the end of the block. */
#define LOCKED(h) __attribute__((cleanup(unlock), unused)) pthread_mutex_t *locked = lock(h)

int64_t
hooks_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
hooks_init(struct hooks *h, uint64_t seed)
{
    *h = (struct hooks){.stop_at = INT64_MAX};
    pthread_mutex_init(&h->lock, NULL);
    gather_init(&h->gather, seed);
    h->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (h->news < 0)
        BUG("no eventfd: %s", strerror(errno));
}

static void
wake(const struct hooks *h)
{
    if (h->wake != NULL)
        h->wake(h->with);
}

static void
tell(const struct hooks *h)
{
    uint64_t one = 1;
    ssize_t n = write(h->news, &one, sizeof one);

    (void)n; /* full is as good */
}

/* ---- queues ---- */

static void
conclude(struct hooks *h, const struct message *m, const char *url, int attempts, int status)
{
    past_conclude(&h->past, m, url, attempts, status);
    h->counters.lost += status / 100 != 2;
}

static void
free_delivery(struct delivery *d)
{
    message_unref(d->message);
    free(d->url);
    free(d);
}

/* D is in the queue of its subscriber. */
static void
unlink_delivery(struct hooks *h, struct delivery *d)
{
    struct subscriber *s = &h->subs[d->lane];
    struct delivery **at = &s->queue;

    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    s->n--;
}

/* Take all out that can be; what flies is only forgotten. LOST: it counts. */
static long long
empty(struct hooks *h, size_t lane, bool lost)
{
    struct delivery *d = h->subs[lane].queue;
    long long n = 0;

    while (d != NULL) {
        struct delivery *next = d->next;

        n += !d->forgotten;
        if (lost && !d->forgotten)
            conclude(h, d->message, h->subs[lane].url, d->attempts, 0);
        if (d->flying) {
            d->forgotten = true;
        } else {
            unlink_delivery(h, d);
            free_delivery(d);
        }
        d = next;
    }
    return n;
}

static void
lose_oldest(struct hooks *h, size_t lane)
{
    struct delivery *d = h->subs[lane].queue;

    while (d != NULL && d->flying)
        d = d->next;
    if (d == NULL)
        return;
    conclude(h, d->message, h->subs[lane].url, d->attempts, 0);
    unlink_delivery(h, d);
    free_delivery(d);
}

static void
enqueue(struct hooks *h, size_t lane, struct message *m)
{
    struct subscriber *s = &h->subs[lane];
    struct delivery **at = &s->queue;
    struct delivery *d = mem_alloc(sizeof *d);

    if (s->n >= HOOKS_QUEUE)
        lose_oldest(h, lane);
    if (s->queue == NULL || m->due > s->last_due)
        s->last_due = m->due;
    *d = (struct delivery){.message = message_ref(m), .lane = lane, .due = s->last_due};
    while (*at != NULL)
        at = &(*at)->next;
    *at = d;
    s->n++;
}

static void
fan_out(struct hooks *h, struct message *m)
{
    size_t lane;
    long long i;

    for (lane = 0; lane < HOOKS_SUBSCRIBERS; lane++)
        for (i = 0; i < m->copies && h->subs[lane].url != NULL; i++)
            enqueue(h, lane, m);
}

/* From the gather into the queues; lowers *DUE to when to do it again. */
static void
pump(struct hooks *h, int64_t now, int64_t *due)
{
    struct message *m;

    while ((m = gather_take(&h->gather, now, h->flushing, due)) != NULL) {
        past_add(&h->past, m);
        if (m->lost)
            conclude(h, m, NULL, 0, 0);
        else
            fan_out(h, m);
        message_unref(m);
    }
    if (gather_held(&h->gather) == 0 && h->stop_at == INT64_MAX)
        h->flushing = false;
}

/* ---- subscribers ---- */

static bool
url_ok(const char *url)
{
    size_t i;

    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return false;
    for (i = 0; url[i] != '\0'; i++)
        if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] >= 0x7f)
            return false;
    return i > 8 && i <= HOOKS_URL;
}

static int
check_urls(const char *const *urls, size_t n, struct err *err)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (i < HOOKS_SUBSCRIBERS && url_ok(urls[i]))
            continue;
        err_set(err, ERR_RUN, ERR_NEVER, "bad-webhook",
                i < HOOKS_SUBSCRIBERS ? "a webhook goes to an http:// or https:// URL"
                                      : "there are too many webhooks");
        return err_exit(err, EXIT_USAGE);
    }
    return 0;
}

int
hooks_subscribe(struct hooks *h, const char *const *urls, size_t n, struct err *err)
{
    size_t i;
    LOCKED(h);

    if (check_urls(urls, n, err) != 0)
        return -1;
    for (i = 0; i < HOOKS_SUBSCRIBERS; i++) {
        if (i >= n)
            empty(h, i, true);
        free(h->subs[i].url);
        h->subs[i].url = i < n ? mem_text(urls[i]) : NULL;
    }
    wake(h);
    return 0;
}

bool
hooks_wanted(struct hooks *h)
{
    LOCKED(h);

    return h->subs[0].url != NULL;
}

void
hooks_account(struct hooks *h, const char *account)
{
    struct buf text = BUF_INIT;
    json_t *value = json_string(account);
    LOCKED(h);

    jtext_add(&text, value);
    json_decref(value);
    free(h->gather.account);
    h->gather.account = buf_take(&text);
}

void
hooks_time(struct hooks *h, const struct timeline *t)
{
    LOCKED(h);

    h->time = *t;
}

int64_t
hooks_sim_now(struct hooks *h)
{
    LOCKED(h);

    return timeline_now(&h->time);
}

/* ---- in ---- */

void
hooks_push(struct hooks *h, const struct quirks *q, struct events *events, int64_t now)
{
    int64_t due = INT64_MAX;
    size_t i;
    LOCKED(h);

    for (i = 0; i < events->n; i++)
        gather_add(&h->gather, q, events->items[i], now);
    h->counters.events += (long long)events->n;
    free(events->items);
    *events = (struct events){NULL, 0};
    pump(h, now, &due);
    wake(h);
}

long long
hooks_redeliver(struct hooks *h, const char *id, long long since, int64_t now)
{
    struct message *m;
    long long at = 0;
    long long n = 0;
    LOCKED(h);

    while ((m = past_find(&h->past, &at, id, since)) != NULL) {
        m->due = now;
        fan_out(h, m);
        n++;
    }
    wake(h);
    return n;
}

/* ---- questions ---- */

bool
hooks_untried(struct hooks *h, long long first, long long last)
{
    const struct delivery *d;
    size_t i;
    LOCKED(h);

    if (gather_holds(&h->gather, first, last))
        return true;
    for (i = 0; i < HOOKS_SUBSCRIBERS; i++)
        for (d = h->subs[i].queue; d != NULL; d = d->next)
            if (!d->forgotten && d->message->first <= last && d->message->last >= first &&
                (d->attempts == 0 || (d->attempts == 1 && d->flying)))
                return true;
    return false;
}

static size_t
queued(const struct hooks *h)
{
    size_t n = gather_held(&h->gather);
    const struct delivery *d;
    size_t i;

    for (i = 0; i < HOOKS_SUBSCRIBERS; i++)
        for (d = h->subs[i].queue; d != NULL; d = d->next)
            n += !d->forgotten;
    return n;
}

size_t
hooks_queued(struct hooks *h)
{
    LOCKED(h);

    return queued(h);
}

void
hooks_flush(struct hooks *h)
{
    LOCKED(h);

    h->flushing = true;
    wake(h);
}

void
hooks_drop(struct hooks *h)
{
    size_t i;
    LOCKED(h);

    gather_drop(&h->gather);
    for (i = 0; i < HOOKS_SUBSCRIBERS; i++)
        empty(h, i, false);
    past_forget(&h->past);
}

struct hook_counters
hooks_get_counters(struct hooks *h)
{
    LOCKED(h);

    return h->counters;
}

void
hooks_set_counters(struct hooks *h, struct hook_counters counters)
{
    LOCKED(h);

    h->counters = counters;
}

/* ---- out ---- */

static void
sooner(int64_t *due, int64_t at)
{
    if (at < *due)
        *due = at;
}

static int64_t
due_of(const struct hooks *h, const struct delivery *d)
{
    return h->stop_at != INT64_MAX && d->attempts == 0 ? 0 : d->due;
}

/* The first of a subscriber that may be sent now. */
static struct delivery *
pick(const struct hooks *h, const struct subscriber *s, int64_t now, int64_t *due)
{
    struct delivery *found = NULL;
    struct delivery *d;

    for (d = s->queue; d != NULL; d = d->next) {
        if (d->flying)
            return NULL;
        if (found == NULL && due_of(h, d) <= now)
            found = d;
        else
            sooner(due, due_of(h, d));
    }
    return s->url != NULL ? found : NULL;
}

struct delivery *
hooks_next(struct hooks *h, int64_t now, int *wait)
{
    int64_t due = INT64_MAX;
    size_t i;
    LOCKED(h);

    sooner(&due, h->stop_at);
    pump(h, now, &due);
    for (i = 0; i < HOOKS_SUBSCRIBERS; i++) {
        struct delivery *d = pick(h, &h->subs[i], now, &due);

        if (d == NULL)
            continue;
        d->flying = true;
        free(d->url);
        d->url = mem_text(h->subs[i].url);
        h->counters.sent++;
        h->counters.retried += d->attempts++ > 0;
        return d;
    }
    *wait = due <= now ? 0 : due - now > 60000 ? 60000 : (int)(due - now);
    return NULL;
}

void
hooks_done(struct hooks *h, struct delivery *d, int status, int64_t now)
{
    bool ok = status / 100 == 2;
    bool over;
    LOCKED(h);

    d->flying = false;
    if (!d->forgotten) {
        h->counters.ok += ok;
        h->counters.refused += status > 0 && !ok;
        h->counters.unreached += status == 0;
    }
    over = ok || d->forgotten || d->message->once || d->attempts > HOOKS_RETRIES;
    if (over && !d->forgotten)
        conclude(h, d->message, d->url, d->attempts, status);
    if (over) {
        unlink_delivery(h, d);
        free_delivery(d);
    } else {
        d->due = now + retry_ms[d->attempts - 1];
    }
    tell(h);
}

void
hooks_cancel(struct hooks *h, struct delivery *d)
{
    LOCKED(h);

    d->flying = false;
}

void
hooks_stop(struct hooks *h, int64_t stop_at)
{
    LOCKED(h);

    h->stop_at = stop_at;
    h->flushing = true;
    wake(h);
}

bool
hooks_stopped(struct hooks *h, int64_t now)
{
    LOCKED(h);

    return h->stop_at != INT64_MAX && (now >= h->stop_at || queued(h) == 0);
}

long long
hooks_give_up(struct hooks *h)
{
    long long n = 0;
    size_t i;
    LOCKED(h);

    for (i = 0; i < HOOKS_SUBSCRIBERS; i++)
        n += empty(h, i, true);
    return n + (long long)gather_held(&h->gather);
}

/* ---- what people see ---- */

json_t *
hooks_counters(struct hooks *h)
{
    struct hook_counters c = hooks_get_counters(h);

    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "events", (json_int_t)c.events, "sent",
                     (json_int_t)c.sent, "ok", (json_int_t)c.ok, "refused", (json_int_t)c.refused,
                     "unreached", (json_int_t)c.unreached, "retried", (json_int_t)c.retried, "lost",
                     (json_int_t)c.lost);
}

static json_t *
queue_value(const struct hooks *h)
{
    json_t *list = json_array();
    const struct delivery *d;
    size_t i;

    for (i = 0; i < HOOKS_SUBSCRIBERS; i++)
        for (d = h->subs[i].queue; d != NULL; d = d->next)
            if (!d->forgotten)
                json_array_append_new(
                    list, json_pack("{s:s,s:s,s:i,s:b,s:o}", "id", d->message->id, "url",
                                    h->subs[i].url, "attempts", d->attempts, "flying", d->flying,
                                    "events", past_event_ids(d->message->first, d->message->last)));
    return list;
}

json_t *
hooks_urls(struct hooks *h)
{
    json_t *urls = json_array();
    size_t i;
    LOCKED(h);

    for (i = 0; i < HOOKS_SUBSCRIBERS && h->subs[i].url != NULL; i++)
        json_array_append_new(urls, json_string(h->subs[i].url));
    return urls;
}

json_t *
hooks_list(struct hooks *h)
{
    json_t *urls = hooks_urls(h);
    LOCKED(h);

    return json_pack("{s:o,s:I,s:o,s:o,s:o}", "urls", urls, "held",
                     (json_int_t)gather_held(&h->gather), "queued", queue_value(h), "delivered",
                     past_outcomes(&h->past, true), "failed", past_outcomes(&h->past, false));
}

void
hooks_release(struct hooks *h)
{
    size_t i;

    hooks_drop(h);
    for (i = 0; i < HOOKS_SUBSCRIBERS; i++)
        free(h->subs[i].url);
    past_release(&h->past);
    gather_release(&h->gather);
    sign_release(&h->sign);
    close(h->news);
    pthread_mutex_destroy(&h->lock);
}
