#include <config.h>

#include "scratch.h"

#include "good.h"

#include "crypto/digest.h"

/* The second system's auth, and the definition that it is of. */
static const char place[] = "{type: basic, user: me, password: \"${env:LOOPLESS_TEST_TOKEN}\"}";

static const char definition[] =
    "definition: 1\n"
    "name: mine\n"
    "auth: [bearer, basic, header, query, oauth2_refresh, client_credentials, jwt, two_step]\n"
    "token:\n"
    "  url: https://login.example.com/{account}/token\n"
    "resources:\n"
    "  crm/contacts:\n"
    "    id: id\n"
    "    fields: {first_name: first_name, email: email, notes: notes, status: status}\n"
    "    get: {method: GET, path: \"/contacts/{id}\"}\n"
    "    find: {method: GET, path: /contacts, query: {\"{key}\": \"{value}\"}, records: items, "
    "by: [email]}\n"
    "    create: {method: POST, path: /contacts}\n"
    "    update: {method: PATCH, path: \"/contacts/{id}\"}\n"
    "    list: {method: GET, path: /contacts, records: items}\n";

struct fixture {
    struct scratch s;
    struct faults *f;
    struct conf *c;
};

/* Loads the config with AUTH, by the definition with the key TOKEN (NULL: as above). */
static void
begin(struct fixture *x, const char *auth, const char *token)
{
    char *def =
        token == NULL
            ? mem_text(definition)
            : scratch_edit(definition, "token:\n  url: https://login.example.com/{account}/token\n",
                           token);
    char *one = scratch_edit(good, place, auth);
    char *text =
        scratch_edit(one, "right:\n    provider: rest", "right:\n    provider: ./mine.yaml");

    crypto_start();
    x->s = scratch_new();
    x->f = faults_new();
    free(scratch_write(&x->s, "mine.yaml", def, -1));
    x->c = load(&x->s, text, x->f);
    free(def);
    free(one);
    free(text);
}

static void
end(struct fixture *x)
{
    if (x->c != NULL)
        conf_free(x->c);
    faults_free(x->f);
    scratch_free(&x->s);
}

static const struct auth *
auth_of(struct fixture *x)
{
    ck_assert_msg(x->c != NULL, "%s", faults_get(x->f, 0));
    return &x->c->systems[1].auth;
}

START_TEST(reads_all_forms_of_basic)
{
    struct fixture x;

    begin(&x, "{type: basic, user: me@x.example/token, password: \"${env:LOOPLESS_TEST_TOKEN}\"}",
          NULL);
    ck_assert_str_eq(auth_of(&x)->user, "me@x.example/token");
    ck_assert_str_eq(auth_of(&x)->password, "hush");
    ck_assert(!auth_of(&x)->user_is_secret);
    end(&x);
    begin(&x, "{type: basic, user: \"${env:LOOPLESS_TEST_TOKEN}\"}", NULL);
    ck_assert_str_eq(auth_of(&x)->user, "hush");
    ck_assert_ptr_null(auth_of(&x)->password);
    ck_assert(auth_of(&x)->user_is_secret);
    end(&x);
    begin(&x, "{type: basic, user: \"${env:LOOPLESS_TEST_TOKEN}\", password: \"\"}", NULL);
    ck_assert_ptr_null(auth_of(&x)->password);
    end(&x);
    begin(&x, "{type: basic, user: \"${env:LOOPLESS_TEST_TOKEN}\", password: x}", NULL);
    ck_assert_str_eq(auth_of(&x)->password, "x");
    end(&x);
}
END_TEST

START_TEST(reads_credentials_of_every_kind)
{
    struct fixture x;

    begin(&x, "{type: query, name: api_key, token: \"${env:LOOPLESS_TEST_TOKEN}\"}", NULL);
    ck_assert_int_eq(auth_of(&x)->kind, AUTH_QUERY);
    ck_assert_str_eq(auth_of(&x)->parameter, "api_key");
    ck_assert_str_eq(auth_of(&x)->token, "hush");
    end(&x);
    begin(&x,
          "{type: oauth2_refresh, client_id: app, client_secret: \"${env:LOOPLESS_TEST_TOKEN}\", "
          "scope: a b, redirect_url: \"http://localhost:8912/back\"}",
          NULL);
    ck_assert_int_eq(auth_of(&x)->kind, AUTH_OAUTH2_REFRESH);
    ck_assert_str_eq(auth_of(&x)->client_id, "app");
    ck_assert_str_eq(auth_of(&x)->client_secret, "hush");
    ck_assert_ptr_null(auth_of(&x)->refresh_token);
    ck_assert_str_eq(auth_of(&x)->scope, "a b");
    ck_assert_str_eq(auth_of(&x)->redirect_url, "http://localhost:8912/back");
    end(&x);
    begin(&x,
          "{type: client_credentials, client_id: \"${env:LOOPLESS_TEST_TOKEN}\", client_secret: "
          "\"${env:LOOPLESS_TEST_TOKEN}\"}",
          NULL);
    ck_assert_int_eq(auth_of(&x)->kind, AUTH_CLIENT_CREDENTIALS);
    ck_assert_str_eq(auth_of(&x)->client_id, "hush");
    end(&x);
    begin(&x, "{type: two_step, api_key: \"${env:LOOPLESS_TEST_TOKEN}\", region: eu}", NULL);
    ck_assert_int_eq(auth_of(&x)->kind, AUTH_TWO_STEP);
    ck_assert_uint_eq(auth_of(&x)->n_values, 2);
    ck_assert_str_eq(auth_of(&x)->values[0].name, "api_key");
    ck_assert_str_eq(auth_of(&x)->values[0].value, "hush");
    ck_assert_str_eq(auth_of(&x)->values[1].value, "eu");
    end(&x);
}
END_TEST

static void
check_fault(const char *auth, const char *token, const char *want)
{
    struct fixture x;

    begin(&x, auth, token);
    ck_assert_msg(x.c == NULL, "accepted: %s", auth);
    ck_assert_uint_gt(faults_count(x.f), 0);
    ck_assert_msg(strstr(faults_get(x.f, 0), want) != NULL, "%s\n gave: %s\n want: %s", auth,
                  faults_get(x.f, 0), want);
    ck_assert_msg(faults_count(x.f) == 1, "more than one fault: %s", faults_get(x.f, 1));
    end(&x);
}

START_TEST(names_what_is_wrong_with_credentials)
{
    check_fault("{type: basic, user: me}", NULL, ":13:11: missing key 'password'");
    check_fault("{type: basic, user: me, password: plain}", NULL,
                ": password: secrets only by ${env:NAME} or ${file:PATH}");
    check_fault("{type: basic, user: \"a:b\", password: \"${env:LOOPLESS_TEST_TOKEN}\"}", NULL,
                ": user: a user of basic auth has no colon in it");
    check_fault("{type: query, token: \"${env:LOOPLESS_TEST_TOKEN}\"}", NULL,
                ": missing key 'name'");
    check_fault("{type: oauth2_refresh}", NULL, ": missing key 'client_id'");
    check_fault("{type: oauth2_refresh, client_id: a, client_secret: s}", NULL,
                ": client_secret: secrets only by");
    check_fault("{type: oauth2_refresh, client_id: a, redirect_url: \"http://x.example/y\"}", NULL,
                ": redirect_url: must be http:// on this host");
    check_fault("{type: client_credentials, client_id: a}", NULL, ": missing key 'client_secret'");
    check_fault("{type: jwt, issuer: a, key: \"${env:LOOPLESS_TEST_TOKEN}\"}", NULL,
                ": key: not a private key in PEM (BEGIN PRIVATE KEY)");
    check_fault("{type: jwt, issuer: a, key: x}", NULL, ": key: secrets only by");
    check_fault("{type: two_step}", NULL, ": two_step wants the values of its login");
    check_fault("{type: two_step, key: \"${env:LOOPLESS_TEST_TOKEN}\"}", "",
                ": mine does not say where access tokens come from (its `token`)");
}
END_TEST

/* A definition's own faults are of its file. */
START_TEST(names_what_is_wrong_with_a_token_endpoint)
{
    static const char auth[] = "{type: two_step, key: \"${env:LOOPLESS_TEST_TOKEN}\"}";

    check_fault(auth, "token: {}\n", "mine.yaml:4:8: missing key 'url'");
    check_fault(auth, "token: {url: \"http://login.example.com/x\"}\n",
                ": url: plain http sends the secret readable to all on the way");
    check_fault(auth, "token: {url: \"https://me:you@login.example.com/x\"}\n",
                ": url must hold no user or password");
    check_fault(auth, "token: {url: /t, body: xml}\n", ":4:24: body must be one of: form, json");
    check_fault(auth, "token: {url: /t, expires: 1}\n",
                ": unknown key 'expires' (did you mean expires_in?)");
}
END_TEST

START_TEST(fills_in_what_the_standard_says)
{
    struct fixture x;
    const struct token_def *t;

    begin(&x, "{type: two_step, key: \"${env:LOOPLESS_TEST_TOKEN}\"}",
          "token: {url: /login, body: json, client: basic, params: {a: \"{key}\"}, access_token: "
          "session.token, instance_url: session.url, early: 5s, header: X-Token}\n");
    auth_of(&x);
    t = &x.c->systems[1].definition->token;
    ck_assert(t->present);
    ck_assert_str_eq(t->method, "POST");
    ck_assert_int_eq(t->body, TOKEN_JSON);
    ck_assert_int_eq(t->client, TOKEN_CLIENT_BASIC);
    ck_assert_uint_eq(t->n_params, 1);
    ck_assert_str_eq(t->params[0].value, "{key}");
    ck_assert_str_eq(t->access_token, "session.token");
    ck_assert_str_eq(t->refresh_token, "refresh_token");
    ck_assert_str_eq(t->expires_in, "expires_in");
    ck_assert_ptr_null(t->expires_at);
    ck_assert_str_eq(t->instance_url, "session.url");
    ck_assert_str_eq(t->header, "X-Token");
    ck_assert_int_eq(t->early_ms, 5000);
    end(&x);
}
END_TEST

/* What is kept under another grant is not used: so it must not move for less. */
START_TEST(a_grant_is_what_a_token_was_got_with)
{
    static const char one[] = "{type: oauth2_refresh, client_id: a, refresh_token: "
                              "\"${env:LOOPLESS_TEST_TOKEN}\"}";
    static const char other_secret[] =
        "{type: oauth2_refresh, client_id: a, client_secret: \"${env:LOOPLESS_TEST_TOKEN}\", "
        "refresh_token: \"${env:LOOPLESS_TEST_TOKEN}\"}";
    static const char other_token[] = "{type: oauth2_refresh, client_id: a, refresh_token: "
                                      "\"x${env:LOOPLESS_TEST_TOKEN}\"}";
    struct fixture x;
    char grant[65];

    begin(&x, one, NULL);
    memcpy(grant, auth_of(&x)->grant, sizeof grant);
    ck_assert_uint_eq(strlen(grant), 64);
    end(&x);
    begin(&x, other_secret, NULL);
    ck_assert_str_eq(auth_of(&x)->grant, grant);
    end(&x);
    begin(&x, other_token, NULL);
    ck_assert_str_ne(auth_of(&x)->grant, grant);
    end(&x);
}
END_TEST

UNIT_MAIN("config/auth", reads_all_forms_of_basic, reads_credentials_of_every_kind,
          names_what_is_wrong_with_credentials, names_what_is_wrong_with_a_token_endpoint,
          fills_in_what_the_standard_says, a_grant_is_what_a_token_was_got_with)
