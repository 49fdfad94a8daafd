#include <config.h>

#include <string.h>

#include "config/internal.h"

#include "base/mem.h"
#include "config/secret.h"
#include "crypto/digest.h"
#include "crypto/jws.h"

/* `auth` of a config's system. */

static bool
is_reference(const char *text)
{
    return strstr(text, "${env:") != NULL || strstr(text, "${file:") != NULL;
}

/* The secret at KEY, which must be there. */
static char *
need_secret(struct conf_reader *cr, const struct yaml *auth, const char *key)
{
    const char *text = read_need_text(&cr->r, auth, key);

    return text != NULL ? conf_secret(cr, yaml_get(auth, key), key, text) : NULL;
}

static char *
maybe_secret(struct conf_reader *cr, const struct yaml *auth, const char *key)
{
    return yaml_get(auth, key) != NULL ? need_secret(cr, auth, key) : NULL;
}

/* A name, which may also be a reference. */
static char *
name_of(struct conf_reader *cr, const struct yaml *auth, const char *key, bool needed)
{
    char *text = needed ? read_need_text(&cr->r, auth, key) : read_text(&cr->r, auth, key);

    if (text == NULL || !is_reference(text))
        return text;
    return conf_secret(cr, yaml_get(auth, key), key, text);
}

static enum auth_kind
read_kind(struct reader *r, const struct yaml *auth)
{
    const struct yaml *type = read_need(r, auth, "type");

    for (int i = 0; type != NULL && auth_names[i] != NULL; i++) {
        if (strcmp(auth_names[i], type->text) == 0)
            return (enum auth_kind)i;
    }
    if (type != NULL)
        FAULT(r, type, "unknown auth type '%s'%s", type->text,
              read_hint(r, type->text, auth_names));
    return AUTH_NONE;
}

static void
check_kind(struct reader *r, const struct yaml *at, const struct conf_system *s)
{
    CLEANUP_BUF struct buf kinds = BUF_INIT;

    if (s->definition == NULL)
        return;
    if ((s->definition->auth_kinds & (1u << s->auth.kind)) != 0) {
        if (auth_is_dynamic(s->auth.kind) && !s->definition->token.present)
            FAULT(r, at, "%s does not say where access tokens come from (its `token`)",
                  s->definition->name);
        return;
    }
    for (int i = 0; auth_names[i] != NULL; i++) {
        if ((s->definition->auth_kinds & (1u << i)) != 0)
            buf_printf(&kinds, "%s%s", kinds.len > 0 ? ", " : "", auth_names[i]);
    }
    FAULT(r, at, "%s does not take auth %s (it takes: %s)", s->definition->name,
          auth_names[s->auth.kind], buf_get(&kinds));
}

/* "user", "email/token", or the key itself with nothing behind the colon: RFC 7617 forbids colons
 * in the first part only. */
static void
read_basic(struct conf_reader *cr, const struct yaml *auth, struct auth *out)
{
    struct reader *r = &cr->r;
    const struct yaml *user = yaml_get(auth, "user"), *password = yaml_get(auth, "password");
    bool empty = password == NULL || (password->kind == YAML_TEXT && password->text[0] == '\0');

    out->user_is_secret = user != NULL && is_reference(user->text);
    out->user = name_of(cr, auth, "user", true);
    if (out->user != NULL && strchr(out->user, ':') != NULL)
        FAULT(r, user, "user: a user of basic auth has no colon in it");
    if (empty && !out->user_is_secret)
        read_need_text(r, auth, "password");
    else if (!empty && out->user_is_secret)
        out->password = name_of(cr, auth, "password", true);
    else if (!empty)
        out->password = need_secret(cr, auth, "password");
}

static void
read_redirect(struct reader *r, const struct yaml *auth, struct auth *out)
{
    const struct yaml *at = yaml_get(auth, "redirect_url");
    struct base_url url;

    out->redirect_url = read_text(r, auth, "redirect_url");
    if (out->redirect_url == NULL)
        return;
    url = url_check_key(r, at, "redirect_url", out->redirect_url);
    if (url.ok && (url.secure || !url.loopback))
        FAULT(r, at, "redirect_url: must be http:// on this host (http://localhost:8912/callback)");
}

/* Unlike other secrets a key has lines. */
static void
read_key(struct conf_reader *cr, const struct yaml *auth, struct auth *out)
{
    struct reader *r = &cr->r;
    const struct yaml *at = yaml_get(auth, "key");
    const char *text = read_need_text(r, auth, "key");
    struct err err = ERR_INIT;
    CLEANUP_FREE char *pem = NULL;

    if (text == NULL)
        return;
    if (!is_reference(text)) {
        FAULT(r, at, "key: secrets only by ${env:NAME} or ${file:PATH}");
        return;
    }
    if (cr->no_secrets)
        return;
    pem = secret_resolve(text, cr->c->file, &err);
    if (pem == NULL)
        FAULT(r, at, "%s%s%s%s", err.text, err.hint[0] != '\0' ? " (" : "", err.hint,
              err.hint[0] != '\0' ? ")" : "");
    else if (jws_check_key(pem, &err) != 0)
        FAULT(r, at, "key: %s", err.text);
    out->key = arena_text(r->arena, pem);
}

static void
read_jwt(struct conf_reader *cr, const struct yaml *auth, struct auth *out)
{
    out->issuer = name_of(cr, auth, "issuer", true);
    out->subject = name_of(cr, auth, "subject", false);
    out->audience = name_of(cr, auth, "audience", false);
    out->key_id = name_of(cr, auth, "key_id", false);
    read_key(cr, auth, out);
    if (out->key_id != NULL && strpbrk(out->key_id, "\"\\") != NULL)
        FAULT(&cr->r, yaml_get(auth, "key_id"), "key_id: without quotes and backslashes");
}

/* All but the type. */
static void
read_two_step(struct conf_reader *cr, const struct yaml *auth, struct auth *out)
{
    struct reader *r = &cr->r;

    out->values = arena_alloc(r->arena, (auth->n + 1) * sizeof *out->values);
    for (size_t i = 0; i < auth->n; i++) {
        const char *key = auth->keys[i]->text;

        if (strcmp(key, "type") == 0)
            continue;
        out->values[out->n_values].name = arena_text(r->arena, key);
        out->values[out->n_values++].value = name_of(cr, auth, key, true);
    }
    if (out->n_values == 0)
        FAULT(r, auth, "two_step wants the values of its login, such as api_key");
}

static void
read_kind_of(struct conf_reader *cr, const struct yaml *auth, struct auth *out)
{
    switch (out->kind) {
    case AUTH_NONE:
        break;
    case AUTH_BEARER:
        out->token = need_secret(cr, auth, "token");
        break;
    case AUTH_BASIC:
        read_basic(cr, auth, out);
        break;
    case AUTH_HEADER:
        out->token = need_secret(cr, auth, "token");
        out->header = read_need_text(&cr->r, auth, "header");
        break;
    case AUTH_QUERY:
        out->token = need_secret(cr, auth, "token");
        out->parameter = read_need_text(&cr->r, auth, "name");
        break;
    case AUTH_OAUTH2_REFRESH:
        out->client_id = name_of(cr, auth, "client_id", true);
        out->client_secret = maybe_secret(cr, auth, "client_secret");
        out->refresh_token = maybe_secret(cr, auth, "refresh_token");
        read_redirect(&cr->r, auth, out);
        break;
    case AUTH_CLIENT_CREDENTIALS:
        out->client_id = name_of(cr, auth, "client_id", true);
        out->client_secret = need_secret(cr, auth, "client_secret");
        break;
    case AUTH_JWT:
        read_jwt(cr, auth, out);
        break;
    case AUTH_TWO_STEP:
        read_two_step(cr, auth, out);
        break;
    }
    if (auth_is_dynamic(out->kind) && out->kind != AUTH_TWO_STEP)
        out->scope = read_text(&cr->r, auth, "scope");
}

/*
 * What a token was got with. A refresh token outlives a new secret of its client; one that is put
 * into the config anew counts from then on.
 */
static void
make_grant(const struct conf_system *s, struct auth *a)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    bool refresh = a->kind == AUTH_OAUTH2_REFRESH;
    const char *const parts[] = {auth_names[a->kind],
                                 s->definition->token.url,
                                 s->base_url,
                                 a->client_id,
                                 refresh ? a->refresh_token : a->client_secret,
                                 refresh ? NULL : a->scope,
                                 a->issuer,
                                 a->subject,
                                 a->audience};

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        hash_add(&b, parts[i] != NULL ? parts[i] : "");
    for (size_t i = 0; i < a->n_values; i++)
        hash_add(&b, a->values[i].value != NULL ? a->values[i].value : "");
    digest_hex(buf_get(&b), b.len, a->grant);
}

void
conf_read_auth(struct conf_reader *cr, const struct yaml *y, struct conf_system *s)
{
    static const char *const none[] = {"type", NULL};
    static const char *const bearer[] = {"type", "token", NULL};
    static const char *const basic[] = {"type", "user", "password", NULL};
    static const char *const header[] = {"type", "header", "token", NULL};
    static const char *const query[] = {"type", "name", "token", NULL};
    static const char *const refresh[] = {
        "type", "client_id", "client_secret", "refresh_token", "scope", "redirect_url", NULL};
    static const char *const client[] = {"type", "client_id", "client_secret", "scope", NULL};
    static const char *const jwt[] = {"type", "issuer", "subject", "audience",
                                      "key",  "key_id", "scope",   NULL};
    static const char *const *const keys[AUTH_KINDS] = {none,    bearer, basic, header, query,
                                                        refresh, client, jwt,   NULL};
    struct reader *r = &cr->r;
    const struct yaml *auth = read_map(r, y, "auth");
    size_t before = faults_count(r->f);

    if (auth != NULL)
        s->auth.kind = read_kind(r, auth);
    if (faults_count(r->f) != before || (auth == NULL && yaml_get(y, "auth") != NULL))
        return;
    check_kind(r, auth != NULL ? auth : y, s);
    if (keys[s->auth.kind] != NULL)
        yaml_check_keys(auth, keys[s->auth.kind], r->file, r->f);
    read_kind_of(cr, auth, &s->auth);
    if (auth_is_dynamic(s->auth.kind) && faults_count(r->f) == before && s->definition != NULL)
        make_grant(s, &s->auth);
}
