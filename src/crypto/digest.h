#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Digests and MACs. Only src/crypto sees libsodium and libcrypto. Call crypto_start once, before
 * threads.
 */
enum { DIGEST_SHA256 = 32, DIGEST_HEX = 65 };

void crypto_start(void);

/* SHA-256 (FIPS 180-4) of BYTES. */
void digest_sha256(const void *bytes, size_t len, unsigned char out[DIGEST_SHA256]);
/* The same as 64 lower-case hex digits and NUL; returns OUT. */
char *digest_hex(const void *bytes, size_t len, char out[DIGEST_HEX]);

/* HMAC-SHA256 (RFC 2104), any key length. */
void digest_hmac_sha256(const void *key, size_t key_len, const void *bytes, size_t len,
                        unsigned char out[DIGEST_SHA256]);

/* Equal bytes, in time that depends on LEN only. */
bool digest_equal(const void *a, const void *b, size_t len);

/* Lower-case hex; OUT has 2 * len + 1 bytes. */
void digest_to_hex(const void *bytes, size_t len, char *out);

/* N random bytes. */
void digest_random(void *out, size_t n);

/* N random bytes as 2N hex digits and NUL: names of leases, runs, deployments. */
void digest_random_hex(size_t n, char *out);

/* Standard base64 with padding (RFC 4648 4), NUL-terminated heap text; owner: caller. */
char *digest_base64(const void *bytes, size_t len);
/* The same in the alphabet for URLs, without padding (RFC 4648 5). */
char *digest_base64url(const void *bytes, size_t len);

/*
 * The bytes that hex (either case) or standard base64 (padding may be missing) stands for, into
 * OUT (SIZE bytes; NULL: only counted). How many, or -1 if TEXT is something else or they do not
 * fit.
 */
long digest_from_hex(const char *text, size_t len, void *out, size_t size);
long digest_from_base64(const char *text, size_t len, void *out, size_t size);

#endif
