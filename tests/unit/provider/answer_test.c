#include <config.h>

#include "fixture.h"

#include "../unit.h"

#include <string.h>

/* Each test: what one answer of the peer becomes. */

static void
get(struct fixture *f, struct peer_step step)
{
    fixture_start(f, "", &step, 1);
    provider_get(f->p, &f->r, "7", fixture_keep, f);
    fixture_run(f);
}

static void
update(struct fixture *f, struct peer_step step)
{
    fixture_start(f, "", &step, 1);
    provider_update(f->p, &f->r, "7", fixture_val(f, "{\"name\":\"A\"}"), NULL, fixture_keep, f);
    fixture_run(f);
}

static void delete (struct fixture *f, struct peer_step step)
{
    fixture_start(f, "", &step, 1);
    provider_delete(f->p, &f->r, "7", NULL, fixture_keep, f);
    fixture_run(f);
}

static void
list(struct fixture *f, const char *body)
{
    START(f, "", {PEER_ANSWER, 200, NULL, body, 0});
    provider_list(f->p, &f->r, 0, NULL, 0, fixture_keep, f);
    fixture_run(f);
}

#define ANSWER(status, body) ((struct peer_step){PEER_ANSWER, status, NULL, body, 0})

static void
check(const struct fixture *f, enum provider_outcome outcome, const char *code)
{
    ck_assert_msg(f->got.outcome == outcome, "%d: %s", f->got.outcome, f->got.text);
    ck_assert_pstr_eq(f->got.code, code);
}

START_TEST(a_record_is_read)
{
    struct peer_step step = {
        PEER_ANSWER, 200,
        "Content-Type: application/vnd.x+json; charset=utf-8\r\nETag: \"e1\"\r\n"
        "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        "\xef\xbb\xbf{\"id\":7,\"name\":\"A\",\"address\":{\"city\":0.10}}", 0};
    struct fixture f;

    fixture_init(&f);
    get(&f, step);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_int_eq(f.got.status, 200);
    ck_assert_int_eq(f.got.server_now, 784111777000);
    ck_assert_uint_eq(f.got.n_records, 1);
    ck_assert_str_eq(f.got.records[0].id, "7");
    ck_assert_str_eq(f.got.records[0].etag, "\"e1\"");
    ck_assert_ptr_null(f.got.records[0].version);
    ck_assert_str_eq(val_write_text(f.arena, f.got.records[0].fields),
                     "{\"name\":\"A\",\"email\":null,\"note\":null,\"score\":null,\"city\":0.10}");
    fixture_release(&f);
}
END_TEST

START_TEST(an_etag_is_the_version_where_the_definition_says_so)
{
    struct fixture f;

    fixture_init(&f);
    f.r.version_kind = VERSION_ETAG;
    get(&f, (struct peer_step){PEER_ANSWER, 200, "ETag: \"e1\"\r\n", "{\"id\":7}", 0});
    ck_assert_str_eq(f.got.records[0].version, "\"e1\"");
    fixture_release(&f);
}
END_TEST

START_TEST(json_of_any_type_is_read)
{
    struct fixture f;

    fixture_init(&f);
    get(&f, (struct peer_step){PEER_ANSWER, 200, "Content-Type: text/html\r\n", "{\"id\":7}", 0});
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    fixture_release(&f);
}
END_TEST

START_TEST(html_where_json_was_due_is_broken)
{
    struct peer_step step = {PEER_ANSWER, 200, "Content-Type: text/html; charset=x\r\n",
                             "<html>\n<b>\x1b[31m\xff", 0};
    struct fixture f;

    fixture_init(&f);
    get(&f, step);
    check(&f, PROVIDER_BROKEN, "not-json");
    ck_assert_str_eq(f.got.text, "GET /contacts/7: HTTP 200 answered text/html where JSON was due: "
                                 "\"<html> <b>\\x1b[31m\\xff\"");
    fixture_release(&f);
}
END_TEST

START_TEST(bad_json_is_broken)
{
    static const char *const bad[] = {"{\"id\":7",
                                      "{\"id\":7,\"id\":7}",
                                      "{\"id\":7}x",
                                      "{\"id\":7,\"name\":\"\xff\"}",
                                      "{\"id\":7,\"n\":\"\\ud800\"}",
                                      ""};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fixture f;

        fixture_init(&f);
        get(&f, ANSWER(200, bad[i]));
        check(&f, PROVIDER_BROKEN, "not-json");
        ck_assert(strncmp(f.got.text, "GET /contacts/7: HTTP 200: ", 27) == 0);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(an_error_body_under_200_is_broken)
{
    struct fixture f;

    fixture_init(&f);
    get(&f, ANSWER(200, "{\"error\":\"no such thing\"}"));
    check(&f, PROVIDER_BROKEN, "no-id");
    ck_assert_ptr_nonnull(strstr(f.got.text, "no such thing"));
    fixture_release(&f);
    fixture_init(&f);
    update(&f, ANSWER(200, "{\"error\":\"no such thing\"}"));
    check(&f, PROVIDER_BROKEN, "no-id");
    fixture_release(&f);
    fixture_init(&f);
    list(&f, "{\"error\":\"no such thing\"}");
    check(&f, PROVIDER_BROKEN, "no-records");
    fixture_release(&f);
}
END_TEST

START_TEST(another_record_than_asked_for_is_broken)
{
    struct fixture f;

    fixture_init(&f);
    get(&f, ANSWER(200, "{\"id\":8}"));
    check(&f, PROVIDER_BROKEN, "other-record");
    fixture_release(&f);
}
END_TEST

START_TEST(gone_is_what_the_definition_says)
{
    struct fixture f;

    fixture_init(&f);
    get(&f, ANSWER(404, "{}"));
    check(&f, PROVIDER_GONE, "http-404");
    fixture_release(&f);
    fixture_init(&f);
    f.r.get.gone[1] = 403;
    f.r.get.n_gone = 2;
    get(&f, ANSWER(403, "{}"));
    check(&f, PROVIDER_GONE, "http-403");
    fixture_release(&f);
    fixture_init(&f);
    update(&f, ANSWER(404, "{}"));
    check(&f, PROVIDER_GONE, "http-404");
    fixture_release(&f);
    fixture_init(&f);
    update(&f, ANSWER(410, "{}"));
    check(&f, PROVIDER_REFUSED, "http-410");
    fixture_release(&f);
}
END_TEST

START_TEST(refused_credentials_are_the_systems_error)
{
    static const int statuses[] = {401, 403, 407};

    for (int i = 0; i < 6; i++) {
        struct fixture f;

        fixture_init(&f);
        if (i % 2 == 0)
            get(&f, ANSWER(statuses[i / 2], ""));
        else
            update(&f, ANSWER(statuses[i / 2], ""));
        ck_assert_int_eq(f.got.outcome, PROVIDER_AUTH);
        ck_assert_int_eq(f.got.status, statuses[i / 2]);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(somebody_was_faster)
{
    struct fixture f;

    fixture_init(&f);
    update(&f, ANSWER(409, "{\"existing_id\":42}"));
    check(&f, PROVIDER_CONFLICT, "http-409");
    ck_assert_str_eq(f.got.text, "PATCH /contacts/7: HTTP 409: {\"existing_id\":42}");
    fixture_release(&f);
    fixture_init(&f);
    update(&f, ANSWER(412, ""));
    check(&f, PROVIDER_CONFLICT, "http-412");
    ck_assert_str_eq(f.got.text, "PATCH /contacts/7: HTTP 412");
    fixture_release(&f);
}
END_TEST

START_TEST(other_refusals_are_of_this_record)
{
    struct fixture f;

    fixture_init(&f);
    update(&f, ANSWER(422, "{\"error\":\"name is too long\"}"));
    check(&f, PROVIDER_REFUSED, "http-422");
    ck_assert_str_eq(f.got.text, "PATCH /contacts/7: HTTP 422: {\"error\":\"name is too long\"}");
    fixture_release(&f);
}
END_TEST

START_TEST(a_redirect_is_broken)
{
    struct fixture f;

    fixture_init(&f);
    get(&f, (struct peer_step){PEER_ANSWER, 301, "Location: http://127.0.0.1:1/\r\n", "", 0});
    check(&f, PROVIDER_BROKEN, "http-301");
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(a_failed_write_may_have_been_applied)
{
    static const struct {
        struct peer_step step;
        const char *code;
    } cases[] = {{{PEER_ANSWER, 500, NULL, "oops", 0}, "http-500"},
                 {{PEER_ANSWER, 503, NULL, "", 0}, "http-503"},
                 {{PEER_ANSWER, 408, NULL, "", 0}, "http-408"},
                 {{PEER_RESET, 0, NULL, NULL, 0}, "lost"},
                 {{PEER_RAW, 0, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", 0}, "lost"},
                 {{PEER_SILENT, 0, NULL, NULL, 0}, "timeout"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;

        fixture_init(&f);
        update(&f, cases[i].step);
        check(&f, PROVIDER_LOST, cases[i].code);
        ck_assert_int_eq(provider_calls(f.p), 1);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(at_most_200_bytes_of_an_answer_are_shown)
{
    struct fixture f;
    char body[1000];

    fixture_init(&f);
    for (size_t i = 0; i + 1 < sizeof body; i++)
        body[i] = "\xf0\x9f\x98\x80"[i % 4];
    body[sizeof body - 1] = '\0';
    update(&f, ANSWER(422, body));
    ck_assert_uint_le(strlen(f.got.text), strlen("PATCH /contacts/7: HTTP 422: ") + 200);
    ck_assert_ptr_nonnull(strstr(f.got.text, "\xf0\x9f\x98\x80..."));
    ck_assert_ptr_null(strchr(f.got.text, '\\'));
    fixture_release(&f);
}
END_TEST

START_TEST(an_echoed_secret_is_hidden)
{
    struct fixture f;
    char body[600];

    fixture_init(&f);
    f.s.auth.kind = AUTH_BEARER;
    f.s.auth.token = (char *)"s3cr3t-t0ken";
    memset(body, 'x', sizeof body);
    memcpy(body + 190, "s3cr3t-t0ken", 13);
    update(&f, ANSWER(422, body));
    ck_assert_ptr_nonnull(
        strstr(peer_request(&f.peer, 0), "\r\nAuthorization: Bearer s3cr3t-t0ken\r\n"));
    ck_assert_ptr_null(strstr(f.got.text, "s3"));
    fixture_release(&f);
    fixture_init(&f);
    f.s.auth.kind = AUTH_BEARER;
    f.s.auth.token = (char *)"7";
    get(&f, ANSWER(422, "bad key 7"));
    ck_assert_ptr_null(strstr(f.got.text, "7"));
    fixture_release(&f);
}
END_TEST

START_TEST(bad_rows_do_not_stop_a_list)
{
    struct fixture f;

    fixture_init(&f);
    list(&f, "{\"data\":[{\"id\":1},{\"name\":\"A\"},5,{\"id\":2}]}");
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_uint_eq(f.got.n_records, 2);
    ck_assert_str_eq(f.got.records[1].id, "2");
    ck_assert_uint_eq(f.got.n_bad, 2);
    ck_assert_str_eq(f.got.bad_text, "GET /contacts: row 2: a record without an id at id");
    fixture_release(&f);
}
END_TEST

START_TEST(a_bad_row_is_no_not_found)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 200, NULL, "[{\"name\":\"A\"}]", 0});
    provider_find(f.p, &f.r, "email", "a@x", fixture_keep, &f);
    fixture_run(&f);
    check(&f, PROVIDER_BROKEN, "no-record");
    fixture_release(&f);
}
END_TEST

START_TEST(records_are_unwrapped)
{
    struct fixture f;

    fixture_init(&f);
    f.r.get.record = (char *)"data.0";
    get(&f, ANSWER(200, "{\"data\":[{\"id\":\"7\",\"name\":\"A\"}]}"));
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_str_eq(val_get_text(f.got.records[0].fields, "name"), "A");
    fixture_release(&f);
}
END_TEST

START_TEST(tells_whose_account_it_is)
{
    struct fixture f;

    fixture_init(&f);
    f.d.identity.call = f.r.get;
    f.d.identity.call.path = (char *)"/me";
    f.d.identity.id = (char *)"account.id";
    START(&f, "", {PEER_ANSWER, 200, NULL, "{\"account\":{\"id\":62515}}", 0},
          {PEER_ANSWER, 200, NULL, "{\"account\":{}}", 0});
    provider_identity(f.p, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_str_eq(f.got.records[0].id, "62515");
    provider_identity(f.p, fixture_keep, &f);
    fixture_run(&f);
    check(&f, PROVIDER_BROKEN, "no-id");
    fixture_release(&f);
}
END_TEST

START_TEST(no_identity_call_is_no_error)
{
    struct fixture f;

    fixture_init(&f);
    fixture_start_dead(&f);
    provider_identity(f.p, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_uint_eq(f.got.n_records, 0);
    ck_assert_int_eq(provider_calls(f.p), 0);
    fixture_release(&f);
}
END_TEST

START_TEST(a_delete_needs_no_record_in_its_answer)
{
    static const struct {
        int status;
        const char *body;
    } cases[] = {{204, ""}, {200, "{\"id\":7}"}, {202, "<html>"}, {200, "{\"id\":8}"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;

        fixture_init(&f);
        delete (&f, ANSWER(cases[i].status, cases[i].body));
        check(&f, PROVIDER_OK, NULL);
        ck_assert_ptr_null(f.got.text);
        ck_assert_str_eq(f.got.id, "7");
        ck_assert_uint_eq(f.got.n_records, 0);
        ck_assert_int_eq(f.got.status, cases[i].status);
        ck_assert_int_eq(provider_calls(f.p), 1);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(what_was_not_there_is_deleted)
{
    struct fixture f;

    fixture_init(&f);
    delete (&f, ANSWER(404, "{\"error\":\"none\"}"));
    check(&f, PROVIDER_OK, NULL);
    ck_assert_str_eq(f.got.text, "DELETE /contacts/7: HTTP 404: it was not there");
    ck_assert_str_eq(f.got.id, "7");
    fixture_release(&f);
    fixture_init(&f);
    delete (&f, ANSWER(410, ""));
    check(&f, PROVIDER_REFUSED, "http-410");
    fixture_release(&f);
    fixture_init(&f);
    f.r.delete.gone[0] = 410;
    delete (&f, ANSWER(410, ""));
    check(&f, PROVIDER_OK, NULL);
    fixture_release(&f);
}
END_TEST

START_TEST(a_delete_is_refused_as_other_writes)
{
    static const struct {
        struct peer_step step;
        enum provider_outcome outcome;
        const char *code;
    } cases[] = {{{PEER_ANSWER, 401, NULL, "", 0}, PROVIDER_AUTH, "http-401"},
                 {{PEER_ANSWER, 403, NULL, "", 0}, PROVIDER_AUTH, "http-403"},
                 {{PEER_ANSWER, 409, NULL, "", 0}, PROVIDER_CONFLICT, "http-409"},
                 {{PEER_ANSWER, 412, NULL, "", 0}, PROVIDER_CONFLICT, "http-412"},
                 {{PEER_ANSWER, 422, NULL, "", 0}, PROVIDER_REFUSED, "http-422"},
                 {{PEER_ANSWER, 302, NULL, "", 0}, PROVIDER_BROKEN, "http-302"},
                 {{PEER_ANSWER, 500, NULL, "", 0}, PROVIDER_LOST, "http-500"},
                 {{PEER_RESET, 0, NULL, NULL, 0}, PROVIDER_LOST, "lost"},
                 {{PEER_SILENT, 0, NULL, NULL, 0}, PROVIDER_LOST, "timeout"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;

        fixture_init(&f);
        delete (&f, cases[i].step);
        check(&f, cases[i].outcome, cases[i].code);
        ck_assert_int_eq(provider_calls(f.p), 1);
        fixture_release(&f);
    }
}
END_TEST

UNIT_MAIN("provider/answer", a_record_is_read, an_etag_is_the_version_where_the_definition_says_so,
          json_of_any_type_is_read, html_where_json_was_due_is_broken, bad_json_is_broken,
          an_error_body_under_200_is_broken, another_record_than_asked_for_is_broken,
          gone_is_what_the_definition_says, refused_credentials_are_the_systems_error,
          somebody_was_faster, other_refusals_are_of_this_record, a_redirect_is_broken,
          a_failed_write_may_have_been_applied, at_most_200_bytes_of_an_answer_are_shown,
          an_echoed_secret_is_hidden, bad_rows_do_not_stop_a_list, a_bad_row_is_no_not_found,
          records_are_unwrapped, tells_whose_account_it_is, no_identity_call_is_no_error,
          a_delete_needs_no_record_in_its_answer, what_was_not_there_is_deleted,
          a_delete_is_refused_as_other_writes)
