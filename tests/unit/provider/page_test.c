#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

static const char base[] = "https://x.example/api";

/* The cursor after ANSWER, which came for CURSOR; NULL at the end or with err. */
static const char *
step(struct fixture *f, const char *cursor, const char *url, const char *answer, struct page *page,
     struct err *err)
{
    struct val *v = fixture_val(f, answer);
    const struct page_answer all = {
        .url = url, .link = val_text(val_get(v, "link")), .body = v, .rows = val_get(v, "data")};
    const char *next = NULL;

    err->code[0] = '\0';
    ck_assert_msg(page_read(f->arena, &f->r.list, base, cursor, 0, page, err) == 0, "%s",
                  err->text);
    if (page_next(f->arena, &f->r, page, base, &all, &next, err) != 0)
        return NULL;
    return next;
}

START_TEST(cursors_are_carried_in_their_kind)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *next;

    fixture_init(&f);
    f.r.list.page = PAGE_CURSOR;
    f.r.list.page_from = (char *)"next.after";
    next = step(&f, NULL, base, "{\"data\":[],\"next\":{\"after\":\"a:b \"}}", &page, &err);
    ck_assert_ptr_null(page.value);
    step(&f, next, base, "{\"data\":[],\"next\":{\"after\":\"x\"}}", &page, &err);
    ck_assert_str_eq(page.value, "a:b ");
    ck_assert(!page.number);
    next =
        step(&f, next, base, "{\"data\":[],\"next\":{\"after\":9223372036854775807}}", &page, &err);
    step(&f, next, base, "{\"data\":[]}", &page, &err);
    ck_assert_str_eq(page.value, "9223372036854775807");
    ck_assert(page.number);
    fixture_release(&f);
}
END_TEST

START_TEST(nothing_where_the_cursor_was_is_the_end)
{
    static const char *const ends[] = {"{\"data\":[{\"id\":1}]}", "{\"data\":[],\"next\":null}",
                                       "{\"data\":[],\"next\":\"\"}",
                                       "{\"data\":[],\"next\":false}"};
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;

    fixture_init(&f);
    f.r.list.page_from = (char *)"next";
    for (size_t i = 0; i < sizeof ends / sizeof ends[0] * 2; i++) {
        f.r.list.page = i % 2 == 0 ? PAGE_CURSOR : PAGE_NEXT_URL;
        ck_assert_ptr_null(step(&f, NULL, base, ends[i / 2], &page, &err));
        ck_assert_str_eq(err.code, "");
    }
    fixture_release(&f);
}
END_TEST

START_TEST(the_same_cursor_again_is_a_loop)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *answer = "{\"data\":[{\"id\":1}],\"next\":\"c\"}", *next;

    fixture_init(&f);
    f.r.list.page = PAGE_CURSOR;
    f.r.list.page_from = (char *)"next";
    next = step(&f, NULL, base, answer, &page, &err);
    ck_assert_ptr_nonnull(next);
    ck_assert_ptr_null(step(&f, next, base, answer, &page, &err));
    ck_assert_str_eq(err.code, "page-loop");
    fixture_release(&f);
}
END_TEST

START_TEST(odd_cursors_are_refused)
{
    static const char *const odd[] = {"{\"data\":[],\"next\":{}}", "{\"data\":[],\"next\":[1]}",
                                      "{\"data\":[],\"next\":true}"};
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;

    fixture_init(&f);
    f.r.list.page = PAGE_CURSOR;
    f.r.list.page_from = (char *)"next";
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        ck_assert_ptr_null(step(&f, NULL, base, odd[i], &page, &err));
        ck_assert_str_eq(err.code, "bad-cursor");
    }
    buf_text(&b, "{\"data\":[],\"next\":\"");
    for (int i = 0; i < PAGE_MAX_CURSOR; i++)
        buf_char(&b, 'x');
    buf_text(&b, "\"}");
    ck_assert_ptr_null(step(&f, NULL, base, buf_get(&b), &page, &err));
    ck_assert_str_eq(err.code, "bad-cursor");
    fixture_release(&f);
}
END_TEST

/* The size is capped without a word: a short page is no last page. */
START_TEST(offsets_go_on_by_what_came_until_a_page_is_empty)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *next;

    fixture_init(&f);
    f.r.list.page = PAGE_OFFSET;
    next = step(&f, NULL, base, "{\"data\":[{\"id\":1},{\"id\":2}]}", &page, &err);
    ck_assert_str_eq(page.value, "0");
    ck_assert(page.number);
    next = step(&f, next, base, "{\"data\":[{\"id\":3}]}", &page, &err);
    ck_assert_str_eq(page.value, "2");
    next = step(&f, next, base, "{\"data\":[]}", &page, &err);
    ck_assert_str_eq(page.value, "3");
    ck_assert_ptr_null(next);
    ck_assert_str_eq(err.code, "");
    fixture_release(&f);
}
END_TEST

START_TEST(page_numbers_count_from_one)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *next;

    fixture_init(&f);
    f.r.list.page = PAGE_NUMBER;
    next = step(&f, NULL, base, "{\"data\":[{\"id\":1},{\"id\":2}]}", &page, &err);
    ck_assert_str_eq(page.value, "1");
    ck_assert_ptr_null(step(&f, next, base, "{\"data\":[]}", &page, &err));
    ck_assert_str_eq(page.value, "2");
    fixture_release(&f);
}
END_TEST

START_TEST(a_server_that_ignores_the_offset_is_found_out)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *answer = "{\"data\":[{\"id\":1},{\"id\":2}]}", *next;

    fixture_init(&f);
    for (int i = 0; i < 2; i++) {
        f.r.list.page = i == 0 ? PAGE_OFFSET : PAGE_NUMBER;
        next = step(&f, NULL, base, answer, &page, &err);
        ck_assert_ptr_nonnull(next);
        ck_assert_ptr_null(step(&f, next, base, answer, &page, &err));
        ck_assert_str_eq(err.code, "page-loop");
    }
    fixture_release(&f);
}
END_TEST

START_TEST(next_urls_stay_on_the_host)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *url = "https://x.example/api/contacts?page=1", *next;

    fixture_init(&f);
    f.r.list.page = PAGE_NEXT_URL;
    f.r.list.page_from = (char *)"next";
    next = step(&f, NULL, url, "{\"data\":[],\"next\":\"/api/contacts?page=2\"}", &page, &err);
    step(&f, next, url, "{\"data\":[]}", &page, &err);
    ck_assert_str_eq(page.url, "https://x.example/api/contacts?page=2");
    ck_assert_ptr_null(
        step(&f, NULL, url, "{\"data\":[],\"next\":\"https://evil.example/\"}", &page, &err));
    ck_assert_str_eq(err.code, "bad-cursor");
    ck_assert_ptr_null(
        step(&f, NULL, url, "{\"data\":[],\"next\":\"http://x.example/api\"}", &page, &err));
    ck_assert_str_eq(err.code, "bad-cursor");
    ck_assert_ptr_null(step(&f, NULL, url, "{\"data\":[],\"next\":\"?page=1\"}", &page, &err));
    ck_assert_str_eq(err.code, "page-loop");
    fixture_release(&f);
}
END_TEST

START_TEST(foreign_cursors_are_refused)
{
    static const struct {
        enum page_kind kind;
        const char *cursor;
    } cases[] = {{PAGE_OFFSET, "s:5"},   {PAGE_OFFSET, "o:-1:0"},
                 {PAGE_NUMBER, "o:"},    {PAGE_NUMBER, "o:99999999999999999999:0"},
                 {PAGE_CURSOR, "o:1:0"}, {PAGE_NEXT_URL, "u:https://evil.example/"},
                 {PAGE_NONE, "s:x"},     {PAGE_CURSOR, ""}};
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        f.r.list.page = cases[i].kind;
        ck_assert_msg(page_read(f.arena, &f.r.list, base, cases[i].cursor, 0, &page, &err) == -1,
                      "%s", cases[i].cursor);
        ck_assert_str_eq(err.code, "bad-cursor");
    }
    fixture_release(&f);
}
END_TEST

/* The answer's own member `link` stands for its header here. */
START_TEST(the_link_header_leads_on)
{
    static const char first[] = "{\"data\":[{\"id\":1}],\"link\":\"/api/2?x=1\"}";
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *next;

    fixture_init(&f);
    f.r.list.page = PAGE_LINK;
    next = step(&f, NULL, base, first, &page, &err);
    ck_assert_pstr_eq(next, "u:https://x.example/api/2?x=1");
    ck_assert_ptr_null(
        step(&f, next, "https://x.example/api/2?x=1", "{\"data\":[{\"id\":2}]}", &page, &err));
    ck_assert_str_eq(page.url, "https://x.example/api/2?x=1");
    ck_assert_str_eq(err.code, "");
    ck_assert_ptr_null(step(&f, next, "https://x.example/api/2?x=1", first, &page, &err));
    ck_assert_str_eq(err.code, "page-loop");
    ck_assert_ptr_null(
        step(&f, NULL, base, "{\"data\":[],\"link\":\"https://y.example/\"}", &page, &err));
    ck_assert_str_eq(err.code, "bad-cursor");
    fixture_release(&f);
}
END_TEST

START_TEST(the_last_id_is_the_cursor)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *next;

    fixture_init(&f);
    f.r.list.page = PAGE_LAST_ID;
    next = step(&f, NULL, base, "{\"data\":[{\"id\":\"a\"},{\"id\":\"b\"}]}", &page, &err);
    ck_assert_ptr_null(page.value);
    ck_assert_pstr_eq(next, "s:b");
    next = step(&f, next, base, "{\"data\":[{\"id\":7}]}", &page, &err);
    ck_assert_str_eq(page.value, "b");
    ck_assert_pstr_eq(next, "n:7");
    ck_assert_ptr_null(step(&f, next, base, "{\"data\":[]}", &page, &err));
    ck_assert(page.number);
    ck_assert_str_eq(err.code, "");
    ck_assert_ptr_null(step(&f, next, base, "{\"data\":[{\"id\":7}]}", &page, &err));
    ck_assert_str_eq(err.code, "page-loop");
    ck_assert_ptr_null(step(&f, NULL, base, "{\"data\":[{\"name\":1}]}", &page, &err));
    ck_assert_str_eq(err.code, "bad-cursor");
    fixture_release(&f);
}
END_TEST

/* An answer after which there is no page; CODE "" or the error's. */
static void
check_end(struct fixture *f, const char *answer, const char *code)
{
    struct page page;
    struct err err = ERR_INIT;
    const char *next = step(f, NULL, base, answer, &page, &err);

    ck_assert_msg(next == NULL, "%s: %s", answer, next);
    ck_assert_str_eq(err.code, code);
}

START_TEST(what_says_that_there_is_more_is_believed)
{
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;

    fixture_init(&f);
    f.r.list.page = PAGE_CURSOR;
    f.r.list.page_from = (char *)"next";
    f.r.list.more = (char *)"page.more";
    check_end(&f, "{\"data\":[],\"next\":\"c\",\"page\":{\"more\":false}}", "");
    ck_assert_pstr_eq(
        step(&f, NULL, base, "{\"data\":[],\"next\":\"c\",\"page\":{\"more\":true}}", &page, &err),
        "s:c");
    check_end(&f, "{\"data\":[],\"next\":null,\"page\":{\"more\":true}}", "bad-cursor");
    check_end(&f, "{\"data\":[],\"next\":\"c\"}", "bad-cursor");
    check_end(&f, "{\"data\":[],\"next\":\"c\",\"page\":{\"more\":1}}", "bad-cursor");
    f.r.list.more_is_end = true;
    check_end(&f, "{\"data\":[],\"next\":\"c\",\"page\":{\"more\":true}}", "");
    ck_assert_pstr_eq(
        step(&f, NULL, base, "{\"data\":[],\"next\":\"c\",\"page\":{\"more\":false}}", &page, &err),
        "s:c");
    fixture_release(&f);
}
END_TEST

START_TEST(an_empty_page_that_says_more_is_no_end)
{
    static const char empty[] = "{\"data\":[],\"more\":true}";
    struct fixture f;
    struct page page;
    struct err err = ERR_INIT;
    const char *next;

    fixture_init(&f);
    f.r.list.page = PAGE_NUMBER;
    f.r.list.more = (char *)"more";
    next = step(&f, NULL, base, "{\"data\":[{\"id\":1}],\"more\":true}", &page, &err);
    next = step(&f, next, base, empty, &page, &err);
    ck_assert_ptr_nonnull(next);
    ck_assert_str_eq(page.value, "2");
    ck_assert_ptr_null(step(&f, next, base, empty, &page, &err)); /* but not for ever */
    ck_assert_str_eq(err.code, "page-loop");
    f.r.list.page = PAGE_OFFSET;
    check_end(&f, empty, "page-loop");
    fixture_release(&f);
}
END_TEST

START_TEST(the_limit_caps_the_size)
{
    struct fixture f;
    struct page page;

    fixture_init(&f);
    f.r.list.size = 100;
    page_read(f.arena, &f.r.list, base, NULL, 0, &page, NULL);
    ck_assert_str_eq(page.size, "100");
    page_read(f.arena, &f.r.list, base, NULL, 7, &page, NULL);
    ck_assert_str_eq(page.size, "7");
    page_read(f.arena, &f.r.list, base, NULL, 700, &page, NULL);
    ck_assert_str_eq(page.size, "100");
    fixture_release(&f);
}
END_TEST

UNIT_MAIN("provider/page", cursors_are_carried_in_their_kind,
          nothing_where_the_cursor_was_is_the_end, the_same_cursor_again_is_a_loop,
          odd_cursors_are_refused, offsets_go_on_by_what_came_until_a_page_is_empty,
          page_numbers_count_from_one, a_server_that_ignores_the_offset_is_found_out,
          next_urls_stay_on_the_host, foreign_cursors_are_refused, the_limit_caps_the_size,
          the_link_header_leads_on, the_last_id_is_the_cursor,
          what_says_that_there_is_more_is_believed, an_empty_page_that_says_more_is_no_end)
