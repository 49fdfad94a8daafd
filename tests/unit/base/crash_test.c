#include <config.h>

#include "../unit.h"
#include "base/crash.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Pass three points in a child with $LOOPLESS_CRASH_AT=AT: its exit status. */
static int
status_with(const char *at)
{
    pid_t pid = fork();
    int status;

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        setenv("LOOPLESS_CRASH_AT", at, 1);
        crash_point("test.one");
        crash_point("test.two");
        crash_point("test.three");
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WEXITSTATUS(status);
}

START_TEST(ends_at_the_point_asked_for)
{
    ck_assert_int_eq(status_with("1"), 100);
    ck_assert_int_eq(status_with("3"), 100);
    ck_assert_int_eq(status_with("4"), 0);
    ck_assert_int_eq(status_with("0"), 0);
    ck_assert_int_eq(status_with(""), 0);
}
END_TEST

START_TEST(ends_only_the_program_named)
{
    char at[200];

    snprintf(at, sizeof at, "%s:2", program_invocation_short_name);
    ck_assert_int_eq(status_with(at), 100);
    ck_assert_int_eq(status_with("sync-other:2"), 0);
}
END_TEST

START_TEST(traces_what_it_passes)
{
    char name[] = "/tmp/crash_test.XXXXXX", want[400], got[400];
    int fd = mkstemp(name);
    ssize_t n;

    ck_assert_int_ge(fd, 0);
    setenv("LOOPLESS_CRASH_TRACE", name, 1);
    ck_assert_int_eq(status_with("2"), 100);
    n = read(fd, got, sizeof got - 1);
    close(fd);
    unlink(name);
    ck_assert_int_gt(n, 0);
    got[n] = '\0';
    snprintf(want, sizeof want, "%s 1 test.one\n%s 2 test.two\n", program_invocation_short_name,
             program_invocation_short_name);
    ck_assert_str_eq(got, want);
}
END_TEST

UNIT_MAIN("base/crash", ends_at_the_point_asked_for, ends_only_the_program_named,
          traces_what_it_passes)
