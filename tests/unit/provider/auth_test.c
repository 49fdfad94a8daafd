#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "base/mem.h"

#include "../unit.h"

#include <string.h>

static char secret[] = "t0k/en";

/* A request of a system with AUTH as it goes out. */
struct sent {
    struct fixture f;
    struct call *c;
    struct http_request r;
};

static void
begin(struct sent *x, const struct auth *auth, const char *url)
{
    static struct http_header headers[] = {{"Accept", "x/y"},
                                           {"authorization", "of the definition"}};

    fixture_init(&x->f);
    x->f.s.auth = *auth;
    fixture_start_dead(&x->f);
    x->c = call_new(x->f.p, CALL_GET, &x->f.r, &x->f.r.get, fixture_keep, &x->f);
    x->r = (struct http_request){.url = url, .headers = headers, .n_headers = 2};
    auth_apply(x->c, &x->r);
}

static const char *
header(const struct sent *x, const char *name)
{
    for (size_t i = 0; i < x->r.n_headers; i++) {
        if (strcasecmp(x->r.headers[i].name, name) == 0)
            return x->r.headers[i].value;
    }
    return NULL;
}

static void
end(struct sent *x)
{
    fixture_release(&x->f);
}

static void
check_header(const struct auth *auth, const char *name, const char *value, const char *hidden)
{
    struct sent x;
    struct http_header h;

    begin(&x, auth, "https://h/x");
    ck_assert_str_eq(header(&x, name), value);
    ck_assert_str_eq(header(&x, "Accept"), "x/y");
    ck_assert_str_eq(x.r.url, "https://h/x");
    ck_assert(auth_header_hidden(&x.f.s, &h));
    ck_assert_str_eq(h.name, name);
    ck_assert_str_eq(h.value, hidden);
    end(&x);
}

START_TEST(each_kind_has_its_header)
{
    struct auth bearer = {.kind = AUTH_BEARER, .token = secret};
    struct auth basic = {
        .kind = AUTH_BASIC, .user = (char *)"Aladdin", .password = (char *)"open sesame"};
    struct auth header_auth = {.kind = AUTH_HEADER, .token = secret, .header = (char *)"X-Api-Key"};
    struct auth none = {0};
    struct sent x;
    struct http_header h;

    check_header(&bearer, "Authorization", "Bearer t0k/en", "Bearer [secret]");
    check_header(&basic, "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic [secret]");
    check_header(&header_auth, "X-Api-Key", "t0k/en", "[secret]");
    begin(&x, &none, "https://h/x");
    ck_assert_str_eq(header(&x, "Authorization"), "of the definition");
    ck_assert(!auth_header_hidden(&x.f.s, &h));
    end(&x);
}
END_TEST

/* RFC 7617; "me@x/token:KEY" and "KEY:" are what some providers make of it. */
START_TEST(basic_in_all_its_forms)
{
    struct auth token = {
        .kind = AUTH_BASIC, .user = (char *)"me@x.example/token", .password = (char *)"key"};
    struct auth key = {.kind = AUTH_BASIC, .user = (char *)"key", .user_is_secret = true};

    check_header(&token, "Authorization",
                 "Basic bWVAeC5leGFtcGxlL3Rva2VuOmtleQ==", "Basic [secret]");
    check_header(&key, "Authorization", "Basic a2V5Og==", "Basic [secret]");
}
END_TEST

static void
check_url(const char *url, const char *sent, const char *hidden, const char *without)
{
    struct auth query = {.kind = AUTH_QUERY, .token = secret, .parameter = (char *)"api_key"};
    struct sent x;
    struct http_header h;

    begin(&x, &query, url);
    ck_assert_str_eq(x.r.url, sent);
    ck_assert_str_eq(auth_url_hidden(x.f.arena, &x.f.s, url), hidden);
    ck_assert_str_eq(auth_url_without(x.f.arena, &x.f.s, sent), without);
    ck_assert(!auth_header_hidden(&x.f.s, &h));
    end(&x);
}

START_TEST(a_key_in_the_query_is_hidden_and_taken_out_again)
{
    check_url("https://h/x", "https://h/x?api_key=t0k%2Fen", "https://h/x?api_key=[secret]",
              "https://h/x");
    check_url("https://h/x?a=1", "https://h/x?a=1&api_key=t0k%2Fen",
              "https://h/x?a=1&api_key=[secret]", "https://h/x?a=1");
    check_url("https://h/x?api_key=old&b=2", "https://h/x?b=2&api_key=t0k%2Fen",
              "https://h/x?b=2&api_key=[secret]", "https://h/x?b=2");
    check_url("https://h/x?api_key2=1", "https://h/x?api_key2=1&api_key=t0k%2Fen",
              "https://h/x?api_key2=1&api_key=[secret]", "https://h/x?api_key2=1");
}
END_TEST

static void
check_hidden(const struct auth *auth, const char *text, const char *hidden)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct secrets s;

    secrets_init(&s, auth);
    ck_assert_str_eq(secrets_hide(&s, a, text, strlen(text)), hidden);
    secrets_release(&s);
}

START_TEST(secrets_are_hidden_in_every_form)
{
    struct auth bearer = {.kind = AUTH_BEARER, .token = (char *)"a/b\"c"};
    struct auth basic = {
        .kind = AUTH_BASIC, .user = (char *)"Aladdin", .password = (char *)"open sesame"};
    struct auth key = {.kind = AUTH_BASIC,
                       .user = (char *)"Aladdin",
                       .password = (char *)"x",
                       .user_is_secret = true};
    struct auth client = {.kind = AUTH_CLIENT_CREDENTIALS,
                          .client_id = (char *)"app",
                          .client_secret = (char *)"s3cret"};
    struct auth none = {0};

    check_hidden(&bearer, "x a/b\"c y a/b\\\"c z a\\/b\\\"c q a%2Fb%22c",
                 "x [secret] y [secret] z [secret] q [secret]");
    check_hidden(&basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== open sesame Aladdin",
                 "Basic [secret] [secret] Aladdin");
    check_hidden(&key, "Aladdin x", "[secret] x");
    check_hidden(&client, "app s3cret YXBwOnMzY3JldA==", "app [secret] [secret]");
    check_hidden(&none, "nothing", "nothing");
}
END_TEST

START_TEST(secrets_are_hidden_as_pages_and_urls_write_them)
{
    struct auth bearer = {.kind = AUTH_BEARER, .token = (char *)"a/<b>&'\"c"};

    check_hidden(&bearer, "a/&lt;b&gt;&amp;&#39;&quot;c a/&lt;b&gt;&amp;'\"c", "[secret] [secret]");
    check_hidden(&bearer, "a%2F%3Cb%3E%26%27%22c a%2f%3cb%3e%26%27%22c", "[secret] [secret]");
}
END_TEST

START_TEST(a_token_is_hidden_without_its_scheme_too)
{
    struct auth token = {.kind = AUTH_HEADER, .token = (char *)"Token 12345678"};
    struct auth word = {.kind = AUTH_HEADER, .token = (char *)"12345678 beta"};

    check_hidden(&token, "12345678 of Token 12345678, Token 1", "[secret] of [secret], Token 1");
    check_hidden(&word, "12345678 beta; beta", "[secret]; beta");
}
END_TEST

START_TEST(new_secrets_are_hidden_too_and_the_oldest_of_many_go)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct auth bearer = {.kind = AUTH_BEARER, .token = (char *)"first"};
    struct secrets s;

    secrets_init(&s, &bearer);
    secrets_add(&s, "second");
    secrets_add(&s, "secondary");
    secrets_add(&s, NULL);
    ck_assert_str_eq(secrets_hide(&s, a, "first secondary second", 22),
                     "[secret] [secret] [secret]");
    for (int i = 0; i < 2 * SECRETS_MAX; i++)
        secrets_add(&s, arena_printf(a, "more-%04d", i));
    ck_assert_uint_le(s.n, SECRETS_MAX + s.fixed);
    ck_assert_str_eq(secrets_hide(&s, a, "first more-0001 more-1023", 25),
                     "[secret] more-0001 [secret]");
    secrets_release(&s);
}
END_TEST

UNIT_MAIN("provider/auth", each_kind_has_its_header, basic_in_all_its_forms,
          a_key_in_the_query_is_hidden_and_taken_out_again, secrets_are_hidden_in_every_form,
          secrets_are_hidden_as_pages_and_urls_write_them, a_token_is_hidden_without_its_scheme_too,
          new_secrets_are_hidden_too_and_the_oldest_of_many_go)
