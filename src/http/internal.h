#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <curl/curl.h>

#include "base/arena.h"
#include "base/buf.h"
#include "http/client.h"

/*
 * Private to src/http: one request on its way, with everything it needs copied into its arena.
 */
enum { TRANSFER_MAX_HEADERS = 200, TRANSFER_MAX_HEADER_BYTES = 256 * 1024 };

struct transfer {
    struct transfer *next;
    struct arena *arena; /* owned */
    CURL *easy;          /* owned */
    struct curl_slist *headers;
    bool idempotent; /* GET, HEAD: libcurl may send it again */
    bool started;
    bool sent;   /* something may have gone out */
    bool barred; /* may_send said no */
    bool too_big;
    bool whole_head; /* the empty line after the headers came: libcurl does not insist on it */
    char proxy[24];  /* the variable of the environment that names the proxy; "": none is used */
    size_t max_answer;
    int64_t due; /* boot clock */
    struct buf body;
    struct http_header *answer_headers; /* in the arena, TRANSFER_MAX_HEADERS */
    size_t n_headers;
    size_t header_bytes;
    char errbuf[CURL_ERROR_SIZE];
    bool (*may_send)(void *may_user);
    void *may_user;
    http_done *done;
    void *user;
};

/* A request, checked and ready for the multi handle; NULL and err if it must not go out. */
struct transfer *transfer_new(const struct http_request *r, struct err *err);
/* Makes the answer of what curl said and calls done. */
void transfer_finish(struct transfer *t, CURLcode result);
void transfer_free(struct transfer *t);

/* --- proxy.c: the proxy of the environment, which libcurl picks ---------------------------- */

enum { PROXY_TEXT = 256 }; /* that of http_answer */

/* Has it told which. */
void proxy_watch(struct transfer *t);
/* Is it the proxy that answered, and wants credentials? */
bool proxy_refused(const struct transfer *t, long status);
/* TEXT, what went wrong before anything went out, with the proxy's part in it; perhaps in OUT. */
const char *proxy_explain(const struct transfer *t, const char *text, char out[PROXY_TEXT]);

#endif
