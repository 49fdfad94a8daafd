#include <config.h>

#include <stdlib.h>

#include "crypto/digest.h"
#include "fixture.h"

static const struct token_kept one = {.access = "a1",
                                      .refresh = "r1",
                                      .instance_url = "https://x.example",
                                      .scope = "all",
                                      .grant = "g",
                                      .expires_at = 1700000000000,
                                      .got_at = 1600000000000};

START_TEST(what_is_kept_comes_back_whole)
{
    struct fixture f;
    struct token_store *t;
    struct token_kept got;

    fixture_open(&f);
    t = store_tokens_new(f.path, false);
    ck_assert(t->keeps);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "1", &got, &f.err), 0);
    ck_assert_int_eq(t->write(t->user, "app", "1", &one, 0, &f.err), 1);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "1", &got, &f.err), 1);
    ck_assert_str_eq(got.access, "a1");
    ck_assert_str_eq(got.refresh, "r1");
    ck_assert_str_eq(got.instance_url, "https://x.example");
    ck_assert_str_eq(got.scope, "all");
    ck_assert_str_eq(got.grant, "g");
    ck_assert_int_eq(got.expires_at, 1700000000000);
    ck_assert_int_eq(got.got_at, 1600000000000);
    ck_assert_int_eq(got.generation, 1);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "2", &got, &f.err), 0);
    store_tokens_free(t);
    fixture_close(&f);
}
END_TEST

START_TEST(who_stood_still_replaces_nothing)
{
    struct fixture f;
    struct token_store *t;
    struct token_kept got, two = {.access = "a2", .grant = "g"};

    fixture_open(&f);
    t = store_tokens_new(f.path, false);
    ck_assert_int_eq(t->write(t->user, "app", "1", &one, 0, &f.err), 1);
    ck_assert_int_eq(t->write(t->user, "app", "1", &two, 0, &f.err), 0);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "1", &got, &f.err), 1);
    ck_assert_str_eq(got.access, "a1");
    ck_assert_int_eq(t->write(t->user, "app", "1", &two, 1, &f.err), 1);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "1", &got, &f.err), 1);
    ck_assert_str_eq(got.access, "a2");
    ck_assert_ptr_null(got.refresh);
    ck_assert_int_eq(store_token_forget(f.s, "app", "1", &f.err), 4);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "1", &got, &f.err), 0);
    store_tokens_free(t);
    fixture_close(&f);
}
END_TEST

START_TEST(one_asks_at_a_time)
{
    struct fixture f;
    struct token_store *t, *u;

    fixture_open(&f);
    t = store_tokens_new(f.path, false);
    u = store_tokens_new(f.path, false);
    ck_assert_int_eq(t->lock(t->user, "app", "1", &f.err), 1);
    ck_assert_int_eq(t->lock(t->user, "app", "1", &f.err), 1);
    ck_assert_int_eq(u->lock(u->user, "app", "1", &f.err), 0);
    ck_assert_int_eq(u->lock(u->user, "app", "2", &f.err), 1);
    t->unlock(t->user, "app", "1");
    ck_assert_int_eq(u->lock(u->user, "app", "1", &f.err), 1);
    store_tokens_free(t);
    store_tokens_free(u);
    fixture_close(&f);
}
END_TEST

START_TEST(without_a_state_or_read_only_nothing_is_kept)
{
    struct fixture f;
    struct token_store *t = store_tokens_new("/nonexistent/state.db", false);
    struct token_kept got;

    fixture_open(&f);
    ck_assert(!t->keeps);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "1", &got, &f.err), 0);
    ck_assert_int_eq(t->write(t->user, "app", "1", &one, 0, &f.err), 1);
    store_tokens_free(t);
    t = store_tokens_new(f.path, true);
    ck_assert(!t->keeps);
    ck_assert_int_eq(t->lock(t->user, "app", "1", &f.err), 1);
    ck_assert_int_eq(t->write(t->user, "app", "1", &one, 0, &f.err), 1);
    ck_assert_int_eq(t->read(t->user, f.a, "app", "1", &got, &f.err), 0);
    store_tokens_free(t);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/token", what_is_kept_comes_back_whole, who_stood_still_replaces_nothing,
          one_asks_at_a_time, without_a_state_or_read_only_nothing_is_kept)
