#include <config.h>

#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

#include "setup.h"

enum { MAX_TRIES = 6 };

static void __attribute__((format(printf, 2, 3))) say(struct trial *t, const char *fmt, ...)
{
    va_list ap;

    buf_text(&t->report, "# ");
    va_start(ap, fmt);
    buf_vprintf(&t->report, fmt, ap);
    va_end(ap);
    buf_char(&t->report, '\n');
}

static void
say_lines(struct trial *t, const char *text)
{
    CLEANUP_FREE char *copy = mem_text(text);
    char *save = NULL;

    for (char *l = strtok_r(copy, "\n", &save); l != NULL; l = strtok_r(NULL, "\n", &save))
        say(t, "  %s", l);
}

int
trial_open(struct trial *t, const struct scenario *s, const char *folder, long haste)
{
    struct setup setup = {.scenario = s};
    int status = 0;

    *t = (struct trial){.scenario = s, .world = world_new(folder, haste)};
    setup.world = t->world;
    world_configure(t->world, s, 0);
    if (world_run(t->world, "sync-ctl init --quiet", NULL, NULL) != 0)
        world_fail("%s: sync-ctl init failed, see the log in %s", s->name, folder);
    for (size_t i = 0; i < s->n_steps && status == 0; i++) {
        status = setup_step(&setup, i);
        if (status != 0)
            say(t, "line %d: %s ended with %d", s->steps[i].line, s->steps[i].value, status);
    }
    world_mark(t->world);
    return status;
}

/* ---- the base ---- */

static void
add_point(struct trial *t, const struct point *p)
{
    for (size_t i = 0; i < t->n_points; i++)
        if (t->points[i].run == p->run && t->points[i].n == p->n &&
            strcmp(t->points[i].program, p->program) == 0)
            return;
    t->points = mem_resize(t->points, t->n_points + 1, sizeof *t->points);
    t->points[t->n_points++] = *p;
}

static void
read_trace(struct trial *t, const char *file, int run)
{
    FILE *in = fopen(file, "re");
    struct point p = {.run = run};

    while (in != NULL && fscanf(in, "%31s %ld %63s", p.program, &p.n, p.name) == 3)
        add_point(t, &p);
    if (in != NULL)
        fclose(in);
}

/* Runs it again, once or more, until nothing is open. Takes the capture. -1: it never is. */
static int
settle(struct trial *t, struct capture *c, long open)
{
    int status = t->scenario->ends;

    for (int i = 0; i < MAX_TRIES; i++) {
        world_bury(t->world);
        status = world_run(t->world, t->scenario->settle, NULL, NULL);
        t->tries = i + 1 > t->tries ? i + 1 : t->tries;
        capture_release(c);
        capture_take(c, t->world);
        if (status == t->scenario->ends && c->open == open)
            return 0;
    }
    say(t, "not settled: `%s` ends with %d, %ld open", t->scenario->settle, status, c->open);
    return -1;
}

/* `sync-ctl audit` */
static int
audit(struct trial *t)
{
    int status = world_run(t->world, "sync-ctl audit --quiet", NULL, NULL);

    if (status != 0)
        say(t, "sync-ctl audit ends with %d", status);
    return status == 0 ? 0 : -1;
}

/* Are N updates of a system right? */
static bool
is_right(const struct scenario *s, int system, long n)
{
    return n <= s->updates[system] && n >= s->updates[system] - s->saves[system];
}

static int
as_wanted(struct trial *t)
{
    const struct scenario *s = t->scenario;
    struct capture want = {.state = t->base.state};
    CLEANUP_BUF struct buf diff = BUF_INIT;

    for (int i = 0; i < SYSTEMS; i++) {
        want.records[i] = s->wants[i];
        want.creates[i] = s->creates[i];
        want.updates[i] = is_right(s, i, t->base.updates[i]) ? t->base.updates[i] : s->updates[i];
        want.deletes[i] = s->deletes[i];
    }
    if (capture_compare(&want, &t->base, &diff) == 0)
        return 0;
    say(t, "not as the table says (-), but (+):");
    say_lines(t, buf_get(&diff));
    say(t, "with the state:");
    say_lines(t, t->base.state);
    return -1;
}

int
trial_base(struct trial *t)
{
    CLEANUP_FREE char *trace = world_path(t->world, "trace");
    int settled;

    for (size_t i = 0; i < t->scenario->n_runs; i++) {
        unlink(trace);
        world_run(t->world, t->scenario->runs[i], NULL, trace);
        read_trace(t, trace, (int)i);
    }
    unlink(trace);
    settled = settle(t, &t->base, t->scenario->open);
    t->tries = 0;
    return as_wanted(t) == 0 && settled == 0 && audit(t) == 0 ? 0 : -1;
}

int
trial_again(struct trial *t)
{
    struct capture now;
    CLEANUP_BUF struct buf diff = BUF_INIT;
    int status = world_run(t->world, t->scenario->settle, NULL, NULL);
    int n;

    capture_take(&now, t->world);
    n = capture_compare(&t->base, &now, &diff);
    capture_release(&now);
    if (status != t->scenario->ends)
        say(t, "`%s` ends with %d", t->scenario->settle, status);
    say_lines(t, buf_get(&diff));
    return n == 0 && status == t->scenario->ends ? 0 : -1;
}

/* ---- a point ---- */

/* Was the point reached, and what is it called this time? */
static bool
was_reached(const char *trace, const struct point *p, char name[64])
{
    FILE *in = fopen(trace, "re");
    char program[32];
    bool reached = false;
    long n;

    while (in != NULL && !reached && fscanf(in, "%31s %ld %63s", program, &n, name) == 3)
        reached = n == p->n && strcmp(program, p->program) == 0;
    if (in != NULL)
        fclose(in);
    return reached;
}

/* All runs up to the one of P, and that one stopped. */
static bool
stop(struct trial *t, const struct point *p, char name[64])
{
    CLEANUP_FREE char *trace = world_path(t->world, "trace");
    CLEANUP_FREE char *at = mem_printf("%s:%ld", p->program, p->n);
    int i;

    for (i = 0; i < p->run; i++)
        world_run(t->world, t->scenario->runs[i], NULL, NULL);
    unlink(trace);
    world_run(t->world, t->scenario->runs[i], at, trace);
    return was_reached(trace, p, name);
}

/* Where both are right, they need not be the same. */
static void
even_out(const struct trial *t, struct capture *c)
{
    for (int i = 0; i < SYSTEMS; i++)
        if (is_right(t->scenario, i, c->updates[i]) && is_right(t->scenario, i, t->base.updates[i]))
            c->updates[i] = t->base.updates[i];
}

static void
tell(struct trial *t, const struct point *p, const char *name, const char *diff)
{
    say(t, "%s %s:%ld@%d (%s): not as without the crash (-), but (+):", t->scenario->name,
        p->program, p->n, p->run + 1, name);
    say_lines(t, diff);
    say(t, "  again: tests/crash/run --keep %s %s:%ld@%d", t->scenario->name, p->program, p->n,
        p->run + 1);
}

int
trial_point(struct trial *t, const struct point *p)
{
    CLEANUP_FREE char *log = world_path(t->world, "log");
    CLEANUP_BUF struct buf diff = BUF_INIT;
    char name[64] = "not reached";
    int64_t begun = clock_boot(), now;
    struct capture c = {.open = 0};
    int failed;

    unlink(log);
    world_restore(t->world);
    if (stop(t, p, name))
        t->passed++;
    else
        t->missed++;
    t->ms[TRIAL_STOP] += (now = clock_boot()) - begun;
    begun = now;
    failed = settle(t, &c, t->base.open);
    even_out(t, &c);
    t->ms[TRIAL_SETTLE] += (now = clock_boot()) - begun;
    begun = now;
    if (capture_compare(&t->base, &c, &diff) > 0 || failed != 0) {
        tell(t, p, name, buf_get(&diff));
        failed = -1;
    }
    t->ms[TRIAL_COMPARE] += clock_boot() - begun;
    capture_release(&c);
    return failed;
}

void
trial_close(struct trial *t)
{
    world_free(t->world);
    capture_release(&t->base);
    buf_release(&t->report);
    free(t->points);
}
