#include <config.h>

#include "../unit.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TEXT parsed and written again; "-" if it is refused. */
static const char *
again(const char *text)
{
    static char out[CLOCK_TEXT];
    struct err err = ERR_INIT;
    int64_t ms;

    if (clock_parse(text, &ms, &err) < 0) {
        ck_assert_str_eq(err.code, "bad-time");
        return "-";
    }
    return clock_format(ms, out);
}

START_TEST(writes_three_decimals_and_z)
{
    char out[CLOCK_TEXT];

    ck_assert_str_eq(clock_format(0, out), "1970-01-01T00:00:00.000Z");
    ck_assert_str_eq(clock_format(-1, out), "1969-12-31T23:59:59.999Z");
    ck_assert_str_eq(clock_format(1767323045678, out), "2026-01-02T03:04:05.678Z");
}
END_TEST

START_TEST(knows_leap_days)
{
    ck_assert_str_eq(again("2024-02-29"), "2024-02-29T00:00:00.000Z");
    ck_assert_str_eq(again("2000-02-29"), "2000-02-29T00:00:00.000Z");
    ck_assert_str_eq(again("2023-02-29"), "-");
    ck_assert_str_eq(again("1900-02-29"), "-");
    ck_assert_str_eq(again("2024-04-31"), "-");
}
END_TEST

START_TEST(applies_offsets)
{
    ck_assert_str_eq(again("2024-03-01T00:30:00+01:00"), "2024-02-29T23:30:00.000Z");
    ck_assert_str_eq(again("2024-12-31 23:30:00-0530"), "2025-01-01T05:00:00.000Z");
    ck_assert_str_eq(again("2024-01-01t00:00:00z"), "2024-01-01T00:00:00.000Z");
    ck_assert_str_eq(again("2024-01-01T00:00:00"), "2024-01-01T00:00:00.000Z");
}
END_TEST

START_TEST(cuts_decimals_to_milliseconds)
{
    ck_assert_str_eq(again("2024-01-01T00:00:00.5Z"), "2024-01-01T00:00:00.500Z");
    ck_assert_str_eq(again("2024-01-01T00:00:00.123999999Z"), "2024-01-01T00:00:00.123Z");
    ck_assert_str_eq(again("2024-01-01T00:00:00.000000000000001Z"), "2024-01-01T00:00:00.000Z");
}
END_TEST

START_TEST(refuses_what_is_no_time)
{
    static const char *const bad[] = {"",
                                      "now",
                                      "2024",
                                      "2024-1-01",
                                      "2024-13-01",
                                      "2024-00-01",
                                      "2024-01-00",
                                      "2024-01-01T",
                                      "2024-01-01T24:00:00Z",
                                      "2024-01-01T00:60:00Z",
                                      "2024-01-01T00:00:61Z",
                                      "2024-01-01T00:00:00.Z",
                                      "2024-01-01T00:00:00Zx",
                                      "2024-01-01T00:00:00+1:00",
                                      "2024-01-01T00:00:00+24:00",
                                      "-001-01-01",
                                      "2024-01-01x",
                                      " 2024-01-01"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(strcmp(again(bad[i]), "-") == 0, "%s was taken", bad[i]);
}
END_TEST

START_TEST(refuses_what_four_digits_of_year_cannot_write)
{
    ck_assert_str_eq(again("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z");
    ck_assert_str_eq(again("9999-12-31T23:59:59-01:00"), "-");
    ck_assert_str_eq(again("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00.000Z");
    ck_assert_str_eq(again("0000-01-01T00:00:00+01:00"), "-");
}
END_TEST

START_TEST(text_sorts_as_time_does)
{
    char a[CLOCK_TEXT], b[CLOCK_TEXT];

    for (int64_t ms = -3000000000000; ms < 3000000000000; ms += 77777777777)
        ck_assert_int_lt(strcmp(clock_format(ms, a), clock_format(ms + 1, b)), 0);
}
END_TEST

START_TEST(reads_http_dates)
{
    struct err err = ERR_INIT;
    int64_t ms;

    ck_assert_int_eq(clock_parse_http("Sun, 06 Nov 1994 08:49:37 GMT", &ms, &err), 0);
    ck_assert_int_eq(ms, 784111777000);
    ck_assert_int_eq(clock_parse_http("Thu, 29 Feb 2024 00:00:00 GMT", &ms, &err), 0);
    ck_assert_int_eq(ms, 1709164800000);
}
END_TEST

START_TEST(refuses_other_http_dates)
{
    static const char *const bad[] = {"",
                                      "120",
                                      "Sunday, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov  6 08:49:37 1994",
                                      "Sun, 06 Nov 1994 08:49:37 CET",
                                      "Sun, 06 nov 1994 08:49:37 GMT",
                                      "Sun, 06 anF 1994 08:49:37 GMT",
                                      "Wed, 31 Feb 2024 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:49 GMT",
                                      "Sun, 06 Nov 1994 08:49:37.5 GMT",
                                      "Sun, 6 Nov 1994 08:49:37 GMT "};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms;

        ck_assert_msg(clock_parse_http(bad[i], &ms, NULL) == -1, "%s was taken", bad[i]);
    }
}
END_TEST

START_TEST(reads_spans)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"90", 90000},    {"500ms", 500},    {"30s", 30000}, {"5m", 300000},
                {"4h", 14400000}, {"2d", 172800000}, {"0", 0}};
    static const char *const bad[] = {"",   "s",   "-1s", "+1",         "1.5h",
                                      "1w", "5 m", " 5",  "1000000000d"};
    int64_t ms;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_int_eq(clock_parse_span(good[i].text, &ms, NULL), 0);
        ck_assert_int_eq(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(clock_parse_span(bad[i], &ms, NULL) == -1, "%s was taken", bad[i]);
}
END_TEST

START_TEST(now_can_be_fixed)
{
    setenv("LOOPLESS_NOW", "2026-01-02T03:04:05.678Z", 1);
    ck_assert_int_eq(clock_now(), 1767323045678);
    ck_assert_int_lt(clock_boot(), 1767323045678);
    setenv("LOOPLESS_NOW", "nonsense", 1);
    ck_assert_int_gt(clock_now(), 1767323045678);
}
END_TEST

START_TEST(now_can_run_fast)
{
    char text[80];
    int64_t boot = clock_boot();

    snprintf(text, sizeof text, "2026-01-02T03:04:05.678Z@%lld*1000", (long long)boot - 60);
    setenv("LOOPLESS_NOW", text, 1);
    ck_assert_int_ge(clock_now(), 1767323045678 + 60000);
    ck_assert_int_le(clock_now(), 1767323045678 + 60000 + 20000000);
    ck_assert_int_ge(clock_boot(), 1767323045678 + 60000);
    ck_assert_int_le(clock_boot(), clock_now());
    ck_assert_int_eq(clock_sleep(2001), 3);
    setenv("LOOPLESS_NOW", "2026-01-02T03:04:05.678Z@1", 1);
    ck_assert_int_gt(clock_now(), 1767323045678 + 20000000);
    ck_assert_int_lt(clock_boot(), 1767323045678);
    ck_assert_int_eq(clock_sleep(2001), 2001);
}
END_TEST

UNIT_MAIN("base/clock", writes_three_decimals_and_z, knows_leap_days, applies_offsets,
          cuts_decimals_to_milliseconds, refuses_what_is_no_time,
          refuses_what_four_digits_of_year_cannot_write, text_sorts_as_time_does, reads_http_dates,
          refuses_other_http_dates, reads_spans, now_can_be_fixed, now_can_run_fast)
