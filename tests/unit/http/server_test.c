#include <config.h>

#include "../unit.h"
#include "wire.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "http/server.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the tests' server does: /hold keeps the exchange for the test, all else is told back. */
static struct server_exchange *held;
static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t held_there = PTHREAD_COND_INITIALIZER;
static struct reply r;

static int
take(void *user, const struct server_request *head, const char **allow)
{
    (void)user;
    ck_assert_ptr_null(head->body);
    if (strcmp(head->path, "/nowhere") == 0)
        return 404;
    if (strcmp(head->path, "/post") == 0 && strcmp(head->method, "POST") != 0) {
        *allow = "POST";
        return 405;
    }
    return 0;
}

static void
handle(void *user, struct server_exchange *x)
{
    const struct server_request *q = server_exchange_request(x);
    CLEANUP_BUF struct buf b = BUF_INIT;

    (void)user;
    if (strcmp(q->path, "/hold") == 0) {
        pthread_mutex_lock(&held_lock);
        held = x;
        pthread_cond_signal(&held_there);
        pthread_mutex_unlock(&held_lock);
        return;
    }
    buf_printf(&b, "%s %s?%s ", q->method, q->path, q->query);
    for (size_t i = 0; i < q->n_headers; i++)
        if (strncasecmp(q->headers[i].name, "x-", 2) == 0)
            buf_printf(&b, "%s=%s ", q->headers[i].name, q->headers[i].value);
    buf_printf(&b, "%zu ", q->body_len);
    buf_add(&b, q->body, q->body_len < 100 ? q->body_len : 100);
    server_answer(x, strcmp(q->path, "/busy") == 0 ? 503 : 200, "text/plain", b.data, b.len);
}

static struct server_exchange *
await_held(void)
{
    struct server_exchange *x;

    pthread_mutex_lock(&held_lock);
    while (held == NULL)
        pthread_cond_wait(&held_there, &held_lock);
    x = held;
    held = NULL;
    pthread_mutex_unlock(&held_lock);
    return x;
}

static struct server *
start(struct server_options o)
{
    static const char *const any[] = {"127.0.0.1:0"};
    struct err err = ERR_INIT;
    struct server *s;

    if (o.listen == NULL) {
        o.listen = any;
        o.n_listen = 1;
    }
    o.accept = take;
    o.handle = handle;
    s = server_start(&o, &err);
    ck_assert_msg(s != NULL, "%s", err.text);
    return s;
}

static struct server *
start_plain(void)
{
    return start((struct server_options){0});
}

static char *
repeat(char c, size_t n)
{
    char *text = mem_alloc(n + 1);

    memset(text, c, n);
    return text;
}

static void
await_pending(struct server *s, unsigned n)
{
    while (server_pending(s) != n)
        usleep(1000);
}

START_TEST(hands_over_what_came)
{
    struct server *s = start_plain();

    ck_assert_int_eq(wire_ask(server_url(s, 0),
                              "POST /a%2Fb/../c?x=%31&y HTTP/1.1\r\nHost: h\r\nX-One: 1\r\n"
                              "x-two:  2 \r\nX-One: 3\r\nContent-Length: 5\r\n\r\nhe\nlo",
                              &r),
                     200);
    ck_assert_str_eq(r.body, "POST /a%2Fb/../c?x=%31&y X-One=1 x-two=2 X-One=3 5 he\nlo");
    ck_assert_ptr_nonnull(strstr(r.head, "Content-Type: text/plain\r\n"));
    server_stop(s);
}
END_TEST

START_TEST(takes_chunks)
{
    struct server *s = start_plain();

    ck_assert_int_eq(wire_ask(server_url(s, 0),
                              "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n",
                              &r),
                     200);
    ck_assert_str_eq(r.body, "POST /? 7 abcdefg");
    server_stop(s);
}
END_TEST

START_TEST(takes_an_empty_body)
{
    struct server *s = start_plain();

    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET /?q HTTP/1.1\r\nHost: h\r\n\r\n", &r), 200);
    ck_assert_str_eq(r.body, "GET /?q 0 ");
    server_stop(s);
}
END_TEST

START_TEST(refuses_heads)
{
    struct server *s = start_plain();

    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", &r),
                     404);
    ck_assert_ptr_nonnull(strstr(r.head, "Connection: close\r\n"));
    ck_assert_int_eq(wire_ask(server_url(s, 0), "PUT /post HTTP/1.1\r\nHost: h\r\n\r\n", &r), 405);
    ck_assert_ptr_nonnull(strstr(r.head, "Allow: POST\r\n"));
    server_stop(s);
}
END_TEST

START_TEST(refuses_what_is_no_http)
{
    static const char *const bad[] = {
        "nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", /* no Host */
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"};
    struct server *s = start_plain();

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int fd = wire_dial(server_url(s, 0));

        wire_say(fd, bad[i]);
        wire_hear(fd, &r);
        ck_assert_msg(r.status == 400 || (i == 0 && r.status == 0), "%zu: %d", i, r.status);
        while (!wire_ends(fd)) /* libmicrohttpd says some of it twice */
            ;
        close(fd);
    }
    server_stop(s);
}
END_TEST

/* Whoever stands in front of us must not see two requests where we see one. */
START_TEST(a_body_has_one_length)
{
    static const char *const bad[] = {
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde"};
    struct server *s = start_plain();

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(wire_ask(server_url(s, 0), bad[i], &r), 400);
    }
    server_stop(s);
}
END_TEST

START_TEST(refuses_large_bodies_unread)
{
    struct server *s = start((struct server_options){.max_body = 1000});
    CLEANUP_FREE char *body = repeat('x', 3 << 20);
    int fd = wire_dial(server_url(s, 0));

    ck_assert_int_eq(wire_ask(server_url(s, 0),
                              "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n",
                              &r),
                     413);
    ck_assert_int_eq(
        wire_ask(server_url(s, 0),
                 "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n",
                 &r) == 413 ||
            r.status == 400,
        1);
    /* one that sends all of it before it listens gets its answer, too */
    wire_say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3145728\r\n\r\n");
    wire_say(fd, body);
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 413);
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(refuses_large_bodies_in_chunks)
{
    struct server *s = start((struct server_options){.max_body = 1000});
    CLEANUP_FREE char *body = repeat('x', 0x200);
    int fd = wire_dial(server_url(s, 0));

    wire_say(fd, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; i++)
        if (!wire_say(fd, "200\r\n") || !wire_say(fd, body) || !wire_say(fd, "\r\n"))
            break;
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 413);
    ck_assert(wire_ends(fd));
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(a_body_of_the_limit_is_taken)
{
    struct server *s = start((struct server_options){.max_body = 1000});
    CLEANUP_FREE char *body = repeat('x', 1000);
    CLEANUP_FREE char *text =
        mem_printf("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n%s", body);

    ck_assert_int_eq(wire_ask(server_url(s, 0), text, &r), 200);
    ck_assert(strncmp(r.body, "POST /? 1000 xxx", 16) == 0);
    server_stop(s);
}
END_TEST

START_TEST(all_bodies_together_have_a_limit)
{
    struct server *s = start((struct server_options){.max_body = 1 << 20, .max_held = 2 << 20});
    CLEANUP_FREE char *part = repeat('x', 1000000);
    int fds[3], first;

    for (int i = 0; i < 3; i++) {
        fds[i] = wire_dial(server_url(s, 0));
        wire_say(fds[i], "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000001\r\n\r\n");
        wire_say(fds[i], part);
    }
    /* none can end without its last byte, so one of them is refused when all are there */
    first = wire_first(fds, 3);
    ck_assert_int_ge(first, 0);
    wire_hear(fds[first], &r);
    ck_assert_int_eq(r.status, 503);
    for (int i = 0; i < 3; i++) {
        if (i != first) {
            wire_say(fds[i], "x");
            wire_hear(fds[i], &r);
            ck_assert(r.status == 200 || r.status == 503);
        }
        close(fds[i]);
    }
    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", &r), 200);
    server_stop(s);
}
END_TEST

START_TEST(refuses_large_heads)
{
    struct server *s = start_plain();
    CLEANUP_FREE char *value = repeat('x', 40000);
    CLEANUP_FREE char *fits = repeat('x', 30000);
    CLEANUP_FREE char *one = mem_printf("GET / HTTP/1.1\r\nHost: h\r\nA: %s\r\n\r\n", value);
    CLEANUP_FREE char *target = mem_printf("GET /%s HTTP/1.1\r\nHost: h\r\n\r\n", value);
    CLEANUP_FREE char *good = mem_printf("GET / HTTP/1.1\r\nHost: h\r\nA: %s\r\n\r\n", fits);
    CLEANUP_BUF struct buf many = BUF_INIT;

    buf_text(&many, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 20000; i++)
        buf_text(&many, "a:b\r\n");
    buf_text(&many, "\r\n");
    ck_assert_int_eq(wire_ask(server_url(s, 0), one, &r), 431);
    ck_assert_int_eq(wire_ask(server_url(s, 0), many.data, &r), 431);
    wire_ask(server_url(s, 0), target, &r);
    ck_assert_msg(r.status == 414 || r.status == 431, "%d", r.status);
    ck_assert_int_eq(wire_ask(server_url(s, 0), good, &r), 200);
    server_stop(s);
}
END_TEST

START_TEST(says_continue)
{
    struct server *s = start((struct server_options){.max_body = 100});
    int fd = wire_dial(server_url(s, 0));

    wire_say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 100);
    wire_say(fd, "ok");
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 200);
    wire_say(fd,
             "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 413);
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(keeps_a_connection)
{
    struct server *s = start_plain();
    int fd = wire_dial(server_url(s, 0));

    for (int i = 0; i < 3; i++) {
        wire_say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
        wire_hear(fd, &r);
        ck_assert_int_eq(r.status, 200);
    }
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(answers_pipelined_requests_in_order)
{
    struct server *s = start_plain();
    int fd = wire_dial(server_url(s, 0));
    struct server_exchange *x;

    wire_say(fd, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
                 "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                 "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    x = await_held();
    server_answer(x, 202, NULL, NULL, 0);
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 202);
    wire_hear(fd, &r);
    ck_assert_str_eq(r.body, "POST /2? 3 abc");
    wire_hear(fd, &r);
    ck_assert_str_eq(r.body, "GET /3? 0 ");
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(speaks_http_1_0)
{
    struct server *s = start_plain();
    int fd = wire_dial(server_url(s, 0));

    wire_say(fd, "POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\nx");
    wire_hear(fd, &r);
    ck_assert_str_eq(r.body, "POST /? 1 x");
    ck_assert(wire_ends(fd));
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(a_head_has_no_body)
{
    struct server *s = start_plain();
    int fd = wire_dial(server_url(s, 0));

    wire_say(fd, "HEAD /h HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    memset(&r, 0, sizeof r);
    for (size_t n = 0; strstr(r.head, "\r\n\r\n") == NULL; n++)
        ck_assert_int_eq((int)read(fd, &r.head[n], 1), 1);
    ck_assert_ptr_nonnull(strstr(r.head, "HTTP/1.1 200"));
    ck_assert_ptr_nonnull(strstr(r.head, "Content-Length: 11\r\n"));
    ck_assert(wire_ends(fd));
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(answers_late_and_out_of_order)
{
    struct server *s = start_plain();
    struct server_exchange *x[20];
    int fd[20];

    for (int i = 0; i < 20; i++) {
        CLEANUP_FREE char *text = mem_printf("GET /hold?%d HTTP/1.1\r\nHost: h\r\n\r\n", i);

        fd[i] = wire_dial(server_url(s, 0));
        wire_say(fd[i], text);
        x[i] = await_held();
    }
    ck_assert_uint_eq(server_pending(s), 20);
    for (int i = 19; i >= 0; i--) {
        const char *query = server_exchange_request(x[i])->query;

        ck_assert_int_eq(atoi(query), i);
        server_answer(x[i], 200, "text/plain", query, strlen(query));
        wire_hear(fd[i], &r);
        ck_assert_int_eq(atoi(r.body), i);
        close(fd[i]);
    }
    await_pending(s, 0);
    server_stop(s);
}
END_TEST

START_TEST(a_sender_that_left_harms_nobody)
{
    struct server *s = start_plain();
    int fd = wire_dial(server_url(s, 0));
    struct server_exchange *x;

    wire_say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    x = await_held();
    close(fd);
    server_answer(x, 200, "text/plain", "x", 1);
    await_pending(s, 0);
    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", &r), 200);
    server_stop(s);
}
END_TEST

START_TEST(a_full_house_says_when_to_come_again)
{
    struct server *s = start_plain();

    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET /busy HTTP/1.1\r\nHost: h\r\n\r\n", &r), 503);
    ck_assert_ptr_nonnull(strstr(r.head, "Retry-After: 1\r\n"));
    server_stop(s);
}
END_TEST

START_TEST(cuts_slow_heads)
{
    struct server *s = start((struct server_options){.read_ms = 300});
    int64_t begun = clock_boot();
    int fd = wire_dial(server_url(s, 0));

    /* each byte comes in time, the whole never does */
    wire_say(fd, "GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
    while (wire_say(fd, "x") && clock_boot() < begun + 5000)
        usleep(20000);
    wire_hear(fd, &r);
    ck_assert(r.status == 408 || r.status == 0); /* 0: a reset overtook it */
    ck_assert_int_ge(clock_boot() - begun, 300);
    ck_assert_int_lt(clock_boot() - begun, 4000);
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(cuts_slow_bodies)
{
    struct server *s = start((struct server_options){.read_ms = 300});
    int fd = wire_dial(server_url(s, 0));

    wire_say(fd, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nx");
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 408);
    ck_assert(wire_ends(fd));
    await_pending(s, 0);
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(cuts_the_idle_without_a_word)
{
    struct server *s = start((struct server_options){.read_ms = 300});
    int silent = wire_dial(server_url(s, 0)), half = wire_dial(server_url(s, 0));
    int used = wire_dial(server_url(s, 0));

    wire_say(half, "GET / HT");
    wire_say(used, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wire_hear(used, &r);
    ck_assert_int_eq(r.status, 200);
    ck_assert(wire_ends(silent));
    ck_assert(wire_ends(half));
    ck_assert(wire_ends(used));
    close(silent);
    close(half);
    close(used);
    server_stop(s);
}
END_TEST

START_TEST(an_answer_may_take_longer_than_a_request)
{
    struct server *s = start((struct server_options){.read_ms = 100});
    int fd = wire_dial(server_url(s, 0));
    struct server_exchange *x;

    wire_say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    x = await_held();
    for (int64_t until = clock_boot() + 800; clock_boot() < until;)
        usleep(10000);
    server_answer(x, 200, "text/plain", "late", 4);
    wire_hear(fd, &r);
    ck_assert_str_eq(r.body, "late");
    close(fd);
    server_stop(s);
}
END_TEST

START_TEST(the_oldest_idle_give_way)
{
    struct server *s = start((struct server_options){.max_connections = 20});
    struct server_exchange *x;
    int fd[60], held_fd = wire_dial(server_url(s, 0));

    wire_say(held_fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    x = await_held();
    for (int i = 0; i < 60; i++)
        fd[i] = wire_dial(server_url(s, 0));
    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", &r), 200);
    for (int i = 0; i < 40; i++)
        ck_assert_msg(wire_ends(fd[i]), "%d is still there", i);
    wire_say(fd[59], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    wire_hear(fd[59], &r);
    ck_assert_int_eq(r.status, 200);
    server_answer(x, 200, "text/plain", "kept", 4);
    wire_hear(held_fd, &r);
    ck_assert_str_eq(r.body, "kept");
    for (int i = 0; i < 60; i++)
        close(fd[i]);
    close(held_fd);
    server_stop(s);
}
END_TEST

START_TEST(half_sent_requests_give_way_too)
{
    struct server *s = start((struct server_options){.max_connections = 10});
    int fd[30];

    for (int i = 0; i < 30; i++) {
        fd[i] = wire_dial(server_url(s, 0));
        wire_say(fd[i], "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nx");
    }
    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", &r), 200);
    for (int i = 0; i < 30; i++)
        close(fd[i]);
    server_stop(s);
}
END_TEST

START_TEST(listens_on_several_addresses)
{
    char path[64];
    const char *const listen[] = {"127.0.0.1:0", "[::1]:0", path};
    struct stat st;
    struct server *s;

    snprintf(path, sizeof path, "/tmp/server_test.%d.sock", (int)getpid());
    s = start((struct server_options){.listen = listen, .n_listen = 3});
    ck_assert(strncmp(server_url(s, 0), "http://127.0.0.1:", 17) == 0);
    ck_assert(strncmp(server_url(s, 1), "http://[::1]:", 13) == 0);
    ck_assert_ptr_null(server_url(s, 3));
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(wire_ask(server_url(s, i), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", &r), 200);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_mode & 0777, 0660);
    server_stop(s);
    ck_assert_int_ne(stat(path, &st), 0);
}
END_TEST

static void
expect_refusal(const char *address, int status)
{
    struct server_options o = {.listen = &address, .n_listen = 1, .accept = take, .handle = handle};
    struct err err = ERR_INIT;

    ck_assert_ptr_null(server_start(&o, &err));
    ck_assert_int_eq((int)err.status, status);
    ck_assert_msg(strstr(err.text, address) != NULL, "%s", err.text);
}

START_TEST(a_dead_listeners_socket_is_replaced_a_living_ones_not)
{
    char path[64];
    const char *const listen[] = {path};
    struct server *s;
    pid_t pid;

    snprintf(path, sizeof path, "/tmp/server_test.%d.stale", (int)getpid());
    pid = fork();
    if (pid == 0) {
        start((struct server_options){.listen = listen, .n_listen = 1});
        _exit(0);
    }
    waitpid(pid, NULL, 0);
    ck_assert_int_eq(access(path, F_OK), 0);
    s = start((struct server_options){.listen = listen, .n_listen = 1});
    expect_refusal(path, 69);
    ck_assert_int_eq(wire_ask(server_url(s, 0), "GET / HTTP/1.1\r\nHost: h\r\n\r\n", &r), 200);
    server_stop(s);
}
END_TEST

START_TEST(another_file_is_not_replaced)
{
    char path[] = "/tmp/server_test.XXXXXX";
    int fd = mkstemp(path);

    expect_refusal(path, 69);
    ck_assert_int_eq(access(path, F_OK), 0);
    close(fd);
    unlink(path);
}
END_TEST

START_TEST(bad_addresses_are_named)
{
    struct server *s = start_plain();

    expect_refusal("127.0.0.1", 64);
    expect_refusal("127.0.0.1:70000", 64);
    expect_refusal("::1:80", 64);
    expect_refusal("localhost:80", 64);
    expect_refusal(":80", 64);
    expect_refusal("/nowhere/at/all.sock", 69);
    expect_refusal(server_url(s, 0) + strlen("http://"), 69);
    server_stop(s);
}
END_TEST

START_TEST(quiesced_it_answers_what_it_has)
{
    struct server *s = start_plain();
    int fd = wire_dial(server_url(s, 0)), idle = wire_dial(server_url(s, 0));
    struct server_exchange *x;

    wire_say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    x = await_held();
    server_quiesce(s);
    ck_assert(wire_ends(idle));
    while (wire_dial(server_url(s, 0)) >= 0)
        usleep(1000);
    ck_assert_int_eq(errno, ECONNREFUSED);
    ck_assert_uint_ge(server_pending(s), 1);
    server_answer(x, 200, "text/plain", "x", 1);
    wire_hear(fd, &r);
    ck_assert_int_eq(r.status, 200);
    ck_assert_ptr_nonnull(strstr(r.head, "Connection: close\r\n"));
    await_pending(s, 0);
    close(fd);
    close(idle);
    server_stop(s);
}
END_TEST

START_TEST(stopping_drops_what_is_not_answered)
{
    struct server *s = start_plain();
    int fd = wire_dial(server_url(s, 0));

    wire_say(fd, "GET /hold HTTP/1.1\r\nHost: h\r\n\r\n");
    await_held();
    server_stop(s);
    ck_assert(wire_ends(fd));
    close(fd);
}
END_TEST

UNIT_MAIN("http/server", hands_over_what_came, takes_chunks, takes_an_empty_body, refuses_heads,
          refuses_what_is_no_http, a_body_has_one_length, refuses_large_bodies_unread,
          refuses_large_bodies_in_chunks, a_body_of_the_limit_is_taken,
          all_bodies_together_have_a_limit, refuses_large_heads, says_continue, keeps_a_connection,
          answers_pipelined_requests_in_order, speaks_http_1_0, a_head_has_no_body,
          answers_late_and_out_of_order, a_sender_that_left_harms_nobody,
          a_full_house_says_when_to_come_again, cuts_slow_heads, cuts_slow_bodies,
          cuts_the_idle_without_a_word, an_answer_may_take_longer_than_a_request,
          the_oldest_idle_give_way, half_sent_requests_give_way_too, listens_on_several_addresses,
          a_dead_listeners_socket_is_replaced_a_living_ones_not, another_file_is_not_replaced,
          bad_addresses_are_named, quiesced_it_answers_what_it_has,
          stopping_drops_what_is_not_answered)
