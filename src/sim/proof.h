#ifndef SIM_PROOF_H
#define SIM_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* What callers prove themselves with. Uses libcrypto, and nothing of the programs under test. */

/* The two parts of "Basic ..." as heap texts; false if it is none. */
bool proof_basic(const char *authorization, char **user, char **password);

/* Is CHALLENGE that of VERIFIER (RFC 7636, S256)? */
bool proof_pkce(const char *verifier, const char *challenge);

/*
 * The claims of the compact JWS TEXT if it is signed by RS256 with the private key of PEM (SPKI);
 * NULL. Owner: the caller.
 */
json_t *proof_claims(const char *text, const char *pem);

#endif
