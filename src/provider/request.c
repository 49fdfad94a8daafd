#include <config.h>

#include "provider/internal.h"

#include "http/url.h"

#include <string.h>
#include <strings.h>

enum { OWN_HEADERS = 6 };

static bool
is_absolute(const char *path)
{
    return strncmp(path, "http://", 7) == 0 || strncmp(path, "https://", 8) == 0;
}

static void
add_param(struct buf *url, const char *name, const char *value)
{
    buf_char(url, strchr(buf_get(url), '?') != NULL ? '&' : '?');
    url_escape(url, name);
    buf_char(url, '=');
    url_escape(url, value);
}

static int
add_path(struct buf *url, const struct conf_system *s, const struct endpoint *e,
         const struct tmpl *t, struct err *err)
{
    CLEANUP_BUF struct buf path = BUF_INIT;

    if (!tmpl_fill(&path, e->path, t, TMPL_PATH))
        return err_set(err, ERR_RECORD, ERR_NEVER, "no-value",
                       "no value that fits for a placeholder of %s", e->path);
    if (!is_absolute(buf_get(&path)))
        buf_text(url, s->base_url);
    buf_text(url, buf_get(&path));
    if (!url_same_origin(s->base_url, buf_get(url)))
        return err_set(err, ERR_SYSTEM, ERR_NEVER, "other-host",
                       "%s is not on the host of base_url", e->path);
    return 0;
}

static void
add_query(struct arena *a, struct buf *url, const struct endpoint *e, const struct tmpl *t)
{
    for (size_t i = 0; i < e->n_query; i++) {
        const char *name = tmpl_text(a, e->query[i].name, t);
        const char *value = tmpl_text(a, e->query[i].value, t);

        if (name != NULL && value != NULL)
            add_param(url, name, value);
    }
}

static int
build_url(struct arena *a, const struct conf_system *s, const struct endpoint *e,
          const struct tmpl *t, const struct page *page, const struct listing *list,
          struct request *out, struct err *err)
{
    CLEANUP_BUF struct buf url = BUF_INIT;

    if (page != NULL && page->url != NULL) {
        out->url = page->url;
        return 0;
    }
    if (add_path(&url, s, e, t, err) != 0)
        return -1;
    add_query(a, &url, e, t);
    if (page != NULL && page->value != NULL && list->page_to != NULL &&
        strncmp(list->page_to, "query.", 6) == 0)
        add_param(&url, list->page_to + 6, page->value);
    out->url = arena_ntext(a, buf_get(&url), url.len);
    return 0;
}

/* Puts the cursor where page_to says, if that is in the body. */
static int
page_body(struct arena *a, const struct page *page, const struct listing *list, struct val **body,
          struct err *err)
{
    struct val *v;

    if (page == NULL || page->value == NULL || page->url != NULL || list->page_to == NULL ||
        strncmp(list->page_to, "body.", 5) != 0)
        return 0;
    if (*body == NULL)
        *body = val_object(a);
    v = page->number ? val_number(a, page->value) : val_string(a, page->value);
    return body_set(a, *body, list->page_to + 5, v, err);
}

static void
set_header(struct request *out, const char *name, const char *value)
{
    size_t i;

    for (i = 0; i < out->n_headers; i++) {
        if (strcasecmp(out->headers[i].name, name) == 0)
            break;
    }
    if (i == out->n_headers)
        out->n_headers++;
    out->headers[i].name = name;
    out->headers[i].value = value;
}

static void
build_headers(struct arena *a, const struct resource_def *r, const struct endpoint *e,
              const struct tmpl *t, const struct http_header *auth, struct request *out)
{
    const char *guard, *guard_value = NULL;

    out->headers = arena_alloc(a, (e->n_headers + OWN_HEADERS) * sizeof *out->headers);
    set_header(out, "Accept", "application/json");
    set_header(out, "User-Agent", PACKAGE_NAME "/" PACKAGE_VERSION);
    if (out->body != NULL)
        set_header(out, "Content-Type",
                   e->body_type == BODY_FORM ? "application/x-www-form-urlencoded"
                                             : "application/json");
    if (e->idempotency_header != NULL && t->idempotency_key != NULL)
        set_header(out, e->idempotency_header, t->idempotency_key);
    guard = precondition_header(a, r, e, t->etag, &guard_value);
    if (guard != NULL)
        set_header(out, guard, guard_value);
    for (size_t i = 0; i < e->n_headers; i++) {
        const char *value = tmpl_text(a, e->headers[i].value, t);

        if (value != NULL)
            set_header(out, e->headers[i].name, value);
    }
    if (auth != NULL)
        set_header(out, auth->name, auth->value);
}

/* METHOD and the URL's path below base_url. */
static const char *
shown(struct arena *a, const struct conf_system *s, const struct request *q)
{
    size_t base = strlen(s->base_url);
    const char *path = q->url;

    if (strncmp(path, s->base_url, base) == 0 && path[base] == '/')
        path += base;
    return arena_printf(a, "%s %.*s", q->method, (int)strcspn(path, "?"), path);
}

static void
write_body(struct arena *a, const struct endpoint *e, const struct val *body, struct request *out)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    if (e->body_type == BODY_FORM)
        form_write(&b, body);
    else
        val_write(&b, body);
    out->body = arena_ntext(a, buf_get(&b), b.len);
    out->body_len = b.len;
}

int
request_build(struct arena *a, const struct conf_system *s, const struct resource_def *r,
              const struct endpoint *e, const struct tmpl *t, const struct page *page,
              const struct listing *list, struct val *body, const struct http_header *auth,
              struct request *out, struct err *err)
{
    memset(out, 0, sizeof *out);
    out->method = e->method;
    if (build_url(a, s, e, t, page, list, out, err) != 0 ||
        page_body(a, page, list, &body, err) != 0)
        return -1;
    if (body != NULL)
        write_body(a, e, body, out);
    build_headers(a, r, e, t, auth, out);
    out->shown = shown(a, s, out);
    return 0;
}
