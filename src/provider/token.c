#include <config.h>

#include "provider/token.h"
#include "provider/internal.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 500,       /* somebody may have made us forget it */
    DEADLINE_MS = 12000, /* of a request; with its tries less than the 30 s of a lock */
    FRESH_LOCK_MS = 10000,
    LOCK_AGAIN_MS = 50,
    LOCK_PATIENCE_MS = 25000, /* then whoever has the lock is out of order, too */
    TRIES = 2,
    RENEWALS = 3,     /* of a call: tokens may be over by the time it has its turn */
    LATER_MS = 30000, /* the endpoint is out of order ... */
    NEVER_MS = 60000, /* ... or refuses us: not asked before */
    MOST_LATER_MS = 600000
};

struct token {
    struct provider *p;
    const struct token_store *store; /* borrowed; NULL: none */
    struct arena *arena;             /* owned: of `now` */
    struct token_kept now;
    int64_t generation, got_at; /* of what is kept, as last seen */
    bool looked;
    int64_t looked_at; /* boot clock */
    bool unkept;       /* `now` could not be kept yet */
    bool is_new;       /* asked for here, and no call was answered with it yet */
    char *refused;     /* owned; the access token that a 401 spoke against */
    bool asking;       /* for the lock, then at the endpoint */
    bool locked;
    int64_t since, locked_at; /* boot clock */
    int64_t asked_at;
    int tries;
    struct call *first, **last; /* those that wait */
    int64_t closed_until;       /* boot clock: the last failure holds until then */
    struct err failure;
    const struct grant_code *code; /* a login's, borrowed */
    token_done *done;
    void *done_user;
};

static void ask(struct token *t);
static void want_lock(void *user);

struct token *
token_new(struct provider *p)
{
    struct token *t = mem_alloc(sizeof *t);

    t->p = p;
    t->arena = arena_new();
    t->last = &t->first;
    return t;
}

void
token_keep_in(struct token *t, const struct token_store *store)
{
    t->store = store;
}

/* ---- what there is ---- */

/* KEPT is the token from now on. */
static void
take(struct token *t, const struct token_kept *kept)
{
    struct arena *a = arena_new(), *old = t->arena;

    t->now = *kept;
    t->now.access = arena_text(a, kept->access);
    t->now.refresh = arena_text(a, kept->refresh);
    t->now.instance_url = arena_text(a, kept->instance_url);
    t->now.scope = arena_text(a, kept->scope);
    t->now.grant = arena_text(a, kept->grant);
    t->arena = a;
    arena_free(old);
    secrets_add(&t->p->secrets, t->now.access);
    secrets_add(&t->p->secrets, t->now.refresh);
}

/* A person said so: what we know is good no more. */
static void
forget(struct token *t)
{
    static const struct token_kept none;

    t->now = none;
    t->is_new = false;
}

/* Takes what is kept, if that is new and was got with the same credentials. 0, -1. */
static int
look(struct token *t, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const struct conf_system *s = t->p->system;
    struct token_kept kept;
    int rc;

    if (t->store == NULL || t->unkept)
        return 0;
    rc = t->store->read(t->store->user, a, s->name, s->account, &kept, err);
    if (rc < 0)
        return -1;
    t->looked = true;
    t->looked_at = clock_boot();
    if (kept.generation == t->generation && kept.got_at == t->got_at)
        return 0;
    t->generation = kept.generation;
    t->got_at = kept.got_at;
    if (rc == 0)
        forget(t);
    if (rc == 1 && kept.grant != NULL && strcmp(kept.grant, s->auth.grant) == 0) {
        take(t, &kept);
        t->is_new = false;
    }
    return 0;
}

/* Before its end by what the definition says, but not for most of a short life. */
static bool
is_over(const struct token *t)
{
    int64_t early = t->p->system->definition->token.early_ms;
    int64_t life = t->now.expires_at - t->now.got_at;

    if (t->now.expires_at == 0)
        return false;
    if (early > life / 4)
        early = life / 4;
    return clock_now() >= t->now.expires_at - early;
}

static bool
is_usable(const struct token *t)
{
    return t->now.access != NULL && !t->unkept && !is_over(t) &&
           (t->refused == NULL || strcmp(t->refused, t->now.access) != 0);
}

bool
token_is_ready(struct token *t)
{
    struct err ignored = ERR_INIT;

    if (t->asking)
        return false;
    if (!is_usable(t) || clock_boot() - t->looked_at >= LOOK_MS)
        look(t, &ignored);
    return is_usable(t);
}

const char *
token_text(const struct token *t)
{
    return t->now.access;
}

const char *
token_base_url(struct token *t)
{
    struct err ignored = ERR_INIT;

    if (!t->looked)
        look(t, &ignored);
    return t->now.instance_url != NULL ? t->now.instance_url : t->p->system->base_url;
}

/* ---- the end of asking ---- */

static struct call *
take_waiting(struct token *t)
{
    struct call *c = t->first;

    t->first = NULL;
    t->last = &t->first;
    return c;
}

static void
end(struct token *t)
{
    const struct conf_system *s = t->p->system;

    if (t->locked)
        t->store->unlock(t->store->user, s->name, s->account);
    t->locked = t->asking = false;
    t->code = NULL;
}

static void
tell_login(struct token *t, const struct err *err)
{
    token_done *done = t->done;

    t->done = NULL;
    if (done != NULL)
        done(t->done_user, err);
}

static void
go_on(struct token *t)
{
    struct call *c;

    end(t);
    free(t->refused);
    t->refused = NULL;
    t->closed_until = 0;
    tell_login(t, NULL);
    c = take_waiting(t);
    for (struct call *next; c != NULL; c = next) {
        next = c->queued;
        c->queued = NULL;
        call_go(c);
    }
    call_next(t->p);
}

/* All that wait end as the last failure says. */
static void
stop_waiting(struct token *t)
{
    int64_t left = t->closed_until - clock_boot();
    struct call *c = take_waiting(t);

    for (struct call *next; c != NULL; c = next) {
        next = c->queued;
        c->queued = NULL;
        call_stop(c, &t->failure, clock_now() + (left > 0 ? left : 0));
    }
}

static void
give_up(struct token *t, const struct err *err, int64_t hold_ms)
{
    end(t);
    t->failure = *err;
    t->closed_until = clock_boot() + hold_ms;
    tell_login(t, err);
    stop_waiting(t);
    call_next(t->p);
}

static void
give_up_later(struct token *t, const struct err *err)
{
    struct err later = *err;

    later.retry = ERR_LATER;
    snprintf(later.code, sizeof later.code, "no-token");
    give_up(t, &later, LATER_MS);
}

/* ---- asking ---- */

/*
 * `now` is put where others find it. Before that nobody uses it. What cannot be kept is not lost:
 * it is tried again when a token is wanted the next time.
 */
static void
keep(struct token *t)
{
    const struct conf_system *s = t->p->system;
    struct err err = ERR_INIT;
    int rc = 1;

    if (t->store != NULL)
        rc = t->store->write(t->store->user, s->name, s->account, &t->now, t->generation, &err);
    if (rc < 0) {
        give_up_later(t, &err);
        return;
    }
    t->unkept = false;
    if (rc == 1 && t->store != NULL && t->store->keeps) {
        t->generation++;
        t->got_at = t->now.got_at;
    } else if (rc == 0 &&
               look(t, &err) < 0) { /* we stood still, and somebody has asked meanwhile */
        give_up_later(t, &err);
        return;
    }
    if (t->now.access == NULL) {
        err_set(&err, ERR_SYSTEM, ERR_LATER, "no-token", "%s: its tokens were just forgotten",
                s->name);
        give_up(t, &err, 0);
        return;
    }
    crash_point("token.kept");
    go_on(t);
}

static void
ask_again(void *user)
{
    ask(user);
}

static void
on_answer(void *user, const struct http_answer *h)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct token *t = user;
    struct token_kept got;
    struct err err = ERR_INIT, ignored = ERR_INIT;
    int64_t wait;

    crash_point("token.answered");
    counts_answered(t->p, h);
    if (h->status == 429)
        t->p->counts.limits++;
    else
        counts_status(t->p, h->status);
    if (grant_read(a, t->p->system, &t->p->secrets, h, t->asked_at, &got, &wait, &err) == 0) {
        if (got.refresh == NULL)
            got.refresh = t->now.refresh;
        take(t, &got);
        t->is_new = t->unkept = true;
        keep(t);
    } else if (err.retry == ERR_LATER && wait < 0 && ++t->tries < TRIES) {
        http_after(t->p->http, limit_backoff_ms(t->tries), ask_again, t);
    } else if (err.retry == ERR_NEVER && t->code == NULL && look(t, &ignored) == 0 &&
               is_usable(t)) {
        go_on(t); /* the token that is refused is an old one: we stood still */
    } else {
        if (t->code != NULL && strcmp(err.code, "login") == 0)
            err_set(&err, ERR_SYSTEM, ERR_NEVER, "login",
                    "%s: the code of the login is refused: log in again", t->p->system->name);
        give_up(t, &err,
                err.retry == ERR_NEVER ? NEVER_MS
                : wait > MOST_LATER_MS ? MOST_LATER_MS
                : wait > 0             ? wait
                                       : LATER_MS);
    }
}

/* Is the lock ours for certain, as long as the request may take? */
static bool
may_ask(void *user)
{
    const struct token *t = user;

    return !t->locked || clock_boot() - t->locked_at < FRESH_LOCK_MS;
}

/* Rotating tokens must not be asked for where nobody keeps them. */
static int
check_kept(const struct token *t, struct err *err)
{
    const struct conf_system *s = t->p->system;

    if (s->auth.kind != AUTH_OAUTH2_REFRESH || (t->store != NULL && t->store->keeps))
        return 0;
    return err_set(err, ERR_SYSTEM, ERR_LATER, "no-token",
                   "%s: its access token is over, and a new one could not be kept (-n, or no "
                   "state)",
                   s->name);
}

static void
wait_for_turn(void *user)
{
    struct token *t = user;

    t->since = clock_boot();
    if (t->store != NULL)
        want_lock(t);
    else
        ask(t);
}

/*
 * It is a request like others: it waits for the limits of the account, but not with the lock. A
 * login is waited for by a person.
 */
static bool
has_turn(struct token *t)
{
    int64_t wait = t->code == NULL ? quota_take(t->p) : 0;
    const struct conf_system *s = t->p->system;
    struct err err = ERR_INIT;

    if (wait <= 0)
        return true;
    if (t->locked)
        t->store->unlock(t->store->user, s->name, s->account);
    t->locked = false;
    if (wait <= t->p->patience_ms) {
        http_after(t->p->http, wait, wait_for_turn, t);
        return false;
    }
    err_set(&err, ERR_SYSTEM, ERR_LATER, "no-token", "%s: no access token: %s", s->name,
            quota_why(t->p));
    give_up(t, &err, wait);
    return false;
}

static void
ask(struct token *t)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const struct conf_system *s = t->p->system;
    const char *refresh = t->now.refresh != NULL ? t->now.refresh : s->auth.refresh_token;
    const char *assertion = NULL;
    struct http_request r;
    struct err err = ERR_INIT;

    if (check_kept(t, &err) < 0) {
        give_up(t, &err, LATER_MS);
        return;
    }
    if (!has_turn(t))
        return;
    if (grant_build(a, s, refresh, t->code, &r, &assertion, &err) < 0) {
        give_up(t, &err, NEVER_MS);
        return;
    }
    secrets_add(&t->p->secrets, assertion);
    r.deadline_ms = DEADLINE_MS;
    r.may_send = may_ask;
    r.may_user = t;
    t->asked_at = clock_now();
    crash_point("token.ask");
    if (http_send(t->p->http, &r, on_answer, t, &err) != 0) {
        give_up(t, &err, NEVER_MS);
        return;
    }
    t->p->sent++;
    counts_request(t->p, &r, t->tries > 0);
}

/* ---- one at a time ---- */

static void
want_lock(void *user)
{
    struct token *t = user;
    const struct conf_system *s = t->p->system;
    struct err err = ERR_INIT;
    int rc = t->store->lock(t->store->user, s->name, s->account, &err);

    t->locked = rc == 1;
    t->locked_at = clock_boot();
    if (rc < 0 || look(t, &err) < 0) {
        give_up_later(t, &err);
    } else if (t->unkept) {
        if (rc == 1)
            keep(t);
        else
            http_after(t->p->http, LOCK_AGAIN_MS, want_lock, t);
    } else if (is_usable(t) && t->code == NULL) {
        go_on(t);
    } else if (rc == 1) {
        ask(t);
    } else if (clock_boot() - t->since < LOCK_PATIENCE_MS) {
        http_after(t->p->http, LOCK_AGAIN_MS, want_lock, t);
    } else {
        err_set(&err, ERR_SYSTEM, ERR_LATER, "no-token",
                "%s: another process asks for its access token and does not get it", s->name);
        give_up(t, &err, LATER_MS);
    }
}

static void
begin(void *user)
{
    struct token *t = user;

    t->tries = 0;
    wait_for_turn(t);
}

void
token_wait(struct token *t, struct call *c)
{
    *t->last = c;
    t->last = &c->queued;
    if (t->asking)
        return;
    if (clock_boot() < t->closed_until) {
        stop_waiting(t);
        return;
    }
    t->asking = true;
    http_after(t->p->http, 0, begin, t);
}

bool
token_refused(struct token *t, struct call *c)
{
    bool current = t->now.access != NULL && strcmp(c->token, t->now.access) == 0;

    if (c->renewed == RENEWALS || (current && t->is_new))
        return false;
    c->renewed++;
    if (current) {
        free(t->refused);
        t->refused = mem_text(c->token);
    }
    return true;
}

void
token_taken(struct token *t, const struct call *c)
{
    if (t->is_new && t->now.access != NULL && strcmp(c->token, t->now.access) == 0)
        t->is_new = false;
}

void
token_log_in(struct token *t, const struct grant_code *code, token_done *done, void *user)
{
    t->code = code;
    t->done = done;
    t->done_user = user;
    t->asking = true;
    secrets_add(&t->p->secrets, code->code);
    secrets_add(&t->p->secrets, code->verifier);
    http_after(t->p->http, 0, begin, t);
}

void
token_free(struct token *t)
{
    if (t == NULL)
        return;
    if (t->locked)
        end(t);
    free(t->refused);
    arena_free(t->arena);
    free(t);
}
