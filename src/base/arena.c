#include <config.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)16 * 1024)
#define ALIGN ((size_t)16)

struct block {
    struct block *next; /* owned */
    size_t used;
    size_t size;
    _Alignas(16) char bytes[];
};

struct arena {
    struct block *first; /* owned; the newest block comes first */
};

static struct block *
block_new(size_t size)
{
    struct block *b;

    if (size > SIZE_MAX / 2)
        err_no_memory();
    b = malloc(sizeof *b + size);
    if (b == NULL)
        err_no_memory();
    b->next = NULL;
    b->used = 0;
    b->size = size;
    return b;
}

struct arena *
arena_new(void)
{
    struct arena *a = mem_alloc(sizeof *a);

    a->first = block_new(BLOCK_SIZE);
    return a;
}

void *
arena_take(struct arena *a, size_t size)
{
    struct block *b = a->first;
    void *p;

    if (size > SIZE_MAX / 2)
        err_no_memory();
    size = (size + ALIGN - 1) & ~(ALIGN - 1);
    if (b->size - b->used < size) {
        b = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
        b->next = a->first;
        a->first = b;
    }
    p = b->bytes + b->used;
    b->used += size;
    return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
    return memset(arena_take(a, size), 0, size);
}

void *
arena_copy(struct arena *a, const void *bytes, size_t size)
{
    void *p = arena_take(a, size);

    if (size != 0)
        memcpy(p, bytes, size);
    return p;
}

char *
arena_ntext(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_take(a, len + 1);

    if (len != 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *
arena_text(struct arena *a, const char *text)
{
    return text == NULL ? NULL : arena_ntext(a, text, strlen(text));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *text;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        BUG("bad format %s", fmt);
    text = arena_alloc(a, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}

static void
free_blocks(struct block *b)
{
    while (b != NULL) {
        struct block *next = b->next;

        free(b);
        b = next;
    }
}

void
arena_reset(struct arena *a)
{
    struct block *keep = a->first;

    free_blocks(keep->next);
    keep->next = NULL;
    if (keep->size > BLOCK_SIZE) {
        free(keep);
        keep = block_new(BLOCK_SIZE);
        a->first = keep;
    }
    keep->used = 0;
}

void
arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    free_blocks(a->first);
    free(a);
}

void
arena_free_ptr(struct arena **a)
{
    arena_free(*a);
}
