#include <config.h>

#include "sim/api.h"
#include "base/mem.h"
#include "sim/bulk.h"
#include "sim/gate.h"
#include "sim/search.h"
#include "sim/upsert.h"
#include "sim/write.h"

#include <stdlib.h>
#include <string.h>

static bool
is(const struct call *call, const char *method)
{
    return strcmp(call->method, method) == 0;
}

static void
forbidden(struct reply *reply)
{
    reply_error(reply, 403, "forbidden", "you may not see this record");
}

static void
not_found(const struct sim *s, struct reply *reply)
{
    if (quirk_on(&s->store.quirks, QUIRK_GONE_403))
        forbidden(reply);
    else
        reply_error(reply, 404, "not_found", "no such record");
}

static void
bad_method(const struct call *call, struct reply *reply)
{
    reply_error(reply, 405, "method_not_allowed", "%.16s is not allowed here", call->method);
}

static char *
answer_key(const struct call *call)
{
    return mem_printf("%s\n%s", call->path, call->idempotency_key);
}

/* Give the answer of the first create with this key; false if there was none. */
static bool
replay(struct sim *s, const struct call *call, struct reply *reply)
{
    CLEANUP_FREE char *key = answer_key(call);
    const struct answer *a = map_find(&s->answers, key);

    if (a == NULL)
        return false;
    reply->status = a->status;
    reply->replayed = true;
    reply->etag = mem_text(a->etag);
    reply->location = mem_text(a->location);
    buf_text(&reply->body, a->body);
    reply->type = *a->body != '\0' ? "application/json" : NULL;
    return true;
}

static void
keep(struct sim *s, const struct call *call, const struct reply *reply)
{
    struct answer *a = mem_alloc(sizeof *a);

    a->key = answer_key(call);
    a->status = reply->status;
    a->body = mem_text(buf_get(&reply->body));
    a->etag = mem_text(reply->etag);
    a->location = mem_text(reply->location);
    sim_keep_answer(s, a);
}

/* The quirk answer-none. */
static void
strip(const struct sim *s, const struct call *call, struct reply *reply)
{
    if (!call->applied || !quirk_on(&s->store.quirks, QUIRK_ANSWER_NONE))
        return;
    json_decref(reply->value);
    reply->value = NULL;
    free(reply->etag);
    reply->etag = NULL;
    if (reply->status != 201)
        reply->status = 204;
}

static enum journal_kind
create(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    if (call->idempotency_key != NULL && strlen(call->idempotency_key) > 255) {
        reply_error(reply, 400, "bad_key", "an Idempotency-Key has 255 characters at most");
        return JOURNAL_CREATE;
    }
    if (call->idempotency_key != NULL && replay(s, call, reply))
        return JOURNAL_CREATE;
    write_create(s, &s->store.quirks, call, c, reply);
    strip(s, call, reply);
    reply_finish(reply, &s->store.quirks);
    if (call->applied && call->idempotency_key != NULL)
        keep(s, call, reply);
    return JOURNAL_CREATE;
}

static enum journal_kind
collection_call(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    if (is(call, "POST"))
        return create(s, call, c, reply);
    if (is(call, "GET"))
        search_list(s, call, c, reply);
    else
        bad_method(call, reply);
    return JOURNAL_LIST;
}

static enum journal_kind
read_record(struct sim *s, const struct call *call, struct collection *c, struct reply *reply)
{
    const struct record *r = map_find(&c->by_key, call->segments[1]);
    const struct version *v = r != NULL ? record_at(r, store_visible_at(&s->store, false)) : NULL;

    if (quirk_on(&s->store.quirks, QUIRK_SCOPE_LOST))
        forbidden(reply);
    else if (v == NULL || v->deleted)
        not_found(s, reply);
    else
        write_show(&s->store.quirks, 200, r, v, reply);
    return JOURNAL_READ;
}

static enum journal_kind
write_record(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    const struct quirks *q = &s->store.quirks;
    struct record *r = store_find(c, call->segments[1]);
    bool put_only = quirk_on(q, QUIRK_PUT_ONLY);
    enum journal_kind kind = is(call, "DELETE") ? JOURNAL_DELETE : JOURNAL_UPDATE;

    if (is(call, "PATCH") && put_only)
        bad_method(call, reply);
    else if (is(call, "PUT") && upsert_is_create(call))
        kind = upsert_create(s, call, c, reply);
    else if (r == NULL)
        not_found(s, reply);
    else if (kind == JOURNAL_DELETE)
        write_delete(s, call, c, r, reply);
    else
        write_update(s, q, call, c, r, put_only || is(call, "PATCH"), reply);
    strip(s, call, reply);
    return kind;
}

static enum journal_kind
record_call(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    if (is(call, "POST") && strcmp(call->segments[1], "search") == 0) {
        search_body(s, call, c, reply);
        return JOURNAL_LIST;
    }
    if (is(call, "POST") && strcmp(call->segments[1], "upsert") == 0) {
        enum journal_kind kind = upsert_body(s, call, c, reply);

        strip(s, call, reply);
        return kind;
    }
    if (is(call, "GET"))
        return read_record(s, call, c, reply);
    if (is(call, "PATCH") || is(call, "PUT") || is(call, "DELETE"))
        return write_record(s, call, c, reply);
    bad_method(call, reply);
    return JOURNAL_OTHER;
}

/* By a field in the URL. */
static enum journal_kind
upsert_call(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    enum journal_kind kind = JOURNAL_OTHER;

    if (is(call, "PATCH") || is(call, "PUT"))
        kind = upsert_url(s, call, c, reply);
    else
        bad_method(call, reply);
    strip(s, call, reply);
    return kind;
}

static enum journal_kind
account(const struct sim *s, const struct call *call, struct reply *reply)
{
    if (!is(call, "GET")) {
        bad_method(call, reply);
        return JOURNAL_OTHER;
    }
    reply->status = 200;
    reply->value = json_object();
    json_object_set_new(reply->value, "id", json_string(s->account));
    return JOURNAL_READ;
}

static enum journal_kind
route(struct sim *s, struct call *call, struct reply *reply)
{
    struct collection *c = NULL;

    if (call->malformed) {
        reply_error(reply, 400, "bad_url", "broken escape in the URL");
        return JOURNAL_OTHER;
    }
    if (call->nsegments == 1 && strcmp(call->segments[0], "account") == 0)
        return account(s, call, reply);
    if (bulk_is_job(call) && is(call, "GET")) {
        bulk_job(s, call, reply);
        return JOURNAL_OTHER;
    }
    if (call->nsegments == 1 || call->nsegments == 2 || upsert_is_url(call) || bulk_is(call))
        c = store_collection(&s->store, call->segments[0]);
    if (c == NULL) {
        reply_error(reply, 404, "unknown_collection", "no such path");
        return JOURNAL_OTHER;
    }
    if (call->nsegments == 3) {
        bulk_call(s, call, c, reply);
        return JOURNAL_OTHER;
    }
    if (call->nsegments == 4)
        return upsert_call(s, call, c, reply);
    return call->nsegments == 1 ? collection_call(s, call, c, reply)
                                : record_call(s, call, c, reply);
}

void
api_answer(struct sim *s, struct call *call, struct reply *reply)
{
    int64_t now = timeline_now(&s->store.time);
    enum journal_kind kind = JOURNAL_OTHER;
    bool refused;

    if (gate_enter(s, call, reply)) {
        kind = route(s, call, reply);
        gate_leave(s, call, reply);
    }
    refused = reply->is_error || reply->drop;
    reply_finish(reply, &s->store.quirks);
    if (reply->drop)
        reply->status = 0;
    journal_count(&s->journal, call, kind, reply->status, refused, reply->replayed);
    journal_add(&s->journal, call, reply->status, now);
}
