#include <config.h>

#include "fixture.h"

static struct provider_record
record(struct bench *b, const char *id, const char *external_id, const char *fields)
{
    return (struct provider_record){
        .id = id, .external_id = external_id, .fields = fixture_json(b->f, fields)};
}

/* How many of two records (id NULL: there is none) count as found; ID is the first of them. */
static size_t
pick(const struct write *w, struct provider_record x, struct provider_record y, const char **id)
{
    struct provider_record list[] = {x, y};
    const struct provider_answer a = {.records = list, .n_records = 2};
    const struct provider_record *found = NULL;
    size_t n = seek_pick(w, &a, &found);

    *id = found == NULL ? "" : found->id;
    return n;
}

static const struct provider_record none;

START_TEST(external_id_comes_first_then_match_fields)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    const char *value;

    ck_assert_str_eq(seek_field(w, &value), "external_id");
    ck_assert_str_eq(value, "x-1");
    w->by_match = true;
    ck_assert_str_eq(seek_field(w, &value), "phone");
    ck_assert_str_eq(value, "55");
    w->by_match = false;
    b->f->defs[1].external_id = NULL;
    ck_assert_str_eq(seek_field(w, &value), "phone");
}
END_TEST

START_TEST(what_cannot_be_sought_is_not)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    const char *value;

    b->f->defs[1].find.n_by = 1; /* external_id */
    w->by_match = true;
    ck_assert_ptr_null(seek_field(w, &value));
    b->f->defs[1].find.n_by = 2;
    ck_assert_ptr_nonnull(seek_field(w, &value));
    w->intent.fields = fixture_json(b->f, "{'phone':''}");
    ck_assert_ptr_null(seek_field(w, &value));
    w->intent.fields = fixture_json(b->f, "{'name':'55'}");
    ck_assert_ptr_null(seek_field(w, &value));
}
END_TEST

START_TEST(only_our_external_id_is_found)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    const char *id;

    ck_assert_uint_eq(pick(w, record(b, "8", "x-11", "{'phone':'55'}"),
                           record(b, "9", "x-1", "{'phone':'edited'}"), &id),
                      1);
    ck_assert_str_eq(id, "9");
    ck_assert_uint_eq(pick(w, record(b, "8", "x-1", "{}"), record(b, "9", "x-1", "{}"), &id), 2);
    ck_assert_str_eq(id, "8");
    ck_assert_uint_eq(pick(w, record(b, NULL, "x-1", "{}"), none, &id), 0);
}
END_TEST

START_TEST(records_without_external_id_must_show_all_that_was_sent)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    struct provider_record stranger = record(b, "8", NULL, "{'phone':'66'}");
    struct provider_record other = record(b, "9", "x-2", "{'phone':'55'}");
    struct provider_answer a = {.records = &stranger, .n_records = 1};
    const char *id;

    ck_assert_uint_eq(pick(w, stranger, record(b, "9", NULL, "{'phone':'55'}"), &id), 1);
    ck_assert_str_eq(id, "9");
    ck_assert_uint_eq(pick(w, stranger, none, &id), 0);
    ck_assert(seek_is_unclear(w, &a));
    a.records = &other;
    ck_assert(!seek_is_unclear(w, &a));
    a.records = &stranger;
    w->by_match = true;
    ck_assert(!seek_is_unclear(w, &a));
}
END_TEST

START_TEST(a_match_field_is_compared_as_the_target_stores_it)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "+49 55");
    const char *id;

    w->by_match = true;
    ck_assert_uint_eq(pick(w, record(b, "8", NULL, "{'phone':'4955'}"), none, &id), 0);
    fixture_stores(b->f, 1, "phone", STORES_DIGITS, 0);
    ck_assert_uint_eq(pick(w, record(b, "8", NULL, "{'phone':'4955'}"),
                           record(b, "9", NULL, "{'phone':'49555'}"), &id),
                      1);
    ck_assert_str_eq(id, "8");
}
END_TEST

START_TEST(only_fields_that_were_sent_can_differ)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    struct provider_record same = record(b, "9", "x-1", "{'phone':'55','name':'theirs'}");
    struct provider_record other = record(b, "9", "x-1", "{'phone':'66','name':'theirs'}");
    struct provider_record bare = record(b, "9", "x-1", "{}");

    ck_assert_uint_eq(seek_differing(w, &same)->n, 0);
    ck_assert_str_eq(val_write_text(b->f->a, seek_differing(w, &other)), "[\"phone\"]");
    ck_assert_str_eq(val_write_text(b->f->a, seek_differing(w, &bare)), "[\"phone\"]");
}
END_TEST

START_TEST(not_found_counts_once_the_lag_is_over)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    struct resource_def *def = &b->f->defs[1];

    w->sent_boot = 1000;
    def->find.lag_ms = 500;
    def->get.lag_ms = 900;
    ck_assert(seek_is_over(w, 1000)); /* strong */
    def->find.strong = false;
    ck_assert(!seek_is_over(w, 1499));
    ck_assert(seek_is_over(w, 1500));
    w->created_id = "9"; /* it is read, not sought */
    def->find.strong = true;
    ck_assert(!seek_is_over(w, 1500));
    ck_assert(seek_is_over(w, 1900));
}
END_TEST

START_TEST(it_goes_out_again_only_under_a_key_that_still_holds)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    struct resource_def *def = &b->f->defs[1];
    static char header[] = "Idempotency-Key";

    w->sent_boot = 1000;
    def->create.idempotency_window_ms = 500;
    ck_assert(!seek_may_send_again(w, 1000));
    def->create.idempotency_header = header;
    ck_assert(seek_may_send_again(w, 1499));
    ck_assert(!seek_may_send_again(w, 1500));
    w->attempts = 3;
    ck_assert(!seek_may_send_again(w, 1000));
}
END_TEST

START_TEST(an_id_of_ours_is_read_before_anything_is_sought)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    ck_assert_ptr_null(seek_id(w));
    b->f->defs[1].create.client_id = CLIENT_ID_TEXT;
    ck_assert_str_eq(seek_id(w), "x-1");
    w->by_match = true;
    ck_assert_ptr_null(seek_id(w));
    w->created_id = "9";
    ck_assert_str_eq(seek_id(w), "9");
}
END_TEST

START_TEST(what_makes_one_of_two_is_sent_again_three_times_in_all)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    struct endpoint *e = &b->f->defs[1].create;
    static char header[] = "Idempotency-Key";

    ck_assert(!seek_may_send_again(w, w->sent_boot));
    e->upsert = UPSERT_URL;
    ck_assert(seek_may_send_again(w, w->sent_boot + 1000000000));
    w->attempts = 2;
    ck_assert(seek_may_send_again(w, w->sent_boot));
    w->attempts = 3;
    ck_assert(!seek_may_send_again(w, w->sent_boot));
    w->attempts = 1;
    e->upsert = UPSERT_NO;
    e->client_id = CLIENT_ID_UUID;
    ck_assert(seek_may_send_again(w, w->sent_boot + 1000000000));
    e->client_id = CLIENT_ID_NO;
    e->idempotency_header = header;
    e->idempotency_window_ms = 1000;
    ck_assert(seek_may_send_again(w, w->sent_boot + 999));
    ck_assert(!seek_may_send_again(w, w->sent_boot + 1000));
}
END_TEST

UNIT_MAIN("push/seek", an_id_of_ours_is_read_before_anything_is_sought,
          what_makes_one_of_two_is_sent_again_three_times_in_all,
          external_id_comes_first_then_match_fields, what_cannot_be_sought_is_not,
          only_our_external_id_is_found, records_without_external_id_must_show_all_that_was_sent,
          a_match_field_is_compared_as_the_target_stores_it, only_fields_that_were_sent_can_differ,
          not_found_counts_once_the_lag_is_over,
          it_goes_out_again_only_under_a_key_that_still_holds)
