#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

static int
map(struct fixture *f, const char *json, struct provider_record *rec, struct err *err)
{
    return provider_map(f->arena, &f->r, fixture_val(f, json), rec, err);
}

START_TEST(absent_paths_are_null)
{
    struct provider_record rec;
    struct fixture f;

    fixture_init(&f);
    ck_assert_int_eq(map(&f, "{\"id\":\"a\",\"name\":\"\",\"address\":5,\"x\":1}", &rec, NULL), 0);
    ck_assert_str_eq(val_write_text(f.arena, rec.fields),
                     "{\"name\":\"\",\"email\":null,\"note\":null,\"score\":null,\"city\":null}");
    ck_assert_ptr_null(rec.version);
    ck_assert_ptr_null(rec.external_id);
    ck_assert_ptr_null(rec.etag);
    fixture_release(&f);
}
END_TEST

START_TEST(ids_become_text)
{
    struct provider_record rec;
    struct fixture f;

    fixture_init(&f);
    ck_assert_int_eq(map(&f, "{\"id\":9223372036854775807}", &rec, NULL), 0);
    ck_assert_str_eq(rec.id, "9223372036854775807");
    f.r.id = (char *)"meta.id";
    f.r.external_id = (char *)"ref";
    ck_assert_int_eq(map(&f, "{\"meta\":{\"id\":\"\xf0\x9f\x98\x80\"},\"ref\":7}", &rec, NULL), 0);
    ck_assert_str_eq(rec.id, "\xf0\x9f\x98\x80");
    ck_assert_str_eq(rec.external_id, "7");
    fixture_release(&f);
}
END_TEST

START_TEST(records_without_an_id_are_refused)
{
    static const char *const bad[] = {"{}",           "{\"id\":null}", "{\"id\":\"\"}",
                                      "{\"id\":[1]}", "{\"id\":true}", "{\"id\":\"a\\u0000b\"}"};
    struct provider_record rec;
    struct err err = ERR_INIT;
    struct fixture f;

    fixture_init(&f);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(map(&f, bad[i], &rec, &err) == -1, "%s", bad[i]);
        ck_assert_str_eq(err.code, "no-id");
    }
    ck_assert_int_eq(map(&f, "[{\"id\":1}]", &rec, &err), -1);
    ck_assert_str_eq(err.code, "no-record");
    ck_assert_int_eq(provider_map(f.arena, &f.r, NULL, &rec, &err), -1);
    fixture_release(&f);
}
END_TEST

START_TEST(an_endless_id_is_refused)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct provider_record rec;
    struct fixture f;

    fixture_init(&f);
    buf_text(&b, "{\"id\":\"");
    for (int i = 0; i < RECORD_MAX_ID + 1; i++)
        buf_char(&b, 'x');
    buf_text(&b, "\"}");
    ck_assert_int_eq(map(&f, buf_get(&b), &rec, NULL), -1);
    fixture_release(&f);
}
END_TEST

START_TEST(versions_are_read_by_their_kind)
{
    struct provider_record rec;
    struct fixture f;

    fixture_init(&f);
    f.r.version = (char *)"v";
    ck_assert_int_eq(map(&f, "{\"id\":1,\"v\":\"x\"}", &rec, NULL), 0);
    ck_assert_ptr_null(rec.version);
    f.r.version_kind = VERSION_SEQUENCE;
    ck_assert_int_eq(map(&f, "{\"id\":1,\"v\":12}", &rec, NULL), 0);
    ck_assert_str_eq(rec.version, "12");
    ck_assert_int_eq(rec.changed_at, 0);
    f.r.version_kind = VERSION_ETAG;
    ck_assert_int_eq(map(&f, "{\"id\":1,\"v\":\"W/1\"}", &rec, NULL), 0);
    ck_assert_str_eq(rec.etag, "W/1");
    ck_assert_str_eq(rec.version, "W/1");
    fixture_release(&f);
}
END_TEST

START_TEST(times_are_read_as_text_seconds_or_milliseconds)
{
    static const struct {
        const char *json;
        long long ms;
    } cases[] = {{"{\"id\":1,\"v\":\"2026-01-02T03:04:05.678+01:00\"}", 1767319445678},
                 {"{\"id\":1,\"v\":1767319445}", 1767319445000},
                 {"{\"id\":1,\"v\":1767319445678}", 1767319445678},
                 {"{\"id\":1,\"v\":null}", 0},
                 {"{\"id\":1,\"v\":\"yesterday\"}", 0},
                 {"{\"id\":1}", 0}};
    struct provider_record rec;
    struct fixture f;

    fixture_init(&f);
    f.r.version = (char *)"v";
    f.r.version_kind = VERSION_TIMESTAMP;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ck_assert_int_eq(map(&f, cases[i].json, &rec, NULL), 0);
        ck_assert_int_eq(rec.changed_at, cases[i].ms);
    }
    fixture_release(&f);
}
END_TEST

UNIT_MAIN("provider/map", absent_paths_are_null, ids_become_text, records_without_an_id_are_refused,
          an_endless_id_is_refused, versions_are_read_by_their_kind,
          times_are_read_as_text_seconds_or_milliseconds)
