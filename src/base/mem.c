#include <config.h>

#include "base/mem.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
mem_alloc(size_t size)
{
    void *p = calloc(1, size != 0 ? size : 1);

    if (p == NULL)
        err_no_memory();
    return p;
}

void *
mem_resize(void *p, size_t count, size_t size)
{
    p = reallocarray(p, count != 0 ? count : 1, size);
    if (p == NULL)
        err_no_memory();
    return p;
}

char *
mem_text(const char *text)
{
    char *copy;

    if (text == NULL)
        return NULL;
    copy = strdup(text);
    if (copy == NULL)
        err_no_memory();
    return copy;
}

char *
mem_printf(const char *fmt, ...)
{
    char *text;
    va_list ap;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        err_no_memory();
    va_end(ap);
    return text;
}

void
mem_free_ptr(void *pp)
{
    free(*(void **)pp);
}
