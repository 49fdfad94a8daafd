#include <config.h>

#include "sim/gate.h"
#include "base/clock.h"
#include "sim/proof.h"
#include "sim/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

bool
gate_is_write(const struct call *call)
{
    if (strcmp(call->method, "POST") == 0)
        return call->nsegments < 2 || strcmp(call->segments[1], "search") != 0;
    return strcmp(call->method, "PATCH") == 0 || strcmp(call->method, "PUT") == 0 ||
           strcmp(call->method, "DELETE") == 0;
}

static bool
is_token(const struct sim *s, const char *text)
{
    return s->token != NULL && text != NULL && strcmp(text, s->token) == 0;
}

/* The token as user or as password, as "email/token:key" and "key:" are. */
static bool
basic_ok(const struct sim *s, const char *authorization)
{
    char *user = NULL, *password = NULL;
    bool ok = proof_basic(authorization, &user, &password) &&
              (is_token(s, user) || is_token(s, password));

    free(user);
    free(password);
    return ok;
}

/* The token in the query, which no filter is then. */
static bool
query_ok(const struct sim *s, struct call *call)
{
    struct params *p = &call->params;
    size_t i;

    for (i = 0; s->query_key != NULL && i < p->n; i++) {
        if (strcmp(p->items[i].name, s->query_key) != 0 || !is_token(s, p->items[i].value))
            continue;
        free(p->items[i].name);
        free(p->items[i].value);
        p->n--;
        memmove(&p->items[i], &p->items[i + 1], (p->n - i) * sizeof *p->items);
        return true;
    }
    return false;
}

static bool
token_ok(struct sim *s, struct call *call)
{
    static const char scheme[] = "Bearer ";
    size_t len = sizeof scheme - 1;
    const char *given = call->authorization;

    if (s->token == NULL && !quirk_on(&s->store.quirks, QUIRK_TOKEN_NEEDED))
        return true;
    if (given != NULL && strncasecmp(given, scheme, len) == 0)
        return is_token(s, given + len) || token_is_good(s, given + len);
    return basic_ok(s, given) || query_ok(s, call);
}

static void
unauthorized(const struct sim *s, const struct call *call, struct reply *reply)
{
    const char *given = call->authorization;

    if (given != NULL && quirk_on(&s->store.quirks, QUIRK_ECHO_SECRETS))
        reply_error(reply, 401, "unauthorized", "%.150s (%.80s) is not valid", given, call->query);
    else
        reply_error(reply, 401, "unauthorized", "a valid bearer token is needed");
}

/* Count the call in the window of the quirk rate; ms to wait, 0 if it may go on. */
static int64_t
rate_wait(struct sim *s)
{
    const struct quirk_value *rate = &s->store.quirks.v[QUIRK_RATE];
    int64_t now = clock_boot();

    if (!rate->on)
        return 0;
    if (s->window.n == 0 || now - s->window.start >= rate->more) {
        s->window.start = now;
        s->window.n = 0;
    }
    if (++s->window.n <= rate->n)
        return 0;
    return s->window.start + rate->more - now;
}

static long
seconds(int64_t ms)
{
    return ms > 1000 ? (long)((ms + 999) / 1000) : 1;
}

static void
http_date(int64_t ms, char out[64])
{
    time_t at = (time_t)((ms + 999) / 1000);
    struct tm tm;

    gmtime_r(&at, &tm);
    strftime(out, 64, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* When to come again, in the form that the quirk limit-wait names. */
static void
tell_wait(struct sim *s, struct reply *reply, int64_t wait)
{
    const char *form = quirk_text(&s->store.quirks, QUIRK_LIMIT_WAIT);
    int64_t at = timeline_now(&s->store.time) + wait;
    char text[64];

    if (form == NULL) {
        reply->retry_after = seconds(wait);
    } else if (strcmp(form, "date") == 0) {
        http_date(at, text);
        reply_header(reply, "Retry-After", "%s", text);
    } else if (strcmp(form, "epoch-s") == 0) {
        reply_header(reply, "X-RateLimit-Reset", "%lld", (long long)(at + 999) / 1000);
    } else if (strcmp(form, "epoch-ms") == 0) {
        reply_header(reply, "X-RateLimit-Reset", "%lld", (long long)at);
    } else if (strcmp(form, "left") == 0) {
        reply_header(reply, "X-RateLimit-Reset", "%ld", seconds(wait));
    } else if (strcmp(form, "iso8601") == 0) {
        reply_header(reply, "X-RateLimit-Reset", "%s", clock_format(at, text));
    } else if (strcmp(form, "body") == 0) {
        reply->more = json_pack("{s:f}", "retry_after", (double)wait / 1000);
    }
}

static bool
limited(struct sim *s, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;
    int64_t wait = rate_wait(s);
    int status = quirk_on(q, QUIRK_LIMIT_STATUS) ? (int)quirk_number(q, QUIRK_LIMIT_STATUS) : 429;
    const char *code = quirk_on(q, QUIRK_LIMIT_CODE) ? quirk_text(q, QUIRK_LIMIT_CODE) : NULL;

    if (quirk_consume(q, QUIRK_LIMIT_NEXT))
        wait = wait > 0 ? wait : 1000;
    if (wait == 0)
        return false;
    reply_error(reply, status, code != NULL ? code : "rate_limited",
                "too many calls, try again later");
    reply->is_injected = true;
    tell_wait(s, reply, wait);
    return true;
}

/* What the quirk rate leaves of its window. */
static void
tell_budget(struct sim *s, struct reply *reply)
{
    const struct quirk_value *rate = &s->store.quirks.v[QUIRK_RATE];
    const char *form = quirk_text(&s->store.quirks, QUIRK_BUDGET);
    long long used = s->window.n < rate->n ? s->window.n : rate->n;
    int64_t left = s->window.start + rate->more - clock_boot();

    if (form == NULL || !rate->on)
        return;
    if (strcmp(form, "pair") == 0) {
        reply_header(reply, "X-Api-Usage", "api-usage=%lld/%lld", used, rate->n);
        return;
    }
    reply_header(reply, "X-RateLimit-Limit", "%lld", rate->n);
    reply_header(reply, "X-RateLimit-Remaining", "%lld", rate->n - used);
    reply_header(reply, "X-RateLimit-Reset-After", "%.3f", (double)(left > 0 ? left : 0) / 1000);
}

static bool
broken(struct sim *s, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;

    reply->delay_ms = (long)quirk_number(q, QUIRK_SLOW_MS);
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
gate_enter(struct sim *s, struct call *call, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;

    if (!token_ok(s, call)) {
        unauthorized(s, call, reply);
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
    tell_budget(s, reply);
    reply->delay_ms = (long)quirk_number(q, QUIRK_SLOW_MS);
}
