#include <config.h>

#include "fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Starts with a plan of TEXT (in a pipe: PIPED): "" if it may be applied, else why not. */
static const char *
start(struct bench *b, const char *text, bool piped)
{
    struct push p = {.store = NULL};
    struct err err = ERR_INIT;
    FILE *f = tmpfile();
    int ends[2], rc;
    char first = 0;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(piped ? ends[1] : fileno(f), text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    p.fd = dup(piped ? ends[0] : fileno(f));
    rc = plan_start(&p, "plan", &err);
    if (rc == 0)
        ck_assert_int_eq(read(p.fd, &first, 1), 1);
    ck_assert(rc < 0 || first == text[0]); /* it is read from its start */
    ck_assert(rc == 0 || err.status == EXIT_INPUT);
    close(p.fd);
    close(ends[0]);
    fclose(f);
    return rc == 0 ? "" : arena_text(b->f->a, err.text);
}

#define LINE "{\"v\":1,\"record_id\":\"1\",\"fields\":{\"plan\":\"x\"}}\n"
#define TOTAL "{\"v\":1,\"plan\":{\"decisions\":1}}\n"
#define EOS "{\"v\":1,\"eos\":{\"run\":null,\"count\":1,\"complete\":true}}\n"
#define TORN "plan: not a whole plan: the totals, its last line, are missing"

START_TEST(a_plan_is_whole_with_its_totals)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    for (int piped = 0; piped < 2; piped++) {
        ck_assert_str_eq(start(b, LINE TOTAL, piped), "");
        ck_assert_str_eq(start(b, TOTAL, piped), "");
        ck_assert_str_eq(start(b, LINE TOTAL EOS, piped), "");
        ck_assert_str_eq(start(b, "not json\n" TOTAL, piped), ""); /* refused by itself */
    }
}
END_TEST

START_TEST(a_torn_plan_is_none)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    for (int piped = 0; piped < 2; piped++) {
        ck_assert_str_eq(start(b, "", piped), TORN);
        ck_assert_str_eq(start(b, LINE, piped), TORN);
        ck_assert_str_eq(start(b, LINE TOTAL LINE, piped), TORN);
        ck_assert_str_eq(start(b, LINE "{\"v\":1,\"plan\":{\"decisions\":1}}", piped), TORN);
        ck_assert_str_eq(start(b, LINE EOS, piped), TORN);
    }
}
END_TEST

/* As if another run began. */
static void
forget(struct bench *b)
{
    seen_free(b->p.planned);
    b->p.planned = NULL;
}

/* Runs LINE as that of a plan, where nothing can be looked at. What was refused: "" or the code. */
static const char *
apply(struct bench *b, const char *line)
{
    size_t before = bench_rejects(b);
    const char *code = "";
    struct line *l;

    b->o.plan = "plan";
    b->f->defs[1].get.present = false;
    b->f->defs[1].find.n_by = 0;
    forget(b);
    l = line_parse(&b->p, line, strlen(line), &b->err);
    ck_assert_msg(l != NULL, "%s", b->err.text);
    if (plan_check(l, &b->err) == 0)
        code = arena_text(b->f->a, l->err.code);
    line_free(l);
    forget(b);
    bench_feed(b, line);
    bench_run(b);
    forget(b);
    ck_assert_uint_eq(bench_rejects(b) - before, code[0] != '\0');
    return code;
}

static long
admitted(struct bench *b)
{
    struct store_count *counts;
    long n;

    ck_assert_int_ge(store_balance(b->p.store, b->f->a, &counts, &n, &b->err), 0);
    return n;
}

START_TEST(a_plan_is_applied_once)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const char *line = bench_create(b, "1", "55");
    struct write *w;
    long n;

    ck_assert_str_eq(apply(b, line), "");
    w = bench_send(b);
    n = admitted(b);
    ck_assert_str_eq(apply(b, line), "moved-on"); /* while it is under way */
    bench_answer(b, w, "9", "{'phone':'55','name':null}");
    bench_settle(b);
    ck_assert_str_eq(apply(b, line), "moved-on");
    ck_assert_ptr_null(bench_queued(b));
    ck_assert_int_eq(admitted(b), n); /* nobody is asked to decide it anew */
}
END_TEST

START_TEST(a_delete_of_a_link_that_moved_on_is_refused)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    int64_t id = bench_linked(b, "1");
    const char *old = bench_delete(b, id);

    bench_feed(b, bench_line(b, "1",
                             arena_printf(b->f->a,
                                          "'link':%lld,'generation':1,'writes':[],"
                                          "'disposition':'unchanged'",
                                          (long long)id)));
    bench_run(b);
    ck_assert_str_eq(apply(b, old), "moved-on");
    ck_assert_ptr_null(bench_queued(b));
    ck_assert_str_eq(apply(b, bench_delete(b, id)), "");
    ck_assert_ptr_nonnull(bench_queued(b));
}
END_TEST

START_TEST(ends_that_are_anothers_by_now_are_not_joined)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    bench_linked(b, "1");
    ck_assert_str_eq(apply(b, bench_line(b, "2",
                                         "'link':null,'external_id':'x-2','ends':[{'system':'a',"
                                         "'record_id':'2'},{'system':'b','record_id':'9'}],"
                                         "'writes':[]")),
                     "moved-on");
    ck_assert_str_eq(apply(b, bench_line(b, "2",
                                         "'link':null,'external_id':'x-2','ends':[{'system':'a',"
                                         "'record_id':'2'},{'system':'b','record_id':'8'}],"
                                         "'writes':[]")),
                     "");
}
END_TEST

START_TEST(a_plan_of_another_config_is_refused)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const char *line = bench_create(b, "1", "55");

    b->f->sync.map_hash = arena_text(b->f->a, "n");
    ck_assert_str_eq(apply(b, line), "other-config");
    ck_assert_ptr_null(bench_queued(b));
    b->f->sync.map_hash = arena_text(b->f->a, "m");
    ck_assert_str_eq(apply(b, line), "");
}
END_TEST

START_TEST(a_link_is_applied_once_however_many_lines_nominate_it)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const char *line = bench_create(b, "1", "55");
    const char *twin = bench_line(b, "1", "'link':null,'external_id':'x-1','ends':[],'writes':[]");

    ck_assert_str_eq(apply(b, line), "");
    ck_assert_str_eq(apply(b, line), "moved-on");
    bench_feed(b, line);
    bench_feed(b, twin);
    bench_run(b);
    ck_assert_uint_eq(bench_rejects(b), 2); /* the first of them, as before; the twin is silent */
    forget(b);
}
END_TEST

/* An update of b:9 as a plan has it, with what it saw there. */
static struct line *
planned(struct bench *b, const char *members)
{
    const char *text =
        bench_line(b, "1",
                   arena_printf(b->f->a,
                                "'link':1,'generation':1,%s'rules':{},'writes':[{'target':'b',"
                                "'action':'update','target_record_id':'9','set':{'phone':'7'},"
                                "'before':{'phone':'55'}}]",
                                members));
    struct line *l = line_parse(&b->p, text, strlen(text), &b->err);

    ck_assert_msg(l != NULL, "%s", b->err.text);
    return l;
}

/* Which field of b:9, as it is now, is not as it was; "". */
static const char *
differs(struct bench *b, const char *members, const char *now)
{
    struct provider_record r = {.id = "9", .fields = fixture_json(b->f, now)};
    struct line *l = planned(b, members);
    const char *field = fresh_differs(l, &l->decision.writes[0], &r);

    field = arena_text(b->f->a, field != NULL ? field : "");
    line_free(l);
    return field;
}

#define SAW "'ends':[{'system':'b','record_id':'9','covered':{'phone':'55','name':null}}],"

START_TEST(what_is_written_must_be_as_the_plan_saw_it)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    ck_assert_str_eq(differs(b, SAW, "{'phone':'55','name':null}"), "");
    ck_assert_str_eq(differs(b, SAW, "{'phone':'55'}"), "");
    ck_assert_str_eq(differs(b, SAW, "{'phone':'55','other':'x'}"), "");
    ck_assert_str_eq(differs(b, SAW, "{'phone':'HUMAN','name':null}"), "phone");
    ck_assert_str_eq(differs(b, SAW, "{'phone':'55','name':'Ann'}"), "name"); /* not written */
    ck_assert_str_eq(differs(b, "", "{'phone':'55','name':'Ann'}"), "");      /* by `before` */
    ck_assert_str_eq(differs(b, "", "{'phone':'HUMAN'}"), "phone");
}
END_TEST

START_TEST(what_is_to_be_made_is_known_by_external_id_or_key)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const char *text = bench_create(b, "1", "55");
    struct line *l = line_parse(&b->p, text, strlen(text), &b->err);
    const struct decision_write *w;
    struct provider_record r = {.id = "8", .fields = fixture_json(b->f, "{'phone':'55'}")};

    ck_assert_ptr_nonnull(l);
    w = &l->decision.writes[0];
    ck_assert(fresh_is_it(l, w, &r));
    r.fields = fixture_json(b->f, "{'phone':'56'}");
    ck_assert(!fresh_is_it(l, w, &r));
    r.external_id = "x-2";
    ck_assert(!fresh_is_it(l, w, &r));
    r.external_id = "x-1";
    ck_assert(fresh_is_it(l, w, &r));
    line_free(l);
}
END_TEST

/* Runs LINE with what looking came to. */
static const char *
after_look(struct bench *b, const char *moved, const char *unseen)
{
    const char *text = bench_create(b, "1", "55");
    struct line *l = line_parse(&b->p, text, strlen(text), &b->err);
    const char *code = "";

    ck_assert_ptr_nonnull(l);
    forget(b);
    l->moved = moved;
    l->unseen = unseen;
    if (plan_check(l, &b->err) == 0)
        code = arena_text(b->f->a, l->err.code);
    line_free(l);
    forget(b);
    return code;
}

START_TEST(what_moved_or_cannot_be_seen_is_not_applied)
{
    CLEANUP_BENCH struct bench *b = bench_new();

    ck_assert_str_eq(after_look(b, NULL, NULL), "");
    ck_assert_str_eq(after_look(b, "phone of b:9 is another now", NULL), "moved-on");
    ck_assert_str_eq(after_look(b, NULL, "cannot look at b"), "unseen");
    ck_assert_int_eq(b->p.plan_moved, 1);
    ck_assert_int_eq(b->p.plan_unseen, 1);
}
END_TEST

UNIT_MAIN("push/plan", a_plan_is_whole_with_its_totals, a_torn_plan_is_none, a_plan_is_applied_once,
          a_delete_of_a_link_that_moved_on_is_refused, ends_that_are_anothers_by_now_are_not_joined,
          a_plan_of_another_config_is_refused,
          a_link_is_applied_once_however_many_lines_nominate_it,
          what_is_written_must_be_as_the_plan_saw_it,
          what_is_to_be_made_is_known_by_external_id_or_key,
          what_moved_or_cannot_be_seen_is_not_applied)
