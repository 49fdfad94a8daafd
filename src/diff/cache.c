#include <config.h>

#include "diff/cache.h"
#include "base/clock.h"
#include "base/mem.h"
#include "json/ndjson.h"
#include "json/val.h"
#include "stream/event.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUCKETS = 1024, MAX_FILE_RECORDS = 1000000 };

struct entry {
    struct entry *next; /* owned by the arena */
    const char *key;
    struct cache *cache;
    bool asked, answered;
    struct cache_answer answer;
};

/* Records of --current, by system and resource. */
struct file_list {
    struct file_list *next;
    const char *system, *resource;
    struct provider_record *records; /* owned */
    size_t n;
    struct cache_answer answer;
};

struct cache {
    const struct conf *conf;
    struct http *http;           /* owned; NULL until the first call */
    struct provider **providers; /* owned; [n_systems], NULL until used */
    struct arena *arena;         /* this batch */
    struct entry *buckets[BUCKETS];
    bool from_file;
    struct arena *file_arena; /* owned */
    struct file_list *files;
};

struct cache *
cache_new(const struct conf *conf)
{
    struct cache *c = mem_alloc(sizeof *c);

    c->conf = conf;
    c->arena = arena_new();
    if (conf != NULL)
        c->providers = mem_alloc(conf->n_systems * sizeof(struct provider *));
    return c;
}

static struct file_list *
file_list(struct cache *c, const char *system, const char *resource, bool make)
{
    struct file_list *f;

    for (f = c->files; f != NULL; f = f->next)
        if (strcmp(f->system, system) == 0 && strcmp(f->resource, resource) == 0)
            return f;
    if (!make)
        return NULL;
    f = arena_alloc(c->file_arena, sizeof *f);
    f->system = arena_text(c->file_arena, system);
    f->resource = arena_text(c->file_arena, resource);
    f->next = c->files;
    c->files = f;
    return f;
}

static int
load_line(struct cache *c, const char *line, size_t len, size_t *total, struct err *err)
{
    struct provider_record *r;
    struct file_list *f;
    struct event e;

    if (event_is_control(line, len))
        return 0;
    if (event_parse(c->file_arena, line, len, &e, err) != 0)
        return -1;
    if (e.fields == NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-event", "a record without fields");
    if (++*total > MAX_FILE_RECORDS)
        return err_set(err, ERR_RUN, ERR_NEVER, "too-many", "over %d records",
                       (int)MAX_FILE_RECORDS);
    f = file_list(c, e.system, e.resource, true);
    f->records = mem_resize(f->records, f->n + 1, sizeof *f->records);
    r = &f->records[f->n++];
    *r = (struct provider_record){.id = e.record_id, .fields = e.fields, .version = e.version};
    if (e.occurred_at != NULL && clock_parse(e.occurred_at, &r->changed_at, NULL) != 0)
        r->changed_at = 0;
    return 0;
}

int
cache_load(struct cache *c, const char *file, struct err *err)
{
    struct ndjson_reader *reader;
    struct file_list *f;
    const char *line;
    size_t len, total = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    int r;

    if (fd < 0)
        return err_errno(err, "%s", file);
    c->from_file = true;
    c->file_arena = arena_new();
    reader = ndjson_open(fd, file);
    while ((r = ndjson_next(reader, &line, &len, err)) > 0)
        if (load_line(c, line, len, &total, err) != 0) {
            r = -1;
            break;
        }
    if (r < 0) {
        err_wrap(err, "%s: line %ld", file, ndjson_line(reader));
        err_exit(err, err->status == EXIT_IO ? EXIT_IO : EXIT_INPUT);
    }
    ndjson_close(reader);
    close(fd);
    for (f = c->files; f != NULL; f = f->next)
        f->answer =
            (struct cache_answer){.outcome = PROVIDER_OK, .records = f->records, .n_records = f->n};
    return r < 0 ? -1 : 0;
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
    e->cache = c;
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

static void
answered(void *user, const struct provider_answer *answer)
{
    struct entry *e = user;
    struct arena *a = e->cache->arena;

    e->answered = true;
    e->answer = (struct cache_answer){
        .outcome = answer->outcome,
        .code = arena_text(a, answer->code),
        .text = arena_text(a, answer->text),
        .not_before = answer->not_before,
        .records = copy_records(a, answer->records, answer->n_records),
        .n_records = answer->n_records,
    };
}

static struct provider *
provider_of(struct cache *c, const struct conf_system *system)
{
    size_t i = (size_t)(system - c->conf->systems);

    if (c->http == NULL)
        c->http = http_new();
    if (c->providers[i] == NULL)
        c->providers[i] = provider_new(system, c->http);
    return c->providers[i];
}

static const struct cache_answer *
from_file(struct cache *c, struct entry *e, const char *system, const char *resource,
          const char *id)
{
    struct file_list *f = file_list(c, system, resource, false);
    size_t i;

    e->answered = true;
    e->answer = (struct cache_answer){.outcome = PROVIDER_GONE, .code = "gone"};
    for (i = 0; f != NULL && i < f->n; i++)
        if (strcmp(f->records[i].id, id) == 0)
            e->answer = (struct cache_answer){
                .outcome = PROVIDER_OK, .records = &f->records[i], .n_records = 1};
    return &e->answer;
}

const struct cache_answer *
cache_get(struct cache *c, const struct conf_system *system, const struct resource_def *def,
          const char *id)
{
    struct entry *e =
        entry(c, arena_printf(c->arena, "get\n%s\n%s\n%s", system->name, def->resource, id));

    if (e->asked)
        return e->answered ? &e->answer : NULL;
    e->asked = true;
    if (c->from_file)
        return from_file(c, e, system->name, def->resource, id);
    provider_get(provider_of(c, system), def, id, answered, e);
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
    if (c->from_file) {
        e->answered = true;
        e->answer = (struct cache_answer){.outcome = PROVIDER_OK};
        return &e->answer;
    }
    provider_find(provider_of(c, system), def, field, value, answered, e);
    return e->answered ? &e->answer : NULL;
}

const struct cache_answer *
cache_all(struct cache *c, const char *system, const char *resource)
{
    struct file_list *f = file_list(c, system, resource, false);

    return f != NULL ? &f->answer : NULL;
}

const char *
cache_other_system(struct cache *c, const char *resource, const char *system)
{
    struct file_list *f;

    for (f = c->files; f != NULL; f = f->next)
        if (strcmp(f->resource, resource) == 0 && strcmp(f->system, system) != 0)
            return f->system;
    return NULL;
}

int
cache_wait(struct cache *c, struct err *err)
{
    return c->http != NULL ? http_run(c->http, err) : 0;
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
cache_reset(struct cache *c)
{
    memset(c->buckets, 0, sizeof c->buckets);
    arena_reset(c->arena);
}

void
cache_free(struct cache *c)
{
    struct file_list *f;
    size_t i;

    http_free(c->http);
    for (i = 0; c->conf != NULL && i < c->conf->n_systems; i++)
        provider_free(c->providers[i]);
    for (f = c->files; f != NULL; f = f->next)
        free(f->records);
    free(c->providers);
    arena_free(c->arena);
    arena_free(c->file_arena);
    free(c);
}
