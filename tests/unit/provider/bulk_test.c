#include <config.h>

#include "fixture.h"

#include "../unit.h"
#include "base/clock.h"
#include "config/batch.h"

#include <stdio.h>
#include <string.h>

/* Three updates (ids 1, 2, 3) or creates (external ids x1, x2, x3) in one call, and what became of
 * each. */
struct trial {
    struct fixture f;
    struct batch batch;
    char seen[3][64]; /* "OUTCOME STATUS CODE ID" */
    int answers;
    bool whole[3];
};

struct slot {
    struct trial *t;
    int i;
};

static const char *const outcomes[] = {"ok",   "gone",    "limited", "not-sent", "lost",
                                       "conf", "refused", "auth",    "broken"};

static void
keep(void *user, const struct provider_answer *a)
{
    struct slot *s = user;

    s->t->answers++;
    s->t->whole[s->i] = a->whole;
    snprintf(s->t->seen[s->i], sizeof s->t->seen[s->i], "%s %d %s %s", outcomes[a->outcome],
             a->status, a->code != NULL ? a->code : "-", a->id != NULL ? a->id : "-");
    ck_assert((a->outcome == PROVIDER_OK) == (a->code == NULL));
    ck_assert(a->outcome == PROVIDER_OK || a->text != NULL);
}

static void
init(struct trial *t, enum batch_by by, const char *at)
{
    memset(t, 0, sizeof *t);
    fixture_init(&t->f);
    t->batch = (struct batch){.call = t->f.r.create,
                              .max = 10,
                              .items = (char *)"items",
                              .id_in_item = true,
                              .item_record = (char *)"",
                              .results = (char *)"results",
                              .by = by,
                              .at = (char *)at,
                              .status = (char *)"status"};
    t->batch.call.path = (char *)"/batch";
    t->f.r.update.batch = t->f.r.create.batch = &t->batch;
    t->f.r.external_id = (char *)"ref";
}

static void
go(struct trial *t, enum provider_action action)
{
    static const char *const ids[] = {"1", "2", "3"}, *const refs[] = {"x1", "x2", "x3"};
    struct provider_item items[3] = {0};
    struct slot slots[3];
    struct err err = ERR_INIT;

    t->answers = 0;
    for (int i = 0; i < 3; i++) {
        slots[i] = (struct slot){t, i};
        items[i].id = action == PROVIDER_CREATE ? NULL : ids[i];
        items[i].external_id = refs[i];
        items[i].fields = fixture_val(&t->f, "{\"name\":\"A\"}");
        items[i].done = keep;
        items[i].user = &slots[i];
    }
    provider_bulk(t->f.p, &t->f.r, action, items, 3);
    ck_assert_msg(http_run(t->f.http, &err) == 0, "%s", err.text);
    ck_assert_int_eq(t->answers, 3);
}

static void
expect(const struct trial *t, const char *a, const char *b, const char *c)
{
    ck_assert_str_eq(t->seen[0], a);
    ck_assert_str_eq(t->seen[1], b);
    ck_assert_str_eq(t->seen[2], c);
}

START_TEST(each_result_ends_its_own_item)
{
    struct trial t;

    init(&t, BATCH_ID, "id");
    START(&t.f, "",
          {PEER_ANSWER, 207, NULL,
           "{\"results\":[{\"id\":3,\"status\":422},{\"id\":1,\"status\":200},"
           "{\"id\":2,\"status\":404}]}",
           0});
    go(&t, PROVIDER_UPDATE);
    expect(&t, "ok 200 - 1", "gone 404 http-404 -", "refused 422 http-422 -");
    ck_assert_str_eq(peer_body(&t.f.peer, 0),
                     "{\"items\":[{\"name\":\"A\",\"id\":\"1\"},{\"name\":\"A\",\"id\":\"2\"},"
                     "{\"name\":\"A\",\"id\":\"3\"}]}");
    ck_assert(!t.whole[0]);
    fixture_release(&t.f);
}
END_TEST

START_TEST(an_item_of_which_nothing_is_said_is_lost)
{
    struct trial t;

    init(&t, BATCH_EXTERNAL_ID, "ref");
    START(&t.f, "",
          {PEER_ANSWER, 200, NULL,
           "{\"results\":[{\"id\":7,\"ref\":\"x3\",\"status\":201},"
           "{\"id\":8,\"ref\":\"x9\",\"status\":201},{\"id\":9,\"ref\":\"x1\",\"status\":"
           "201}]}",
           0});
    go(&t, PROVIDER_CREATE);
    expect(&t, "ok 201 - 9", "lost 200 no-result -", "ok 201 - 7");
    ck_assert_ptr_nonnull(strstr(peer_body(&t.f.peer, 0), "{\"name\":\"A\",\"ref\":\"x2\"}"));
    fixture_release(&t.f);
}
END_TEST

/* One result less than items: they may be anybody's. */
START_TEST(positions_count_only_if_all_are_there)
{
    struct trial t;

    init(&t, BATCH_POSITION, NULL);
    START(&t.f, "",
          {PEER_ANSWER, 200, NULL, "{\"results\":[{\"id\":7,\"status\":201},{\"id\":8}]}", 0},
          {PEER_ANSWER, 200, NULL,
           "{\"results\":[{\"id\":7,\"status\":201},{\"id\":8,\"status\":500},{\"id\":9}]}", 0});
    go(&t, PROVIDER_CREATE);
    expect(&t, "lost 200 no-result -", "lost 200 no-result -", "lost 200 no-result -");
    go(&t, PROVIDER_CREATE);
    expect(&t, "ok 201 - 7", "lost 500 http-500 -", "ok 200 - 9");
    fixture_release(&t.f);
}
END_TEST

START_TEST(results_say_their_index)
{
    struct trial t;

    init(&t, BATCH_INDEX, "n");
    START(&t.f, "",
          {PEER_ANSWER, 200, NULL,
           "{\"results\":[{\"n\":2,\"id\":9},{\"n\":\"0\",\"id\":7},{\"n\":7}]}", 0});
    go(&t, PROVIDER_CREATE);
    expect(&t, "ok 200 - 7", "lost 200 no-result -", "ok 200 - 9");
    fixture_release(&t.f);
}
END_TEST

START_TEST(results_say_what_failed_in_their_own_way)
{
    static char *no[] = {(char *)"false"};
    static struct limit_test ok[] = {{(char *)"ok", no, 1}};
    struct trial t;

    init(&t, BATCH_ID, "id");
    t.batch.status = NULL;
    t.batch.item_error = (struct said_error){
        .present = true, .when = {.body = ok, .n_body = 1}, .status_path = (char *)"error.status"};
    START(&t.f, "",
          {PEER_ANSWER, 200, NULL,
           "{\"results\":[{\"id\":1,\"ok\":true},{\"id\":2,\"ok\":false},"
           "{\"id\":3,\"ok\":false,\"error\":{\"status\":409}}]}",
           0});
    go(&t, PROVIDER_UPDATE);
    expect(&t, "ok 200 - 1", "refused 400 said-error -", "conf 409 said-error -");
    fixture_release(&t.f);
}
END_TEST

/* As where 207 names what failed beside the results, several at once. */
START_TEST(errors_may_stand_in_a_list_of_their_own)
{
    struct trial t;

    init(&t, BATCH_EXTERNAL_ID, "ref");
    t.batch.errors = (char *)"errors";
    t.batch.errors_at = (char *)"context.refs";
    START(&t.f, "",
          {PEER_ANSWER, 207, NULL,
           "{\"results\":[{\"id\":7,\"ref\":\"x2\"}],\"errors\":[{\"message\":\"no\","
           "\"context\":{\"refs\":[\"x1\",\"x3\"]}}]}",
           0});
    go(&t, PROVIDER_CREATE);
    expect(&t, "refused 400 said-error -", "ok 200 - 7", "refused 400 said-error -");
    fixture_release(&t.f);
}
END_TEST

START_TEST(what_is_said_of_the_call_is_said_of_each)
{
    static const struct {
        struct peer_step step;
        const char *seen;
    } rows[] = {
        {{PEER_ANSWER, 422, NULL, "{}", 0}, "refused 422 http-422 -"},
        {{PEER_ANSWER, 500, NULL, "{}", 0}, "lost 500 http-500 -"},
        {{PEER_RESET, 0, NULL, NULL, 0}, "lost 0 lost -"},
        {{PEER_SILENT, 0, NULL, NULL, 0}, "lost 0 timeout -"},
        {{PEER_ANSWER, 200, "Content-Type: text/html\r\n", "<p>", 0}, "broken 200 not-json -"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trial t;

        init(&t, BATCH_ID, "id");
        fixture_start(&t.f, "", &rows[i].step, 1);
        go(&t, PROVIDER_UPDATE);
        expect(&t, rows[i].seen, rows[i].seen, rows[i].seen);
        ck_assert(t.whole[0] && t.whole[1] && t.whole[2]);
        ck_assert_int_eq(t.f.peer.log->n, 1);
        fixture_release(&t.f);
    }
}
END_TEST

START_TEST(an_answer_without_results_says_nothing)
{
    struct trial t;

    init(&t, BATCH_ID, "id");
    START(&t.f, "", {PEER_ANSWER, 204, "", NULL, 0},
          {PEER_ANSWER, 200, NULL, "{\"results\":3}", 0});
    for (int i = 0; i < 2; i++) {
        go(&t, PROVIDER_UPDATE);
        ck_assert_ptr_nonnull(strstr(t.seen[0], "no-result"));
        ck_assert_str_eq(t.seen[0], t.seen[2]);
    }
    fixture_release(&t.f);
}
END_TEST

START_TEST(what_is_not_shown_is_read_back)
{
    struct trial t;

    init(&t, BATCH_ID, "id");
    t.batch.call.answer = ANSWER_NONE;
    START(&t.f, "", {PEER_ANSWER, 200, NULL, "{\"results\":[{\"id\":2,\"status\":200}]}", 0},
          {PEER_ANSWER, 200, NULL, "{\"id\":2,\"name\":\"A\"}", 0});
    go(&t, PROVIDER_UPDATE);
    expect(&t, "lost 200 no-result -", "ok 200 - 2", "lost 200 no-result -");
    ck_assert(strncmp(peer_request(&t.f.peer, 1), "GET /contacts/2 ", 16) == 0);
    fixture_release(&t.f);
}
END_TEST

/* A job: WORK (NULL: none) is what it is asked for, DONE what ends it. */
static void
init_job(struct trial *t)
{
    static char *words[] = {(char *)"done", (char *)"failed"};
    static struct limit_test done[] = {{(char *)"state", words, 1}};
    static struct limit_test failed[] = {{(char *)"state", words + 1, 1}};

    init(t, BATCH_INDEX, "n");
    t->batch.polls = true;
    t->batch.poll = (struct batch_poll){.call = t->f.r.get,
                                        .job = (char *)"job.id",
                                        .every_ms = 1,
                                        .deadline_ms = 5000,
                                        .done = {.body = done, .n_body = 1},
                                        .failed = {.body = failed, .n_body = 1}};
    t->batch.poll.call.path = (char *)"/jobs/{job}";
}

static const char queued[] = "{\"job\":{\"id\":\"j 1\",\"url\":\"/work/1\"}}";
static const char finished[] = "{\"state\":\"done\",\"results\":[{\"n\":0,\"id\":7},{\"n\":1,"
                               "\"status\":422},{\"n\":2,\"id\":9}]}";

START_TEST(a_job_is_asked_for_until_it_is_done)
{
    struct trial t;

    init_job(&t);
    START(&t.f, "", {PEER_ANSWER, 202, NULL, queued, 0},
          {PEER_ANSWER, 200, NULL, "{\"state\":\"queued\"}", 0}, {PEER_ANSWER, 500, NULL, "{}", 0},
          {PEER_ANSWER, 200, NULL, finished, 0});
    go(&t, PROVIDER_CREATE);
    expect(&t, "ok 200 - 7", "refused 422 http-422 -", "ok 200 - 9");
    ck_assert(strncmp(peer_request(&t.f.peer, 1), "GET /jobs/j%201 ", 16) == 0);
    fixture_release(&t.f);
}
END_TEST

START_TEST(a_job_is_asked_for_by_its_url_on_this_host_only)
{
    struct trial t;

    init_job(&t);
    t.batch.poll.job = NULL;
    t.batch.poll.url = (char *)"job.url";
    START(&t.f, "", {PEER_ANSWER, 202, NULL, queued, 0}, {PEER_ANSWER, 200, NULL, finished, 0},
          {PEER_ANSWER, 202, NULL, "{\"job\":{\"url\":\"http://evil.example/1\"}}", 0},
          {PEER_ANSWER, 202, NULL, "{\"job\":null}", 0});
    go(&t, PROVIDER_CREATE);
    ck_assert_str_eq(t.seen[0], "ok 200 - 7");
    ck_assert(strncmp(peer_request(&t.f.peer, 1), "GET /work/1 ", 12) == 0);
    go(&t, PROVIDER_CREATE);
    ck_assert_str_eq(t.seen[0], "lost 202 no-job -");
    go(&t, PROVIDER_CREATE);
    ck_assert_str_eq(t.seen[0], "lost 202 no-job -");
    fixture_release(&t.f);
}
END_TEST

START_TEST(a_job_that_fails_or_is_late_is_lost)
{
    struct trial t;

    init_job(&t);
    START(&t.f, "", {PEER_ANSWER, 202, NULL, queued, 0},
          {PEER_ANSWER, 200, NULL, "{\"state\":\"failed\"}", 0},
          {PEER_ANSWER, 202, NULL, queued, 0},
          {PEER_ANSWER, 200, NULL, "{\"state\":\"queued\"}", 0});
    go(&t, PROVIDER_CREATE);
    ck_assert_str_eq(t.seen[1], "lost 202 job-failed -");
    t.batch.poll.every_ms = 30;
    t.batch.poll.deadline_ms = 40;
    go(&t, PROVIDER_CREATE);
    ck_assert_str_eq(t.seen[1], "lost 202 job-late -");
    ck_assert(t.whole[1]);
    fixture_release(&t.f);
}
END_TEST

/* What is told of the jobs of all items: "0=1/3 j 1|1=2/3 j 1|2=3/3 j 1|". */
static char told[256];

static void
note(void *user, const struct provider_job *jobs, size_t n)
{
    struct trial *t = user;

    ck_assert_int_eq(t->answers, 0);
    told[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        const struct slot *s = jobs[i].user;

        snprintf(told + strlen(told), sizeof told - strlen(told), "%d=%s|", s->i, jobs[i].job);
    }
}

START_TEST(who_sent_a_call_is_told_its_job_before_it_is_asked_for)
{
    struct trial t;

    init_job(&t);
    START(&t.f, "", {PEER_ANSWER, 202, NULL, queued, 0}, {PEER_ANSWER, 200, NULL, finished, 0},
          {PEER_ANSWER, 202, NULL, queued, 0}, {PEER_ANSWER, 200, NULL, finished, 0});
    provider_jobs(t.f.p, note, &t);
    go(&t, PROVIDER_CREATE);
    ck_assert_str_eq(told, "0=1/3 j 1|1=2/3 j 1|2=3/3 j 1|");
    t.batch.poll.job = NULL;
    t.batch.poll.url = (char *)"job.url";
    go(&t, PROVIDER_CREATE);
    ck_assert_str_eq(told, "0=1/3 /work/1|1=2/3 /work/1|2=3/3 /work/1|");
    fixture_release(&t.f);
}
END_TEST

/* Resumes items 3 and 1 of three, by these texts, sent SENT_MS ago. */
static void
resume(struct trial *t, const char *third, const char *first, int64_t sent_ms)
{
    struct slot slots[] = {{t, 2}, {t, 0}};
    const char *const jobs[] = {third, first};
    struct err err = ERR_INIT;
    int n = 0;

    t->answers = 0;
    for (int i = 0; i < 2; i++) {
        const struct provider_item item = {.external_id = slots[i].i == 0 ? "x1" : "x3",
                                           .fields = fixture_val(&t->f, "{\"name\":\"A\"}"),
                                           .job = jobs[i],
                                           .done = keep,
                                           .user = &slots[i]};

        n += provider_resume(t->f.p, &t->f.r, PROVIDER_CREATE, &item, clock_boot() - sent_ms);
    }
    ck_assert_msg(http_run(t->f.http, &err) == 0, "%s", err.text);
    ck_assert_int_eq(t->answers, n);
}

START_TEST(a_job_that_was_left_is_asked_for_once_for_all_its_items)
{
    struct trial t;

    init_job(&t);
    START(&t.f, "", {PEER_ANSWER, 200, NULL, "{\"state\":\"queued\"}", 0},
          {PEER_ANSWER, 200, NULL, finished, 0});
    resume(&t, "3/3 j 1", "1/3 j 1", 0);
    expect(&t, "ok 200 - 7", "", "ok 200 - 9");
    ck_assert(strncmp(peer_request(&t.f.peer, 1), "GET /jobs/j%201 ", 16) == 0);
    ck_assert_int_eq(provider_calls(t.f.p), 2);
    fixture_release(&t.f);
}
END_TEST

START_TEST(other_jobs_are_asked_for_by_themselves)
{
    struct trial t;

    init_job(&t);
    t.batch.poll.job = NULL;
    t.batch.poll.url = (char *)"job.url";
    START(&t.f, "", {PEER_ANSWER, 200, NULL, finished, 0}, {PEER_ANSWER, 200, NULL, finished, 0});
    resume(&t, "3/3 /work/1", "1/3 /work/2", 0);
    expect(&t, "ok 200 - 7", "", "ok 200 - 9");
    ck_assert_int_eq(provider_calls(t.f.p), 2);
    fixture_release(&t.f);
}
END_TEST

START_TEST(a_job_that_was_left_is_asked_for_even_if_it_is_late)
{
    struct trial t;

    init_job(&t);
    START(&t.f, "", {PEER_ANSWER, 200, NULL, finished, 0},
          {PEER_ANSWER, 200, NULL, "{\"state\":\"queued\"}", 0});
    resume(&t, "3/3 j 1", "1/3 j 1", 600000);
    ck_assert_str_eq(t.seen[2], "ok 200 - 9");
    resume(&t, "3/3 j 1", "1/3 j 1", 600000);
    ck_assert_str_eq(t.seen[2], "lost 0 job-late -");
    ck_assert_int_eq(provider_calls(t.f.p), 2);
    fixture_release(&t.f);
}
END_TEST

START_TEST(a_job_that_was_left_and_is_gone_is_lost_at_once)
{
    struct trial t;

    init_job(&t);
    START(&t.f, "", {PEER_ANSWER, 404, NULL, "{}", 0}, {PEER_ANSWER, 410, NULL, "{}", 0});
    resume(&t, "3/3 j 1", "1/3 j 1", 0);
    expect(&t, "lost 0 job-gone -", "", "lost 0 job-gone -");
    resume(&t, "3/3 j 1", "1/3 j 1", 0);
    ck_assert_str_eq(t.seen[0], "lost 0 job-gone -");
    ck_assert(t.whole[0]);
    fixture_release(&t.f);
}
END_TEST

START_TEST(what_names_no_job_of_this_system_is_not_asked_for)
{
    static const char *const bad[] = {"",      "j",    "1/3 ",   "0/3 j",
                                      "4/3 j", "1/ 3", "-1/3 j", "1/99999999999999999999 j"};
    struct trial t;

    init_job(&t);
    START(&t.f, "", {PEER_ANSWER, 200, NULL, finished, 0});
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        resume(&t, bad[i], bad[i], 0);
    ck_assert_int_eq(provider_calls(t.f.p), 0);
    t.batch.poll.job = NULL;
    t.batch.poll.url = (char *)"job.url";
    resume(&t, "3/3 http://evil.example/1", "1/3 j", 0);
    t.batch.polls = false;
    resume(&t, "3/3 /work/1", "1/3 /work/1", 0);
    ck_assert_int_eq(provider_calls(t.f.p), 0);
    ck_assert_int_eq(t.answers, 0);
    fixture_release(&t.f);
}
END_TEST

START_TEST(one_that_cannot_be_sent_does_not_hold_up_the_others)
{
    struct trial t;
    struct provider_item items[2] = {0};
    struct slot slots[2] = {{&t, 0}, {&t, 1}};
    struct err err = ERR_INIT;

    init(&t, BATCH_INDEX, "n");
    t.f.maps[0].path = (char *)"a";
    t.f.maps[1].path = (char *)"a.b";
    START(&t.f, "", {PEER_ANSWER, 200, NULL, "{\"results\":[{\"n\":0,\"id\":2}]}", 0});
    for (int i = 0; i < 2; i++) {
        items[i].id = i == 0 ? "1" : "2";
        items[i].fields =
            fixture_val(&t.f, i == 0 ? "{\"name\":\"A\",\"email\":\"B\"}" : "{\"name\":\"A\"}");
        items[i].done = keep;
        items[i].user = &slots[i];
    }
    provider_bulk(t.f.p, &t.f.r, PROVIDER_UPDATE, items, 2);
    ck_assert_int_eq(http_run(t.f.http, &err), 0);
    ck_assert_str_eq(t.seen[0], "refused 0 bad-path -");
    ck_assert_str_eq(t.seen[1], "ok 200 - 2");
    fixture_release(&t.f);
}
END_TEST

START_TEST(only_what_no_header_guards_goes_together)
{
    struct trial t;

    init(&t, BATCH_ID, "id");
    ck_assert_int_eq(provider_bulk_max(&t.f.r, PROVIDER_UPDATE), 10);
    ck_assert_int_eq(provider_bulk_max(&t.f.r, PROVIDER_DELETE), 1);
    ck_assert(provider_bulk_fits(&t.f.r, PROVIDER_UPDATE, "7"));
    t.f.r.version_kind = VERSION_ETAG;
    ck_assert(!provider_bulk_fits(&t.f.r, PROVIDER_UPDATE, "7"));
    ck_assert(provider_bulk_fits(&t.f.r, PROVIDER_UPDATE, NULL));
    t.f.r.update.precondition.kind = PRECONDITION_BODY;
    ck_assert(provider_bulk_fits(&t.f.r, PROVIDER_UPDATE, "7"));
    ck_assert(!provider_bulk_fits(&t.f.r, PROVIDER_DELETE, NULL));
    fixture_release(&t.f);
}
END_TEST

UNIT_MAIN("provider/bulk", each_result_ends_its_own_item, an_item_of_which_nothing_is_said_is_lost,
          positions_count_only_if_all_are_there, results_say_their_index,
          results_say_what_failed_in_their_own_way, errors_may_stand_in_a_list_of_their_own,
          what_is_said_of_the_call_is_said_of_each, an_answer_without_results_says_nothing,
          what_is_not_shown_is_read_back, a_job_is_asked_for_until_it_is_done,
          a_job_is_asked_for_by_its_url_on_this_host_only, a_job_that_fails_or_is_late_is_lost,
          who_sent_a_call_is_told_its_job_before_it_is_asked_for,
          a_job_that_was_left_is_asked_for_once_for_all_its_items,
          other_jobs_are_asked_for_by_themselves,
          a_job_that_was_left_is_asked_for_even_if_it_is_late,
          a_job_that_was_left_and_is_gone_is_lost_at_once,
          what_names_no_job_of_this_system_is_not_asked_for,
          one_that_cannot_be_sent_does_not_hold_up_the_others,
          only_what_no_header_guards_goes_together)
