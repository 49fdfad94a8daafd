#include <config.h>

#include "cmd/meter.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/account.h"
#include "store/pause.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 200 };

struct meter_store {
    struct store *store;     /* owned; NULL: there is none */
    const struct conf *conf; /* borrowed */
    struct meter meter;
};

/* ---- Buckets ---- */

struct turn {
    bucket_turn *fn;
    void *arg;
};

static enum bucket_name
named(const char *name)
{
    int i = 0;

    while (i < BUCKET_COUNT && strcmp(bucket_name((enum bucket_name)i), name) != 0)
        i++;
    return (enum bucket_name)i;
}

static void
keep(const struct bucket_set *set, struct store_bucket *rows, size_t *n)
{
    for (int i = 0; i < BUCKET_COUNT; i++) {
        const struct bucket *b = &set->b[i];
        size_t at = 0;

        while (at < *n && strcmp(rows[at].name, bucket_name((enum bucket_name)i)) != 0)
            at++;
        if (!b->known || !b->changed || at == STORE_BUCKETS)
            continue;
        if (at == *n)
            ++*n;
        snprintf(rows[at].name, sizeof rows[at].name, "%s", bucket_name((enum bucket_name)i));
        rows[at].tokens = b->tokens;
        rows[at].refilled_at = b->refilled_at;
        rows[at].closed_until = b->closed_until;
    }
}

static bool
on_buckets(struct store_bucket *rows, size_t *n, void *user)
{
    const struct turn *t = user;
    struct bucket_set set = {0};

    for (size_t i = 0; i < *n; i++) {
        enum bucket_name name = named(rows[i].name);

        if (name < BUCKET_COUNT)
            set.b[name] = (struct bucket){.known = true,
                                          .tokens = rows[i].tokens,
                                          .refilled_at = rows[i].refilled_at,
                                          .closed_until = rows[i].closed_until};
    }
    t->fn(&set, t->arg);
    keep(&set, rows, n);
    return true;
}

/* Locked is no news: it is asked again. */
static int
say_failed(const struct err *err)
{
    if (strcmp(err->code, "locked") != 0)
        log_verbose("limits are not shared now: %s", err->text);
    return -1;
}

static int
take_turn(void *user, const struct conf_system *s, bucket_turn *fn, void *arg)
{
    struct meter_store *m = user;
    struct turn t = {fn, arg};
    struct err err = ERR_INIT;

    if (store_buckets_turn(m->store, s->name, s->account, on_buckets, &t, &err) == 0)
        return 0;
    return say_failed(&err);
}

static int
look(void *user, const struct conf_system *s, bucket_turn *fn, void *arg)
{
    struct meter_store *m = user;
    struct turn t = {fn, arg};
    struct err err = ERR_INIT;

    if (store_buckets_look(m->store, s->name, s->account, on_buckets, &t, &err) == 0)
        return 0;
    return say_failed(&err);
}

static void
say(void *user, const struct conf_system *s, const char *text)
{
    (void)user;
    log_warn("%s (account %s): %s", s->name, s->account, text);
}

/* ---- Counters ---- */

/* Is a first load of the system under way, or is it paused already? 1, 0, -1. */
static int
is_excused(struct meter_store *m, const struct conf_system *s, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct store_pause *pauses;
    int n = store_pauses(m->store, a, clock_now(), &pauses, err);

    for (int i = 0; i < n; i++)
        if ((strcmp(pauses[i].scope, "all") == 0 || strcmp(pauses[i].scope, "account") == 0) &&
            store_pause_matches(&pauses[i], s->name, s->account, NULL, NULL, NULL))
            return 1;
    for (size_t i = 0; n >= 0 && i < m->conf->n_syncs; i++) {
        const struct conf_sync *sync = &m->conf->syncs[i];
        int rc = sync_index(sync, s->name) < 0
                     ? 0
                     : store_is_loading(m->store, m->conf, sync->resource, err);

        if (rc != 0)
            return rc;
    }
    return n < 0 ? -1 : 0;
}

/* An account that gets far more calls than ever is paused: something goes round in circles. */
static int
check_burst(struct meter_store *m, const struct conf_system *s, struct err *err)
{
    CLEANUP_BUF struct buf why = BUF_INIT;
    int64_t calls, median;
    int rc = store_calls_burst(m->store, s->name, s->account, m->conf->breaker_calls, clock_now(),
                               &calls, &median, err);

    if (rc != 1)
        return rc;
    rc = is_excused(m, s, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    buf_printf(&why, "breaker: %" PRId64 " calls in an hour, usually %" PRId64, calls, median);
    if (store_pause_add(m->store,
                        &(struct store_pause){.scope = "account",
                                              .system = s->name,
                                              .account = s->account,
                                              .reason = buf_get(&why),
                                              .by = STORE_CALLS_PAUSE},
                        clock_now(), err) < 0)
        return -1;
    log_error("incident: %s (account %s): %" PRId64 " calls in an hour, usually %" PRId64
              "; the account is paused",
              s->name, s->account, calls, median);
    log_error("resume with: sync-ctl resume %s", s->name);
    return 0;
}

static int
count(void *user, const struct conf_system *s, const struct call_counts *c)
{
    struct meter_store *m = user;
    const struct store_metric metrics[] = {
        {.name = STORE_CALLS, .value = c->calls},
        {.name = "http retries", .value = c->retries},
        {.name = "http limits", .value = c->limits},
        {.name = "http errors connect", .value = c->errors[ERROR_CONNECT]},
        {.name = "http errors timeout", .value = c->errors[ERROR_TIMEOUT]},
        {.name = "http errors lost", .value = c->errors[ERROR_LOST]},
        {.name = "http errors 4xx", .value = c->errors[ERROR_4XX]},
        {.name = "http errors 5xx", .value = c->errors[ERROR_5XX]},
        {.name = "http ms", .value = c->latency_ms},
        {.name = "http ms max", .value = c->latency_max_ms, .longest = true},
        {.name = "http bytes out", .value = c->bytes_out},
        {.name = "http bytes in", .value = c->bytes_in}};
    struct err err = ERR_INIT;

    if (store_metrics_add(m->store, s->name, s->account, metrics,
                          sizeof metrics / sizeof metrics[0], clock_now(), &err) < 0 ||
        (c->calls > 0 && check_burst(m, s, &err) < 0))
        return say_failed(&err);
    return 0;
}

/* ---- The whole ---- */

static struct store *
open_state(const struct opt_common *common, const struct conf *conf, bool *writable)
{
    struct err err = ERR_INIT;
    struct store *store = NULL;

    *writable = false;
    if (conf == NULL || access(conf->state, F_OK) != 0)
        return NULL;
    if (!common->dry_run)
        store = store_open(conf->state, STORE_WRITE, &err);
    *writable = store != NULL;
    if (store == NULL)
        store = store_open(conf->state, STORE_READ, &err);
    if (store != NULL)
        store_patience(store, PATIENCE_MS);
    return store;
}

struct meter_store *
meter_open(const struct opt_common *common, const struct conf *conf, bool person)
{
    struct meter_store *m = mem_alloc(sizeof *m);
    bool writable;

    m->conf = conf;
    m->store = open_state(common, conf, &writable);
    m->meter = (struct meter){.user = m, .person = person, .say = say};
    if (m->store != NULL)
        m->meter.look = look;
    if (writable) {
        m->meter.turn = take_turn;
        m->meter.count = count;
    }
    return m;
}

const struct meter *
meter_of(const struct meter_store *m)
{
    return &m->meter;
}

void
meter_close(struct meter_store *m)
{
    if (m == NULL)
        return;
    store_close(m->store);
    free(m);
}
