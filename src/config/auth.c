#include <config.h>

#include <string.h>

#include "config/auth.h"
#include "config/internal.h"

/* The kinds, and `token` of a definition. */

enum { DEFAULT_EARLY_MS = 60000 };

const char *const auth_names[] = {
    "none", "bearer",   "basic", "header", "query", "oauth2_refresh", "client_credentials",
    "jwt",  "two_step", NULL};

bool
auth_is_dynamic(enum auth_kind kind)
{
    return kind >= AUTH_OAUTH2_REFRESH;
}

const char *
auth_kind_name(enum auth_kind kind)
{
    return auth_names[kind];
}

void
auth_read_kinds(struct reader *r, const struct yaml *root, struct definition *d)
{
    const struct yaml *y = read_list(r, root, "auth");

    read_need(r, root, "auth");
    for (size_t i = 0; y != NULL && i < y->n; i++) {
        int kind = 0;

        while (kind < AUTH_KINDS && strcmp(auth_names[kind], y->items[i]->text) != 0)
            kind++;
        if (kind == AUTH_KINDS)
            FAULT(r, y->items[i], "unknown kind of auth '%s'%s", y->items[i]->text,
                  read_hint(r, y->items[i]->text, auth_names));
        else
            d->auth_kinds |= 1u << kind;
    }
}

size_t
auth_read_values(struct reader *r, const struct yaml *map, const char *key, struct auth_value **out)
{
    const struct yaml *y = read_map(r, map, key);

    if (y == NULL)
        return 0;
    *out = arena_alloc(r->arena, (y->n + 1) * sizeof **out);
    for (size_t i = 0; i < y->n; i++) {
        (*out)[i].name = arena_text(r->arena, y->keys[i]->text);
        (*out)[i].value = read_scalar(r, y->items[i], y->keys[i]->text);
    }
    return y->n;
}

/* A path below base_url, or a whole URL that nobody on the way can read. */
static char *
read_url(struct reader *r, const struct yaml *token, const char *key)
{
    char *text = read_text(r, token, key);
    const struct yaml *at = yaml_get(token, key);
    char *plain, *account;
    struct base_url url;

    if (text == NULL || text[0] == '/')
        return text;
    plain = arena_text(r->arena, text);
    while ((account = strstr(plain, "{account}")) != NULL)
        memcpy(account, "xaccountx", strlen("{account}"));
    url = url_check_key(r, at, key, plain);
    if (url.ok && !url.secure && !url.loopback)
        FAULT(r, at, "%s: plain http sends the secret readable to all on the way (use https://)",
              key);
    return text;
}

static char *
path_or(struct reader *r, const struct yaml *token, const char *key, const char *otherwise)
{
    char *path = read_path_key(r, token, key, false);

    return path != NULL || otherwise == NULL ? path : arena_text(r->arena, otherwise);
}

void
token_def_read(struct reader *r, const struct yaml *root, struct token_def *out)
{
    static const char *const keys[] = {
        "method",       "url",           "authorize_url", "body",
        "client",       "params",        "headers",       "authorize_params",
        "access_token", "refresh_token", "expires_in",    "expires_at",
        "instance_url", "header",        "early",         NULL};
    static const char *const methods[] = {"POST", "GET", "PUT", NULL};
    static const char *const bodies[] = {"form", "json", NULL};
    static const char *const clients[] = {"body", "basic", "bearer", NULL};
    const struct yaml *y = read_map(r, root, "token");

    if (y == NULL)
        return;
    out->present = true;
    yaml_check_keys(y, keys, r->file, r->f);
    read_need(r, y, "url");
    out->url = read_url(r, y, "url");
    out->authorize_url = read_url(r, y, "authorize_url");
    out->method = arena_text(r->arena, methods[read_word(r, y, "method", methods, 0)]);
    out->body = (enum token_body)read_word(r, y, "body", bodies, TOKEN_FORM);
    out->client = (enum token_client)read_word(r, y, "client", clients, TOKEN_CLIENT_BODY);
    out->n_params = auth_read_values(r, y, "params", &out->params);
    out->n_headers = auth_read_values(r, y, "headers", &out->headers);
    out->n_authorize_params = auth_read_values(r, y, "authorize_params", &out->authorize_params);
    out->access_token = path_or(r, y, "access_token", "access_token");
    out->refresh_token = path_or(r, y, "refresh_token", "refresh_token");
    out->expires_in = path_or(r, y, "expires_in", "expires_in");
    out->expires_at = path_or(r, y, "expires_at", NULL);
    out->instance_url = path_or(r, y, "instance_url", NULL);
    out->header = read_text(r, y, "header");
    out->early_ms = read_span(r, y, "early", DEFAULT_EARLY_MS);
}
