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
