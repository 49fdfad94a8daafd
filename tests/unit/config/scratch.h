#ifndef TESTS_UNIT_CONFIG_SCRATCH_H
#define TESTS_UNIT_CONFIG_SCRATCH_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/mem.h"
#include "config/yaml.h"

/*
 * A folder of a test's own, with what the tests of src/config write into it, and the provider and
 * model files of the source tree made known.
 */
struct scratch {
    char dir[64];
};

static inline struct scratch
scratch_new(void)
{
    struct scratch s = {"/tmp/loopless-config-XXXXXX"};
    const char *top = getenv("top_srcdir") != NULL ? getenv("top_srcdir") : ".";
    char *models = mem_printf("%s/src/models", top);
    char *providers = mem_printf("%s/src/providers", top);

    ck_assert_ptr_nonnull(mkdtemp(s.dir));
    setenv("LOOPLESS_MODELS", models, 1);
    setenv("LOOPLESS_PROVIDERS", providers, 1);
    setenv("LOOPLESS_TEST_TOKEN", "hush", 1);
    free(models);
    free(providers);
    return s;
}

static inline int
scratch_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static inline void
scratch_free(struct scratch *s)
{
    nftw(s->dir, scratch_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes LEN bytes (-1: up to the NUL) to NAME, folders and all. Heap path. */
static inline char *
scratch_write(const struct scratch *s, const char *name, const char *bytes, long len)
{
    char *path = mem_printf("%s/%s", s->dir, name);
    FILE *f;

    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fwrite(bytes, 1, len < 0 ? strlen(bytes) : (size_t)len, f);
    ck_assert_int_eq(fclose(f), 0);
    chmod(path, 0600);
    return path;
}

/* TEXT with its first OLD made NEW (OLD must be there). Heap. */
static inline char *
scratch_edit(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);

    ck_assert_msg(at != NULL, "the text to replace is not there: %s", old);
    return mem_printf("%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

/* The first fault of a table's row, after the file's name: "LINE:COLUMN: ..." or "...". */
static inline void
scratch_expect(const struct faults *f, const char *path, const char *expected, const char *what)
{
    const char *got = faults_count(f) > 0 ? faults_get(f, 0) : NULL;
    size_t len = strlen(path);

    ck_assert_msg(got != NULL, "no fault for: %s", what);
    ck_assert_msg(strncmp(got, path, len) == 0, "fault of another file: %s", got);
    got += len + 1;
    got += *got == ' ';
    ck_assert_msg(strcmp(got, expected) == 0, "%s\n gave: %s\n want: %s", what, got, expected);
}

#endif
