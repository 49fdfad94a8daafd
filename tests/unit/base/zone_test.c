#include <config.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/zone.h"

#include <stdlib.h>

static int64_t
at(const char *text)
{
    int64_t ms;

    ck_assert_int_eq(clock_parse(text, &ms, NULL), 0);
    return ms;
}

static struct tm
local(int mon, int mday, int hour, int min)
{
    return (struct tm){
        .tm_year = 126, .tm_mon = mon - 1, .tm_mday = mday, .tm_hour = hour, .tm_min = min};
}

START_TEST(knows_which_zones_there_are)
{
    ck_assert(zone_exists("UTC"));
    ck_assert(!zone_exists("Europe/Nowhere"));
    ck_assert(!zone_exists("Europe"));
    ck_assert(!zone_exists("Europe/../UTC"));
    ck_assert(!zone_exists("../../etc/passwd"));
    ck_assert(!zone_exists("tzdata.zi"));
    ck_assert(!zone_exists(""));
}
END_TEST

START_TEST(local_times_go_there_and_back)
{
    static const char *const moments[] = {"2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z",
                                          "2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z",
                                          "2040-07-15T12:00:00Z", "1985-07-15T12:00:00Z"};
    struct tm tm;

    ck_assert_msg(zone_exists("Europe/Berlin"), "no tables here: install tzdata");
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        zone_local("Europe/Berlin", at(moments[i]), &tm);
        ck_assert_int_eq(zone_moment("Europe/Berlin", &tm, false), at(moments[i]));
    }
    zone_local("Europe/Berlin", at("2026-07-15T12:00:00Z"), &tm);
    ck_assert_int_eq(tm.tm_hour, 14);
    zone_local("UTC", at("2026-07-15T12:00:00Z"), &tm);
    ck_assert_int_eq(tm.tm_hour, 12);
}
END_TEST

START_TEST(an_hour_that_comes_twice_is_either)
{
    struct tm twice = local(10, 25, 2, 30), once = local(10, 25, 4, 0);

    ck_assert_int_eq(zone_moment("Europe/Berlin", &twice, false), at("2026-10-25T00:30:00Z"));
    ck_assert_int_eq(zone_moment("Europe/Berlin", &twice, true), at("2026-10-25T01:30:00Z"));
    ck_assert_int_eq(zone_moment("Europe/Berlin", &once, true), at("2026-10-25T03:00:00Z"));
    ck_assert_int_eq(zone_moment("Europe/Berlin", &once, false), at("2026-10-25T03:00:00Z"));
}
END_TEST

START_TEST(the_programs_own_zone_stays)
{
    struct tm tm;

    setenv("TZ", "America/New_York", 1);
    zone_local("UTC", 0, &tm);
    ck_assert_str_eq(getenv("TZ"), "America/New_York");
    unsetenv("TZ");
    zone_local("UTC", 0, &tm);
    ck_assert_ptr_null(getenv("TZ"));
}
END_TEST

UNIT_MAIN("base/zone", knows_which_zones_there_are, local_times_go_there_and_back,
          an_hour_that_comes_twice_is_either, the_programs_own_zone_stays)
