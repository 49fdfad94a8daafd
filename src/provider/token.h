#ifndef PROVIDER_TOKEN_H
#define PROVIDER_TOKEN_H

#include <stdbool.h>

#include "config/token.h"
#include "provider/grant.h"

struct call;
struct provider;
struct token;

/*
 * Private to src/provider: the access token of a system whose auth is dynamic (config/auth.h), kept
 * for all processes by a struct token_store.
 *
 * A new one is asked for when there is none, shortly before the old one ends, and when a call
 * is answered 401. Over all processes one asks at a time; the others wait for what it keeps. What
 * the endpoint gave is kept before it is used: a refresh token that was replaced by another is
 * worth nothing. Between its answer and that commit nothing is done; a process killed right there
 * loses a rotated refresh token, and nobody can undo that.
 *
 * What is kept is looked at twice a second, so that what a person makes us forget is used no more.
 * A request to the endpoint is one of the account's: it waits for its limits and is counted.
 *
 * Out of order = calls end NOT_SENT ("no-token"), and nobody asks again for a while; refused =
 * AUTH ("login", "credentials").
 */
struct token *token_new(struct provider *p);
/* Where it is kept; NULL: nowhere. Before the first call. Borrowed. */
void token_keep_in(struct token *t, const struct token_store *store);

/* Is there one that may be used? Looks at what is kept. */
bool token_is_ready(struct token *t);
/* C goes on by call_go when there is one, or ends by call_stop; also at once. */
void token_wait(struct token *t, struct call *c);
/*
 * C was answered 401: is it worth another try, which waits for a new token? Not if that one was got
 * just now and never worked, and not for ever.
 */
bool token_refused(struct token *t, struct call *c);
/* C was answered otherwise: its token is taken. */
void token_taken(struct token *t, const struct call *c);

const char *token_text(const struct token *t); /* NULL: none */
/* Where the API is; looks at what is kept. Until the next token. */
const char *token_base_url(struct token *t);

/*
 * Asks for the first one by a login's code; DONE out of http_poll, ERR NULL if it is kept. No call
 * may be under way.
 */
typedef void token_done(void *user, const struct err *err);
void token_log_in(struct token *t, const struct grant_code *code, token_done *done, void *user);

void token_free(struct token *t); /* NULL is fine */

#endif
