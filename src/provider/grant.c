#include <config.h>

#include "provider/grant.h"
#include "provider/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "http/url.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* An assertion: valid from a little before now, since clocks differ, to long enough for one call.
 */
enum { ASSERTION_BEFORE_S = 30, ASSERTION_AFTER_S = 180 };

/* Names and values of a body, in their order. */
struct form {
    struct arena *arena;
    struct auth_value *items;
    size_t n, room;
};

static void
form_set(struct form *f, const char *name, const char *value)
{
    size_t i;

    if (value == NULL)
        return;
    for (i = 0; i < f->n; i++) {
        if (strcmp(f->items[i].name, name) == 0)
            break;
    }
    if (i == f->room)
        BUG("more values than were counted");
    f->items[i].name = arena_text(f->arena, name);
    f->items[i].value = arena_text(f->arena, value);
    f->n += i == f->n;
}

/* ---- what the definition says ---- */

static const char *
value_of(const struct conf_system *s, const char *name, size_t len)
{
    const struct {
        const char *name, *value;
    } known[] = {{"account", s->account},
                 {"scope", s->auth.scope},
                 {"client_id", s->auth.client_id},
                 {"client_secret", s->auth.client_secret}};

    for (size_t i = 0; i < s->auth.n_values; i++) {
        const char *own = s->auth.values[i].name;

        if (strlen(own) == len && strncmp(own, name, len) == 0)
            return s->auth.values[i].value;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].name) == len && strncmp(known[i].name, name, len) == 0)
            return known[i].value;
    }
    return NULL;
}

const char *
grant_fill(struct arena *a, const struct conf_system *s, const char *text)
{
    CLEANUP_BUF struct buf out = BUF_INIT;

    while (*text != '\0') {
        const char *open = strchr(text, '{');
        const char *close = open != NULL ? strchr(open, '}') : NULL;
        const char *value;

        if (close == NULL) {
            buf_text(&out, text);
            break;
        }
        value = value_of(s, open + 1, (size_t)(close - open - 1));
        if (value == NULL)
            return NULL;
        buf_add(&out, text, (size_t)(open - text));
        buf_text(&out, value);
        text = close + 1;
    }
    return arena_text(a, buf_get(&out));
}

const char *
grant_url(struct arena *a, const struct conf_system *s, const char *url)
{
    CLEANUP_BUF struct buf account = BUF_INIT, out = BUF_INIT;
    const char *at;

    url_escape(&account, s->account);
    if (url[0] == '/')
        buf_text(&out, s->base_url);
    while ((at = strstr(url, "{account}")) != NULL) {
        buf_add(&out, url, (size_t)(at - url));
        buf_text(&out, buf_get(&account));
        url = at + strlen("{account}");
    }
    buf_text(&out, url);
    return arena_text(a, buf_get(&out));
}

/* ---- the request ---- */

static int
set_assertion(struct form *f, const struct conf_system *s, const char *url, const char **assertion,
              struct err *err)
{
    const struct auth *auth = &s->auth;
    struct val *claims = val_object(f->arena);
    int64_t now = clock_now() / 1000;
    char id[33];
    CLEANUP_FREE char *jws = NULL;
    struct err why = ERR_INIT;

    digest_random_hex(16, id);
    val_set(f->arena, claims, "iss", val_string(f->arena, auth->issuer));
    if (auth->subject != NULL)
        val_set(f->arena, claims, "sub", val_string(f->arena, auth->subject));
    val_set(f->arena, claims, "aud",
            val_string(f->arena, auth->audience != NULL ? auth->audience : url));
    if (auth->scope != NULL)
        val_set(f->arena, claims, "scope", val_string(f->arena, auth->scope));
    val_set(f->arena, claims, "iat", val_int(f->arena, now - ASSERTION_BEFORE_S));
    val_set(f->arena, claims, "exp", val_int(f->arena, now + ASSERTION_AFTER_S));
    val_set(f->arena, claims, "jti", val_string(f->arena, id));
    jws = jws_sign_rs256(auth->key, auth->key_id, val_write_text(f->arena, claims), &why);
    if (jws == NULL)
        return err_set(err, ERR_SYSTEM, ERR_NEVER, "credentials", "%s: key: %s", s->name, why.text);
    *assertion = arena_text(f->arena, jws);
    if (s->definition->token.client == TOKEN_CLIENT_BEARER)
        return 0;
    form_set(f, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    form_set(f, "assertion", *assertion);
    return 0;
}

/* The parameters of the standard. */
static int
set_standard(struct form *f, const struct conf_system *s, const char *url, const char *refresh,
             const char **assertion, struct err *err)
{
    switch (s->auth.kind) {
    case AUTH_OAUTH2_REFRESH:
        if (refresh == NULL)
            return err_set(err, ERR_SYSTEM, ERR_NEVER, "login",
                           "%s: nobody has logged in yet: run `sync-ctl auth %s --login`", s->name,
                           s->name);
        form_set(f, "grant_type", "refresh_token");
        form_set(f, "refresh_token", refresh);
        return 0;
    case AUTH_CLIENT_CREDENTIALS:
        form_set(f, "grant_type", "client_credentials");
        form_set(f, "scope", s->auth.scope);
        return 0;
    case AUTH_JWT:
        return set_assertion(f, s, url, assertion, err);
    default:
        for (size_t i = 0; i < s->auth.n_values && s->definition->token.n_params == 0; i++)
            form_set(f, s->auth.values[i].name, s->auth.values[i].value);
        return 0;
    }
}

static void
set_code(struct form *f, const struct grant_code *code)
{
    form_set(f, "grant_type", "authorization_code");
    form_set(f, "code", code->code);
    form_set(f, "redirect_uri", code->redirect_url);
    form_set(f, "code_verifier", code->verifier);
}

/* The client's id and secret where the definition wants them. */
static const char *
set_client(struct form *f, const struct conf_system *s, const char *assertion)
{
    const struct auth *auth = &s->auth;
    CLEANUP_BUF struct buf pair = BUF_INIT;
    CLEANUP_FREE char *code = NULL;

    if (s->definition->token.client == TOKEN_CLIENT_BEARER)
        return assertion != NULL ? arena_printf(f->arena, "Bearer %s", assertion) : NULL;
    if (s->definition->token.client == TOKEN_CLIENT_BODY || auth->client_secret == NULL) {
        form_set(f, "client_id", auth->client_id);
        form_set(f, "client_secret", auth->client_secret);
        return NULL;
    }
    url_escape(&pair, auth->client_id);
    buf_char(&pair, ':');
    url_escape(&pair, auth->client_secret);
    code = digest_base64(buf_get(&pair), pair.len);
    return arena_printf(f->arena, "Basic %s", code);
}

static void
write_form(struct buf *out, const struct form *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (i > 0)
            buf_char(out, '&');
        url_escape(out, f->items[i].name);
        buf_char(out, '=');
        url_escape(out, f->items[i].value);
    }
}

static void
set_body(const struct form *f, const struct token_def *def, const char *url,
         struct http_request *out)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    if (def->body == TOKEN_JSON) {
        struct val *v = val_object(f->arena);

        for (size_t i = 0; i < f->n; i++)
            val_set(f->arena, v, f->items[i].name, val_string(f->arena, f->items[i].value));
        val_write(&text, v);
    } else {
        write_form(&text, f);
    }
    out->url = url;
    if (strcmp(def->method, "GET") == 0) {
        if (f->n > 0)
            out->url = arena_printf(f->arena, "%s%c%s", url, strchr(url, '?') != NULL ? '&' : '?',
                                    buf_get(&text));
        return;
    }
    out->body = arena_text(f->arena, buf_get(&text));
    out->body_len = text.len;
}

static void
set_headers(struct arena *a, const struct conf_system *s, const char *authorization,
            struct http_request *out)
{
    const struct token_def *def = &s->definition->token;
    struct http_header *h = arena_alloc(a, (def->n_headers + 4) * sizeof *h);
    size_t n = 0;

    h[n++] = (struct http_header){"Accept", "application/json"};
    h[n++] = (struct http_header){"User-Agent", PACKAGE_NAME "/" PACKAGE_VERSION};
    if (out->body != NULL)
        h[n++] = (struct http_header){"Content-Type", def->body == TOKEN_JSON
                                                          ? "application/json"
                                                          : "application/x-www-form-urlencoded"};
    if (authorization != NULL)
        h[n++] = (struct http_header){"Authorization", authorization};
    for (size_t i = 0; i < def->n_headers; i++) {
        const char *value = grant_fill(a, s, def->headers[i].value);

        if (value != NULL)
            h[n++] = (struct http_header){def->headers[i].name, value};
    }
    out->headers = h;
    out->n_headers = n;
}

int
grant_build(struct arena *a, const struct conf_system *s, const char *refresh,
            const struct grant_code *code, struct http_request *out, const char **assertion,
            struct err *err)
{
    enum { OWN = 8 };
    const struct token_def *def = &s->definition->token;
    struct form f = {.arena = a, .room = OWN + def->n_params + s->auth.n_values};
    const char *url = grant_url(a, s, def->url);
    const char *authorization, *jws = NULL;

    *out = (struct http_request){.method = def->method, .max_answer = GRANT_MAX_ANSWER};
    f.items = arena_alloc(a, f.room * sizeof *f.items);
    if (code != NULL)
        set_code(&f, code);
    else if (set_standard(&f, s, url, refresh, &jws, err) != 0)
        return -1;
    authorization = set_client(&f, s, jws);
    for (size_t i = 0; i < def->n_params; i++)
        form_set(&f, def->params[i].name, grant_fill(a, s, def->params[i].value));
    set_body(&f, def, url, out);
    set_headers(a, s, authorization, out);
    out->ca_file = s->ca_file;
    if (assertion != NULL)
        *assertion = jws;
    return 0;
}

/* ---- the answer ---- */

enum { EXCERPT = 200, LOOK = 8 * 1024 };

/* "POST https://login.example/token", without a query. */
static const char *
what(struct arena *a, const struct conf_system *s)
{
    const struct token_def *def = &s->definition->token;
    const char *url = grant_url(a, s, def->url);

    return arena_printf(a, "%s %.*s", def->method, (int)strcspn(url, "?"), url);
}

static int
out_of_order(struct arena *a, const struct conf_system *s, const char *why, struct err *err)
{
    return err_set(err, ERR_SYSTEM, ERR_LATER, "no-token", "no access token: %s: %s", what(a, s),
                   why);
}

/* The first bytes of TEXT as one line; a secret is hidden before it could be cut in two. */
static const char *
excerpt(struct arena *a, const struct secrets *secrets, const char *body, size_t len)
{
    const char *hidden = secrets_hide(secrets, a, body, len < LOOK ? len : LOOK);
    char *text = arena_ntext(a, hidden, strnlen(hidden, EXCERPT));

    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    }
    return text;
}

/* A refusal: `error` of RFC 6749 5.2, or what there is. */
static int
refused(struct arena *a, const struct conf_system *s, const struct secrets *secrets,
        const struct http_answer *h, const struct val *v, struct err *err)
{
    const char *error = val_get_text(v, "error");
    const char *more = val_get_text(v, "error_description");
    bool over = error != NULL && strcmp(error, "invalid_grant") == 0;
    const char *why = error == NULL ? excerpt(a, secrets, h->body, h->len)
                                    : excerpt(a, secrets, error, strlen(error));

    if (error != NULL && more != NULL)
        why = arena_printf(a, "%s: %s", why, excerpt(a, secrets, more, strlen(more)));

    if (over && s->auth.kind == AUTH_OAUTH2_REFRESH) {
        err_set(err, ERR_SYSTEM, ERR_NEVER, "login",
                "%s: the refresh token is refused (HTTP %d: %s): run `sync-ctl auth %s --login`",
                s->name, h->status, why, s->name);
        return -1;
    }
    return err_set(err, ERR_SYSTEM, ERR_NEVER, "credentials",
                   "%s: no access token, auth is refused: %s: HTTP %d: %s", s->name, what(a, s),
                   h->status, why);
}

/* Whole seconds, as a number or as text; -1. */
static int64_t
seconds(const struct val *v)
{
    const char *text = val_id(v);
    char *end;
    double d;

    if (text == NULL)
        return -1;
    d = strtod(text, &end);
    return end == text || *end != '\0' || !(d >= 0 && d < 1e10) ? -1 : (int64_t)d;
}

static int64_t
expiry(const struct token_def *def, const struct val *v, int64_t asked_at)
{
    const struct val *at = def->expires_at != NULL ? val_path(v, def->expires_at) : NULL;
    int64_t in = seconds(val_path(v, def->expires_in)), ms;

    if (at != NULL && val_text(at) != NULL && clock_parse(val_text(at), &ms, NULL) == 0)
        return ms;
    if (at != NULL && seconds(at) > 0)
        return seconds(at) * 1000;
    return in > 0 ? asked_at + in * 1000 : 0;
}

/* What can stand in a header. */
static const char *
printable(const struct val *v)
{
    const char *text = val_text(v);

    if (text == NULL || v->n == 0 || v->n > GRANT_MAX_TOKEN || strlen(text) != v->n)
        return NULL;
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            return NULL;
    }
    return text;
}

/* Where the API is for this account; no less safe than base_url. */
static int
read_instance(struct arena *a, const struct conf_system *s, const struct val *v,
              struct token_kept *out, struct err *err)
{
    const char *path = s->definition->token.instance_url;
    const char *url = path != NULL ? val_text(val_path(v, path)) : NULL;
    bool secure = url != NULL && strncmp(url, "https://", 8) == 0;
    size_t len = url != NULL ? strlen(url) : 0;

    if (path == NULL)
        return 0;
    if (url == NULL || strpbrk(url, "?# ") != NULL || !url_same_origin(url, url) ||
        (!secure && (strncmp(url, "http://", 7) != 0 || strncmp(s->base_url, "https://", 8) == 0)))
        return out_of_order(a, s, "the answer has no instance URL that could be used", err);
    while (len > 0 && url[len - 1] == '/')
        len--;
    out->instance_url = arena_ntext(a, url, len);
    return 0;
}

static int
read_token(struct arena *a, const struct conf_system *s, const struct secrets *secrets,
           const struct http_answer *h, int64_t asked_at, struct token_kept *out, struct err *err)
{
    const struct token_def *def = &s->definition->token;
    const struct val *v = val_parse(a, h->body, h->len, NULL);

    out->access = printable(val_path(v, def->access_token));
    if (out->access == NULL && val_get_text(v, "error") != NULL)
        return refused(a, s, secrets, h, v, err);
    if (out->access == NULL)
        return out_of_order(
            a, s, arena_printf(a, "HTTP %d, and no token at \"%s\"", h->status, def->access_token),
            err);
    out->refresh = printable(val_path(v, def->refresh_token));
    out->scope = val_get_text(v, "scope");
    out->expires_at = expiry(def, v, asked_at);
    out->got_at = asked_at;
    out->grant = s->auth.grant;
    return read_instance(a, s, v, out, err);
}

int
grant_read(struct arena *a, const struct conf_system *s, const struct secrets *secrets,
           const struct http_answer *h, int64_t asked_at, struct token_kept *out, int64_t *retry_ms,
           struct err *err)
{
    const char *after = h->outcome == HTTP_ANSWERED ? http_header(h, "retry-after") : NULL;

    memset(out, 0, sizeof *out);
    *retry_ms = after != NULL && strspn(after, "0123456789") == strlen(after) && strlen(after) < 7
                    ? strtoll(after, NULL, 10) * 1000
                    : -1;
    if (h->outcome != HTTP_ANSWERED)
        return out_of_order(a, s, h->text, err);
    if (h->status >= 200 && h->status < 300)
        return read_token(a, s, secrets, h, asked_at, out, err);
    if (h->status >= 500 || h->status == 408 || h->status == 429)
        return out_of_order(a, s,
                            arena_printf(a, "HTTP %d%s%s", h->status, h->len > 0 ? ": " : "",
                                         excerpt(a, secrets, h->body, h->len)),
                            err);
    if (h->status < 400)
        return out_of_order(a, s,
                            arena_printf(a,
                                         "HTTP %d (redirects are not followed: is url of the "
                                         "definition's `token` right?)",
                                         h->status),
                            err);
    return refused(a, s, secrets, h, val_parse(a, h->body, h->len, NULL), err);
}
