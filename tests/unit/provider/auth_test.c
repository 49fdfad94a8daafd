#include <config.h>

#include "provider/internal.h"

#include "../unit.h"

#include <string.h>

static void
check_header(const struct auth *auth, const char *name, const char *value, const char *hidden)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct http_header h;

    ck_assert(auth_header(a, auth, &h));
    ck_assert_str_eq(h.name, name);
    ck_assert_str_eq(h.value, value);
    ck_assert(auth_header_hidden(a, auth, &h));
    ck_assert_str_eq(h.name, name);
    ck_assert_str_eq(h.value, hidden);
}

START_TEST(each_kind_has_its_header)
{
    struct auth bearer = {.kind = AUTH_BEARER, .token = (char *)"t0k"};
    struct auth basic = {
        .kind = AUTH_BASIC, .user = (char *)"Aladdin", .password = (char *)"open sesame"};
    struct auth header = {
        .kind = AUTH_HEADER, .token = (char *)"t0k", .header = (char *)"X-Api-Key"};
    struct auth none = {0};
    struct http_header h;

    check_header(&bearer, "Authorization", "Bearer t0k", "Bearer [secret]");
    check_header(&basic, "Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic [secret]");
    check_header(&header, "X-Api-Key", "t0k", "[secret]");
    ck_assert(!auth_header(NULL, &none, &h));
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
    struct auth none = {0};

    check_hidden(&bearer, "x a/b\"c y a/b\\\"c z a\\/b\\\"c q a%2Fb%22c",
                 "x [secret] y [secret] z [secret] q [secret]");
    check_hidden(&basic, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== open sesame Aladdin",
                 "Basic [secret] [secret] Aladdin");
    check_hidden(&none, "nothing", "nothing");
}
END_TEST

UNIT_MAIN("provider/auth", each_kind_has_its_header, secrets_are_hidden_in_every_form)
