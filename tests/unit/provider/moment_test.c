#include <config.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/zone.h"
#include "provider/internal.h"

#include <string.h>

static const char *
said(struct arena *a, struct listing l, const char *moment)
{
    int64_t ms;

    ck_assert_int_eq(clock_parse(moment, &ms, NULL), 0);
    if (l.zone == NULL)
        l.zone = (char *)"UTC";
    return moment_text(a, &l, ms);
}

static const char *
heard(struct arena *a, struct listing l, const char *json)
{
    char text[CLOCK_TEXT];
    int64_t ms;

    if (l.zone == NULL)
        l.zone = (char *)"UTC";
    ms = moment_read(&l, val_parse(a, json, strlen(json), NULL));
    return ms == 0 ? "none" : arena_text(a, clock_format(ms, text));
}

#define SOQL                                                                                       \
    (struct listing)                                                                               \
    {                                                                                              \
        .watermark = WATERMARK_FORMAT, .format = (char *)"%Y-%m-%dT%H:%M:%SZ"                      \
    }
#define BERLIN                                                                                     \
    (struct listing)                                                                               \
    {                                                                                              \
        .watermark = WATERMARK_FORMAT, .format = (char *)"%Y/%m/%d %H:%M",                         \
        .zone = (char *)"Europe/Berlin"                                                            \
    }

START_TEST(each_kind_has_its_words)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    static const char moment[] = "2026-01-02T02:04:05.678Z";

    ck_assert_str_eq(said(a, (struct listing){.watermark = WATERMARK_ISO8601}, moment), moment);
    ck_assert_str_eq(said(a, (struct listing){.watermark = WATERMARK_UNIX_S}, moment),
                     "1767319445");
    ck_assert_str_eq(said(a, (struct listing){.watermark = WATERMARK_UNIX_MS}, moment),
                     "1767319445678");
    ck_assert_str_eq(said(a, (struct listing){.watermark = WATERMARK_HTTP_DATE}, moment),
                     "Fri, 02 Jan 2026 02:04:05 GMT");
    ck_assert_str_eq(said(a, SOQL, moment), "2026-01-02T02:04:05Z");
}
END_TEST

START_TEST(each_kind_is_read_again)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_str_eq(heard(a, (struct listing){.watermark = WATERMARK_HTTP_DATE},
                           "\"Fri, 02 Jan 2026 02:04:05 GMT\""),
                     "2026-01-02T02:04:05.000Z");
    ck_assert_str_eq(heard(a, SOQL, "\"2026-01-02T02:04:05Z\""), "2026-01-02T02:04:05.000Z");
    ck_assert_str_eq(heard(a, SOQL, "\"2026-01-02T02:04:05.678+0000\""),
                     "2026-01-02T02:04:05.678Z"); /* as the same API writes it in its rows */
    ck_assert_str_eq(heard(a, (struct listing){.watermark = WATERMARK_UNIX_S}, "1767319445"),
                     "2026-01-02T02:04:05.000Z");
    ck_assert_str_eq(heard(a, SOQL, "\"yesterday\""), "none");
    ck_assert_str_eq(heard(a, SOQL, "null"), "none");
}
END_TEST

START_TEST(a_zone_moves_the_clock)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_msg(zone_exists("Europe/Berlin"), "no tables here: install tzdata");
    ck_assert_str_eq(said(a, BERLIN, "2026-07-01T10:00:59Z"), "2026/07/01 12:00");
    ck_assert_str_eq(heard(a, BERLIN, "\"2026/07/01 12:00\""), "2026-07-01T10:00:00.000Z");
    ck_assert_str_eq(heard(a, BERLIN, "\"2026/10/25 02:30\""), "2026-10-25T00:30:00.000Z");
}
END_TEST

/* Whichever of the two half past two the system takes it for: nothing from 00:30Z on is left out.
 */
START_TEST(an_hour_that_comes_twice_is_asked_for_from_before_it)
{
    CLEANUP_ARENA struct arena *a = arena_new();

    ck_assert_msg(zone_exists("Europe/Berlin"), "no tables here: install tzdata");
    ck_assert_str_eq(said(a, BERLIN, "2026-10-25T00:30:00Z"), "2026/10/25 01:30");
    ck_assert_str_eq(said(a, BERLIN, "2026-10-25T01:30:00Z"), "2026/10/25 02:30");
    ck_assert_str_eq(said(a, BERLIN, "2026-10-25T03:30:00Z"), "2026/10/25 04:30");
}
END_TEST

UNIT_MAIN("provider/moment", each_kind_has_its_words, each_kind_is_read_again,
          a_zone_moves_the_clock, an_hour_that_comes_twice_is_asked_for_from_before_it)
