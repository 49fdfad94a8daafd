#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

static const char *
build(struct fixture *f, const char *fields, const char *external_id, struct err *err)
{
    struct tmpl t = {0};
    struct val *v =
        body_build(f->arena, &f->r, &f->r.create, &t, fixture_val(f, fields), external_id, err);

    return v != NULL ? val_write_text(f->arena, v) : NULL;
}

START_TEST(fields_stand_at_their_paths)
{
    struct fixture f;

    fixture_init(&f);
    ck_assert_str_eq(build(&f, "{\"name\":\"A\",\"city\":\"B\"}", NULL, NULL),
                     "{\"name\":\"A\",\"address\":{\"city\":\"B\"}}");
    fixture_release(&f);
}
END_TEST

START_TEST(read_only_and_unmapped_fields_stay_here)
{
    struct fixture f;

    fixture_init(&f);
    ck_assert_str_eq(build(&f, "{\"score\":1,\"other\":2,\"note\":null}", NULL, NULL),
                     "{\"note\":null}");
    fixture_release(&f);
}
END_TEST

START_TEST(the_record_is_wrapped_in_the_template)
{
    struct fixture f;

    fixture_init(&f);
    f.r.create.record = (char *)"data.attributes";
    f.r.create.body = json_loads("{\"data\":{\"type\":\"contact\"}}", 0, NULL);
    ck_assert_str_eq(build(&f, "{\"name\":\"A\"}", NULL, NULL),
                     "{\"data\":{\"type\":\"contact\",\"attributes\":{\"name\":\"A\"}}}");
    json_decref(f.r.create.body);
    fixture_release(&f);
}
END_TEST

START_TEST(external_ids_go_where_the_definition_says)
{
    struct fixture f;

    fixture_init(&f);
    ck_assert_str_eq(build(&f, "{}", "x7", NULL), "{}");
    f.r.external_id = (char *)"address.ref";
    ck_assert_str_eq(build(&f, "{\"city\":\"B\"}", "x7", NULL),
                     "{\"address\":{\"city\":\"B\",\"ref\":\"x7\"}}");
    fixture_release(&f);
}
END_TEST

START_TEST(numbers_in_paths_make_lists)
{
    struct fixture f;

    fixture_init(&f);
    f.maps[0].path = (char *)"emails.1.value";
    f.maps[1].path = (char *)"emails.0";
    ck_assert_str_eq(build(&f, "{\"name\":\"A\",\"email\":\"B\"}", NULL, NULL),
                     "{\"emails\":[\"B\",{\"value\":\"A\"}]}");
    fixture_release(&f);
}
END_TEST

START_TEST(paths_that_cannot_be_are_refused)
{
    struct fixture f;
    struct err err = ERR_INIT;

    fixture_init(&f);
    f.maps[0].path = (char *)"address";
    ck_assert_ptr_null(build(&f, "{\"name\":\"A\",\"city\":\"B\"}", NULL, &err));
    ck_assert_str_eq(err.code, "bad-path");
    f.maps[0].path = (char *)"a.99999999999";
    ck_assert_ptr_null(build(&f, "{\"name\":\"A\"}", NULL, &err));
    ck_assert_str_eq(err.code, "bad-path");
    fixture_release(&f);
}
END_TEST

/* The law of path maps: what was sent is what is read, byte for byte. */
START_TEST(what_goes_out_comes_back)
{
    static const char *const values[] = {"9223372036854775807",
                                         "18446744073709551616",
                                         "0.1",
                                         "1.10",
                                         "1e2",
                                         "-0",
                                         "null",
                                         "\"\"",
                                         "\"\xf0\x9f\x98\x80\"",
                                         "\"1\"",
                                         "true",
                                         "false",
                                         "[]",
                                         "{}",
                                         "[1.0]",
                                         "\"a\\u0000b\"",
                                         "\"\\\\\\\"\\n\"",
                                         "{\"a.b\":[null,0.10]}"};
    static const char *const wrappers[] = {"", "data", "a.b"};

    for (size_t i = 0; i < sizeof values / sizeof values[0] * 3; i++) {
        struct fixture f;
        struct provider_record rec;
        struct err err = ERR_INIT;
        const char *fields, *sent;

        fixture_init(&f);
        f.maps[0].path = (char *)"emails.0.value";
        f.maps[3].read_only = false;
        f.r.create.record = (char *)wrappers[i % 3];
        f.r.external_id = (char *)"id";
        fields = arena_printf(f.arena,
                              "{\"name\":%1$s,\"email\":%1$s,\"note\":%1$s,\"score\":%1$s,"
                              "\"city\":%1$s}",
                              values[i / 3]);
        sent = build(&f, fields, "42", &err);
        ck_assert_msg(sent != NULL, "%s", err.text);
        ck_assert_int_eq(provider_map(f.arena, &f.r,
                                      record_at(fixture_val(&f, sent), wrappers[i % 3]), &rec,
                                      &err),
                         0);
        ck_assert_str_eq(rec.id, "42");
        ck_assert_str_eq(val_write_text(f.arena, rec.fields), fields);
        fixture_release(&f);
    }
}
END_TEST

UNIT_MAIN("provider/body", fields_stand_at_their_paths, read_only_and_unmapped_fields_stay_here,
          the_record_is_wrapped_in_the_template, external_ids_go_where_the_definition_says,
          numbers_in_paths_make_lists, paths_that_cannot_be_are_refused, what_goes_out_comes_back)
