#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * A byte buffer that grows. `data` is NUL-terminated whenever it is not NULL, so text in it can be
 * used as a C string; `len` does not count that NUL. All zeroes is an empty buffer.
 */
struct buf {
    char *data; /* owned */
    size_t len;
    size_t cap;
};

#define BUF_INIT {NULL, 0, 0}

void buf_release(struct buf *b); /* frees; b is empty and usable again */
void buf_clear(struct buf *b);   /* empty, memory kept */
void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_char(struct buf *b, char c);
void buf_text(struct buf *b, const char *text); /* NUL-terminated */
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/* The text so far; "" when empty, never NULL. Borrowed until the next change. */
const char *buf_get(const struct buf *b);

/* The bytes as heap memory, NUL-terminated; b is empty after. Owner: the caller. */
char *buf_take(struct buf *b);

#define CLEANUP_BUF __attribute__((cleanup(buf_release)))

#endif
