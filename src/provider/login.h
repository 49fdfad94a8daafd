#ifndef PROVIDER_LOGIN_H
#define PROVIDER_LOGIN_H

#include "base/arena.h"
#include "base/err.h"
#include "config/conf.h"
#include "provider/provider.h"

/*
 * A person's login: the first authorization-code exchange of a system with auth oauth2_refresh
 * (RFC 6749 4.1; RFC 7636, PKCE by S256; RFC 8252, a redirect to this host). The browser is asked
 * for login_url, and comes back to the redirect URL with `code` and `state`.
 */
enum { LOGIN_TEXT = 44 };

struct login {
    char state[LOGIN_TEXT];    /* comes back with the code, else it is somebody else's */
    char verifier[LOGIN_TEXT]; /* a secret */
    const char *redirect_url;
};

/* Makes the random texts. */
void login_begin(struct login *l, const char *redirect_url);
/* NULL if the definition has no authorize_url. */
const char *login_url(struct arena *a, const struct conf_system *s, const struct login *l);

/* DONE comes out of http_poll, ERR NULL: the tokens are kept. ERR is of SYSTEM: LATER, the endpoint
 * is out of order; NEVER, it refuses the code. No secrets in it. */
typedef void login_done(void *user, const struct err *err);
/* CODE and L live until then. P makes no other call meanwhile. */
void provider_log_in(struct provider *p, const struct login *l, const char *code, login_done *done,
                     void *user);

#endif
