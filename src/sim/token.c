#include <config.h>

#include "sim/token.h"
#include "base/mem.h"
#include "sim/proof.h"
#include "sim/sim.h"
#include "sim/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIFE_MS = 3600 * 1000 };

/* ---- the client ---- */

static bool
is_client(const struct tokens *t, const char *id, const char *secret)
{
    CLEANUP_FREE char *both = NULL;

    if (id == NULL)
        return false;
    both = secret != NULL && *secret != '\0' ? mem_printf("%s:%s", id, secret) : mem_text(id);
    return strcmp(both, t->client) == 0;
}

static bool
client_ok(const struct tokens *t, const struct call *call, const struct params *p)
{
    CLEANUP_FREE char *user = NULL, *password = NULL;
    CLEANUP_FREE char *id = NULL, *secret = NULL;

    if (!proof_basic(call->authorization, &user, &password))
        return is_client(t, params_get(p, "client_id"), params_get(p, "client_secret"));
    id = params_decode(user, strlen(user), true);
    secret = params_decode(password, strlen(password), true);
    return is_client(t, id, secret);
}

/* ---- answers ---- */

static void
refuse(struct sim *s, struct reply *reply, int status, const char *error, const char *echo)
{
    bool says = quirk_on(&s->store.quirks, QUIRK_ECHO_SECRETS) && echo != NULL;
    CLEANUP_FREE char *text = says ? mem_printf("%s is not good", echo) : mem_text("not good");

    s->tokens.state.refused++;
    reply->status = status;
    reply->value = json_pack("{s:s,s:s}", "error", error, "error_description", text);
}

static void
make_text(struct sim *s, const char *kind, char out[TOKEN_TEXT])
{
    snprintf(out, TOKEN_TEXT, "%s-token-%.40s-%lld", kind, s->account, ++s->tokens.state.made);
}

static const char *
make_access(struct sim *s, int64_t *life)
{
    const struct quirks *q = &s->store.quirks;
    struct token_state *t = &s->tokens.state;
    struct token_live *live = &t->live[t->granted++ % TOKEN_LIVE];

    *life = quirk_on(q, QUIRK_TOKEN_MS) ? quirk_number(q, QUIRK_TOKEN_MS) : LIFE_MS;
    make_text(s, "access", live->text);
    live->until = timeline_now(&s->store.time) + *life;
    live->calls = quirk_on(q, QUIRK_TOKEN_CALLS) ? quirk_number(q, QUIRK_TOKEN_CALLS) : -1;
    return live->text;
}

/* The answer of RFC 6749 5.1. */
static void
grant(struct sim *s, struct reply *reply, const char *refresh)
{
    const struct quirks *q = &s->store.quirks;
    int64_t life;
    const char *access = make_access(s, &life);

    reply->status = 200;
    reply->value = json_pack("{s:s,s:s}", "access_token", access, "token_type", "Bearer");
    if (!quirk_on(q, QUIRK_TOKEN_NO_EXPIRES))
        json_object_set_new(reply->value, "expires_in", json_integer((life + 999) / 1000));
    if (refresh != NULL)
        json_object_set_new(reply->value, "refresh_token", json_string(refresh));
}

/* ---- the grants ---- */

static void
by_refresh(struct sim *s, const struct params *p, struct reply *reply)
{
    const struct quirks *q = &s->store.quirks;
    struct token_state *t = &s->tokens.state;
    const char *given = params_get(p, "refresh_token");
    bool newest = given != NULL && *given != '\0' && strcmp(given, t->refresh) == 0;
    bool before = given != NULL && *given != '\0' && strcmp(given, t->before) == 0;

    if (!newest && !before) {
        refuse(s, reply, 400, "invalid_grant", given);
        return;
    }
    if (!quirk_on(q, QUIRK_TOKEN_ROTATE)) {
        grant(s, reply, NULL);
        return;
    }
    if (newest) /* else that one was never seen, and the next takes its place */
        snprintf(t->before, TOKEN_TEXT, "%s", quirk_on(q, QUIRK_TOKEN_GRACE) ? t->refresh : "");
    make_text(s, "refresh", t->refresh);
    grant(s, reply, t->refresh);
}

static void
by_code(struct sim *s, const struct params *p, struct reply *reply)
{
    struct token_state *t = &s->tokens.state;
    const char *code = params_get(p, "code"), *verifier = params_get(p, "code_verifier"),
               *redirect = params_get(p, "redirect_uri");
    bool good = code != NULL && verifier != NULL && redirect != NULL && t->code[0] != '\0' &&
                strcmp(code, t->code) == 0 && strcmp(redirect, t->redirect) == 0 &&
                proof_pkce(verifier, t->challenge);

    t->code[0] = '\0'; /* once */
    if (!good) {
        refuse(s, reply, 400, "invalid_grant", code);
        return;
    }
    make_text(s, "refresh", t->refresh);
    t->before[0] = '\0';
    grant(s, reply, t->refresh);
}

static bool
is_text(const json_t *v, const char *want)
{
    return json_is_string(v) && strcmp(json_string_value(v), want) == 0;
}

static void
by_assertion(struct sim *s, const char *jws, struct reply *reply)
{
    const char *client = s->tokens.client;
    int64_t now = timeline_now(&s->store.time) / 1000;
    json_t *claims = jws != NULL && s->tokens.key != NULL ? proof_claims(jws, s->tokens.key) : NULL;
    const char *aud = json_string_value(json_object_get(claims, "aud"));
    CLEANUP_FREE char *id = mem_printf("%.*s", (int)strcspn(client, ":"), client);
    bool good = is_text(json_object_get(claims, "iss"), id) && aud != NULL &&
                strstr(aud, "/oauth/token") != NULL &&
                json_integer_value(json_object_get(claims, "exp")) > now &&
                json_integer_value(json_object_get(claims, "exp")) <= now + 300 &&
                json_integer_value(json_object_get(claims, "iat")) <= now;

    json_decref(claims);
    if (good)
        grant(s, reply, NULL);
    else
        refuse(s, reply, 400, "invalid_grant", jws);
}

static void
by_type(struct sim *s, struct call *call, const struct params *p, struct reply *reply)
{
    const char *type = params_get(p, "grant_type");

    if (type != NULL && strcmp(type, "urn:ietf:params:oauth:grant-type:jwt-bearer") == 0)
        by_assertion(s, params_get(p, "assertion"), reply);
    else if (!client_ok(&s->tokens, call, p))
        refuse(s, reply, 401, "invalid_client", params_get(p, "client_secret"));
    else if (type != NULL && strcmp(type, "refresh_token") == 0)
        by_refresh(s, p, reply);
    else if (type != NULL && strcmp(type, "authorization_code") == 0)
        by_code(s, p, reply);
    else if (type != NULL && strcmp(type, "client_credentials") == 0)
        grant(s, reply, NULL);
    else
        refuse(s, reply, 400, "unsupported_grant_type", NULL);
}

static void
token(struct sim *s, struct call *call, struct reply *reply)
{
    struct params p = {NULL, 0};

    if (call->content_type == NULL ||
        strncmp(call->content_type, "application/x-www-form-urlencoded", 33) != 0 ||
        params_parse(&p, buf_get(&call->body), call->body.len) != 0)
        refuse(s, reply, 400, "invalid_request", NULL);
    else
        by_type(s, call, &p, reply);
    params_release(&p);
}

/* {"user": ID, "password": SECRET} -> {"session": {"token", "url", "ttl"}} */
static void
login(struct sim *s, struct call *call, struct reply *reply)
{
    json_t *body = wire_object(call, reply);
    const char *access;
    int64_t life;

    if (body == NULL)
        return;
    if (!is_client(&s->tokens, json_string_value(json_object_get(body, "user")),
                   json_string_value(json_object_get(body, "password")))) {
        refuse(s, reply, 403, "no_such_user", json_string_value(json_object_get(body, "password")));
    } else {
        access = make_access(s, &life);
        reply->status = 200;
        reply->value = json_pack("{s:{s:s,s:s?,s:I}}", "session", "token", access, "url",
                                 s->tokens.where, "ttl", (json_int_t)(life / 1000));
    }
    json_decref(body);
}

/* As if a person had said yes. */
static void
authorize(struct sim *s, struct call *call, struct reply *reply)
{
    struct token_state *t = &s->tokens.state;
    const struct params *p = &call->params;
    const char *redirect = params_get(p, "redirect_uri"), *state = params_get(p, "state"),
               *challenge = params_get(p, "code_challenge"),
               *method = params_get(p, "code_challenge_method"), *id = params_get(p, "client_id");
    CLEANUP_FREE char *client =
        mem_printf("%.*s", (int)strcspn(s->tokens.client, ":"), s->tokens.client);
    CLEANUP_BUF struct buf escaped = BUF_INIT;

    if (redirect == NULL || strlen(redirect) >= sizeof t->redirect || state == NULL ||
        challenge == NULL || strlen(challenge) >= TOKEN_TEXT || method == NULL ||
        strcmp(method, "S256") != 0 || id == NULL || strcmp(id, client) != 0) {
        refuse(s, reply, 400, "invalid_request", NULL);
        return;
    }
    params_encode(&escaped, state);
    reply->status = 302;
    if (quirk_on(&s->store.quirks, QUIRK_TOKEN_DENY)) {
        reply->location =
            mem_printf("%s?error=access_denied&state=%s", redirect, buf_get(&escaped));
        return;
    }
    make_text(s, "code", t->code);
    snprintf(t->challenge, TOKEN_TEXT, "%s", challenge);
    snprintf(t->redirect, sizeof t->redirect, "%s", redirect);
    reply->location = mem_printf("%s?code=%s&state=%s", redirect, t->code, buf_get(&escaped));
}

bool
token_answer(struct sim *s, struct call *call, struct reply *reply)
{
    struct quirks *q = &s->store.quirks;
    const char *name = call->nsegments == 2 ? call->segments[1] : "";
    bool post = strcmp(call->method, "POST") == 0;

    if (s->tokens.client == NULL || call->nsegments < 1 || strcmp(call->segments[0], "oauth") != 0)
        return false;
    if (quirk_on(q, QUIRK_TOKEN_DOWN))
        reply_error(reply, 503, "unavailable", "no tokens today");
    else if (post && strcmp(name, "token") == 0)
        token(s, call, reply);
    else if (post && strcmp(name, "login") == 0)
        login(s, call, reply);
    else if (!post && strcmp(name, "authorize") == 0)
        authorize(s, call, reply);
    else
        reply_error(reply, 404, "unknown_path", "no such path");
    reply->delay_ms = (long)quirk_number(q, QUIRK_TOKEN_SLOW_MS);
    reply->drop = reply->status == 200 && quirk_consume(q, QUIRK_TOKEN_DROP);
    reply_finish(reply, NULL);
    return true;
}

bool
token_is_good(struct sim *s, const char *text)
{
    int64_t now = timeline_now(&s->store.time);

    for (size_t i = 0; i < TOKEN_LIVE; i++) {
        struct token_live *live = &s->tokens.state.live[i];

        if (live->text[0] == '\0' || strcmp(live->text, text) != 0)
            continue;
        if (live->until <= now || live->calls == 0)
            break;
        live->calls -= live->calls > 0;
        return true;
    }
    s->tokens.state.unauthorized++;
    return false;
}

json_t *
token_counters(const struct sim *s)
{
    const struct token_state *t = &s->tokens.state;

    return json_pack("{s:I,s:I,s:I}", "granted", (json_int_t)t->granted, "refused",
                     (json_int_t)t->refused, "unauthorized", (json_int_t)t->unauthorized);
}

void
token_release(struct tokens *t)
{
    free(t->client);
    free(t->key);
    free(t->where);
}
