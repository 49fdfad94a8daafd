#include <config.h>

#include "../unit.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char got[4096];
static int saved = -1;
static FILE *file;

static void
catch_stderr(void)
{
    fflush(stderr);
    file = tmpfile();
    saved = dup(STDERR_FILENO);
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
}

/* What was said on stderr since catch_stderr, without "PROGRAM: " of its first line. */
static const char *
caught(void)
{
    size_t name = strlen(program_invocation_short_name);
    size_t n;

    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    n = fread(got, 1, sizeof got - 1, file);
    got[n] = '\0';
    fclose(file);
    if (strncmp(got, program_invocation_short_name, name) == 0)
        return got + name + 2;
    return got;
}

START_TEST(an_error_is_one_line)
{
    catch_stderr();
    log_error("no %s", "luck");
    ck_assert_str_eq(caught(), "error: no luck\n");
}
END_TEST

START_TEST(a_hint_is_a_second_line)
{
    struct err err = ERR_INIT;
    char want[200];

    err_set(&err, ERR_RUN, ERR_NEVER, "c", "broken");
    err_hint(&err, "mend it");
    snprintf(want, sizeof want, "error: broken\n%s: hint: mend it\n",
             program_invocation_short_name);
    catch_stderr();
    log_err(&err);
    ck_assert_str_eq(caught(), want);
}
END_TEST

START_TEST(nothing_drives_the_terminal)
{
    catch_stderr();
    log_error("%s", "a\x1b[2J\n\x7f\xc2\x9b\xff\xe0\x82\x9bz \xc3\xa9 \xf0\x9f\x98\x80");
    ck_assert_str_eq(caught(), "error: a\\x1b[2J\\x0a\\x7f\\xc2\\x9b\\xff\\xe0\\x82\\x9bz \xc3\xa9 "
                               "\xf0\x9f\x98\x80\n");
}
END_TEST

START_TEST(quiet_keeps_warnings_only)
{
    log_setup(LOG_QUIET, false);
    catch_stderr();
    log_info("info");
    log_verbose("verbose");
    log_warn("careful");
    ck_assert_str_eq(caught(), "warning: careful\n");
}
END_TEST

START_TEST(verbose_says_more)
{
    catch_stderr();
    log_verbose("not yet");
    ck_assert_str_eq(caught(), "");
    log_setup(LOG_VERBOSE, false);
    catch_stderr();
    log_verbose("now");
    ck_assert_str_eq(caught(), "now\n");
}
END_TEST

START_TEST(json_lines_are_escaped)
{
    struct err err = ERR_INIT;
    const char *text;

    setenv("LOOPLESS_NOW", "2026-01-02T03:04:05.678Z", 1);
    err_set(&err, ERR_RUN, ERR_NEVER, "c", "say \"x\\\n\"");
    log_setup(LOG_NORMAL, true);
    catch_stderr();
    log_err(&err);
    text = caught();
    ck_assert_ptr_nonnull(
        strstr(text, "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"error\""));
    ck_assert_ptr_nonnull(strstr(text, "\"code\":\"c\",\"text\":\"say \\\"x\\\\\\u000a\\\"\"}\n"));
}
END_TEST

START_TEST(no_progress_without_a_terminal)
{
    catch_stderr();
    log_progress("listing", 5, 10);
    log_progress_end();
    ck_assert_str_eq(caught(), "");
}
END_TEST

UNIT_MAIN("base/log", an_error_is_one_line, a_hint_is_a_second_line, nothing_drives_the_terminal,
          quiet_keeps_warnings_only, verbose_says_more, json_lines_are_escaped,
          no_progress_without_a_terminal)
