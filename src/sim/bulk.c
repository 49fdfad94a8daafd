#include <config.h>

#include "sim/bulk.h"
#include "base/mem.h"
#include "sim/guard.h"
#include "sim/jtext.h"
#include "sim/shape.h"
#include "sim/upsert.h"
#include "sim/wire.h"
#include "sim/write.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = 100 };

struct job {
    char *id; /* owned */
    struct collection *collection;
    char *action;   /* owned */
    json_t *items;  /* owned; NULL once it is done */
    json_t *answer; /* owned; NULL before */
    long left;      /* times it is asked for before it is done */
};

bool
bulk_is(const struct call *call)
{
    return call->nsegments == 3 && strcmp(call->segments[1], "batch") == 0 &&
           strcmp(call->method, "POST") == 0;
}

bool
bulk_is_job(const struct call *call)
{
    return call->nsegments == 2 && strcmp(call->segments[0], "jobs") == 0;
}

static long
number(const struct call *call, const char *name, long otherwise)
{
    const char *text = params_get(&call->params, name);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* ---- one item ---- */

/* The record that ITEM names, NULL with the answer made. */
static struct record *
named(struct collection *c, const json_t *item, struct reply *reply)
{
    CLEANUP_BUF struct buf id = BUF_INIT;
    struct record *r;

    if (json_object_get(item, "id") != NULL)
        jtext_plain(&id, json_object_get(item, "id"));
    r = store_find(c, buf_get(&id));
    if (r == NULL)
        reply_error(reply, 404, "not_found", "no such record");
    return r;
}

static json_t *
fields_of(const json_t *item)
{
    json_t *fields = json_object();
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)item, name, value)
    {
        if (!jtext_reserved(name))
            json_object_set(fields, name, value);
    }
    return fields;
}

static enum journal_kind
do_create(struct sim *s, struct call *call, struct collection *c, const char *action,
          const json_t *item, struct reply *reply)
{
    CLEANUP_BUF struct buf value = BUF_INIT;

    if (strcmp(action, "create") == 0) {
        write_new(s, &s->store.quirks, call, c, NULL, fields_of(item), reply);
        return JOURNAL_CREATE;
    }
    if (json_object_get(item, "external_id") == NULL) {
        reply_error(reply, 400, "no_key", "the item has no external_id");
        return JOURNAL_UPDATE;
    }
    jtext_plain(&value, json_object_get(item, "external_id"));
    return upsert_by(s, call, c, "external_id", buf_get(&value), fields_of(item), reply);
}

static enum journal_kind
do_item(struct sim *s, struct call *call, struct collection *c, const char *action,
        const json_t *item, struct reply *reply)
{
    bool delete = strcmp(action, "delete") == 0;
    struct record *r;
    json_t *fields;

    if (!delete &&strcmp(action, "update") != 0)
        return do_create(s, call, c, action, item, reply);
    r = named(c, item, reply);
    if (r != NULL && delete) {
        write_delete(s, call, c, r, reply);
    } else if (r != NULL) {
        fields = fields_of(item);
        if (guard_body(&s->store.quirks, r, fields, reply))
            write_over(s, &s->store.quirks, call, c, r, true, fields, reply);
        else
            json_decref(fields);
    }
    return delete ? JOURNAL_DELETE : JOURNAL_UPDATE;
}

/* The counters count writes, and the call once more, as another. */
static void
count(struct sim *s, const struct call *call, enum journal_kind kind)
{
    struct counters *c = &s->journal.counters;

    c->creates += kind == JOURNAL_CREATE && call->applied;
    c->updates += kind == JOURNAL_UPDATE && call->applied;
    c->deletes += kind == JOURNAL_DELETE && call->applied;
    c->noop_updates += kind == JOURNAL_UPDATE && call->applied && !call->changed;
    c->refused_writes += !call->applied;
}

static json_t *
result_of(size_t index, const json_t *item, const struct reply *one)
{
    json_t *out = json_object();
    json_t *id = json_object_get(one->value, "id");

    json_object_set_new(out, "index", json_integer((json_int_t)index));
    if (id == NULL)
        id = json_object_get(item, "id");
    if (id != NULL)
        json_object_set(out, "id", id);
    if (json_object_get(item, "external_id") != NULL)
        json_object_set(out, "external_id", json_object_get(item, "external_id"));
    json_object_set_new(out, "status", json_integer(one->status));
    if (one->is_error) {
        json_t *error = json_object();

        json_object_set_new(error, "code", json_string(one->code));
        json_object_set_new(error, "message", json_string(one->message));
        json_object_set_new(out, "error", error);
    } else if (one->value != NULL) {
        json_object_set(out, "record", one->value);
    }
    return out;
}

/* ---- all of them ---- */

static json_t *
do_items(struct sim *s, struct call *call, struct collection *c, const char *action,
         const json_t *items, long omit)
{
    bool applied = false, changed = false;
    json_t *results = json_array();
    json_t *out = json_object();
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)items, i, item)
    {
        struct reply one = {.status = 0};
        json_t *result;

        call->applied = call->changed = false;
        count(s, call, do_item(s, call, c, action, item, &one));
        result = result_of(i, item, &one);
        if ((long)i != omit)
            json_array_append(results, result);
        json_decref(result);
        reply_release(&one);
        applied |= call->applied;
        changed |= call->changed;
    }
    call->applied = applied;
    call->changed = changed;
    json_object_set_new(out, "results", results);
    return out;
}

/* The items of the body, NULL with the answer made. Owner: the caller. */
static json_t *
read_items(struct sim *s, struct call *call, struct reply *reply)
{
    json_t *body = wire_object(call, reply);
    json_t *items = json_incref(json_object_get(body, "items"));
    const char *all = params_get(&call->params, "all");
    const char *field = NULL;
    json_t *item;
    size_t i;

    if (body == NULL)
        return NULL;
    json_decref(body);
    json_array_foreach(items, i, item)
    {
        if (all != NULL && json_is_object(item) && field == NULL)
            field = shape_rejected(&s->store.quirks, item);
    }
    if (field != NULL)
        reply_error(reply, 422, "rejected", "%.64s of an item is not taken", field);
    else if (!json_is_array(items) || json_array_size(items) > ITEMS_MAX)
        reply_error(reply, 400, "bad_items", "items must be a list of %d at most", ITEMS_MAX);
    else
        return items;
    json_decref(items);
    return NULL;
}

static void
start_job(struct sim *s, struct collection *c, const char *action, json_t *items, long late,
          struct reply *reply)
{
    struct job *j = mem_alloc(sizeof *j);
    json_t *job = json_object();

    j->id = mem_printf("job-%zu", s->jobs.n + 1);
    j->collection = c;
    j->action = mem_text(action);
    j->items = items;
    j->left = late;
    map_put(&s->jobs, j->id, j);
    json_object_set_new(job, "id", json_string(j->id));
    json_object_set_new(job, "url", json_pack("s+", "/jobs/", j->id));
    reply->status = 202;
    reply->value = json_object();
    json_object_set_new(reply->value, "job", job);
}

void
bulk_call(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    json_t *items = read_items(s, call, reply);
    long late = number(call, "late", 0);

    if (items == NULL)
        return;
    if (late > 0) {
        start_job(s, c, call->segments[2], items, late, reply);
        return;
    }
    reply->status = 200;
    reply->value = do_items(s, call, c, call->segments[2], items, number(call, "omit", -1));
    json_decref(items);
}

void
bulk_job(struct sim *s, struct call *call, struct reply *reply)
{
    struct job *j = map_find(&s->jobs, call->segments[1]);

    if (j == NULL) {
        reply_error(reply, 404, "not_found", "no such job");
        return;
    }
    if (j->answer == NULL && --j->left <= 0) {
        j->answer = do_items(s, call, j->collection, j->action, j->items, -1);
        json_decref(j->items);
        j->items = NULL;
    }
    reply->status = 200;
    reply->value = j->answer != NULL ? json_copy(j->answer) : json_object();
    json_object_set_new(reply->value, "status",
                        json_string(j->answer != NULL ? "completed" : "working"));
}

void
bulk_forget(struct sim *s)
{
    for (size_t i = 0; i < s->jobs.n; i++) {
        CLEANUP_FREE char *id = mem_printf("job-%zu", i + 1);
        struct job *j = map_find(&s->jobs, id);

        json_decref(j->items);
        json_decref(j->answer);
        free(j->action);
        free(j->id);
        free(j);
    }
    map_release(&s->jobs);
}
