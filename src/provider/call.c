#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/mem.h"
#include "http/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SILENT_CALLS = 3 };

static void submit(struct call *c);
static void start_queued(struct provider *p);

struct call *
call_new(struct provider *p, enum call_kind kind, const struct resource_def *r,
         const struct endpoint *e, provider_done *done, void *user)
{
    struct call *c = mem_alloc(sizeof *c);

    c->p = p;
    c->arena = arena_new();
    c->kind = kind;
    c->r = r;
    c->e = e;
    c->done = done;
    c->user = user;
    c->writing = kind == CALL_CREATE || kind == CALL_UPDATE || kind == CALL_DELETE;
    c->t.account = p->system->account;
    c->t.base_url = arena_text(c->arena, provider_at(p)->base_url);
    c->next = p->calls;
    if (c->next != NULL)
        c->next->prev = c;
    p->calls = c;
    return c;
}

void
call_free(struct call *c)
{
    arena_free(c->arena);
    free(c);
}

void
call_say(struct call *c, enum provider_outcome outcome, const char *code, const char *fmt, ...)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *what = c->q.shown != NULL ? c->q.shown : c->r != NULL ? c->r->resource : "identity";
    va_list ap;

    buf_printf(&b, "%s: ", what);
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    c->answer.outcome = outcome;
    c->answer.code = arena_text(c->arena, code);
    c->answer.text = secrets_hide(&c->p->secrets, c->arena, buf_get(&b), b.len);
    c->answer.records = NULL;
    c->answer.n_records = 0;
    c->answer.next_cursor = NULL;
}

static void
end(struct call *c)
{
    if (c->read_back && c->answer.outcome != PROVIDER_OK)
        readback_failed(c);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->p->calls = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    c->done(c->user, &c->answer);
    call_free(c);
}

static void
end_now(void *user)
{
    end(user);
}

void
call_end_later(struct call *c)
{
    http_after(c->p->http, 0, end_now, c);
}

void
call_end_err(struct call *c, enum provider_outcome outcome, const struct err *err)
{
    call_say(c, outcome, err->code, "%s", err->text);
    call_end_later(c);
}

/* Milliseconds that this call may still wait. */
static int64_t
patience_left(const struct call *c)
{
    return c->started + c->p->patience_ms - clock_boot();
}

static void
say_limited(struct call *c, int status, int64_t wait_ms, const char *why)
{
    char until[CLOCK_TEXT], code[32];
    int64_t at = clock_now() + wait_ms;

    snprintf(code, sizeof code, "http-%d", status);
    call_say(c, PROVIDER_LIMITED, code, "%s, again at %s", why, clock_format(at, until));
    c->answer.not_before = at;
}

/*
 * A system that cannot be reached, or that let several calls in a row go unanswered, is left alone
 * for a while: else each of a thousand records would wait out its patience.
 */
static void
note_silence(struct call *c, bool sent)
{
    c->p->unanswered++;
    if (!sent || c->p->unanswered >= SILENT_CALLS)
        c->p->down_until = clock_boot() + PROVIDER_DOWN_MS;
}

static void
say_down(struct call *c, int64_t wait)
{
    call_say(c, PROVIDER_NOT_SENT, "down", "not tried: %s did not answer a moment ago",
             c->p->system->name);
    c->answer.not_before = clock_now() + wait;
}

static void
queue_pop(struct provider *p)
{
    struct call *c = p->first;

    p->first = c->queued;
    if (p->first == NULL)
        p->last = &p->first;
    c->queued = NULL;
    p->n_queued--;
}

static void
end_limited(struct call *c, int64_t wait)
{
    say_limited(c, 429, quota_later(c->p, wait), quota_why(c->p));
    call_end_later(c);
}

/* Its turn has come. 0 it is off the queue, else the ms that it waits for a limit. */
static int64_t
start(struct call *c)
{
    struct provider *p = c->p;
    int64_t now = clock_boot(), wait;

    if (c->started == 0)
        c->started = now;
    if (now < p->down_until) {
        queue_pop(p);
        say_down(c, p->down_until - now);
        call_end_later(c);
        return 0;
    }
    wait = quota_take(p);
    if (wait > 0 && wait <= patience_left(c))
        return wait;
    queue_pop(p);
    if (wait > 0)
        end_limited(c, wait);
    else
        submit(c);
    return 0;
}

static void
wake(void *user)
{
    struct provider *p = user;

    p->quota.waking = false;
    start_queued(p);
}

static void
start_queued(struct provider *p)
{
    int most = p->system->concurrency > 0 ? p->system->concurrency : 1;
    int64_t wait = 0;

    while (p->first != NULL && p->active < most && wait == 0)
        wait = start(p->first);
    if (wait == 0 || p->quota.waking)
        return;
    p->quota.waking = true;
    http_after(p->http, wait, wake, p);
}

static void
send_call(struct call *c)
{
    struct provider *p = c->p;
    int64_t delay = quota_delay(p);

    if (delay > p->patience_ms) { /* nor would those before it be done by then */
        end_limited(c, delay);
        return;
    }
    *p->last = c;
    p->last = &c->queued;
    p->n_queued++;
    start_queued(p);
}

/* Before all others: it has waited. */
static void
resend(void *user)
{
    struct call *c = user;
    struct provider *p = c->p;

    p->active--;
    c->queued = p->first;
    p->first = c;
    if (c->queued == NULL)
        p->last = &c->queued;
    p->n_queued++;
    start_queued(p);
}

/* Meanwhile it keeps its place among those under way. */
static void
send_again(struct call *c, int64_t delay_ms)
{
    c->p->active++;
    http_after(c->p->http, delay_ms, resend, c);
}

/* False if there is no time left for it. */
static bool
again(struct call *c)
{
    int64_t delay = limit_backoff_ms(c->tries);

    if (delay >= patience_left(c))
        return false;
    c->tries++;
    send_again(c, delay);
    return true;
}

/* True: the call is done. */
static bool
on_limit(struct call *c, int status, const struct limit_found *f)
{
    bool told = f->wait_ms >= 0;
    int64_t wait = f->wait_ms;

    c->p->counts.limits++;
    if (!told && f->min_ms == 0 && again(c))
        return false;
    if (!told)
        wait = limit_unknown_ms(c->p->quota.in_row++);
    if (wait > f->max_ms)
        wait = f->max_ms;
    if (wait < f->min_ms)
        wait = f->min_ms;
    quota_close(c->p, wait);
    if (told && wait < patience_left(c)) {
        send_again(c, wait + limit_backoff_ms(c->tries++));
        return false;
    }
    say_limited(c, status, wait, "the system's limit is reached");
    return true;
}

static const char *
no_answer_code(const struct http_answer *h)
{
    if (h->timed_out)
        return "timeout";
    if (h->lasting != NULL)
        return h->lasting;
    return h->outcome == HTTP_NOT_SENT ? "not-sent" : "lost";
}

static bool
on_no_answer(struct call *c, const struct http_answer *h)
{
    bool sent = h->outcome != HTTP_NOT_SENT;

    if (h->outcome == HTTP_TOO_BIG) {
        call_say(c, PROVIDER_BROKEN, "too-big", "%s", h->text);
        return true;
    }
    if ((!sent || !c->writing) && h->lasting == NULL && again(c))
        return false;
    if (!c->writing || h->lasting != NULL) /* a write may have been barred by its own program */
        note_silence(c, sent);
    call_say(c, sent ? PROVIDER_LOST : PROVIDER_NOT_SENT, no_answer_code(h), "%s", h->text);
    return true;
}

static int64_t
server_time(const struct http_answer *h)
{
    const char *date = http_header(h, "date");
    int64_t ms;

    return date != NULL && clock_parse_http(date, &ms, NULL) == 0 ? ms : 0;
}

/* True: the call is done; false: it was sent again or goes on. */
static bool
judge(struct call *c, const struct http_answer *h)
{
    struct limit_scene scene;
    struct limit_found found;

    if (h->outcome != HTTP_ANSWERED)
        return on_no_answer(c, h);
    c->p->unanswered = 0;
    c->p->down_until = 0;
    c->answer.server_now = server_time(h);
    if (!c->read_back)
        c->answer.status = h->status;
    if (c->token != NULL && h->status != 401)
        token_taken(c->p->token, c);
    limit_begin(&scene, c->arena, h,
                c->answer.server_now != 0 ? c->answer.server_now : clock_now());
    quota_hear(c->p, &scene);
    if (limit_match(&scene, c->p->system->definition, &found))
        return on_limit(c, h->status, &found);
    c->p->quota.in_row = 0;
    counts_status(c->p, h->status);
    if (h->status == 401 && c->token != NULL && token_refused(c->p->token, c)) {
        send_again(c, 0); /* nothing of it was done */
        return false;
    }
    if (h->status >= 200 && h->status < 300) {
        if (!answer_read(c, h))
            return false;
    } else {
        if (!c->writing && (h->status >= 500 || h->status == 408) && again(c))
            return false;
        answer_refused(c, h);
    }
    return !(readback_is_stale(c) && again(c));
}

static void
on_answer(void *user, const struct http_answer *h)
{
    struct call *c = user;
    struct provider *p = c->p;

    p->active--;
    counts_answered(p, h);
    if (c->writing)
        crash_point("provider.answered");
    if (judge(c, h))
        end(c);
    start_queued(p);
}

/* The request of c->e with c->t and c->body, for where the API is now. 0, or -1: the call ends. */
static int
build(struct call *c)
{
    const struct conf_system *s = provider_at(c->p);
    bool list = c->kind == CALL_LIST;
    struct err err = ERR_INIT;

    if (strcmp(c->t.base_url, s->base_url) != 0)
        c->t.base_url = arena_text(c->arena, s->base_url);
    if (list && c->page.url != NULL && !url_same_origin(s->base_url, c->page.url))
        err_set(&err, ERR_SYSTEM, ERR_LATER, "bad-cursor",
                "the URL of the next page is on another host");
    else if (request_build(c->arena, s, c->r, c->e, &c->t, list ? &c->page : NULL,
                           list ? &c->r->list : NULL, c->body, NULL, &c->q, &err) == 0)
        return 0;
    call_end_err(c, err.scope == ERR_RECORD ? PROVIDER_REFUSED : PROVIDER_BROKEN, &err);
    return -1;
}

static void
transmit(struct call *c)
{
    struct http_request r = {.method = c->q.method,
                             .url = c->q.url,
                             .headers = c->q.headers,
                             .n_headers = c->q.n_headers,
                             .body = c->q.body,
                             .body_len = c->q.body_len,
                             .deadline_ms = c->p->deadline_ms,
                             .ca_file = c->p->system->ca_file,
                             .may_send = c->writing ? c->p->may_write : NULL,
                             .may_user = c->p->may_user};
    struct err err = ERR_INIT;

    auth_apply(c, &r);
    if (c->writing)
        crash_point("provider.send");
    c->asked_at = clock_boot();
    if (http_send(c->p->http, &r, on_answer, c, &err) != 0) {
        call_end_err(c, PROVIDER_REFUSED, &err);
        return;
    }
    c->p->active++;
    c->p->sent++;
    counts_request(c->p, &r, c->sends++ > 0);
}

static void
submit(struct call *c)
{
    struct provider *p = c->p;

    if (p->token == NULL || token_is_ready(p->token)) {
        call_go(c);
        return;
    }
    p->active++;
    c->waits = true;
    token_wait(p->token, c);
}

void
call_go(struct call *c)
{
    if (c->waits)
        c->p->active--;
    c->waits = false;
    if (strcmp(c->t.base_url, provider_at(c->p)->base_url) == 0 || build(c) == 0)
        transmit(c);
}

void
call_stop(struct call *c, const struct err *err, int64_t not_before)
{
    bool later = err->retry == ERR_LATER;

    c->p->active--;
    c->waits = false;
    call_say(c, later ? PROVIDER_NOT_SENT : PROVIDER_AUTH, err->code, "%s", err->text);
    c->answer.not_before = later ? not_before : 0;
    call_end_later(c);
}

void
call_next(struct provider *p)
{
    start_queued(p);
}

void
call_ask(struct call *c, struct val *body)
{
    c->started = 0;
    c->tries = 0;
    c->renewed = 0;
    if (body == NULL && c->e->body != NULL && !c->writing)
        body = tmpl_body(c->arena, c->e->body, &c->t);
    c->body = body;
    if (build(c) == 0)
        send_call(c);
}
