#include <config.h>

#include "base/mem.h"
#include "sim/message.h"

#include "../unit.h"

static struct gather g;
static struct quirks q;

static void
start(const char *quirk, uint64_t seed)
{
    gather_release(&g);
    quirk_release(&q);
    gather_init(&g, seed);
    g.account = mem_text("\"a\"");
    if (quirk != NULL)
        ck_assert_int_eq(quirk_set_text(&q, quirk, NULL), 0);
}

static void
put(long long n, int64_t now)
{
    gather_add(&g, &q, (struct event){n, mem_printf("{\"n\":%lld}", n)}, now);
}

/* The ids of what comes out at NOW. */
static const char *
take(int64_t now, bool all)
{
    static struct buf out;
    struct message *m;
    int64_t due = INT64_MAX;

    buf_clear(&out);
    while ((m = gather_take(&g, now, all, &due)) != NULL) {
        buf_printf(&out, "%s%s ", m->lost ? "!" : "", m->id + 4);
        message_unref(m);
    }
    return buf_get(&out);
}

START_TEST(one_event_is_one_message)
{
    int64_t due = INT64_MAX;
    struct message *m;

    start(NULL, 1);
    put(7, 100);
    m = gather_take(&g, 100, false, &due);
    ck_assert_ptr_nonnull(m);
    ck_assert_str_eq(m->id, "msg-7");
    ck_assert_str_eq(m->body, "{\"account\":\"a\",\"events\":[{\"n\":7}]}");
    ck_assert_int_eq(m->due, 100);
    ck_assert_int_eq(m->copies, 1);
    message_unref(m);
    ck_assert_ptr_null(gather_take(&g, 100, false, &due));
    ck_assert_int_eq(due, INT64_MAX);
    start(NULL, 1);
}
END_TEST

START_TEST(a_batch_waits_until_it_is_full_or_due)
{
    int64_t due = INT64_MAX;

    start("webhook-batch=3:50ms", 1);
    put(1, 0);
    put(2, 10);
    ck_assert(gather_holds(&g, 2, 9));
    ck_assert(!gather_holds(&g, 3, 9));
    ck_assert_ptr_null(gather_take(&g, 49, false, &due));
    ck_assert_int_eq(due, 50);
    ck_assert_str_eq(take(50, false), "1 ");
    put(3, 50);
    put(4, 50);
    put(5, 50);
    ck_assert_str_eq(take(50, false), "3 ");
    put(6, 50);
    ck_assert_str_eq(take(50, true), "6 ");
    start(NULL, 1);
}
END_TEST

START_TEST(a_shuffle_waits_200_ms_at_most)
{
    start("webhook-reorder=9", 1);
    put(1, 0);
    ck_assert_str_eq(take(199, false), "");
    ck_assert_str_eq(take(200, false), "1 ");
    start(NULL, 1);
}
END_TEST

static const char *
shuffle(uint64_t seed)
{
    long long n;

    start("webhook-reorder=9", seed);
    for (n = 1; n <= 9; n++)
        put(n, 0);
    return take(0, false);
}

START_TEST(a_shuffle_is_that_of_its_seed)
{
    CLEANUP_FREE char *first = mem_text(shuffle(1));

    ck_assert_str_ne(first, "1 2 3 4 5 6 7 8 9 ");
    ck_assert_str_eq(first, shuffle(1));
    ck_assert_str_ne(first, shuffle(2));
    start(NULL, 1);
}
END_TEST

START_TEST(a_lost_event_is_no_part_of_a_batch)
{
    start("webhook-lose=every=2", 1);
    ck_assert_int_eq(quirk_set_text(&q, "webhook-batch=3", NULL), 0);
    put(1, 0);
    put(2, 0);
    put(3, 0);
    put(5, 0);
    ck_assert_str_eq(take(0, false), "!2 1 ");
    start(NULL, 1);
}
END_TEST

START_TEST(lose_loses_about_so_many)
{
    long long n;
    int lost = 0;
    const char *c;

    start("webhook-lose=30", 1);
    for (n = 1; n <= 1000; n++)
        put(n, 0);
    for (c = take(0, false); *c != '\0'; c++)
        lost += *c == '!';
    ck_assert_int_gt(lost, 250);
    ck_assert_int_lt(lost, 350);
    start("webhook-lose=100", 1);
    put(1, 0);
    ck_assert_str_eq(take(0, false), "!1 ");
    start(NULL, 1);
}
END_TEST

START_TEST(a_delay_has_its_jitter)
{
    int64_t due = INT64_MAX;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    struct message *m;
    long long n;

    start("webhook-delay=2s:100ms", 1);
    for (n = 1; n <= 200; n++)
        put(n, 0);
    while ((m = gather_take(&g, 0, false, &due)) != NULL) {
        least = m->due < least ? m->due : least;
        most = m->due > most ? m->due : most;
        message_unref(m);
    }
    ck_assert_int_ge(least, 2000);
    ck_assert_int_lt(least, 2010);
    ck_assert_int_gt(most, 2090);
    ck_assert_int_le(most, 2100);
    start(NULL, 1);
}
END_TEST

static void
done(void)
{
    gather_release(&g);
    quirk_release(&q);
}

START_TEST(what_is_dropped_is_gone)
{
    start("webhook-batch=3", 1);
    put(1, 0);
    ck_assert_uint_eq(gather_held(&g), 1);
    gather_drop(&g);
    ck_assert_uint_eq(gather_held(&g), 0);
    ck_assert_str_eq(take(1000, true), "");
    done();
}
END_TEST

UNIT_MAIN("sim/message", one_event_is_one_message, a_batch_waits_until_it_is_full_or_due,
          a_shuffle_waits_200_ms_at_most, a_shuffle_is_that_of_its_seed,
          a_lost_event_is_no_part_of_a_batch, lose_loses_about_so_many, a_delay_has_its_jitter,
          what_is_dropped_is_gone)
