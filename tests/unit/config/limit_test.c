#include <config.h>

#include "scratch.h"

#include "../unit.h"
#include "config/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct faults *f;

/* A definition with this in its list of limits; NULL and a fault in F. */
static struct definition *
definition(const char *limit)
{
    struct scratch s = scratch_new();
    char text[2048];
    struct definition *d;

    snprintf(
        text, sizeof text,
        "definition: 1\nname: mine\nbase_url: https://api.example\nauth: [none]\n"
        "limits:\n  - %s\nresources:\n  crm/contacts:\n    id: id\n    fields: {email: email}\n"
        "    get: {method: GET, path: \"/c/{id}\"}\n",
        limit);
    free(scratch_write(&s, "mine.yaml", text, -1));
    d = definition_load("./mine.yaml", s.dir, f);
    scratch_free(&s);
    return d;
}

static struct conf *
config(const char *rate)
{
    struct scratch s = scratch_new();
    char text[2048];
    char *path;
    struct conf *c;

    snprintf(text, sizeof text,
             "version: 1\nstate: sqlite:s.db\nsystems:\n"
             "  a: {provider: rest, account: \"1\", base_url: \"http://127.0.0.1:1\", rate: %s}\n"
             "  b: {provider: rest, account: \"1\", base_url: \"http://127.0.0.1:2\"}\n"
             "sync:\n  crm/contacts: {between: [a, b], match: [email], first_contact: report, "
             "fields: {email: {owner: any}}}\n",
             rate);
    path = scratch_write(&s, "loopless.yaml", text, -1);
    c = conf_load(path, true, f);
    free(path);
    scratch_free(&s);
    return c;
}

START_TEST(what_is_not_said_has_its_default)
{
    struct conf *c;

    f = faults_new();
    c = config("{requests: 100, window: 10s, daily: 4000}");
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_int_eq(c->systems[0].rate.requests, 100);
    ck_assert_int_eq(c->systems[0].rate.window_ms, 10000);
    ck_assert_int_eq(c->systems[0].rate.reserve, 10);
    ck_assert_int_eq(c->systems[0].rate.daily, 4000);
    ck_assert_int_eq(c->systems[0].rate.warn, LIMIT_WARN);
    ck_assert_int_eq(c->systems[0].rate.freeze, LIMIT_FREEZE);
    ck_assert_int_eq(c->systems[1].rate.requests, 0);
    ck_assert_int_eq(c->systems[1].rate.daily, 0);
    ck_assert_int_eq(c->systems[1].rate.reserve, 10);
    conf_free(c);
    c = config("{requests: 7, window: minute, reserve: 0%, daily: {requests: 9, warn: 20%, "
               "freeze: 30%, resets: \"06:30\"}}");
    ck_assert_msg(c != NULL, "%s", faults_get(f, 0));
    ck_assert_int_eq(c->systems[0].rate.window_ms, 60000);
    ck_assert_int_eq(c->systems[0].rate.reserve, 0);
    ck_assert_int_eq(c->systems[0].rate.warn, 20);
    ck_assert_int_eq(c->systems[0].rate.freeze, 30);
    ck_assert_int_eq(c->systems[0].rate.resets_ms, (6 * 60 + 30) * 60000);
    conf_free(c);
    faults_free(f);
}
END_TEST

START_TEST(a_rate_that_cannot_be_is_a_fault)
{
    static const char *const bad[][2] = {
        {"{requests: 10}", "rate: requests and window go together"},
        {"{window: 10s}", "rate: requests and window go together"},
        {"{requests: 0, window: 10s}", "requests must be from 1"},
        {"{requests: 5, window: 2d}", "window must be from 100ms to 1d"},
        {"{requests: 5, window: soon}", "window must be a duration"},
        {"{requests: 5, window: 1s, reserve: 10}", "reserve must be a share"},
        {"{requests: 5, window: 1s, reserve: 95%}", "reserve: at most 90%"},
        {"{daily: 0}", "daily must be from 1"},
        {"{daily: {warn: 10%}}", "missing key 'requests'"},
        {"{daily: {requests: 5, warn: 90%, freeze: 80%}}", "freeze must not be below warn"},
        {"{daily: {requests: 5, resets: \"25:00\"}}", "resets must be a time of day"},
        {"{daily: {requests: 5, resets: noon}}", "resets must be a time of day"},
        {"{request: 5}", "unknown key 'request' (did you mean requests?)"},
        {"5", "rate must be a map"}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        f = faults_new();
        ck_assert_msg(config(bad[i][0]) == NULL, "%s", bad[i][0]);
        ck_assert_msg(strstr(faults_get(f, 0), bad[i][1]) != NULL, "%s\n gave %s", bad[i][0],
                      faults_get(f, 0));
        faults_free(f);
    }
}
END_TEST

START_TEST(a_limit_that_cannot_be_is_a_fault)
{
    static const char *const bad[][2] = {
        {"{wait: {header: Retry-After}}", "missing key 'when'"},
        {"{when: {status: [200]}}", "an answer of status 2xx needs a header or a body"},
        {"{when: {}}", "an answer of status 2xx needs a header or a body"},
        {"{when: {status: [99]}}", "status must be HTTP statuses"},
        {"{when: {status: [429], body: {a..b: x}}}", "a path is names with one dot"},
        {"{when: {status: [429], body: {a: [x, [y]]}}}", "what must stand there is text"},
        {"{when: {status: [429], body: {a: []}}}", "must not be empty"},
        {"{when: {status: [429], header: {\"a b\": true}}}", "'a b' is no name of a header"},
        {"{when: {status: [429], heder: {a: true}}}", "unknown key 'heder' (did you mean header?)"},
        {"{when: {status: [429]}, wait: {header: a, body: b}}", "in a header or in the body"},
        {"{when: {status: [429]}, wait: {unit: weeks}}", "unit must be one of: s, ms, epoch_s"},
        {"{when: {status: [429]}, wait: {else: fail}}", "else must be one of: backoff"},
        {"{when: {status: [429]}, max_wait: 2d}", "max_wait must be from 1s to 1d"},
        {"{when: {status: [429]}, wait: {min: 2h}, max_wait: 1h}", "min must not be longer"},
        {"{budget: {remaining: a}}", "budget needs remaining (or used) and limit, or pair"},
        {"{budget: {remaining: a, used: b, limit: c}}", "budget needs remaining (or used)"},
        {"{budget: {pair: a, limit: 5}}", "pair has both numbers, it stands alone"},
        {"{budget: {remaining: 5, limit: 5}}", "what is left stands in a header"},
        {"{budget: {remaining: {header: a, body: b}, limit: 5}}", "in a header or in the body"},
        {"{budget: {pair: a, window: year}}", "window must be a duration"},
        {"{budget: {pair: a}, reserve: much}", "reserve must be a share"},
        {"{budget: {pair: a}, wait: {min: 1s}}", "unknown key 'wait'"},
        {"none", "must be a map"}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        f = faults_new();
        ck_assert_msg(definition(bad[i][0]) == NULL, "%s", bad[i][0]);
        ck_assert_msg(strstr(faults_get(f, 0), bad[i][1]) != NULL, "%s\n gave %s", bad[i][0],
                      faults_get(f, 0));
        faults_free(f);
    }
}
END_TEST

START_TEST(names_of_headers_are_alike_in_any_case)
{
    struct definition *d;

    f = faults_new();
    d = definition("{when: {status: [403], header: {X-Left: [\"0\", none]}}, wait: {header: "
                   "X-Reset, unit: epoch_s}}");
    ck_assert_msg(d != NULL, "%s", faults_get(f, 0));
    ck_assert_str_eq(d->limits[0].when.headers[0].at, "x-left");
    ck_assert_uint_eq(d->limits[0].when.headers[0].n_words, 2);
    ck_assert_str_eq(d->limits[0].wait.header, "x-reset");
    ck_assert_int_eq(d->limits[0].max_ms, 24 * 3600 * 1000);
    definition_free(d);
    faults_free(f);
}
END_TEST

UNIT_MAIN("config/limit", what_is_not_said_has_its_default, a_rate_that_cannot_be_is_a_fault,
          a_limit_that_cannot_be_is_a_fault, names_of_headers_are_alike_in_any_case)
