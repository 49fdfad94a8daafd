#include <config.h>

#include "sim/sign.h"

#include "../unit.h"

#include <stdio.h>
#include <string.h>

static struct sign s;

static char *
headers(const char *kind, const char *secret, const char *id, int64_t t, const char *body)
{
    static struct buf out;

    buf_clear(&out);
    ck_assert_int_eq(sign_init(&s, kind, secret, NULL), 0);
    sign_headers(&s, id, t, body, strlen(body), 1, &out);
    sign_release(&s);
    ck_assert_ptr_nonnull(out.data);
    return out.data;
}

/* The example of the Standard Webhooks specification. */
START_TEST(standard_is_that_of_the_specification)
{
    ck_assert_str_eq(headers("standard", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                             "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"),
                     "webhook-timestamp: 1614265330\n"
                     "webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n");
}
END_TEST

/* RFC 4231, test case 2. */
START_TEST(prefix_is_hmac_sha256_of_the_body)
{
    ck_assert_str_eq(headers("prefix", "Jefe", "", 0, "what do ya want for nothing?"),
                     "X-Hub-Signature-256: sha256="
                     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\n");
}
END_TEST

START_TEST(padding_of_the_secret_does_not_matter)
{
    char first[200];

    snprintf(first, sizeof first, "%s", headers(NULL, "whsec_YQ==", "i", 1, "b"));
    ck_assert_str_eq(first, headers(NULL, "whsec_YQ", "i", 1, "b"));
    ck_assert_str_eq(first, headers(NULL, "a", "i", 1, "b"));
}
END_TEST

START_TEST(kv_takes_the_secret_as_it_is)
{
    char first[200];

    snprintf(first, sizeof first, "%s", headers("kv", "whsec_YQ==", "i", 1, "b"));
    ck_assert_int_eq(strncmp(first, "X-Sim-Signature: t=1,v1=", 24), 0);
    ck_assert_str_ne(first, headers("kv", "a", "i", 1, "b"));
}
END_TEST

START_TEST(refuses_what_cannot_sign)
{
    static const char *const bad[][2] = {
        {"standard", NULL}, {"standard", "whsec_"}, {"standard", "whsec_!"}, {"hmac", "s"},
        {"kv", ""},         {"static", "a\nb: c"}};
    size_t i;

    for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = ERR_INIT;

        ck_assert_msg(sign_init(&s, bad[i][0], bad[i][1], &err) == -1, "%zu", i);
        ck_assert_str_eq(err.code, "bad-sign");
        ck_assert_int_eq(err.status, EXIT_USAGE);
    }
}
END_TEST

UNIT_MAIN("sim/sign", standard_is_that_of_the_specification, prefix_is_hmac_sha256_of_the_body,
          padding_of_the_secret_does_not_matter, kv_takes_the_secret_as_it_is,
          refuses_what_cannot_sign)
