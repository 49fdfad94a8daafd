#include <config.h>

#include "hook.h"

#include "crypto/digest.h"

/* Captured requests, challenges and answers; signatures are in vectors_test.c. */

static const char *
written(struct hook *h, const struct inbound *r)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    inbound_write(&b, r);
    return arena_text(h->arena, buf_get(&b));
}

static void
open_plain(struct hook *h)
{
    hook_open(h, "verify: [{kind: none}]\n" HOOK_ANY_EVENT);
}

START_TEST(reads_what_it_writes)
{
    static const char line[] =
        "{\"system\":\"left\",\"method\":\"PUT\",\"path\":\"/a%20b\",\"query\":\"x=1&y\","
        "\"headers\":{\"x-a\":\"1\",\"x-b\":\"\xc3\xa9\"},\"body\":\"a\\u0000b\","
        "\"received_at\":\"2026-01-02T03:04:05.678Z\"}";
    struct hook h;
    struct inbound r;

    open_plain(&h);
    r = hook_request(&h, line);
    ck_assert_uint_eq(r.body_len, 3);
    ck_assert_int_eq(memcmp(r.body, "a\0b", 3), 0);
    ck_assert_str_eq(written(&h, &r), line);
    hook_close(&h);
}
END_TEST

START_TEST(a_body_of_any_bytes_comes_back)
{
    struct hook h;
    struct inbound r;

    open_plain(&h);
    r = hook_request(&h, "{\"body_base64\":\"/wBh\"}");
    ck_assert_uint_eq(r.body_len, 3);
    ck_assert_int_eq(memcmp(r.body, "\xff\0a", 3), 0);
    ck_assert_ptr_nonnull(strstr(written(&h, &r), "\"body_base64\":\"/wBh\""));
    hook_close(&h);
}
END_TEST

START_TEST(headers_are_lower_case_and_joined)
{
    struct hook h;
    struct inbound r;

    open_plain(&h);
    r = hook_request(&h, "{\"headers\":{\"X-A\":\"1\",\"x-a\":[\"2\",\"3\"],\"N\":7}}");
    ck_assert_uint_eq(r.n_headers, 2);
    ck_assert_str_eq(r.headers[0].name, "x-a");
    ck_assert_str_eq(r.headers[0].value, "1, 2, 3");
    ck_assert_str_eq(r.headers[1].value, "7");
    ck_assert_str_eq(r.method, "POST");
    hook_close(&h);
}
END_TEST

START_TEST(refuses_what_is_no_request)
{
    static const char *const lines[] = {"[]",
                                        "{",
                                        "{\"path\":1}",
                                        "{\"headers\":[]}",
                                        "{\"headers\":{\"a\":{}}}",
                                        "{\"headers\":{\"a\":[null]}}",
                                        "{\"body\":\"\",\"body_base64\":\"\"}",
                                        "{\"body_base64\":\"?\"}",
                                        "{\"body_base64\":1}",
                                        "{\"received_at\":\"soon\"}",
                                        "{\"received_at\":[]}"};
    struct arena *a = arena_new();

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct inbound r;
        struct err err = ERR_INIT;

        ck_assert_msg(inbound_parse(a, lines[i], strlen(lines[i]), &r, &err) == -1, "%s", lines[i]);
        ck_assert_int_eq(err.scope, ERR_RECORD);
        ck_assert_str_ne(err.code, "");
    }
    arena_free(a);
}
END_TEST

START_TEST(stored_headers_hold_no_credentials)
{
    static const struct inbound_header headers[] = {{"authorization", "Bearer x"},
                                                    {"x-a", "1"},
                                                    {"cookie", "c"},
                                                    {"x-key", "hush"},
                                                    {"x-latin", "caf\xe9"}};
    struct inbound r = {.headers = headers, .n_headers = 5}, back = {0};
    struct hook h;
    const char *text;

    hook_open(&h, "verify: [{kind: equals, header: X-Key}]\n" HOOK_ANY_EVENT);
    text = inbound_headers_text(h.arena, &h.system, &r);
    ck_assert_str_eq(text, "{\"x-a\":\"1\",\"x-latin\":\"caf\xc3\xa9\"}");
    ck_assert_int_eq(inbound_headers_read(h.arena, text, &back, NULL), 0);
    ck_assert_uint_eq(back.n_headers, 2);
    ck_assert_str_eq(back.headers[0].value, "1");
    hook_close(&h);
}
END_TEST

static enum inbound_verdict
judge(struct hook *h, const char *line, struct inbound_answer *answer)
{
    struct inbound r = hook_request(h, line);

    return inbound_judge(h->arena, &h->system, &r, 1700000000000, answer);
}

START_TEST(says_why_it_refuses)
{
    static const struct {
        const char *line, *code;
    } rows[] = {
        {"{\"body\":\"{}\"}", "no-signature"},
        {"{\"headers\":{\"s\":\"t=1700000000\"},\"body\":\"{}\"}", "bad-signature"},
        {"{\"headers\":{\"s\":\"v1=00\"},\"body\":\"{}\"}", "bad-timestamp"},
        {"{\"headers\":{\"s\":\"t=1700000000,v1="
         "a6e2ecdd6a1e7a0b3f3ffcbd5e9d9b6d4e0f0a3f2b1c0d9e8f7a6b5c4d3e2f10\"},\"body\":\"{}\"}",
         "bad-signature"},
        {"{\"headers\":{\"authorization\":\"Bearer wrong\"},\"body\":\"{}\"}", "bad-credentials"},
        {"{\"headers\":{\"authorization\":\"Bearerhush\"},\"body\":\"{}\"}", "no-signature"},
    };
    struct hook h;
    struct inbound_answer answer;

    crypto_start();
    hook_open(&h, "verify:\n  - {kind: mac, alg: hmac-sha256, encoding: hex, header: S, parse: "
                  "{kind: kv, signature: v1, timestamp: t}, signed: '{timestamp}.{body}', "
                  "timestamp: {max_age: 60s}}\n  - {kind: bearer}\n"
                  "on_bad_signature: {status: 403}\n" HOOK_ANY_EVENT);
    hook_secret(&h, "hush");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ck_assert_int_eq(judge(&h, rows[i].line, &answer), INBOUND_REFUSE);
        ck_assert_int_eq(answer.status, 403);
        ck_assert_msg(strcmp(answer.code, rows[i].code) == 0, "%s gives %s (%s)", rows[i].line,
                      answer.code, answer.text);
        ck_assert_ptr_null(strstr(answer.text, "hush"));
        ck_assert_ptr_null(answer.body);
    }
    ck_assert_int_eq(
        judge(&h, "{\"headers\":{\"authorization\":\"bearer  hush\"},\"body\":\"{}\"}", &answer),
        INBOUND_ACCEPT);
    hook_close(&h);
}
END_TEST

/* S = HMAC-SHA256("hush", "T.{}") in hex, at NOW: what the time limits say. */
static const char *
timed(struct hook *h, const char *t, int64_t now)
{
    CLEANUP_BUF struct buf text = BUF_INIT, line = BUF_INIT;
    unsigned char mac[DIGEST_SHA256];
    char hex[DIGEST_HEX];
    struct inbound_answer answer;
    struct inbound r;

    buf_printf(&text, "%s.{}", t);
    digest_hmac_sha256("hush", 4, text.data, text.len, mac);
    digest_to_hex(mac, sizeof mac, hex);
    buf_printf(&line, "{\"headers\":{\"s\":\"%s\",\"t\":\"%s\"},\"body\":\"{}\"}", hex, t);
    r = hook_request(h, buf_get(&line));
    return inbound_judge(h->arena, &h->system, &r, now, &answer) == INBOUND_ACCEPT ? "accepted"
                                                                                   : answer.code;
}

START_TEST(time_limits_are_inclusive_both_ways)
{
    struct hook h;

    crypto_start();
    hook_open(&h, "verify: [{kind: mac, alg: hmac-sha256, encoding: hex, header: s, signed: "
                  "'{timestamp}.{body}', timestamp: {header: t, unit: s, max_age: 5m, max_ahead: "
                  "10s}}]\n" HOOK_ANY_EVENT);
    hook_secret(&h, "hush");
    ck_assert_str_eq(timed(&h, "1700000000", 1700000300000), "accepted");
    ck_assert_str_eq(timed(&h, "1700000000", 1700000300001), "stale");
    ck_assert_str_eq(timed(&h, "1700000000", 1699999990000), "accepted");
    ck_assert_str_eq(timed(&h, "1700000000", 1699999989999), "from-the-future");
    ck_assert_str_eq(timed(&h, "-1700000000", 1700000000000), "bad-timestamp");
    ck_assert_str_eq(timed(&h, "1700000000.5", 1700000000000), "bad-timestamp");
    ck_assert_str_eq(timed(&h, "", 1700000000000), "bad-timestamp");
    ck_assert_str_eq(timed(&h, "99999999999999999999", 1700000000000), "bad-timestamp");
    hook_close(&h);
}
END_TEST

START_TEST(challenges_are_echoed)
{
    static const struct {
        const char *line;
        int verdict;
        const char *type, *body;
    } rows[] = {
        {"{\"query\":\"?validationToken=a%20b%3C+c\"}", INBOUND_CHALLENGE, "text/plain", "a b< c"},
        {"{\"query\":\"a=b\",\"body\":\"{}\"}", INBOUND_REFUSE, NULL, NULL},
        {"{\"query\":\"validationToken=\"}", INBOUND_REFUSE, NULL, NULL},
        {"{\"method\":\"GET\",\"headers\":{\"X-Ask\":\"\\\"q\"}}", INBOUND_CHALLENGE,
         "application/json", "{\"got\":\"\\\"q\"}"},
        {"{\"method\":\"POST\",\"headers\":{\"X-Ask\":\"q\"}}", INBOUND_REFUSE, NULL, NULL},
        /* signed: only with credentials */
        {"{\"body\":\"{\\\"type\\\":\\\"hello\\\",\\\"word\\\":5}\"}", INBOUND_REFUSE, NULL, NULL},
        {"{\"headers\":{\"authorization\":\"Bearer hush\"},"
         "\"body\":\"{\\\"type\\\":\\\"hello\\\",\\\"word\\\":5}\"}",
         INBOUND_CHALLENGE, "text/plain", "5"},
        {"{\"headers\":{\"authorization\":\"Bearer hush\"},"
         "\"body\":\"{\\\"type\\\":\\\"other\\\",\\\"word\\\":5}\"}",
         INBOUND_ACCEPT, "text/plain", "thanks"},
    };
    struct hook h;
    struct inbound_answer answer;

    crypto_start();
    hook_open(&h,
              "verify: [{kind: bearer}]\nack: {status: 202, body: thanks}\nchallenge:\n"
              "  - {when: {query: validationToken}, signed: skipped, respond: {token: {query: "
              "validationToken}}}\n"
              "  - {when: {method: GET, header: X-Ask}, signed: skipped, respond: {content_type: "
              "application/json, body: '{\"got\":\"{token}\"}', token: {header: X-Ask}}}\n"
              "  - {when: {body: type, equals: hello}, respond: {token: {body: word}}}\n"
              "" HOOK_ANY_EVENT);
    hook_secret(&h, "hush");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int verdict = (int)judge(&h, rows[i].line, &answer);

        ck_assert_msg(verdict == rows[i].verdict, "%s: verdict %d", rows[i].line, verdict);
        if (rows[i].body == NULL)
            continue;
        ck_assert_int_eq(answer.status, verdict == INBOUND_ACCEPT ? 202 : 200);
        ck_assert_str_eq(answer.content_type, rows[i].type);
        ck_assert_str_eq(answer.body, rows[i].body);
        ck_assert_uint_eq(answer.body_len, strlen(rows[i].body));
    }
    hook_close(&h);
}
END_TEST

UNIT_MAIN("provider/inbound", reads_what_it_writes, a_body_of_any_bytes_comes_back,
          headers_are_lower_case_and_joined, refuses_what_is_no_request,
          stored_headers_hold_no_credentials, says_why_it_refuses,
          time_limits_are_inclusive_both_ways, challenges_are_echoed)
