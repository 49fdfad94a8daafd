#ifndef CRYPTO_JWS_H
#define CRYPTO_JWS_H

#include "base/err.h"

/*
 * Signed assertions: JWS in the compact form (RFC 7515) by RS256 (RFC 7518 3.3: RSASSA-PKCS1-v1_5
 * with SHA-256). The key is PEM text, PKCS#8 or PKCS#1, without a passphrase. No text of an error
 * holds anything of the key.
 */
enum { JWS_MIN_BITS = 2048 };

/* Can PEM sign? 0, or -1 with err "bad-key" (RUN) that says why not. */
int jws_check_key(const char *pem, struct err *err);

/*
 * Header and CLAIMS (a JSON object) signed with PEM, as heap text (owner: caller). KID (NULL: none)
 * goes into the header and must need no escapes. NULL and err "bad-key".
 */
char *jws_sign_rs256(const char *pem, const char *kid, const char *claims, struct err *err);

#endif
