#include <config.h>

#include "sim/gate.h"
#include "base/clock.h"

#include <string.h>
#include <strings.h>

bool
gate_is_write(const struct call *call)
{
    if (strcmp(call->method, "POST") == 0)
        return call->nsegments < 2 || strcmp(call->segments[1], "search") != 0;
    return strcmp(call->method, "PATCH") == 0 || strcmp(call->method, "PUT") == 0 ||
           strcmp(call->method, "DELETE") == 0;
}

static bool
token_ok(const struct sim *s, const struct call *call)
{
    static const char scheme[] = "Bearer ";
    size_t len = sizeof scheme - 1;

    if (s->token == NULL)
        return true;
    return call->authorization != NULL && strncasecmp(call->authorization, scheme, len) == 0 &&
           strcmp(call->authorization + len, s->token) == 0;
}

/* Count the call in the window of the quirk rate; seconds to wait, 0 if it may go on. */
static long
rate_wait(struct sim *s)
{
    const struct quirk_value *rate = &s->store.quirks.v[QUIRK_RATE];
    int64_t now = clock_boot();
    int64_t left;

    if (!rate->on)
        return 0;
    if (s->window.n == 0 || now - s->window.start >= rate->more) {
        s->window.start = now;
        s->window.n = 0;
    }
    if (++s->window.n <= rate->n)
        return 0;
    left = s->window.start + rate->more - now;
    return left > 1000 ? (long)((left + 999) / 1000) : 1;
}

static bool
limited(struct sim *s, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;
    long wait = rate_wait(s);
    int status = quirk_on(q, QUIRK_LIMIT_STATUS) ? (int)quirk_number(q, QUIRK_LIMIT_STATUS) : 429;

    if (quirk_consume(q, QUIRK_LIMIT_NEXT))
        wait = wait > 0 ? wait : 1;
    if (wait == 0)
        return false;
    reply_error(reply, status, "rate_limited", "too many calls, try again later");
    reply->is_injected = true;
    reply->retry_after = wait;
    return true;
}

static bool
broken(struct sim *s, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;

    if (quirk_consume(q, QUIRK_DROP_NEXT)) {
        reply->drop = true;
        return true;
    }
    if (quirk_consume(q, QUIRK_FAIL_NEXT)) {
        reply_error(reply, (int)q->v[QUIRK_FAIL_NEXT].more, "server_error", "something broke");
        reply->is_injected = true;
        return true;
    }
    return false;
}

bool
gate_enter(struct sim *s, const struct call *call, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;

    if (!token_ok(s, call)) {
        reply_error(reply, 401, "unauthorized", "a valid bearer token is needed");
        return false;
    }
    if (limited(s, reply))
        return false;
    if (quirk_on(q, QUIRK_HTML) || quirk_consume(q, QUIRK_HTML_ONCE)) {
        reply_html(reply);
        return false;
    }
    return !gate_is_write(call) || !broken(s, reply);
}

void
gate_leave(struct sim *s, const struct call *call, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;

    if (call->applied && quirk_consume(q, QUIRK_APPLY_THEN_DROP)) {
        reply->drop = true;
    } else if (call->applied && quirk_consume(q, QUIRK_APPLY_THEN_FAIL)) {
        reply_error(reply, 500, "server_error", "something broke");
        reply->is_injected = true;
    }
    reply->delay_ms = (long)quirk_number(q, QUIRK_SLOW_MS);
}
