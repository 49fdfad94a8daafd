#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/*
 * Heap memory that is always there: out of memory ends the process (err_no_memory), which is why
 * every size from outside has a limit before it gets here. Free with free().
 */
void *mem_alloc(size_t size);                           /* zeroed */
void *mem_resize(void *p, size_t count, size_t size);   /* count * size, checked for overflow */
char *mem_text(const char *text);                       /* copy; NULL gives NULL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A local `CLEANUP_FREE char *p = NULL;` is freed when it goes out of scope. */
void mem_free_ptr(void *pp);
#define CLEANUP_FREE __attribute__((cleanup(mem_free_ptr)))

#endif
