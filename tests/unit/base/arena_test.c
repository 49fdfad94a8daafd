#include <config.h>

#include "../unit.h"
#include "base/arena.h"

#include <stdint.h>
#include <string.h>

START_TEST(memory_is_zeroed_and_aligned)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    static const char zero[100];

    for (int turn = 0; turn < 2; turn++) {
        for (size_t size = 0; size < 100; size++) {
            char *p = arena_alloc(a, size);

            ck_assert_uint_eq((uintptr_t)p % 16, 0);
            ck_assert(memcmp(p, zero, size) == 0);
            memset(p, 0xff, size);
        }
        arena_reset(a);
    }
}
END_TEST

START_TEST(pieces_do_not_overlap)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    unsigned char *p[1000];

    for (size_t i = 0; i < 1000; i++) {
        p[i] = arena_alloc(a, i);
        memset(p[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 1000; i++)
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_eq(p[i][k], i & 0xff);
}
END_TEST

START_TEST(takes_pieces_larger_than_a_block)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    char *small = arena_text(a, "before");
    char *big = arena_alloc(a, 1 << 20);

    memset(big, 'x', 1 << 20);
    ck_assert_str_eq(small, "before");
    arena_reset(a);
    ck_assert_str_eq(arena_text(a, "after"), "after");
}
END_TEST

START_TEST(copies_texts)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    char text[] = "abc";
    char *copy = arena_text(a, text);

    text[0] = 'x';
    ck_assert_str_eq(copy, "abc");
    ck_assert_ptr_null(arena_text(a, NULL));
    ck_assert_str_eq(arena_ntext(a, "abcdef", 3), "abc");
    ck_assert_str_eq(arena_ntext(a, NULL, 0), "");
    ck_assert(memcmp(arena_copy(a, "a\0b", 3), "a\0b", 3) == 0);
    ck_assert_str_eq(arena_printf(a, "%s-%d", "n", 7), "n-7");
}
END_TEST

UNIT_MAIN("base/arena", memory_is_zeroed_and_aligned, pieces_do_not_overlap,
          takes_pieces_larger_than_a_block, copies_texts)
