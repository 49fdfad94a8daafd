#include <config.h>

#include "fixture.h"
#include "provider/internal.h"

#include "crypto/digest.h"

#include "../unit.h"

#include <string.h>

/* A system whose tokens come from the same peer. */
struct world {
    struct fixture f;
    struct token_store store;
    int writes, asked_when_kept;
    int64_t generation, got_at;
    bool full; /* nothing can be kept */
};

/* It knows what was kept by when it was, not what it is: nobody else keeps anything. */
static int
read_nothing(void *user, struct arena *a, const char *system, const char *account,
             struct token_kept *out, struct err *err)
{
    struct world *w = user;

    (void)a, (void)system, (void)account, (void)err;
    memset(out, 0, sizeof *out);
    out->generation = w->generation;
    out->got_at = w->got_at;
    return w->generation > 0;
}

static int
keep(void *user, const char *system, const char *account, const struct token_kept *t,
     int64_t generation, struct err *err)
{
    struct world *w = user;

    (void)system, (void)account;
    w->asked_when_kept = w->f.peer.log->n;
    if (w->full)
        return err_set(err, ERR_RUN, ERR_NEVER, "io", "the disk is full");
    w->writes++;
    w->generation = generation + 1;
    w->got_at = t->got_at;
    return 1;
}

static int
lock(void *user, const char *system, const char *account, struct err *err)
{
    (void)user, (void)system, (void)account, (void)err;
    return 1;
}

static void
unlock(void *user, const char *system, const char *account)
{
    (void)user, (void)system, (void)account;
}

static void
begin(struct world *w, const struct peer_step *steps, size_t n)
{
    memset(w, 0, sizeof *w);
    crypto_start();
    fixture_init(&w->f);
    w->f.s.auth = (struct auth){.kind = AUTH_OAUTH2_REFRESH,
                                .client_id = (char *)"app",
                                .client_secret = (char *)"s3cret",
                                .refresh_token = (char *)"r0"};
    w->f.d.token = (struct token_def){.present = true,
                                      .method = (char *)"POST",
                                      .url = (char *)"/token",
                                      .access_token = (char *)"access_token",
                                      .refresh_token = (char *)"refresh_token",
                                      .expires_in = (char *)"expires_in"};
    w->store = (struct token_store){.user = w,
                                    .keeps = true,
                                    .read = read_nothing,
                                    .write = keep,
                                    .lock = lock,
                                    .unlock = unlock};
    fixture_start(&w->f, "", steps, n);
    provider_tokens(w->f.p, &w->store);
}
#define BEGIN(w, ...)                                                                              \
    begin(w, (struct peer_step[]){__VA_ARGS__},                                                    \
          sizeof((struct peer_step[]){__VA_ARGS__}) / sizeof(struct peer_step))

static void
update(struct world *w)
{
    provider_update(w->f.p, &w->f.r, "7", fixture_val(&w->f, "{\"name\":\"A\"}"), NULL,
                    fixture_keep, &w->f);
    fixture_run(&w->f);
}

#define TOKEN(n) "{\"access_token\":\"a" n "\",\"refresh_token\":\"r" n "\"}"

START_TEST(a_token_is_kept_before_it_is_used)
{
    struct world w;

    BEGIN(&w, {PEER_ANSWER, 200, NULL, TOKEN("1"), 0}, {PEER_ANSWER, 200, NULL, "{\"id\":7}", 0});
    update(&w);
    ck_assert_int_eq(w.f.got.outcome, PROVIDER_OK);
    ck_assert_int_eq(w.writes, 1);
    ck_assert_int_eq(w.asked_when_kept, 1);
    ck_assert_str_eq(peer_body(&w.f.peer, 0), "grant_type=refresh_token&refresh_token=r0&client_id="
                                              "app&client_secret=s3cret");
    ck_assert_ptr_nonnull(strstr(peer_request(&w.f.peer, 1), "Authorization: Bearer a1\r\n"));
    fixture_release(&w.f);
}
END_TEST

START_TEST(a_401_in_mid_run_asks_once_and_sends_once_more)
{
    struct world w;

    BEGIN(&w, {PEER_ANSWER, 200, NULL, TOKEN("1"), 0}, {PEER_ANSWER, 200, NULL, "{\"id\":7}", 0},
          {PEER_ANSWER, 401, NULL, "over", 0}, {PEER_ANSWER, 200, NULL, TOKEN("2"), 0},
          {PEER_ANSWER, 200, NULL, "{\"id\":7}", 0});
    update(&w);
    update(&w);
    ck_assert_int_eq(w.f.got.outcome, PROVIDER_OK);
    ck_assert_int_eq(w.f.peer.log->n, 5);
    ck_assert_ptr_nonnull(strstr(peer_body(&w.f.peer, 3), "refresh_token=r1"));
    ck_assert_ptr_nonnull(strstr(peer_request(&w.f.peer, 4), "Authorization: Bearer a2\r\n"));
    fixture_release(&w.f);
}
END_TEST

START_TEST(a_new_token_that_is_refused_is_not_asked_for_again)
{
    struct world w;

    BEGIN(&w, {PEER_ANSWER, 200, NULL, TOKEN("1"), 0}, {PEER_ANSWER, 401, NULL, "a1 is bad", 0});
    update(&w);
    ck_assert_int_eq(w.f.got.outcome, PROVIDER_AUTH);
    ck_assert_str_eq(w.f.got.text, "PATCH /contacts/7: HTTP 401: [secret] is bad");
    ck_assert_int_eq(w.f.peer.log->n, 2);
    fixture_release(&w.f);
}
END_TEST

START_TEST(what_cannot_be_kept_is_not_used)
{
    struct world w;

    BEGIN(&w, {PEER_ANSWER, 200, NULL, TOKEN("1"), 0}, {PEER_ANSWER, 200, NULL, "{\"id\":7}", 0});
    w.full = true;
    update(&w);
    ck_assert_int_eq(w.f.got.outcome, PROVIDER_NOT_SENT);
    ck_assert_str_eq(w.f.got.code, "no-token");
    ck_assert_int_eq(w.f.peer.log->n, 1);
    fixture_release(&w.f);
}
END_TEST

START_TEST(a_refused_refresh_token_wants_a_person)
{
    struct world w;

    BEGIN(&w, {PEER_ANSWER, 400, NULL,
               "{\"error\":\"invalid_grant\",\"error_description\":\"r0 of s3cret\"}", 0});
    update(&w);
    ck_assert_int_eq(w.f.got.outcome, PROVIDER_AUTH);
    ck_assert_str_eq(w.f.got.code, "login");
    ck_assert_str_eq(w.f.got.text,
                     "PATCH /contacts/7: app: the refresh token is refused (HTTP 400: "
                     "invalid_grant: [secret] of [secret]): run `sync-ctl auth app --login`");
    update(&w);
    ck_assert_int_eq(w.f.peer.log->n, 1);
    fixture_release(&w.f);
}
END_TEST

UNIT_MAIN("provider/token", a_token_is_kept_before_it_is_used,
          a_401_in_mid_run_asks_once_and_sends_once_more,
          a_new_token_that_is_refused_is_not_asked_for_again, what_cannot_be_kept_is_not_used,
          a_refused_refresh_token_wants_a_person)
