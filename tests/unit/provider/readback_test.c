#include <config.h>

#include "fixture.h"

#include "../unit.h"
#include "provider/internal.h"

#include <string.h>

static const char created[] = "{\"id\":7,\"name\":\"a\"}";

static void
create(struct fixture *f, const char *external_id)
{
    provider_create(f->p, &f->r, fixture_val(f, "{\"name\":\"A\"}"), external_id, "key-1",
                    fixture_keep, f);
    fixture_run(f);
}

/* What was stored (not what was sent) comes from a GET of /contacts/7. */
static void
check_read_back(struct fixture *f, int status)
{
    ck_assert_msg(f->got.outcome == PROVIDER_OK, "%s", f->got.text);
    ck_assert(f->got.read_back);
    ck_assert_int_eq(f->got.status, status);
    ck_assert_str_eq(f->got.id, "7");
    ck_assert_str_eq(f->got.records[0].id, "7");
    ck_assert_str_eq(val_get_text(f->got.records[0].fields, "name"), "a");
    ck_assert_int_eq(f->peer.log->n, 2);
}

START_TEST(a_full_answer_needs_no_read_back)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 201, "ETag: \"e\"\r\n", created, 0});
    create(&f, NULL);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert(!f.got.read_back);
    ck_assert_str_eq(f.got.id, "7");
    ck_assert_str_eq(f.got.records[0].etag, "\"e\"");
    ck_assert_int_eq(f.peer.log->n, 1);
    fixture_release(&f);
}
END_TEST

START_TEST(an_update_without_a_body_is_read_back)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 204, "", NULL, 0}, {PEER_ANSWER, 200, NULL, created, 0});
    provider_update(f.p, &f.r, "7", fixture_val(&f, "{\"name\":\"A\"}"), NULL, fixture_keep, &f);
    fixture_run(&f);
    check_read_back(&f, 204);
    ck_assert(strncmp(peer_request(&f.peer, 1), "GET /contacts/7 ", 16) == 0);
    fixture_release(&f);
}
END_TEST

START_TEST(a_create_says_its_id_in_the_answer)
{
    struct fixture f;

    fixture_init(&f);
    f.r.create.answer = ANSWER_NONE;
    f.r.create.idempotency_header = (char *)"Idempotency-Key";
    START(&f, "", {PEER_ANSWER, 201, NULL, "{\"id\":7}", 0}, {PEER_ANSWER, 200, NULL, created, 0});
    create(&f, NULL);
    check_read_back(&f, 201);
    ck_assert_ptr_nonnull(strstr(peer_request(&f.peer, 0), "\r\nIdempotency-Key: key-1\r\n"));
    ck_assert_ptr_null(strstr(peer_request(&f.peer, 1), "Idempotency-Key"));
    fixture_release(&f);
}
END_TEST

START_TEST(a_create_says_its_id_in_location)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 201, "Location: /contacts/7\r\n", "", 0},
          {PEER_ANSWER, 200, NULL, created, 0});
    create(&f, NULL);
    check_read_back(&f, 201);
    fixture_release(&f);
}
END_TEST

START_TEST(a_create_is_found_by_its_external_id)
{
    struct fixture f;

    fixture_init(&f);
    f.r.external_id = (char *)"custom.ref";
    f.r.find.n_by = 2;
    START(&f, "", {PEER_ANSWER, 201, NULL, "", 0},
          {PEER_ANSWER, 200, NULL, "[{\"id\":7,\"name\":\"a\",\"custom\":{\"ref\":\"x1\"}}]", 0});
    create(&f, "x1");
    check_read_back(&f, 201);
    ck_assert_str_eq(peer_body(&f.peer, 0), "{\"name\":\"A\",\"custom\":{\"ref\":\"x1\"}}");
    ck_assert(strncmp(peer_request(&f.peer, 1), "GET /contacts?ref=x1 ", 21) == 0);
    fixture_release(&f);
}
END_TEST

START_TEST(a_create_without_any_id_is_broken)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 201, NULL, "", 0});
    create(&f, "x1");
    ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
    ck_assert_str_eq(f.got.code, "no-id");
    ck_assert_ptr_nonnull(strstr(f.got.text, "applied"));
    fixture_release(&f);
}
END_TEST

START_TEST(two_with_the_same_external_id_are_broken)
{
    struct fixture f;

    fixture_init(&f);
    f.r.external_id = (char *)"ref";
    f.r.find.n_by = 2;
    START(&f, "", {PEER_ANSWER, 201, NULL, "", 0},
          {PEER_ANSWER, 200, NULL, "[{\"id\":7},{\"id\":8}]", 0});
    create(&f, "x1");
    ck_assert_int_eq(f.got.outcome, PROVIDER_BROKEN);
    ck_assert_str_eq(f.got.code, "not-one");
    fixture_release(&f);
}
END_TEST

START_TEST(a_failed_read_back_leaves_the_id)
{
    static const struct {
        int status;
        enum provider_outcome outcome;
        const char *code;
    } cases[] = {{500, PROVIDER_LOST, "http-500"},
                 {429, PROVIDER_LOST, "http-429"},
                 {404, PROVIDER_BROKEN, "gone-after-write"},
                 {401, PROVIDER_BROKEN, "http-401"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture f;

        fixture_init(&f);
        START(&f, "", {PEER_ANSWER, 201, "Location: /contacts/7\r\n", "", 0},
              {PEER_ANSWER, cases[i].status, NULL, "", 0});
        provider_timing(f.p, 0, -1);
        create(&f, NULL);
        ck_assert_int_eq(f.got.outcome, cases[i].outcome);
        ck_assert_str_eq(f.got.code, cases[i].code);
        ck_assert_str_eq(f.got.id, "7");
        ck_assert(strncmp(f.got.text, "applied, but not read back: ", 28) == 0);
        ck_assert_int_eq(f.peer.log->n, 2);
        fixture_release(&f);
    }
}
END_TEST

START_TEST(within_lag_a_missing_record_is_read_again)
{
    struct fixture f;

    fixture_init(&f);
    f.r.get.lag_ms = 10000;
    START(&f, "", {PEER_ANSWER, 201, "Location: /contacts/7\r\n", "", 0},
          {PEER_ANSWER, 404, NULL, "", 0},
          {PEER_ANSWER, 200, NULL, "{\"id\":7,\"name\":\"A\"}", 0});
    provider_timing(f.p, 0, 5000);
    create(&f, NULL);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_int_eq(f.peer.log->n, 3);
    ck_assert_ptr_null(f.got.code);
    fixture_release(&f);
}
END_TEST

START_TEST(within_lag_an_old_state_is_read_again)
{
    static const char before[] = "{\"id\":7,\"name\":\"old\"}";
    static const char after[] = "{\"id\":7,\"name\":\"A\"}";

    for (int lag = 0; lag <= 10000; lag += 10000) {
        struct fixture f;

        fixture_init(&f);
        f.r.get.lag_ms = lag;
        START(&f, "", {PEER_ANSWER, 204, "", NULL, 0}, {PEER_ANSWER, 200, NULL, before, 0},
              {PEER_ANSWER, 200, NULL, after, 0});
        provider_timing(f.p, 0, 5000);
        provider_update(f.p, &f.r, "7", fixture_val(&f, "{\"name\":\"A\"}"), NULL, fixture_keep,
                        &f);
        fixture_run(&f);
        ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
        ck_assert_uint_eq(f.got.n_records, 1);
        ck_assert_str_eq(val_get_text(f.got.records[0].fields, "name"), lag > 0 ? "A" : "old");
        fixture_release(&f);
    }
}
END_TEST

START_TEST(an_old_state_is_one_by_when_it_was_asked_for)
{
    struct fixture f;
    struct provider_record old;
    struct call c = {.read_back = true, .read_back_at = 1000, .e = &f.r.get, .r = &f.r};

    fixture_init(&f);
    f.r.get.lag_ms = 500;
    old = (struct provider_record){.fields = fixture_val(&f, "{\"name\":\"old\"}")};
    c.sent = fixture_val(&f, "{\"name\":\"A\"}");
    c.answer = (struct provider_answer){.outcome = PROVIDER_OK, .records = &old, .n_records = 1};
    c.asked_at = 1499; /* long ago: its answer was slow */
    ck_assert(readback_is_stale(&c));
    c.asked_at = 1500;
    ck_assert(!readback_is_stale(&c));
    fixture_release(&f);
}
END_TEST

START_TEST(a_system_that_stores_differently_costs_no_more_than_patience)
{
    struct fixture f;

    fixture_init(&f);
    f.r.get.lag_ms = 60000;
    START(&f, "", {PEER_ANSWER, 204, "", NULL, 0}, {PEER_ANSWER, 200, NULL, created, 0});
    provider_timing(f.p, 0, -1);
    provider_update(f.p, &f.r, "7", fixture_val(&f, "{\"name\":\"A\"}"), NULL, fixture_keep, &f);
    fixture_run(&f);
    check_read_back(&f, 204);
    fixture_release(&f);
}
END_TEST

START_TEST(within_lag_a_create_is_sought_again)
{
    struct fixture f;

    fixture_init(&f);
    f.r.external_id = (char *)"ref";
    f.r.find.n_by = 2;
    f.r.find.lag_ms = 10000;
    START(&f, "", {PEER_ANSWER, 201, NULL, "", 0}, {PEER_ANSWER, 200, NULL, "[]", 0},
          {PEER_ANSWER, 200, NULL, "[{\"id\":7,\"name\":\"A\"}]", 0});
    provider_timing(f.p, 0, 5000);
    create(&f, "x1");
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert_str_eq(f.got.id, "7");
    fixture_release(&f);
}
END_TEST

START_TEST(a_read_back_is_tried_again_but_not_the_write)
{
    struct fixture f;

    fixture_init(&f);
    START(&f, "", {PEER_ANSWER, 201, "Location: /contacts/7\r\n", "", 0},
          {PEER_RESET, 0, NULL, NULL, 0}, {PEER_ANSWER, 200, NULL, created, 0});
    provider_timing(f.p, 0, 5000);
    create(&f, NULL);
    ck_assert_int_eq(f.got.outcome, PROVIDER_OK);
    ck_assert(strncmp(peer_request(&f.peer, 2), "GET ", 4) == 0);
    fixture_release(&f);
}
END_TEST

UNIT_MAIN("provider/readback", a_full_answer_needs_no_read_back,
          an_update_without_a_body_is_read_back, a_create_says_its_id_in_the_answer,
          a_create_says_its_id_in_location, a_create_is_found_by_its_external_id,
          a_create_without_any_id_is_broken, two_with_the_same_external_id_are_broken,
          a_failed_read_back_leaves_the_id, within_lag_a_missing_record_is_read_again,
          within_lag_an_old_state_is_read_again, an_old_state_is_one_by_when_it_was_asked_for,
          a_system_that_stores_differently_costs_no_more_than_patience,
          within_lag_a_create_is_sought_again, a_read_back_is_tried_again_but_not_the_write)
