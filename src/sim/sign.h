#ifndef SIM_SIGN_H
#define SIM_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * How webhooks are signed: HMAC-SHA256 in the three layouts that are common, or the secret itself
 * in a header. The only file of the simulator that sees libsodium.
 *
 * standard  Standard Webhooks: webhook-timestamp: T, webhook-signature: v1,BASE64 over "ID.T.BODY";
 *           a secret "whsec_..." is base64, any other is taken as it is
 * kv        X-Sim-Signature: t=T,v1=HEX over "T.BODY"
 * prefix    X-Hub-Signature-256: sha256=HEX over "BODY"
 * static    X-Sim-Token: SECRET
 */
enum sign_kind { SIGN_NONE, SIGN_STANDARD, SIGN_KV, SIGN_PREFIX, SIGN_STATIC };

struct sign {
    enum sign_kind kind;
    char *secret;       /* owned; NULL = none */
    unsigned char *key; /* owned */
    size_t key_len;
};

/*
 * KIND NULL is standard with a secret, none without. -1 with err "bad-sign", status 64: an unknown
 * kind, a kind that wants a secret without one, a "whsec_" that is no base64.
 */
int sign_init(struct sign *s, const char *kind, const char *secret, struct err *err);

/*
 * The headers for BODY, each "Name: value" and a newline. ID may be "". T is in seconds. `with_mac`
 * false leaves the signature out, not the time.
 */
void sign_headers(const struct sign *s, const char *id, int64_t t, const char *body, size_t len,
                  int with_mac, struct buf *out);

void sign_release(struct sign *s);

#endif
