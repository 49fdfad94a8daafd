#include <config.h>

#include "sim/control.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sim/mark.h"
#include "sim/snapshot.h"
#include "sim/jtext.h"
#include "sim/wire.h"
#include "sim/write.h"

#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 5000 };

static void
no_path(const struct call *call, struct reply *reply)
{
    reply_error(reply, 404, "unknown_path", "no %.16s here", call->method);
}

static void
ok(struct reply *reply, json_t *value)
{
    reply->status = 200;
    reply->value = value;
}

static void
get_log(struct sim *s, struct call *call, struct reply *reply)
{
    const char *since = params_get(&call->params, "since");

    ok(reply, journal_since(&s->journal, since != NULL ? strtoll(since, NULL, 10) : 0));
}

static void
get_counters(struct sim *s, struct call *call, struct reply *reply)
{
    (void)call;
    ok(reply, journal_counters(&s->journal));
    json_object_set_new(reply->value, "webhooks", hooks_counters(&s->hooks));
    if (s->tokens.client != NULL)
        json_object_set_new(reply->value, "tokens", token_counters(s));
}

static void
reset_counters(struct sim *s, struct call *call, struct reply *reply)
{
    journal_reset_counters(&s->journal);
    hooks_set_counters(&s->hooks, (struct hook_counters){.sent = 0});
    get_counters(s, call, reply);
}

static int
by_id(const void *a, const void *b)
{
    return record_compare_id(*(struct record *const *)a, *(struct record *const *)b);
}

static void
get_dump(struct sim *s, struct call *call, struct reply *reply)
{
    const struct collection *c =
        call->nsegments == 3 ? store_collection(&s->store, call->segments[2]) : NULL;
    struct record **all;
    json_t *list;
    size_t i;

    if (c == NULL) {
        reply_error(reply, 404, "unknown_collection", "no such collection");
        return;
    }
    list = json_array();
    all = mem_resize(NULL, c->n, sizeof(struct record *));
    if (c->n > 0) {
        memcpy(all, c->records, c->n * sizeof(struct record *));
        qsort(all, c->n, sizeof(struct record *), by_id);
    }
    for (i = 0; i < c->n; i++)
        if (!all[i]->now->deleted)
            json_array_append_new(list, wire_record(NULL, all[i], all[i]->now));
    free(all);
    ok(reply, list);
}

static void
set_quirk(struct sim *s, struct call *call, struct reply *reply)
{
    json_t *body = wire_object(call, reply);
    const char *name;
    json_t *value;
    struct err err = ERR_INIT;
    CLEANUP_BUF struct buf text = BUF_INIT;
    int failed;

    if (body == NULL)
        return;
    name = json_string_value(json_object_get(body, "name"));
    value = json_object_get(body, "value");
    if (value != NULL)
        jtext_plain(&text, value);
    if (name == NULL)
        failed = err_set(&err, ERR_RUN, ERR_NEVER, "bad-quirk", "name must be a quirk");
    else if (json_is_null(value))
        failed = quirk_clear(&s->store.quirks, name, &err);
    else
        failed = quirk_set(&s->store.quirks, name, value != NULL ? buf_get(&text) : NULL, &err);
    if (failed != 0) {
        json_decref(body);
        reply_error(reply, 400, "bad_quirk", "%s", err.text);
        return;
    }
    s->window.n = 0;
    ok(reply, body);
}

static void
save(struct sim *s, struct call *call, struct reply *reply)
{
    struct err err = ERR_INIT;

    (void)call;
    if (s->file == NULL)
        reply_error(reply, 409, "no_file", "there is no --file to save to");
    else if (snapshot_save(s, &err) != 0)
        reply_error(reply, 500, "not_saved", "%.200s", err.text);
    else
        ok(reply, json_pack("{s:s}", "saved", s->file));
}

static void
set_mark(struct sim *s, struct call *call, struct reply *reply)
{
    (void)call;
    mark_set(s);
    ok(reply, json_pack("{s:b}", "marked", 1));
}

static void
restore(struct sim *s, struct call *call, struct reply *reply)
{
    (void)call;
    if (mark_restore(s) != 0)
        reply_error(reply, 409, "no_mark", "there is no mark to go back to");
    else
        ok(reply, json_pack("{s:b}", "restored", 1));
}

static void
get_clock(struct sim *s, struct call *call, struct reply *reply)
{
    char text[CLOCK_TEXT];

    (void)call;
    clock_format(timeline_now(&s->store.time), text);
    ok(reply, json_pack("{s:s}", "now", text));
}

static void
advance(struct sim *s, struct call *call, struct reply *reply)
{
    json_t *body = wire_object(call, reply);
    const char *span;
    int64_t ms;

    if (body == NULL)
        return;
    span = json_string_value(json_object_get(body, "advance"));
    if (span == NULL || clock_parse_span(span, &ms, NULL) != 0) {
        reply_error(reply, 400, "bad_span", "advance must be a span, such as \"1h\"");
    } else {
        timeline_advance(&s->store.time, ms);
        get_clock(s, call, reply);
    }
    json_decref(body);
}

/* URL is a text, a list of them, or null. -1 with why. */
static int
subscribe(struct sim *s, const json_t *url, struct err *err)
{
    const char *urls[HOOKS_SUBSCRIBERS + 1];
    size_t n = json_is_string(url) ? 1 : json_array_size(url);
    size_t i;

    if (n > HOOKS_SUBSCRIBERS)
        n = HOOKS_SUBSCRIBERS + 1;
    for (i = 0; i < n; i++) {
        urls[i] = json_string_value(json_is_string(url) ? url : json_array_get(url, i));
        if (urls[i] == NULL)
            urls[i] = "";
    }
    return hooks_subscribe(&s->hooks, urls, n, err);
}

static void
set_webhook(struct sim *s, struct call *call, struct reply *reply)
{
    json_t *body = wire_object(call, reply);
    const json_t *url;
    struct err err = ERR_INIT;

    if (body == NULL)
        return;
    url = json_object_get(body, "url");
    if (!json_is_string(url) && !json_is_array(url) && !json_is_null(url))
        reply_error(reply, 400, "bad_webhook", "url must be a text, a list of texts, or null");
    else if (subscribe(s, url, &err) != 0)
        reply_error(reply, 400, "bad_webhook", "%s", err.text);
    else
        ok(reply, json_incref(body));
    json_decref(body);
}

static void
get_webhooks(struct sim *s, struct call *call, struct reply *reply)
{
    (void)call;
    ok(reply, hooks_list(&s->hooks));
}

static void
redeliver(struct sim *s, struct call *call, struct reply *reply)
{
    json_t *body = wire_object(call, reply);
    const char *id;
    const json_t *since;
    long long n;

    if (body == NULL)
        return;
    id = json_string_value(json_object_get(body, "id"));
    since = json_object_get(body, "since");
    if ((id == NULL) == !json_is_integer(since)) {
        reply_error(reply, 400, "bad_redeliver", "give an id, or since as a number");
    } else {
        n = hooks_redeliver(&s->hooks, id, json_integer_value(since), hooks_now());
        if (n == 0 && id != NULL)
            reply_error(reply, 404, "not_found", "no such webhook is remembered");
        else
            ok(reply, json_pack("{s:I}", "redelivered", (json_int_t)n));
    }
    json_decref(body);
}

void
control_drained(struct sim *s, struct reply *reply)
{
    size_t left = hooks_queued(&s->hooks);

    reply->status = left == 0 ? 200 : 504;
    reply->value = json_pack("{s:b,s:I}", "drained", left == 0, "queued", (json_int_t)left);
    reply_finish(reply, NULL);
}

static void
drain(struct sim *s, struct call *call, struct reply *reply)
{
    hooks_flush(&s->hooks);
    call->drains = true;
    reply->hold_ms = DRAIN_MS;
}

void
control_answer(struct sim *s, struct call *call, struct reply *reply)
{
    static const struct {
        const char *method;
        const char *name;
        void (*answer)(struct sim *s, struct call *call, struct reply *reply);
    } paths[] = {{"GET", "log", get_log},
                 {"GET", "counters", get_counters},
                 {"POST", "reset-counters", reset_counters},
                 {"GET", "dump", get_dump},
                 {"POST", "quirk", set_quirk},
                 {"POST", "save", save},
                 {"POST", "mark", set_mark},
                 {"POST", "restore", restore},
                 {"POST", "webhook", set_webhook},
                 {"GET", "webhooks", get_webhooks},
                 {"POST", "redeliver", redeliver},
                 {"POST", "drain", drain},
                 {"GET", "clock", get_clock},
                 {"POST", "clock", advance}};
    const char *name = call->nsegments > 1 ? call->segments[1] : "";
    size_t i;

    for (i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (strcmp(paths[i].name, name) == 0 && strcmp(paths[i].method, call->method) == 0) {
            paths[i].answer(s, call, reply);
            break;
        }
    }
    if (i == sizeof paths / sizeof paths[0])
        no_path(call, reply);
    reply_finish(reply, NULL);
}

/* POST /_human/COLLECTION/ID/restore and .../merge. */
static void
human_post(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    bool back = strcmp(call->segments[3], "restore") == 0;
    struct record *r = (back ? store_find_deleted : store_find)(c, call->segments[2]);

    if (!back && strcmp(call->segments[3], "merge") != 0)
        reply_error(reply, 404, "unknown_path", "no such path");
    else if (r == NULL)
        reply_error(reply, 404, "not_found", back ? "no such deleted record" : "no such record");
    else if (strcmp(call->method, "POST") != 0)
        reply_error(reply, 405, "method_not_allowed", "%.16s is not allowed here", call->method);
    else if (back)
        write_undelete(s, call, c, r, reply);
    else
        write_merge(s, call, c, r, reply);
}

static void
human(struct sim *s, struct call *call, struct reply *reply)
{
    struct collection *c =
        call->nsegments > 1 ? store_collection(&s->store, call->segments[1]) : NULL;
    struct record *r = NULL;

    if (c == NULL || call->nsegments > 4) {
        reply_error(reply, 404, "unknown_collection", "no such path");
        return;
    }
    if (call->nsegments == 4) {
        human_post(s, call, c, reply);
        return;
    }
    if (call->nsegments == 2 && strcmp(call->method, "POST") == 0) {
        write_create(s, NULL, call, c, reply);
        return;
    }
    if (call->nsegments == 3)
        r = store_find(c, call->segments[2]);
    if (call->nsegments == 3 && r == NULL)
        reply_error(reply, 404, "not_found", "no such record");
    else if (r != NULL && strcmp(call->method, "PATCH") == 0)
        write_update(s, NULL, call, c, r, true, reply);
    else if (r != NULL && strcmp(call->method, "DELETE") == 0)
        write_delete(s, call, c, r, reply);
    else
        reply_error(reply, 405, "method_not_allowed", "%.16s is not allowed here", call->method);
}

void
control_human(struct sim *s, struct call *call, struct reply *reply)
{
    int64_t now = timeline_now(&s->store.time);

    call->is_human = true;
    human(s, call, reply);
    reply_finish(reply, NULL);
    journal_add(&s->journal, call, reply->status, now);
}
