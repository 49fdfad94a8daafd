#include <config.h>

#include "http/internal.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_DEADLINE_MS = 20000, CONNECT_MS = 10000 };
static const size_t default_max_answer = 32 * 1024 * 1024;

/* RFC 9110 5.6.2: what methods and header names are made of. */
static bool
is_token(const char *s)
{
    if (s == NULL || *s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        if (!isalnum((unsigned char)*s) && strchr("!#$%&'*+-.^_`|~", *s) == NULL)
            return false;
    }
    return true;
}

static int
refuse(struct err *err, const char *what)
{
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-request", "%s", what);
}

static int
check(const struct http_request *r, struct err *err)
{
    if (!is_token(r->method))
        return refuse(err, "not a method of HTTP");
    if (strncmp(r->url, "http://", 7) != 0 && strncmp(r->url, "https://", 8) != 0)
        return refuse(err, "not an http or https URL");
    for (const char *p = r->url; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 127)
            return refuse(err, "a URL with a space or control character");
    }
    for (size_t i = 0; i < r->n_headers; i++) {
        if (!is_token(r->headers[i].name))
            return refuse(err, "not a name of a header");
        for (const char *p = r->headers[i].value; *p != '\0'; p++) {
            if (((unsigned char)*p < ' ' && *p != '\t') || *p == 127)
                return err_set(err, ERR_RECORD, ERR_NEVER, "bad-request",
                               "header %s has a control character in its value",
                               r->headers[i].name);
        }
    }
    return 0;
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *user)
{
    struct transfer *t = user;

    if (size * n > t->max_answer - t->body.len) {
        t->too_big = true;
        return CURL_WRITEFUNC_ERROR;
    }
    buf_add(&t->body, bytes, size * n);
    return size * n;
}

static void
keep_header(struct transfer *t, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    const char *value, *end = line + len;
    char *name;

    if (colon == NULL || t->n_headers == TRANSFER_MAX_HEADERS)
        return;
    for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
        ;
    while (end > value && strchr(" \t\r\n", end[-1]) != NULL)
        end--;
    name = arena_ntext(t->arena, line, (size_t)(colon - line));
    for (char *p = name; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    t->answer_headers[t->n_headers].name = name;
    t->answer_headers[t->n_headers++].value = arena_ntext(t->arena, value, (size_t)(end - value));
}

static size_t
on_header(char *line, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    size_t len = size * n;

    t->header_bytes += len;
    if (t->header_bytes > TRANSFER_MAX_HEADER_BYTES) {
        t->too_big = true;
        return 0;
    }
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        t->n_headers = 0; /* what came before was interim (1xx) or the proxy's */
        t->whole_head = false;
    } else if (len > 0 && (line[0] == '\r' || line[0] == '\n')) {
        t->whole_head = true;
    } else {
        keep_header(t, line, len);
    }
    return len;
}

/* Just before the request goes out. A second time means that libcurl wants to send it again. */
static int
on_ready(void *user, char *ip, char *local_ip, int port, int local_port)
{
    struct transfer *t = user;

    (void)ip;
    (void)local_ip;
    (void)port;
    (void)local_port;
    if (t->sent && !t->idempotent)
        return CURL_PREREQFUNC_ABORT;
    t->barred = !t->sent && t->may_send != NULL && !t->may_send(t->may_user);
    if (t->barred)
        return CURL_PREREQFUNC_ABORT;
    t->sent = true;
    return CURL_PREREQFUNC_OK;
}

static void
add_header(struct transfer *t, const char *text)
{
    struct curl_slist *list = curl_slist_append(t->headers, text);

    if (list == NULL)
        err_no_memory();
    t->headers = list;
}

static void
set_headers(struct transfer *t, const struct http_request *r)
{
    for (size_t i = 0; i < r->n_headers; i++) {
        /* "Name;" is how libcurl is told to send an empty value. */
        if (r->headers[i].value[0] == '\0')
            add_header(t, arena_printf(t->arena, "%s;", r->headers[i].name));
        else
            add_header(t,
                       arena_printf(t->arena, "%s: %s", r->headers[i].name, r->headers[i].value));
    }
    add_header(t, "Expect:");
    if (r->body == NULL)
        add_header(t, "Content-Type:"); /* libcurl's own: nothing is no form */
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void
set_method(struct transfer *t, const struct http_request *r)
{
    if (r->body != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, arena_copy(t->arena, r->body, r->body_len));
    } else if (strcmp(r->method, "HEAD") == 0) {
        curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
        return;
    } else if (strcmp(r->method, "GET") != 0) {
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)0);
        curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, "");
    }
    curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, arena_text(t->arena, r->method));
}

static void
set_rules(struct transfer *t, const struct http_request *r)
{
    int64_t deadline = r->deadline_ms > 0 ? r->deadline_ms : DEFAULT_DEADLINE_MS;

    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, (long)deadline);
    curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)(deadline < CONNECT_MS ? deadline : CONNECT_MS));
    curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(t->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "");
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
    if (r->ca_file != NULL) {
        curl_easy_setopt(t->easy, CURLOPT_CAINFO, r->ca_file);
        curl_easy_setopt(t->easy, CURLOPT_CAPATH, (char *)NULL); /* which would count beside it */
    }
}

static void
set_callbacks(struct transfer *t)
{
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->errbuf);
    curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, on_ready);
    curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
}

struct transfer *
transfer_new(const struct http_request *r, struct err *err)
{
    struct transfer *t;

    if (check(r, err) != 0)
        return NULL;
    t = mem_alloc(sizeof *t);
    t->arena = arena_new();
    t->easy = curl_easy_init();
    if (t->easy == NULL)
        err_no_memory();
    t->idempotent = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;
    t->may_send = r->may_send;
    t->may_user = r->may_user;
    t->max_answer = r->max_answer > 0 ? r->max_answer : default_max_answer;
    t->answer_headers = arena_alloc(t->arena, TRANSFER_MAX_HEADERS * sizeof *t->answer_headers);
    set_callbacks(t);
    set_rules(t, r);
    set_method(t, r);
    set_headers(t, r);
    proxy_watch(t);
    if (curl_easy_setopt(t->easy, CURLOPT_URL, r->url) != CURLE_OK)
        err_no_memory();
    return t;
}

static enum http_outcome
outcome(const struct transfer *t, CURLcode result, long status)
{
    if (result == CURLE_OK && proxy_refused(t, status))
        return HTTP_NOT_SENT;
    if (result == CURLE_OK && t->whole_head)
        return HTTP_ANSWERED;
    if (t->too_big)
        return HTTP_TOO_BIG;
    return t->sent ? HTTP_LOST : HTTP_NOT_SENT;
}

/* See http_answer. */
static const char *
lasting(const struct transfer *t, CURLcode result, long status)
{
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE ||
        result == CURLE_SSL_ISSUER_ERROR)
        return "untrusted";
    return proxy_refused(t, status) ? "proxy-login" : NULL;
}

/* Why there is no answer, in libcurl's words as far as they go. */
static const char *
reason(const struct transfer *t, CURLcode result, const struct http_answer *a, char out[PROXY_TEXT])
{
    const char *text = t->errbuf[0] != '\0' ? t->errbuf : curl_easy_strerror(result);

    if (a->lasting != NULL && strcmp(a->lasting, "untrusted") == 0) {
        snprintf(out, PROXY_TEXT, "the certificate is not trusted: %.200s", text);
        return out;
    }
    if (a->lasting != NULL)
        text = "it wants other credentials (HTTP 407)";
    else if (result == CURLE_OK)
        text = "the answer was cut off in its headers";
    return a->outcome == HTTP_NOT_SENT ? proxy_explain(t, text, out) : text;
}

/* What went wrong, one line. */
static void
explain(const struct transfer *t, CURLcode result, struct http_answer *a)
{
    char buf[PROXY_TEXT];
    const char *text = reason(t, result, a, buf);

    if (a->outcome == HTTP_ANSWERED)
        return;
    if (t->too_big)
        snprintf(a->text, sizeof a->text, "the answer is over %zu bytes", t->max_answer);
    else if (t->barred)
        snprintf(a->text, sizeof a->text, "not sent: this process stood still for too long");
    else if (result == CURLE_ABORTED_BY_CALLBACK)
        snprintf(a->text, sizeof a->text, "the connection was closed before an answer came");
    else
        snprintf(a->text, sizeof a->text, "%.255s", text);
    for (char *p = a->text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    }
}

void
transfer_finish(struct transfer *t, CURLcode result)
{
    struct http_answer a = {0};
    curl_off_t took = 0;
    long status = 0;

    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    a.outcome = outcome(t, result, status);
    curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &took);
    a.timed_out = result == CURLE_OPERATION_TIMEDOUT;
    a.lasting = a.outcome == HTTP_NOT_SENT ? lasting(t, result, status) : NULL;
    a.status = a.outcome == HTTP_ANSWERED ? (int)status : 0;
    a.body = buf_get(&t->body);
    a.len = t->body.len;
    a.headers = t->answer_headers;
    a.n_headers = t->n_headers;
    a.took_ms = took / 1000;
    explain(t, result, &a);
    t->done(t->user, &a);
}

const char *
http_header(const struct http_answer *a, const char *name)
{
    for (size_t i = 0; i < a->n_headers; i++) {
        if (strcmp(a->headers[i].name, name) == 0)
            return a->headers[i].value;
    }
    return NULL;
}

void
transfer_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    buf_release(&t->body);
    arena_free(t->arena);
    free(t);
}
