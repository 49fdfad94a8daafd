#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "crypto/digest.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { MAX_HEADERS = 256 };

static int
bad(struct err *err, const char *text)
{
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-request", "%s", text);
}

static const char *
lower(struct arena *a, const char *text)
{
    char *out = arena_text(a, text);

    for (char *s = out; *s != '\0'; s++)
        *s = (char)tolower((unsigned char)*s);
    return out;
}

/* ---- read ---- */

void
inbound_add_header(struct arena *a, struct inbound *r, struct inbound_header *to, const char *name,
                   const char *value)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (strcasecmp(to[i].name, name) == 0) {
            to[i].value = arena_printf(a, "%s, %s", to[i].value, value);
            return;
        }
    }
    to[r->n_headers].name = lower(a, name);
    to[r->n_headers++].value = value;
}

static int
add_values(struct arena *a, struct inbound *r, struct inbound_header *to, const char *name,
           const struct val *v, struct err *err)
{
    size_t n = v->kind == VAL_ARRAY ? v->n : 1;

    for (size_t i = 0; i < n; i++) {
        const char *text = val_id(v->kind == VAL_ARRAY ? v->u.items[i] : v);

        if (text == NULL)
            return bad(err, "a header must be text");
        inbound_add_header(a, r, to, name, text);
    }
    return 0;
}

static int
read_headers(struct arena *a, const struct val *v, struct inbound *r, struct err *err)
{
    struct inbound_header *headers;

    r->headers = NULL;
    r->n_headers = 0;
    if (val_is_null(v))
        return 0;
    if (v->kind != VAL_OBJECT)
        return bad(err, "headers must be an object");
    if (v->n > MAX_HEADERS)
        return bad(err, "there are more than 256 headers");
    headers = arena_alloc(a, (v->n + 1) * sizeof *headers);
    r->headers = headers;
    for (size_t i = 0; i < v->n; i++) {
        const struct val_member *m = &v->u.members[i];

        if (add_values(a, r, headers, m->name, m->value, err) != 0)
            return -1;
    }
    return 0;
}

int
inbound_headers_read(struct arena *a, const char *text, struct inbound *r, struct err *err)
{
    const struct val *v = val_parse(a, text, strlen(text), err);

    return v != NULL ? read_headers(a, v, r, err) : -1;
}

static int
read_base64(struct arena *a, const struct val *v, struct inbound *r, struct err *err)
{
    const char *text = val_text(v);
    unsigned char *bytes;
    long n;

    if (text == NULL)
        return bad(err, "body_base64 must be text");
    bytes = arena_alloc(a, v->n + 1);
    n = digest_from_base64(text, v->n, bytes, v->n + 1);
    if (n < 0)
        return bad(err, "body_base64 is no base64");
    r->body = (const char *)bytes;
    r->body_len = (size_t)n;
    return 0;
}

static int
read_body(struct arena *a, const struct val *v, struct inbound *r, struct err *err)
{
    const struct val *body = val_get(v, "body"), *coded = val_get(v, "body_base64");

    if (body != NULL && coded != NULL)
        return bad(err, "there are body and body_base64");
    if (coded != NULL)
        return read_base64(a, coded, r, err);
    r->body = "";
    if (val_is_null(body))
        return 0;
    r->body = body->kind == VAL_STRING ? body->u.text : val_write_text(a, body);
    r->body_len = body->kind == VAL_STRING ? body->n : strlen(r->body);
    return 0;
}

static int
read_time(const struct val *v, struct inbound *r, struct err *err)
{
    if (val_is_null(v))
        return 0;
    if (val_text(v) != NULL)
        return clock_parse(val_text(v), &r->received_at, err);
    return val_get_int(v, &r->received_at) == 0 ? 0 : bad(err, "received_at must be a time");
}

/* A member that is text, absent or null. */
static int
read_member(const struct val *v, const char *name, const char **out, struct err *err)
{
    const struct val *m = val_get(v, name);

    if (val_is_null(m))
        return 0;
    *out = val_id(m);
    if (*out == NULL || m->kind != VAL_STRING)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-request", "%s must be text", name);
    return 0;
}

int
inbound_parse(struct arena *a, const char *line, size_t len, struct inbound *r, struct err *err)
{
    const struct val *v = val_parse(a, line, len, err);

    memset(r, 0, sizeof *r);
    r->method = "POST";
    r->path = "";
    r->query = "";
    if (v == NULL)
        return -1;
    if (v->kind != VAL_OBJECT)
        return bad(err, "a captured request is an object");
    if (read_member(v, "system", &r->system, err) != 0 ||
        read_member(v, "method", &r->method, err) != 0 ||
        read_member(v, "path", &r->path, err) != 0 || read_member(v, "query", &r->query, err) != 0)
        return -1;
    r->query += r->query[0] == '?';
    if (read_headers(a, val_get(v, "headers"), r, err) != 0 || read_body(a, v, r, err) != 0)
        return -1;
    return read_time(val_get(v, "received_at"), r, err);
}

/* ---- write ---- */

static void
write_text(struct buf *out, const char *text)
{
    struct arena *a = arena_new();

    text = inbound_utf8(a, text);
    val_write_string(out, text, strlen(text));
    arena_free(a);
}

static void
write_member(struct buf *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    buf_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", name);
    write_text(out, text);
}

static void write_headers(struct buf *out, const struct inbound *r,
                          const struct webhook_def *judged);

void
inbound_write(struct buf *out, const struct inbound *r)
{
    char when[CLOCK_TEXT];

    buf_char(out, '{');
    write_member(out, "system", r->system);
    write_member(out, "method", r->method);
    write_member(out, "path", r->path);
    write_member(out, "query", r->query);
    buf_text(out, ",\"headers\":");
    write_headers(out, r, NULL);
    if (inbound_is_utf8(r->body, r->body_len)) {
        buf_text(out, ",\"body\":");
        val_write_string(out, r->body, r->body_len);
    } else {
        CLEANUP_FREE char *coded = digest_base64(r->body, r->body_len);

        write_member(out, "body_base64", coded);
    }
    if (r->received_at != 0)
        write_member(out, "received_at", clock_format(r->received_at, when));
    buf_char(out, '}');
}

/* What proves who the sender is has done so and is not kept. */
static bool
is_credential(const char *name, const struct webhook_def *judged)
{
    if (judged == NULL)
        return false;
    if (strcmp(name, "authorization") == 0 || strcmp(name, "proxy-authorization") == 0 ||
        strcmp(name, "cookie") == 0)
        return true;
    for (size_t i = 0; i < judged->n_verify; i++) {
        if (judged->verify[i].kind == VERIFY_EQUALS && strcmp(judged->verify[i].header, name) == 0)
            return true;
    }
    return false;
}

/* JUDGED NULL: all of them. */
static void
write_headers(struct buf *out, const struct inbound *r, const struct webhook_def *judged)
{
    bool first = true;

    buf_char(out, '{');
    for (size_t i = 0; i < r->n_headers; i++) {
        if (is_credential(r->headers[i].name, judged))
            continue;
        if (!first)
            buf_char(out, ',');
        first = false;
        write_text(out, r->headers[i].name);
        buf_char(out, ':');
        write_text(out, r->headers[i].value);
    }
    buf_char(out, '}');
}

const char *
inbound_headers_text(struct arena *a, const struct conf_system *system, const struct inbound *r)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    write_headers(&b, r, &system->definition->webhook);
    return arena_ntext(a, b.data, b.len);
}
