#include <config.h>

#include "provider/internal.h"

#include "base/text.h"

#include <string.h>

int
scene_open(struct arena *a, const struct inbound *r, struct scene *s, struct err *err)
{
    *s = (struct scene){.arena = a, .r = r};
    s->envelope = val_parse(a, r->body, r->body_len, err);
    if (s->envelope == NULL)
        return err_wrap(err, "body");
    return 0;
}

bool
inbound_is_utf8(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)bytes[i];
        size_t n = c < 0x80 ? 1 : text_utf8_len((const unsigned char *)bytes + i, len - i);

        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

const char *
inbound_utf8(struct arena *a, const char *text)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    if (inbound_is_utf8(text, strlen(text)))
        return text;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= 0x80)
            buf_char(&b, (char)(0xc0 | (c >> 6)));
        buf_char(&b, (char)(c < 0x80 ? c : 0x80 | (c & 0x3f)));
    }
    return arena_ntext(a, b.data, b.len);
}

const char *
inbound_header(const struct inbound *r, const char *name)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        if (strcmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    }
    return NULL;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One part of a query, decoded as forms are (+ is a space); %00 stays as it is. */
static const char *
decode(struct arena *a, const char *text, size_t len)
{
    char *out = arena_alloc(a, len + 1), *to = out;

    for (size_t i = 0; i < len; i++) {
        int high = text[i] == '%' && i + 2 < len ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

        if (low >= 0 && (high | low) != 0) {
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = text[i] == '+' ? ' ' : text[i];
        }
    }
    *to = '\0';
    return out;
}

const char *
inbound_query(struct arena *a, const struct inbound *r, const char *name)
{
    const char *at = r->query;

    while (*at != '\0') {
        size_t len = strcspn(at, "&");
        const char *equals = memchr(at, '=', len);
        size_t n = equals != NULL ? (size_t)(equals - at) : len;

        if (strcmp(decode(a, at, n), name) == 0)
            return equals != NULL ? decode(a, equals + 1, len - n - 1) : "";
        at += len;
        at += *at == '&';
    }
    return NULL;
}

static const struct val *
text_val(const struct scene *s, const char *text)
{
    return text != NULL ? val_string(s->arena, inbound_utf8(s->arena, text)) : NULL;
}

const struct val *
spot_get(const struct scene *s, const struct spot *spot)
{
    if (!spot->present)
        return NULL;
    switch (spot->root) {
    case SPOT_BODY:
        return record_at(s->item, spot->path);
    case SPOT_ENVELOPE:
        return record_at(s->envelope, spot->path);
    case SPOT_HEADER:
        return text_val(s, inbound_header(s->r, spot->path));
    case SPOT_QUERY:
        return text_val(s, inbound_query(s->arena, s->r, spot->path));
    case SPOT_METHOD:
        return text_val(s, s->r->method);
    case SPOT_PATH:
        return text_val(s, s->r->path);
    }
    return NULL;
}

const char *
spot_text(const struct scene *s, const struct spot *spot)
{
    const char *text = val_id(spot_get(s, spot));

    return text != NULL && text[0] != '\0' ? text : NULL;
}
