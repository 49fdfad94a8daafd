#include <config.h>

#include "fixture.h"

#include "../unit.h"

#include <string.h>

static const char kept[] = "{\"id\":\"7\",\"name\":\"A\",\"ref\":\"x 1\"}";

static void
create(struct fixture *f)
{
    provider_create(f->p, &f->r, fixture_val(f, "{\"name\":\"A\"}"), "x 1", "key-1", fixture_keep,
                    f);
    fixture_run(f);
}

static void
init(struct fixture *f, enum upsert_by by)
{
    fixture_init(f);
    f->r.external_id = (char *)"ref";
    f->r.find.n_by = 2;
    f->r.create.upsert = by;
    if (by == UPSERT_URL) {
        f->r.create.method = (char *)"PATCH";
        f->r.create.path = (char *)"/contacts/ref/{external_id}";
    }
}

START_TEST(the_key_in_the_url_is_not_in_the_record)
{
    struct fixture f;

    init(&f, UPSERT_URL);
    START(&f, "", {PEER_ANSWER, 201, NULL, kept, 0});
    create(&f);
    ck_assert_msg(f.got.outcome == PROVIDER_OK, "%s", f.got.text);
    ck_assert_str_eq(f.got.id, "7");
    ck_assert_str_eq(f.got.records[0].external_id, "x 1");
    ck_assert(strncmp(peer_request(&f.peer, 0), "PATCH /contacts/ref/x%201 ", 26) == 0);
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"name\":\"A\"}");
    fixture_release(&f);
}
END_TEST

START_TEST(the_key_in_the_body_stands_where_the_definition_says)
{
    struct fixture f;

    init(&f, UPSERT_BODY);
    f.r.create.key = (char *)"keys.ours";
    START(&f, "", {PEER_ANSWER, 200, NULL, kept, 0});
    create(&f);
    ck_assert_msg(f.got.outcome == PROVIDER_OK, "%s", f.got.text);
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"name\":\"A\",\"keys\":{\"ours\":\"x 1\"}}");
    fixture_release(&f);
}
END_TEST

/* 204 is what is answered where it was an update. */
START_TEST(one_that_shows_nothing_is_read_back_by_its_key)
{
    struct fixture f;

    init(&f, UPSERT_URL);
    START(&f, "", {PEER_ANSWER, 204, "", NULL, 0},
          {PEER_ANSWER, 200, NULL, "[{\"id\":\"7\",\"name\":\"A\",\"ref\":\"x 1\"}]", 0});
    create(&f);
    ck_assert_msg(f.got.outcome == PROVIDER_OK, "%s", f.got.text);
    ck_assert(f.got.read_back);
    ck_assert_str_eq(f.got.id, "7");
    ck_assert(strncmp(peer_request(&f.peer, 1), "GET /contacts?ref=x%201 ", 24) == 0);
    fixture_release(&f);
}
END_TEST

START_TEST(an_id_of_ours_is_sent_and_must_come_back)
{
    struct fixture f;

    fixture_init(&f);
    f.r.create.client_id = CLIENT_ID_TEXT;
    f.r.create.id_in_record = true;
    START(&f, "", {PEER_ANSWER, 201, NULL, "{\"id\":\"x 1\",\"name\":\"A\"}", 0},
          {PEER_ANSWER, 201, NULL, "{\"id\":\"8\",\"name\":\"A\"}", 0});
    create(&f);
    ck_assert_msg(f.got.outcome == PROVIDER_OK, "%s", f.got.text);
    ck_assert_str_eq(f.got.id, "x 1");
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"name\":\"A\",\"id\":\"x 1\"}");
    create(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
    ck_assert_str_eq(f.got.code, "other-record");
    fixture_release(&f);
}
END_TEST

START_TEST(an_id_of_ours_may_be_the_path)
{
    struct fixture f;

    fixture_init(&f);
    f.r.create.client_id = CLIENT_ID_TEXT;
    f.r.create.method = (char *)"PUT";
    f.r.create.path = (char *)"/contacts/{id}";
    START(&f, "", {PEER_ANSWER, 201, NULL, "{\"id\":\"x 1\"}", 0});
    create(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert(strncmp(peer_request(&f.peer, 0), "PUT /contacts/x%201 ", 20) == 0);
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"name\":\"A\"}");
    fixture_release(&f);
}
END_TEST

START_TEST(a_uuid_is_the_same_for_the_same_external_id)
{
    struct fixture f;
    const char *one, *two;

    fixture_init(&f);
    ck_assert_ptr_null(provider_client_id(f.arena, &f.r, "x"));
    f.r.create.client_id = CLIENT_ID_UUID;
    ck_assert_ptr_null(provider_client_id(f.arena, &f.r, NULL));
    one = provider_client_id(f.arena, &f.r, "x");
    two = provider_client_id(f.arena, &f.r, "y");
    ck_assert_str_eq(one, provider_client_id(f.arena, &f.r, "x"));
    ck_assert_str_ne(one, two);
    for (size_t i = 0; i < 36; i++)
        ck_assert(i == 8 || i == 13 || i == 18 || i == 23
                      ? one[i] == '-'
                      : strchr("0123456789abcdef", one[i]) != NULL);
    ck_assert_uint_eq(strlen(one), 36);
    ck_assert_int_eq(one[14], '4');
    ck_assert_ptr_nonnull(strchr("89ab", one[19]));
    fixture_release(&f);
}
END_TEST

START_TEST(a_preview_shows_the_key)
{
    struct fixture f;
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct err err = ERR_INIT;
    struct http *http;

    init(&f, UPSERT_URL);
    http = http_new();
    f.p = provider_new(&f.s, http);
    f.http = http;
    ck_assert_int_eq(
        provider_preview(f.p, &f.r, NULL, fixture_val(&f, "{\"name\":\"A\"}"), "x1", &b, &err), 0);
    ck_assert_ptr_nonnull(strstr(buf_get(&b), "PATCH https://x.example/api/contacts/ref/x1\n"));
    fixture_release(&f);
}
END_TEST

UNIT_MAIN("provider/upsert", the_key_in_the_url_is_not_in_the_record,
          the_key_in_the_body_stands_where_the_definition_says,
          one_that_shows_nothing_is_read_back_by_its_key, an_id_of_ours_is_sent_and_must_come_back,
          an_id_of_ours_may_be_the_path, a_uuid_is_the_same_for_the_same_external_id,
          a_preview_shows_the_key)
