#include <config.h>

#include "sim/server.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 1024, CONNECTIONS = 1000 };

/* One call on its way, from its request line to the end of its answer. */
struct exchange {
    struct server *server;
    struct call *call; /* owned */
    struct reply reply;
    bool begun;
    bool answered;
    bool held;                      /* until sim_held says no, or `due` */
    struct MHD_Connection *waiting; /* not NULL: suspended until `due` */
    int64_t due;                    /* ms, as hooks_now */
    struct exchange *next;          /* of the waiting */
};

struct server {
    struct sim *sim; /* borrowed */
    struct MHD_Daemon *daemon;
    struct exchange *waiting; /* borrowed list */
    char *url;                /* owned */
};

/* Called with the request line; what it returns is the handler's *state. */
static void *
begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct exchange *e = mem_alloc(sizeof *e);

    (void)connection;
    e->server = cls;
    e->call = call_new(uri);
    return e;
}

static void
stop_waiting(struct exchange *e)
{
    struct exchange **at = &e->server->waiting;

    while (*at != NULL && *at != e)
        at = &(*at)->next;
    if (*at != NULL)
        *at = e->next;
    e->waiting = NULL;
}

static void
end(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    struct exchange *e = *state;

    (void)cls;
    (void)connection;
    (void)why;
    if (e == NULL)
        return;
    stop_waiting(e);
    if (e->answered)
        sim_done(e->server->sim, e->call);
    call_free(e->call);
    reply_release(&e->reply);
    free(e);
    *state = NULL;
}

static char *
header(struct MHD_Connection *connection, const char *name)
{
    return mem_text(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name));
}

static void
read_head(struct exchange *e, struct MHD_Connection *connection, const char *method)
{
    e->begun = true;
    e->call->method = mem_text(method);
    e->call->authorization = header(connection, "Authorization");
    e->call->content_type = header(connection, "Content-Type");
    e->call->if_match = header(connection, "If-Match");
    e->call->if_unmodified_since = header(connection, "If-Unmodified-Since");
    e->call->idempotency_key = header(connection, "Idempotency-Key");
}

static void
read_body(struct call *call, const char *data, size_t len)
{
    if (call->too_big || call->body.len + len > CALL_BODY_MAX) {
        call->too_big = true;
        buf_clear(&call->body);
    } else {
        buf_add(&call->body, data, len);
    }
}

/* By the simulator's clock: clients take it for the system's. */
static void
add_date(struct MHD_Response *response, const struct sim *sim)
{
    time_t now = (time_t)(timeline_now(&sim->store.time) / 1000);
    char text[64];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    MHD_add_response_header(response, "Date", text);
}

static void
add_headers(struct MHD_Response *response, const struct reply *r)
{
    char seconds[24];

    if (r->type != NULL)
        MHD_add_response_header(response, "Content-Type", r->type);
    if (r->etag != NULL)
        MHD_add_response_header(response, "ETag", r->etag);
    if (r->location != NULL)
        MHD_add_response_header(response, "Location", r->location);
    if (r->link != NULL)
        MHD_add_response_header(response, "Link", r->link);
    if (r->replayed)
        MHD_add_response_header(response, "Idempotent-Replayed", "true");
    if (r->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (r->retry_after > 0) {
        snprintf(seconds, sizeof seconds, "%ld", r->retry_after);
        MHD_add_response_header(response, "Retry-After", seconds);
    }
    for (int i = 0; i < r->n_headers; i++)
        MHD_add_response_header(response, r->headers[i].name, r->headers[i].value);
}

static enum MHD_Result
send_reply(struct exchange *e, struct MHD_Connection *connection)
{
    struct reply *r = &e->reply;
    size_t len = r->body.len;
    char *bytes = len > 0 ? buf_take(&r->body) : NULL;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, len > 0 ? bytes : (void *)"",
                                        len > 0 ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    enum MHD_Result sent;

    if (response == NULL)
        err_no_memory();
    add_headers(response, r);
    add_date(response, e->server->sim);
    sent = MHD_queue_response(connection, (unsigned)r->status, response);
    MHD_destroy_response(response);
    return sent;
}

static void
wait_for(struct exchange *e, struct MHD_Connection *connection, long *ms)
{
    e->waiting = connection;
    e->due = hooks_now() + *ms;
    e->next = e->server->waiting;
    e->server->waiting = e;
    *ms = 0;
    MHD_suspend_connection(connection);
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *data, size_t *len, void **state)
{
    struct exchange *e = *state;
    struct server *s = cls;

    (void)url;
    (void)version;
    if (!e->begun) {
        read_head(e, connection, method);
        return MHD_YES;
    }
    if (*len > 0) {
        read_body(e->call, data, *len);
        *len = 0;
        return MHD_YES;
    }
    if (!e->answered) {
        e->answered = true;
        sim_answer(s->sim, e->call, &e->reply);
    }
    if (e->reply.hold_ms > 0 && sim_held(s->sim, e->call)) {
        wait_for(e, connection, &e->reply.hold_ms);
        e->held = true;
        return MHD_YES;
    }
    if (e->held || e->reply.hold_ms > 0) {
        e->held = false;
        e->reply.hold_ms = 0;
        sim_unhold(s->sim, e->call, &e->reply);
    }
    if (e->reply.delay_ms > 0) {
        wait_for(e, connection, &e->reply.delay_ms);
        return MHD_YES;
    }
    return e->reply.drop ? MHD_NO : send_reply(e, connection);
}

/* Split "ADDR:PORT", "[ADDR]:PORT". */
static int
split(const char *listen_on, char *host, size_t size, const char **port, struct err *err)
{
    const char *colon = strrchr(listen_on, ':');
    size_t len = colon != NULL ? (size_t)(colon - listen_on) : 0;

    if (len > 2 && listen_on[0] == '[' && listen_on[len - 1] == ']') {
        listen_on++;
        len -= 2;
    }
    if (len == 0 || len >= size || colon[1] == '\0') {
        err_set(err, ERR_RUN, ERR_NEVER, "bad-address", "--listen wants ADDR:PORT");
        return err_exit(err, EXIT_USAGE);
    }
    memcpy(host, listen_on, len);
    host[len] = '\0';
    *port = colon + 1;
    return 0;
}

static int
bind_to(const struct addrinfo *address, const char *what, struct err *err)
{
    int one = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_errno(err, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        err_errno(err, "%s", what);
        close(fd);
        return -1;
    }
    return fd;
}

/* getaddrinfo takes any number and cuts it to 16 bits. */
static bool
port_ok(const char *port)
{
    size_t len = strspn(port, "0123456789");

    return len > 0 && len <= 5 && port[len] == '\0' && strtol(port, NULL, 10) <= 65535;
}

/* The address of "ADDR:PORT", for freeaddrinfo; NULL with err. */
static struct addrinfo *
address_of(const char *listen_on, struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    const char *port = NULL;
    char host[64];

    if (split(listen_on, host, sizeof host, &port, err) != 0)
        return NULL;
    if (!port_ok(port) || getaddrinfo(host, port, &hints, &address) != 0) {
        err_set(err, ERR_RUN, ERR_NEVER, "bad-address", "%.100s is no address and port", listen_on);
        err_exit(err, EXIT_USAGE);
        return NULL;
    }
    return address;
}

int
server_check(const char *listen_on, struct err *err)
{
    struct addrinfo *address = address_of(listen_on, err);

    if (address == NULL)
        return -1;
    freeaddrinfo(address);
    return 0;
}

static int
open_socket(const char *listen_on, struct err *err)
{
    struct addrinfo *address = address_of(listen_on, err);
    int fd;

    if (address == NULL)
        return -1;
    fd = bind_to(address, listen_on, err);
    freeaddrinfo(address);
    return fd;
}

static char *
url_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    char host[64];
    char port[8];

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        BUG("no name of a bound socket");
    return address.ss_family == AF_INET6 ? mem_printf("http://[%s]:%s", host, port)
                                         : mem_printf("http://%s:%s", host, port);
}

struct server *
server_open(struct sim *sim, const char *listen_on, struct err *err)
{
    struct server *s;
    int fd = open_socket(listen_on, err);

    if (fd < 0)
        return NULL;
    s = mem_alloc(sizeof *s);
    s->sim = sim;
    s->url = url_of(fd);
    signal(SIGPIPE, SIG_IGN);
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK, 0, NULL, NULL,
        handle, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, begin, s,
        MHD_OPTION_NOTIFY_COMPLETED, end, s, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)65536, MHD_OPTION_END);
    if (s->daemon == NULL) {
        err_set(err, ERR_RUN, ERR_LATER, "no-server", "the HTTP server did not start");
        close(fd);
        server_close(s);
        return NULL;
    }
    return s;
}

const char *
server_url(const struct server *s)
{
    return s->url;
}

/*
 * Go on with those whose time has come (ALL: with all). ms until there is something to do: 0 if
 * some go on now, -1 if none waits.
 */
static int
resume_due(struct server *s, bool all)
{
    int64_t now = hooks_now();
    struct exchange *e = s->waiting;
    int64_t next = -1;

    while (e != NULL) {
        struct exchange *after = e->next;

        if (all || e->due <= now || (e->held && !sim_held(s->sim, e->call))) {
            struct MHD_Connection *connection = e->waiting;

            stop_waiting(e);
            MHD_resume_connection(connection);
            next = 0;
        } else if (next < 0 || e->due - now < next) {
            next = e->due - now;
        }
        e = after;
    }
    return next > INT_MAX ? INT_MAX : (int)next;
}

static int
timeout_of(struct server *s)
{
    int wait = resume_due(s, false);
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(s->daemon, &ms) == MHD_YES && (wait < 0 || ms < (unsigned)wait))
        wait = (int)ms;
    return wait;
}

/* What is held is looked at anew in each turn. */
static void
read_news(int fd)
{
    uint64_t n;

    if (read(fd, &n, sizeof n) < 0 && errno != EAGAIN)
        BUG("news: %s", strerror(errno));
}

int
server_run(struct server *s, const sigset_t *signals, struct err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    struct pollfd fds[3] = {
        {info->epoll_fd, POLLIN, 0}, {fd, POLLIN, 0}, {s->sim->hooks.news, POLLIN, 0}};
    int failed = 0;

    if (fd < 0)
        return err_errno(err, "signalfd");
    while (failed == 0 && fds[1].revents == 0) {
        if (poll(fds, 3, timeout_of(s)) < 0 && errno != EINTR)
            failed = err_errno(err, "poll");
        if (fds[2].revents != 0)
            read_news(fds[2].fd);
        MHD_run(s->daemon);
    }
    close(fd);
    return failed;
}

void
server_close(struct server *s)
{
    if (s == NULL)
        return;
    resume_due(s, true);
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    free(s->url);
    free(s);
}
