#include <config.h>

#include "provider/internal.h"

#include "base/mem.h"
#include "crypto/digest.h"
#include "http/url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What is shorter may be a word that says nothing: of a two_step, or behind a scheme. */
enum { NO_MERE_WORD = 6 };

/* "user:password" in base64; heap. */
static char *
basic(const struct auth *auth)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_printf(&b, "%s:%s", auth->user != NULL ? auth->user : "",
               auth->password != NULL ? auth->password : "");
    return digest_base64(buf_get(&b), b.len);
}

/* The name of the header that carries the credentials, NULL: there is none. */
static const char *
header_name(const struct conf_system *s)
{
    const struct auth *auth = &s->auth;

    if (auth->kind == AUTH_NONE || auth->kind == AUTH_QUERY)
        return NULL;
    if (auth->kind == AUTH_HEADER)
        return auth->header;
    if (auth_is_dynamic(auth->kind) && s->definition->token.header != NULL)
        return s->definition->token.header;
    return "Authorization";
}

/* What stands before the secret. */
static const char *
scheme(const struct conf_system *s)
{
    if (s->auth.kind == AUTH_BASIC)
        return "Basic ";
    if (s->auth.kind == AUTH_BEARER)
        return "Bearer ";
    return auth_is_dynamic(s->auth.kind) && s->definition->token.header == NULL ? "Bearer " : "";
}

/* A header more, instead of one of its name. */
static void
set_header(struct arena *a, struct http_request *r, const char *name, const char *value)
{
    struct http_header *all = arena_alloc(a, (r->n_headers + 1) * sizeof *all);
    size_t n = 0;

    for (size_t i = 0; i < r->n_headers; i++) {
        if (strcasecmp(r->headers[i].name, name) != 0)
            all[n++] = r->headers[i];
    }
    all[n++] = (struct http_header){name, value};
    r->headers = all;
    r->n_headers = n;
}

static const char *
url_with(struct arena *a, const char *url, const char *name, const char *value)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_text(&b, url);
    buf_char(&b, strchr(url, '?') != NULL ? '&' : '?');
    url_escape(&b, name);
    buf_printf(&b, "=%s", value);
    return arena_text(a, buf_get(&b));
}

void
auth_apply(struct call *c, struct http_request *r)
{
    const struct conf_system *s = c->p->system;
    const char *name = header_name(s), *secret = s->auth.token;
    CLEANUP_FREE char *code = NULL;
    CLEANUP_BUF struct buf escaped = BUF_INIT;

    if (c->p->token != NULL)
        secret = c->token = arena_text(c->arena, token_text(c->p->token));
    else if (s->auth.kind == AUTH_BASIC)
        secret = code = basic(&s->auth);
    if (secret == NULL)
        return;
    if (name != NULL) {
        set_header(c->arena, r, name, arena_printf(c->arena, "%s%s", scheme(s), secret));
    } else if (s->auth.kind == AUTH_QUERY) {
        url_escape(&escaped, secret);
        r->url = url_with(c->arena, auth_url_without(c->arena, s, r->url), s->auth.parameter,
                          buf_get(&escaped));
    }
}

bool
auth_header_hidden(const struct conf_system *s, struct http_header *out)
{
    const char *before = scheme(s);

    out->name = header_name(s);
    out->value =
        before[0] == 'B' ? (before[1] == 'a' ? "Basic [secret]" : "Bearer [secret]") : "[secret]";
    return out->name != NULL;
}

const char *
auth_url_hidden(struct arena *a, const struct conf_system *s, const char *url)
{
    if (s->auth.kind != AUTH_QUERY)
        return url;
    return url_with(a, auth_url_without(a, s, url), s->auth.parameter, "[secret]");
}

const char *
auth_url_without(struct arena *a, const struct conf_system *s, const char *url)
{
    CLEANUP_BUF struct buf out = BUF_INIT, name = BUF_INIT;
    const char *at = strchr(url, '?'), *fragment = strchr(url, '#');
    char mark = '?';

    if (s->auth.kind != AUTH_QUERY || at == NULL)
        return url;
    url_escape(&name, s->auth.parameter);
    buf_add(&out, url, (size_t)(at - url));
    while (*at != '\0' && at != fragment) {
        size_t n = strcspn(++at, "&#");

        if (!(n > name.len && strncmp(at, buf_get(&name), name.len) == 0 && at[name.len] == '=')) {
            buf_char(&out, mark);
            buf_add(&out, at, n);
            mark = '&';
        }
        at += n;
    }
    buf_text(&out, at);
    return arena_text(a, buf_get(&out));
}

static void
add(struct secrets *s, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->items[i], text) == 0)
            return;
    }
    if (s->fixed > 0 && s->n >= s->fixed + SECRETS_MAX) {
        free(s->items[s->fixed]);
        memmove(&s->items[s->fixed], &s->items[s->fixed + 1],
                (s->n - s->fixed - 1) * sizeof *s->items);
        s->n--;
    }
    s->items = mem_resize(s->items, s->n + 1, sizeof *s->items);
    s->items[s->n++] = mem_text(text);
}

/* As pages say it, with more or less of it written as entities. */
static void
add_html(struct secrets *s, const char *text)
{
    static const char marks[] = "&<>\"'";
    static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (size_t n = 3; n < sizeof marks; n++) { /* <> always, quotes maybe */
        CLEANUP_BUF struct buf html = BUF_INIT;

        for (const char *p = text; *p != '\0'; p++) {
            const char *mark = memchr(marks, *p, n);

            buf_text(&html, mark != NULL ? names[mark - marks] : (char[]){*p, '\0'});
        }
        add(s, buf_get(&html));
    }
}

/* Escapes of URLs are in either case. */
static void
add_lower(struct secrets *s, const char *url)
{
    CLEANUP_FREE char *lower = mem_text(url);

    for (char *p = strchr(lower, '%'); p != NULL; p = strchr(p + 3, '%')) {
        p[1] = (char)tolower((unsigned char)p[1]);
        p[2] = (char)tolower((unsigned char)p[2]);
    }
    add(s, lower);
}

/* A secret as it is, and as JSON (with and without escaped slashes), URLs and pages write it. */
void
secrets_add(struct secrets *s, const char *text)
{
    CLEANUP_BUF struct buf json = BUF_INIT, slashes = BUF_INIT, url = BUF_INIT;

    if (text == NULL)
        return;
    add(s, text);
    val_write_string(&json, text, strlen(text));
    json.data[--json.len] = '\0';
    add(s, json.data + 1);
    for (const char *p = json.data + 1; *p != '\0'; p++)
        buf_text(&slashes, *p == '/' ? "\\/" : (char[]){*p, '\0'});
    add(s, buf_get(&slashes));
    url_escape(&url, text);
    add(s, buf_get(&url));
    add_lower(s, buf_get(&url));
    add_html(s, text);
}

/* What stands behind a scheme ("Token 123") is a secret without it, too. */
static void
add_token(struct secrets *s, const char *token)
{
    const char *last = token != NULL ? strrchr(token, ' ') : NULL;

    secrets_add(s, token);
    if (last != NULL && strlen(last + 1) >= NO_MERE_WORD)
        secrets_add(s, last + 1);
}

/* "id:secret" of a client in base64, as RFC 6749 2.3.1 has it. */
static void
add_client(struct secrets *s, const struct auth *auth)
{
    CLEANUP_BUF struct buf pair = BUF_INIT;
    CLEANUP_FREE char *code = NULL;

    if (auth->client_id == NULL || auth->client_secret == NULL)
        return;
    url_escape(&pair, auth->client_id);
    buf_char(&pair, ':');
    url_escape(&pair, auth->client_secret);
    code = digest_base64(buf_get(&pair), pair.len);
    secrets_add(s, code);
}

void
secrets_init(struct secrets *s, const struct auth *auth)
{
    CLEANUP_FREE char *code = NULL;

    memset(s, 0, sizeof *s);
    if (auth->kind == AUTH_BASIC) {
        code = basic(auth);
        secrets_add(s, code);
        if (auth->user_is_secret)
            secrets_add(s, auth->user);
        else
            secrets_add(s, auth->password);
    }
    add_token(s, auth->token);
    secrets_add(s, auth->client_secret);
    secrets_add(s, auth->refresh_token);
    add_client(s, auth);
    for (size_t i = 0; i < auth->n_values; i++) {
        const char *value = auth->values[i].value;

        if (value != NULL && strlen(value) >= NO_MERE_WORD)
            secrets_add(s, value);
    }
    s->fixed = s->n;
}

/* The length of the longest secret that TEXT begins with, 0. */
static size_t
secret_at(const struct secrets *s, const char *text, size_t len)
{
    size_t most = 0;

    for (size_t i = 0; i < s->n; i++) {
        size_t n = strlen(s->items[i]);

        if (n > most && n <= len && memcmp(text, s->items[i], n) == 0)
            most = n;
    }
    return most;
}

const char *
secrets_hide(const struct secrets *s, struct arena *a, const char *text, size_t len)
{
    CLEANUP_BUF struct buf out = BUF_INIT;
    size_t n;

    for (size_t i = 0; i<len; i += n> 0 ? n : 1) {
        n = secret_at(s, text + i, len - i);
        if (n > 0)
            buf_text(&out, "[secret]");
        else
            buf_char(&out, text[i]);
    }
    return arena_ntext(a, buf_get(&out), out.len);
}

void
secrets_release(struct secrets *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->items[i]);
    free(s->items);
    memset(s, 0, sizeof *s);
}
