#include <config.h>

#include "crypto/digest.h"
#include "base/err.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void
crypto_start(void)
{
    if (sodium_init() < 0)
        BUG("libsodium does not start");
}

void
digest_sha256(const void *bytes, size_t len, unsigned char out[DIGEST_SHA256])
{
    crypto_hash_sha256(out, bytes, len);
}

char *
digest_hex(const void *bytes, size_t len, char out[DIGEST_HEX])
{
    unsigned char digest[DIGEST_SHA256];

    digest_sha256(bytes, len, digest);
    digest_to_hex(digest, sizeof digest, out);
    return out;
}

void
digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                   unsigned char out[DIGEST_SHA256])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, key, key_len);
    crypto_auth_hmacsha256_update(&state, bytes, len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

bool
digest_equal(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void
digest_to_hex(const void *bytes, size_t len, char *out)
{
    sodium_bin2hex(out, 2 * len + 1, bytes, len);
}

void
digest_random(void *out, size_t n)
{
    randombytes_buf(out, n);
}

void
digest_random_hex(size_t n, char *out)
{
    unsigned char bytes[32];

    out[0] = '\0';
    while (n > 0) {
        size_t part = n < sizeof bytes ? n : sizeof bytes;

        randombytes_buf(bytes, part);
        digest_to_hex(bytes, part, out);
        out += 2 * part;
        n -= part;
    }
}

char *
digest_base64(const void *bytes, size_t len)
{
    size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
    char *out = mem_alloc(size);

    return sodium_bin2base64(out, size, bytes, len, sodium_base64_VARIANT_ORIGINAL);
}

char *
digest_base64url(const void *bytes, size_t len)
{
    int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    size_t size = sodium_base64_encoded_len(len, variant);

    return sodium_bin2base64(mem_alloc(size), size, bytes, len, variant);
}

/* Room for what TEXT stands for, where the caller only wants to count. */
static void *
room(void *out, size_t *size, size_t len, void **own)
{
    if (out != NULL)
        return out;
    *size = len + 1;
    *own = mem_alloc(*size);
    return *own;
}

long
digest_from_hex(const char *text, size_t len, void *out, size_t size)
{
    void *own = NULL;
    unsigned char *to = room(out, &size, len, &own);
    size_t n = 0;
    const char *end = text;
    int rc = len % 2 == 0 ? sodium_hex2bin(to, size, text, len, NULL, &n, &end) : -1;

    free(own);
    return rc == 0 && end == text + len ? (long)n : -1;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Some write bits into the last digit that stand for nothing (RFC 4648 3.5 lets us ignore them);
 * libsodium does not take them. */
static char
last_digit(char digit, size_t rest)
{
    const char *at = digit != '\0' ? strchr(base64_digits, digit) : NULL;
    unsigned mask = rest == 2 ? 0x30 : rest == 3 ? 0x3c : 0x3f;

    return at == NULL ? digit : base64_digits[(unsigned)(at - base64_digits) & mask];
}

long
digest_from_base64(const char *text, size_t len, void *out, size_t size)
{
    void *own = NULL;
    void *to = room(out, &size, len, &own);
    size_t digits = len, n = 0;
    const char *end = NULL;
    char *copy;
    int rc = -1;

    while (digits > 0 && len - digits < 2 && text[digits - 1] == '=')
        digits--;
    copy = mem_alloc(digits + 1);
    memcpy(copy, text, digits);
    if (digits > 0)
        copy[digits - 1] = last_digit(copy[digits - 1], digits % 4);
    if (digits == len || len % 4 == 0)
        rc = sodium_base642bin(to, size, copy, digits, NULL, &n, &end,
                               sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    rc = rc == 0 && end == copy + digits ? 0 : -1;
    sodium_memzero(copy, digits);
    free(copy);
    free(own);
    return rc == 0 ? (long)n : -1;
}
