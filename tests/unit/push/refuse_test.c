#include <config.h>

#include "fixture.h"

#include <string.h>

/* A person changed phone, name and city of a:1; b, which has it as 9, does not take all of that. */

static struct bench *
start(void)
{
    struct bench *b = bench_new();

    fixture_field(b->f, "city", FIELD_TEXT, -1);
    return b;
}

static struct write *
update(struct bench *b, int64_t link)
{
    bench_feed(
        b, bench_line(b, "1",
                      arena_printf(b->f->a,
                                   "'link':%lld,'generation':%lld,'ends':[{'system':'a',"
                                   "'record_id':'1','covered':{'phone':'1','name':'n','city':"
                                   "'c'}}],'rules':{'phone':{'rule':'changed-same'}},"
                                   "'writes':[{'target':'b','action':'update',"
                                   "'target_record_id':'9','set':{'phone':'1','name':'n',"
                                   "'city':'c'},'sources':{'phone':'a','name':'a','city':'a'}}]"
                                   ",'map_hash':'m'",
                                   (long long)link, (long long)bench_load(b, link).generation)));
    bench_run(b);
    return bench_send(b);
}

static struct write *
create(struct bench *b)
{
    bench_feed(b, bench_line(b, "1",
                             "'link':null,'external_id':'x-1','ends':[{'system':'a','record_id':"
                             "'1','covered':{'phone':'1','name':'n'},'state':'live'}],'rules':{},"
                             "'writes':[{'target':'b','action':'create','external_id':'x-1','set':"
                             "{'phone':'1','name':'n'},'sources':{'phone':'a','name':'a'}}],"
                             "'map_hash':'m'"));
    bench_run(b);
    return bench_send(b);
}

/* BLAMED: a list in JSON, NULL: the answer names nobody. */
static void
refuse(struct bench *b, struct write *w, const char *code, const char *blamed)
{
    const struct provider_answer a = {.outcome = PROVIDER_REFUSED,
                                      .status = 422,
                                      .code = code,
                                      .text = "HTTP 422: no",
                                      .blamed = blamed ? fixture_json(b->f, blamed) : NULL};

    outcome_take(w, &a);
    bench_settle(b);
}

static const char *
goes_out(struct bench *b, const struct write *w)
{
    return val_canon_text(b->f->a, w->only != NULL ? w->only : w->intent.fields);
}

/* "city refused, name" */
static const char *
owed(struct bench *b, int64_t id)
{
    const struct store_link link = bench_load(b, id);
    const char *text = "";

    for (size_t i = 0; i < link.n_owed; i++)
        text = arena_printf(b->f->a, "%s%s%s%s", text, i > 0 ? ", " : "", link.owed[i].field,
                            link.owed[i].refused != NULL ? " refused" : "");
    return text;
}

static const char *
shadow(struct bench *b, int64_t id)
{
    const struct store_link link = bench_load(b, id);

    for (size_t i = 0; i < link.n_ends; i++)
        if (strcmp(link.ends[i].system, "b") == 0)
            return val_canon_text(b->f->a, link.ends[i].shadow);
    return "";
}

START_TEST(who_is_named_stays_behind_and_the_others_go_at_once)
{
    CLEANUP_BENCH struct bench *b = start();
    int64_t id = bench_linked(b, "1");
    struct write *w = update(b, id);
    const char *key = w->intent.idempotency_key;
    size_t results = bench_results(b);

    refuse(b, w, "http-422", "['phone','vat']"); /* vat was not sent */
    ck_assert_str_eq(owed(b, id), "city, name, phone refused");
    ck_assert_uint_eq(bench_results(b), results);
    ck_assert(b->p.refused);
    w = bench_send(b);
    ck_assert_str_eq(goes_out(b, w), "{\"city\":\"c\",\"name\":\"n\"}");
    ck_assert_str_eq(w->intent.idempotency_key, arena_printf(b->f->a, "%s-2", key));
    bench_answer(b, w, "9", "{'phone':'55','name':'n','city':'c'}");
    bench_settle(b);
    ck_assert_ptr_null(bench_queued(b));
    ck_assert_str_eq(owed(b, id), "phone refused");
    ck_assert_str_eq(shadow(b, id), "{\"city\":\"c\",\"name\":\"n\",\"phone\":\"55\"}");
    ck_assert_str_eq(bench_result(b, "status"), "done");
    ck_assert_str_eq(bench_result(b, "disposition"), "rejected");
    ck_assert_str_eq(bench_result(b, "error.code"), "http-422");
    ck_assert_uint_eq(bench_results(b), results + 1);
}
END_TEST

START_TEST(each_refusal_leaves_fewer)
{
    CLEANUP_BENCH struct bench *b = start();
    int64_t id = bench_linked(b, "1");

    refuse(b, update(b, id), "http-400", "['phone']");
    refuse(b, bench_send(b), "http-400", "['city']");
    refuse(b, bench_send(b), "http-400", "['name']");
    ck_assert_ptr_null(bench_queued(b));
    ck_assert_str_eq(owed(b, id), "city refused, name refused, phone refused");
    ck_assert_str_eq(bench_result(b, "status"), "refused");
    ck_assert_str_eq(bench_result(b, "disposition"), "rejected");
}
END_TEST

/* Nobody is named, or all are: one by one. name is the one that is bad. */
START_TEST(who_is_not_named_is_found_one_by_one)
{
    const char *const blamed[] = {NULL, "['phone','name','city']", "['vat']"};

    for (size_t i = 0; i < 3; i++) {
        CLEANUP_BENCH struct bench *b = start();
        int64_t id = bench_linked(b, "1");
        struct write *w = update(b, id);

        refuse(b, w, "http-422", blamed[i]);
        ck_assert_str_eq(owed(b, id), "city, name, phone");
        w = bench_send(b);
        ck_assert_str_eq(goes_out(b, w), "{\"phone\":\"1\"}");
        bench_answer(b, w, "9", "{'phone':'1','name':null,'city':null}");
        bench_settle(b);
        w = bench_send(b);
        ck_assert_str_eq(goes_out(b, w), "{\"name\":\"n\"}");
        refuse(b, w, "http-422", blamed[i]);
        ck_assert_str_eq(owed(b, id), "city, name refused, phone");
        w = bench_send(b);
        ck_assert_str_eq(goes_out(b, w), "{\"city\":\"c\"}");
        bench_answer(b, w, "9", "{'phone':'1','name':null,'city':'C'}");
        bench_settle(b);
        ck_assert_ptr_null(bench_queued(b));
        ck_assert_str_eq(owed(b, id), "name refused");
        ck_assert_str_eq(shadow(b, id), "{\"city\":\"C\",\"name\":null,\"phone\":\"1\"}");
        ck_assert_str_eq(bench_result(b, "disposition"), "rejected");
        ck_assert_uint_eq(b->p.open, 0);
    }
}
END_TEST

START_TEST(one_by_one_the_last_may_be_refused)
{
    CLEANUP_BENCH struct bench *b = start();
    int64_t id = bench_linked(b, "1");

    refuse(b, update(b, id), "http-422", NULL);
    bench_answer(b, bench_send(b), "9", "{'phone':'one','name':null,'city':null}");
    bench_answer(b, bench_send(b), "9", "{'phone':'one','name':'n','city':null}");
    bench_settle(b);
    refuse(b, bench_send(b), "http-422", NULL);
    bench_settle(b);
    ck_assert_ptr_null(bench_queued(b));
    ck_assert_str_eq(owed(b, id), "city refused");
    ck_assert_str_eq(shadow(b, id), "{\"name\":\"n\",\"phone\":\"one\"}");
    ck_assert_str_eq(bench_result(b, "status"), "done");
    ck_assert_str_eq(bench_result(b, "http_status"), "201"); /* of the last that was taken */
    ck_assert_str_eq(bench_result(b, "disposition"), "rejected");
}
END_TEST

START_TEST(one_by_one_all_may_be_refused)
{
    CLEANUP_BENCH struct bench *b = start();
    int64_t id = bench_linked(b, "1");
    struct write *w = update(b, id);
    int calls = 0;

    for (; w != NULL && calls < 10; calls++) {
        refuse(b, w, "http-422", NULL);
        w = b->p.targets[1].ready.first != NULL ? bench_send(b) : NULL;
    }
    ck_assert_int_eq(calls, 4);
    ck_assert_str_eq(owed(b, id), "city refused, name refused, phone refused");
    ck_assert_str_eq(bench_result(b, "status"), "refused");
    ck_assert_uint_eq(b->p.open, 0);
}
END_TEST

/* What was stored so far is seen when it is decided anew. */
START_TEST(one_by_one_an_answer_may_be_lost)
{
    const struct provider_answer a = {.outcome = PROVIDER_LOST, .code = "timeout", .text = "?"};
    CLEANUP_BENCH struct bench *b = start();
    int64_t id = bench_linked(b, "1");

    refuse(b, update(b, id), "http-422", NULL);
    refuse(b, bench_send(b), "http-422", NULL);
    bench_answer(b, bench_send(b), "9", "{'phone':'55','name':'n','city':null}");
    outcome_take(bench_send(b), &a);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "lost");
    ck_assert_str_eq(bench_result(b, "disposition"), "");
    ck_assert_str_eq(owed(b, id), "city, name, phone refused");
}
END_TEST

/* A guarded write goes on under the record's new etag, or is decided anew. */
START_TEST(one_by_one_a_guard_follows_the_record)
{
    const char *const next[] = {"e2", NULL};

    for (size_t i = 0; i < 2; i++) {
        CLEANUP_BENCH struct bench *b = start();
        struct write *w = update(b, bench_linked(b, "1"));
        struct provider_record r = {.id = "9", .etag = next[i]};
        const struct provider_answer a = {
            .outcome = PROVIDER_OK, .status = 200, .records = &r, .n_records = 1};

        r.fields = fixture_json(b->f, "{'phone':'1','name':null,'city':null}");
        w->intent.etag = "e1";
        refuse(b, w, "http-422", NULL);
        w = bench_send(b);
        ck_assert_str_eq(w->intent.etag, "e1");
        outcome_take(w, &a);
        bench_settle(b);
        w = bench_queued(b);
        ck_assert_int_eq(w != NULL, i == 0);
        if (w != NULL)
            ck_assert_str_eq(w->intent.etag, "e2");
        else
            ck_assert_str_eq(bench_result(b, "status"), "lost");
    }
}
END_TEST

START_TEST(a_create_goes_out_without_who_is_named)
{
    CLEANUP_BENCH struct bench *b = start();
    struct write *w = create(b);
    int64_t id = w->intent.link_id;

    refuse(b, w, "http-422", "['name']");
    w = bench_send(b);
    ck_assert_str_eq(goes_out(b, w), "{\"phone\":\"1\"}");
    bench_answer(b, w, "9", "{'phone':'1','name':null}");
    bench_settle(b);
    ck_assert_uint_eq(bench_load(b, id).n_ends, 2);
    ck_assert_str_eq(owed(b, id), "name refused");
    ck_assert_str_eq(bench_result(b, "disposition"), "rejected");
}
END_TEST

START_TEST(a_create_that_names_nobody_is_refused_whole)
{
    const char *const blamed[] = {NULL, "['city']", "['phone','name']"};

    for (size_t i = 0; i < 3; i++) {
        CLEANUP_BENCH struct bench *b = start();
        struct write *w = create(b);
        int64_t id = w->intent.link_id;

        refuse(b, w, "http-422", blamed[i]);
        ck_assert_ptr_null(bench_queued(b));
        ck_assert_str_eq(owed(b, id), "name refused, phone refused");
        ck_assert_str_eq(bench_result(b, "status"), "refused");
    }
}
END_TEST

/* 404, 405, 413 ... say nothing of values. */
START_TEST(another_refusal_is_of_all_fields)
{
    CLEANUP_BENCH struct bench *b = start();
    int64_t id = bench_linked(b, "1");

    refuse(b, update(b, id), "http-405", NULL);
    ck_assert_ptr_null(bench_queued(b));
    ck_assert_str_eq(owed(b, id), "city refused, name refused, phone refused");
}
END_TEST

UNIT_MAIN("push/refuse", who_is_named_stays_behind_and_the_others_go_at_once,
          each_refusal_leaves_fewer, who_is_not_named_is_found_one_by_one,
          one_by_one_the_last_may_be_refused, one_by_one_all_may_be_refused,
          one_by_one_an_answer_may_be_lost, one_by_one_a_guard_follows_the_record,
          a_create_goes_out_without_who_is_named, a_create_that_names_nobody_is_refused_whole,
          another_refusal_is_of_all_fields)
