#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

static struct pair name = {(char *)"custom", (char *)"id", (char *)"value", (char *)"first", false};
static struct pair number = {(char *)"custom", (char *)"id", (char *)"value", (char *)"42", true};

START_TEST(a_value_is_found_by_its_name)
{
    struct fixture f;
    const struct val *v;

    fixture_init(&f);
    v = fixture_val(&f, "{\"custom\":[{\"id\":\"x\",\"value\":1},{\"id\":\"first\",\"value\":2},"
                        "7,{\"id\":42,\"value\":3},{\"id\":\"first\",\"value\":4}]}");
    ck_assert_str_eq(val_write_text(f.arena, pair_get(&name, v)), "2");
    ck_assert_str_eq(val_write_text(f.arena, pair_get(&number, v)), "3");
    ck_assert_ptr_null(pair_get(&name, fixture_val(&f, "{\"custom\":[]}")));
    ck_assert_ptr_null(pair_get(&name, fixture_val(&f, "{\"custom\":{}}")));
    ck_assert_ptr_null(pair_get(&name, fixture_val(&f, "{\"custom\":[{\"id\":\"first\"}]}")));
    fixture_release(&f);
}
END_TEST

START_TEST(only_what_is_sent_is_in_the_list)
{
    struct fixture f;
    struct tmpl t = {0};
    struct err err = ERR_INIT;
    struct val *v;

    fixture_init(&f);
    f.maps[0].pair = &name;
    f.maps[1].pair = &number;
    f.r.external_id = (char *)"custom.ref";
    f.r.external_id_pair =
        &(struct pair){(char *)"custom", (char *)"id", (char *)"value", (char *)"ref", false};
    v = body_build(f.arena, &f.r, &f.r.create, &t,
                   fixture_val(&f, "{\"name\":\"A\",\"email\":null,\"note\":\"n\"}"), "x1", &err);
    ck_assert_str_eq(val_write_text(f.arena, v),
                     "{\"custom\":[{\"id\":\"first\",\"value\":\"A\"},{\"id\":42,\"value\":null},"
                     "{\"id\":\"ref\",\"value\":\"x1\"}],\"note\":\"n\"}");
    fixture_release(&f);
}
END_TEST

START_TEST(what_goes_out_comes_back)
{
    struct fixture f;
    struct tmpl t = {0};
    struct err err = ERR_INIT;
    struct provider_record rec;
    struct val *v;

    fixture_init(&f);
    f.maps[0].pair = &name;
    f.r.id = (char *)"note";
    v = body_build(f.arena, &f.r, &f.r.create, &t,
                   fixture_val(&f, "{\"name\":[1,{\"a\":null}],\"note\":\"n\"}"), NULL, &err);
    ck_assert_int_eq(provider_map(f.arena, &f.r, v, &rec, &err), 0);
    ck_assert_str_eq(val_write_text(f.arena, val_get(rec.fields, "name")), "[1,{\"a\":null}]");
    fixture_release(&f);
}
END_TEST

UNIT_MAIN("provider/pair", a_value_is_found_by_its_name, only_what_is_sent_is_in_the_list,
          what_goes_out_comes_back)
