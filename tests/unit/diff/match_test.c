#include <config.h>

#include "diff/internal.h"

#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../sync/fixture.h"
#include "../unit.h"
#include "base/mem.h"
#include "sync/match.h"

#define NOW INT64_C(1767261600000) /* 2026-01-01T10:00:00.000Z */

/*
 * Systems a, b, c with the text fields phone and name, matched by phone, then by name. Records of b
 * and c are known from listings; there is no HTTP. The nominated record is a:1.
 */
struct table {
    struct fixture *f;
    struct conf conf;
    struct diff_options o;
    struct diff d;
    struct item it;
    struct err err;
    char dir[64];
};

static const char *
path(const struct table *t, const char *name)
{
    return arena_printf(t->f->a, "%s/%s", t->dir, name);
}

static struct table *
table_new(void)
{
    struct table *t = mem_alloc(sizeof *t);

    t->f = fixture_three(-1);
    fixture_field(t->f, "name", FIELD_TEXT, -1);
    fixture_match(t->f, "phone");
    fixture_match(t->f, "name");
    t->f->sync.map_hash = arena_text(t->f->a, "m");
    for (size_t i = 0; i < 3; i++)
        t->f->defs[i].resource = t->f->sync.resource;
    t->conf = (struct conf){.systems = t->f->systems,
                            .n_systems = 3,
                            .syncs = &t->f->sync,
                            .n_syncs = 1,
                            .max_creates = {-1, -1},
                            .max_updates = {-1, -1},
                            .max_changed = {-1, -1}};
    strcpy(t->dir, "/tmp/loopless-match-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(t->dir));
    ck_assert_int_eq(store_create(path(t, "state.db"), &t->err), 0);
    t->o.store = store_open(path(t, "state.db"), STORE_WRITE, &t->err);
    ck_assert_msg(t->o.store != NULL, "%s", t->err.text);
    t->o.conf = &t->conf;
    t->d = (struct diff){
        .o = &t->o, .cache = cache_new(&t->conf, NULL), .arena = t->f->a, .now = NOW, .deployment = "d"};
    return t;
}

static int
remove_one(const char *name, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(name);
}

static void
table_free_ptr(struct table **tp)
{
    struct table *t = *tp;

    cache_free(t->d.cache);
    store_close(t->o.store);
    nftw(t->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    fixture_free(t->f);
    free(t);
}
#define CLEANUP_TABLE __attribute__((cleanup(table_free_ptr)))

static struct event
event_of(struct table *t, size_t i, const char *id, const char *fields)
{
    return (struct event){.path = "delta",
                          .system = t->f->systems[i].name,
                          .account = t->f->systems[i].account,
                          .resource = "crm/contacts",
                          .record_id = id,
                          .event_type = "updated",
                          .fields = fixture_json(t->f, fields)};
}

/* The match keys that the state has of a record. */
static void
keyed(struct table *t, size_t i, const char *id, const char *fields)
{
    struct match_keys keys;

    match_keys(t->f->a, &t->f->sync, i, fixture_json(t->f, fields), &keys);
    ck_assert_int_eq(store_keys_replace(t->o.store, "crm/contacts", t->f->systems[i].name,
                                        t->f->systems[i].account, id, keys.hashes, keys.n, NOW,
                                        &t->err),
                     0);
}

/* A listing showed this record a moment ago. */
static void
listed(struct table *t, size_t i, const char *id, const char *fields)
{
    struct event e = event_of(t, i, id, fields);
    struct store_admission x = {.event = &e, .map_hash = "m", .run_id = "r1"};
    int64_t seq;

    e.event_id = arena_printf(t->f->a, "r1/%s-%s", e.system, id);
    ck_assert_int_eq(store_admit(t->o.store, &x, NOW - 1000, &seq, &t->err), 1);
    keyed(t, i, id, fields);
}

/* A decision of system I's record ID, by hand. */
static void
decided(struct table *t, size_t i, const char *id, const char *members)
{
    const char *line = arena_printf(t->f->a, "{'link':null,%s,'map_hash':'m'}", members);
    struct event e = event_of(t, i, id, NULL);
    struct store_commit c = {.event = &e, .conf = &t->conf, .owner = "w1"};
    struct store_intent intents[4];
    struct decision d;
    size_t n;

    ck_assert_msg(decision_parse(t->f->a, fixture_json(t->f, line), &d, &t->err) == 0, "%s",
                  t->err.text);
    c.decision = &d;
    ck_assert_int_eq(store_decide(t->o.store, t->f->a, &c, NOW, intents, &n, NULL, &t->err),
                     STORE_COMMITTED);
}

static const char *
end_text(struct table *t, size_t i, const char *id)
{
    return arena_printf(t->f->a, "{'system':'%s','account':'%s','record_id':'%s','covered':{}}",
                        t->f->systems[i].name, t->f->systems[i].account, id);
}

/* Links I:X with K:Y under external id x-X. */
static void
linked(struct table *t, size_t i, const char *x, size_t k, const char *y)
{
    decided(t, i, x,
            arena_printf(t->f->a,
                         "'external_id':'x-%s','ends':[%s,%s],'writes':[],"
                         "'disposition':'unchanged'",
                         x, end_text(t, i, x), end_text(t, k, y)));
}

/* Matches a:1 with these fields, which carries EXTERNAL_ID. What came of it, as text. */
static const char *
match_carrying(struct table *t, const char *fields, const char *external_id)
{
    struct item *it = &t->it;
    int known;

    memset(it, 0, sizeof *it);
    it->event = event_of(t, 0, "1", fields);
    it->record_id = "1";
    it->sync = &t->f->sync;
    it->ends = arena_alloc(t->f->a, 3 * sizeof *it->ends);
    it->ends[0] = (struct item_end){.wanted = true,
                                    .record_id = "1",
                                    .state = END_LIVE,
                                    .fields = it->event.fields,
                                    .external_id = external_id};
    known = match_ends(&t->d, it, &t->err);
    ck_assert_msg(known == 1, "%d %s", known, t->err.text);
    if (it->decision.hold_reason != NULL)
        return "hold";
    if (it->done)
        return arena_printf(t->f->a, "%s: %s", it->decision.reject_code, it->decision.text);
    return arena_printf(t->f->a, "%s %s", it->ends[1].wanted ? it->ends[1].record_id : "-",
                        it->ends[2].wanted ? it->ends[2].record_id : "-");
}

static const char *
match(struct table *t, const char *fields)
{
    return match_carrying(t, fields, NULL);
}

START_TEST(the_only_record_with_the_key_is_it)
{
    CLEANUP_TABLE struct table *t = table_new();

    listed(t, 1, "7", "{'phone':'5'}");
    listed(t, 1, "8", "{'phone':'6'}");
    listed(t, 2, "9", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "7 9");
    ck_assert_str_eq(val_get_text(t->it.ends[1].fields, "phone"), "5");
    ck_assert_int_eq(t->it.ends[1].seen_at, NOW - 1000);
    ck_assert(!t->it.ends[1].fresh); /* what is to be written is read anew */
    ck_assert_str_eq(match(t, "{'phone':'4'}"), "- -");
}
END_TEST

START_TEST(the_first_key_that_finds_any_decides)
{
    CLEANUP_TABLE struct table *t = table_new();

    listed(t, 1, "7", "{'phone':'5','name':'x'}");
    listed(t, 1, "8", "{'phone':'6','name':'y'}");
    ck_assert_str_eq(match(t, "{'phone':'5','name':'y'}"), "7 -");
    ck_assert_str_eq(match(t, "{'phone':null,'name':'y'}"), "8 -");
    listed(t, 1, "9", "{'name':'z'}");
    ck_assert_str_eq(match(t, "{'phone':'4','name':'z'}"), "9 -");
    ck_assert_str_eq(match(t, "{'phone':'4','name':'y'}"), "- -"); /* 8 says another phone */
}
END_TEST

START_TEST(two_there_are_ambiguous)
{
    CLEANUP_TABLE struct table *t = table_new();

    listed(t, 1, "7", "{'phone':'5'}");
    listed(t, 1, "8", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "ambiguous: a:1 matches b:7 and b:8");
}
END_TEST

START_TEST(two_here_are_ambiguous)
{
    CLEANUP_TABLE struct table *t = table_new();

    listed(t, 0, "1", "{'phone':'5'}");
    listed(t, 1, "7", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "7 -"); /* it is no twin of itself */
    listed(t, 0, "2", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "ambiguous: a:1 and a:2 have the same match key");
}
END_TEST

START_TEST(a_key_proposes_the_present_value_decides)
{
    CLEANUP_TABLE struct table *t = table_new();

    listed(t, 1, "7", "{'phone':'6'}");
    keyed(t, 1, "7", "{'phone':'5'}");
    listed(t, 1, "8", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "8 -");
}
END_TEST

START_TEST(many_old_keys_do_not_hide_the_record_that_has_it_now)
{
    CLEANUP_TABLE struct table *t = table_new();

    for (int i = 10; i < 30; i++) {
        const char *id = arena_printf(t->f->a, "%d", i);

        listed(t, 1, id, "{'phone':'6'}");
        keyed(t, 1, id, "{'phone':'5'}");
    }
    listed(t, 1, "9", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "9 -");
    listed(t, 1, "1", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "ambiguous: a:1 matches b:1 and b:9");
}
END_TEST

START_TEST(more_records_than_can_be_read_are_ambiguous)
{
    CLEANUP_TABLE struct table *t = table_new();

    for (int i = 100; i < 300; i++)
        keyed(t, 1, arena_printf(t->f->a, "%d", i), "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"),
                     "ambiguous: 64 records of b or more have the match key of a:1");
}
END_TEST

START_TEST(empty_values_match_nothing)
{
    CLEANUP_TABLE struct table *t = table_new();

    listed(t, 1, "7", "{'phone':'','name':null}");
    ck_assert_str_eq(match(t, "{'phone':'','name':null}"), "- -");
    ck_assert_str_eq(match(t, "{}"), "- -");
}
END_TEST

START_TEST(a_record_joins_the_link_of_its_match)
{
    CLEANUP_TABLE struct table *t = table_new();

    linked(t, 1, "7", 2, "9");
    listed(t, 1, "7", "{'phone':'5'}");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "7 9");
    ck_assert_int_ne(t->it.link.link_id, 0);
    ck_assert_uint_eq(t->it.link.n_ends, 2);
}
END_TEST

/* What all reads show. */
static void
answers(struct table *t, const char *text)
{
    const char *name = path(t, "current");
    FILE *f = fopen(name, "w");

    for (const char *p = text; *p != '\0'; p++)
        ck_assert_int_ne(fputc(*p == '\'' ? '"' : *p, f), EOF);
    ck_assert_int_eq(fclose(f), 0);
    ck_assert_int_eq(cache_load(t->d.cache, name, &t->err), 0);
}

/* --current, without a state. */
static void
from_file(struct table *t, const char *text)
{
    store_close(t->o.store);
    t->o.store = NULL;
    t->o.current = path(t, "current");
    answers(t, text);
}

#define RECORD(system, id, fields)                                                                 \
    "{'v':1,'system':'" system "','resource':'crm/contacts','record_id':'" id "','fields':" fields \
    "}\n"

START_TEST(a_match_that_is_linked_here_already_is_refused)
{
    CLEANUP_TABLE struct table *t = table_new();

    linked(t, 1, "7", 0, "2");
    listed(t, 1, "7", "{'phone':'5'}");
    answers(t, RECORD("a", "2", "{'phone':'5'}") RECORD("b", "7", "{'phone':'5'}"));
    ck_assert_str_eq(match(t, "{'phone':'5'}"),
                     "linked-elsewhere: a:1 matches b:7, which is linked to a:2");
}
END_TEST

START_TEST(it_takes_the_place_of_a_record_that_is_gone)
{
    CLEANUP_TABLE struct table *t = table_new();

    linked(t, 1, "7", 0, "2");
    listed(t, 1, "7", "{'phone':'5'}");
    answers(t, RECORD("b", "7", "{'phone':'5'}"));
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "7 -");
    ck_assert_str_eq(t->it.ends[0].replaces, "2");
    ck_assert_int_ne(t->it.link.link_id, 0);
}
END_TEST

START_TEST(a_match_whose_link_was_ended_is_refused)
{
    CLEANUP_TABLE struct table *t = table_new();
    sqlite3 *db;

    linked(t, 1, "7", 0, "2");
    listed(t, 1, "7", "{'phone':'5'}");
    ck_assert_int_eq(sqlite3_open(path(t, "state.db"), &db), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(db, "UPDATE sync_links SET ended_at = created_at", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(db);
    ck_assert_str_eq(match(t, "{'phone':'5'}"),
                     "ended-link: a:1 matches b:7, whose link was ended");
}
END_TEST

START_TEST(our_external_id_comes_before_all_keys)
{
    CLEANUP_TABLE struct table *t = table_new();

    linked(t, 1, "7", 2, "9");
    listed(t, 1, "8", "{'phone':'5'}");
    ck_assert_str_eq(match_carrying(t, "{'phone':'5'}", "x-7"), "7 9");
    ck_assert_str_eq(match_carrying(t, "{'phone':'5'}", "unknown"), "8 -");
}
END_TEST

START_TEST(a_copy_with_our_external_id_is_refused)
{
    CLEANUP_TABLE struct table *t = table_new();

    linked(t, 1, "7", 0, "2");
    answers(t, RECORD("a", "2", "{'phone':'5'}"));
    ck_assert_str_eq(match_carrying(t, "{'phone':'5'}", "x-7"),
                     "linked-elsewhere: a:1 carries the external id of a:2; is it a copy?");
    ck_assert_int_eq(t->it.link.link_id, 0);
}
END_TEST

/* b:3 is to be created in TO, which is under way. */
static void
creating(struct table *t, size_t to, const char *claims)
{
    decided(t, 1, "3",
            arena_printf(t->f->a,
                         "'external_id':'x-3','ends':[%s],'claims':[%s],'writes':[{'target':'%s',"
                         "'account':'%s','action':'create','external_id':'x-3',"
                         "'set':{'phone':'5'},'sources':{'phone':'b'}}]",
                         end_text(t, 1, "3"), claims, t->f->systems[to].name,
                         t->f->systems[to].account));
}

START_TEST(an_open_create_here_may_be_this_record)
{
    CLEANUP_TABLE struct table *t = table_new();

    creating(t, 0, "");
    ck_assert_str_eq(match(t, "{'phone':'6'}"), "hold");
    ck_assert_str_eq(match_carrying(t, "{'phone':'6'}", "x-3"), "3 -"); /* it is */
}
END_TEST

START_TEST(only_claimed_keys_wait_for_a_create_elsewhere)
{
    CLEANUP_TABLE struct table *t = table_new();
    struct match_keys keys;

    match_keys(t->f->a, &t->f->sync, 1, fixture_json(t->f, "{'phone':'5'}"), &keys);
    creating(t, 2, arena_printf(t->f->a, "'%s'", keys.hashes[0]));
    ck_assert_str_eq(match(t, "{'phone':'6'}"), "- -");
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "hold");
}
END_TEST

/* The present records in a file, without a state. */
START_TEST(records_of_a_file_match_alike)
{
    CLEANUP_TABLE struct table *t = table_new();

    from_file(t, RECORD("b", "7", "{'phone':'5'}") RECORD("b", "1", "{'phone':'6'}")
                     RECORD("c", "8", "{'phone':'6'}") RECORD("c", "9", "{'phone':'6'}"));
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "7 -");
    ck_assert(t->it.ends[1].fresh);
    ck_assert_ptr_nonnull(strstr(match(t, "{'phone':'6'}"), "ambiguous: a:1 matches c:"));
    ck_assert_str_eq(match(t, "{'phone':'4'}"), "- -"); /* the same id says nothing */
}
END_TEST

START_TEST(without_match_fields_the_id_of_the_file_counts)
{
    CLEANUP_TABLE struct table *t = table_new();

    t->f->sync.n_match = 0;
    from_file(t, RECORD("b", "7", "{'phone':'5'}") RECORD("b", "1", "{'phone':'6'}"));
    ck_assert_str_eq(match(t, "{'phone':'5'}"), "1 -");
}
END_TEST

UNIT_MAIN("diff/match", the_only_record_with_the_key_is_it, the_first_key_that_finds_any_decides,
          two_there_are_ambiguous, two_here_are_ambiguous, a_key_proposes_the_present_value_decides,
          many_old_keys_do_not_hide_the_record_that_has_it_now,
          more_records_than_can_be_read_are_ambiguous, empty_values_match_nothing,
          a_record_joins_the_link_of_its_match, a_match_that_is_linked_here_already_is_refused,
          it_takes_the_place_of_a_record_that_is_gone, a_match_whose_link_was_ended_is_refused,
          our_external_id_comes_before_all_keys, a_copy_with_our_external_id_is_refused,
          an_open_create_here_may_be_this_record, only_claimed_keys_wait_for_a_create_elsewhere,
          records_of_a_file_match_alike, without_match_fields_the_id_of_the_file_counts)
