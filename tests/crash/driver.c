#include <config.h>

/*
 * Stops programs at every crash point of every scenario and looks at what becomes of it.
 *
 *   driver [--jobs N] [--keep] [--floor N] [--every N] [--often] [--haste N] FOLDER
 *          SCENARIO-FILE... [PROGRAM:N[@RUN]]
 *
 * --every N tries each N-th point only, of each scenario from another one on; with --often more of
 * those that say so; --haste says how fast
 * the clocks of the programs run, less for programs that are slow: who stands still for 15 s gives
 * up writing. TAP on stdout: three points a scenario, and the number of crash points at the end.
 * With --keep the folders stay, with the log of the last run of each scenario.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#include "trial.h"

enum { MAX_REPORTED = 5, MAX_BAD = 20, TAP_POINTS = 3 };

/* What all workers share. */
struct shared {
    size_t next; /* scenario to be done */
    long points, missed, bad;
};

struct driver {
    const char *folder;
    char **files; /* borrowed from argv */
    size_t n_files;
    const char *only; /* PROGRAM:N[@RUN], NULL = all */
    long jobs, floor, every, haste;
    bool keep, often;
    struct shared *shared;
};

static bool
is_wanted(const struct driver *d, const struct point *p)
{
    CLEANUP_FREE char *full = mem_printf("%s:%ld@%d", p->program, p->n, p->run + 1);
    CLEANUP_FREE char *first = mem_printf("%s:%ld", p->program, p->n);

    return d->only == NULL || strcmp(full, d->only) == 0 ||
           (p->run == 0 && strcmp(first, d->only) == 0);
}

static long
try_points(const struct driver *d, struct trial *t, size_t index)
{
    long own = d->often ? t->scenario->every : 0;
    size_t every = (size_t)(own > 0 && own < d->every ? own : d->every);
    long bad = 0;

    for (size_t i = 0; i < t->n_points; i++) {
        size_t len = t->report.len;

        if (i % every != index % every || !is_wanted(d, &t->points[i]))
            continue;
        if (trial_point(t, &t->points[i]) == 0)
            continue;
        if (++bad > MAX_REPORTED) {
            t->report.len = len;
            t->report.data[len] = '\0';
        }
        if (bad == MAX_BAD)
            return bad;
    }
    return bad;
}

/* Whole blocks, one scenario after the other. */
static void
print(const struct driver *d, const char *text)
{
    size_t len = strlen(text);

    (void)d;
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, text, len);

        if (n < 0 && errno != EINTR)
            world_fail("stdout: %s", strerror(errno));
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
}

static void
report(const struct driver *d, struct trial *t, int base, int again, long bad)
{
    const struct scenario *s = t->scenario;
    long n = t->passed + t->missed;
    int lock = fileno(stderr);
    CLEANUP_BUF struct buf out = BUF_INIT;

    buf_printf(&out, "%s - %s: %s\n", base == 0 ? "ok" : "not ok", s->name, s->about);
    buf_printf(&out, "%s - %s: again, and nothing is written\n", again == 0 ? "ok" : "not ok",
               s->name);
    buf_printf(&out, "%s - %s: stopped at each of %ld crash points\n",
               bad == 0 && n > 0 ? "ok" : "not ok", s->name, t->passed);
    buf_text(&out, buf_get(&t->report));
    if (bad > MAX_REPORTED)
        buf_printf(&out, "# and %ld more\n", bad - MAX_REPORTED);
    if (n > 0)
        buf_printf(&out,
                   "# %s: a point takes %lld + %lld + %lld ms (stopped, settled, compared), "
                   "at most %d runs to settle, %ld not reached\n",
                   s->name, (long long)t->ms[TRIAL_STOP] / n, (long long)t->ms[TRIAL_SETTLE] / n,
                   (long long)t->ms[TRIAL_COMPARE] / n, t->tries, t->missed);
    flock(lock, LOCK_EX);
    print(d, buf_get(&out));
    flock(lock, LOCK_UN);
}

static void
run_scenario(const struct driver *d, size_t index)
{
    struct scenario *s = scenario_load(d->files[index]);
    CLEANUP_FREE char *folder = mem_printf("%s/%s", d->folder, s->name);
    struct trial t;
    int base = -1, again = -1;
    long bad = 0;

    if (trial_open(&t, s, folder, d->haste) == 0) {
        base = trial_base(&t);
        again = trial_again(&t);
        bad = try_points(d, &t, index);
    }
    report(d, &t, base, again, bad);
    __atomic_fetch_add(&d->shared->points, t.passed, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&d->shared->missed, t.missed, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&d->shared->bad, bad + (base != 0) + (again != 0), __ATOMIC_SEQ_CST);
    trial_close(&t);
    scenario_free(s);
}

static void
work(const struct driver *d)
{
    size_t i;

    while ((i = __atomic_fetch_add(&d->shared->next, 1, __ATOMIC_SEQ_CST)) < d->n_files)
        run_scenario(d, i);
}

/* Their number that failed altogether. */
static int
start_workers(const struct driver *d)
{
    int status, broken = 0;

    fflush(stdout);
    for (long i = 0; i < d->jobs; i++) {
        pid_t pid = fork();

        if (pid < 0)
            world_fail("fork: %s", strerror(errno));
        if (pid == 0) {
            work(d);
            _exit(0);
        }
    }
    while (wait(&status) > 0)
        broken += status != 0;
    return broken;
}

static void __attribute__((noreturn)) usage(void)
{
    fprintf(stderr,
            "usage: driver [--jobs N] [--keep] [--floor N] [--every N] [--often] [--haste N] "
            "FOLDER FILE... [PROGRAM:N]\n");
    exit(64);
}

static void
read_arguments(struct driver *d, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--keep") == 0)
            d->keep = true;
        else if (strcmp(argv[i], "--often") == 0)
            d->often = true;
        else if (strcmp(argv[i], "--jobs") == 0 && i + 1 < argc)
            d->jobs = strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--floor") == 0 && i + 1 < argc)
            d->floor = strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--every") == 0 && i + 1 < argc)
            d->every = strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--haste") == 0 && i + 1 < argc)
            d->haste = strtol(argv[++i], NULL, 10);
        else
            usage();
    }
    if (i < argc)
        d->folder = argv[i++];
    if (argc > i && strchr(argv[argc - 1], ':') != NULL)
        d->only = argv[--argc];
    d->files = argv + i;
    d->n_files = argc > i ? (size_t)(argc - i) : 0;
    if (d->n_files == 0 || d->jobs < 1 || d->every < 1 || d->haste < 1 || d->haste > MAX_HASTE)
        usage();
}

int
main(int argc, char **argv)
{
    struct driver d = {.jobs = 2, .every = 1, .haste = USUAL_HASTE};
    int64_t begun = clock_boot();
    int broken;

    read_arguments(&d, argc, argv);
    if (getenv("top_srcdir") == NULL)
        usage();
    d.shared =
        mmap(NULL, sizeof *d.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (d.shared == MAP_FAILED)
        world_fail("mmap: %s", strerror(errno));
    printf("1..%zu\n", d.n_files * TAP_POINTS + 1);
    broken = start_workers(&d);
    printf("%s - %ld crash points, at least %ld\n", d.shared->points >= d.floor ? "ok" : "not ok",
           d.shared->points, d.floor);
    printf("# %ld crash points in %.1f s\n", d.shared->points,
           (double)(clock_boot() - begun) / 1000);
    return broken > 0 || d.shared->bad > 0 || d.shared->points < d.floor;
}
