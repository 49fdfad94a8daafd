#include <config.h>

#include "provider/internal.h"

#include "base/mem.h"
#include "crypto/digest.h"
#include "http/url.h"

#include <stdlib.h>
#include <string.h>

/* "user:password" in base64; heap. */
static char *
basic(const struct auth *auth)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_printf(&b, "%s:%s", auth->user != NULL ? auth->user : "",
               auth->password != NULL ? auth->password : "");
    return digest_base64(buf_get(&b), b.len);
}

bool
auth_header(struct arena *a, const struct auth *auth, struct http_header *out)
{
    CLEANUP_FREE char *code = NULL;

    if (auth->kind == AUTH_NONE || (auth->kind != AUTH_BASIC && auth->token == NULL))
        return false;
    out->name = "Authorization";
    if (auth->kind == AUTH_BEARER) {
        out->value = arena_printf(a, "Bearer %s", auth->token);
    } else if (auth->kind == AUTH_BASIC) {
        code = basic(auth);
        out->value = arena_printf(a, "Basic %s", code);
    } else {
        out->name = auth->header;
        out->value = arena_text(a, auth->token);
    }
    return true;
}

bool
auth_header_hidden(struct arena *a, const struct auth *auth, struct http_header *out)
{
    if (!auth_header(a, auth, out))
        return false;
    out->value = auth->kind == AUTH_BEARER  ? "Bearer [secret]"
                 : auth->kind == AUTH_BASIC ? "Basic [secret]"
                                            : "[secret]";
    return true;
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
    s->items = mem_resize(s->items, s->n + 1, sizeof *s->items);
    s->items[s->n++] = mem_text(text);
}

/* A secret as it is, and as JSON (with and without escaped slashes) and URLs write it. */
static void
add_forms(struct secrets *s, const char *text)
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
}

static int
longest_first(const void *a, const void *b)
{
    size_t x = strlen(*(char *const *)a), y = strlen(*(char *const *)b);

    return x < y ? 1 : x > y ? -1 : 0;
}

void
secrets_init(struct secrets *s, const struct auth *auth)
{
    CLEANUP_FREE char *code = NULL;

    memset(s, 0, sizeof *s);
    if (auth->kind == AUTH_BASIC) {
        code = basic(auth);
        add_forms(s, code);
        add_forms(s, auth->password);
    } else if (auth->kind != AUTH_NONE) {
        add_forms(s, auth->token);
    }
    if (s->n > 1)
        qsort(s->items, s->n, sizeof *s->items, longest_first);
}

/* The length of the secret that TEXT begins with, 0. */
static size_t
secret_at(const struct secrets *s, const char *text, size_t len)
{
    for (size_t i = 0; i < s->n; i++) {
        size_t n = strlen(s->items[i]);

        if (n <= len && memcmp(text, s->items[i], n) == 0)
            return n;
    }
    return 0;
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
