#include <config.h>

#include "crypto/digest.h"
#include "base/err.h"
#include "base/mem.h"

#include <sodium.h>

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

static long
from_base64(const char *text, size_t len, void *out, size_t size, int variant)
{
    size_t n = 0;
    const char *end = text;

    if (sodium_base642bin(out, size, text, len, NULL, &n, &end, variant) != 0 || end != text + len)
        return -1;
    return (long)n;
}

long
digest_from_base64(const char *text, size_t len, void *out, size_t size)
{
    void *own = NULL;
    void *to = room(out, &size, len, &own);
    long n = from_base64(text, len, to, size, sodium_base64_VARIANT_ORIGINAL);

    if (n < 0)
        n = from_base64(text, len, to, size, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    free(own);
    return n;
}
