#include <config.h>

#include "stream/disposition.h"

#include "../unit.h"

START_TEST(the_worse_wins_whichever_comes_first)
{
    ck_assert_str_eq(disposition_worse("pushed", "conflict"), "conflict");
    ck_assert_str_eq(disposition_worse("conflict", "pushed"), "conflict");
    ck_assert_str_eq(disposition_worse("owed", "pushed"), "owed");
    ck_assert_str_eq(disposition_worse("rejected", "lost"), "lost");
}
END_TEST

START_TEST(nothing_is_best)
{
    ck_assert_str_eq(disposition_worse(NULL, "ignored"), "ignored");
    ck_assert_str_eq(disposition_worse("gone", NULL), "gone");
    ck_assert_ptr_null(disposition_worse(NULL, NULL));
}
END_TEST

START_TEST(a_known_word_comes_back_as_text_that_lasts)
{
    char passing[] = "owed";

    ck_assert_ptr_ne(disposition_worse(passing, NULL), passing);
    ck_assert_str_eq(disposition_worse(passing, NULL), "owed");
}
END_TEST

START_TEST(a_word_of_others_loses_against_ours)
{
    ck_assert_str_eq(disposition_worse("splendid", "ignored"), "ignored");
    ck_assert_str_eq(disposition_worse("splendid", NULL), "splendid");
    ck_assert_str_eq(disposition_worse(NULL, "splendid"), "splendid");
}
END_TEST

START_TEST(a_lost_write_is_no_end_of_an_event)
{
    ck_assert(disposition_is_known("rejected"));
    ck_assert(disposition_is_known("ignored"));
    ck_assert(!disposition_is_known("lost"));
    ck_assert(!disposition_is_known("nonsense"));
    ck_assert(!disposition_is_known(""));
}
END_TEST

UNIT_MAIN("stream/disposition", the_worse_wins_whichever_comes_first, nothing_is_best,
          a_known_word_comes_back_as_text_that_lasts, a_word_of_others_loses_against_ours,
          a_lost_write_is_no_end_of_an_event)
