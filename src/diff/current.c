#include <config.h>

#include "diff/current.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "json/ndjson.h"
#include "stream/event.h"
#include "sync/match.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_RECORDS = 1000000, MIN_SLOTS = 64, NONE = -1 };

/* Rows of (text, record), found by their text; the newest first. */
struct index {
    struct row {
        const char *text; /* owned by the file's arena */
        int record, next;
    } * rows;   /* owned */
    int *slots; /* owned; [n_slots], a power of two */
    size_t n, n_slots;
};

/* Records of one system and resource. */
struct list {
    struct list *next;
    const char *system, *resource;
    struct provider_record *records; /* owned */
    size_t n;
    struct index by_id, by_key;
    bool keyed;
};

struct current {
    struct arena *arena; /* owned */
    struct list *lists;  /* owned by the arena, but for what they own */
    size_t total;
};

static size_t
slot_of(const struct index *x, const char *text)
{
    size_t h = 5381;

    for (; *text != '\0'; text++)
        h = h * 33 + (unsigned char)*text;
    return h & (x->n_slots - 1);
}

static void
hang(struct index *x, size_t row)
{
    size_t slot = slot_of(x, x->rows[row].text);

    x->rows[row].next = x->slots[slot];
    x->slots[slot] = (int)row;
}

static void
index_add(struct index *x, const char *text, size_t record)
{
    size_t i;

    if (x->n >= x->n_slots) {
        x->n_slots = x->n_slots > 0 ? x->n_slots * 2 : MIN_SLOTS;
        x->slots = mem_resize(x->slots, x->n_slots, sizeof *x->slots);
        x->rows = mem_resize(x->rows, x->n_slots, sizeof *x->rows);
        for (i = 0; i < x->n_slots; i++)
            x->slots[i] = NONE;
        for (i = 0; i < x->n; i++)
            hang(x, i);
    }
    x->rows[x->n] = (struct row){text, (int)record, NONE};
    hang(x, x->n++);
}

/* The first row of TEXT from row AT on, NONE. */
static int
find_row(const struct index *x, int at, const char *text)
{
    while (at != NONE && strcmp(x->rows[at].text, text) != 0)
        at = x->rows[at].next;
    return at;
}

static int
first_row(const struct index *x, const char *text)
{
    return x->n == 0 ? NONE : find_row(x, x->slots[slot_of(x, text)], text);
}

static struct list *
find_list(const struct current *c, const char *system, const char *resource)
{
    struct list *l;

    for (l = c->lists; l != NULL; l = l->next)
        if (strcmp(l->system, system) == 0 && strcmp(l->resource, resource) == 0)
            return l;
    return NULL;
}

static struct list *
need_list(struct current *c, const char *system, const char *resource)
{
    struct list *l = find_list(c, system, resource);

    if (l != NULL)
        return l;
    l = arena_alloc(c->arena, sizeof *l);
    *l = (struct list){.next = c->lists,
                       .system = arena_text(c->arena, system),
                       .resource = arena_text(c->arena, resource)};
    c->lists = l;
    return l;
}

static int
load_line(struct current *c, const char *line, size_t len, struct err *err)
{
    struct provider_record *r;
    struct event e;
    struct list *l;

    if (event_is_control(line, len))
        return 0;
    if (event_parse(c->arena, line, len, &e, err) != 0)
        return -1;
    if (e.fields == NULL)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-event", "a record without fields");
    if (++c->total > MAX_RECORDS)
        return err_set(err, ERR_RUN, ERR_NEVER, "too-many", "over %d records", (int)MAX_RECORDS);
    l = need_list(c, e.system, e.resource);
    l->records = mem_resize(l->records, l->n + 1, sizeof *l->records);
    r = &l->records[l->n];
    *r = (struct provider_record){.id = e.record_id, .fields = e.fields, .version = e.version};
    if (e.occurred_at != NULL && clock_parse(e.occurred_at, &r->changed_at, NULL) != 0)
        r->changed_at = 0;
    index_add(&l->by_id, r->id, l->n++);
    return 0;
}

static int
load_lines(struct current *c, int fd, const char *file, struct err *err)
{
    struct ndjson_reader *reader = ndjson_open(fd, file);
    const char *line;
    size_t len;
    int r;

    while ((r = ndjson_next(reader, &line, &len, err)) > 0)
        if (load_line(c, line, len, err) != 0) {
            r = -1;
            break;
        }
    if (r < 0) {
        err_wrap(err, "%s: line %ld", file, ndjson_line(reader));
        err_exit(err, err->status == EXIT_IO ? EXIT_IO : EXIT_INPUT);
    }
    ndjson_close(reader);
    return r;
}

struct current *
current_load(const char *file, struct err *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC), r;
    struct current *c;

    if (fd < 0) {
        err_errno(err, "%s", file);
        return NULL;
    }
    c = mem_alloc(sizeof *c);
    c->arena = arena_new();
    r = load_lines(c, fd, file, err);
    close(fd);
    if (r == 0)
        return c;
    current_free(c);
    return NULL;
}

const struct provider_record *
current_get(const struct current *c, const char *system, const char *resource, const char *id)
{
    const struct list *l = find_list(c, system, resource);
    int row = l != NULL ? first_row(&l->by_id, id) : NONE;

    return row == NONE ? NULL : &l->records[l->by_id.rows[row].record];
}

/* Is there no later line of the record? */
static bool
is_last(const struct list *l, int record)
{
    return l->by_id.rows[first_row(&l->by_id, l->records[record].id)].record == record;
}

static void
take_keys(struct current *c, struct list *l, const struct conf_sync *sync, size_t i)
{
    struct match_keys keys;
    size_t n, k;

    l->keyed = true;
    for (n = 0; n < l->n; n++) {
        match_keys(c->arena, sync, i, l->records[n].fields, &keys);
        for (k = 0; k < keys.n; k++)
            index_add(&l->by_key, keys.hashes[k], n);
    }
}

static bool
is_among(const struct provider_record *const *list, size_t n, const struct provider_record *r)
{
    while (n > 0 && list[n - 1] != r)
        n--;
    return n > 0;
}

size_t
current_match(struct current *c, const struct conf_sync *sync, size_t from,
              const struct val *nominated, size_t i, const struct provider_record **out, size_t max)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct list *l = find_list(c, sync->between[i]->name, sync->resource);
    struct match_keys keys;
    size_t k, n = 0;
    int row;

    if (l == NULL)
        return 0;
    if (!l->keyed)
        take_keys(c, l, sync, i);
    match_keys(a, sync, from, nominated, &keys);
    for (k = 0; k < keys.n; k++)
        for (row = first_row(&l->by_key, keys.hashes[k]); row != NONE && n < max;
             row = find_row(&l->by_key, l->by_key.rows[row].next, keys.hashes[k])) {
            const struct provider_record *r = &l->records[l->by_key.rows[row].record];

            if (is_last(l, l->by_key.rows[row].record) && !is_among(out, n, r) &&
                match_confirms(a, sync, from, nominated, i, r->fields))
                out[n++] = r;
        }
    return n;
}

const char *
current_other_system(const struct current *c, const char *resource, const char *system)
{
    struct list *l;

    for (l = c->lists; l != NULL; l = l->next)
        if (strcmp(l->resource, resource) == 0 && strcmp(l->system, system) != 0)
            return l->system;
    return NULL;
}

void
current_free(struct current *c)
{
    struct list *l;

    if (c == NULL)
        return;
    for (l = c->lists; l != NULL; l = l->next) {
        free(l->records);
        free(l->by_id.rows);
        free(l->by_id.slots);
        free(l->by_key.rows);
        free(l->by_key.slots);
    }
    arena_free(c->arena);
    free(c);
}
