#include <config.h>

#include "push/check.h"

#include <string.h>

#include "fixture.h"

/* Checks MEMBERS as the decision of a:1; the error's text, "" if it is fine. */
static const char *
check(struct bench *b, const char *members, struct decision *d)
{
    const char *line = bench_line(b, "1", members);
    const struct conf_sync *sync;
    struct err err = ERR_INIT;
    const struct val *all;
    struct event e;

    ck_assert_msg(event_parse(b->f->a, line, strlen(line), &e, &err) == 0, "%s", err.text);
    all = val_parse(b->f->a, line, strlen(line), &err);
    ck_assert_msg(decision_parse(b->f->a, all, d, &err) == 0, "%s: %s", err.text, line);
    return check_decision(&b->conf, &e, d, &sync, &err) == 0 ? "" : arena_text(b->f->a, err.text);
}

#define WRITE(target, members)                                                                     \
    "'link':7,'writes':[{'target':'" target "','action':'update','target_record_id':'9'," members  \
    "}]"

START_TEST(what_a_line_leaves_out_is_the_configs)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const char *line = bench_line(b, "1", "'link':7,'writes':[]");
    const struct conf_sync *sync;
    struct event e;
    struct decision d;

    ck_assert_str_eq(
        check(b, "'ends':[{'system':'a','record_id':'1'}]," WRITE("b", "'set':{'phone':'1'}"), &d),
        "");
    ck_assert_str_eq(d.ends[0].account, "account-a");
    ck_assert_str_eq(d.writes[0].account, "account-b");
    ck_assert_int_eq(event_parse(b->f->a, line, strlen(line), &e, NULL), 0);
    e.event_type = NULL;
    ck_assert_int_eq(check_decision(&b->conf, &e, &d, &sync, NULL), 0);
    ck_assert_ptr_eq(sync, &b->f->sync);
    ck_assert_str_eq(e.account, "account-a");
    ck_assert_str_eq(e.event_type, "updated");
    ck_assert_str_eq(e.path, "manual");
}
END_TEST

START_TEST(only_fields_that_the_target_takes_are_written)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct decision d;

    fixture_field(b->f, "fax", FIELD_TEXT, -1);
    fixture_unmap(b->f, 1, "fax");
    fixture_map(b->f, 1, "name")->read_only = true;
    ck_assert_str_eq(check(b, WRITE("b", "'set':{'phone':null}"), &d), "");
    ck_assert_str_eq(check(b, WRITE("b", "'set':{'phone':'1','nickname':'x'}"), &d),
                     "writes: set: nickname is no field of crm/contacts that is synced with b");
    ck_assert_ptr_nonnull(strstr(check(b, WRITE("b", "'set':{'fax':'1'}"), &d), "set: fax is no"));
    ck_assert_str_eq(check(b, WRITE("a", "'set':{'fax':'1'}"), &d), "");
    ck_assert_ptr_nonnull(
        strstr(check(b, WRITE("b", "'set':{'name':'1'}"), &d), "set: name is no"));
    ck_assert_str_eq(check(b, WRITE("a", "'set':{'name':'1'}"), &d), "");
    ck_assert_str_eq(check(b, WRITE("b", "'set':{}"), &d), "writes: set: empty");
}
END_TEST

START_TEST(a_field_that_is_mapped_but_not_synced_is_not_written)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct decision d;

    ck_assert_str_eq(b->f->fields[b->f->sync.n_fields - 1].field->name, "name");
    b->f->sync.n_fields--;
    ck_assert_ptr_nonnull(
        strstr(check(b, WRITE("b", "'set':{'name':'1'}"), &d), "set: name is no"));
}
END_TEST

START_TEST(systems_and_accounts_are_those_of_the_sync)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct decision d;

    ck_assert_str_eq(check(b, WRITE("c", "'set':{'phone':'1'}"), &d),
                     "writes: c is not among the systems of crm/contacts");
    ck_assert_str_eq(check(b, WRITE("b", "'account':'other','set':{'phone':'1'}"), &d),
                     "writes: account other of b, but the config says account-b");
    ck_assert_str_eq(check(b, "'link':7,'writes':[],'ends':[{'system':'c'}]", &d),
                     "ends: c is not among the systems of crm/contacts");
    ck_assert_str_eq(check(b, "'account':'x','link':7,'writes':[]", &d),
                     "account x of a, but the config says account-a");
    b->f->sync.resource = arena_text(b->f->a, "crm/deals");
    ck_assert_str_eq(check(b, "'link':7,'writes':[]", &d),
                     "crm/contacts is not in the config's sync");
}
END_TEST

START_TEST(later_fields_are_checked_like_those_set)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct decision d;

    ck_assert_str_eq(check(b, WRITE("b", "'set':{},'later':{'phone':'1'}"), &d), "");
    ck_assert_str_eq(check(b, WRITE("b", "'set':{'phone':'1'},'later':{'nickname':'1'}"), &d),
                     "writes: later: nickname is no field of crm/contacts that is synced with b");
    ck_assert_str_eq(check(b, WRITE("b", "'set':{},'later':{}"), &d), "writes: set: empty");
}
END_TEST

START_TEST(a_delete_sets_nothing_and_names_its_record)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    const struct val *set;
    const char *line = bench_line(b, "1", "'link':7,'writes':[]");
    const struct conf_sync *sync;
    struct err err = ERR_INIT;
    struct decision_write w = {.target = "b", .action = "delete", .target_record_id = "9"};
    struct decision d = {.link = 7, .writes = &w, .n_writes = 1};
    struct event e;

    ck_assert_int_eq(event_parse(b->f->a, line, strlen(line), &e, &err), 0);
    w.set = set = fixture_json(b->f, "{}");
    ck_assert_int_eq(check_decision(&b->conf, &e, &d, &sync, &err), 0);
    w.set = fixture_json(b->f, "{'phone':'1'}");
    ck_assert_int_eq(check_decision(&b->conf, &e, &d, &sync, &err), -1);
    ck_assert_str_eq(err.text, "writes: a delete sets nothing");
    w.set = set;
    w.target_record_id = NULL;
    ck_assert_int_eq(check_decision(&b->conf, &e, &d, &sync, &err), -1);
    ck_assert_str_eq(err.text, "writes: a delete of no record");
}
END_TEST

START_TEST(nothing_is_deleted_against_the_config)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct decision d;

    b->f->sync.deletes.propagate = false;
    ck_assert_str_eq(check(b,
                           "'link':7,'writes':[{'target':'b','action':'delete',"
                           "'target_record_id':'9','set':{}}]",
                           &d),
                     "writes: the config does not propagate deletes of crm/contacts");
}
END_TEST

START_TEST(only_a_system_of_the_sync_can_be_paused)
{
    CLEANUP_BENCH struct bench *b = bench_new();
    struct decision d;

    ck_assert_str_eq(check(b, "'link':null,'hold':{'reason':'x','pause':'b'}", &d), "");
    ck_assert_str_eq(check(b, "'link':null,'hold':{'reason':'x','pause':'c'}", &d),
                     "hold: pause: c is not among the systems of crm/contacts");
}
END_TEST

UNIT_MAIN("push/check", what_a_line_leaves_out_is_the_configs,
          only_fields_that_the_target_takes_are_written,
          a_field_that_is_mapped_but_not_synced_is_not_written,
          systems_and_accounts_are_those_of_the_sync, later_fields_are_checked_like_those_set,
          a_delete_sets_nothing_and_names_its_record, nothing_is_deleted_against_the_config,
          only_a_system_of_the_sync_can_be_paused)
