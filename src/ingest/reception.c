#include <config.h>

#include "ingest/reception.h"
#include "base/clock.h"
#include "base/log.h"
#include "provider/inbound.h"

#include <string.h>

enum { SAY_EVERY_MS = 1000, MAX_RECORD = 64 * 1024 };

/* One request and what the systems of its route say of it. */
struct visit {
    struct reception *r;
    struct server_exchange *exchange;
    struct route *route;
    struct arena *arena;
    struct inbound in;
    struct verdict {
        enum inbound_verdict verdict;
        struct inbound_answer answer;
        bool readable;
        const char **accounts;
        size_t n_accounts;
    } * verdicts; /* of each candidate */
    struct part *parts;
    size_t n_parts;
};

void
reception_init(struct reception *r, struct routes *routes, struct tenants *tenants)
{
    memset(r, 0, sizeof *r);
    r->routes = routes;
    r->tenants = tenants;
    pthread_mutex_init(&r->lock, NULL);
}

void
reception_release(struct reception *r)
{
    pthread_mutex_destroy(&r->lock);
}

/* ---- by the head ---- */

static bool
is_own(const char *path)
{
    return strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0;
}

int
reception_accept(void *user, const struct server_request *head, const char **allow)
{
    struct reception *r = user;
    const struct route *route = routes_find(r->routes, head->path);

    if (is_own(head->path)) {
        *allow = "GET, HEAD";
        return strcmp(head->method, "GET") == 0 || strcmp(head->method, "HEAD") == 0 ? 0 : 405;
    }
    if (route == NULL)
        return 404;
    *allow = route->allow;
    return route_allows(route, head->method) ? 0 : 405;
}

/* ---- how we are ---- */

static bool
all_are_well(const struct reception *r, bool ready)
{
    for (size_t i = 0; i < r->tenants->n; i++)
        if (!tenant_is_well(&r->tenants->list[i]))
            return false;
    return !ready || !r->draining;
}

static void
tell_health(struct reception *r, struct server_exchange *x, const char *path)
{
    bool ready = strcmp(path, "/readyz") == 0;

    if (all_are_well(r, ready))
        server_answer(x, 200, "text/plain", ready ? "ready\n" : "ok\n", ready ? 6 : 3);
    else
        server_answer(x, 503, "text/plain", "no\n", 3);
}

/* ---- the request ---- */

static void
take_request(struct visit *v, const struct server_request *q)
{
    struct inbound_header *headers;

    v->in = (struct inbound){.method = q->method,
                             .path = q->path,
                             .query = q->query,
                             .body = q->body,
                             .body_len = q->body_len,
                             .received_at = clock_now()};
    headers = arena_alloc(v->arena, (q->n_headers + 1) * sizeof *headers);
    v->in.headers = headers;
    for (size_t i = 0; i < q->n_headers; i++)
        inbound_add_header(v->arena, &v->in, headers, q->headers[i].name, q->headers[i].value);
}

/* ---- refusals ---- */

/* How many like it were not said, or -1: this one is not either. */
static long
note_refusal(struct reception *r, const char *code)
{
    int64_t now = clock_boot();
    long more = -1;
    size_t i = 0;

    pthread_mutex_lock(&r->lock);
    while (i < RECEPTION_REASONS - 1 && r->reasons[i].code[0] != '\0' &&
           strncmp(r->reasons[i].code, code, sizeof r->reasons[i].code - 1) != 0)
        i++;
    strncpy(r->reasons[i].code, code, sizeof r->reasons[i].code - 1);
    if (r->reasons[i].said_at == 0 || now - r->reasons[i].said_at >= SAY_EVERY_MS) {
        more = r->reasons[i].more;
        r->reasons[i].said_at = now;
        r->reasons[i].more = 0;
    } else {
        r->reasons[i].more++;
    }
    pthread_mutex_unlock(&r->lock);
    return more;
}

static void
refuse(struct visit *v, struct candidate *c, const struct inbound_answer *a)
{
    long more = note_refusal(v->r, a->code);

    atomic_fetch_add(&c->refused, 1);
    if (more > 0)
        log_warn("%s: %d for %s: %s (and %ld more like it)", c->system->name, a->status, v->in.path,
                 a->text, more);
    else if (more == 0)
        log_warn("%s: %d for %s: %s", c->system->name, a->status, v->in.path, a->text);
    else
        log_verbose("%s: %d for %s: %s", c->system->name, a->status, v->in.path, a->text);
    server_answer(v->exchange, a->status, a->content_type, a->body, a->body_len);
}

/* ---- who gets it ---- */

/* True: somebody verified it. Else it is answered. */
static bool
judge(struct visit *v)
{
    size_t refused = v->route->n, accepted = 0;

    v->verdicts = arena_alloc(v->arena, v->route->n * sizeof *v->verdicts);
    for (size_t i = 0; i < v->route->n; i++) {
        struct candidate *c = &v->route->candidates[i];
        struct verdict *x = &v->verdicts[i];

        if (c->twin < i)
            *x = v->verdicts[c->twin];
        else
            x->verdict = inbound_judge(v->arena, c->system, &v->in, v->in.received_at, &x->answer);
        if (x->verdict == INBOUND_CHALLENGE) {
            const struct inbound_answer *a = &x->answer;

            log_verbose("%s: a challenge, answered %d", c->system->name, a->status);
            server_answer(v->exchange, a->status, a->content_type, a->body, a->body_len);
            return false;
        }
        accepted += x->verdict == INBOUND_ACCEPT;
        if (x->verdict == INBOUND_REFUSE && refused == v->route->n)
            refused = i;
    }
    if (accepted == 0)
        refuse(v, &v->route->candidates[refused], &v->verdicts[refused].answer);
    return accepted > 0;
}

/* A body takes many times its size when it is read: that is given back before the request waits. */
static void
read_of(struct visit *v, const struct conf_system *system, struct verdict *x)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char **accounts;

    x->readable = inbound_accounts(scratch, system, &v->in, &accounts, &x->n_accounts, NULL) == 0;
    x->accounts = arena_alloc(v->arena, (x->n_accounts + 1) * sizeof *x->accounts);
    for (size_t i = 0; i < x->n_accounts; i++)
        x->accounts[i] = arena_text(v->arena, accounts[i]);
}

static void
read_accounts(struct visit *v)
{
    for (size_t i = 0; i < v->route->n; i++) {
        const struct candidate *c = &v->route->candidates[i];
        struct verdict *x = &v->verdicts[i];

        if (x->verdict != INBOUND_ACCEPT)
            continue;
        if (c->twin < i)
            *x = v->verdicts[c->twin];
        else
            read_of(v, c->system, x);
    }
}

static bool
speaks_of(const struct verdict *x, const char *account)
{
    for (size_t i = 0; i < x->n_accounts; i++)
        if (strcmp(x->accounts[i], account) == 0)
            return true;
    return false;
}

static struct part *
add_part(struct visit *v, struct candidate *c, const char *account)
{
    struct part *p = &v->parts[v->n_parts++];

    *p = (struct part){.candidate = c};
    p->request =
        (struct store_request){.system = c->system->name,
                               .account = account,
                               .delivery_id = inbound_delivery_id(v->arena, c->system, &v->in),
                               .received_at = v->in.received_at,
                               .method = v->in.method,
                               .path = v->in.path,
                               .query = v->in.query,
                               .headers = inbound_headers_text(v->arena, c->system, &v->in),
                               .body = v->in.body,
                               .body_len = v->in.body_len};
    return p;
}

/* The body's items of these accounts: the whole if there are no others. */
static void
take_items(struct visit *v, const struct candidate *c, const char *const *accounts, size_t n,
           struct store_request *q)
{
    CLEANUP_ARENA struct arena *scratch = arena_new();
    const char *body;
    size_t len;

    if (inbound_only(scratch, c->system, &v->in, accounts, n, &body, &len, NULL) < 0 ||
        body == v->in.body)
        return;
    q->body = arena_ntext(v->arena, body, len);
    q->body_len = len;
}

/* The whole request, or its items of this system's account where there are others. */
static void
add_request(struct visit *v, struct candidate *c, const struct verdict *x)
{
    bool has_account = x->n_accounts > 0;
    struct part *p = add_part(v, c, has_account ? c->system->account : NULL);
    const char *account = c->system->account;

    if (x->n_accounts > 1)
        take_items(v, c, &account, 1, &p->request);
}

/* ACCOUNTS are nobody's: kept where the request was verified first, so that a person may see it. */
static void
add_unknown(struct visit *v, struct candidate *c, const char *const *accounts, size_t n)
{
    const char *account = n == 1 ? accounts[0] : NULL;
    struct part *p = add_part(v, c, account);
    struct store_request *q = &p->request;
    const char *more = n == 1 ? "is" : arena_printf(v->arena, "(and %zu more) are", n - 1);

    p->is_reject = true;
    take_items(v, c, accounts, n, q);
    p->reject = (struct store_reject){
        .stage = "ingest",
        .system = c->system->name,
        .account = account,
        .code = "unknown-account",
        .text = arena_printf(v->arena, "account \"%.200s\" %s no system's at %s", accounts[0], more,
                             v->in.path),
        .record = q->body_len <= MAX_RECORD ? arena_ntext(v->arena, q->body, q->body_len) : NULL};
    atomic_fetch_add(&c->unknown, (long)n);
    log_verbose("%s: %s", c->system->name, p->reject.text);
}

static bool
is_somebodys(const struct visit *v, const char *account)
{
    for (size_t i = 0; i < v->route->n; i++)
        if (v->verdicts[i].verdict == INBOUND_ACCEPT &&
            strcmp(v->route->candidates[i].system->account, account) == 0)
            return true;
    return false;
}

/* What the first that verified it reads of accounts that none of those has. */
static void
share_unknown(struct visit *v, size_t first)
{
    const struct verdict *x = &v->verdicts[first];
    const char **unknown = arena_alloc(v->arena, (x->n_accounts + 1) * sizeof *unknown);
    size_t n = 0;

    for (size_t i = 0; i < x->n_accounts; i++)
        if (!is_somebodys(v, x->accounts[i]))
            unknown[n++] = x->accounts[i];
    if (n > 0)
        add_unknown(v, &v->route->candidates[first], unknown, n);
}

/*
 * Verified systems whose account it speaks of, or all if their definition has none. What cannot be
 * read, or has no items, is the first one's, whose mapper says why.
 */
static void
share_out(struct visit *v)
{
    size_t first = 0;

    while (v->verdicts[first].verdict != INBOUND_ACCEPT)
        first++;
    v->parts = arena_alloc(v->arena, (v->route->n + 1) * sizeof *v->parts);
    for (size_t i = first; i < v->route->n; i++) {
        struct candidate *c = &v->route->candidates[i];
        const struct verdict *x = &v->verdicts[i];

        if (x->verdict != INBOUND_ACCEPT)
            continue;
        if (!c->system->definition->webhook.event.account.present
                ? x->readable || i == first
                : speaks_of(x, c->system->account) || (x->n_accounts == 0 && i == first))
            add_request(v, c, x);
    }
    share_unknown(v, first);
    if (v->n_parts == 0) /* somebody's who reads it in another way: it must not be nobody's */
        add_request(v, &v->route->candidates[first], &v->verdicts[first]);
}

static void
put(struct visit *v)
{
    struct job *job = arena_alloc(v->arena, sizeof *job);
    size_t first = 0;

    while (v->verdicts[first].verdict != INBOUND_ACCEPT)
        first++;
    job->exchange = v->exchange;
    job->arena = v->arena;
    job->parts = v->parts;
    job->n_parts = job->left = v->n_parts;
    job->answer = v->verdicts[first].answer;
    if (intake_put(v->r->intake, job)) {
        v->arena = NULL;
        return;
    }
    server_answer(v->exchange, 503, NULL, NULL, 0);
}

void
reception_handle(void *user, struct server_exchange *x)
{
    struct visit v = {.r = user, .exchange = x};
    const struct server_request *q = server_exchange_request(x);

    if (is_own(q->path)) {
        tell_health(user, x, q->path);
        return;
    }
    v.arena = arena_new();
    v.route = routes_find(v.r->routes, q->path);
    take_request(&v, q);
    if (judge(&v)) {
        read_accounts(&v);
        share_out(&v);
        for (size_t i = 0; i < v.n_parts; i++)
            atomic_fetch_add(&v.parts[i].candidate->received, 1);
        put(&v);
    }
    arena_free(v.arena);
}
