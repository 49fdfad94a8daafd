#include <config.h>

#include "push/loss.h"

#include "../unit.h"

enum { HOUR = 60 * 60000 };

static const char b[] = "b", c[] = "c";

START_TEST(losses_count_by_link_and_target)
{
    struct losses l = {0};

    ck_assert_int_eq(loss_count(&l, 1, b, 0), 1);
    ck_assert_int_eq(loss_count(&l, 1, b, 10), 2);
    ck_assert_int_eq(loss_count(&l, 1, c, 20), 1);
    ck_assert_int_eq(loss_count(&l, 2, b, 30), 1);
    ck_assert_int_eq(loss_count(&l, 1, b, 40), 3);
    losses_release(&l);
}
END_TEST

START_TEST(what_is_stored_starts_anew)
{
    struct losses l = {0};

    loss_forget(&l, 1, b);
    loss_count(&l, 1, b, 0);
    loss_count(&l, 2, b, 0);
    loss_count(&l, 2, b, 0);
    loss_forget(&l, 1, b);
    ck_assert_int_eq(loss_count(&l, 1, b, 0), 1);
    ck_assert_int_eq(loss_count(&l, 2, b, 0), 3);
    losses_release(&l);
}
END_TEST

START_TEST(an_hour_without_a_loss_starts_anew)
{
    struct losses l = {0};

    loss_count(&l, 1, b, 0);
    ck_assert_int_eq(loss_count(&l, 1, b, HOUR), 2);
    ck_assert_int_eq(loss_count(&l, 1, b, 2 * HOUR + 1), 1);
    losses_release(&l);
}
END_TEST

START_TEST(waits_double_up_to_a_quarter_of_an_hour)
{
    ck_assert_int_eq(loss_wait(1), 30000);
    ck_assert_int_eq(loss_wait(2), 30000);
    ck_assert_int_eq(loss_wait(3), 60000);
    ck_assert_int_eq(loss_wait(4), 120000);
    ck_assert_int_eq(loss_wait(6), 480000);
    ck_assert_int_eq(loss_wait(7), 900000);
    ck_assert_int_eq(loss_wait(2000000000), 900000);
}
END_TEST

START_TEST(ends_that_lose_for_ever_do_not_grow_for_ever)
{
    struct losses l = {0};

    for (int64_t link = 0; link < 100000; link++)
        loss_count(&l, link, b, link);
    ck_assert_uint_le(l.n, 4096);
    losses_release(&l);
}
END_TEST

UNIT_MAIN("push/loss", losses_count_by_link_and_target, what_is_stored_starts_anew,
          an_hour_without_a_loss_starts_anew, waits_double_up_to_a_quarter_of_an_hour,
          ends_that_lose_for_ever_do_not_grow_for_ever)
