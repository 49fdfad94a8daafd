#include <config.h>

#include "json/internal.h"

#include <string.h>

static bool
is_tail(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

const char *
lex_utf8(const char *p, const char *end)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t n = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    unsigned char low = 0x80, high = 0xbf;

    if (u[0] < 0xc2 || u[0] > 0xf4 || (size_t)(end - p) < n)
        return NULL;
    if (u[0] == 0xe0)
        low = 0xa0; /* overlong */
    else if (u[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (u[0] == 0xf0)
        low = 0x90; /* overlong */
    else if (u[0] == 0xf4)
        high = 0x8f; /* over U+10FFFF */
    if (!is_tail(u[1], low, high))
        return NULL;
    for (size_t i = 2; i < n; i++)
        if (!is_tail(u[i], 0x80, 0xbf))
            return NULL;
    return p + n;
}

size_t
val_bad_byte(const char *bytes, size_t len)
{
    const char *end = bytes + len;

    for (const char *p = bytes; p < end;) {
        const char *next = (unsigned char)*p < 0x80 ? p + 1 : lex_utf8(p, end);

        if (next == NULL)
            return (size_t)(p - bytes) + 1;
        p = next;
    }
    return 0;
}

static const char *
digits(const char *p, const char *end)
{
    const char *start = p;

    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p == start ? NULL : p;
}

const char *
lex_number(const char *p, const char *end)
{
    if (p < end && *p == '-')
        p++;
    if (p < end && *p == '0')
        p++;
    else if ((p = digits(p, end)) == NULL)
        return NULL;
    if (p < end && *p == '.' && (p = digits(p + 1, end)) == NULL)
        return NULL;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        p = digits(p, end);
    }
    return p;
}

static unsigned
hex4(const char *p)
{
    unsigned u = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];

        u = u << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return u;
}

static size_t
put_utf8(unsigned u, char *out)
{
    if (u < 0x80) {
        out[0] = (char)u;
        return 1;
    }
    if (u < 0x800) {
        out[0] = (char)(0xc0 | u >> 6);
        out[1] = (char)(0x80 | (u & 0x3f));
        return 2;
    }
    if (u < 0x10000) {
        out[0] = (char)(0xe0 | u >> 12);
        out[1] = (char)(0x80 | (u >> 6 & 0x3f));
        out[2] = (char)(0x80 | (u & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | u >> 18);
    out[1] = (char)(0x80 | (u >> 12 & 0x3f));
    out[2] = (char)(0x80 | (u >> 6 & 0x3f));
    out[3] = (char)(0x80 | (u & 0x3f));
    return 4;
}

/* The escape at *P, which is valid: its bytes to OUT (room for 4), their number; *P moves on. */
static size_t
unescape(const char **p, char *out)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    char c = (*p)[1];
    const char *known;
    unsigned u;

    if (c != 'u') {
        *p += 2;
        known = strchr(from, c);
        out[0] = known == NULL ? c : to[known - from];
        return 1;
    }
    u = hex4(*p + 2);
    *p += 6;
    if (u >= 0xd800 && u < 0xdc00) {
        u = 0x10000 + ((u - 0xd800) << 10) + (hex4(*p + 2) - 0xdc00);
        *p += 6;
    }
    return put_utf8(u, out);
}

size_t
lex_decode(const char *text, size_t len, char *out)
{
    const char *p = text, *end = text + len;
    char *o = out;

    while (p < end) {
        const char *slash = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((slash == NULL ? end : slash) - p);

        memcpy(o, p, plain);
        o += plain;
        p += plain;
        if (slash != NULL)
            o += unescape(&p, o);
    }
    return (size_t)(o - out);
}

/* The inside of a valid string, decoded byte by byte. */
struct decoder {
    const char *p, *end;
    char bytes[4];
    size_t n, at;
};

static int
next_byte(struct decoder *d)
{
    if (d->at < d->n)
        return (unsigned char)d->bytes[d->at++];
    if (d->p == d->end)
        return -1;
    if (*d->p != '\\')
        return (unsigned char)*d->p++;
    d->n = unescape(&d->p, d->bytes);
    d->at = 1;
    return (unsigned char)d->bytes[0];
}

int
lex_compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    struct decoder x = {.p = a, .end = a + a_len}, y = {.p = b, .end = b + b_len};
    int c, d;

    do {
        c = next_byte(&x);
        d = next_byte(&y);
    } while (c == d && c >= 0);
    return (c > d) - (c < d);
}

size_t
lex_decode_some(const char *text, size_t len, char *out, size_t size)
{
    struct decoder d = {.p = text, .end = text + len};
    size_t n = 0;
    int c;

    while (n < size && (c = next_byte(&d)) >= 0)
        out[n++] = (char)c;
    return n;
}

bool
lex_text_is(const char *text, size_t len, bool escaped, const char *want, size_t want_len)
{
    struct decoder d = {.p = text, .end = text + len};
    size_t i = 0;
    int c;

    if (!escaped)
        return len == want_len && memcmp(text, want, len) == 0;
    while ((c = next_byte(&d)) >= 0)
        if (i == want_len || (unsigned char)want[i++] != c)
            return false;
    return i == want_len;
}
