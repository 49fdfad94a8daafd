#include <config.h>

#include <string.h>

#include "fixture.h"
#include "store/operate.h"

START_TEST(event_is_told_as_it_came_and_ended)
{
    struct fixture f;
    struct store_event e;
    struct store_emission row;
    int64_t seq;

    fixture_open(&f);
    seq = admit(&f, "hubspot", "101", "e1", "{\"phone\":\"2\"}");
    ck_assert_int_eq(store_event(f.s, f.a, seq, &e, &f.err), 1);
    ck_assert_int_eq(e.seq, seq);
    ck_assert_str_eq(e.system, "hubspot");
    ck_assert_str_eq(e.record_id, "101");
    ck_assert_str_eq(e.event_type, "updated");
    ck_assert_str_eq(e.event_id, "e1");
    ck_assert_str_eq(e.path, "webhook");
    ck_assert_ptr_nonnull(strstr(e.payload, "\"phone\":\"2\""));
    ck_assert_ptr_null(e.disposition);
    ck_assert_ptr_null(e.run_id);
    ck_assert_int_eq(e.request_id, 0);
    ck_assert_int_eq(e.received_at, T0);
    ck_assert_int_eq(e.not_before, T0);
    ck_assert_int_eq(e.disposed_at, 0);
    row = emit_one(&f, "p1");
    f.now += 5;
    ck_assert_int_eq(store_dispose(f.s, seq, "p1", row.fence, "ignored", "no end", f.now, &f.err),
                     1);
    ck_assert_int_eq(store_event(f.s, f.a, seq, &e, &f.err), 1);
    ck_assert_str_eq(e.disposition, "ignored");
    ck_assert_str_eq(e.reason, "no end");
    ck_assert_int_eq(e.disposed_at, T0 + 5);
    ck_assert_int_eq(store_event(f.s, f.a, seq + 1, &e, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(events_of_one_record_newest_first)
{
    struct fixture f;
    struct store_event *list;
    const struct store_record hub = {"hubspot", "62515", "101"};
    const struct store_record other = {"hubspot", "1", "101"};

    fixture_open(&f);
    admit(&f, "hubspot", "101", "e1", NULL);
    admit(&f, "hubspot", "102", "e2", NULL);
    admit(&f, "app", "101", "e3", NULL);
    admit(&f, "hubspot", "101", "e4", NULL);
    ck_assert_int_eq(store_events_of(f.s, f.a, "crm/contacts", &hub, 10, &list, &f.err), 2);
    ck_assert_str_eq(list[0].event_id, "e4");
    ck_assert_str_eq(list[1].event_id, "e1");
    ck_assert_int_eq(store_events_of(f.s, f.a, "crm/contacts", &hub, 1, &list, &f.err), 1);
    ck_assert_int_eq(store_events_of(f.s, f.a, "crm/deals", &hub, 10, &list, &f.err), 0);
    ck_assert_int_eq(store_events_of(f.s, f.a, "crm/contacts", &other, 10, &list, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(write_is_told_with_its_answer)
{
    struct fixture f;
    struct store_emission e;
    struct store_sent_intent n;
    struct outcome o;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "101", "c-9");
    admit(&f, "hubspot", "101", "edit", NULL);
    e = emit_one(&f, "p1");
    o = decide_members(&f, "hubspot", "101", e.seq, "p1", e.fence,
                       phone_to_app(&f, link, 1, "101", "c-9", "2"), NULL);
    ck_assert_int_eq(o.rc, STORE_COMMITTED);
    ck_assert_int_eq(store_intent(f.s, f.a, o.intents[0].token, &n, &f.err), 1);
    ck_assert_str_eq(n.intent.state, "prepared");
    ck_assert_str_eq(n.intent.target, "app");
    ck_assert_str_eq(val_get_text(n.intent.fields, "phone"), "2");
    ck_assert_str_eq(val_get_text(n.intent.before, "phone"), "1");
    ck_assert_int_eq(n.created_at, T0);
    ck_assert_int_eq(n.settled_at, 0);
    ck_assert_int_eq(n.http_status, 0);
    ck_assert_ptr_null(n.response);
    ck_assert_int_eq(store_sent(f.s, &o.intents[0].token, 1, "w1", f.now, &f.err), 0);
    f.now += 9;
    done(&f, &o.intents[0], NULL, NULL, NULL);
    ck_assert_int_eq(store_intent(f.s, f.a, o.intents[0].token, &n, &f.err), 1);
    ck_assert_str_eq(n.intent.state, "done");
    ck_assert_int_eq(n.intent.attempts, 1);
    ck_assert_int_eq(n.settled_at, T0 + 9);
    ck_assert_int_eq(n.http_status, 200);
    ck_assert_int_eq(store_intent(f.s, f.a, 99, &n, &f.err), 0);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/lineage", event_is_told_as_it_came_and_ended, events_of_one_record_newest_first,
          write_is_told_with_its_answer)
