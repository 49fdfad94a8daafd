#include <config.h>

/*
 * Worlds by seed.
 *
 *   driver [--seed N | --from N --count N] [--jobs N] [--haste N] [--keep] [-v] FOLDER
 *
 * TAP on stdout: a point a world. The folder of a world that fails is left, and named.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

#include "plan.h"
#include "play.h"

enum { MAX_JOBS = 16, STATUS_BAD = 1 };

struct driver {
    const char *folder;
    long from, count, jobs, haste;
    bool keep, verbose, hold;
    struct worker {
        pid_t pid;
        long seed;
        int64_t start;
    } workers[MAX_JOBS];
    long passed, failed;
    int64_t ms;
};

static int64_t
real_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- one world, in a process of its own ---- */

static void
report(const char *folder, const char *text)
{
    CLEANUP_FREE char *path = mem_printf("%s/result", folder);
    FILE *out = fopen(path, "we");

    if (out == NULL || fputs(text, out) < 0 || fclose(out) != 0)
        world_fail("%s: %s", path, strerror(errno));
}

static int
live(const struct driver *d, long seed, const char *folder)
{
    static struct plan plan;
    static struct oracle oracle;
    struct tally t = {0};
    CLEANUP_BUF struct buf out = BUF_INIT;
    struct world *w;
    int rc;

    plan_make(&plan, (uint64_t)seed);
    oracle_init(&oracle, &plan);
    w = world_new(&plan, folder, d->haste, d->verbose);
    rc = play(w, &oracle, &t);
    buf_printf(&out,
               "seed %ld: %d systems%s%s%s%s%s, %d steps, %d deeds, %d writes, %d kills, %d "
               "rests%s\n",
               seed, plan.n_systems, plan.pipe ? ", pipe" : "", plan.webhooks ? ", webhooks" : "",
               plan.deletes ? ", deletes" : "", plan.refs ? ", companies" : "",
               plan.creators ? ", creators" : "", t.steps, t.deeds, t.writes, t.kills, t.rests,
               t.muddled > 0 ? ", muddled" : "");
    buf_text(&out, buf_get(&w->why));
    report(folder, buf_get(&out));
    if (d->hold && rc < 0) {
        fprintf(stderr, "# held: kill %d to go on; LOOPLESS_NOW=%s\n# in %s\n%s", (int)getpid(),
                getenv("LOOPLESS_NOW"), folder, buf_get(&out));
        pause();
    }
    world_free(w);
    return rc == 0 ? 0 : STATUS_BAD;
}

static char *
folder_of(const struct driver *d, long seed)
{
    return mem_printf("%s/%ld", d->folder, seed);
}

static void
start(struct driver *d, struct worker *k, long seed)
{
    CLEANUP_FREE char *folder = folder_of(d, seed);

    if (mkdir(folder, 0700) < 0)
        world_fail("%s: %s", folder, strerror(errno));
    fflush(stdout);
    k->seed = seed;
    k->start = real_ms();
    k->pid = fork();
    if (k->pid < 0)
        world_fail("fork: %s", strerror(errno));
    if (k->pid > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    exit(live(d, seed, folder));
}

/* ---- all of them ---- */

static void
copy(const char *folder, const char *name, const char *mark, int skip)
{
    CLEANUP_FREE char *path = mem_printf("%s/%s", folder, name);
    FILE *in = fopen(path, "re");
    char line[8192];

    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (skip-- <= 0)
            printf("%s%s", mark, line);
    if (in != NULL)
        fclose(in);
}

static void
title(const char *folder, char *out, size_t size)
{
    CLEANUP_FREE char *path = mem_printf("%s/result", folder);
    FILE *in = fopen(path, "re");

    snprintf(out, size, "died");
    if (in != NULL && fgets(out, (int)size, in) != NULL)
        out[strcspn(out, "\n")] = '\0';
    if (in != NULL)
        fclose(in);
}

static void
sweep(const char *folder)
{
    CLEANUP_FREE char *command = mem_printf("rm -rf '%s'", folder);

    if (system(command) != 0)
        world_fail("%s cannot be removed", folder);
}

static void
finish(struct driver *d, struct worker *k, int status)
{
    CLEANUP_FREE char *folder = folder_of(d, k->seed);
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    int64_t ms = real_ms() - k->start;
    char text[400];

    title(folder, text, sizeof text);
    d->ms += ms;
    if (good)
        d->passed++;
    else
        d->failed++;
    printf("%s %ld - %s (%.1f s)\n", good ? "ok" : "not ok", d->passed + d->failed, text,
           (double)ms / 1000);
    if (!good) {
        copy(folder, "result", "# ", 1);
        copy(folder, "trace", "#   ", 0);
        printf("# again: tests/world/run --seed %ld\n# left: %s\n", k->seed, folder);
    } else if (d->keep)
        printf("# left: %s\n", folder);
    else
        sweep(folder);
    fflush(stdout);
}

static void
wait_for_one(struct driver *d)
{
    int status;
    pid_t pid = wait(&status);

    for (int i = 0; i < MAX_JOBS; i++)
        if (d->workers[i].pid == pid && pid > 0) {
            d->workers[i].pid = 0;
            finish(d, &d->workers[i], status);
            return;
        }
    if (pid < 0 && errno != EINTR)
        world_fail("wait: %s", strerror(errno));
}

static void
run_all(struct driver *d)
{
    long next = d->from, end = d->from + d->count, running = 0;

    while (next < end || running > 0) {
        while (next < end && running < d->jobs) {
            int i = 0;

            while (d->workers[i].pid != 0)
                i++;
            start(d, &d->workers[i], next++);
            running++;
        }
        wait_for_one(d);
        running = 0;
        for (int i = 0; i < MAX_JOBS; i++)
            running += d->workers[i].pid != 0;
    }
}

static long
number(const char *text)
{
    char *end;
    long n = text != NULL ? strtol(text, &end, 10) : -1;

    if (text == NULL || end == text || *end != '\0' || n < 0)
        world_fail("no number: %s", text != NULL ? text : "");
    return n;
}

static void
parse(struct driver *d, char **argv)
{
    for (; *argv != NULL; argv++) {
        if (strcmp(*argv, "--keep") == 0)
            d->keep = true;
        else if (strcmp(*argv, "--hold") == 0)
            d->hold = true;
        else if (strcmp(*argv, "-v") == 0)
            d->verbose = true;
        else if (strcmp(*argv, "--seed") == 0)
            d->from = number(*++argv), d->count = 1;
        else if (strcmp(*argv, "--from") == 0)
            d->from = number(*++argv);
        else if (strcmp(*argv, "--count") == 0)
            d->count = number(*++argv);
        else if (strcmp(*argv, "--jobs") == 0)
            d->jobs = number(*++argv);
        else if (strcmp(*argv, "--haste") == 0)
            d->haste = number(*++argv);
        else
            d->folder = *argv;
    }
    if (d->folder == NULL || d->jobs < 1 || d->jobs > MAX_JOBS || d->haste < 1)
        world_fail("driver [--seed N | --from N --count N] [--jobs N] [--haste N] FOLDER");
}

int
main(int argc, char **argv)
{
    struct driver d = {.from = 1, .count = 50, .jobs = 2, .haste = USUAL_HASTE};
    int64_t start_ms = real_ms();

    parse(&d, argv + (argc > 0));
    printf("1..%ld\n", d.count);
    run_all(&d);
    printf("# %ld worlds, %ld failed, %.1f s, %.1f s each\n", d.passed + d.failed, d.failed,
           (double)(real_ms() - start_ms) / 1000,
           (double)d.ms / 1000 / (double)(d.passed + d.failed > 0 ? d.passed + d.failed : 1));
    return d.failed == 0 ? 0 : 1;
}
