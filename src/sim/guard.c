#include <config.h>

#include "sim/guard.h"
#include "base/clock.h"
#include "sim/jtext.h"
#include "sim/wire.h"

#include <string.h>

static bool
is_etag(const char *if_match, const struct record *r)
{
    CLEANUP_BUF struct buf etag = BUF_INIT;

    buf_printf(&etag, "\"%lld\"", (long long)r->now->rev);
    return strcmp(if_match, "*") == 0 || strstr(if_match, buf_get(&etag)) != NULL;
}

bool
guard_headers(const struct call *call, const struct record *r, struct reply *reply)
{
    int64_t since;

    if (call->if_match != NULL && !is_etag(call->if_match, r)) {
        reply_error(reply, 412, "precondition_failed", "the record has rev %lld",
                    (long long)r->now->rev);
        return false;
    }
    if (call->if_unmodified_since == NULL)
        return true;
    if (clock_parse_http(call->if_unmodified_since, &since, NULL) != 0) {
        reply_error(reply, 400, "bad_date", "If-Unmodified-Since is no date");
        return false;
    }
    if (r->now->updated / 1000 <= since / 1000)
        return true;
    reply_error(reply, 412, "precondition_failed", "the record is newer");
    return false;
}

/* Is GIVEN, if it is there, what HAVE says? It goes out of FIELDS. */
static bool
holds(json_t *fields, const char *name, json_t *have, struct reply *reply)
{
    const json_t *given = json_object_get(fields, name);
    CLEANUP_BUF struct buf want = BUF_INIT;
    CLEANUP_BUF struct buf is = BUF_INIT;
    bool same;

    if (given != NULL)
        jtext_plain(&want, given);
    jtext_plain(&is, have);
    same = given == NULL || strcmp(buf_get(&want), buf_get(&is)) == 0;
    json_object_del(fields, name);
    json_decref(have);
    if (!same)
        reply_error(reply, 409, "stale", "%s is %.64s by now", name, buf_get(&is));
    return same;
}

bool
guard_body(const struct quirks *q, const struct record *r, json_t *fields, struct reply *reply)
{
    bool safe = json_is_true(json_object_get(fields, "safe_update"));

    json_object_del(fields, "safe_update");
    if (safe && json_object_get(fields, "updated_stamp") == NULL) {
        reply_error(reply, 400, "no_stamp", "safe_update needs updated_stamp");
        return false;
    }
    if (!holds(fields, "if_rev", json_integer(r->now->rev), reply))
        return false;
    if (!safe)
        return true;
    return holds(fields, "updated_stamp", wire_stamp(q, r->now->updated), reply);
}

bool
guard_delete(const struct quirks *q, const struct call *call, const struct record *r,
             struct reply *reply)
{
    json_t *body;
    bool good;

    if (call->body.len == 0)
        return true;
    body = wire_object(call, reply);
    if (body == NULL)
        return false;
    good = guard_body(q, r, body, reply);
    json_decref(body);
    return good;
}
