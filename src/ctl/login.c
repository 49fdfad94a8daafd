#include <config.h>

#include "ctl/internal.h"
#include "base/log.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "http/client.h"
#include "http/server.h"
#include "http/url.h"
#include "provider/login.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* sync-ctl auth SYSTEM --login: the browser comes back to a server of ours on this host. */

enum { LOGIN_MS = 10 * 60 * 1000, MAX_CODE = 4096 };

/* What the browser brings. The server's threads fill it, once, and then write to the pipe. */
struct visit {
    struct login login;
    const char *path;
    int pipe[2];
    atomic_flag taken;
    char code[MAX_CODE]; /* "": ERROR */
    char error[256];
};

static const char page[] = "<!doctype html><title>loopless</title><p>%s";

static void
answer(struct server_exchange *x, int status, const char *text)
{
    CLEANUP_FREE char *html = mem_printf(page, text);

    server_answer(x, status, "text/html; charset=utf-8", html, strlen(html));
}

static bool
is_ours(const struct visit *v, const char *state)
{
    return state != NULL && strlen(state) == strlen(v->login.state) &&
           digest_equal(state, v->login.state, strlen(state));
}

static void
on_visit(void *user, struct server_exchange *x)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct visit *v = user;
    const char *query = server_exchange_request(x)->query;
    const char *code = url_query(a, query, "code"), *error = url_query(a, query, "error");

    if (!is_ours(v, url_query(a, query, "state"))) {
        answer(x, 400, "This is not the answer to the login that sync-ctl waits for.");
        return;
    }
    if ((code == NULL || code[0] == '\0' || strlen(code) >= sizeof v->code) && error == NULL) {
        answer(x, 400, "There is no code in it.");
        return;
    }
    if (atomic_flag_test_and_set(&v->taken)) {
        answer(x, 409, "It has been here already.");
        return;
    }
    if (error != NULL)
        snprintf(v->error, sizeof v->error, "%s", error);
    else
        snprintf(v->code, sizeof v->code, "%s", code);
    answer(x, 200,
           error != NULL ? "The login was refused. Look at sync-ctl."
                         : "Done. sync-ctl goes on; this window can be closed.");
    if (write(v->pipe[1], "", 1) != 1)
        BUG("a pipe that takes no byte");
}

static int
accept_visit(void *user, const struct server_request *head, const char **allow)
{
    const struct visit *v = user;

    if (strcmp(head->path, v->path) != 0)
        return 404;
    *allow = "GET";
    return strcmp(head->method, "GET") == 0 ? 0 : 405;
}

/* "http://localhost:8912/back" -> "127.0.0.1:8912" and "/back". */
static const char *
address_of(struct arena *a, const char *url, const char **path)
{
    const char *host = url + strlen("http://");
    size_t len = strcspn(host, "/");
    const char *text = arena_ntext(a, host, len);
    const char *colon = strrchr(text, ':');
    bool v6 = text[0] == '[';

    *path = host[len] != '\0' ? host + len : "/";
    if (colon == NULL || (v6 && strchr(colon, ']') != NULL))
        colon = ":80";
    return arena_printf(a, "%s%s", v6 ? "[::1]" : "127.0.0.1", colon);
}

/* Until the browser was here. 0, or -1. */
static int
wait_for(struct visit *v, struct err *err)
{
    struct pollfd p = {.fd = v->pipe[0], .events = POLLIN, .revents = 0};
    int n;

    do {
        n = poll(&p, 1, LOGIN_MS);
    } while (n < 0 && errno == EINTR);
    if (n <= 0)
        return err_set(err, ERR_RUN, ERR_LATER, "no-login", "nobody has logged in for %d minutes",
                       LOGIN_MS / 60000);
    if (v->code[0] == '\0') {
        err_set(err, ERR_RUN, ERR_NEVER, "no-login", "the login was refused: %s", v->error);
        return err_exit(err, EXIT_REFUSED);
    }
    return 0;
}

/* Listens, says where to go, and waits. 0: v->code. */
static int
browse(struct ctl *c, const struct conf_system *s, struct visit *v, struct err *err)
{
    const char *fixed = s->auth.redirect_url;
    const char *address = fixed != NULL ? address_of(c->arena, fixed, &v->path) : "127.0.0.1:0";
    struct server_options o = {.listen = &address,
                               .n_listen = 1,
                               .threads = 1,
                               .max_body = 1,
                               .max_connections = 64,
                               .user = v,
                               .accept = accept_visit,
                               .handle = on_visit};
    struct server *server;
    int rc;

    if (fixed == NULL)
        v->path = "/callback";
    login_begin(&v->login, fixed);
    server = server_start(&o, err);
    if (server == NULL)
        return -1;
    if (fixed == NULL)
        v->login.redirect_url = arena_printf(c->arena, "%s%s", server_url(server, 0), v->path);
    rc = ctl_say(err, "open in a browser: %s", login_url(c->arena, s, &v->login));
    if (rc == 0)
        rc = wait_for(v, err);
    server_quiesce(server);
    for (int i = 0; i < 100 && server_pending(server) > 0; i++)
        poll(NULL, 0, 10);
    server_stop(server);
    return rc;
}

struct exchanged {
    const struct conf_system *system;
    struct err err;
    bool failed;
    const char *account; /* what the identity call says; NULL: it cannot be asked */
    struct arena *arena;
};

static void
on_exchanged(void *user, const struct err *err)
{
    struct exchanged *x = user;

    x->failed = err != NULL;
    if (err != NULL)
        x->err = *err;
}

static void
on_identity(void *user, const struct provider_answer *a)
{
    struct exchanged *x = user;

    if (a->outcome != PROVIDER_OK) {
        x->failed = true;
        err_set(&x->err, ERR_SYSTEM, ERR_NEVER, "identity",
                "the tokens are kept, but %s does not answer who we are: %s", x->system->name,
                a->text != NULL ? a->text : "no answer");
    } else if (a->n_records > 0) {
        x->account = arena_text(x->arena, a->records[0].id);
    }
}

static int
say_account(const struct exchanged *x, struct err *err)
{
    const struct conf_system *s = x->system;

    if (x->failed) {
        *err = x->err;
        return -1;
    }
    if (x->account != NULL && strcmp(x->account, s->account) != 0) {
        ctl_no(err, "wrong-account", "the login opens account %s of %s, the config says %s",
               x->account, s->name, s->account);
        err_hint(err, "sync-ctl auth %s --forget, then log in as a user of %s", s->name,
                 s->account);
        return EXIT_NO;
    }
    return ctl_say(err, "logged in to %s%s%s", s->name, x->account != NULL ? ", account " : "",
                   x->account != NULL ? x->account : "");
}

/* The code becomes tokens, and those are tried. */
static int
exchange(struct ctl *c, const struct conf_system *s, const struct visit *v, struct err *err)
{
    struct token_store *tokens = store_tokens_new(c->conf->state, false);
    struct http *http = http_new();
    struct provider *p = provider_new(s, http);
    struct exchanged x = {.system = s, .err = ERR_INIT, .arena = c->arena};
    int rc;

    provider_tokens(p, tokens);
    provider_log_in(p, &v->login, v->code, on_exchanged, &x);
    rc = http_run(http, err);
    if (rc == 0 && !x.failed) {
        provider_identity(p, on_identity, &x);
        rc = http_run(http, err);
    }
    http_free(http);
    provider_free(p);
    store_tokens_free(tokens);
    return rc < 0 ? -1 : say_account(&x, err);
}

int
ctl_login(struct ctl *c, const struct conf_system *s, struct err *err)
{
    struct visit *v;
    int rc;

    if (s->auth.kind != AUTH_OAUTH2_REFRESH || s->definition->token.authorize_url == NULL)
        return ctl_bad_usage(err, "there is no login to %s: %s", s->name,
                             s->auth.kind != AUTH_OAUTH2_REFRESH
                                 ? "its tokens come by the credentials of the config"
                                 : "its definition has no authorize_url");
    if (c->o->common->dry_run)
        return ctl_say(err, "would log in to %s", s->name);
    v = mem_alloc(sizeof *v);
    atomic_flag_clear(&v->taken);
    if (pipe(v->pipe) != 0) {
        free(v);
        return err_errno(err, "pipe");
    }
    rc = browse(c, s, v, err);
    if (rc == 0)
        rc = exchange(c, s, v, err);
    close(v->pipe[0]);
    close(v->pipe[1]);
    free(v);
    return rc;
}
