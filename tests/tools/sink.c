/*
 * sink [--ready-file FILE] [--status LIST] [--delay MS] [--repeat]
 *
 * An HTTP server for tests, on a free port of 127.0.0.1: every request is one line on stdout, a
 * captured request {method,path,query,headers,body|body_base64,received_at}; header names are lower
 * case, values of the same name are joined by ", ". The line is there before the answer is sent.
 * The first line says {"url","pid"}, in FILE too. It ends with SIGTERM.
 *
 * LIST is what requests are answered, one each; the last one stays: "503,drop,200". `drop` closes
 * the connection, `hang` never answers. MS is how long answers are held back. Both can be set
 * later, by POST /_sink/status/LIST and /_sink/delay/MS, which are not captured. With --repeat an
 * answer is a page that says the whole request again, and its Location has it, too.
 */
#include <config.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sim/jtext.h"

#include <ctype.h>
#include <getopt.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DROP = -1, HANG = -2, BAD = -3, MAX_STATUSES = 1000 };

static struct {
    pthread_mutex_t lock;
    int statuses[MAX_STATUSES];
    size_t n;
    size_t at;
    long delay_ms;
    bool repeat;
    unsigned port;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .statuses = {200}, .n = 1};

struct request {
    char *path;
    char *query;
    struct buf body;
};

static int
status_of(const char *word)
{
    if (strcmp(word, "drop") == 0)
        return DROP;
    if (strcmp(word, "hang") == 0)
        return HANG;
    return atoi(word) >= 200 && atoi(word) <= 599 ? atoi(word) : BAD;
}

static int
set_statuses(const char *list)
{
    CLEANUP_FREE char *text = mem_text(list);
    int all[MAX_STATUSES];
    char *save = NULL;
    char *word = strtok_r(text, ",", &save);
    size_t n = 0;

    for (; word != NULL; word = strtok_r(NULL, ",", &save)) {
        if (n == MAX_STATUSES || (all[n++] = status_of(word)) == BAD)
            return -1;
    }
    if (n == 0)
        return -1;
    pthread_mutex_lock(&sink.lock);
    memcpy(sink.statuses, all, n * sizeof all[0]);
    sink.n = n;
    sink.at = 0;
    pthread_mutex_unlock(&sink.lock);
    return 0;
}

static enum MHD_Result
add_header(void *with, enum MHD_ValueKind kind, const char *name, const char *value)
{
    CLEANUP_FREE char *lower = mem_text(name);
    json_t *headers = with;
    const char *before;
    char *c;

    (void)kind;
    for (c = lower; *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    before = json_string_value(json_object_get(headers, lower));
    json_object_set_new(headers, lower,
                        before != NULL ? json_sprintf("%s, %s", before, value != NULL ? value : "")
                                       : json_string(value != NULL ? value : ""));
    return MHD_YES;
}

static void
set_body(json_t *object, const struct buf *body)
{
    size_t size = sodium_base64_ENCODED_LEN(body->len, sodium_base64_VARIANT_ORIGINAL);
    CLEANUP_FREE char *text = NULL;
    json_t *value = json_stringn(buf_get(body), body->len);

    if (value != NULL) {
        json_object_set_new(object, "body", value);
        return;
    }
    text = mem_alloc(size);
    sodium_bin2base64(text, size, (const unsigned char *)body->data, body->len,
                      sodium_base64_VARIANT_ORIGINAL);
    json_object_set_new(object, "body_base64", json_string(text));
}

static void
write_line(FILE *out, json_t *value /* taken */)
{
    struct buf line = BUF_INIT;

    jtext_add(&line, value);
    buf_char(&line, '\n');
    json_decref(value);
    if (fwrite(line.data, 1, line.len, out) != line.len || fflush(out) != 0) {
        perror("sink");
        _exit(74);
    }
    buf_release(&line);
}

static void
capture(const struct request *r, struct MHD_Connection *connection, const char *method)
{
    json_t *headers = json_object();
    char now[CLOCK_TEXT];
    json_t *object;

    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, headers);
    object = json_pack("{s:s,s:s,s:s,s:o}", "method", method, "path", r->path, "query", r->query,
                       "headers", headers);
    set_body(object, &r->body);
    json_object_set_new(object, "received_at", json_string(clock_format(clock_now(), now)));
    write_line(stdout, object);
}

/* The status for the next request; capturing and choosing go together. */
static int
take(const struct request *r, struct MHD_Connection *connection, const char *method, long *delay)
{
    int status;

    pthread_mutex_lock(&sink.lock);
    capture(r, connection, method);
    status = sink.statuses[sink.at];
    if (sink.at + 1 < sink.n)
        sink.at++;
    *delay = sink.delay_ms;
    pthread_mutex_unlock(&sink.lock);
    return status;
}

static enum MHD_Result
answer(struct MHD_Connection *connection, int status)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)"", MHD_RESPMEM_PERSISTENT);
    enum MHD_Result sent = MHD_queue_response(connection, (unsigned)status, response);

    MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result
add_line(void *with, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    buf_printf(with, "<li>%s: %s</li>\n", name, value != NULL ? value : "");
    return MHD_YES;
}

/* What a debugging page of a framework says, and a redirect that takes all along. */
static enum MHD_Result
repeat(const struct request *r, struct MHD_Connection *connection, const char *method, int status)
{
    const char *given = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    CLEANUP_FREE char *to = mem_printf("http://127.0.0.1:%u/elsewhere?%s&authorization=%s",
                                       sink.port, r->query, given != NULL ? given : "");
    const char *word = given != NULL ? strrchr(given, ' ') : NULL;
    CLEANUP_BUF struct buf page = BUF_INIT;
    struct MHD_Response *response;
    enum MHD_Result sent;

    buf_printf(&page, "<h1>%s</h1>\n", word != NULL ? word + 1 : "");
    buf_printf(&page, "<p>%s %s?%s %.*s</p>\n", method, r->path, r->query, (int)r->body.len,
               r->body.data);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_line, &page);
    response = MHD_create_response_from_buffer(page.len, page.data, MHD_RESPMEM_MUST_COPY);
    MHD_add_response_header(response, "Content-Type", "text/html");
    MHD_add_response_header(response, "Location", to);
    sent = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return sent;
}

/* Each connection has a thread of its own, so that waiting in it is no harm. */
static enum MHD_Result
finish(const struct request *r, struct MHD_Connection *connection, const char *method)
{
    static const char set_status[] = "/_sink/status/";
    static const char set_delay[] = "/_sink/delay/";
    long delay = 0;
    int status;

    if (strncmp(r->path, set_status, sizeof set_status - 1) == 0)
        return answer(connection, set_statuses(r->path + sizeof set_status - 1) == 0 ? 204 : 400);
    if (strncmp(r->path, set_delay, sizeof set_delay - 1) == 0) {
        pthread_mutex_lock(&sink.lock);
        sink.delay_ms = atol(r->path + sizeof set_delay - 1);
        pthread_mutex_unlock(&sink.lock);
        return answer(connection, 204);
    }
    status = take(r, connection, method, &delay);
    if (delay > 0)
        usleep((useconds_t)delay * 1000);
    while (status == HANG)
        pause();
    if (status == DROP)
        return MHD_NO;
    return sink.repeat ? repeat(r, connection, method, status) : answer(connection, status);
}

static void *
begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
    struct request *r = mem_alloc(sizeof *r);
    size_t len = strcspn(uri, "?");

    (void)cls;
    (void)connection;
    r->path = mem_text(uri);
    r->path[len] = '\0';
    r->query = mem_text(uri[len] == '?' ? uri + len + 1 : "");
    return r;
}

static void
end(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    struct request *r = *state;

    (void)cls;
    (void)connection;
    (void)why;
    if (r == NULL)
        return;
    buf_release(&r->body);
    free(r->path);
    free(r->query);
    free(r);
    *state = NULL;
}

static enum MHD_Result
handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
       const char *version, const char *data, size_t *len, void **state)
{
    struct request *r = *state;

    (void)cls;
    (void)url;
    (void)version;
    if (r->body.cap == 0) { /* the head only: not to be answered yet */
        buf_reserve(&r->body, 1);
        return MHD_YES;
    }
    if (*len > 0) {
        buf_add(&r->body, data, *len);
        *len = 0;
        return MHD_YES;
    }
    return finish(r, connection, method);
}

static struct MHD_Daemon *
serve(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL,
        NULL, handle, NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_URI_LOG_CALLBACK, begin,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, end, NULL, MHD_OPTION_END);
}

static void
say_ready(const char *file, unsigned port)
{
    CLEANUP_FREE char *temp = file != NULL ? mem_printf("%s.new", file) : NULL;
    CLEANUP_FREE char *url = mem_printf("http://127.0.0.1:%u", port);
    FILE *out = file != NULL ? fopen(temp, "we") : stdout;

    if (out == NULL) {
        perror(temp);
        exit(74);
    }
    write_line(out, json_pack("{s:s,s:i}", "url", url, "pid", (int)getpid()));
    if (file != NULL && (fclose(out) != 0 || rename(temp, file) != 0))
        perror(file);
}

int
main(int argc, char **argv)
{
    static const struct option options[] = {{"ready-file", required_argument, NULL, 'r'},
                                            {"status", required_argument, NULL, 's'},
                                            {"delay", required_argument, NULL, 'd'},
                                            {"repeat", no_argument, NULL, 'R'},
                                            {NULL, 0, NULL, 0}};
    const char *ready = NULL;
    struct MHD_Daemon *daemon;
    sigset_t signals;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'r')
            ready = optarg;
        else if (c == 'd')
            sink.delay_ms = atol(optarg);
        else if (c == 'R')
            sink.repeat = true;
        else if (c != 's' || set_statuses(optarg) != 0)
            return 64;
    }
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    daemon = serve();
    if (daemon == NULL) {
        fprintf(stderr, "sink: no server\n");
        return 74;
    }
    sink.port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    say_ready(ready, sink.port);
    sigwait(&signals, &c);
    _exit(0); /* a thread may hang for good */
}
