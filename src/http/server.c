#include <config.h>

#include "http/serving.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    DEFAULT_THREADS = 2,
    MAX_THREADS = 64,
    DEFAULT_BODY = 1 << 20,
    DEFAULT_HEAD = 32 << 10,
    DEFAULT_HELD = 64 << 20,
    DEFAULT_CONNECTIONS = 8192,
    DEFAULT_READ_MS = 10000,
    FDS_FOR_OTHERS = 128, /* states, configs, what lingers */
    HEAD_SLACK = 8 << 10, /* what libmicrohttpd notes beside a head */
    ACCEPTS = 64          /* in a row, before time limits are looked at */
};

static void
set_defaults(struct server_options *o)
{
    if (o->threads == 0)
        o->threads = DEFAULT_THREADS;
    if (o->threads > MAX_THREADS)
        o->threads = MAX_THREADS;
    if (o->max_body == 0)
        o->max_body = DEFAULT_BODY;
    if (o->max_head == 0)
        o->max_head = DEFAULT_HEAD;
    if (o->max_held == 0)
        o->max_held = DEFAULT_HELD;
    if (o->max_held < 2 * o->max_body)
        o->max_held = 2 * o->max_body;
    if (o->max_connections == 0)
        o->max_connections = DEFAULT_CONNECTIONS;
    if (o->read_ms == 0)
        o->read_ms = DEFAULT_READ_MS;
}

/* How many connections the process can have open. */
static unsigned
raise_files(unsigned wanted)
{
    struct rlimit r;

    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return wanted;
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= (rlim_t)wanted + FDS_FOR_OTHERS)
        return wanted;
    return r.rlim_cur > 2 * FDS_FOR_OTHERS ? (unsigned)(r.rlim_cur - FDS_FOR_OTHERS) : 16;
}

static int
open_listeners(struct server *s, struct err *err)
{
    const struct server_options *o = &s->o;
    int passed = 0;

    s->listeners = mem_alloc((LISTENER_MAX_PASSED + o->n_listen) * sizeof *s->listeners);
    if (o->activated && (passed = listener_passed(s->listeners, err)) < 0)
        return -1;
    s->n_listeners = (size_t)passed;
    for (size_t i = 0; i < o->n_listen; i++) {
        if (listener_open(&s->listeners[s->n_listeners], o->listen[i], err) < 0)
            return -1;
        s->n_listeners++;
    }
    if (s->n_listeners > 0)
        return 0;
    err_set(err, ERR_RUN, ERR_NEVER, "bad-address", "there is no address to listen on");
    return err_exit(err, EXIT_USAGE);
}

static void
note_connection(void *cls, struct MHD_Connection *connection, void **context,
                enum MHD_ConnectionNotificationCode code)
{
    const union MHD_ConnectionInfo *info;
    struct server *s = cls;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = hall_find(&s->hall, info->connect_fd);
    } else {
        hall_leave(&s->hall, *context);
    }
}

static int
start_daemons(struct server *s, struct err *err)
{
    const struct server_options *o = &s->o;

    s->daemons = mem_alloc(o->threads * sizeof(struct MHD_Daemon *));
    for (; s->n_daemons < o->threads; s->n_daemons++) {
        struct MHD_Daemon *d = MHD_start_daemon(
            MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
            NULL, NULL, exchange_handle, s, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, s,
            MHD_OPTION_NOTIFY_COMPLETED, exchange_end, s, MHD_OPTION_NOTIFY_CONNECTION,
            note_connection, s, MHD_OPTION_CONNECTION_LIMIT, 2 * o->max_connections + 1,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->max_head + HEAD_SLACK, MHD_OPTION_END);

        if (d == NULL)
            return err_set(err, ERR_RUN, ERR_LATER, "no-server", "the HTTP server did not start");
        s->daemons[s->n_daemons] = d;
    }
    return 0;
}

static void
give(struct server *s, int fd, const struct sockaddr_storage *from, socklen_t len)
{
    struct MHD_Daemon *d = s->daemons[s->next_daemon];
    struct guest *g = hall_enter(&s->hall, fd);

    s->next_daemon = (s->next_daemon + 1) % s->n_daemons;
    if (g == NULL)
        close(fd);
    else if (MHD_add_connection(d, fd, (const struct sockaddr *)from, len) != MHD_YES)
        hall_leave(&s->hall, g); /* it is closed already */
}

/* No descriptor left: one goes, and the others get a moment. */
static void
relieve(struct server *s)
{
    const struct timespec moment = {0, 10000000};

    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return;
    hall_shed(&s->hall);
    nanosleep(&moment, NULL);
}

/* True: there may be more. */
static bool
accept_one(struct server *s, int listener)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof from;
    int fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
        return true;
    if (fd < 0) {
        relieve(s);
        return false;
    }
    give(s, fd, &from, len);
    return true;
}

static void
accept_some(struct server *s, int listener, int max)
{
    for (int i = 0; i < max && accept_one(s, listener); i++)
        ;
}

static void
stop_listening(struct server *s)
{
    for (size_t i = 0; i < s->n_listeners; i++) {
        if (s->listeners[i].fd >= 0)
            accept_some(s, s->listeners[i].fd, LISTENER_BACKLOG);
        listener_close(&s->listeners[i]);
    }
    s->deaf = true;
}

/* Accepts and sweeps until it is stopped. */
static void *
acceptor(void *cls)
{
    struct server *s = cls;
    bool open = true;
    int wait = 0;

    while (!s->stopping) {
        struct epoll_event events[16];
        int n = epoll_wait(s->epoll, events, 16, wait);

        if (open && s->quiesced) {
            open = false;
            stop_listening(s);
        }
        for (int i = 0; open && i < n; i++)
            if (events[i].data.fd != s->wake)
                accept_some(s, events[i].data.fd, ACCEPTS);
        wait = hall_sweep(&s->hall);
    }
    return NULL;
}

static int
watch(struct server *s, int fd, struct err *err)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) != 0 ? err_errno(err, "epoll_ctl") : 0;
}

static int
start_acceptor(struct server *s, struct err *err)
{
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->epoll < 0 || s->wake < 0)
        return err_errno(err, "epoll");
    if (watch(s, s->wake, err) < 0)
        return -1;
    for (size_t i = 0; i < s->n_listeners; i++)
        if (watch(s, s->listeners[i].fd, err) < 0)
            return -1;
    errno = pthread_create(&s->acceptor, NULL, acceptor, s);
    if (errno != 0)
        return err_errno(err, "pthread_create");
    s->accepting = true;
    return 0;
}

/* Signals are for the thread that calls, not for ours. */
static int
start_threads(struct server *s, struct err *err)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = start_daemons(s, err);
    if (rc == 0)
        rc = start_acceptor(s, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

struct server *
server_start(const struct server_options *o, struct err *err)
{
    struct server *s = mem_alloc(sizeof *s);

    s->o = *o;
    s->epoll = s->wake = -1;
    set_defaults(&s->o);
    s->o.max_connections = raise_files(s->o.max_connections);
    pthread_mutex_init(&s->lock, NULL);
    TAILQ_INIT(&s->asleep);
    hall_init(&s->hall, s->o.max_connections, s->o.read_ms);
    if (open_listeners(s, err) < 0 || start_threads(s, err) < 0) {
        server_stop(s);
        return NULL;
    }
    return s;
}

const char *
server_url(const struct server *s, size_t i)
{
    return i < s->n_listeners ? s->listeners[i].url : NULL;
}

static void
wake(struct server *s)
{
    const uint64_t one = 1;

    if (s->wake >= 0 && write(s->wake, &one, sizeof one) < 0)
        BUG("eventfd");
}

void
server_quiesce(struct server *s)
{
    hall_close_idle(&s->hall);
    s->quiesced = true;
    wake(s);
}

unsigned
server_pending(struct server *s)
{
    if (!s->quiesced)
        return s->pending;
    return s->deaf ? hall_count(&s->hall) : hall_count(&s->hall) + 1;
}

void
server_stop(struct server *s)
{
    if (s == NULL)
        return;
    s->stopping = true;
    wake(s);
    if (s->accepting)
        pthread_join(s->acceptor, NULL);
    exchange_drop_all(s);
    for (unsigned i = 0; i < s->n_daemons; i++)
        MHD_stop_daemon(s->daemons[i]);
    for (size_t i = 0; i < s->n_listeners; i++)
        listener_release(&s->listeners[i]);
    hall_release(&s->hall);
    pthread_mutex_destroy(&s->lock);
    if (s->epoll >= 0)
        close(s->epoll);
    if (s->wake >= 0)
        close(s->wake);
    free(s->daemons);
    free(s->listeners);
    free(s);
}
