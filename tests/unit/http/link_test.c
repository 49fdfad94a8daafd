#include <config.h>

#include "../unit.h"
#include "base/arena.h"
#include "http/link.h"

START_TEST(the_next_link_is_found)
{
    static const struct {
        const char *value, *url;
    } cases[] = {
        {"<https://x.example/?page=2>; rel=\"next\"", "https://x.example/?page=2"},
        {"</a?p=2>;rel=next", "/a?p=2"},
        {"<a>; rel=\"prev\", <b>; rel=\"next\", <c>; rel=\"last\"", "b"},
        {" , <a> ; title=\"a, <b>; rel=next\" ; rel=\"prev\",<c>;REL=Next", "c"},
        {"<a>; rel=\"first next\"", "a"},
        {"<a;b,c>; rel=next", "a;b,c"},
        {"<a>; title=\"with \\\" in it\"; rel=next", "a"},
        {"<>; rel=next", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CLEANUP_ARENA struct arena *a = arena_new();

        ck_assert_pstr_eq(link_target(a, cases[i].value, "next"), cases[i].url);
    }
}
END_TEST

START_TEST(what_is_no_such_link_is_none)
{
    static const char *const cases[] = {
        "",
        "<a>; rel=prev",
        "<a>; rel=nextone",
        "<a>; title=next",
        "<a>; rel=prev; rel=next", /* the first counts */
        "<a",
        "a; rel=next",
        "<a>; rel=\"next",
        "<a> x; rel=next",
        "<a>; rel=prev x, <b>; rel=next",
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CLEANUP_ARENA struct arena *a = arena_new();

        ck_assert_msg(link_target(a, cases[i], "next") == NULL, "%s", cases[i]);
    }
}
END_TEST

UNIT_MAIN("http/link", the_next_link_is_found, what_is_no_such_link_is_none)
