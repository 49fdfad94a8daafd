#include <config.h>

#include "sim/write.h"
#include "base/mem.h"
#include "sim/guard.h"
#include "sim/jtext.h"
#include "sim/notice.h"
#include "sim/wire.h"

#include <string.h>

void
write_show(const struct quirks *q, int status, const struct record *r, const struct version *v,
           struct reply *reply)
{
    reply->status = status;
    reply->value = wire_record(q, r, v);
    reply->etag = mem_printf("\"%lld\"", (long long)v->rev);
}

/* Answer a write that the store refused; false if it did not. */
static bool
refused(const struct store_result *result, struct reply *reply)
{
    if (result->status == STORE_REJECTED) {
        reply_error(reply, 422, "rejected", "%.64s does not take this value", result->field);
        reply->more = json_object();
    } else if (result->status == STORE_TAKEN) {
        reply_error(reply, 409, "conflict", "another record has this %.64s", result->field);
        reply->more = json_object();
        json_object_set(reply->more, "existing_id", result->record->id);
    } else {
        return false;
    }
    json_object_set_new(reply->more, "field", json_string(result->field));
    return true;
}

void
write_new(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
          const char *id, json_t *fields, struct reply *reply)
{
    struct store_result result = store_create(&s->store, c, id, fields);

    if (!refused(&result, reply)) {
        CLEANUP_BUF struct buf url = BUF_INIT;

        call->applied = call->changed = true;
        notice_write(s, call, c, result.record, NULL, true);
        write_show(q, 201, result.record, result.record->now, reply);
        buf_printf(&url, "/%s/", c->name);
        params_encode(&url, result.record->key);
        reply->location = buf_take(&url);
    }
    json_decref(fields);
}

void
write_create(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
             struct reply *reply)
{
    json_t *fields = wire_fields(q, call, reply);

    if (fields != NULL)
        write_new(s, q, call, c, NULL, fields, reply);
}

void
write_update(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
             struct record *r, bool partial, struct reply *reply)
{
    json_t *fields;

    if (!guard_headers(call, r, reply))
        return;
    fields = wire_fields(q, call, reply);
    if (fields != NULL && !guard_body(q, r, fields, reply))
        json_decref(fields);
    else if (fields != NULL)
        write_over(s, q, call, c, r, partial, fields, reply);
}

void
write_over(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
           struct record *r, bool partial, json_t *fields, struct reply *reply)
{
    struct store_result result;
    int64_t rev = r->now->rev;
    json_t *before;

    if (partial) {
        json_t *merged = json_copy(r->now->fields);

        json_object_update(merged, fields);
        json_decref(fields);
        fields = merged;
    }
    before = json_incref(r->now->fields);
    result = store_update(&s->store, c, r, fields);
    if (!refused(&result, reply)) {
        call->applied = true;
        call->changed = result.status == STORE_CHANGED;
        notice_write(s, call, c, r, before, r->now->rev != rev);
        write_show(q, 200, r, r->now, reply);
    }
    json_decref(before);
    json_decref(fields);
}

void
write_delete(struct sim *s, struct call *call, struct collection *c, struct record *r,
             struct reply *reply)
{
    if (!guard_headers(call, r, reply) || !guard_delete(&s->store.quirks, call, r, reply))
        return;
    store_delete(&s->store, c, r);
    call->applied = call->changed = true;
    notice_write(s, call, c, r, r->now->fields, true);
    reply->status = 204;
}

void
write_undelete(struct sim *s, struct call *call, struct collection *c, struct record *r,
               struct reply *reply)
{
    struct store_result result = store_undelete(&s->store, c, r);

    if (refused(&result, reply))
        return;
    call->applied = call->changed = true;
    notice_write(s, call, c, r, NULL, true);
    write_show(NULL, 200, r, r->now, reply);
}

static bool
is_empty(const json_t *value)
{
    return value == NULL || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* The fields of WINNER, and of LOSER where they are empty. Owner: the caller. */
static json_t *
merged_fields(const struct record *winner, const struct record *loser)
{
    json_t *fields = json_copy(winner->now->fields);
    const char *name;
    json_t *value;

    json_object_foreach(loser->now->fields, name, value)
    {
        if (is_empty(json_object_get(fields, name)) && !is_empty(value))
            json_object_set(fields, name, value);
    }
    return fields;
}

/* The other record that the body names, NULL with the answer made if there is none. */
static struct record *
winner_of(struct call *call, struct collection *c, const struct record *loser, struct reply *reply)
{
    json_t *body = wire_object(call, reply);
    CLEANUP_BUF struct buf id = BUF_INIT;
    struct record *winner;

    if (body == NULL)
        return NULL;
    if (json_object_get(body, "into") != NULL)
        jtext_plain(&id, json_object_get(body, "into"));
    json_decref(body);
    winner = store_find(c, buf_get(&id));
    if (winner != NULL && winner != loser)
        return winner;
    reply_error(reply, 400, "bad_merge", "into must be the id of another record");
    return NULL;
}

void
write_merge(struct sim *s, struct call *call, struct collection *c, struct record *r,
            struct reply *reply)
{
    struct record *winner = winner_of(call, c, r, reply);
    struct store_result result;
    json_t *before, *fields;
    int64_t rev;

    if (winner == NULL)
        return;
    before = json_incref(winner->now->fields);
    rev = winner->now->rev;
    fields = merged_fields(winner, r);
    store_delete(&s->store, c, r);
    result = store_update(&s->store, c, winner, fields); /* refused: it stays as it was */
    call->applied = call->changed = true;
    notice_merge(s, call, c, r, winner);
    if (result.status == STORE_CHANGED || result.status == STORE_SAME)
        notice_write(s, call, c, winner, before, winner->now->rev != rev);
    write_show(NULL, 200, winner, winner->now, reply);
    json_decref(before);
    json_decref(fields);
}
