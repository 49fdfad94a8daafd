#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

/* Sun, 06 Nov 1994 08:49:37 GMT */
static const int64_t now = 784111777000;

static bool
match(const struct definition *d, int status, const char *name, const char *value, int64_t *wait)
{
    struct http_header header = {name, value};
    struct http_answer a = {.outcome = HTTP_ANSWERED,
                            .status = status,
                            .headers = &header,
                            .n_headers = name != NULL ? 1 : 0};

    *wait = -2;
    return limit_match(d, &a, now, wait);
}

START_TEST(too_many_requests_is_a_limit_without_any_rule)
{
    struct definition d = {0};
    int64_t wait;

    ck_assert(match(&d, 429, NULL, NULL, &wait));
    ck_assert_int_eq(wait, -1);
    ck_assert(match(&d, 429, "retry-after", "7", &wait));
    ck_assert_int_eq(wait, 7000);
    ck_assert(match(&d, 503, "retry-after", "0", &wait));
    ck_assert_int_eq(wait, 0);
    ck_assert(!match(&d, 503, NULL, NULL, &wait));
    ck_assert(!match(&d, 403, "retry-after", "7", &wait));
    ck_assert(!match(&d, 200, "retry-after", "7", &wait));
}
END_TEST

START_TEST(retry_after_may_be_a_date)
{
    struct definition d = {0};
    int64_t wait;

    ck_assert(match(&d, 429, "retry-after", "Sun, 06 Nov 1994 08:50:00 GMT", &wait));
    ck_assert_int_eq(wait, 23000);
    ck_assert(match(&d, 429, "retry-after", "Sun, 06 Nov 1994 08:49:00 GMT", &wait));
    ck_assert_int_eq(wait, 0);
}
END_TEST

START_TEST(nonsense_is_no_time)
{
    static const char *const bad[] = {"", "soon", "-5", "1e999", "nan", "inf", "5x", "0x10z"};
    struct definition d = {0};
    int64_t wait;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert(match(&d, 429, "retry-after", bad[i], &wait));
        ck_assert_msg(wait == -1, "%s", bad[i]);
    }
}
END_TEST

START_TEST(a_wait_is_at_most_a_day)
{
    struct definition d = {0};
    int64_t wait;

    match(&d, 429, "retry-after", "999999999", &wait);
    ck_assert_int_eq(wait, LIMIT_MAX_WAIT_MS);
}
END_TEST

START_TEST(rules_name_status_header_and_unit)
{
    static const struct {
        enum wait_unit unit;
        const char *value;
        int64_t wait;
    } cases[] = {{WAIT_SECONDS, "1.5", 1500},
                 {WAIT_MS, "250", 250},
                 {WAIT_EPOCH_S, "784111787", 10000},
                 {WAIT_EPOCH_MS, "784111777010", 10},
                 {WAIT_HTTP, "Sun, 06 Nov 1994 08:49:38 GMT", 1000}};
    int64_t wait;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct limit_rule rule = {.status = {400, 403},
                                  .n_status = 2,
                                  .wait_header = (char *)"X-Reset",
                                  .unit = cases[i].unit};
        struct definition d = {.limits = &rule, .n_limits = 1};

        ck_assert(match(&d, 403, "x-reset", cases[i].value, &wait));
        ck_assert_int_eq(wait, cases[i].wait);
        ck_assert(!match(&d, 403, NULL, NULL, &wait));
        ck_assert(!match(&d, 404, "x-reset", cases[i].value, &wait));
    }
}
END_TEST

START_TEST(rules_without_a_header_back_off)
{
    struct limit_rule rule = {.status = {503}, .n_status = 1};
    struct definition d = {.limits = &rule, .n_limits = 1};
    int64_t wait;

    ck_assert(match(&d, 503, NULL, NULL, &wait));
    ck_assert_int_eq(wait, -1);
}
END_TEST

START_TEST(backoff_grows_to_two_seconds)
{
    int64_t most = 0;

    for (int i = 0; i < 200; i++) {
        ck_assert_int_le(limit_backoff_ms(0), 100);
        ck_assert_int_ge(limit_backoff_ms(0), 0);
        ck_assert_int_le(limit_backoff_ms(1000), 2000);
        if (limit_backoff_ms(4) > most)
            most = limit_backoff_ms(4);
    }
    ck_assert_int_gt(most, 100);
}
END_TEST

UNIT_MAIN("provider/limit", too_many_requests_is_a_limit_without_any_rule,
          retry_after_may_be_a_date, nonsense_is_no_time, a_wait_is_at_most_a_day,
          rules_name_status_header_and_unit, rules_without_a_header_back_off,
          backoff_grows_to_two_seconds)
