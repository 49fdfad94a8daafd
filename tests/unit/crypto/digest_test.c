#include <config.h>

#include "../unit.h"
#include "crypto/digest.h"

#include <stdlib.h>
#include <string.h>

/* FIPS 180-4 examples. */
START_TEST(sha256_of_the_standard)
{
    char hex[DIGEST_HEX];
    char *million = malloc(1000000);

    crypto_start();
    ck_assert_str_eq(digest_hex("", 0, hex),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    ck_assert_str_eq(digest_hex("abc", 3, hex),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ck_assert_str_eq(
        digest_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    ck_assert_ptr_nonnull(million);
    memset(million, 'a', 1000000);
    ck_assert_str_eq(digest_hex(million, 1000000, hex),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}
END_TEST

static void
hmac(const char *key, size_t key_len, const char *text, size_t len, const char *want)
{
    unsigned char mac[DIGEST_SHA256];
    char hex[DIGEST_HEX];

    digest_hmac_sha256(key, key_len, text, len, mac);
    digest_to_hex(mac, sizeof mac, hex);
    ck_assert_str_eq(hex, want);
}

/* RFC 4231, cases 1, 2, 3, 6 and 7. */
START_TEST(hmac_sha256_of_the_standard)
{
    char key[131], data[50];

    crypto_start();
    memset(key, 0x0b, 20);
    hmac(key, 20, "Hi There", 8,
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac("Jefe", 4, "what do ya want for nothing?", 28,
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    memset(data, 0xdd, sizeof data);
    hmac(key, 20, data, 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    hmac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac(key, 131,
         "This is a test using a larger than block-size key and a larger than block-size data. "
         "The key needs to be hashed before being used by the HMAC algorithm.",
         152, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}
END_TEST

START_TEST(equal_looks_at_every_byte)
{
    unsigned char a[40], b[40];

    memset(a, 7, sizeof a);
    for (size_t i = 0; i < sizeof a; i++) {
        memcpy(b, a, sizeof b);
        ck_assert(digest_equal(a, b, sizeof a));
        b[i] ^= 0x80;
        ck_assert(!digest_equal(a, b, sizeof a));
    }
    ck_assert(digest_equal(a, b, 0));
}
END_TEST

START_TEST(hex_is_lower_case)
{
    char out[9];

    digest_to_hex("\x00\x9f\xAB\xff", 4, out);
    ck_assert_str_eq(out, "009fabff");
    digest_to_hex("", 0, out);
    ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(random_names_differ)
{
    char a[81], b[81];

    crypto_start();
    digest_random_hex(40, a);
    digest_random_hex(40, b);
    ck_assert_uint_eq(strlen(a), 80);
    ck_assert_uint_eq(strspn(a, "0123456789abcdef"), 80);
    ck_assert_str_ne(a, b);
    ck_assert_int_ne(memcmp(a, a + 40, 40), 0);
    digest_random_hex(0, a);
    ck_assert_str_eq(a, "");
}
END_TEST

/* RFC 4648, section 10. */
START_TEST(base64_of_the_standard)
{
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xfb\xff", "+/8="}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = digest_base64(cases[i][0], strlen(cases[i][0]));

        ck_assert_str_eq(text, cases[i][1]);
        free(text);
    }
}
END_TEST

START_TEST(base64_and_hex_are_read_back)
{
    static const struct {
        const char *text, *plain; /* NULL: is none */
    } rows[] = {{"", ""},
                {"Zg==", "f"},
                {"Zg", "f"},
                {"Zm8=", "fo"},
                {"Zm8", "fo"},
                {"Zm9v", "foo"},
                {"Zm9vYmFy", "foobar"},
                {"Zh", "f"}, /* bits that stand for nothing */
                {"Z", NULL},
                {"Zg=", NULL},
                {"Zg===", NULL},
                {"Zm9v=", NULL},
                {"Zm 8", NULL},
                {"Zm-_", NULL},
                {"=", NULL},
                {"Zm9v\n", NULL}};
    char out[16];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *t = rows[i].text;
        long n = rows[i].plain != NULL ? (long)strlen(rows[i].plain) : -1;

        ck_assert_msg(digest_from_base64(t, strlen(t), out, sizeof out) == n, "%s", t);
        ck_assert_int_eq(digest_from_base64(t, strlen(t), NULL, 0), n);
        ck_assert(n < 0 || memcmp(out, rows[i].plain, (size_t)n) == 0);
    }
    ck_assert_int_eq(digest_from_base64("Zm9vYmFy", 8, out, 5), -1);
    ck_assert_int_eq(digest_from_hex("0aFf", 4, out, sizeof out), 2);
    ck_assert_int_eq(memcmp(out, "\x0a\xff", 2), 0);
    ck_assert_int_eq(digest_from_hex("0aFf", 4, out, 1), -1);
    ck_assert_int_eq(digest_from_hex("0aF", 3, NULL, 0), -1);
    ck_assert_int_eq(digest_from_hex("0x", 2, NULL, 0), -1);
}
END_TEST

UNIT_MAIN("crypto/digest", sha256_of_the_standard, hmac_sha256_of_the_standard,
          equal_looks_at_every_byte, hex_is_lower_case, random_names_differ, base64_of_the_standard,
          base64_and_hex_are_read_back)
