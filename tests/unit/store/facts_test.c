#include <config.h>

#include <stdio.h>
#include <string.h>

#include "fixture.h"

enum { MANY = 40 };

static struct event
event_of(const char *system, const char *id)
{
    return (struct event){.resource = "crm/contacts",
                          .system = system,
                          .account = system[0] == 'a' ? "main" : "62515",
                          .record_id = id};
}

static void
check_same(const struct facts *x, const struct facts *y)
{
    ck_assert_int_eq(x->linked, y->linked);
    ck_assert_int_eq(x->link_id, y->link_id);
    ck_assert_int_eq(x->ended, y->ended);
    ck_assert_int_eq(x->deleted, y->deleted);
    ck_assert_uint_eq(x->shadow_len, y->shadow_len);
    ck_assert_pstr_eq(x->shadow, y->shadow);
    ck_assert_pstr_eq(x->version, y->version);
    ck_assert_pstr_eq(x->map_hash, y->map_hash);
}

/* Every other one is linked, one end is deleted, one link ended. */
START_TEST(many_are_looked_up_as_each_alone)
{
    struct event events[MANY];
    const struct event *each[MANY];
    struct facts all[MANY], one;
    struct fixture f;
    int linked = 0;

    fixture_open(&f);
    for (int i = 0; i < MANY; i++) {
        const char *id = arena_printf(f.a, "h-%d", i);

        if (i % 2 == 0)
            make_pair(&f, id, arena_printf(f.a, "c-%d", i));
        events[i] = event_of(i % 4 == 0 ? "hubspot" : "app",
                             i % 4 == 0 ? id : arena_printf(f.a, "c-%d", i));
        each[i] = &events[i];
    }
    sql(&f,
        "UPDATE sync_metadata SET deleted_at = '2026-01-01T00:00:00.000Z' WHERE record_id = 'h-4'");
    sql(&f, "UPDATE sync_links SET ended_at = '2026-01-01T00:00:00.000Z' WHERE link_id ="
            " (SELECT link_id FROM sync_metadata WHERE record_id = 'h-8')");
    each[7] = each[0]; /* the same record twice in one group */
    for (size_t n = 0; n <= MANY; n += n == 14 || n == 15 || n == 16 ? 1 : 2) {
        memset(all, 0x5a, sizeof all);
        ck_assert_int_eq(store_facts_all(f.s, f.a, each, n, all, &f.err), 0);
        for (size_t i = 0; i < n; i++) {
            ck_assert_int_eq(store_facts(f.s, f.a, each[i], &one, &f.err), 0);
            check_same(&all[i], &one);
            linked += one.linked;
        }
    }
    ck_assert_int_gt(linked, 100);
    ck_assert(all[4].deleted && all[8].ended && !all[1].linked);
    fixture_close(&f);
}
END_TEST

/* What store_facts_lane says of the app's end of a link, within a look or not. */
static struct facts
lane_of(struct fixture *f, const char *id, int64_t seq, bool look)
{
    struct event e = event_of("app", id);
    struct facts facts;

    if (look)
        ck_assert_int_eq(store_look(f->s, &f->err), 0);
    ck_assert_int_eq(store_facts(f->s, f->a, &e, &facts, &f->err), 0);
    ck_assert_int_eq(store_facts_lane(f->s, seq, &facts, &f->err), 0);
    if (look)
        store_look_end(f->s);
    return facts;
}

static void
owe(struct fixture *f, int64_t link)
{
    sql(f,
        "INSERT INTO sync_owed VALUES (%lld, 'phone', 'app', 'hubspot', '\"2\"',"
        " '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z', NULL)",
        (long long)link);
}

START_TEST(a_look_knows_what_is_owed_and_open)
{
    struct store_emission row;
    struct facts facts;
    struct fixture f;
    int64_t quiet, owed, open;

    fixture_open(&f);
    quiet = make_pair(&f, "1", "c-1");
    owed = make_pair(&f, "2", "c-2");
    open = make_pair(&f, "3", "c-3");
    ck_assert(quiet != owed);
    owe(&f, owed);
    admit(&f, "hubspot", "3", "edit", NULL);
    row = emit_one(&f, "p1");
    ck_assert_int_eq(decide_members(&f, "hubspot", "3", row.seq, "p1", row.fence,
                                    phone_to_app(&f, open, 1, "3", "c-3", "2"), NULL)
                         .rc,
                     STORE_COMMITTED);
    for (int look = 0; look < 2; look++) {
        facts = lane_of(&f, "c-1", 1000, look);
        ck_assert(facts.lane_idle && !facts.owed);
        facts = lane_of(&f, "c-2", 1000, look);
        ck_assert(facts.lane_idle && facts.owed);
        facts = lane_of(&f, "c-3", 1000, look);
        ck_assert(!facts.lane_idle);
    }
    fixture_close(&f);
}
END_TEST

START_TEST(each_look_asks_anew_what_is_owed)
{
    struct fixture f;
    int64_t link;

    fixture_open(&f);
    link = make_pair(&f, "1", "c-1");
    ck_assert(!lane_of(&f, "c-1", 1000, true).owed);
    owe(&f, link);
    ck_assert(lane_of(&f, "c-1", 1000, true).owed);
    sql(&f, "DELETE FROM sync_owed");
    ck_assert(!lane_of(&f, "c-1", 1000, true).owed);
    fixture_close(&f);
}
END_TEST

START_TEST(more_owed_than_is_remembered_is_found_all_the_same)
{
    struct fixture f;
    int64_t links[MANY];

    fixture_open(&f);
    for (int i = 0; i < MANY; i++)
        links[i] = make_pair(&f, arena_printf(f.a, "h-%d", i), arena_printf(f.a, "c-%d", i));
    for (int i = 0; i + 1 < MANY; i++)
        owe(&f, links[i]);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(lane_of(&f, arena_printf(f.a, "c-%d", i), 1000, true).owed, i + 1 < MANY);
    fixture_close(&f);
}
END_TEST

START_TEST(an_earlier_event_or_one_folded_in_keeps_the_lane_busy)
{
    struct fixture f;
    int64_t first, second;

    fixture_open(&f);
    make_pair(&f, "1", "c-1");
    first = admit(&f, "hubspot", "1", "one", NULL);
    second = admit(&f, "app", "c-1", "two", NULL);
    ck_assert(lane_of(&f, "c-1", first, true).lane_idle);
    ck_assert(!lane_of(&f, "c-1", second, true).lane_idle);
    sql(&f, "UPDATE sync_inbox SET folded_into = %lld WHERE seq = %lld", (long long)first,
        (long long)second);
    ck_assert(!lane_of(&f, "c-1", first, true).lane_idle);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/facts", many_are_looked_up_as_each_alone, a_look_knows_what_is_owed_and_open,
          each_look_asks_anew_what_is_owed, more_owed_than_is_remembered_is_found_all_the_same,
          an_earlier_event_or_one_folded_in_keeps_the_lane_busy)
