#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

static const char page[] = "{\"data\":[{\"id\":1},{\"id\":2}],\"next\":\"n x\"}";
static const char last[] = "{\"data\":[]}";

static const char *
line(struct fixture *f, int i)
{
    const char *request = peer_request(&f->peer, i);

    return arena_ntext(f->arena, request, strcspn(request, "\r"));
}

/* Two pages of a listing; the second by the cursor of the first. */
static void
two_pages(struct fixture *f, const char *prefix, int64_t since)
{
    START(f, prefix, {PEER_ANSWER, 200, NULL, page, 0}, {PEER_ANSWER, 200, NULL, last, 0});
    provider_list(f->p, &f->r, since, NULL, 0, fixture_keep, f);
    fixture_run(f);
    ck_assert_msg(f->got.outcome == PROVIDER_OK, "%s", f->got.text);
    ck_assert_ptr_nonnull(f->got.next_cursor);
    provider_list(f->p, &f->r, since, f->got.next_cursor, 1, fixture_keep, f);
    fixture_run(f);
    ck_assert_msg(f->got.outcome == PROVIDER_OK, "%s", f->got.text);
    ck_assert_ptr_null(f->got.next_cursor);
}

START_TEST(a_cursor_goes_to_the_query)
{
    struct fixture f;

    fixture_init(&f);
    f.r.list.page = PAGE_CURSOR;
    f.r.list.page_from = (char *)"next";
    f.r.list.page_to = (char *)"query.after";
    two_pages(&f, "/api", 0);
    ck_assert_str_eq(line(&f, 0),
                     "GET /api/contacts?since=1970-01-01T00%3A00%3A00.000Z&limit=2 HTTP/1.1");
    ck_assert_str_eq(
        line(&f, 1),
        "GET /api/contacts?since=1970-01-01T00%3A00%3A00.000Z&limit=1&after=n%20x HTTP/1.1");
    fixture_release(&f);
}
END_TEST

START_TEST(an_offset_goes_to_the_body)
{
    struct fixture f;

    fixture_init(&f);
    f.r.list.call.method = (char *)"POST";
    f.r.list.call.n_query = 0;
    f.r.list.call.body = json_loads("{\"since\":\"{since}\",\"n\":\"{size}\"}", 0, NULL);
    f.r.list.watermark = WATERMARK_UNIX_S;
    f.r.list.page = PAGE_OFFSET;
    f.r.list.page_to = (char *)"body.page.offset";
    two_pages(&f, "", 1767319445678);
    ck_assert_str_eq(peer_body(&f.peer, 0),
                     "{\"since\":\"1767319445\",\"n\":2,\"page\":{\"offset\":0}}");
    ck_assert_str_eq(peer_body(&f.peer, 1),
                     "{\"since\":\"1767319445\",\"n\":1,\"page\":{\"offset\":2}}");
    ck_assert_ptr_nonnull(
        strstr(peer_request(&f.peer, 0), "\r\nContent-Type: application/json\r\n"));
    json_decref(f.r.list.call.body);
    fixture_release(&f);
}
END_TEST

START_TEST(a_page_number_stands_in_the_path)
{
    static struct param query[] = {{(char *)"t", (char *)"{since}"}};
    struct fixture f;

    fixture_init(&f);
    f.r.list.call.path = (char *)"/pages/{cursor}?x=1";
    f.r.list.call.query = query;
    f.r.list.call.n_query = 1;
    f.r.list.watermark = WATERMARK_UNIX_MS;
    f.r.list.page = PAGE_NUMBER;
    two_pages(&f, "", 1767319445678);
    ck_assert_str_eq(line(&f, 0), "GET /pages/1?x=1&t=1767319445678 HTTP/1.1");
    ck_assert_str_eq(line(&f, 1), "GET /pages/2?x=1&t=1767319445678 HTTP/1.1");
    fixture_release(&f);
}
END_TEST

START_TEST(a_next_url_is_asked_as_it_stands)
{
    struct fixture f;

    fixture_init(&f);
    f.r.list.page = PAGE_NEXT_URL;
    f.r.list.page_from = (char *)"next";
    START(&f, "/api",
          {PEER_ANSWER, 200, NULL, "{\"data\":[],\"next\":\"/api/more?token=a%2Fb\"}", 0},
          {PEER_ANSWER, 200, NULL, last, 0});
    provider_list(f.p, &f.r, 0, NULL, 0, fixture_keep, &f);
    fixture_run(&f);
    provider_list(f.p, &f.r, 0, f.got.next_cursor, 0, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_str_eq(line(&f, 1), "GET /api/more?token=a%2Fb HTTP/1.1");
    fixture_release(&f);
}
END_TEST

START_TEST(a_next_url_on_another_host_is_never_asked)
{
    struct fixture f;

    fixture_init(&f);
    f.r.list.page = PAGE_NEXT_URL;
    f.r.list.page_from = (char *)"next";
    START(&f, "",
          {PEER_ANSWER, 200, NULL, "{\"data\":[{\"id\":1}],\"next\":\"http://127.0.0.1:1/x\"}", 0});
    provider_list(f.p, &f.r, 0, NULL, 0, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
    ck_assert_str_eq(f.got.code, "bad-cursor");
    provider_list(f.p, &f.r, 0, "u:http://127.0.0.1:1/x", 0, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(ids_cannot_leave_their_path)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 404, NULL, "", 0});
    provider_get(f.p, &f.r, "../admin?x=1#", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_str_eq(line(&f, 0), "GET /contacts/..%2Fadmin%3Fx%3D1%23 HTTP/1.1");
    provider_get(f.p, &f.r, "..", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_REFUSED);
    ck_assert_str_eq(f.got.code, "no-value");
    ck_assert_int_eq(provider_calls(f.p), 1);
    fixture_release(&f);
}
END_TEST

START_TEST(an_absolute_path_must_be_on_the_host)
{
    struct fixture f;

    fixture_init(&f);
    f.r.get.path = (char *)"https://evil.example/contacts/{id}";
    fixture_start_dead(&f);
    provider_get(f.p, &f.r, "7", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
    ck_assert_str_eq(f.got.code, "other-host");
    ck_assert_int_eq(provider_calls(f.p), 0);
    fixture_release(&f);
}
END_TEST

START_TEST(headers_come_from_the_definition)
{
    static struct param headers[] = {{(char *)"X-Account", (char *)"{account}"},
                                     {(char *)"accept", (char *)"application/x+json"},
                                     {(char *)"X-Etag", (char *)"{etag}"}};
    struct fixture f;

    fixture_init(&f);
    f.r.get.headers = headers;
    f.r.get.n_headers = 3;
    f.s.account = (char *)"a b";
    START(&f, "", {PEER_ANSWER, 404, NULL, "", 0});
    provider_get(f.p, &f.r, "7", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0), "\r\nX-Account: a b\r\n"));
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0), "\r\naccept: application/x+json\r\n"));
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 0), "Accept: "));
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 0), "X-Etag"));
    fixture_release(&f);
}
END_TEST

START_TEST(a_header_cannot_be_injected)
{
    static struct param headers[] = {{(char *)"X-Account", (char *)"{account}"}};
    struct fixture f;

    fixture_init(&f);
    f.r.get.headers = headers;
    f.r.get.n_headers = 1;
    f.s.account = (char *)"a\r\nX-Evil: 1";
    fixture_start_dead(&f);
    provider_get(f.p, &f.r, "7", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_REFUSED);
    ck_assert_str_eq(f.got.code, "bad-request");
    ck_assert_int_eq(provider_calls(f.p), 0);
    fixture_release(&f);
}
END_TEST

static void
update(struct fixture *f, enum version_kind kind)
{
    fixture_init(f);
    f->r.version_kind = kind;
    START(f, "", {PEER_ANSWER, 200, NULL, "{\"id\":7}", 0});
    provider_update(f->p, &f->r, "7", fixture_val(f, "{\"name\":1.10}"), "\"e1\"", fixture_keep, f);
    fixture_run(f);
    ck_assert_int_eq(f->got.outcome, PROVIDER_OK);
}

START_TEST(writes_are_conditional_by_etag_only)
{
    struct fixture f;

    update(&f, VERSION_ETAG);
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0), "\r\nIf-Match: \"e1\"\r\n"));
    ck_assert_str_eq(line(&f, 0), "PATCH /contacts/7 HTTP/1.1");
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"name\":1.10}");
    fixture_release(&f);
    update(&f, VERSION_TIMESTAMP);
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 0), "If-Match"));
    fixture_release(&f);
}
END_TEST

static void delete (struct fixture *f, enum version_kind kind)
{
    fixture_init(f);
    f->r.version_kind = kind;
    START(f, "", {PEER_ANSWER, 204, NULL, "", 0});
    provider_delete(f->p, &f->r, "7", "\"e1\"", fixture_keep, f);
    fixture_run(f);
    ck_assert_int_eq(f->got.outcome, PROVIDER_OK);
}

START_TEST(deletes_are_conditional_by_etag_only)
{
    struct fixture f;

    delete (&f, VERSION_ETAG);
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0), "\r\nIf-Match: \"e1\"\r\n"));
    ck_assert_str_eq(line(&f, 0), "DELETE /contacts/7 HTTP/1.1");
    ck_assert_str_eq(peer_body(&f.peer, 0), "");
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 0), "Content-Type"));
    fixture_release(&f);
    delete (&f, VERSION_SEQUENCE);
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 0), "If-Match"));
    fixture_release(&f);
}
END_TEST

START_TEST(a_delete_may_be_a_call_with_a_body)
{
    struct fixture f;

    fixture_init(&f);
    f.r.delete.method = (char *)"POST";
    f.r.delete.path = (char *)"/contacts/archive";
    f.r.delete.body = json_loads("{\"ids\":[\"{id}\"]}", 0, NULL);
    START(&f, "", {PEER_ANSWER, 200, NULL, "{}", 0});
    provider_delete(f.p, &f.r, "7", NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_str_eq(line(&f, 0), "POST /contacts/archive HTTP/1.1");
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"ids\":[\"7\"]}");
    json_decref(f.r.delete.body);
    fixture_release(&f);
}
END_TEST

START_TEST(values_pass_the_wire_byte_for_byte)
{
    static const char fields[] = "{\"name\":9223372036854775809,\"email\":[0.1,1.10,-0,1e400],"
                                 "\"note\":\"\xf0\x9f\x98\x80 \\\" \\\\ \\u0000\",\"score\":null,"
                                 "\"city\":\"\"}";
    static const char body[] = "{\"name\":9223372036854775809,\"email\":[0.1,1.10,-0,1e400],"
                               "\"note\":\"\xf0\x9f\x98\x80 \\\" \\\\ \\u0000\",\"score\":null,"
                               "\"address\":{\"city\":\"\"},\"id\":\"7\"}";
    struct fixture f;

    fixture_init(&f);
    f.maps[3].read_only = false;
    f.r.external_id = (char *)"id";
    START(&f, "", {PEER_ANSWER, 201, NULL, body, 0});
    provider_create(f.p, &f.r, fixture_val(&f, fields), "7", NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_str_eq(peer_body(&f.peer, 0), body);
    ck_assert_str_eq(val_write_text(f.arena, f.got.records[0].fields), fields);
    fixture_release(&f);
}
END_TEST

START_TEST(records_are_sought_by_the_providers_name)
{
    struct fixture f;

    fixture_init(&f);
    f.maps[1].path = (char *)"properties.e_mail";
    START(&f, "", {PEER_ANSWER, 200, NULL, "[{\"id\":1},{\"id\":2}]", 0});
    provider_find(f.p, &f.r, "email", "a+b@x", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_uint_eq(f.got.n_records, 2);
    ck_assert_str_eq(line(&f, 0), "GET /contacts?e_mail=a%2Bb%40x HTTP/1.1");
    fixture_release(&f);
}
END_TEST

START_TEST(tells_what_can_be_sought)
{
    struct fixture f;

    fixture_init(&f);
    ck_assert(provider_can_find(&f.r, "email"));
    ck_assert(!provider_can_find(&f.r, "name"));
    ck_assert(!provider_can_find(&f.r, "external_id"));
    f.r.find.n_by = 2;
    ck_assert(!provider_can_find(&f.r, "external_id"));
    f.r.external_id = (char *)"ref";
    ck_assert(provider_can_find(&f.r, "external_id"));
    f.r.find.present = false;
    ck_assert(!provider_can_find(&f.r, "email"));
    fixture_release(&f);
}
END_TEST

START_TEST(calls_the_definition_lacks_are_refused)
{
    struct fixture f;

    fixture_init(&f);
    fixture_start_dead(&f);
    f.r.update.present = false;
    provider_update(f.p, &f.r, "7", fixture_val(&f, "{}"), NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_REFUSED);
    ck_assert_str_eq(f.got.text, "crm/contacts: the definition has no update");
    f.r.delete.present = false;
    provider_delete(f.p, &f.r, "7", NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_REFUSED);
    ck_assert_str_eq(f.got.text, "crm/contacts: the definition has no delete");
    provider_find(f.p, &f.r, "name", "x", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_str_eq(f.got.code, "no-call");
    fixture_release(&f);
}
END_TEST

START_TEST(a_preview_shows_all_but_secrets)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct err err = ERR_INIT;
    struct fixture f;

    fixture_init(&f);
    f.s.auth.kind = AUTH_BASIC;
    f.s.auth.user = (char *)"u";
    f.s.auth.password = (char *)"p4ss";
    fixture_start_dead(&f);
    strcpy(f.base_url, "https://x.example");
    ck_assert_int_eq(
        provider_preview(f.p, &f.r, NULL, fixture_val(&f, "{\"name\":1.10}"), NULL, &b, &err), 0);
    ck_assert_str_eq(buf_get(&b), "POST https://x.example/contacts\n"
                                  "Accept: application/json\n"
                                  "User-Agent: " PACKAGE_NAME "/" PACKAGE_VERSION "\n"
                                  "Content-Type: application/json\n"
                                  "Authorization: Basic [secret]\n"
                                  "\n{\"name\":1.10}\n");
    buf_clear(&b);
    ck_assert_int_eq(provider_preview(f.p, &f.r, "7", fixture_val(&f, "{}"), NULL, &b, &err), 0);
    ck_assert(strncmp(buf_get(&b), "PATCH https://x.example/contacts/7\n", 35) == 0);
    buf_clear(&b);
    ck_assert_int_eq(provider_preview(f.p, &f.r, "7", NULL, NULL, &b, &err), 0);
    ck_assert_str_eq(buf_get(&b), "DELETE https://x.example/contacts/7\n"
                                  "Accept: application/json\n"
                                  "User-Agent: " PACKAGE_NAME "/" PACKAGE_VERSION "\n"
                                  "Authorization: Basic [secret]\n");
    ck_assert_int_eq(provider_preview(f.p, &f.r, ".", fixture_val(&f, "{}"), NULL, &b, &err), -1);
    fixture_release(&f);
}
END_TEST

UNIT_MAIN("provider/request", a_cursor_goes_to_the_query, an_offset_goes_to_the_body,
          a_page_number_stands_in_the_path, a_next_url_is_asked_as_it_stands,
          a_next_url_on_another_host_is_never_asked, ids_cannot_leave_their_path,
          an_absolute_path_must_be_on_the_host, headers_come_from_the_definition,
          a_header_cannot_be_injected, writes_are_conditional_by_etag_only,
          deletes_are_conditional_by_etag_only, a_delete_may_be_a_call_with_a_body,
          values_pass_the_wire_byte_for_byte, records_are_sought_by_the_providers_name,
          tells_what_can_be_sought, calls_the_definition_lacks_are_refused,
          a_preview_shows_all_but_secrets)
