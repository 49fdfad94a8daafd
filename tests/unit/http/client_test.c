#include <config.h>

#include "http/client.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "peer.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a callback was given. */
struct got {
    int calls;
    enum http_outcome outcome;
    int status;
    bool timed_out;
    char lasting[16];
    char body[256];
    size_t len;
    char text[256];
    char etag[64];
    size_t n_headers;
};

static void
keep(void *user, const struct http_answer *a)
{
    struct got *g = user;

    g->calls++;
    g->outcome = a->outcome;
    g->status = a->status;
    g->timed_out = a->timed_out;
    snprintf(g->lasting, sizeof g->lasting, "%s", a->lasting != NULL ? a->lasting : "");
    g->len = a->len;
    g->n_headers = a->n_headers;
    snprintf(g->body, sizeof g->body, "%.200s", a->body);
    snprintf(g->text, sizeof g->text, "%s", a->text);
    if (http_header(a, "etag") != NULL)
        snprintf(g->etag, sizeof g->etag, "%.60s", http_header(a, "etag"));
}

static void
queue(struct http *h, const char *url, struct http_request *r, struct got *g)
{
    struct err err = ERR_INIT;

    r->url = url;
    if (r->method == NULL)
        r->method = r->body != NULL ? "POST" : "GET";
    memset(g, 0, sizeof *g);
    ck_assert_msg(http_send(h, r, keep, g, &err) == 0, "%s", err.text);
}

static void
run(struct http *h)
{
    struct err err = ERR_INIT;

    ck_assert_msg(http_run(h, &err) == 0, "%s", err.text);
}

/* One request to a peer that plays one step. */
static void
exchange(const struct peer_step *step, struct http_request *r, struct got *g)
{
    struct http *h = http_new();
    struct peer p;

    peer_start(&p, step, 1);
    queue(h, p.url, r, g);
    run(h);
    ck_assert_int_eq(g->calls, 1);
    http_free(h);
    peer_stop(&p);
}

START_TEST(gives_status_headers_and_body)
{
    struct peer_step step = {PEER_ANSWER, 201, "ETag:  \"7\" \r\nX: y\r\n", "{\"id\":1}", 0};
    struct http_request r = {0};
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_ANSWERED);
    ck_assert_int_eq(g.status, 201);
    ck_assert_str_eq(g.body, "{\"id\":1}");
    ck_assert_str_eq(g.etag, "\"7\"");
    ck_assert_str_eq(g.text, "");
}
END_TEST

START_TEST(sends_method_headers_and_body_as_given)
{
    struct peer_step steps[] = {{PEER_ANSWER, 200, NULL, "{}", 0}, {PEER_ANSWER, 200, NULL, "", 0}};
    struct http_header headers[] = {{"X-One", "a b"}, {"X-Empty", ""}};
    struct http_request r = {
        .method = "PATCH", .headers = headers, .n_headers = 2, .body = "a\0b", .body_len = 3};
    struct http_request no_body = {.method = "POST"};
    struct http *h = http_new();
    struct peer p;
    struct got g;

    peer_start(&p, steps, 2);
    queue(h, p.url, &r, &g);
    run(h);
    queue(h, p.url, &no_body, &g);
    run(h);
    ck_assert_ptr_nonnull(strstr(peer_request(&p, 0), "PATCH / HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(peer_request(&p, 0), "\r\nX-One: a b\r\n"));
    ck_assert_ptr_nonnull(strstr(peer_request(&p, 0), "\r\nX-Empty:\r\n"));
    ck_assert_ptr_nonnull(strstr(peer_request(&p, 0), "\r\nContent-Length: 3\r\n"));
    ck_assert_mem_eq(peer_body(&p, 0), "a\0b", 3);
    ck_assert_ptr_null(strstr(peer_request(&p, 0), "Expect"));
    ck_assert_ptr_nonnull(strstr(peer_request(&p, 1), "POST / HTTP/1.1\r\n"));
    ck_assert_ptr_nonnull(strstr(peer_request(&p, 1), "\r\nContent-Length: 0\r\n"));
    http_free(h);
    peer_stop(&p);
}
END_TEST

START_TEST(joins_chunks)
{
    struct peer_step step = {PEER_RAW, 0, NULL,
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: y\r\n\r\n",
                             0};
    struct http_request r = {0};
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_ANSWERED);
    ck_assert_str_eq(g.body, "abcde");
}
END_TEST

START_TEST(skips_interim_answers)
{
    struct peer_step step = {PEER_RAW, 0, NULL,
                             "HTTP/1.1 103 Early\r\nETag: early\r\n\r\n"
                             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                             0};
    struct http_request r = {0};
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.status, 200);
    ck_assert_str_eq(g.etag, "");
}
END_TEST

START_TEST(a_redirect_is_an_answer)
{
    struct peer_step step = {PEER_ANSWER, 302, "Location: http://127.0.0.1:1/\r\n", "", 0};
    struct http_request r = {0};
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_ANSWERED);
    ck_assert_int_eq(g.status, 302);
}
END_TEST

START_TEST(broken_answers_are_lost)
{
    struct peer_step steps[] = {
        {PEER_RAW, 0, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", 0},
        {PEER_RAW, 0, NULL, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", 0},
        {PEER_RAW, 0, NULL, "SSH-2.0-x\r\n", 0},
        {PEER_RESET, 0, NULL, NULL, 0},
        {PEER_RAW, 0, NULL, "HTTP/1.1 200 OK\r\nContent-Le", 0},
    };
    struct got g;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct http_request r = {.body = "x", .body_len = 1};

        exchange(&steps[i], &r, &g);
        ck_assert_msg(g.outcome == HTTP_LOST, "step %zu: %d", i, g.outcome);
        ck_assert_int_eq(g.status, 0);
        ck_assert_msg(g.text[0] != '\0', "step %zu", i);
    }
}
END_TEST

START_TEST(a_refused_connection_sends_nothing)
{
    struct http *h = http_new();
    struct http_request r = {.body = "x", .body_len = 1};
    char url[64];
    struct got g;

    snprintf(url, sizeof url, "http://127.0.0.1:%d/a?secret=1", peer_dead_port());
    queue(h, url, &r, &g);
    run(h);
    ck_assert_int_eq(g.outcome, HTTP_NOT_SENT);
    ck_assert(!g.timed_out);
    ck_assert_ptr_null(strstr(g.text, "secret"));
    http_free(h);
}
END_TEST

START_TEST(silence_ends_at_the_deadline)
{
    struct peer_step step = {PEER_SILENT, 0, NULL, NULL, 0};
    struct http_request r = {.deadline_ms = 150};
    int64_t begun = clock_boot();
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_LOST);
    ck_assert(g.timed_out);
    ck_assert_int_ge(clock_boot() - begun, 150);
}
END_TEST

START_TEST(a_huge_answer_is_cut_off)
{
    struct peer_step step = {PEER_ANSWER, 200, NULL, "0123456789abcdef", 0};
    struct http_request r = {.max_answer = 15};
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_TOO_BIG);
    ck_assert_ptr_nonnull(strstr(g.text, "over 15 bytes"));
    r.max_answer = 16;
    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_ANSWERED);
    ck_assert_uint_eq(g.len, 16);
}
END_TEST

START_TEST(endless_headers_are_cut_off)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct peer_step step = {PEER_RAW, 0, NULL, NULL, 0};
    struct http_request r = {0};
    struct got g;

    buf_text(&b, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 40000; i++)
        buf_printf(&b, "X-%d: y\r\n", i);
    step.body = buf_get(&b);
    exchange(&step, &r, &g);
    ck_assert_int_ne(g.outcome, HTTP_ANSWERED);
}
END_TEST

START_TEST(connections_are_kept)
{
    struct peer_step steps[] = {{PEER_ANSWER, 200, NULL, "1", 0}, {PEER_ANSWER, 200, NULL, "2", 0}};
    struct http *h = http_new();
    struct http_request r = {0};
    struct peer p;
    struct got g;

    peer_start(&p, steps, 2);
    queue(h, p.url, &r, &g);
    run(h);
    queue(h, p.url, &r, &g);
    run(h);
    ck_assert_str_eq(g.body, "2");
    ck_assert_int_eq(p.log->request[1].connection, p.log->request[0].connection);
    http_free(h);
    peer_stop(&p);
}
END_TEST

/* libcurl by itself would send it again on a new connection: two creates. */
START_TEST(a_write_on_a_kept_connection_goes_out_once)
{
    struct peer_step steps[] = {{PEER_ANSWER, 200, NULL, "1", 0},
                                {PEER_RESET, 0, NULL, NULL, 0},
                                {PEER_ANSWER, 201, NULL, "2", 0}};
    struct http *h = http_new();
    struct http_request first = {0}, second = {.body = "x", .body_len = 1};
    struct peer p;
    struct got g;

    peer_start(&p, steps, 3);
    queue(h, p.url, &first, &g);
    run(h);
    queue(h, p.url, &second, &g);
    run(h);
    ck_assert_int_eq(g.outcome, HTTP_LOST);
    ck_assert_int_eq(p.log->n, 2);
    ck_assert_int_eq(p.log->request[1].connection, 1);
    http_free(h);
    peer_stop(&p);
}
END_TEST

START_TEST(many_requests_at_once_each_get_their_answer)
{
    struct peer_step steps[20];
    struct http *h = http_new();
    struct got got[20];
    struct peer p;

    for (int i = 0; i < 20; i++)
        steps[i] = (struct peer_step){PEER_CLOSE, 200, NULL, "x", 0};
    peer_start(&p, steps, 20);
    for (int i = 0; i < 20; i++) {
        struct http_request r = {0};

        queue(h, p.url, &r, &got[i]);
    }
    run(h);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(got[i].calls, 1);
        ck_assert_int_eq(got[i].status, 200);
    }
    http_free(h);
    peer_stop(&p);
}
END_TEST

START_TEST(refuses_what_could_inject)
{
    struct http_header bad[] = {
        {"X", "a\r\nY: b"}, {"X: y", "b"}, {"X", "a\nb"}, {"", "b"}, {"X", "\x7f"}};
    const char *urls[] = {"http://a/ b", "http://a/\r\nX: y", "file:///etc/passwd", "ftp://a/", ""};
    struct http *h = http_new();
    struct err err = ERR_INIT;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_request r = {
            .method = "GET", .url = "http://127.0.0.1:1/", .headers = &bad[i], .n_headers = 1};

        ck_assert_int_eq(http_send(h, &r, keep, NULL, &err), -1);
        ck_assert_str_eq(err.code, "bad-request");
    }
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct http_request r = {.method = "GET", .url = urls[i]};

        ck_assert_int_eq(http_send(h, &r, keep, NULL, &err), -1);
    }
    ck_assert_int_eq(http_run(h, &err), 0);
    http_free(h);
}
END_TEST

START_TEST(a_delay_is_kept)
{
    struct peer_step step = {PEER_ANSWER, 200, NULL, "1", 0};
    struct http_request r = {.delay_ms = 120, .deadline_ms = 100};
    int64_t begun = clock_boot();
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_ANSWERED);
    ck_assert_int_ge(clock_boot() - begun, 120);
}
END_TEST

static void
note(void *user)
{
    int **at = user;

    *(*at)++ = 1;
}

static void
note_two(void *user)
{
    int **at = user;

    *(*at)++ = 2;
}

START_TEST(timers_run_in_their_order)
{
    struct http *h = http_new();
    int order[3] = {0}, *at = order;

    http_after(h, 30, note_two, &at);
    http_after(h, 0, note, &at);
    http_after(h, 30, note, &at);
    run(h);
    ck_assert_int_eq(order[0], 1);
    ck_assert_int_eq(order[1], 2);
    ck_assert_int_eq(order[2], 1);
    http_free(h);
}
END_TEST

START_TEST(tells_a_readable_and_a_closed_descriptor)
{
    struct peer_step step = {PEER_SILENT, 0, NULL, NULL, 0};
    struct http *h = http_new();
    struct http_request r = {0};
    struct peer p;
    struct got g;
    bool ready = false;
    int fds[2];
    char c;

    peer_start(&p, &step, 1);
    ck_assert_int_eq(pipe(fds), 0); /* after the fork, or the peer keeps an end */
    queue(h, p.url, &r, &g);
    ck_assert_int_eq(http_poll(h, fds[0], 20, &ready, NULL), 1);
    ck_assert(!ready);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_int_eq(http_poll(h, fds[0], -1, &ready, NULL), 1);
    ck_assert(ready);
    ck_assert_int_eq(read(fds[0], &c, 1), 1);
    close(fds[1]);
    ck_assert_int_eq(http_poll(h, fds[0], -1, &ready, NULL), 1);
    ck_assert(ready);
    ck_assert_int_eq(g.calls, 0);
    http_free(h);
    close(fds[0]);
    peer_stop(&p);
}
END_TEST

START_TEST(nothing_to_do_is_no_waiting)
{
    struct http *h = http_new();

    ck_assert_int_eq(http_poll(h, -1, -1, NULL, NULL), 0);
    http_free(h);
    http_free(NULL);
}
END_TEST

/* A request to a name that only a proxy could find, by the one of $http_proxy. */
static void
exchange_by(const char *proxy, struct got *g)
{
    struct http *h = http_new();
    struct http_request r = {.body = "x", .body_len = 1};

    setenv("http_proxy", proxy, 1);
    unsetenv("no_proxy");
    queue(h, "http://nowhere.invalid/a", &r, g);
    run(h);
    http_free(h);
}

START_TEST(the_proxy_of_the_environment_is_asked)
{
    struct peer_step step = {PEER_ANSWER, 201, NULL, "1", 0};
    struct peer p;
    struct got g;

    peer_start(&p, &step, 1);
    exchange_by(p.url, &g);
    ck_assert_int_eq(g.status, 201);
    ck_assert_ptr_nonnull(strstr(peer_request(&p, 0), "POST http://nowhere.invalid/a HTTP/1.1"));
    peer_stop(&p);
}
END_TEST

START_TEST(a_proxy_that_wants_credentials_lets_nothing_through)
{
    struct peer_step step = {PEER_ANSWER, 407, NULL, "1", 0};
    struct http_request r = {0};
    struct peer p;
    struct got g;

    exchange(&step, &r, &g);
    ck_assert_int_eq(g.outcome, HTTP_ANSWERED); /* no proxy: the system's own */
    peer_start(&p, &step, 1);
    exchange_by(p.url, &g);
    ck_assert_int_eq(g.outcome, HTTP_NOT_SENT);
    ck_assert_str_eq(g.lasting, "proxy-login");
    ck_assert_str_eq(g.text, "by the proxy of http_proxy: it wants other credentials (HTTP 407)");
    peer_stop(&p);
}
END_TEST

START_TEST(a_proxy_that_is_down_is_named_without_its_password)
{
    char url[64], text[100];
    struct got g;
    int port = peer_dead_port();

    snprintf(url, sizeof url, "http://ann:secret@127.0.0.1:%d", port);
    snprintf(text, sizeof text,
             "by the proxy of http_proxy: Failed to connect to 127.0.0.1 port %d", port);
    exchange_by(url, &g);
    ck_assert_int_eq(g.outcome, HTTP_NOT_SENT);
    ck_assert_str_eq(g.lasting, "");
    ck_assert_msg(strncmp(g.text, text, strlen(text)) == 0, "%s", g.text);
    ck_assert_ptr_null(strstr(g.text, "secret"));
}
END_TEST

START_TEST(a_proxy_that_is_none_is_not_repeated)
{
    static const char *const urls[] = {"bogus://ann:secret@host", "http://ann:secret@host:port:7",
                                       "http://ann:secret@[::1"};
    struct got g;

    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        exchange_by(urls[i], &g);
        ck_assert_int_eq(g.outcome, HTTP_NOT_SENT);
        ck_assert_msg(strstr(g.text, "secret") == NULL, "%s", g.text);
        ck_assert_msg(strstr(g.text, "http_proxy") != NULL, "%s", g.text);
    }
}
END_TEST

UNIT_MAIN("http/client", gives_status_headers_and_body, sends_method_headers_and_body_as_given,
          joins_chunks, skips_interim_answers, a_redirect_is_an_answer, broken_answers_are_lost,
          a_refused_connection_sends_nothing, silence_ends_at_the_deadline,
          a_huge_answer_is_cut_off, endless_headers_are_cut_off, connections_are_kept,
          a_write_on_a_kept_connection_goes_out_once, many_requests_at_once_each_get_their_answer,
          refuses_what_could_inject, the_proxy_of_the_environment_is_asked,
          a_proxy_that_wants_credentials_lets_nothing_through,
          a_proxy_that_is_down_is_named_without_its_password, a_proxy_that_is_none_is_not_repeated,
          a_delay_is_kept, timers_run_in_their_order, tells_a_readable_and_a_closed_descriptor,
          nothing_to_do_is_no_waiting)
