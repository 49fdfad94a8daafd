#include <config.h>

#include "diff/cache.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "json/val.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
    BUCKETS = 1024,
    WARN_AGAIN_MS = 600000,
    LOOK_MS = 250 /* a wait at most, once it is late */
};

struct entry {
    struct entry *next; /* owned by the arena */
    const char *key;
    const struct conf_system *system; /* asked of; NULL: the file */
    bool asked, answered;
    struct cache_answer answer;
};

/* A call under way. It may outlive the batch that asked. */
struct call {
    LIST_ENTRY(call) list;
    struct cache *cache;
    struct entry *entry; /* NULL: nobody waits for the answer any more */
};

struct cache {
    const struct conf *conf;
    const struct meter *meter;
    const struct token_store *tokens;
    struct http *http;           /* owned; NULL until the first call */
    struct provider **providers; /* owned; [n_systems], NULL until used */
    int64_t *warned_at;  /* owned; [n_systems], boot clock: said that it cannot be read; 0 never */
    struct arena *arena; /* this batch */
    struct entry *buckets[BUCKETS];
    struct current *current; /* owned; NULL without --current */
    LIST_HEAD(, call) calls; /* owned */
    size_t open;             /* calls that this batch waits for */
    int64_t waits_since;     /* boot clock; while open > 0 */
};

struct cache *
cache_new(const struct conf *conf, const struct meter *meter)
{
    struct cache *c = mem_alloc(sizeof *c);

    c->conf = conf;
    c->meter = meter;
    c->arena = arena_new();
    if (conf != NULL) {
        c->providers = mem_alloc(conf->n_systems * sizeof(struct provider *));
        c->warned_at = mem_alloc(conf->n_systems * sizeof *c->warned_at);
    }
    return c;
}

void
cache_tokens(struct cache *c, const struct token_store *tokens)
{
    c->tokens = tokens;
}

int
cache_load(struct cache *c, const char *file, struct err *err)
{
    c->current = current_load(file, err);
    return c->current != NULL ? 0 : -1;
}

struct current *
cache_current(struct cache *c)
{
    return c->current;
}

static struct entry *
entry(struct cache *c, const char *key)
{
    struct entry *e;
    size_t h = 5381;
    const char *p;

    for (p = key; *p != '\0'; p++)
        h = h * 33 + (unsigned char)*p;
    for (e = c->buckets[h % BUCKETS]; e != NULL; e = e->next)
        if (strcmp(e->key, key) == 0)
            return e;
    e = arena_alloc(c->arena, sizeof *e);
    e->key = key;
    e->next = c->buckets[h % BUCKETS];
    c->buckets[h % BUCKETS] = e;
    return e;
}

static const struct provider_record *
copy_records(struct arena *a, const struct provider_record *from, size_t n)
{
    struct provider_record *to = arena_alloc(a, n * sizeof *to);
    size_t i;

    for (i = 0; i < n; i++)
        to[i] = (struct provider_record){
            .id = arena_text(a, from[i].id),
            .fields = val_copy(a, from[i].fields),
            .external_id = arena_text(a, from[i].external_id),
            .version = arena_text(a, from[i].version),
            .etag = arena_text(a, from[i].etag),
            .changed_at = from[i].changed_at,
        };
    return to;
}

/* Said now and then, not for each event: they wait in the inbox, one by one and without a word. */
static void
warn_unreadable(struct cache *c, const struct conf_system *system, const char *text)
{
    size_t i = (size_t)(system - c->conf->systems);

    if (c->warned_at[i] != 0 && clock_boot() - c->warned_at[i] < WARN_AGAIN_MS)
        return;
    log_warn("%s cannot be read now, what needs it waits: %s", system->name, text);
    c->warned_at[i] = clock_boot();
}

static struct call *
call_new(struct cache *c, struct entry *e, const struct conf_system *system)
{
    struct call *call = mem_alloc(sizeof *call);

    e->system = system;
    *call = (struct call){.cache = c, .entry = e};
    LIST_INSERT_HEAD(&c->calls, call, list);
    if (c->open++ == 0)
        c->waits_since = clock_boot();
    return call;
}

static void
call_end(struct call *call)
{
    if (call->entry != NULL)
        call->cache->open--;
    LIST_REMOVE(call, list);
    free(call);
}

static void
take_answer(struct cache *c, struct entry *e, const struct provider_answer *answer)
{
    struct arena *a = c->arena;

    e->answered = true;
    if (answer->outcome != PROVIDER_OK && answer->outcome != PROVIDER_GONE)
        warn_unreadable(c, e->system, answer->text != NULL ? answer->text : "no answer");
    e->answer = (struct cache_answer){
        .outcome = answer->outcome,
        .code = arena_text(a, answer->code),
        .text = arena_text(a, answer->text),
        .not_before = answer->not_before,
        .records = copy_records(a, answer->records, answer->n_records),
        .n_records = answer->n_records,
    };
}

static void
answered(void *user, const struct provider_answer *answer)
{
    struct call *call = user;

    if (call->entry != NULL)
        take_answer(call->cache, call->entry, answer);
    call_end(call);
}

void
cache_give_up(struct cache *c)
{
    static const struct provider_answer late = {
        .outcome = PROVIDER_LOST, .code = "slow", .text = "no answer yet, others wait"};
    struct call *call;

    LIST_FOREACH(call, &c->calls, list)
    {
        if (call->entry == NULL)
            continue;
        take_answer(c, call->entry, &late);
        call->entry = NULL;
    }
    c->open = 0;
}

static struct provider *
provider_of(struct cache *c, const struct conf_system *system)
{
    size_t i = (size_t)(system - c->conf->systems);

    if (c->http == NULL)
        c->http = http_new();
    if (c->providers[i] == NULL) {
        c->providers[i] = provider_new(system, c->http);
        provider_meter(c->providers[i], c->meter);
        provider_tokens(c->providers[i], c->tokens);
    }
    return c->providers[i];
}

static const struct cache_answer *
from_file(struct cache *c, struct entry *e, const char *system, const char *resource,
          const char *id)
{
    const struct provider_record *r = current_get(c->current, system, resource, id);

    e->answered = true;
    e->answer = r == NULL
                    ? (struct cache_answer){.outcome = PROVIDER_GONE, .code = "gone"}
                    : (struct cache_answer){.outcome = PROVIDER_OK, .records = r, .n_records = 1};
    return &e->answer;
}

static struct entry *
entry_of(struct cache *c, const struct conf_system *system, const struct resource_def *def,
         const char *id)
{
    return entry(c, arena_printf(c->arena, "get\n%s\n%s\n%s", system->name, def->resource, id));
}

const struct cache_answer *
cache_known(struct cache *c, const struct conf_system *system, const struct resource_def *def,
            const char *id)
{
    const struct entry *e = entry_of(c, system, def, id);

    return e->answered ? &e->answer : NULL;
}

const struct cache_answer *
cache_get(struct cache *c, const struct conf_system *system, const struct resource_def *def,
          const char *id)
{
    struct entry *e = entry_of(c, system, def, id);

    if (e->asked)
        return e->answered ? &e->answer : NULL;
    e->asked = true;
    if (c->current != NULL)
        return from_file(c, e, system->name, def->resource, id);
    provider_get(provider_of(c, system), def, id, answered, call_new(c, e, system));
    return e->answered ? &e->answer : NULL;
}

const struct cache_answer *
cache_find(struct cache *c, const struct conf_system *system, const struct resource_def *def,
           const char *field, const char *value)
{
    struct entry *e = entry(c, arena_printf(c->arena, "find\n%s\n%s\n%s\n%s", system->name,
                                            def->resource, field, value));

    if (e->asked)
        return e->answered ? &e->answer : NULL;
    e->asked = true;
    provider_find(provider_of(c, system), def, field, value, answered, call_new(c, e, system));
    return e->answered ? &e->answer : NULL;
}

bool
cache_is_late(const struct cache *c)
{
    return c->open > 0 && clock_boot() - c->waits_since >= CACHE_PATIENCE_MS;
}

int
cache_wait(struct cache *c, struct err *err)
{
    while (c->open > 0) {
        if (http_poll(c->http, -1, LOOK_MS, NULL, err) < 0)
            return -1;
        if (cache_is_late(c))
            break;
    }
    return 0;
}

long
cache_calls(const struct cache *c)
{
    long calls = 0;
    size_t i;

    for (i = 0; c->conf != NULL && i < c->conf->n_systems; i++)
        if (c->providers[i] != NULL)
            calls += provider_calls(c->providers[i]);
    return calls;
}

void
cache_flush(struct cache *c)
{
    for (size_t i = 0; c->conf != NULL && i < c->conf->n_systems; i++)
        provider_flush(c->providers[i]);
}

void
cache_reset(struct cache *c)
{
    struct call *call;

    LIST_FOREACH(call, &c->calls, list)
    {
        call->entry = NULL;
    }
    c->open = 0;
    memset(c->buckets, 0, sizeof c->buckets);
    arena_reset(c->arena);
}

void
cache_free(struct cache *c)
{
    size_t i;

    while (!LIST_EMPTY(&c->calls))
        call_end(LIST_FIRST(&c->calls));
    http_free(c->http);
    for (i = 0; c->conf != NULL && i < c->conf->n_systems; i++)
        provider_free(c->providers[i]);
    free(c->providers);
    free(c->warned_at);
    arena_free(c->arena);
    current_free(c->current);
    free(c);
}
