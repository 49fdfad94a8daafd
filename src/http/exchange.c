#include <config.h>

#include "http/serving.h"
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum phase { HEAD, BODY, REFUSED, HANDLED };

/* One request, from its first line to the end of its answer. */
struct server_exchange {
    TAILQ_ENTRY(server_exchange) at; /* in server.asleep */
    struct server *server;
    struct guest *guest;
    struct MHD_Connection *connection;
    char *target; /* owned; cut at its ? */
    struct server_request request;
    struct server_header *headers; /* owned; names and values are the connection's */
    size_t room;                   /* in headers */
    struct buf body;
    enum phase phase;
    bool counted; /* in server.pending */
    bool asleep;
    int status;                    /* of the answer */
    struct MHD_Response *response; /* owned; NULL: none yet */
};

void *
exchange_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct server_exchange *x = mem_alloc(sizeof *x);
    char *query;

    x->server = cls;
    x->connection = connection;
    x->guest =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    x->target = mem_text(target);
    query = strchr(x->target, '?');
    if (query != NULL)
        *query++ = '\0';
    x->request.path = x->target;
    x->request.query = query != NULL ? query : "";
    hall_move(&x->server->hall, x->guest, GUEST_READING);
    return x;
}

void
exchange_end(void *cls, struct MHD_Connection *connection, void **state,
             enum MHD_RequestTerminationCode why)
{
    struct server_exchange *x = *state;
    struct server *s = cls;

    (void)connection;
    (void)why;
    if (x == NULL)
        return;
    hall_move(&s->hall, x->guest, GUEST_IDLE);
    atomic_fetch_sub(&s->held, x->body.cap);
    if (x->counted)
        atomic_fetch_sub(&s->pending, 1);
    if (x->response != NULL)
        MHD_destroy_response(x->response);
    buf_release(&x->body);
    free(x->headers);
    free(x->target);
    free(x);
    *state = NULL;
}

/* libmicrohttpd leaves the white space behind a value; the memory is the connection's. */
static void
trim(char *value)
{
    size_t len = strlen(value);

    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    if (value[len] != '\0')
        value[len] = '\0';
}

static enum MHD_Result
add_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct server_exchange *x = cls;

    (void)kind;
    if (value != NULL)
        trim((char *)(uintptr_t)value);
    if (x->request.n_headers == x->room) {
        x->room = x->room == 0 ? 16 : 2 * x->room;
        x->headers = mem_resize(x->headers, x->room, sizeof *x->headers);
    }
    x->headers[x->request.n_headers++] = (struct server_header){name, value != NULL ? value : ""};
    return MHD_YES;
}

static const char *
find_header(const struct server_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->request.n_headers; i++)
        if (strcasecmp(x->headers[i].name, name) == 0)
            return x->headers[i].value;
    return NULL;
}

static void
header(struct MHD_Response *r, const char *name, const char *value)
{
    if (MHD_add_response_header(r, name, value) != MHD_YES)
        err_no_memory();
}

static struct MHD_Response *
make_response(struct server *s, int status, const char *type, const char *body, size_t len)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        type != NULL ? len : 0, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);

    if (r == NULL)
        err_no_memory();
    if (type != NULL)
        header(r, "Content-Type", type);
    if (status == MHD_HTTP_SERVICE_UNAVAILABLE)
        header(r, "Retry-After", "1");
    if (status >= 400 || s->quiesced)
        header(r, "Connection", "close");
    return r;
}

static enum MHD_Result
send_answer(struct server_exchange *x)
{
    if (!hall_move(&x->server->hall, x->guest, GUEST_TAKING))
        return MHD_NO;
    return MHD_queue_response(x->connection, (unsigned)x->status, x->response);
}

static bool
has_body(const struct server_exchange *x)
{
    const char *length = find_header(x, "Content-Length");

    return find_header(x, "Transfer-Encoding") != NULL ||
           (length != NULL && strcmp(length, "0") != 0);
}

/* Answers a head; what there is of a body is not read. */
static enum MHD_Result
refuse(struct server_exchange *x, int status, const char *allow)
{
    x->phase = REFUSED;
    x->status = status;
    x->response = make_response(x->server, status, NULL, "", 0);
    if (allow != NULL)
        header(x->response, "Allow", allow);
    if (has_body(x))
        hall_linger(&x->server->hall, x->guest);
    return send_answer(x);
}

static size_t
count_header(const struct server_exchange *x, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < x->request.n_headers; i++)
        n += strcasecmp(x->headers[i].name, name) == 0;
    return n;
}

/* What stands in front of us must not see two requests, or another host, where we see one (RFC 9112
 * 3.2, 6.1, 6.3). */
static bool
is_ambiguous(const struct server_exchange *x, const char *version)
{
    size_t encodings = count_header(x, "Transfer-Encoding"), hosts = count_header(x, "Host");

    if (hosts > 1 || (hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0))
        return true;
    if (encodings == 1 && strcasecmp(find_header(x, "Transfer-Encoding"), "chunked") != 0)
        return true;
    return count_header(x, "Content-Length") + encodings > 1;
}

static enum MHD_Result
take_head(struct server_exchange *x, const char *method, const char *version)
{
    const struct server_options *o = &x->server->o;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *length, *allow = NULL;
    int status;

    x->phase = BODY;
    x->counted = true;
    atomic_fetch_add(&x->server->pending, 1);
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_header, x);
    x->request.method = method;
    x->request.headers = x->headers;
    if (info != NULL && info->header_size > o->max_head)
        return refuse(x, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, NULL);
    if (is_ambiguous(x, version))
        return refuse(x, MHD_HTTP_BAD_REQUEST, NULL);
    status = o->accept(o->user, &x->request, &allow);
    if (status != 0)
        return refuse(x, status, allow);
    length = find_header(x, "Content-Length");
    if (length != NULL && strtoull(length, NULL, 10) > o->max_body)
        return refuse(x, MHD_HTTP_CONTENT_TOO_LARGE, NULL);
    return MHD_YES;
}

/* libmicrohttpd takes no answer while a body is coming, so this one goes past it. */
static enum MHD_Result
break_off(struct server_exchange *x, const char *status_line)
{
    CLEANUP_FREE char *text =
        mem_printf("HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status_line);

    send(x->guest->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
    hall_linger(&x->server->hall, x->guest);
    return MHD_NO;
}

static enum MHD_Result
take_body(struct server_exchange *x, const char *data, size_t len)
{
    struct server *s = x->server;
    size_t before = x->body.cap;

    if (x->body.len + len > s->o.max_body)
        return break_off(x, "413 Content Too Large");
    if (atomic_load(&s->held) + len > s->o.max_held)
        return break_off(x, "503 Service Unavailable\r\nRetry-After: 1");
    buf_add(&x->body, data, len);
    atomic_fetch_add(&s->held, x->body.cap - before);
    return MHD_YES;
}

/* The connection sleeps before anybody can answer: then answering is one thing, always waking. */
static enum MHD_Result
hand_over(struct server_exchange *x)
{
    struct server *s = x->server;

    if (!hall_move(&s->hall, x->guest, GUEST_SERVED))
        return MHD_NO;
    x->phase = HANDLED;
    x->request.body = buf_get(&x->body);
    x->request.body_len = x->body.len;
    pthread_mutex_lock(&s->lock);
    x->asleep = !s->stopping;
    if (x->asleep)
        TAILQ_INSERT_TAIL(&s->asleep, x, at);
    pthread_mutex_unlock(&s->lock);
    if (!x->asleep)
        return MHD_NO;
    MHD_suspend_connection(x->connection);
    s->o.handle(s->o.user, x);
    return MHD_YES;
}

enum MHD_Result
exchange_handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                const char *version, const char *data, size_t *len, void **state)
{
    struct server_exchange *x = *state;

    (void)cls;
    (void)connection;
    (void)url;
    if (x->phase == HEAD)
        return take_head(x, method, version);
    if (*len > 0) {
        size_t n = *len;

        *len = 0;
        return x->phase == BODY ? take_body(x, data, n) : MHD_YES;
    }
    if (x->phase == BODY)
        return hand_over(x);
    if (x->phase == HANDLED)
        return x->response != NULL ? send_answer(x) : MHD_NO; /* none: the server stops */
    return MHD_YES;
}

const struct server_request *
server_exchange_request(const struct server_exchange *x)
{
    return &x->request;
}

void
server_answer(struct server_exchange *x, int status, const char *content_type, const char *body,
              size_t len)
{
    struct server *s = x->server;
    struct MHD_Connection *connection = x->connection;

    x->status = status;
    x->response = make_response(s, status, content_type, body, len);
    pthread_mutex_lock(&s->lock);
    TAILQ_REMOVE(&s->asleep, x, at);
    x->asleep = false;
    pthread_mutex_unlock(&s->lock);
    MHD_resume_connection(connection);
}

void
exchange_drop_all(struct server *s)
{
    struct server_exchange *x;

    pthread_mutex_lock(&s->lock);
    while ((x = TAILQ_FIRST(&s->asleep)) != NULL) {
        TAILQ_REMOVE(&s->asleep, x, at);
        MHD_resume_connection(x->connection);
    }
    pthread_mutex_unlock(&s->lock);
}
