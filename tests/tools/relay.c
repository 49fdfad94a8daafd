/*
 * relay [--ready-file FILE] [--refuse STATUS]
 * relay [--ready-file FILE] --to PORT [--cut FILE]
 *
 * A proxy for tests, on a free port of 127.0.0.1. In the first form an HTTP proxy: CONNECT and
 * plain requests, one a connection; each is a line on stdout, the request line, behind it what
 * stands in Proxy-Authorization. With STATUS it lets nothing through and answers that.
 *
 * In the second all goes to PORT. If FILE is there when a write (POST, PATCH, PUT, DELETE) comes
 * first on a connection, FILE is removed, and of the answer only the head and one byte go through;
 * then the connection is closed.
 *
 * FILE of --ready-file gets {"url","pid"} as soon as it listens. It ends with SIGTERM.
 */
#include <config.h>

#include "loopback.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_MAX = 64 * 1024 };

static const char *cut_file; /* NULL: none */
static int to_port;          /* 0: it is an HTTP proxy */
static int refuse_status;    /* 0: none */

/* Both ways, until one side ends. */
static void
pump(int client, int server)
{
    struct pollfd p[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    char bytes[16 * 1024];

    while (poll(p, 2, -1) > 0) {
        for (int i = 0; i < 2; i++) {
            ssize_t n = p[i].revents != 0 ? read(p[i].fd, bytes, sizeof bytes) : -1;

            if (n > 0)
                loopback_send(p[1 - i].fd, bytes, (size_t)n);
            else if (p[i].revents != 0)
                exit(0);
        }
    }
}

/* The answer's head and one byte. */
static void
pass_cut(int client, int server)
{
    const char end[] = "\r\n\r\n";
    size_t met = 0;
    char c;

    while (read(server, &c, 1) == 1) {
        loopback_send(client, &c, 1);
        if (met == sizeof end - 1)
            exit(0);
        met = c == end[met] ? met + 1 : c == '\r' ? 1 : 0;
    }
    exit(0);
}

/* The first request's head, and what came with it. */
static size_t
read_head(int fd, char *head)
{
    size_t len = 0;
    ssize_t n;

    do {
        n = read(fd, head + len, HEAD_MAX - 1 - len);
        if (n <= 0)
            exit(0);
        len += (size_t)n;
        head[len] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL && len < HEAD_MAX - 1);
    return len;
}

static void
forward(int client)
{
    static char head[HEAD_MAX];
    size_t len = read_head(client, head);
    int server = loopback_connect(to_port);
    bool cut = loopback_is_write(head) && cut_file != NULL && unlink(cut_file) == 0;

    if (cut) { /* by its head alone the answer may come, but it is for all of the request */
        struct pollfd p[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};

        loopback_send(server, head, len);
        while (poll(p, 2, -1) > 0 && p[1].revents == 0) {
            ssize_t n = read(client, head, sizeof head);

            if (n <= 0)
                exit(0);
            loopback_send(server, head, (size_t)n);
        }
        pass_cut(client, server);
    }
    loopback_send(server, head, len);
    pump(client, server);
}

static void
say_seen(const char *head)
{
    const char *login = strstr(head, "\r\nProxy-Authorization: ");

    printf("%.*s", (int)strcspn(head, "\r"), head);
    if (login != NULL)
        printf(" %.*s", (int)strcspn(login + 23, "\r"), login + 23);
    printf("\n");
    fflush(stdout);
}

/* "METHOD http://HOST:PORT/PATH" as "METHOD /PATH", and it is the last of its connection. */
static void
send_plain(int client, char *head, size_t len)
{
    char *url = strchr(head, ' ') + 1;
    char *path = strchr(url + strlen("http://"), '/');
    char *colon = strchr(url + strlen("http:"), ':');
    size_t line = strcspn(path, "\n") + 1;
    int server = loopback_connect(colon != NULL && colon < path ? atoi(colon + 1) : 80);

    loopback_send(server, head, (size_t)(url - head));
    loopback_send(server, path, line);
    loopback_send(server, "Connection: close\r\n", 19);
    loopback_send(server, path + line, len - (size_t)(path + line - head));
    pump(client, server);
}

static void
serve_proxy(int client)
{
    static char head[HEAD_MAX];
    size_t len = read_head(client, head);
    char answer[100];

    say_seen(head);
    if (refuse_status != 0) {
        snprintf(answer, sizeof answer, "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n",
                 refuse_status);
        loopback_send(client, answer, strlen(answer));
    } else if (strncmp(head, "CONNECT ", 8) == 0) {
        char *colon = strchr(head, ':');
        int server = loopback_connect(colon != NULL ? atoi(colon + 1) : 443);

        loopback_send(client, "HTTP/1.1 200 OK\r\n\r\n", 19);
        pump(client, server);
    } else if (strstr(head, " http://") != NULL) {
        send_plain(client, head, len);
    }
}

static void
serve(int listener)
{
    for (;;) {
        int client = accept(listener, NULL, NULL);

        if (client < 0)
            continue;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            close(listener);
            if (to_port != 0)
                forward(client);
            else
                serve_proxy(client);
            exit(0);
        }
        close(client);
    }
}

static void
leave(int signal)
{
    (void)signal;
    _exit(0);
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"ready-file", required_argument, NULL, 'r'},
                                            {"to", required_argument, NULL, 't'},
                                            {"cut", required_argument, NULL, 'c'},
                                            {"refuse", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    const char *ready = NULL;
    int c, port, listener;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'r')
            ready = optarg;
        else if (c == 't')
            to_port = atoi(optarg);
        else if (c == 'c')
            cut_file = optarg;
        else if (c == 'n')
            refuse_status = atoi(optarg);
        else
            return 64;
    }
    signal(SIGCHLD, SIG_IGN);
    signal(SIGTERM, leave);
    listener = loopback_listen(&port);
    if (ready != NULL)
        loopback_ready(ready, port);
    serve(listener);
}
