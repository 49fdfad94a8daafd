#include <config.h>

#include "../unit.h"
#include "base/text.h"

#include <string.h>

static void
check(const char *text, const char *want)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    text_escape(&b, text, strlen(text));
    ck_assert_str_eq(buf_get(&b), want);
}

START_TEST(letters_of_all_languages_stay)
{
    check("J\xc3\xbcrgen \xe6\x9d\xb1 \xf0\x9f\x98\x80",
          "J\xc3\xbcrgen \xe6\x9d\xb1 \xf0\x9f\x98\x80");
    check("\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae",
          "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae"); /* a joiner */
    check("", "");
}
END_TEST

START_TEST(what_drives_a_terminal_is_shown)
{
    check("a\033[31mb\007\x7f\r\n", "a\\x1b[31mb\\x07\\x7f\\x0d\\x0a");
    check("\xc2\x9b"
          "31m",
          "\\xc2\\x9b31m"); /* CSI as one C1 */
    check("\x9b\xff", "\\x9b\\xff");
}
END_TEST

START_TEST(what_makes_a_line_look_like_another_is_shown)
{
    check("exe\xe2\x80\xaegpj", "exe\\u202egpj");
    check("\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069");
    check("\xe2\x80\x8b\xef\xbb\xbf\xd8\x9c\xe2\x80\xa8", "\\u200b\\ufeff\\u061c\\u2028");
}
END_TEST

UNIT_MAIN("base/text", letters_of_all_languages_stay, what_drives_a_terminal_is_shown,
          what_makes_a_line_look_like_another_is_shown)
