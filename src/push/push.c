#include <config.h>

#include "push/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SLEEP_MS = 1000 }; /* longest sleep: signals are seen after it at the latest */

static volatile sig_atomic_t terminated;

static void
on_signal(int sig)
{
    (void)sig;
    terminated = 1;
}

bool
push_terminated(void)
{
    return terminated != 0;
}

static void
catch_signals(void)
{
    struct sigaction act;

    memset(&act, 0, sizeof act);
    act.sa_handler = on_signal;
    sigemptyset(&act.sa_mask);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
}

void
push_fail(struct push *p, const struct err *err)
{
    if (p->fatal.code[0] == '\0')
        p->fatal = *err;
    p->ended = true;
}

struct target *
push_target(struct push *p, const char *system)
{
    for (size_t i = 0; i < p->conf.n_systems; i++)
        if (strcmp(p->targets[i].system->name, system) == 0)
            return &p->targets[i];
    return NULL;
}

/* ---- start and end ---- */

static void
set_limits(struct push *p)
{
    if (p->o->max_creates >= 0)
        p->conf.max_creates = (struct limit){.count = p->o->max_creates, .percent = -1};
    if (p->o->max_updates >= 0)
        p->conf.max_updates = (struct limit){.count = p->o->max_updates, .percent = -1};
    p->max_deletes = (struct limit){.count = p->o->max_deletes, .percent = -1};
}

/* A write may have waited for its turn, or its connection, longer than our lease proves it ours. */
static bool
may_write(void *user)
{
    return lease_is_fresh(user);
}

static void
start_targets(struct push *p)
{
    p->targets = mem_alloc((p->conf.n_systems + 1) * sizeof *p->targets);
    p->tallies = mem_alloc((p->conf.n_syncs + 1) * sizeof *p->tallies);
    for (size_t i = 0; i < p->conf.n_systems; i++) {
        struct target *t = &p->targets[i];

        t->system = &p->conf.systems[i];
        t->provider = provider_new(t->system, p->http);
        provider_guard(t->provider, may_write, p);
        provider_meter(t->provider, p->o->meter);
        provider_tokens(t->provider, p->o->tokens);
        provider_jobs(t->provider, job_keep, p);
        queue_init(&t->ready);
    }
}

static int
open_input(struct push *p, struct err *err)
{
    const char *name = "stdin";

    if (p->o->plan != NULL && strcmp(p->o->plan, "-") != 0) {
        name = p->o->plan;
        p->fd = open(name, O_RDONLY | O_CLOEXEC);
        if (p->fd < 0)
            return err_errno(err, "%s", name);
    }
    if (p->o->plan != NULL && plan_start(p, name, err) < 0)
        return -1;
    p->in = ndjson_open(p->fd, name);
    p->rejects = rejects_open(p->o->rejects, err);
    return p->rejects == NULL ? -1 : 0;
}

/* What is decided under is said before any shadow is taken under it. */
static int
keep_mappings(struct push *p, struct err *err)
{
    for (size_t i = 0; p->store != NULL && !p->o->dry_run && i < p->conf.n_syncs; i++)
        if (store_keep_mapping(p->store, p->conf.syncs[i].map_hash, p->conf.syncs[i].mapping, err) <
            0)
            return -1;
    return 0;
}

static int
start(struct push *p, const struct push_options *o, struct err *err)
{
    memset(p, 0, sizeof *p);
    p->o = o;
    p->conf = *o->conf;
    p->store = o->store;
    p->fd = STDIN_FILENO;
    p->locked.stopped = push_terminated;
    if (p->store != NULL)
        store_wait_on(p->store, locked_go_on, &p->locked);
    set_limits(p);
    p->http = http_new();
    start_targets(p);
    p->out = ndjson_create(STDOUT_FILENO, "stdout");
    p->pause_arena = arena_new();
    queue_init(&p->answered);
    if (open_input(p, err) < 0 || keep_mappings(p, err) < 0)
        return -1;
    p->locked.fd = p->fd;
    return 0;
}

/* Writes whose end nobody knows yet: the state has them, the next writer takes them over. */
static void
leave_open(struct push *p)
{
    while (p->lines != NULL) {
        struct line *l = p->lines;

        for (struct write *w = l->writes; w != NULL; w = w->sibling)
            if (!w->gone) {
                send_leave(w);
                result_parked(w);
            }
        line_free(l);
    }
    p->open = p->parked = 0;
}

/* Does a system refuse us, as far as we know? */
static bool
is_refused(const struct push *p)
{
    for (size_t i = 0; i < p->conf.n_systems; i++)
        if (p->targets[i].auth_said)
            return true;
    return false;
}

static void
say_canary(const struct push *p)
{
    if (p->canary_over)
        log_warn("canary: %ld applied, %ld more would write; look at them, then run it again "
                 "without --canary",
                 p->canary_done, p->canary_left);
}

static void
finish(struct push *p)
{
    struct err err = ERR_INIT;

    leave_open(p);
    result_flush(p);
    log_progress_end();
    say_canary(p);
    plan_say(p);
    lease_end(p);
    if (ndjson_finish(p->out, &err) < 0 && p->out_err.code[0] == '\0') {
        p->out_err = err;
        log_err(&err);
    }
    p->auth = is_refused(p);
    http_free(p->http);
    for (size_t i = 0; i < p->conf.n_systems; i++)
        provider_free(p->targets[i].provider);
    free(p->targets);
    free(p->tallies);
    free(p->pipelines);
    free(p->waiting);
    seen_free(p->planned);
    losses_release(&p->losses);
    buf_release(&p->controls);
    arena_free(p->pause_arena);
    ndjson_close(p->in);
    rejects_close(p->rejects);
    if (p->fd > STDERR_FILENO)
        close(p->fd);
}

static int
status(const struct push *p, struct err *err)
{
    if (p->fatal.code[0] != '\0') {
        *err = p->fatal;
        return p->fatal.status;
    }
    if (p->canary_over)
        return EXIT_STOP;
    if ((p->stopped || p->incident) && p->bounded) /* an endless stream has gone on */
        return EXIT_STOP;
    if (p->auth)
        return EXIT_REFUSED;
    if (p->out_err.code[0] != '\0')
        return EXIT_IO;
    if (push_terminated())
        return EXIT_LATER;
    return p->refused ? EXIT_PARTIAL : EXIT_OK;
}

/* ---- the loop ---- */

/* Nothing new is begun: a signal, or an error of the whole run. */
static bool
is_halted(const struct push *p)
{
    return push_terminated() || p->fatal.code[0] != '\0';
}

static bool
is_done(const struct push *p)
{
    int under_way = 0;

    if (p->answered.first != NULL)
        return false;
    if (!is_halted(p))
        return p->ended && p->waiting == NULL && p->open == p->parked;
    for (size_t i = 0; i < p->conf.n_systems; i++)
        under_way += p->targets[i].under_way;
    return under_way == 0 && p->looking == 0;
}

static int
begin_work(struct push *p, struct err *err)
{
    if (!p->o->dry_run && lease_tick(p, err) < 0)
        return -1;
    if (!is_halted(p) && batch_run(p, err) < 0)
        return -1;
    return is_halted(p) ? send_drop(p, err) : send_ready(p, err);
}

static int
wait_for_work(struct push *p, struct err *err)
{
    bool wanted = !p->ended && p->waiting == NULL && p->open - p->parked < PUSH_MAX_WRITES;
    bool here = wanted && ndjson_buffered(p->in);

    for (size_t i = 0; i < p->conf.n_systems; i++)
        provider_tick(p->targets[i].provider);
    return http_poll(p->http, wanted && !here ? p->fd : -1, here ? 0 : SLEEP_MS, NULL, err);
}

/* Until all is done, or the state takes no more answers. */
static void
loop(struct push *p)
{
    for (;;) {
        struct err err = ERR_INIT;

        if (push_terminated())
            p->ended = true;
        if (settle_answered(p, &err) < 0) {
            push_fail(p, &err);
            return;
        }
        if (begin_work(p, &err) < 0)
            push_fail(p, &err);
        if (is_done(p))
            return;
        if (p->ended || !ndjson_ready(p->in))
            result_flush(p);
        if (wait_for_work(p, &err) < 0) {
            push_fail(p, &err);
            return;
        }
    }
}

int
push_run(const struct push_options *o, struct err *err)
{
    struct push p;

    catch_signals();
    if (start(&p, o, err) < 0)
        push_fail(&p, err);
    else
        loop(&p);
    finish(&p);
    return status(&p, err);
}
