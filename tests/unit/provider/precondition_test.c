#include <config.h>

#include "fixture.h"

#include "../unit.h"

#include <string.h>

static const char kept[] = "{\"id\":\"7\",\"name\":\"A\",\"rev\":4}";
static const char stamp[] = "2026-01-02T03:04:05.678Z";

static void
update(struct fixture *f, const char *etag)
{
    provider_update(f->p, &f->r, "7", fixture_val(f, "{\"name\":\"A\"}"), etag, fixture_keep, f);
    fixture_run(f);
}

/* The update of a system whose version is KIND at "rev", guarded as GUARD says. */
static void
guard(struct fixture *f, enum version_kind kind, struct precondition guard)
{
    fixture_init(f);
    f->r.version = (char *)"rev";
    f->r.version_kind = kind;
    f->r.update.precondition = guard;
}

START_TEST(a_timestamp_goes_out_as_a_date)
{
    struct fixture f;

    guard(&f, VERSION_TIMESTAMP, (struct precondition){.kind = PRECONDITION_IF_UNMODIFIED_SINCE});
    START(&f, "", {PEER_ANSWER, 200, NULL, kept, 0}, {PEER_ANSWER, 200, NULL, kept, 0},
          {PEER_ANSWER, 200, NULL, kept, 0});
    update(&f, stamp);
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0),
                                 "\r\nIf-Unmodified-Since: Fri, 02 Jan 2026 03:04:05 GMT\r\n"));
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 0), "If-Match"));
    update(&f, "1767323045678");
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 1), ": Fri, 02 Jan 2026 03:04:05 GMT\r\n"));
    update(&f, "yesterday");
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 2), "If-Unmodified-Since"));
    fixture_release(&f);
}
END_TEST

START_TEST(a_version_stands_in_the_body)
{
    struct fixture f;

    guard(&f, VERSION_SEQUENCE,
          (struct precondition){.kind = PRECONDITION_BODY,
                                .path = (char *)"updated_stamp",
                                .flag = (char *)"safe_update"});
    f.r.update.record = (char *)"ticket";
    START(&f, "", {PEER_ANSWER, 200, NULL, "{\"ticket\":{\"id\":7,\"rev\":5}}", 0},
          {PEER_ANSWER, 200, NULL, "{\"ticket\":{\"id\":7,\"rev\":5}}", 0});
    update(&f, "4");
    ck_assert_str_eq(peer_body(&f.peer, 0),
                     "{\"ticket\":{\"name\":\"A\",\"safe_update\":true,\"updated_stamp\":4}}");
    ck_assert_str_eq(f.got.records[0].etag, "5");
    update(&f, NULL);
    ck_assert_str_eq(peer_body(&f.peer, 1), "{\"ticket\":{\"name\":\"A\"}}");
    fixture_release(&f);
}
END_TEST

START_TEST(a_stamp_in_the_body_stays_text)
{
    struct fixture f;

    guard(&f, VERSION_TIMESTAMP,
          (struct precondition){.kind = PRECONDITION_BODY, .path = (char *)"stamp"});
    START(&f, "", {PEER_ANSWER, 200, "ETag: \"e\"\r\n", kept, 0});
    update(&f, stamp);
    ck_assert_str_eq(peer_body(&f.peer, 0),
                     "{\"name\":\"A\",\"stamp\":\"2026-01-02T03:04:05.678Z\"}");
    ck_assert_str_eq(f.got.records[0].etag, "4"); /* not the header's, which guards nothing here */
    fixture_release(&f);
}
END_TEST

START_TEST(etags_guard_without_being_asked)
{
    struct fixture f;

    guard(&f, VERSION_ETAG, (struct precondition){0});
    f.r.version = NULL;
    START(&f, "", {PEER_ANSWER, 200, NULL, kept, 0}, {PEER_ANSWER, 200, NULL, kept, 0},
          {PEER_ANSWER, 200, NULL, kept, 0});
    update(&f, "\"3\"");
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0), "\r\nIf-Match: \"3\"\r\n"));
    f.r.update.precondition.kind = PRECONDITION_NONE;
    update(&f, "\"3\"");
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 1), "If-"));
    f.r.version_kind = VERSION_TIMESTAMP;
    f.r.update.precondition.kind = PRECONDITION_IF_MATCH;
    update(&f, "\"3\"");
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 2), "\r\nIf-Match: \"3\"\r\n"));
    fixture_release(&f);
}
END_TEST

START_TEST(a_delete_is_guarded_in_its_body)
{
    struct fixture f;

    guard(&f, VERSION_SEQUENCE, (struct precondition){0});
    f.r.delete.precondition =
        (struct precondition){.kind = PRECONDITION_BODY, .path = (char *)"rev"};
    START(&f, "", {PEER_ANSWER, 204, "", NULL, 0});
    provider_delete(f.p, &f.r, "7", "4", fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"rev\":4}");
    fixture_release(&f);
}
END_TEST

/* What each answer to an update means, where the definition says what a conflict is. */
START_TEST(a_conflict_is_what_the_definition_says)
{
    static char *stale[] = {(char *)"STALE"};
    static struct limit_test body[] = {{(char *)"code", stale, 1}};
    static const struct {
        int status;
        const char *body;
        enum provider_outcome outcome;
    } rows[] = {
        {300, "{\"code\":\"STALE\"}", PROVIDER_CONFLICT},
        {409, "{\"code\":\"STALE\"}", PROVIDER_CONFLICT},
        {409, "{\"code\":\"TAKEN\"}", PROVIDER_REFUSED},
        {422, "{\"code\":\"STALE\"}", PROVIDER_REFUSED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;

        fixture_init(&f);
        f.r.update.conflict =
            (struct limit_when){.status = {300, 409}, .n_status = 2, .body = body, .n_body = 1};
        START(&f, "", {PEER_ANSWER, rows[i].status, NULL, rows[i].body, 0});
        update(&f, NULL);
        ck_assert_msg(f.got.outcome == rows[i].outcome, "%d %s: %d", rows[i].status, rows[i].body,
                      (int)f.got.outcome);
        fixture_release(&f);
    }
}
END_TEST

/* 200 with an error in its body, which may say what status it is. */
START_TEST(an_error_in_a_good_answer_is_none)
{
    static struct limit_test body[] = {{(char *)"error", NULL, 0}};
    static const struct {
        const char *body;
        enum provider_outcome outcome;
        const char *code;
    } rows[] = {
        {"{\"id\":\"7\",\"name\":\"A\"}", PROVIDER_OK, NULL},
        {"{\"id\":\"7\",\"error\":null}", PROVIDER_OK, NULL},
        {"{\"id\":\"7\",\"error\":{}}", PROVIDER_REFUSED, "said-error"},
        {"{\"error\":{\"status\":422}}", PROVIDER_REFUSED, "http-422"},
        {"{\"error\":{\"status\":404}}", PROVIDER_GONE, "http-404"},
        {"{\"error\":{\"status\":409}}", PROVIDER_CONFLICT, "http-409"},
        {"{\"error\":{\"status\":401}}", PROVIDER_AUTH, "http-401"},
        {"{\"error\":{\"status\":503}}", PROVIDER_LOST, "http-503"},
        {"{\"error\":{\"status\":200}}", PROVIDER_REFUSED, "said-error"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;

        fixture_init(&f);
        f.r.update.answer = i % 2 == 0 ? ANSWER_FULL : ANSWER_NONE;
        if (rows[i].outcome == PROVIDER_OK)
            f.r.update.answer = ANSWER_FULL;
        f.r.update.error = (struct said_error){.present = true,
                                               .when = {.body = body, .n_body = 1},
                                               .status_path = (char *)"error.status"};
        START(&f, "", {PEER_ANSWER, 200, NULL, rows[i].body, 0});
        update(&f, NULL);
        ck_assert_msg(f.got.outcome == rows[i].outcome, "%s: %d", rows[i].body, (int)f.got.outcome);
        if (rows[i].code != NULL)
            ck_assert_str_eq(f.got.code, rows[i].code);
        ck_assert_int_eq(f.peer.log->n, 1);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(an_error_in_the_answer_to_a_delete_is_none)
{
    static struct limit_test body[] = {{(char *)"error", NULL, 0}};
    struct fixture f;

    fixture_init(&f);
    f.r.delete.error = (struct said_error){
        .present = true, .when = {.body = body, .n_body = 1}, .status_path = (char *)"error"};
    START(&f, "", {PEER_ANSWER, 200, NULL, "{\"error\":500}", 0},
          {PEER_ANSWER, 200, NULL, "{\"error\":404}", 0});
    provider_delete(f.p, &f.r, "7", NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_LOST);
    provider_delete(f.p, &f.r, "7", NULL, fixture_keep, &f);
    fixture_run(&f);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    fixture_release(&f);
}
END_TEST

/* A page of a proxy says nothing of the write, also where its answer's body is not looked at. */
START_TEST(html_is_no_answer_to_any_write)
{
    static const char *const types[] = {"Content-Type: text/html; charset=utf-8\r\n", ""};

    for (size_t i = 0; i < 2; i++) {
        struct fixture f;

        fixture_init(&f);
        f.r.update.answer = ANSWER_NONE;
        START(&f, "", {PEER_ANSWER, 200, types[i], "<html>Wait</html>", 0},
              {PEER_ANSWER, 200, types[i], "<html>Wait</html>", 0});
        update(&f, NULL);
        ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
        ck_assert_str_eq(f.got.code, "not-json");
        provider_delete(f.p, &f.r, "7", NULL, fixture_keep, &f);
        fixture_run(&f);
        ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
        ck_assert_int_eq(f.peer.log->n, 2);
        fixture_release(&f);
    }
}
END_TEST

UNIT_MAIN("provider/precondition", a_timestamp_goes_out_as_a_date, a_version_stands_in_the_body,
          a_stamp_in_the_body_stays_text, etags_guard_without_being_asked,
          a_delete_is_guarded_in_its_body, a_conflict_is_what_the_definition_says,
          an_error_in_a_good_answer_is_none, an_error_in_the_answer_to_a_delete_is_none,
          html_is_no_answer_to_any_write)
