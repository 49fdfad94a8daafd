#ifndef PROVIDER_GRANT_H
#define PROVIDER_GRANT_H

#include "base/arena.h"
#include "base/err.h"
#include "config/conf.h"
#include "config/token.h"
#include "http/client.h"

/*
 * Private to src/provider: one request to a token endpoint, as the definition's `token` describes
 * it, and what its answer means (RFC 6749, 7523; a two_step's own). No state. Errors are SYSTEM
 * and hold no secrets: LATER "no-token", the endpoint is out of order; NEVER "login", the grant is
 * over and a person must log in; NEVER "credentials", it does not take ours.
 */
enum { GRANT_MAX_ANSWER = 256 * 1024, GRANT_MAX_TOKEN = 16 * 1024 };

struct secrets;

/* A login's code (RFC 6749 4.1, 7636). */
struct grant_code {
    const char *code, *redirect_url, *verifier;
};

/*
 * The request for a token: by CODE, else by what the system's auth says, an OAUTH2_REFRESH by
 * REFRESH. Method, url, headers and body of OUT are set, in the arena; ASSERTION (may be NULL) to
 * the signed one, which is a secret. -1: "login" (REFRESH is NULL), "credentials" (a key that does
 * not sign).
 */
int grant_build(struct arena *a, const struct conf_system *s, const char *refresh,
                const struct grant_code *code, struct http_request *out, const char **assertion,
                struct err *err);

/*
 * Reads an answer to a request that went out at ASKED_AT. OUT lives in the arena and in H; its
 * refresh token is NULL if the answer has none, its generation 0. RETRY_MS: what Retry-After says,
 * -1 if nothing. What the endpoint says of SECRETS is hidden in ERR. 0, -1.
 */
int grant_read(struct arena *a, const struct conf_system *s, const struct secrets *secrets,
               const struct http_answer *h, int64_t asked_at, struct token_kept *out,
               int64_t *retry_ms, struct err *err);

/* `url` or `authorize_url` of the definition as a whole URL. */
const char *grant_url(struct arena *a, const struct conf_system *s, const char *url);

/* TEXT with {account}, {scope}, {client_id}, {client_secret} and a two_step's own names filled in;
 * NULL if one of them has no value. */
const char *grant_fill(struct arena *a, const struct conf_system *s, const char *text);

#endif
