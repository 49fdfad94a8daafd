#ifndef SIM_TOKEN_H
#define SIM_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "sim/call.h"
#include "sim/reply.h"

struct sim;

/*
 * The token endpoint: POST /oauth/token (refresh_token, client_credentials, authorization_code with
 * PKCE, a JWT assertion), GET /oauth/authorize, and POST /oauth/login, a login of this system's own
 * making whose answer says where the API is. With the bad habits of real ones (quirks token-...).
 */
enum { TOKEN_TEXT = 80, TOKEN_LIVE = 64 };

struct token_live {
    char text[TOKEN_TEXT];
    int64_t until;
    long long calls; /* still to be made with it; -1: any number */
};

/* What changes; a plain value. */
struct token_state {
    struct token_live live[TOKEN_LIVE]; /* the newest, in turn */
    char refresh[TOKEN_TEXT];           /* "": none */
    char before[TOKEN_TEXT];            /* token-grace: good until the newer one is used */
    char code[TOKEN_TEXT];
    char challenge[TOKEN_TEXT];
    char redirect[256];
    long long made; /* tokens and codes, ever */
    long long granted, refused, unauthorized;
};

struct tokens {
    char *client; /* owned, as all; "ID:SECRET" or "ID"; NULL: there is no endpoint */
    char *key;    /* PEM of who may sign assertions */
    char *where;  /* what the login says the API's address is */
    struct token_state state;
};

/* Is the call one for the endpoint? Answers it then. */
bool token_answer(struct sim *s, struct call *call, struct reply *reply);
/* Is TEXT an access token that may make a call now? Counts it. */
bool token_is_good(struct sim *s, const char *text);
json_t *token_counters(const struct sim *s);
void token_release(struct tokens *t);

#endif
