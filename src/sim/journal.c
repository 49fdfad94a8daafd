#include <config.h>

#include "sim/journal.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sim/jtext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct journal_entry {
    long long n;
    int64_t time;
    int status;
    bool is_human;
    bool applied;
    bool changed;
    char *method; /* owned, as the next four */
    char *path;
    char *query;
    char *key; /* NULL if none */
    char *body;
    size_t body_len;
};

void
journal_init(struct journal *j)
{
    *j = (struct journal){.next = 1, .first = 1};
    j->ring = mem_alloc(JOURNAL_CALLS * sizeof(struct journal_entry *));
}

static void
free_entry(struct journal_entry *e)
{
    if (e == NULL)
        return;
    free(e->method);
    free(e->path);
    free(e->query);
    free(e->key);
    free(e->body);
    free(e);
}

static void
drop_oldest(struct journal *j)
{
    struct journal_entry **e = &j->ring[j->first++ % JOURNAL_CALLS];

    j->bytes -= (*e)->body_len;
    free_entry(*e);
    *e = NULL;
}

void
journal_add(struct journal *j, const struct call *call, int status, int64_t now)
{
    struct journal_entry *e = mem_alloc(sizeof *e);
    struct buf body = BUF_INIT;

    buf_add(&body, buf_get(&call->body),
            call->body.len < JOURNAL_BODY ? call->body.len : JOURNAL_BODY);
    *e = (struct journal_entry){.n = j->next++,
                                .time = now,
                                .status = status,
                                .is_human = call->is_human,
                                .applied = call->applied,
                                .changed = call->changed,
                                .method = mem_text(call->method),
                                .path = mem_text(call->path),
                                .query = mem_text(call->query),
                                .key = mem_text(call->idempotency_key),
                                .body_len = body.len};
    e->body = buf_take(&body);
    while (e->n - j->first >= JOURNAL_CALLS || (j->bytes > JOURNAL_BYTES && j->first < e->n))
        drop_oldest(j);
    j->bytes += e->body_len;
    j->ring[e->n % JOURNAL_CALLS] = e;
}

static json_t *
text_or_null(const char *text, size_t len)
{
    json_t *value = text != NULL ? json_stringn(text, len) : NULL;

    return value != NULL ? value : json_null();
}

/* As JSON where it is JSON, else as a string, null where there was none. */
static json_t *
body_value(const struct journal_entry *e)
{
    char why[160];
    json_t *value = e->body_len > 0 ? jtext_parse(e->body, e->body_len, why) : json_null();

    return value != NULL ? value : text_or_null(e->body, e->body_len);
}

static json_t *
entry_value(const struct journal_entry *e)
{
    char time[CLOCK_TEXT];
    json_t *out = json_object();

    json_object_set_new(out, "n", json_integer(e->n));
    json_object_set_new(out, "time", json_string(clock_format(e->time, time)));
    json_object_set_new(out, "method", json_string(e->method));
    json_object_set_new(out, "path", text_or_null(e->path, strlen(e->path)));
    json_object_set_new(out, "query", text_or_null(e->query, strlen(e->query)));
    json_object_set_new(out, "actor", json_string(e->is_human ? "human" : "api"));
    json_object_set_new(out, "status", json_integer(e->status));
    json_object_set_new(out, "body", body_value(e));
    json_object_set_new(out, "idempotency_key",
                        text_or_null(e->key, e->key != NULL ? strlen(e->key) : 0));
    json_object_set_new(out, "applied", json_boolean(e->applied));
    json_object_set_new(out, "changed", json_boolean(e->changed));
    return out;
}

json_t *
journal_since(const struct journal *j, long long since)
{
    json_t *list = json_array();
    long long n = since < j->first - 1 ? j->first : since + 1;

    for (; n < j->next; n++)
        json_array_append_new(list, entry_value(j->ring[n % JOURNAL_CALLS]));
    return list;
}

void
journal_count(struct journal *j, const struct call *call, enum journal_kind kind, int status,
              bool refused, bool replayed)
{
    struct counters *c = &j->counters;

    c->calls++;
    c->reads += kind == JOURNAL_READ;
    c->lists += kind == JOURNAL_LIST;
    c->creates += kind == JOURNAL_CREATE && call->applied;
    c->updates += kind == JOURNAL_UPDATE && call->applied;
    c->deletes += kind == JOURNAL_DELETE && call->applied;
    c->noop_updates += kind == JOURNAL_UPDATE && call->applied && !call->changed;
    c->replays += replayed;
    c->refused += refused && !call->applied;
    c->refused_writes +=
        refused && !call->applied && kind != JOURNAL_LIST && strcmp(call->method, "GET") != 0;
    c->dropped += status == 0;
    if (status > 0 && status < 600)
        c->by_status[status]++;
}

json_t *
journal_counters(const struct journal *j)
{
    const struct counters *c = &j->counters;
    const struct {
        const char *name;
        long long n;
    } all[] = {{"calls", c->calls},
               {"reads", c->reads},
               {"lists", c->lists},
               {"creates", c->creates},
               {"updates", c->updates},
               {"deletes", c->deletes},
               {"refused", c->refused},
               {"refused_writes", c->refused_writes},
               {"noop_updates", c->noop_updates},
               {"replays", c->replays},
               {"dropped", c->dropped}};
    json_t *out = json_object();
    json_t *by_status = json_object();
    size_t i;

    for (i = 0; i < sizeof all / sizeof all[0]; i++)
        json_object_set_new(out, all[i].name, json_integer(all[i].n));
    for (i = 0; i < 600; i++) {
        char name[8];

        snprintf(name, sizeof name, "%zu", i);
        if (c->by_status[i] > 0)
            json_object_set_new(by_status, name, json_integer(c->by_status[i]));
    }
    json_object_set_new(out, "by_status", by_status);
    return out;
}

void
journal_reset_counters(struct journal *j)
{
    j->counters = (struct counters){.calls = 0};
}

void
journal_release(struct journal *j)
{
    while (j->first < j->next)
        drop_oldest(j);
    free(j->ring);
    j->ring = NULL;
}
