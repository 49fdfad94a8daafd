#include <config.h>

#include "http/listener.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_PASSED = 3 };

static int
refuse(struct err *err, const char *address)
{
    err_set(err, ERR_RUN, ERR_NEVER, "bad-address", "%.200s is no address and port", address);
    err_hint(err, "as in 127.0.0.1:8080, [::1]:8080 or /run/loopless/listen.sock");
    return err_exit(err, EXIT_USAGE);
}

static int
cannot_bind(struct err *err, const char *address)
{
    err_errno(err, "cannot listen on %.200s", address);
    return err_exit(err, EXIT_REFUSED);
}

static int
new_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* "unix:PATH", "http://ADDR:PORT" */
static char *
url_of(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    char host[64], port[8];

    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        BUG("no name of a bound socket");
    if (a.ss_family == AF_UNIX)
        return mem_printf("unix:%s", ((struct sockaddr_un *)&a)->sun_path);
    if (getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        BUG("no text of a bound socket's name");
    return mem_printf(a.ss_family == AF_INET6 ? "http://[%s]:%s" : "http://%s:%s", host, port);
}

/* Split "ADDR:PORT", "[ADDR]:PORT". NULL or the port; HOST is filled. */
static const char *
split(const char *address, char *host, size_t size)
{
    const char *colon = strrchr(address, ':');
    size_t len = colon != NULL ? (size_t)(colon - address) : 0;
    size_t digits = colon != NULL ? strspn(colon + 1, "0123456789") : 0;

    if (len > 2 && address[0] == '[' && colon[-1] == ']') {
        address++;
        len -= 2;
    } else if (memchr(address, ':', len) != NULL) {
        return NULL;
    }
    /* getaddrinfo takes any number and cuts it to 16 bits */
    if (len == 0 || len >= size || digits == 0 || digits > 5 || colon[1 + digits] != '\0' ||
        strtol(colon + 1, NULL, 10) > 65535)
        return NULL;
    memcpy(host, address, len);
    host[len] = '\0';
    return colon + 1;
}

static int
bind_inet(int fd, const struct addrinfo *a)
{
    int one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    return bind(fd, a->ai_addr, a->ai_addrlen) != 0 ? -1 : listen(fd, LISTENER_BACKLOG);
}

static int
open_inet(struct listener *l, const char *address, struct err *err)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *a;
    char host[64];
    const char *port = split(address, host, sizeof host);
    int bound;

    if (port == NULL || getaddrinfo(host, port, &hints, &a) != 0)
        return refuse(err, address);
    l->fd = new_socket(a->ai_family);
    bound = l->fd < 0 ? -1 : bind_inet(l->fd, a);
    freeaddrinfo(a);
    return bound < 0 ? cannot_bind(err, address) : 0;
}

/* Does somebody listen there? */
static bool
is_alive(const struct sockaddr_un *a)
{
    int fd = new_socket(AF_UNIX);
    bool refused;

    if (fd < 0)
        return true;
    refused = connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 && errno == ECONNREFUSED;
    close(fd);
    return !refused;
}

/* A reverse proxy of the same group may connect, others not. */
static int
bind_unix(int fd, const struct sockaddr_un *a)
{
    mode_t before = umask(0117);
    int rc = bind(fd, (const struct sockaddr *)a, sizeof *a);
    int why = errno;

    umask(before);
    errno = why;
    return rc;
}

static int
open_unix(struct listener *l, const char *path, struct err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;

    if (strlen(path) >= sizeof a.sun_path)
        return refuse(err, path);
    strcpy(a.sun_path, path);
    l->fd = new_socket(AF_UNIX);
    if (l->fd < 0)
        return cannot_bind(err, path);
    if (bind_unix(l->fd, &a) != 0) {
        if (errno != EADDRINUSE)
            return cannot_bind(err, path);
        if (stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && !is_alive(&a))
            unlink(path);
        if (bind_unix(l->fd, &a) != 0)
            return cannot_bind(err, path);
    }
    if (listen(l->fd, LISTENER_BACKLOG) != 0 || stat(path, &st) != 0)
        return cannot_bind(err, path);
    l->path = mem_text(path);
    l->dev = st.st_dev;
    l->ino = st.st_ino;
    return 0;
}

int
listener_open(struct listener *l, const char *address, struct err *err)
{
    bool is_path = strchr(address, '/') != NULL;

    *l = (struct listener){.fd = -1};
    if ((is_path ? open_unix(l, address, err) : open_inet(l, address, err)) < 0) {
        listener_release(l);
        return -1;
    }
    l->url = url_of(l->fd);
    return 0;
}

static int
take_passed(struct listener *l, int fd, struct err *err)
{
    int type = 0, listening = 0;
    socklen_t size = sizeof type;

    *l = (struct listener){.fd = -1};
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 || !listening) {
        err_set(err, ERR_RUN, ERR_NEVER, "bad-socket",
                "descriptor %d that was passed is no stream socket that listens", fd);
        return err_hint(err, "ListenStream= and Accept=no in the .socket unit");
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    l->fd = fd;
    l->url = url_of(fd);
    return 0;
}

int
listener_passed(struct listener *l, struct err *err)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    bool ours = pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid();
    long n = ours ? strtol(count, NULL, 10) : 0;

    if (n < 0 || n > LISTENER_MAX_PASSED)
        return err_set(err, ERR_RUN, ERR_NEVER, "bad-socket", "LISTEN_FDS is %.40s", count);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    for (int i = 0; i < (int)n; i++)
        if (take_passed(&l[i], FIRST_PASSED + i, err) < 0) {
            while (i-- > 0)
                listener_release(&l[i]);
            return -1;
        }
    return (int)n;
}

void
listener_close(struct listener *l)
{
    struct stat st;

    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    if (l->path != NULL && stat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
        unlink(l->path);
    free(l->path);
    l->path = NULL;
}

void
listener_release(struct listener *l)
{
    listener_close(l);
    free(l->url);
    l->url = NULL;
}
