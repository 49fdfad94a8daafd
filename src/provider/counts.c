#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"

#include <string.h>

enum { FLUSH_MS = 1000 };

void
counts_request(struct provider *p, const struct http_request *r, bool again)
{
    struct call_counts *n = &p->counts;

    n->calls++;
    n->retries += again;
    n->bytes_out += (int64_t)(strlen(r->method) + strlen(r->url) + r->body_len);
    for (size_t i = 0; i < r->n_headers; i++)
        n->bytes_out += (int64_t)(strlen(r->headers[i].name) + strlen(r->headers[i].value));
}

void
counts_answered(struct provider *p, const struct http_answer *h)
{
    struct call_counts *n = &p->counts;

    n->latency_ms += h->took_ms;
    if (h->took_ms > n->latency_max_ms)
        n->latency_max_ms = h->took_ms;
    if (h->outcome == HTTP_NOT_SENT)
        n->errors[ERROR_CONNECT]++;
    else if (h->outcome != HTTP_ANSWERED)
        n->errors[h->timed_out ? ERROR_TIMEOUT : ERROR_LOST]++;
    if (h->outcome != HTTP_ANSWERED)
        return;
    n->bytes_in += (int64_t)h->len;
    for (size_t i = 0; i < h->n_headers; i++)
        n->bytes_in += (int64_t)(strlen(h->headers[i].name) + strlen(h->headers[i].value));
}

/* An answer with a status that is no limit. */
void
counts_status(struct provider *p, int status)
{
    if (status >= 400)
        p->counts.errors[status >= 500 ? ERROR_5XX : ERROR_4XX]++;
}

void
provider_flush(struct provider *p)
{
    static const struct call_counts none;

    if (p == NULL || p->meter.count == NULL || memcmp(&p->counts, &none, sizeof none) == 0)
        return;
    if (p->meter.count(p->meter.user, p->system, &p->counts) == 0)
        p->counts = none;
    p->flushed_at = clock_boot();
}

void
provider_tick(struct provider *p)
{
    if (p != NULL && clock_boot() - p->flushed_at >= FLUSH_MS)
        provider_flush(p);
}
