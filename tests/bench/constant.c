#include <config.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * constant RECORD: an HTTP/1.1 server that does as good as nothing, so that a bench shows the
 * client. Says "http://127.0.0.1:PORT" and answers each request at once with RECORD, in which each
 * @ is the last part of the request's path. Keeps connections open. Ends on SIGTERM.
 */
enum { MAX_CONNECTIONS = 4096, ROOM = 32768 };

struct connection {
    size_t len;
    char in[ROOM + 1];
};

static struct connection *connections[MAX_CONNECTIONS]; /* by file descriptor; owned */
static const char *record;

static _Noreturn void
die(const char *what)
{
    perror(what);
    exit(70);
}

static void
watch(int poller, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
        die("epoll_ctl");
}

static int
listen_anywhere(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 || listen(fd, 512) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &len) < 0)
        die("listen");
    printf("http://127.0.0.1:%d\n", ntohs(at.sin_port));
    fflush(stdout);
    return fd;
}

static void
take(int poller, int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    if (fd >= MAX_CONNECTIONS) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    connections[fd] = calloc(1, sizeof **connections);
    if (connections[fd] == NULL)
        die("calloc");
    watch(poller, fd);
}

static void
drop(int fd)
{
    free(connections[fd]);
    connections[fd] = NULL;
    close(fd);
}

static void
answer(int fd, const char *id, size_t id_len)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    char body[ROOM], out[ROOM + 256];
    size_t len = 0;
    int n;

    for (const char *p = record; *p != '\0'; p++) {
        const char *from = *p == '@' ? id : p;
        size_t more = *p == '@' ? id_len : 1;

        if (more > sizeof body - len)
            die("a record too long");
        memcpy(body + len, from, more);
        len += more;
    }
    n = snprintf(out, sizeof out, "%sContent-Length: %zu\r\n\r\n%.*s", head, len, (int)len, body);
    if (write(fd, out, (size_t)n) != n) /* less than a socket takes at once */
        die("write");
}

/* One whole request at P; its length, 0 if there is none yet. */
static size_t
serve(int fd, char *p, size_t len)
{
    char *end, *space, *slash, *header;
    size_t body = 0;

    p[len] = '\0';
    end = strstr(p, "\r\n\r\n");
    if (end == NULL)
        return 0;
    header = strcasestr(p, "\r\ncontent-length:");
    if (header != NULL && header < end)
        body = strtoul(header + 17, NULL, 10);
    if (len < (size_t)(end + 4 - p) + body)
        return 0;
    space = strchr(p, ' ');
    space = space == NULL ? NULL : strpbrk(space + 1, " ?");
    if (space == NULL)
        die("a request without a path");
    for (slash = space; slash > p && slash[-1] != '/'; slash--)
        ;
    answer(fd, slash, (size_t)(space - slash));
    return (size_t)(end + 4 - p) + body;
}

static void
hear(int fd)
{
    struct connection *c = connections[fd];
    ssize_t n = read(fd, c->in + c->len, ROOM - c->len);
    size_t used;

    if (n <= 0) {
        if (n == 0 || (errno != EINTR && errno != EAGAIN))
            drop(fd);
        return;
    }
    c->len += (size_t)n;
    while (c->len > 0 && (used = serve(fd, c->in, c->len)) > 0) {
        memmove(c->in, c->in + used, c->len - used);
        c->len -= used;
    }
}

int
main(int argc, char **argv)
{
    int listener = listen_anywhere(), poller = epoll_create1(EPOLL_CLOEXEC);

    if (argc != 2)
        return 64;
    record = argv[1];
    if (poller < 0)
        die("epoll_create1");
    watch(poller, listener);
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(poller, events, 64, -1);

        if (n < 0 && errno != EINTR)
            die("epoll_wait");
        for (int i = 0; i < n; i++)
            if (events[i].data.fd == listener)
                take(poller, listener);
            else
                hear(events[i].data.fd);
    }
}
