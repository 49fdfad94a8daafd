#include <config.h>

#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "fixture.h"

START_TEST(held_lease_names_its_holder)
{
    struct fixture f;
    struct store_holder h;

    fixture_open(&f);
    ck_assert_int_eq(store_lease_take(f.s, "job:contacts", "run-1", NULL, &f.err), 1);
    ck_assert_int_eq(store_lease_take(f.s, "job:contacts", "run-2", &h, &f.err), 0);
    ck_assert_str_eq(h.owner, "run-1");
    ck_assert_int_eq(h.pid, getpid());
    ck_assert_int_eq(store_lease_take(f.s, "job:contacts", "run-1", &h, &f.err), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(expired_lease_is_free)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_lease_take(f.s, "p1", "a", NULL, &f.err), 1);
    sql(&f, "UPDATE sync_leases SET expires_ms = %lld", (long long)clock_boot() - 1);
    ck_assert_int_eq(store_lease_take(f.s, "p1", "b", NULL, &f.err), 1);
    ck_assert_int_eq(store_lease_renew(f.s, "p1", "a", &f.err), 0);
    ck_assert_int_eq(store_lease_renew(f.s, "p1", "b", &f.err), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(lease_of_another_boot_is_free)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_lease_take(f.s, "p1", "a", NULL, &f.err), 1);
    sql(&f, "UPDATE sync_leases SET boot_id = 'before'");
    ck_assert_int_eq(store_lease_take(f.s, "p1", "b", NULL, &f.err), 1);
    fixture_close(&f);
}
END_TEST

START_TEST(lease_ends_with_its_process)
{
    struct fixture f;
    pid_t gone;

    fixture_open(&f);
    gone = fork();
    if (gone == 0)
        _exit(0);
    ck_assert_int_eq(waitpid(gone, NULL, 0), gone);
    ck_assert_int_eq(store_lease_take(f.s, "job:contacts", "a", NULL, &f.err), 1);
    sql(&f, "UPDATE sync_leases SET pid = %ld, host = host || '/elsewhere'", (long)gone);
    ck_assert_int_eq(store_lease_take(f.s, "job:contacts", "b", NULL, &f.err), 0);
    sql(&f, "UPDATE sync_leases SET host = replace(host, '/elsewhere', '')");
    ck_assert_int_eq(store_lease_take(f.s, "job:contacts", "b", NULL, &f.err), 1);
    ck_assert_int_eq(store_lease_renew(f.s, "job:contacts", "a", &f.err), 0);
    ck_assert_int_eq(store_lease_take(f.s, "job:contacts", "a", NULL, &f.err), 0);
    fixture_close(&f);
}
END_TEST

START_TEST(renewal_makes_it_last)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_lease_take(f.s, "p1", "a", NULL, &f.err), 1);
    sql(&f, "UPDATE sync_leases SET expires_ms = expires_ms - 20000");
    ck_assert_int_eq(store_lease_renew(f.s, "p1", "a", &f.err), 1);
    ck_assert_int_gt(sql_int(&f, "SELECT expires_ms FROM sync_leases"),
                     clock_boot() + STORE_LEASE_MS - 5000);
    fixture_close(&f);
}
END_TEST

START_TEST(drop_frees_only_ones_own)
{
    struct fixture f;

    fixture_open(&f);
    ck_assert_int_eq(store_lease_take(f.s, "p1", "a", NULL, &f.err), 1);
    ck_assert_int_eq(store_lease_drop(f.s, "p1", "b", &f.err), 0);
    ck_assert_int_eq(store_lease_take(f.s, "p1", "b", NULL, &f.err), 0);
    ck_assert_int_eq(store_lease_drop(f.s, "p1", "a", &f.err), 0);
    ck_assert_int_eq(store_lease_take(f.s, "p1", "b", NULL, &f.err), 1);
    fixture_close(&f);
}
END_TEST

UNIT_MAIN("store/lease", held_lease_names_its_holder, expired_lease_is_free,
          lease_of_another_boot_is_free, lease_ends_with_its_process, renewal_makes_it_last,
          drop_frees_only_ones_own)
