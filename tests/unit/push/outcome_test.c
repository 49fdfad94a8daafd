#include <config.h>

#include "fixture.h"

#include <string.h>

static void
answer(struct bench *b, struct write *w, enum provider_outcome outcome, int status)
{
    const struct provider_answer a = {
        .outcome = outcome, .status = status, .code = "http", .text = "what it says"};

    (void)b;
    outcome_take(w, &a);
}

/* The write of an update of b:9 to PHONE, sent. */
static struct write *
update(struct bench *b, int64_t link, const char *phone)
{
    bench_feed(b,
               bench_line(b, "1",
                          arena_printf(b->f->a,
                                       "'link':%lld,'generation':%lld,'ends':[{'system':'a',"
                                       "'record_id':'1','covered':{'phone':'%s'}}],'rules':{"
                                       "'phone':{'rule':'changed-same','source':'a'}},"
                                       "'writes':[{'target':'b','action':'update',"
                                       "'target_record_id':'9','set':{'phone':'%s'},"
                                       "'sources':{'phone':'a'}}],'map_hash':'m'",
                                       (long long)link, (long long)bench_load(b, link).generation,
                                       phone, phone)));
    bench_run(b);
    return bench_send(b);
}

START_TEST(a_create_that_is_answered_makes_the_end)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct store_link link = bench_load(b, bench_linked(b, "1"));

    ck_assert_str_eq(bench_result(b, "status"), "done");
    ck_assert_str_eq(bench_result(b, "disposition"), "pushed");
    ck_assert_str_eq(bench_result(b, "target_record_id"), "9");
    ck_assert_str_eq(bench_result(b, "http_status"), "201");
    ck_assert_uint_eq(link.n_ends, 2);
    ck_assert_uint_eq(link.n_owed, 0);
    ck_assert_uint_eq(b->p.open, 0);
    ck_assert_ptr_null(b->p.lines);
}
END_TEST

START_TEST(the_shadow_is_what_the_answer_shows)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");
    struct write *w = update(b, id, " 66 ");
    struct store_link link;

    bench_answer(b, w, "9", "{'phone':'66','name':null}");
    bench_settle(b);
    link = bench_load(b, id);
    for (size_t i = 0; i < link.n_ends; i++)
        ck_assert_str_eq(val_get_text(link.ends[i].shadow, "phone"),
                         strcmp(link.ends[i].system, "b") == 0 ? "66" : " 66 ");
}
END_TEST

START_TEST(a_refused_value_is_owed_and_rejected)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, update(b, id, "66"), PROVIDER_REFUSED, 422);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "refused");
    ck_assert_str_eq(bench_result(b, "disposition"), "rejected");
    ck_assert_str_eq(bench_result(b, "error.retry"), "never");
    ck_assert(b->p.refused);
    ck_assert_uint_eq(bench_load(b, id).n_owed, 1);
    ck_assert_ptr_nonnull(bench_load(b, id).owed[0].refused);
}
END_TEST

START_TEST(an_update_without_an_answer_is_decided_anew_then_waits)
{
    static const enum provider_outcome none[] = {PROVIDER_LOST, PROVIDER_BROKEN};

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        CLEANUP_BENCH struct bench *b = bench_new();
        int64_t id = bench_linked(b, "1");

        answer(b, update(b, id, "66"), none[i], 500);
        bench_settle(b);
        ck_assert_str_eq(bench_result(b, "status"), "lost");
        ck_assert_str_eq(bench_result(b, "error.retry"), "now");
        answer(b, update(b, id, "66"), none[i], 500);
        ck_assert_int_eq(b->p.answered.first->settlement.not_before, BENCH_NOW + 30000);
        ck_assert(b->p.answered.first->settlement.maybe_applied);
        bench_settle(b);
        ck_assert_str_eq(bench_result(b, "status"), "retry");
        ck_assert_str_eq(bench_result(b, "disposition"), "owed");
        ck_assert(!b->p.refused);
    }
}
END_TEST

START_TEST(an_answer_forgets_the_losses)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, update(b, id, "66"), PROVIDER_LOST, 0);
    bench_settle(b);
    bench_answer(b, update(b, id, "66"), "9", "{'phone':'66'}");
    bench_settle(b);
    answer(b, update(b, id, "77"), PROVIDER_LOST, 0);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "lost");
}
END_TEST

START_TEST(a_conflict_is_no_write_of_ours)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, update(b, id, "66"), PROVIDER_CONFLICT, 409);
    ck_assert(b->p.answered.first->settlement.not_applied);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "lost");
    answer(b, update(b, id, "66"), PROVIDER_CONFLICT, 412); /* it moves on, however often */
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "retry");
    answer(b, update(b, id, "66"), PROVIDER_CONFLICT, 409); /* the value is not taken */
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "refused");
}
END_TEST

/* By whatever status it is said: a value that nobody looked at is not refused. */
START_TEST(what_was_guarded_and_came_late_is_never_refused)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    for (int i = 0; i < 4; i++) {
        struct write *w = update(b, id, "66");

        w->intent.etag = "7";
        answer(b, w, PROVIDER_CONFLICT, 409);
        bench_settle(b);
        ck_assert_str_eq(bench_result(b, "status"), i == 0 ? "lost" : "retry");
    }
    ck_assert_ptr_null(bench_load(b, id).owed[0].refused);
}
END_TEST

START_TEST(an_update_of_what_is_gone_is_looked_at_again)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, update(b, id, "66"), PROVIDER_GONE, 404);
    ck_assert(b->p.answered.first->settlement.not_applied);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "lost");
    ck_assert_str_eq(bench_result(b, "error.retry"), "now");
    answer(b, update(b, id, "66"), PROVIDER_GONE, 404); /* it was shown all the same */
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "refused");
}
END_TEST

START_TEST(a_limit_closes_the_target_until_it_is_over)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");
    const struct provider_answer a = {
        .outcome = PROVIDER_LIMITED, .status = 429, .not_before = BENCH_NOW + 7000};

    outcome_take(update(b, id, "66"), &a);
    ck_assert_int_eq(b->p.targets[1].closed_until, BENCH_NOW + 7000);
    ck_assert_int_eq(b->p.targets[0].closed_until, 0);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "retry");
    ck_assert_str_eq(bench_result(b, "error.retry"), "later");
    ck_assert_str_eq(bench_result(b, "disposition"), "owed");
}
END_TEST

START_TEST(what_did_not_go_out_goes_later)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    answer(b, bench_sent(b, "1", "55"), PROVIDER_NOT_SENT, 0); /* a create, too: no look-up */
    ck_assert_int_gt(b->p.targets[1].closed_until, BENCH_NOW);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "retry");
    ck_assert_str_eq(bench_result(b, "disposition"), "owed");
}
END_TEST

START_TEST(refused_credentials_end_the_run_with_a_status_of_their_own)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, update(b, id, "66"), PROVIDER_AUTH, 401);
    ck_assert(b->p.targets[1].auth_said);
    ck_assert_int_gt(b->p.targets[1].closed_until, BENCH_NOW);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "retry");
    ck_assert(!b->p.refused);
}
END_TEST

START_TEST(credentials_that_are_taken_again_are_no_fault_of_the_run)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, update(b, id, "66"), PROVIDER_AUTH, 401);
    bench_settle(b);
    b->p.targets[1].closed_until = 0;
    answer(b, update(b, id, "66"), PROVIDER_OK, 200);
    ck_assert(!b->p.targets[1].auth_said);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "done");
}
END_TEST

START_TEST(a_create_that_cannot_be_sought_is_for_a_person)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    b->f->defs[1].find.present = false;
    answer(b, w, PROVIDER_LOST, 0);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "unknown");
    ck_assert_str_eq(bench_result(b, "error.code"), "outcome-unknown");
    ck_assert(b->p.refused);
}
END_TEST

START_TEST(a_conflicting_create_that_cannot_be_sought_is_refused)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");

    b->f->defs[1].find.present = false;
    answer(b, w, PROVIDER_CONFLICT, 409);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "refused");
    ck_assert_str_eq(bench_result(b, "error.text"), "what it says");
}
END_TEST

START_TEST(a_create_answered_with_an_id_that_cannot_be_read_is_done)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    const struct provider_answer a = {.outcome = PROVIDER_BROKEN, .status = 201, .id = "9"};

    b->f->defs[1].get.present = false;
    outcome_take(w, &a);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "done");
    ck_assert_str_eq(bench_result(b, "target_record_id"), "9");
}
END_TEST

START_TEST(a_record_of_another_link_is_not_taken)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w;

    bench_linked(b, "1");
    w = bench_sent(b, "2", "55");
    bench_answer(b, w, "9", "{'phone':'55'}");
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "refused");
    ck_assert_str_eq(bench_result(b, "error.code"), "linked-twice");
}
END_TEST

START_TEST(two_creates_that_met_one_record_are_settled_together)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *x = bench_sent(b, "1", "55"), *y = bench_sent(b, "2", "55");

    bench_answer(b, x, "9", "{'phone':'55'}");
    bench_answer(b, y, "9", "{'phone':'55'}");
    bench_settle(b);
    ck_assert_uint_eq(bench_results(b), 2);
    ck_assert_str_eq(bench_result(b, "external_id"), "x-2");
    ck_assert_str_eq(bench_result(b, "error.code"), "linked-twice");
    ck_assert_uint_eq(b->p.open, 0);
}
END_TEST

START_TEST(an_answer_to_what_somebody_took_over_settles_nothing)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");
    struct write *w = update(b, id, "66");

    strcpy(b->p.owner, "push-other");
    bench_answer(b, w, "9", "{'phone':'66'}");
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "lost");
    ck_assert_uint_eq(bench_load(b, id).n_owed, 1);
}
END_TEST

/* The write of the delete of b:9, sent. */
static struct write *
deletion(struct bench *b, int64_t link)
{
    bench_feed(b, bench_delete(b, link));
    bench_run(b);
    return bench_send(b);
}

START_TEST(a_delete_leaves_a_tombstone_and_ends_the_link)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, deletion(b, id), PROVIDER_OK, 204);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "action"), "delete");
    ck_assert_str_eq(bench_result(b, "status"), "done");
    ck_assert_str_eq(bench_result(b, "disposition"), "deleted");
    ck_assert_str_eq(bench_result(b, "target_record_id"), "9");
    ck_assert(bench_load(b, id).ended);
    ck_assert_uint_eq(b->p.open, 0);
}
END_TEST

START_TEST(what_is_not_there_is_deleted)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    answer(b, deletion(b, bench_linked(b, "1")), PROVIDER_GONE, 404);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "done");
    ck_assert_str_eq(bench_result(b, "disposition"), "deleted");
    ck_assert_str_eq(bench_result(b, "error.code"), "");
}
END_TEST

START_TEST(a_delete_without_an_answer_is_decided_anew_then_waits)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, deletion(b, id), PROVIDER_LOST, 0);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "lost");
    ck_assert_str_eq(bench_result(b, "disposition"), "");
    ck_assert(!bench_load(b, id).ended);
    answer(b, deletion(b, id), PROVIDER_BROKEN, 500);
    ck_assert_int_eq(b->p.answered.first->settlement.not_before, BENCH_NOW + 30000);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "retry");
}
END_TEST

START_TEST(an_edit_that_came_first_is_looked_at_before_the_delete)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");

    answer(b, deletion(b, id), PROVIDER_CONFLICT, 412);
    ck_assert_int_eq(b->p.answered.first->settlement.kind, SETTLE_RETRY);
    ck_assert_int_eq(b->p.answered.first->settlement.not_before, BENCH_NOW);
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "disposition"), ""); /* its event is open again */
    answer(b, deletion(b, id), PROVIDER_CONFLICT, 412);
    ck_assert_int_eq(b->p.answered.first->settlement.not_before, BENCH_NOW + 30000);
    bench_settle(b);
    answer(b, deletion(b, id), PROVIDER_CONFLICT, 409); /* something there needs it */
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "refused");
    ck_assert(!bench_load(b, id).ended);
}
END_TEST

START_TEST(what_is_stored_otherwise_is_kept)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");
    struct write *w = update(b, id, "66 77");

    bench_answer(b, w, "9", "{'phone':'6677','name':'theirs'}");
    ck_assert_str_eq(val_write_text(b->f->a, w->settlement.odd),
                     "{\"phone\":{\"sent\":\"66 77\",\"stored\":\"6677\"}}");
    bench_settle(b);
    ck_assert_str_eq(bench_result(b, "status"), "done");
}
END_TEST

START_TEST(what_a_look_up_shows_proves_nothing_about_storing)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct write *w = bench_sent(b, "1", "55");
    const struct provider_record r = {.id = "9", .fields = fixture_json(b->f, "{'phone':'5'}")};

    outcome_done(w, NULL, &r); /* somebody may have edited it since */
    ck_assert_ptr_null(w->settlement.odd);
    bench_settle(b);
}
END_TEST

UNIT_MAIN("push/outcome", what_was_guarded_and_came_late_is_never_refused,
          a_create_that_is_answered_makes_the_end, the_shadow_is_what_the_answer_shows,
          a_refused_value_is_owed_and_rejected,
          an_update_without_an_answer_is_decided_anew_then_waits, an_answer_forgets_the_losses,
          a_conflict_is_no_write_of_ours, an_update_of_what_is_gone_is_looked_at_again,
          a_limit_closes_the_target_until_it_is_over, what_did_not_go_out_goes_later,
          refused_credentials_end_the_run_with_a_status_of_their_own,
          credentials_that_are_taken_again_are_no_fault_of_the_run,
          a_create_that_cannot_be_sought_is_for_a_person,
          a_conflicting_create_that_cannot_be_sought_is_refused,
          a_create_answered_with_an_id_that_cannot_be_read_is_done,
          a_record_of_another_link_is_not_taken,
          two_creates_that_met_one_record_are_settled_together,
          an_answer_to_what_somebody_took_over_settles_nothing,
          a_delete_leaves_a_tombstone_and_ends_the_link, what_is_not_there_is_deleted,
          a_delete_without_an_answer_is_decided_anew_then_waits,
          an_edit_that_came_first_is_looked_at_before_the_delete, what_is_stored_otherwise_is_kept,
          what_a_look_up_shows_proves_nothing_about_storing)
