#include <config.h>

#include <string.h>

#include "fixture.h"

#include "base/mem.h"

static struct store_request
request(const char *delivery_id, const char *body)
{
    return (struct store_request){.system = "hubspot",
                                  .account = "62515",
                                  .delivery_id = delivery_id,
                                  .received_at = T0 + 7,
                                  .method = "POST",
                                  .path = "/hubspot",
                                  .query = "a=1",
                                  .headers = "{\"x\":\"y\"}",
                                  .body = body,
                                  .body_len = strlen(body)};
}

static int64_t
keep(struct fixture *f, const char *delivery_id, const char *body)
{
    struct store_request r = request(delivery_id, body);
    int rc = store_request_add(f->s, &r, &f->err);

    ck_assert_msg(rc >= 0, "%s", f->err.text);
    ck_assert_int_eq(rc, r.request_id != 0);
    return r.request_id;
}

/* Admits a skinny event of hubspot:ID with a digest for an id; its seq, 0 duplicate. */
static int64_t
admit_digest(struct fixture *f, const char *id, const char *digest, int64_t request_id)
{
    struct event e = {.path = "webhook",
                      .system = "hubspot",
                      .account = "62515",
                      .resource = "crm/contacts",
                      .record_id = id,
                      .event_type = "updated",
                      .event_id = digest,
                      .sync_source = "hubspot",
                      .sync_direction = "inbound"};
    struct store_admission x = {
        .event = &e, .map_hash = "m1", .request_id = request_id, .hash_id = true};
    int64_t seq;
    int rc = store_admit(f->s, &x, f->now, &seq, &f->err);

    ck_assert_msg(rc >= 0, "%s", f->err.text);
    ck_assert_int_eq(rc, seq != 0);
    return seq;
}

START_TEST(request_comes_back_as_it_was)
{
    struct fixture f;
    struct store_request r = request("d1", ""), got;

    fixture_open(&f);
    r.body = "a\0b\xff";
    r.body_len = 4;
    ck_assert_int_eq(store_request_add(f.s, &r, &f.err), 1);
    ck_assert_int_eq(store_request_get(f.s, f.a, r.request_id, &got, &f.err), 1);
    ck_assert_str_eq(got.system, "hubspot");
    ck_assert_str_eq(got.account, "62515");
    ck_assert_str_eq(got.delivery_id, "d1");
    ck_assert_int_eq(got.received_at, T0 + 7);
    ck_assert_str_eq(got.method, "POST");
    ck_assert_str_eq(got.path, "/hubspot");
    ck_assert_str_eq(got.query, "a=1");
    ck_assert_str_eq(got.headers, "{\"x\":\"y\"}");
    ck_assert_int_eq(got.body_len, 4);
    ck_assert_mem_eq(got.body, "a\0b\xff", 5);
    ck_assert_int_eq(store_request_get(f.s, f.a, 99, &got, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(what_it_does_not_have_may_be_missing)
{
    struct fixture f;
    struct store_request r = request(NULL, ""), got;

    fixture_open(&f);
    r.account = r.query = r.body = NULL;
    ck_assert_int_eq(store_request_add(f.s, &r, &f.err), 1);
    ck_assert_int_eq(store_request_add(f.s, &r, &f.err), 1); /* no id: each is its own */
    ck_assert_int_eq(store_request_get(f.s, f.a, r.request_id, &got, &f.err), 1);
    ck_assert_ptr_null(got.account);
    ck_assert_ptr_null(got.delivery_id);
    ck_assert_ptr_null(got.query);
    ck_assert_int_eq(got.body_len, 0);
    ck_assert_str_eq(got.body, "");
    fixture_close(&f);
}
END_TEST

START_TEST(known_delivery_is_not_kept_again)
{
    struct fixture f;
    struct store_request other = request("d1", "{}");

    fixture_open(&f);
    ck_assert_int_eq(keep(&f, "d1", "{}"), 1);
    ck_assert_int_eq(keep(&f, "d1", "{\"other\":1}"), 0);
    other.system = "app"; /* ids are the provider's own */
    ck_assert_int_eq(store_request_add(f.s, &other, &f.err), 1);
    ck_assert_int_eq(other.request_id, 2);
    fixture_close(&f);
}
END_TEST

START_TEST(new_ones_come_oldest_first_until_they_are_mapped)
{
    struct fixture f;
    struct store_request *list;

    fixture_open(&f);
    for (int i = 0; i < 5; i++)
        keep(&f, arena_printf(f.a, "d%d", i), "{}");
    ck_assert_int_eq(store_request_mapped(f.s, 1, &f.err), 0);
    ck_assert_int_eq(store_request_rejected(f.s, 3, "no such map", &f.err), 0);
    ck_assert_int_eq(store_requests_new(f.s, f.a, 2, &list, &f.err), 2);
    ck_assert_int_eq(list[0].request_id, 2);
    ck_assert_int_eq(list[1].request_id, 4);
    ck_assert_int_eq(store_requests_new(f.s, f.a, 9, &list, &f.err), 3);
    ck_assert_str_eq(sql_text(&f, "SELECT state || ' ' || reason FROM sync_requests"
                                  " WHERE request_id = 3"),
                     "rejected no such map");
    fixture_close(&f);
}
END_TEST

START_TEST(event_names_its_request)
{
    struct fixture f;
    int64_t id, seq;

    fixture_open(&f);
    id = keep(&f, "d1", "{}");
    seq = admit_digest(&f, "101", "h1", id);
    ck_assert_int_eq(sql_int(&f, "SELECT request_id FROM sync_inbox WHERE seq = %d", (int)seq), id);
    admit(&f, "app", "c-9", "e1", NULL);
    ck_assert_int_eq(sql_int(&f, "SELECT request_id IS NULL FROM sync_inbox WHERE event_id = 'e1'"),
                     1);
    fixture_close(&f);
}
END_TEST

START_TEST(digest_collapses_with_its_pending_twin_only)
{
    struct fixture f;
    struct store_emission e;

    fixture_open(&f);
    for (int i = 0; i < 4; i++)
        keep(&f, NULL, "{}");
    ck_assert_int_ne(admit_digest(&f, "101", "h1", 1), 0);
    ck_assert_int_eq(admit_digest(&f, "101", "h1", 2), 0); /* pending: the same news */
    e = emit_one(&f, "p1"); /* now it is out: what it reads may be older */
    ck_assert_int_eq(e.seq, 1);
    ck_assert_int_ne(admit_digest(&f, "102", "h1", 2), 0); /* another record */
    ck_assert_int_ne(admit_digest(&f, "101", "h1", 3), 0);
    ck_assert_int_eq(store_dispose(f.s, e.seq, "p1", e.fence, "unchanged", NULL, f.now, &f.err), 1);
    ck_assert_int_eq(admit_digest(&f, "101", "h1", 4), 0); /* that of request 3 waits */
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(request_mapped_twice_admits_once)
{
    struct fixture f;
    struct store_emission e;
    int64_t id;

    fixture_open(&f);
    id = keep(&f, NULL, "{}");
    ck_assert_int_ne(admit_digest(&f, "101", "h1", id), 0);
    e = emit_one(&f, "p1");
    ck_assert_int_eq(admit_digest(&f, "101", "h1", id), 0);
    ck_assert_int_eq(store_dispose(f.s, e.seq, "p1", e.fence, "unchanged", NULL, f.now, &f.err), 1);
    ck_assert_int_eq(admit_digest(&f, "101", "h1", id), 0);
    ck_assert_str_eq(sql_text(&f, "SELECT event_id FROM sync_inbox"), "h1#1");
    fixture_close(&f);
}
END_TEST

/* A listing read the record between the two: the second change is news to what it saw. */
START_TEST(twin_with_something_behind_it_does_not_collapse)
{
    struct fixture f;

    fixture_open(&f);
    keep(&f, NULL, "{}");
    keep(&f, NULL, "{}");
    ck_assert_int_ne(admit_digest(&f, "101", "h1", 1), 0);
    admit(&f, "hubspot", "101", "run/1", "{\"phone\":\"2\"}");
    ck_assert_int_ne(admit_digest(&f, "101", "h1", 2), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(reject_names_its_request)
{
    struct fixture f;
    struct store_reject r = {.stage = "ingest", .code = "no-map", .text = "x", .request_id = 1};

    fixture_open(&f);
    keep(&f, NULL, "{}");
    ck_assert_int_eq(store_reject_row(f.s, &r, f.now, &f.err), 0);
    r.request_id = 0;
    ck_assert_int_eq(store_reject_row(f.s, &r, f.now, &f.err), 0);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_rejects WHERE request_id = 1"), 1);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_rejects WHERE request_id IS NULL"), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(gc_keeps_requests_that_somebody_may_replay)
{
    struct fixture f;
    struct store_reject r = {.stage = "ingest", .code = "no-map", .text = "x", .request_id = 1};
    struct store_count *out;

    fixture_open(&f);
    for (int i = 0; i < 4; i++)
        keep(&f, NULL, "{}");
    ck_assert_int_eq(store_request_rejected(f.s, 1, "no-map", &f.err), 0);
    ck_assert_int_eq(store_reject_row(f.s, &r, f.now, &f.err), 0);
    ck_assert_int_eq(store_request_rejected(f.s, 2, "no-map", &f.err), 0);
    ck_assert_int_eq(store_request_mapped(f.s, 3, &f.err), 0);
    ck_assert_int_ge(store_gc(f.s, f.a, 1000, false, f.now + 5000, &out, &f.err), 0);
    ck_assert_str_eq(sql_text(&f, "SELECT group_concat(request_id) FROM sync_requests"), "1,4");
    fixture_close(&f);
}
END_TEST

static void
save(struct fixture *f, const char *job, const char *account, const char *mark)
{
    struct store_watermark w = {.last_successful = mark, .last_attempted = mark};

    ck_assert_int_eq(store_watermark_save(f->s, job, account, "crm/contacts", &w, &f->err), 0);
}

START_TEST(resource_is_loading_until_each_job_has_listed)
{
    struct conf_system hub = {.account = (char[]){"62515"}}, app = {.account = (char[]){"main"}};
    struct conf_sync contacts = {.resource = (char[]){"crm/contacts"}};
    struct conf_job jobs[] = {{.name = (char[]){"hub"}, .system = &hub, .sync = &contacts},
                              {.name = (char[]){"app"}, .system = &app, .sync = &contacts}};
    struct conf conf = {.jobs = jobs, .n_jobs = 2};
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_is_loading(f.s, &conf, "crm/deals", &f.err), 0);
    ck_assert_int_eq(store_is_loading(f.s, &conf, "crm/contacts", &f.err), 1);
    save(&f, "hub", "62515", "2026-01-01T00:00:00.000Z");
    save(&f, "app", "main", NULL); /* tried, not done */
    ck_assert_int_eq(store_is_loading(f.s, &conf, "crm/contacts", &f.err), 1);
    save(&f, "app", "other", "2026-01-01T00:00:00.000Z"); /* of another account */
    ck_assert_int_eq(store_is_loading(f.s, &conf, "crm/contacts", &f.err), 1);
    save(&f, "app", "main", "2026-01-01T00:00:00.000Z");
    ck_assert_int_eq(store_is_loading(f.s, &conf, "crm/contacts", &f.err), 0);
    fixture_close(&f);
}
END_TEST

/* What maps them holds all of them in memory, many times as large. */
START_TEST(large_requests_come_one_by_one)
{
    struct fixture f;
    struct store_request *list;
    char *large = mem_alloc(STORE_REQUEST_BYTES / 2 + 1);

    fixture_open(&f);
    memset(large, 'x', STORE_REQUEST_BYTES / 2);
    for (int i = 0; i < 5; i++)
        keep(&f, NULL, large);
    ck_assert_int_eq(store_requests_new(f.s, f.a, 100, &list, &f.err), 2);
    ck_assert_int_eq(store_request_mapped(f.s, list[0].request_id, &f.err), 0);
    ck_assert_int_eq(store_request_mapped(f.s, list[1].request_id, &f.err), 0);
    ck_assert_int_eq(store_requests_new(f.s, f.a, 100, &list, &f.err), 2);
    free(large);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/requests", request_comes_back_as_it_was, what_it_does_not_have_may_be_missing,
          known_delivery_is_not_kept_again, new_ones_come_oldest_first_until_they_are_mapped,
          event_names_its_request, digest_collapses_with_its_pending_twin_only,
          request_mapped_twice_admits_once, twin_with_something_behind_it_does_not_collapse,
          reject_names_its_request, gc_keeps_requests_that_somebody_may_replay,
          resource_is_loading_until_each_job_has_listed, large_requests_come_one_by_one)
