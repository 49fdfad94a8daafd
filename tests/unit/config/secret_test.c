#include <config.h>

#include "scratch.h"

#include "config/secret.h"

/* Resolves REFERENCE beside DIR/loopless.yaml. */
static char *
resolve(const struct scratch *s, const char *reference, struct err *err)
{
    char *config = mem_printf("%s/loopless.yaml", s->dir);
    char *value;

    *err = (struct err)ERR_INIT;
    value = secret_resolve(reference, config, err);
    free(config);
    return value;
}

static void
expect(const struct scratch *s, const char *reference, const char *value)
{
    struct err err;
    char *got = resolve(s, reference, &err);

    ck_assert_msg(got != NULL, "%s: %s", reference, err.text);
    ck_assert_str_eq(got, value);
    free(got);
}

static void
refused(const struct scratch *s, const char *reference, const char *why)
{
    struct err err;
    char *got = resolve(s, reference, &err);

    ck_assert_msg(got == NULL, "accepted: %s", reference);
    ck_assert_str_eq(err.code, "missing-secret");
    ck_assert_int_eq(err.status, EXIT_CONFIG);
    ck_assert_msg(strstr(err.text, why) != NULL, "%s\n want: %s", err.text, why);
}

START_TEST(reads_the_environment)
{
    struct scratch s = scratch_new();

    expect(&s, "${env:LOOPLESS_TEST_TOKEN}", "hush");
    expect(&s, "Token ${env:LOOPLESS_TEST_TOKEN}!", "Token hush!");
    expect(&s, "${env:LOOPLESS_TEST_TOKEN}-${env:LOOPLESS_TEST_TOKEN}", "hush-hush");
    expect(&s, "plain $text}", "plain $text}");
    expect(&s, "", "");
    scratch_free(&s);
}
END_TEST

START_TEST(reads_files_beside_the_config_without_their_last_newline)
{
    struct scratch s = scratch_new();
    char *absolute;

    free(scratch_write(&s, "a.token", "one\n", -1));
    free(scratch_write(&s, "keys/b.token", "two\n\n", -1));
    free(scratch_write(&s, "crlf.token", "three\r\n", -1));
    expect(&s, "${file:a.token}", "one");
    expect(&s, "${file:keys/b.token}", "two\n");
    expect(&s, "${file:crlf.token}", "three");
    absolute = mem_printf("${file:%s/a.token}", s.dir);
    expect(&s, absolute, "one");
    free(absolute);
    scratch_free(&s);
}
END_TEST

START_TEST(names_what_is_missing)
{
    struct scratch s = scratch_new();

    unsetenv("LOOPLESS_TEST_NONE");
    setenv("LOOPLESS_TEST_EMPTY", "", 1);
    free(scratch_write(&s, "empty", "\n", -1));
    free(scratch_write(&s, "nul", "a\0b", 3));
    refused(&s, "${env:LOOPLESS_TEST_NONE}", "variable LOOPLESS_TEST_NONE is not set");
    refused(&s, "${env:LOOPLESS_TEST_EMPTY}", "variable LOOPLESS_TEST_EMPTY is empty");
    refused(&s, "${file:none.token}", "none.token: No such file or directory");
    refused(&s, "${file:.}", "not a regular file");
    refused(&s, "${file:empty}", "is empty");
    refused(&s, "${file:nul}", "NUL");
    refused(&s, "${env:LOOPLESS_TEST_TOKEN", "no closing brace");
    refused(&s, "${vault:x}", "must be ${env:NAME} or ${file:PATH}");
    refused(&s, "${env:}", "must be ${env:NAME} or ${file:PATH}");
    scratch_free(&s);
}
END_TEST

START_TEST(refuses_a_file_that_others_may_read)
{
    struct scratch s = scratch_new();
    char *path = scratch_write(&s, "open.token", "hush-hush\n", -1);
    struct err err;

    chmod(path, 0644);
    ck_assert_ptr_null(resolve(&s, "${file:open.token}", &err));
    ck_assert_ptr_nonnull(strstr(err.text, "others may read"));
    ck_assert_ptr_nonnull(strstr(err.hint, "chmod 600"));
    chmod(path, 0640);
    expect(&s, "${file:open.token}", "hush-hush");
    free(path);
    scratch_free(&s);
}
END_TEST

START_TEST(refuses_a_secret_over_64_kib)
{
    struct scratch s = scratch_new();
    char *big = mem_alloc(65537);

    memset(big, 'x', 65537);
    free(scratch_write(&s, "fits", big, 65536));
    free(scratch_write(&s, "big", big, 65537));
    refused(&s, "${file:big}", "larger than 64 KiB");
    big[65536] = '\0';
    expect(&s, "${file:fits}", big);
    free(big);
    scratch_free(&s);
}
END_TEST

START_TEST(never_hangs_on_a_fifo)
{
    struct scratch s = scratch_new();
    char *path = mem_printf("%s/fifo", s.dir);

    ck_assert_int_eq(mkfifo(path, 0600), 0);
    refused(&s, "${file:fifo}", "not a regular file");
    free(path);
    scratch_free(&s);
}
END_TEST

UNIT_MAIN("config/secret", reads_the_environment,
          reads_files_beside_the_config_without_their_last_newline, names_what_is_missing,
          refuses_a_file_that_others_may_read, refuses_a_secret_over_64_kib, never_hangs_on_a_fifo)
