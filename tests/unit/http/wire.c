#include <config.h>

#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 };

static int
dial(int family, const void *address, socklen_t len)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, address, len) != 0) {
        int why = errno;

        close(fd);
        errno = why;
        return -1;
    }
    if (family !=
        AF_UNIX) /* a head and its body are two writes: the second would wait for an ACK */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

int
wire_dial(const char *url)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    in_port_t port;

    if (strncmp(url, "unix:", 5) == 0) {
        snprintf(path.sun_path, sizeof path.sun_path, "%s", url + 5);
        return dial(AF_UNIX, &path, sizeof path);
    }
    if (strrchr(url, ':') == NULL) {
        errno = EINVAL;
        return -1;
    }
    port = htons((in_port_t)atoi(strrchr(url, ':') + 1));
    v4.sin_port = v6.sin6_port = port;
    return strchr(url, '[') != NULL ? dial(AF_INET6, &v6, sizeof v6)
                                    : dial(AF_INET, &v4, sizeof v4);
}

bool
wire_send(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

bool
wire_say(int fd, const char *text)
{
    return wire_send(fd, text, strlen(text));
}

/* One byte, so that nothing of a next reply is taken: 1, 0 at the end, -1 if nothing comes. */
static int
hear_byte(int fd, char *c)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    if (poll(&p, 1, PATIENCE_MS) != 1)
        return -1;
    return recv(fd, c, 1, 0) == 1 ? 1 : 0;
}

void
wire_hear(int fd, struct reply *r)
{
    size_t n = 0, want = 0;
    const char *length;

    memset(r, 0, sizeof *r);
    while (strstr(r->head, "\r\n\r\n") == NULL && n < sizeof r->head - 1)
        if (hear_byte(fd, &r->head[n++]) != 1)
            return;
    length = strcasestr(r->head, "\r\nContent-Length:");
    if (length != NULL)
        want = strtoul(length + 17, NULL, 10);
    while (r->body_len < want && r->body_len < sizeof r->body - 1)
        if (hear_byte(fd, &r->body[r->body_len++]) != 1)
            return;
    if (strncmp(r->head, "HTTP/1.1 ", 9) == 0)
        r->status = atoi(r->head + 9);
}

int
wire_first(const int *fds, int n)
{
    struct pollfd p[8];

    for (int i = 0; i < n; i++)
        p[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    poll(p, (nfds_t)n, PATIENCE_MS);
    for (int i = 0; i < n; i++)
        if (p[i].revents != 0)
            return i;
    return -1;
}

bool
wire_ends(int fd)
{
    char c;

    return hear_byte(fd, &c) == 0;
}

int
wire_ask(const char *url, const char *text, struct reply *r)
{
    int fd = wire_dial(url);

    memset(r, 0, sizeof *r);
    if (fd < 0)
        return -1;
    wire_say(fd, text);
    wire_hear(fd, r);
    close(fd);
    return r->status;
}
