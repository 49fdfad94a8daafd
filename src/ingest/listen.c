#include <config.h>

#include "ingest/listen.h"
#include "ingest/intake.h"
#include "ingest/reception.h"
#include "ingest/route.h"
#include "ingest/service.h"
#include "ingest/tenant.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/server.h"
#include "json/val.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DRAIN_TICK_MS = 5 };

struct listen {
    const struct listen_options *o;
    struct tenants tenants;
    struct routes routes;
    struct reception reception;
    struct server *server;
};

/* ---- what is said ---- */

static void
say_addresses(const struct server *s)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *url;

    for (size_t i = 0; (url = server_url(s, i)) != NULL; i++)
        buf_printf(&b, "%s%s", i > 0 ? ", " : "", url);
    log_info("listening on %s", buf_get(&b));
}

/* Whole or not at all: who waits for it reads it at once. */
static int
write_ready(const char *file, const struct server *s, struct err *err)
{
    CLEANUP_FREE char *temp = mem_printf("%s.new", file);
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *url;
    FILE *f = fopen(temp, "we");
    bool bad;

    if (f == NULL)
        return err_errno(err, "%s", temp);
    buf_text(&b, "{\"url\":");
    val_write_string(&b, server_url(s, 0), strlen(server_url(s, 0)));
    buf_text(&b, ",\"urls\":[");
    for (size_t i = 0; (url = server_url(s, i)) != NULL; i++) {
        if (i > 0)
            buf_char(&b, ',');
        val_write_string(&b, url, strlen(url));
    }
    buf_text(&b, "]}\n");
    bad = fwrite(b.data, 1, b.len, f) != b.len;
    bad = fclose(f) != 0 || bad;
    return bad || rename(temp, file) != 0 ? err_errno(err, "%s", file) : 0;
}

static int
say_plan(const struct listen *l, struct err *err)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    for (size_t i = 0; i < l->routes.n; i++) {
        const struct route *r = &l->routes.list[i];

        for (size_t k = 0; k < r->n; k++)
            buf_printf(&b, "%s\t%s\t%s\t%s\t%s\n", r->path, r->allow, r->candidates[k].system->name,
                       r->candidates[k].system->account, r->candidates[k].tenant->conf->file);
    }
    if (fwrite(b.data, 1, b.len, stdout) != b.len || fflush(stdout) != 0)
        return err_errno(err, "stdout");
    return 0;
}

/* ---- signals ---- */

static void
leave_at_once(int sig)
{
    (void)sig;
    _exit(EXIT_OK); /* what was answered is stored, and mapped at the next start */
}

static sigset_t
block_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return set;
}

static void
await_signal(const sigset_t *set)
{
    const struct sigaction sa = {.sa_handler = leave_at_once};

    while (sigwaitinfo(set, NULL) < 0)
        ;
    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    pthread_sigmask(SIG_UNBLOCK, set, NULL);
}

/* ---- life ---- */

/* Not if they were passed to a parent of ours (sd_listen_fds(3)). */
static bool
is_activated(void)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");

    return pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid() &&
           strtol(count, NULL, 10) != 0;
}

static int
start(struct listen *l, struct err *err)
{
    static const char *const usual[] = {"127.0.0.1:8080"};
    const struct listen_options *o = l->o;
    bool activated = is_activated();
    struct server_options s = {.listen = o->addresses,
                               .n_listen = o->n_addresses,
                               .activated = activated,
                               .threads = o->threads,
                               .max_body = o->max_body,
                               .max_connections = o->connections,
                               .user = &l->reception,
                               .accept = reception_accept,
                               .handle = reception_handle};

    if (o->n_addresses == 0 && !activated) {
        s.listen = usual;
        s.n_listen = 1;
    }
    if (tenants_open(&l->tenants, err) < 0)
        return -1;
    reception_init(&l->reception, &l->routes, &l->tenants);
    l->reception.intake = intake_start(&l->tenants, &l->routes, err);
    if (l->reception.intake == NULL)
        return -1;
    l->server = server_start(&s, err);
    return l->server == NULL ? -1 : 0;
}

/* Takes nothing new, answers what it has, maps what is stored. */
static void
drain(struct listen *l)
{
    const struct timespec tick = {0, DRAIN_TICK_MS * 1000000L};

    l->reception.draining = true;
    service_notify("STOPPING=1");
    log_verbose("stopping: %u requests are being answered", server_pending(l->server));
    server_quiesce(l->server);
    while (server_pending(l->server) > 0)
        nanosleep(&tick, NULL);
}

static int
serve(struct listen *l, struct err *err)
{
    sigset_t signals = block_signals();

    if (start(l, err) < 0)
        return -1;
    if (l->o->ready_file != NULL && write_ready(l->o->ready_file, l->server, err) < 0)
        return -1;
    say_addresses(l->server);
    service_notify("READY=1");
    await_signal(&signals);
    drain(l);
    return 0;
}

int
listen_run(const struct listen_options *o, struct err *err)
{
    struct listen l = {.o = o};
    int rc = -1;

    if (tenants_load(&l.tenants, o->config, err) == 0 &&
        routes_make(&l.routes, &l.tenants, err) == 0)
        rc = o->dry_run ? say_plan(&l, err) : serve(&l, err);
    intake_stop(l.reception.intake);
    server_stop(l.server);
    intake_free(l.reception.intake);
    if (l.reception.routes != NULL)
        reception_release(&l.reception);
    routes_release(&l.routes);
    tenants_release(&l.tenants);
    return rc < 0 ? (int)err->status : EXIT_OK;
}
