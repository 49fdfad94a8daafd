#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

START_TEST(values_are_written_as_forms_have_them)
{
    static const struct {
        const char *json, *form;
    } rows[] = {
        {"{}", ""},
        {"{\"a\":\"b\",\"c\":1.10}", "a=b&c=1.10"},
        {"{\"a\":\"\",\"b\":null,\"c\":{},\"d\":[]}", "a=&b=&c=&d="},
        {"{\"a\":true,\"b\":false}", "a=true&b=false"},
        {"{\"a b&c\":\"=&+ \\u00e9%\"}", "a%20b%26c=%3D%26%2B%20%C3%A9%25"},
        {"{\"a\":{\"b\":{\"c\":1},\"d\":2}}", "a[b][c]=1&a[d]=2"},
        {"{\"a\":[1,{\"b\":2},[3]]}", "a[0]=1&a[1][b]=2&a[2][0]=3"},
        {"{\"a\":{\"b[c]\":1}}", "a[b%5Bc%5D]=1"},
        {"{\"a\":\"x\\u0000y\"}", "a=x%00y"},
    };
    struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP_BUF struct buf b = BUF_INIT;

        form_write(&b, fixture_val(&f, rows[i].json));
        ck_assert_str_eq(buf_get(&b), rows[i].form);
    }
    fixture_release(&f);
}
END_TEST

START_TEST(a_form_says_that_it_is_one)
{
    struct fixture f;

    fixture_init(&f);
    f.r.update.body_type = BODY_FORM;
    f.r.update.record = (char *)"contact";
    START(&f, "", {PEER_ANSWER, 200, NULL, "{\"contact\":{\"id\":7,\"name\":\"A&B\"}}", 0});
    provider_update(f.p, &f.r, "7", fixture_val(&f, "{\"name\":\"A&B\",\"city\":\"C\"}"), NULL,
                    fixture_keep, &f);
    fixture_run(&f);
    ck_assert_msg(f.got.outcome == PROVIDER_OK, "%s", f.got.text);
    ck_assert_str_eq(val_get_text(f.got.records[0].fields, "name"), "A&B");
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0),
                                 "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    ck_assert_str_eq(peer_body(&f.peer, 0), "contact[name]=A%26B&contact[address][city]=C");
    fixture_release(&f);
}
END_TEST

UNIT_MAIN("provider/form", values_are_written_as_forms_have_them, a_form_says_that_it_is_one)
