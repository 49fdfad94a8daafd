#include <config.h>

#include "peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct server {
    int listener;
    int conn; /* -1: none */
    int connections;
    struct peer_log *log;
};

static void
die(const char *what)
{
    perror(what);
    _exit(1);
}

static int
bound_socket(int *port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) != 0)
        die("peer");
    *port = ntohs(addr.sin_port);
    return fd;
}

static void
drop(struct server *s)
{
    if (s->conn >= 0)
        close(s->conn);
    s->conn = -1;
}

/* Waits for bytes on the connection, or for a new one, which replaces it. */
static void
await(struct server *s)
{
    struct pollfd p[2] = {{.fd = s->conn, .events = POLLIN}, {.fd = s->listener, .events = POLLIN}};

    if (poll(p, 2, -1) < 0)
        die("peer: poll");
    if (p[1].revents != 0 && (s->conn < 0 || p[0].revents == 0)) {
        drop(s);
        s->conn = accept(s->listener, NULL, NULL);
        s->connections++;
    }
}

/* Length of the request in TEXT, 0 if it is not whole. */
static size_t
whole(const char *text, size_t len)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\nContent-Length:");
    size_t want;

    if (end == NULL)
        return 0;
    want = (size_t)(end + 4 - text);
    if (length != NULL && length < end)
        want += strtoul(length + 17, NULL, 10);
    return len >= want ? want : 0;
}

/* False if the connection ended instead. */
static bool
read_request(struct server *s, char *text)
{
    size_t len = 0;
    ssize_t n;

    text[0] = '\0';
    while (whole(text, len) == 0) {
        if (len == PEER_TEXT - 1)
            return true;
        n = read(s->conn, text + len, PEER_TEXT - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
    }
    return true;
}

static void
next_request(struct server *s)
{
    for (;;) {
        await(s);
        if (read_request(s, s->log->request[s->log->n].text))
            break;
        drop(s);
    }
    s->log->request[s->log->n].connection = s->connections;
    __atomic_add_fetch(&s->log->n, 1, __ATOMIC_SEQ_CST);
}

static void
send_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        text += n;
        len -= (size_t)n;
    }
}

static void
answer(int fd, const struct peer_step *step)
{
    const char *body = step->body != NULL ? step->body : "";
    const char *headers =
        step->headers != NULL ? step->headers : "Content-Type: application/json\r\n";
    size_t len = step->len > 0 ? step->len : strlen(body);
    char head[4096];
    int n;

    if (step->status == 204)
        n = snprintf(head, sizeof head, "HTTP/1.1 204 x\r\n%s\r\n", headers);
    else
        n = snprintf(head, sizeof head, "HTTP/1.1 %d x\r\n%sContent-Length: %zu\r\n\r\n",
                     step->status, headers, len);
    send_all(fd, head, (size_t)n);
    if (step->status != 204)
        send_all(fd, body, len);
}

static void
play(struct server *s, const struct peer_step *step)
{
    static const struct linger hard = {.l_onoff = 1, .l_linger = 0};

    if (step->kind == PEER_SHUT) {
        await(s);
        drop(s);
        return;
    }
    next_request(s);
    if (step->kind == PEER_ANSWER || step->kind == PEER_CLOSE)
        answer(s->conn, step);
    if (step->kind == PEER_RAW)
        send_all(s->conn, step->body, step->len > 0 ? step->len : strlen(step->body));
    if (step->kind == PEER_RESET)
        setsockopt(s->conn, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    if (step->kind == PEER_SILENT)
        s->conn = -1; /* kept open, and forgotten */
    if (step->kind != PEER_ANSWER)
        drop(s);
}

void
peer_start(struct peer *p, const struct peer_step *steps, size_t n)
{
    struct server s = {.conn = -1};

    setenv("no_proxy", "*", 1);
    s.log = mmap(NULL, sizeof *s.log, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s.log == MAP_FAILED)
        die("peer: mmap");
    s.listener = bound_socket(&p->port);
    if (listen(s.listener, 64) != 0)
        die("peer: listen");
    p->log = s.log;
    snprintf(p->url, sizeof p->url, "http://127.0.0.1:%d", p->port);
    p->pid = fork();
    if (p->pid < 0)
        die("peer: fork");
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (size_t i = 0; i < n; i++)
            play(&s, &steps[i]);
        drop(&s);
        close(s.listener);
        for (;;)
            pause();
    }
    close(s.listener);
}

void
peer_stop(struct peer *p)
{
    kill(p->pid, SIGKILL);
    waitpid(p->pid, NULL, 0);
    munmap(p->log, sizeof *p->log);
}

int
peer_dead_port(void)
{
    int port;

    bound_socket(&port);
    setenv("no_proxy", "*", 1);
    return port;
}

const char *
peer_request(const struct peer *p, int i)
{
    return i < p->log->n ? p->log->request[i].text : "";
}

const char *
peer_body(const struct peer *p, int i)
{
    const char *end = strstr(peer_request(p, i), "\r\n\r\n");

    return end != NULL ? end + 4 : "";
}
