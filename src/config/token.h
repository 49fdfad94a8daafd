#ifndef CONFIG_TOKEN_H
#define CONFIG_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/*
 * An access token and what belongs to it, and where it is kept: the seam between src/provider,
 * which gets tokens, and src/store, which keeps them for all processes.
 */
struct token_kept {
    const char *access;       /* NULL: only a refresh token is known */
    const char *refresh;      /* NULL: none */
    const char *instance_url; /* NULL: base_url of the config */
    const char *scope;        /* as granted; NULL: the endpoint does not say */
    const char *grant;        /* struct auth's, when it was got */
    int64_t expires_at;       /* 0: it does not say */
    int64_t got_at;
    int64_t generation; /* counts the changes; 0: nothing is kept */
};

struct token_store {
    void *user;
    bool keeps; /* false: write does nothing (-n, or there is no state) */
    /* 1, 0 nothing is kept (OUT zeroed), -1. Texts in A. */
    int (*read)(void *user, struct arena *a, const char *system, const char *account,
                struct token_kept *out, struct err *err);
    /*
     * Replaces what is kept, if that is of GENERATION still, durably: 1, 0 somebody else has
     * replaced it (nothing is changed), -1.
     */
    int (*write)(void *user, const char *system, const char *account, const struct token_kept *t,
                 int64_t generation, struct err *err);
    /* Only one process at a time asks for a token: 1 it may (or goes on to), 0 another one does,
     * -1. Ends with the process, and 30 s after the last such call. */
    int (*lock)(void *user, const char *system, const char *account, struct err *err);
    void (*unlock)(void *user, const char *system, const char *account);
};

#endif
