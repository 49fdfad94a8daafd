#include <config.h>

#include "ingest/route.h"
#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int
compare(const void *a, const void *b)
{
    return strcmp(((const struct route *)a)->path, ((const struct route *)b)->path);
}

struct route *
routes_find(const struct routes *r, const char *path)
{
    const struct route key = {.path = path};

    return r->n == 0 ? NULL : bsearch(&key, r->list, r->n, sizeof key, compare);
}

static bool
same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
are_twins(const struct conf_system *a, const struct conf_system *b)
{
    const struct conf_webhook *x = &a->webhook, *y = &b->webhook;

    if (!same_text(a->definition->file, b->definition->file) ||
        !same_text(x->public_url, y->public_url) || x->n_secrets != y->n_secrets)
        return false;
    for (size_t i = 0; i < x->n_secrets; i++)
        if (strcmp(x->secrets[i], y->secrets[i]) != 0)
            return false;
    return true;
}

static bool
is_open(const struct conf_system *s)
{
    return s->definition->webhook.verify[0].kind == VERIFY_NONE;
}

/* May one request be verified by both? */
static bool
share_secret(const struct conf_webhook *a, const struct conf_webhook *b)
{
    for (size_t i = 0; i < a->n_secrets; i++)
        for (size_t k = 0; k < b->n_secrets; k++)
            if (strcmp(a->secrets[i], b->secrets[k]) == 0)
                return true;
    return false;
}

static bool
are_alike(const struct conf_system *a, const struct conf_system *b)
{
    return is_open(a) || is_open(b) || share_secret(&a->webhook, &b->webhook);
}

static bool
has_account(const struct conf_system *s)
{
    return s->definition->webhook.event.account.present;
}

/* Nobody may get what is another's: if not the secret, the account says whose a request is. */
static int
check_told_apart(const struct route *r, const struct tenant *t, const struct conf_system *s,
                 struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct candidate *c = &r->candidates[i];

        if ((has_account(c->system) && has_account(s)) || !are_alike(c->system, s))
            continue;
        err_set(err, ERR_RUN, ERR_NEVER, "bad-path",
                "%s: system %s: webhook path %s is that of %s in %s, with the same secret or none",
                t->conf->file, s->name, r->path, c->system->name, c->tenant->conf->file);
        err_hint(err, "another path, another secret, or event.account in both definitions");
        return err_exit(err, EXIT_CONFIG);
    }
    return 0;
}

static void
add_candidate(struct route *r, struct tenant *t, const struct conf_system *s)
{
    struct candidate *c;

    r->candidates = mem_resize(r->candidates, r->n + 1, sizeof *r->candidates);
    c = &r->candidates[r->n];
    memset(c, 0, sizeof *c);
    c->tenant = t;
    c->system = s;
    while (c->twin < r->n && !are_twins(r->candidates[c->twin].system, s))
        c->twin++;
    r->n++;
}

/* The few paths of the few configs are sought one by one: they are sorted when all are there. */
static struct route *
route_of(struct routes *r, const char *path)
{
    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->list[i].path, path) == 0)
            return &r->list[i];
    r->list = mem_resize(r->list, r->n + 1, sizeof *r->list);
    r->list[r->n] = (struct route){.path = path};
    return &r->list[r->n++];
}

/* POST, and what a challenge of any of the systems comes with. */
static bool
expects(const struct route *r, const char *method)
{
    if (strcmp(method, "POST") == 0)
        return true;
    for (size_t i = 0; i < r->n; i++) {
        const struct webhook_def *d = &r->candidates[i].system->definition->webhook;

        for (size_t k = 0; k < d->n_challenges; k++) {
            const struct challenge_rule *c = &d->challenges[k];
            bool in_body = c->when.root == SPOT_BODY || c->when.root == SPOT_ENVELOPE;

            if (c->method != NULL ? strcmp(c->method, method) == 0
                                  : !in_body && strcmp(method, "GET") == 0)
                return true;
        }
    }
    return false;
}

static void
set_allow(struct route *r)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "POST", "PUT"};
    CLEANUP_BUF struct buf b = BUF_INIT;

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (expects(r, methods[i]))
            buf_printf(&b, "%s%s", b.len > 0 ? ", " : "", methods[i]);
    r->allow = buf_take(&b);
}

bool
route_allows(const struct route *r, const char *method)
{
    return expects(r, method);
}

static int
add_system(struct routes *r, struct tenant *t, const struct conf_system *s, struct err *err)
{
    const char *path = s->webhook.path;
    struct route *route;

    if (!s->webhook.present)
        return 0;
    if (strcmp(path, "/healthz") == 0 || strcmp(path, "/readyz") == 0)
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-path",
                       "%s: system %s: webhook path %s is the listener's own", t->conf->file,
                       s->name, path);
    route = route_of(r, path);
    if (check_told_apart(route, t, s, err) < 0)
        return -1;
    add_candidate(route, t, s);
    return 0;
}

int
routes_make(struct routes *r, struct tenants *t, struct err *err)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->list[i].conf->n_systems; k++)
            if (add_system(r, &t->list[i], &t->list[i].conf->systems[k], err) < 0)
                return -1;
    if (r->n == 0) {
        err_set(err, ERR_RUN, ERR_NEVER, "no-webhook", "no system has a webhook");
        return err_hint(err, "webhook: {path: /hooks/NAME, secrets: [...]} in the config");
    }
    qsort(r->list, r->n, sizeof *r->list, compare);
    for (size_t i = 0; i < r->n; i++)
        set_allow(&r->list[i]);
    return 0;
}

void
routes_release(struct routes *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->list[i].candidates);
        free(r->list[i].allow);
    }
    free(r->list);
    *r = (struct routes){0};
}
