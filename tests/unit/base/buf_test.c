#include <config.h>

#include "../unit.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

START_TEST(empty_buffer_reads_as_empty_text)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    ck_assert_str_eq(buf_get(&b), "");
    buf_clear(&b);
    ck_assert_str_eq(buf_get(&b), "");
}
END_TEST

START_TEST(grows_and_stays_terminated)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    for (size_t i = 0; i < 5000; i++) {
        buf_char(&b, (char)('a' + i % 26));
        ck_assert_uint_eq(b.len, i + 1);
        ck_assert_int_eq(b.data[b.len], '\0');
        ck_assert_uint_gt(b.cap, b.len);
    }
    for (size_t i = 0; i < 5000; i++)
        ck_assert_int_eq(b.data[i], (char)('a' + i % 26));
}
END_TEST

START_TEST(adds_bytes_text_and_formats)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_add(&b, "a\0b", 3);
    buf_text(&b, "-text-");
    buf_printf(&b, "%d/%s", 42, "x");
    buf_add(&b, NULL, 0);
    ck_assert_uint_eq(b.len, 13);
    ck_assert(memcmp(b.data, "a\0b-text-42/x", 14) == 0);
    buf_clear(&b);
    ck_assert_str_eq(buf_get(&b), "");
}
END_TEST

START_TEST(long_formats_fit)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    buf_printf(&b, "%1000d", 7);
    ck_assert_uint_eq(b.len, 1000);
    ck_assert_int_eq(b.data[999], '7');
}
END_TEST

START_TEST(take_gives_the_text_away)
{
    struct buf b = BUF_INIT;
    char *text;

    buf_text(&b, "mine");
    text = buf_take(&b);
    ck_assert_str_eq(text, "mine");
    ck_assert_ptr_null(b.data);
    free(text);
    text = buf_take(&b);
    ck_assert_str_eq(text, "");
    free(text);
}
END_TEST

UNIT_MAIN("base/buf", empty_buffer_reads_as_empty_text, grows_and_stays_terminated,
          adds_bytes_text_and_formats, long_formats_fit, take_gives_the_text_away)
