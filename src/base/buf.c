#include <config.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_release(struct buf *b)
{
    free(b->data);
    b->data = NULL;
    b->len = 0;
    b->cap = 0;
}

void
buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->data != NULL)
        b->data[0] = '\0';
}

void
buf_reserve(struct buf *b, size_t more)
{
    size_t want, cap;

    if (more > SIZE_MAX / 2 - b->len - 1)
        err_no_memory();
    want = b->len + more + 1;
    if (want <= b->cap)
        return;
    cap = b->cap < 64 ? 64 : b->cap;
    while (cap < want)
        cap += cap / 2 + 64;
    b->data = mem_resize(b->data, cap, 1);
    b->cap = cap;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
    buf_reserve(b, len);
    if (len != 0)
        memcpy(b->data + b->len, bytes, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void
buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void
buf_text(struct buf *b, const char *text)
{
    buf_add(b, text, strlen(text));
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        BUG("bad format %s", fmt);
    buf_reserve(b, (size_t)n);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

const char *
buf_get(const struct buf *b)
{
    return b->data != NULL ? b->data : "";
}

char *
buf_take(struct buf *b)
{
    char *data;

    buf_reserve(b, 0);
    b->data[b->len] = '\0';
    data = b->data;
    b->data = NULL;
    b->len = 0;
    b->cap = 0;
    return data;
}
