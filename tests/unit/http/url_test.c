#include <config.h>

#include "http/url.h"

#include "../unit.h"

#include <string.h>

START_TEST(resolves_relative_urls)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const char *base = "https://x.example/api/contacts?page=1";

    ck_assert_str_eq(url_resolve(a, base, "?page=2"), "https://x.example/api/contacts?page=2");
    ck_assert_str_eq(url_resolve(a, base, "/api/contacts?p=2"),
                     "https://x.example/api/contacts?p=2");
    ck_assert_str_eq(url_resolve(a, base, "more"), "https://x.example/api/more");
    ck_assert_str_eq(url_resolve(a, base, "https://y.example/z"), "https://y.example/z");
    ck_assert_str_eq(url_resolve(a, base, "//y.example/z"), "https://y.example/z");
}
END_TEST

START_TEST(knows_the_same_host)
{
    const char *base = "https://x.example/api";

    ck_assert(url_same_origin(base, "https://x.example/other?x=1"));
    ck_assert(url_same_origin(base, "https://X.Example:443/"));
    ck_assert(url_same_origin("http://127.0.0.1:81/api", "http://127.0.0.1:81"));
}
END_TEST

START_TEST(knows_another_host)
{
    static const char *const others[] = {
        "http://x.example/",         "https://x.example:444/",     "https://y.example/",
        "https://x.example.evil/",   "https://x.example@evil/",    "https://u@x.example/",
        "https://u:p@x.example/api", "https://evil/#x.example",    "ftp://x.example/",
        "https://evil\\@x.example/", "https://x.example\\.evil/a", "",
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_msg(!url_same_origin("https://x.example/api", others[i]), "%s", others[i]);
}
END_TEST

START_TEST(escapes_all_but_unreserved)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    url_escape(&b, "aZ09-._~ /?#&=+%\xc3\xa9");
    ck_assert_str_eq(buf_get(&b), "aZ09-._~%20%2F%3F%23%26%3D%2B%25%C3%A9");
}
END_TEST

START_TEST(takes_the_last_part_of_a_path)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(url_last_part(a, "https://x/api/contacts/42"), "42");
    ck_assert_str_eq(url_last_part(a, "/contacts/a%20b/?x=/y#z"), "a b");
    ck_assert_ptr_null(url_last_part(a, "/"));
    ck_assert_ptr_null(url_last_part(a, "/a%00b"));
    ck_assert_ptr_null(url_last_part(a, ""));
}
END_TEST

UNIT_MAIN("http/url", resolves_relative_urls, knows_the_same_host, knows_another_host,
          escapes_all_but_unreserved, takes_the_last_part_of_a_path)
