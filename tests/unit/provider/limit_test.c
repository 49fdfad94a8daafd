#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../config/scratch.h"

/* Sun, 06 Nov 1994 08:49:37 GMT */
static const int64_t now = 784111777000;

enum { MAX_HEADERS = 8 };

/* An answer: STATUS, "name: value" lines, body. */
struct said {
    struct http_header headers[MAX_HEADERS];
    struct http_answer answer;
    char text[1024];
};

static const struct http_answer *
say(struct said *s, int status, const char *headers, const char *body)
{
    size_t n = 0;

    snprintf(s->text, sizeof s->text, "%s", headers != NULL ? headers : "");
    for (char *line = strtok(s->text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *colon = strchr(line, ':');

        ck_assert(n < MAX_HEADERS && colon != NULL);
        *colon = '\0';
        s->headers[n++] = (struct http_header){line, colon + 2};
    }
    s->answer = (struct http_answer){.outcome = HTTP_ANSWERED,
                                     .status = status,
                                     .headers = s->headers,
                                     .n_headers = n,
                                     .body = body != NULL ? body : "",
                                     .len = body != NULL ? strlen(body) : 0};
    return &s->answer;
}

static bool
match_all(const struct definition *d, int status, const char *headers, const char *body,
          struct limit_found *f)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct limit_scene scene;
    struct said s;

    *f = (struct limit_found){-2, 0, 0};
    limit_begin(&scene, a, say(&s, status, headers, body), now);
    return limit_match(&scene, d, f);
}

static bool
match(const struct definition *d, int status, const char *headers, int64_t *wait)
{
    struct limit_found f;
    bool found = match_all(d, status, headers, NULL, &f);

    *wait = f.wait_ms;
    return found;
}

/* A definition with these `limits`. */
static struct definition *
definition(const char *limits)
{
    struct scratch s = scratch_new();
    struct faults *f = faults_new();
    char text[4096];
    struct definition *d;

    snprintf(text, sizeof text,
             "definition: 1\nname: mine\nbase_url: https://api.example\nauth: [none]\n"
             "limits:\n%s\nresources:\n  crm/contacts:\n    id: id\n    fields: {email: email}\n"
             "    get: {method: GET, path: \"/c/{id}\"}\n",
             limits);
    free(scratch_write(&s, "mine.yaml", text, -1));
    d = definition_load("./mine.yaml", s.dir, f);
    ck_assert_msg(d != NULL, "%s", faults_get(f, 0));
    faults_free(f);
    scratch_free(&s);
    return d;
}

START_TEST(too_many_requests_is_a_limit_without_any_rule)
{
    struct definition d = {0};
    int64_t wait;

    ck_assert(match(&d, 429, NULL, &wait));
    ck_assert_int_eq(wait, -1);
    ck_assert(match(&d, 429, "retry-after: 7", &wait));
    ck_assert_int_eq(wait, 7000);
    ck_assert(match(&d, 503, "retry-after: 0", &wait));
    ck_assert_int_eq(wait, 0);
    ck_assert(!match(&d, 503, NULL, &wait));
    ck_assert(!match(&d, 403, "retry-after: 7", &wait));
    ck_assert(!match(&d, 200, "retry-after: 7", &wait));
}
END_TEST

START_TEST(retry_after_may_be_a_date)
{
    struct definition d = {0};
    int64_t wait;

    ck_assert(match(&d, 429, "retry-after: Sun, 06 Nov 1994 08:50:00 GMT", &wait));
    ck_assert_int_eq(wait, 23000);
    ck_assert(match(&d, 429, "retry-after: Sun, 06 Nov 1994 08:49:00 GMT", &wait));
    ck_assert_int_eq(wait, 0);
}
END_TEST

START_TEST(nonsense_is_no_time)
{
    static const char *const bad[] = {"", "soon", "-5", "1e999", "nan", "inf", "5x", "0x10z"};
    struct definition d = {0};
    char header[64];
    int64_t wait;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(header, sizeof header, "retry-after: %s", bad[i]);
        ck_assert(match(&d, 429, header, &wait));
        ck_assert_msg(wait == -1, "%s", bad[i]);
    }
}
END_TEST

START_TEST(a_wait_is_at_most_a_day_or_max_wait)
{
    struct definition none = {0};
    struct definition *d = definition("  - {when: {status: [429]}, wait: {header: Retry-After}, "
                                      "max_wait: 1h}");
    int64_t wait;

    match(&none, 429, "retry-after: 999999999", &wait);
    ck_assert_int_eq(wait, LIMIT_MAX_WAIT_MS);
    match(d, 429, "retry-after: 999999999", &wait);
    ck_assert_int_eq(wait, 3600 * 1000);
    definition_free(d);
}
END_TEST

/* What the providers do (facts of their documentation), and what it must come to. */
#define RETRY_AFTER "  - {when: {status: [429]}, wait: {header: Retry-After, else: backoff}}"
#define GITHUB                                                                                     \
    "  - {when: {status: [403, 429], header: {retry-after: true}}, wait: {header: retry-after}}\n" \
    "  - {when: {status: [403, 429], header: {x-ratelimit-remaining: \"0\"}}, wait: {header: "     \
    "x-ratelimit-reset, unit: epoch_s}}\n"                                                         \
    "  - {when: {status: [403, 429], body: {message: \"*secondary rate limit*\"}}, wait: {min: "   \
    "60s}}"
#define SHOPIFY                                                                                    \
    "  - {when: {status: [200], body: {errors.*.extensions.code: THROTTLED}}, wait: {else: "       \
    "backoff}}"
#define LINEAR                                                                                     \
    "  - {when: {body: {errors.*.extensions.code: [RATELIMITED, ratelimited]}}, wait: {header: "   \
    "x-ratelimit-requests-reset, unit: epoch_ms}}"
#define SALESFORCE "  - {when: {status: [403], body: {\"*.errorCode\": REQUEST_LIMIT_EXCEEDED}}}"
#define DISCORD "  - {when: {status: [429]}, wait: {body: retry_after, unit: s}}"

static const struct provider_case {
    const char *who, *limits;
    int status;
    const char *headers, *body;
    bool limited;
    int64_t wait, min;
} cases[] = {
    {"salesforce", SALESFORCE, 403, NULL, "[{\"errorCode\":\"REQUEST_LIMIT_EXCEEDED\"}]", true, -1,
     0},
    {"salesforce, refused", SALESFORCE, 403, NULL, "[{\"errorCode\":\"INSUFFICIENT_ACCESS\"}]",
     false, 0, 0},
    {"hubspot, with a time", RETRY_AFTER, 429, "retry-after: 10", "{\"policyName\":\"DAILY\"}",
     true, 10000, 0},
    {"hubspot, without", RETRY_AFTER, 429, NULL, "{\"policyName\":\"SECONDLY\"}", true, -1, 0},
    {"zendesk", RETRY_AFTER, 429, "retry-after: 93", NULL, true, 93000, 0},
    {"slack", RETRY_AFTER, 429, "retry-after: 30", NULL, true, 30000, 0},
    {"graph, as a date", RETRY_AFTER, 429, "retry-after: Sun, 06 Nov 1994 08:50:37 GMT", NULL, true,
     60000, 0},
    {"graph, 503", "  - {when: {status: [429, 503]}, wait: {header: Retry-After}}", 503,
     "retry-after: 120", NULL, true, 120000, 0},
    {"stripe", "  - {when: {status: [429]}}", 429, "stripe-rate-limited-reason: global-rate", NULL,
     true, -1, 0},
    {"shopify rest", RETRY_AFTER, 429, "retry-after: 2.0", NULL, true, 2000, 0},
    {"shopify graphql", SHOPIFY, 200, NULL,
     "{\"errors\":[{\"message\":\"x\"},{\"extensions\":{\"code\":\"THROTTLED\"}}]}", true, -1, 0},
    {"shopify graphql, data", SHOPIFY, 200, NULL, "{\"data\":{\"name\":\"THROTTLED\"}}", false, 0,
     0},
    {"github, retry-after", GITHUB, 403, "retry-after: 60", "{\"message\":\"x\"}", true, 60000, 0},
    {"github, primary", GITHUB, 403, "x-ratelimit-remaining: 0\nx-ratelimit-reset: 784111800",
     "{\"message\":\"API rate limit exceeded\"}", true, 23000, 0},
    {"github, secondary", GITHUB, 403, "x-ratelimit-remaining: 17",
     "{\"message\":\"You have exceeded a secondary rate limit.\"}", true, -1, 60000},
    {"github, forbidden", GITHUB, 403, "x-ratelimit-remaining: 17",
     "{\"message\":\"Resource not accessible\"}", false, 0, 0},
    {"jira, reset as a time",
     "  - {when: {status: [429]}, wait: {header: X-RateLimit-Reset, unit: iso8601}}", 429,
     "x-ratelimit-reset: 1994-11-06T08:49:47Z", NULL, true, 10000, 0},
    {"linear, 400", LINEAR, 400, "x-ratelimit-requests-reset: 784111777500",
     "{\"errors\":[{\"extensions\":{\"code\":\"RATELIMITED\"}}]}", true, 500, 0},
    {"linear, 200", LINEAR, 200, NULL, "{\"errors\":[{\"extensions\":{\"code\":\"RATELIMITED\"}}]}",
     true, -1, 0},
    {"linear, another error", LINEAR, 400, "x-ratelimit-requests-reset: 784111777500",
     "{\"errors\":[{\"extensions\":{\"code\":\"INVALID_INPUT\"}}]}", false, 0, 0},
    {"bamboohr", "  - {when: {status: [429, 503]}, wait: {header: Retry-After}}", 503,
     "retry-after: 5", NULL, true, 5000, 0},
    {"bamboohr, down", "  - {when: {status: [429, 503]}, wait: {header: Retry-After}}", 503, NULL,
     NULL, false, 0, 0},
    {"intercom", "  - {when: {status: [429]}, wait: {header: X-RateLimit-Reset, unit: epoch_s}}",
     429, "x-ratelimit-reset: 784111780", NULL, true, 3000, 0},
    {"pipedrive, seconds left",
     "  - {when: {status: [429]}, wait: {header: x-ratelimit-reset, unit: s}}", 429,
     "x-ratelimit-reset: 2", NULL, true, 2000, 0},
    {"chargebee", RETRY_AFTER, 429, "retry-after: 1", NULL, true, 1000, 0},
    {"discord", DISCORD, 429, NULL, "{\"message\":\"x\",\"retry_after\":0.356}", true, 356, 0},
    {"discord, as text", DISCORD, 429, NULL, "{\"retry_after\":\"1.5\"}", true, 1500, 0},
    {"discord, from the gate in front", DISCORD, 429, NULL, "<html>", true, -1, 0},
    {"okta", "  - {when: {status: [429]}, wait: {header: X-Rate-Limit-Reset, unit: epoch_s}}", 429,
     "x-rate-limit-reset: 784111778", NULL, true, 1000, 0},
    {"asana", RETRY_AFTER, 429, "retry-after: 12", NULL, true, 12000, 0},
    {"x", "  - {when: {status: [429]}, wait: {header: x-rate-limit-reset, unit: epoch_s}}", 429,
     "x-rate-limit-reset: 784111700", NULL, true, 0, 0},
    {"meta, by a code that is a number",
     "  - {when: {status: [400, 403], body: {error.code: [4, 17, 32, 613]}}}", 400, NULL,
     "{\"error\":{\"code\":17}}", true, -1, 0},
    {"meta, another code", "  - {when: {status: [400, 403], body: {error.code: [4, 17]}}}", 400,
     NULL, "{\"error\":{\"code\":170}}", false, 0, 0},
    {"a header alone makes the difference",
     "  - {when: {status: [400, 403]}, wait: {header: X-Reset, unit: ms}}", 403, "x-reset: 250",
     NULL, true, 250, 0},
    {"without it that is no limit",
     "  - {when: {status: [400, 403]}, wait: {header: X-Reset, unit: ms}}", 403, NULL, NULL, false,
     0, 0}};

START_TEST(every_providers_limit_is_understood)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct provider_case *c = &cases[i];
        struct definition *d = definition(c->limits);
        struct limit_found f;
        bool limited = match_all(d, c->status, c->headers, c->body, &f);

        ck_assert_msg(limited == c->limited, "%s", c->who);
        if (limited) {
            ck_assert_msg(f.wait_ms == c->wait, "%s: %ld", c->who, (long)f.wait_ms);
            ck_assert_msg(f.min_ms == c->min, "%s: %ld", c->who, (long)f.min_ms);
        }
        definition_free(d);
    }
}
END_TEST

static const struct budget_case {
    const char *who, *budget;
    const char *headers, *body;
    bool told;
    int64_t remaining, limit, reset;
} budgets[] = {
    {"salesforce", "{budget: {pair: Sforce-Limit-Info, window: day}}",
     "sforce-limit-info: api-usage=18/5000", NULL, true, 4982, 5000, -1},
    {"salesforce, per app too", "{budget: {pair: Sforce-Limit-Info, window: day}}",
     "sforce-limit-info: api-usage=25/5000; per-app-api-usage=17/250(appName=a/b)", NULL, true,
     4975, 5000, -1},
    {"hubspot",
     "{budget: {remaining: X-HubSpot-RateLimit-Remaining, limit: X-HubSpot-RateLimit-Max, window: "
     "10s}}",
     "x-hubspot-ratelimit-remaining: 3\nx-hubspot-ratelimit-max: 110", NULL, true, 3, 110, -1},
    {"hubspot, search says nothing",
     "{budget: {remaining: X-HubSpot-RateLimit-Remaining, limit: X-HubSpot-RateLimit-Max}}", NULL,
     NULL, false, 0, 0, 0},
    {"zendesk", "{budget: {remaining: X-Rate-Limit-Remaining, limit: X-Rate-Limit}}",
     "x-rate-limit: 700\nx-rate-limit-remaining: 699", NULL, true, 699, 700, -1},
    {"shopify rest", "{budget: {pair: X-Shopify-Shop-Api-Call-Limit, window: 20s}}",
     "x-shopify-shop-api-call-limit: 32/40", NULL, true, 8, 40, -1},
    {"shopify graphql",
     "{budget: {remaining: {body: extensions.cost.throttleStatus.currentlyAvailable}, limit: "
     "{body: extensions.cost.throttleStatus.maximumAvailable}}}",
     NULL,
     "{\"extensions\":{\"cost\":{\"throttleStatus\":{\"maximumAvailable\":1000.0,"
     "\"currentlyAvailable\":954}}}}",
     true, 954, 1000, -1},
    {"github",
     "{budget: {remaining: x-ratelimit-remaining, limit: x-ratelimit-limit, reset: "
     "x-ratelimit-reset, unit: epoch_s, window: hour}}",
     "x-ratelimit-remaining: 4999\nx-ratelimit-limit: 5000\nx-ratelimit-reset: 784111787", NULL,
     true, 4999, 5000, 10000},
    {"github, used", "{budget: {used: x-ratelimit-used, limit: x-ratelimit-limit}}",
     "x-ratelimit-used: 1\nx-ratelimit-limit: 5000", NULL, true, 4999, 5000, -1},
    {"github, of one kind of call",
     "{when: {header: {x-ratelimit-resource: core}}, budget: {remaining: x-ratelimit-remaining, "
     "limit: x-ratelimit-limit}}",
     "x-ratelimit-remaining: 0\nx-ratelimit-limit: 30\nx-ratelimit-resource: search", NULL, false,
     0, 0, 0},
    {"discord, seconds left",
     "{budget: {remaining: X-RateLimit-Remaining, limit: X-RateLimit-Limit, reset: "
     "X-RateLimit-Reset-After, unit: s}}",
     "x-ratelimit-remaining: 0\nx-ratelimit-limit: 5\nx-ratelimit-reset-after: 0.5", NULL, true, 0,
     5, 500},
    {"xero, with a number we know",
     "{budget: {remaining: X-DayLimit-Remaining, limit: 5000, window: day}}",
     "x-daylimit-remaining: 100", NULL, true, 100, 5000, -1},
    {"a list with policies", "{budget: {remaining: RateLimit-Remaining, limit: RateLimit-Limit}}",
     "ratelimit-remaining: 50\nratelimit-limit: 100, 100;w=60", NULL, true, 50, 100, -1},
    {"nonsense", "{budget: {remaining: RateLimit-Remaining, limit: RateLimit-Limit}}",
     "ratelimit-remaining: many\nratelimit-limit: 100", NULL, false, 0, 0, 0},
    {"nonsense in a pair", "{budget: {pair: X-Calls}}", "x-calls: a/b, -/3", NULL, false, 0, 0, 0},
};

START_TEST(every_providers_budget_is_understood)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    char limits[600];

    for (size_t i = 0; i < sizeof budgets / sizeof budgets[0]; i++) {
        const struct budget_case *c = &budgets[i];
        struct definition *d;
        struct limit_scene scene;
        struct limit_left left;
        struct said s;
        bool told;

        snprintf(limits, sizeof limits, "  - %s", c->budget);
        d = definition(limits);
        ck_assert_uint_eq(d->n_budgets, 1);
        limit_begin(&scene, a, say(&s, 200, c->headers, c->body), now);
        told = limit_left(&scene, &d->budgets[0], &left);
        ck_assert_msg(told == c->told, "%s", c->who);
        if (told) {
            ck_assert_msg(left.remaining == c->remaining, "%s: %ld", c->who, (long)left.remaining);
            ck_assert_msg(left.limit == c->limit, "%s: %ld", c->who, (long)left.limit);
            ck_assert_msg(left.reset_ms == c->reset, "%s: %ld", c->who, (long)left.reset_ms);
        }
        definition_free(d);
    }
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

START_TEST(limits_that_never_say_how_long_are_left_alone_longer_and_longer)
{
    ck_assert_int_eq(limit_unknown_ms(0), 10000);
    ck_assert_int_eq(limit_unknown_ms(1), 20000);
    ck_assert_int_eq(limit_unknown_ms(1000), LIMIT_UNKNOWN_MOST_MS);
}
END_TEST

UNIT_MAIN("provider/limit", too_many_requests_is_a_limit_without_any_rule,
          retry_after_may_be_a_date, nonsense_is_no_time, a_wait_is_at_most_a_day_or_max_wait,
          every_providers_limit_is_understood, every_providers_budget_is_understood,
          backoff_grows_to_two_seconds,
          limits_that_never_say_how_long_are_left_alone_longer_and_longer)
