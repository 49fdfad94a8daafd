#ifndef CONFIG_AUTH_H
#define CONFIG_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Credentials: what a definition says of how they are used (PROVIDERS.md 8.7), and those that a
 * config gives. Kinds from OAUTH2_REFRESH on get short-lived access tokens at a token endpoint
 * (RFC 6749, 7523), which the definition describes under `token`. Process lifetime.
 */
enum auth_kind {
    AUTH_NONE,
    AUTH_BEARER,
    AUTH_BASIC,
    AUTH_HEADER,
    AUTH_QUERY,
    AUTH_OAUTH2_REFRESH,     /* a refresh token, perhaps a new one at each use */
    AUTH_CLIENT_CREDENTIALS, /* id and secret of a client */
    AUTH_JWT,                /* an assertion signed with a private key (RS256) */
    AUTH_TWO_STEP            /* a login of the provider's own making */
};
enum { AUTH_KINDS = AUTH_TWO_STEP + 1 };

/* A value with a name, for the token endpoint. */
struct auth_value {
    char *name;
    char *value;
};

/* The system's `auth`. With no_secrets every secret is NULL. */
struct auth {
    enum auth_kind kind; /* no `auth:` is NONE, if the definition takes that */
    char *token;         /* BEARER; HEADER, QUERY: the value */
    char *user;          /* BASIC; a secret where it is a reference ("key:") */
    char *password;      /* BASIC; NULL is empty */
    bool user_is_secret;
    char *header;           /* HEADER: its name */
    char *parameter;        /* QUERY: its name */
    char *client_id;        /* OAUTH2_REFRESH, CLIENT_CREDENTIALS */
    char *client_secret;    /* the same; NULL with OAUTH2_REFRESH: a public client */
    char *refresh_token;    /* OAUTH2_REFRESH; NULL: by `sync-ctl auth SYSTEM --login` */
    char *redirect_url;     /* OAUTH2_REFRESH: of the login, on this host; NULL: any free port */
    char *scope;            /* NULL: the endpoint's default */
    char *issuer;           /* JWT, as the next; NULL: no such claim */
    char *subject;
    char *audience;
    char *key_id;
    char *key;                 /* PEM */
    struct auth_value *values; /* TWO_STEP: all secret */
    size_t n_values;
    /* Digest of what a token is asked with: one that is kept under another is not used any more. */
    char grant[65];
};

/* Does KIND get its tokens at an endpoint? */
bool auth_is_dynamic(enum auth_kind kind);
/* "oauth2_refresh" */
const char *auth_kind_name(enum auth_kind kind);

enum token_body { TOKEN_FORM, TOKEN_JSON };
enum token_client {
    TOKEN_CLIENT_BODY,  /* client_id and client_secret stand in the body */
    TOKEN_CLIENT_BASIC, /* ... or in Authorization: Basic (RFC 6749 2.3.1) */
    TOKEN_CLIENT_BEARER /* JWT: the assertion itself is the bearer */
};

/* The definition's `token`. */
struct token_def {
    bool present;
    char *method;
    char *url;           /* absolute, or a path below base_url; {account} {base_url} {NAME} */
    char *authorize_url; /* the same; NULL: there is no login */
    enum token_body body;
    enum token_client client;
    struct auth_value *params; /* more for the body; values may hold {account} {scope} {client_id}
                                  {client_secret}, of a two_step also its names */
    size_t n_params;
    struct auth_value *headers; /* more headers of the request, the same */
    size_t n_headers;
    struct auth_value *authorize_params; /* more for the query of authorize_url */
    size_t n_authorize_params;
    char *access_token; /* paths in the answer; by default RFC 6749's names */
    char *refresh_token;
    char *expires_in;   /* seconds */
    char *expires_at;   /* RFC 3339, or seconds since 1970; NULL: it says none */
    char *instance_url; /* NULL: base_url stays */
    char *header;       /* that carries the access token; NULL: Authorization: Bearer */
    int64_t early_ms;   /* so long before its end a token is not used any more */
};

#endif
