#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

/*
 * Memory with one lifetime: many small pieces, freed together. A record's arena is reset for the
 * next record; what must live longer is copied out. Nothing in an arena is freed alone.
 */
struct arena;

struct arena *arena_new(void);
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned to 16 */
void *arena_take(struct arena *a, size_t size);  /* the same, not zeroed */
void *arena_copy(struct arena *a, const void *bytes, size_t size);
char *arena_text(struct arena *a, const char *text);              /* NULL gives NULL */
char *arena_ntext(struct arena *a, const char *text, size_t len); /* NUL is added */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_reset(struct arena *a); /* all of it is gone, the first block is kept */
void arena_free(struct arena *a);  /* NULL is fine */

void arena_free_ptr(struct arena **a);
#define CLEANUP_ARENA __attribute__((cleanup(arena_free_ptr)))

#endif
