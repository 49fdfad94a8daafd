#include <config.h>

#include <inttypes.h>
#include <string.h>

#include "fixture.h"

/*
 * Deletes that are written, and writes of which something comes later. The link is of hubspot:101,
 * app:c-9 and erp:7, and hubspot:101 was deleted.
 */
#define WRITE_DELETE(target, id)                                                                   \
    "{\"target\":\"" target                                                                        \
    "\",\"account\":\"main\",\"action\":\"delete\",\"target_record_id\":\"" id                     \
    "\",\"set\":{},\"before\":{\"phone\":\"1\"}}"
#define GONE                                                                                       \
    "\"ends\":[{\"system\":\"hubspot\",\"account\":\"62515\",\"record_id\":\"101\",\"state\":"     \
    "\"deleted\"}],\"rules\":{},\"disposition\":\"deleted\",\"link_ended\":\"deleted at hubspot\""

#define DISPOSITION(seq)                                                                           \
    sql_text(&f, "SELECT coalesce(disposition, 'pending') FROM sync_inbox WHERE seq = %d",         \
             (int)(seq))
#define TOMBSTONE(id)                                                                              \
    sql_int(&f, "SELECT deleted_at IS NOT NULL FROM sync_metadata WHERE record_id = '" id "'")
#define ENDED() sql_text(&f, "SELECT ended_why FROM sync_links WHERE ended_at IS NOT NULL")
#define REMEMBERED()                                                                               \
    sql_int(&f, "SELECT ended_why IS NOT NULL AND ended_at IS NULL FROM sync_links")

struct deleting {
    int64_t link;
    struct store_emission e;
    struct outcome o;
};

static struct deleting
decide_delete(struct fixture *f, const char *writes, const struct store_commit *extra)
{
    struct deleting d = {.link = make_pair(f, "101", "c-9")};

    hold(f, "p1");
    hold(f, "w1");
    sql(f, "INSERT INTO sync_metadata SELECT resource_type, '7', 'erp', account, link_id,"
           " sync_source, sync_actor, correlation_id, synced_at, field_hash, fields, diverged,"
           " version, 'tag', map_hash, deleted_at FROM sync_metadata WHERE record_id = 'c-9'");
    admit(f, "hubspot", "101", "deleted", NULL);
    d.e = emit_one(f, "p1");
    d.o = decide_members(
        f, "hubspot", "101", d.e.seq, "p1", d.e.fence,
        arena_printf(f->a, "\"link\":%" PRId64 ",\"generation\":1," GONE ",\"writes\":[%s]", d.link,
                     writes),
        extra);
    return d;
}

/* Decided and sent. */
static struct deleting
send_deletes(struct fixture *f, const char *writes)
{
    struct deleting d = decide_delete(f, writes, NULL);

    ck_assert_msg(d.o.rc == STORE_COMMITTED, "%d %s", d.o.rc, f->err.text);
    for (size_t i = 0; i < d.o.n; i++)
        ck_assert_int_eq(store_sent(f->s, &d.o.intents[i].token, 1, "w1", f->now, &f->err), 0);
    f->now += 1000;
    return d;
}

static const char *
settle(struct fixture *f, const struct store_intent *n, enum settle_kind kind, int64_t not_before)
{
    const struct store_settlement x = {.token = n->token,
                                       .owner = "w1",
                                       .kind = kind,
                                       .http_status = 503,
                                       .code = "http",
                                       .text = "it says so",
                                       .not_before = not_before};
    const char *how;

    ck_assert_msg(store_settle(f->s, &x, f->now, &how, &f->err) == 1, "%s", f->err.text);
    return how;
}

START_TEST(delete_is_written_as_an_intent_without_fields)
{
    struct fixture f;
    struct deleting d;

    fixture_open(&f);
    d = send_deletes(&f, WRITE_DELETE("app", "c-9"));
    ck_assert_int_eq(d.o.n, 1);
    ck_assert_str_eq(d.o.intents[0].action, "delete");
    ck_assert_str_eq(d.o.intents[0].record_id, "c-9");
    ck_assert_int_eq(d.o.intents[0].fields->n, 0);
    ck_assert_str_eq(sql_text(&f, "SELECT action || fields || before FROM sync_intents"),
                     "delete{}{\"phone\":\"1\"}");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 0);
    ck_assert_int_eq(TOMBSTONE("101"), 1);
    ck_assert_int_eq(TOMBSTONE("c-9"), 0);
    ck_assert_ptr_null(ENDED());
    ck_assert_int_eq(REMEMBERED(), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(link_ends_with_the_last_of_its_deletes)
{
    struct fixture f;
    struct deleting d;
    struct store_count *list;

    fixture_open(&f);
    d = send_deletes(&f, WRITE_DELETE("app", "c-9") "," WRITE_DELETE("erp", "7"));
    sql(&f, "INSERT INTO sync_owed VALUES (1, 'city', 'app', 'erp', '1', 'x', 'x', NULL)");
    ck_assert_ptr_null(settle(&f, &d.o.intents[0], SETTLE_DONE, 0));
    ck_assert_int_eq(TOMBSTONE("c-9"), 1);
    ck_assert_str_eq(sql_text(&f, "SELECT fields FROM sync_metadata WHERE record_id = 'c-9'"),
                     "{\"phone\":\"1\"}");
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_owed"), 0);
    ck_assert_ptr_null(ENDED());
    ck_assert_str_eq(settle(&f, &d.o.intents[1], SETTLE_DONE, 0), "deleted");
    ck_assert_str_eq(ENDED(), "deleted at hubspot");
    ck_assert_str_eq(DISPOSITION(d.e.seq), "deleted");
    ck_assert_int_eq(TOMBSTONE("7"), 1);
    ck_assert_ptr_null(sql_text(&f, "SELECT etag FROM sync_metadata WHERE record_id = '7'"));
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_history WHERE rule = 'delete' AND"
                                 " outcome = 'done'"),
                     2);
    ck_assert_int_eq(store_write_counts(f.s, f.a, 0, &list, &f.err), 2);
    ck_assert_str_eq(list[0].name, "app delete");
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(delete_not_applied_is_decided_anew_when_it_is_time)
{
    struct fixture f;
    struct deleting d;
    struct store_emission *rows;

    fixture_open(&f);
    d = send_deletes(&f, WRITE_DELETE("app", "c-9") "," WRITE_DELETE("erp", "7"));
    ck_assert_ptr_null(settle(&f, &d.o.intents[0], SETTLE_RETRY, f.now + 9000));
    ck_assert_ptr_null(settle(&f, &d.o.intents[1], SETTLE_DONE, 0));
    ck_assert_str_eq(DISPOSITION(d.e.seq), "pending");
    ck_assert_ptr_null(ENDED());
    ck_assert_int_eq(REMEMBERED(), 0);
    ck_assert_int_eq(TOMBSTONE("7"), 1);
    /* as before the event: a delete that is known already would be no news */
    ck_assert_int_eq(TOMBSTONE("101"), 0);
    f.now += 8999;
    ck_assert_int_eq(emit(&f, "p1", &rows), 0);
    f.now++;
    ck_assert_int_eq(emit_one(&f, "p1").seq, d.e.seq);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(lost_or_unsent_delete_opens_its_event_again)
{
    struct fixture f;
    struct deleting d;

    for (int i = 0; i < 2; i++) {
        fixture_open(&f);
        if (i == 0) {
            d = send_deletes(&f, WRITE_DELETE("app", "c-9"));
            ck_assert_ptr_null(settle(&f, &d.o.intents[0], SETTLE_LOST, 0));
            ck_assert_str_eq(sql_text(&f, "SELECT state FROM sync_intents"), "lost");
        } else {
            d = decide_delete(&f, WRITE_DELETE("app", "c-9"), NULL);
            ck_assert_int_eq(store_unsent(f.s, d.o.intents[0].token, "w1", f.now, &f.err), 1);
        }
        ck_assert_ptr_null(ENDED());
        ck_assert_int_eq(REMEMBERED(), 0);
        ck_assert_int_eq(TOMBSTONE("101"), 0);
        ck_assert_int_eq(emit_one(&f, "p1").seq, d.e.seq);
        check_balance(&f);
        fixture_close(&f);
    }
}
END_TEST

START_TEST(refused_delete_is_a_reject_and_the_link_goes_on)
{
    struct fixture f;
    struct deleting d;

    fixture_open(&f);
    d = send_deletes(&f, WRITE_DELETE("app", "c-9") "," WRITE_DELETE("erp", "7"));
    ck_assert_ptr_null(settle(&f, &d.o.intents[0], SETTLE_REFUSED, 0));
    ck_assert_str_eq(settle(&f, &d.o.intents[1], SETTLE_DONE, 0), "rejected");
    ck_assert_str_eq(sql_text(&f, "SELECT code || target FROM sync_rejects"), "httpapp");
    ck_assert_ptr_null(ENDED());
    ck_assert_int_eq(REMEMBERED(), 0);
    ck_assert_int_eq(TOMBSTONE("101"), 1);
    ck_assert_int_eq(TOMBSTONE("c-9"), 0);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(next_decision_forgets_how_the_link_was_to_end)
{
    struct fixture f;
    struct deleting d;
    struct store_emission e;
    struct outcome o;

    fixture_open(&f);
    d = send_deletes(&f, WRITE_DELETE("app", "c-9"));
    sql(&f, "UPDATE sync_intents SET state = 'failed'"); /* whoever did it */
    sql(&f, "UPDATE sync_inbox SET disposition = 'ignored' WHERE disposition IS NULL");
    admit(&f, "app", "c-9", "edit", NULL);
    e = emit_one(&f, "p1");
    o = decide_members(&f, "app", "c-9", e.seq, "p1", e.fence,
                       phone_to_app(&f, d.link, 2, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_int_eq(REMEMBERED(), 0);
    ck_assert_int_eq(store_sent(f.s, &o.intents[0].token, 1, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(done(&f, &o.intents[0], NULL, NULL, NULL), 1);
    ck_assert_ptr_null(ENDED());
    fixture_close(&f);
}
END_TEST

START_TEST(delete_is_never_withheld)
{
    const char *names[] = {"erp"};
    struct store_commit c = {.withheld = names, .n_withheld = 1, .withheld_until = T0 + 5000};
    struct fixture f;
    struct deleting d;

    fixture_open(&f);
    d = decide_delete(&f, WRITE_DELETE("app", "c-9") "," WRITE_DELETE("erp", "7"), &c);
    ck_assert_int_eq(d.o.rc, STORE_MOVED);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_intents"), 0);
    ck_assert_int_eq(TOMBSTONE("101"), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(rolled_back_answer_leaves_the_link_as_it_was)
{
    const struct store_settlement x = {.owner = "w1", .kind = SETTLE_DONE, .http_status = 204};
    struct store_settlement y = x;
    struct fixture f;
    struct deleting d;

    fixture_open(&f);
    d = send_deletes(&f, WRITE_DELETE("app", "c-9"));
    y.token = d.o.intents[0].token;
    ck_assert_int_eq(store_begin(f.s, false, &f.err), 0);
    ck_assert_int_eq(store_settle(f.s, &y, f.now, NULL, &f.err), 1);
    store_abort(f.s);
    ck_assert_ptr_null(ENDED());
    ck_assert_int_eq(REMEMBERED(), 1);
    ck_assert_int_eq(TOMBSTONE("c-9"), 0);
    ck_assert_str_eq(sql_text(&f, "SELECT state FROM sync_intents"), "sent");
    ck_assert_int_eq(store_settle(f.s, &y, f.now, NULL, &f.err), 1);
    ck_assert_str_eq(ENDED(), "deleted at hubspot");
    fixture_close(&f);
}
END_TEST

/* ---- Later ---- */

#define LATER_WRITE(set)                                                                           \
    "\"ends\":[],\"rules\":{\"company\":{\"rule\":\"changed-same\",\"owed\":[\"app\"]}},"          \
    "\"writes\":[{\"target\":\"app\",\"account\":\"main\",\"action\":\"update\","                  \
    "\"target_record_id\":\"c-9\",\"set\":" set ",\"later\":{\"company\":\"55\"},\"sources\":"     \
    "{\"company\":\"hubspot\"}}]"

static struct outcome
write_later(struct fixture *f, int generation, const char *rest)
{
    struct store_emission e;

    admit(f, "hubspot", "101", arena_printf(f->a, "e%d", generation), NULL);
    e = emit_one(f, "p1");
    return decide_members(f, "hubspot", "101", e.seq, "p1", e.fence,
                          arena_printf(f->a, "\"link\":1,\"generation\":%d,%s", generation, rest),
                          NULL);
}

START_TEST(field_without_a_word_is_owed_for_a_minute)
{
    struct fixture f;
    struct outcome o;

    fixture_open(&f);
    make_pair(&f, "101", "c-9");
    o = write_later(&f, 1, LATER_WRITE("{}"));
    ck_assert_msg(o.rc == STORE_COMMITTED, "%s", f.err.text);
    ck_assert_int_eq(o.n, 0);
    ck_assert_str_eq(o.disposition, "owed");
    ck_assert_str_eq(sql_text(&f, "SELECT field || target || source || value FROM sync_owed"),
                     "companyapphubspot\"55\"");
    ck_assert_str_eq(sql_text(&f, "SELECT outcome FROM sync_history WHERE field = 'company'"),
                     "owed");
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 59999, &f.err), 0);
    ck_assert_int_eq(store_nominate_owed(f.s, f.now + 60000, &f.err), 1);
    check_balance(&f);
    fixture_close(&f);
}
END_TEST

START_TEST(rest_of_the_write_goes_out_at_once)
{
    struct fixture f;
    struct outcome o;
    const char *how;

    fixture_open(&f);
    hold(&f, "w1");
    make_pair(&f, "101", "c-9");
    o = write_later(&f, 1, LATER_WRITE("{\"phone\":\"2\"}"));
    ck_assert_int_eq(o.n, 1);
    ck_assert_int_eq(o.intents[0].fields->n, 1);
    ck_assert_int_eq(store_sent(f.s, &o.intents[0].token, 1, "w1", f.now, &f.err), 0);
    ck_assert_int_eq(done(&f, &o.intents[0], NULL, NULL, &how), 1);
    ck_assert_str_eq(how, "owed");
    ck_assert_str_eq(sql_text(&f, "SELECT group_concat(field) FROM sync_owed"), "company");
    fixture_close(&f);
}
END_TEST

/* ---- What systems stored otherwise ---- */

static void
settle_odd(struct fixture *f, int generation, const char *odd)
{
    struct store_settlement x = {.owner = "w1", .kind = SETTLE_DONE, .http_status = 200};
    struct outcome o = write_later(
        f, generation,
        arena_printf(f->a,
                     "\"ends\":[],\"rules\":{},\"writes\":[{\"target\":\"app\",\"account\":"
                     "\"main\",\"action\":"
                     "\"update\",\"target_record_id\":\"c-9\",\"set\":{\"phone\":\"%d\"}}]",
                     generation));

    ck_assert_int_eq(o.n, 1);
    ck_assert_int_eq(store_sent(f->s, &o.intents[0].token, 1, "w1", f->now, &f->err), 0);
    x.token = o.intents[0].token;
    x.odd = val_parse(f->a, odd, strlen(odd), NULL);
    ck_assert_int_eq(store_settle(f->s, &x, f->now, NULL, &f->err), 1);
}

START_TEST(odd_pairs_are_counted_and_few_of_a_field_are_kept)
{
    struct fixture f;
    int g = 1;

    fixture_open(&f);
    hold(&f, "w1");
    make_pair(&f, "101", "c-9");
    for (; g <= 22; g++)
        settle_odd(&f, g,
                   arena_printf(f.a, "{\"phone\":{\"sent\":\"%d\",\"stored\":\"+%d\"}}", g, g));
    f.now += 1000;
    settle_odd(&f, g++,
               "{\"phone\":{\"sent\":\"3\",\"stored\":\"+3\"},\"city\":{\"sent\":\" a\","
               "\"stored\":null},\"bad\":{\"sent\":1},\"worse\":7}");
    settle_odd(&f, g, arena_printf(f.a, "{\"note\":{\"sent\":\"%05000d\",\"stored\":\"\"}}", 0));
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_oddities WHERE field = 'phone'"), 20);
    ck_assert_int_eq(sql_int(&f, "SELECT count(*) FROM sync_oddities"), 21);
    ck_assert_str_eq(sql_text(&f, "SELECT resource_type || system || n || (first_at < last_at) FROM"
                                  " sync_oddities WHERE sent = '\"3\"'"),
                     "crm/contactsapp21");
    ck_assert_str_eq(sql_text(&f, "SELECT sent || stored || n FROM sync_oddities WHERE field ="
                                  " 'city'"),
                     "\" a\"null1");
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/delete", delete_is_written_as_an_intent_without_fields,
          link_ends_with_the_last_of_its_deletes,
          delete_not_applied_is_decided_anew_when_it_is_time,
          lost_or_unsent_delete_opens_its_event_again,
          refused_delete_is_a_reject_and_the_link_goes_on,
          next_decision_forgets_how_the_link_was_to_end, delete_is_never_withheld,
          rolled_back_answer_leaves_the_link_as_it_was, field_without_a_word_is_owed_for_a_minute,
          rest_of_the_write_goes_out_at_once, odd_pairs_are_counted_and_few_of_a_field_are_kept)
