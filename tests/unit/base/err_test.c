#include <config.h>

#include "../unit.h"
#include "base/err.h"

#include <errno.h>
#include <string.h>

START_TEST(status_follows_from_scope_and_retry)
{
    static const struct {
        enum err_scope scope;
        enum err_retry retry;
        enum exit_status status;
    } cases[] = {{ERR_RECORD, ERR_NEVER, EXIT_PARTIAL}, {ERR_SYSTEM, ERR_NEVER, EXIT_REFUSED},
                 {ERR_RUN, ERR_NEVER, EXIT_CONFIG},     {ERR_RECORD, ERR_LATER, EXIT_LATER},
                 {ERR_SYSTEM, ERR_LATER, EXIT_LATER},   {ERR_RUN, ERR_NOW, EXIT_LATER}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = ERR_INIT;

        ck_assert_int_eq(err_set(&err, cases[i].scope, cases[i].retry, "code", "text %d", 7), -1);
        ck_assert_int_eq(err.scope, cases[i].scope);
        ck_assert_int_eq(err.retry, cases[i].retry);
        ck_assert_int_eq(err.status, cases[i].status);
        ck_assert_str_eq(err.code, "code");
        ck_assert_str_eq(err.text, "text 7");
    }
}
END_TEST

START_TEST(wrap_puts_context_in_front)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_RECORD, ERR_NEVER, "c", "cause");
    ck_assert_int_eq(err_wrap(&err, "contact %s", "42"), -1);
    ck_assert_str_eq(err.text, "contact 42: cause");
    ck_assert_str_eq(err.code, "c");
}
END_TEST

START_TEST(wrap_cuts_what_does_not_fit)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_RECORD, ERR_NEVER, "c", "cause");
    for (int i = 0; i < 200; i++)
        err_wrap(&err, "level %d", i);
    ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
    ck_assert_int_eq(strncmp(err.text, "level 199: level 198: ", 22), 0);
}
END_TEST

START_TEST(a_new_error_has_no_old_hint)
{
    struct err err = ERR_INIT;

    err_set(&err, ERR_RUN, ERR_NEVER, "a", "first");
    err_hint(&err, "do %s", "this");
    ck_assert_str_eq(err.hint, "do this");
    err_set(&err, ERR_RUN, ERR_NEVER, "b", "second");
    ck_assert_str_eq(err.hint, "");
}
END_TEST

START_TEST(system_errors_exit_74)
{
    struct err err = ERR_INIT;

    errno = ENOSPC;
    ck_assert_int_eq(err_errno(&err, "%s: write", "out"), -1);
    ck_assert_int_eq(err.scope, ERR_RUN);
    ck_assert_int_eq(err.status, EXIT_IO);
    ck_assert_str_eq(err.text, "out: write: No space left on device");
    err_exit(&err, EXIT_STOP);
    ck_assert_int_eq(err.status, EXIT_STOP);
}
END_TEST

START_TEST(no_err_is_fine)
{
    ck_assert_int_eq(err_set(NULL, ERR_RUN, ERR_NEVER, "a", "b"), -1);
    ck_assert_int_eq(err_wrap(NULL, "a"), -1);
    ck_assert_int_eq(err_hint(NULL, "a"), -1);
    ck_assert_int_eq(err_exit(NULL, EXIT_OK), -1);
    ck_assert_int_eq(err_errno(NULL, "a"), -1);
}
END_TEST

UNIT_MAIN("base/err", status_follows_from_scope_and_retry, wrap_puts_context_in_front,
          wrap_cuts_what_does_not_fit, a_new_error_has_no_old_hint, system_errors_exit_74,
          no_err_is_fine)
