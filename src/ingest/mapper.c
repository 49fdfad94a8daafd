#include <config.h>

#include "ingest/mapper.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "provider/inbound.h"

#include <string.h>

/* A stored request and what became of it. */
struct mapped {
    const struct store_request *request;
    const struct conf_system *system;
    struct inbound_events events;
    bool refused; /* as a whole, for WHY */
    struct err why;
};

static void
map(struct tenant *t, struct arena *a, const struct store_request *q, struct mapped *m)
{
    struct inbound in = {.system = q->system,
                         .method = q->method,
                         .path = q->path,
                         .query = q->query != NULL ? q->query : "",
                         .body = q->body,
                         .body_len = q->body_len,
                         .received_at = q->received_at};

    *m = (struct mapped){.request = q, .system = conf_system(t->conf, q->system), .why = ERR_INIT};
    if (m->system == NULL)
        m->refused = err_set(&m->why, ERR_RECORD, ERR_NEVER, "no-system",
                             "the config has no system %s", q->system) < 0;
    else
        m->refused = inbound_headers_read(a, q->headers, &in, &m->why) < 0 ||
                     inbound_map(a, t->conf, m->system, &in, &m->events, &m->why) < 0;
}

static int
refuse(struct tenant *t, const struct mapped *m, struct err *err)
{
    const struct store_request *q = m->request;
    const struct store_reject r = {.stage = "ingest",
                                   .request_id = q->request_id,
                                   .system = q->system,
                                   .account = q->account,
                                   .code = m->why.code,
                                   .text = m->why.text};

    log_warn("%s: request %lld: %s", q->system, (long long)q->request_id, m->why.text);
    if (store_reject_row(t->store, &r, clock_now(), err) < 0)
        return -1;
    return store_request_rejected(t->store, q->request_id, m->why.code, err);
}

static int
refuse_item(struct tenant *t, const struct mapped *m, const struct inbound_bad *b, struct err *err)
{
    const struct store_reject r = {.stage = "ingest",
                                   .request_id = m->request->request_id,
                                   .system = m->system->name,
                                   .account = b->account != NULL ? b->account : m->system->account,
                                   .resource = b->resource,
                                   .record_id = b->record_id,
                                   .code = b->code,
                                   .text = b->text,
                                   .record = b->record};

    return store_reject_row(t->store, &r, clock_now(), err);
}

/* One line a request, however many items it has. */
static void
say_bad(const struct mapped *m)
{
    const struct inbound_events *v = &m->events;

    if (v->n_bad > 1)
        log_warn("%s: request %lld: %s (and %zu more rejects)", m->system->name,
                 (long long)m->request->request_id, v->bad[0].text, v->n_bad - 1);
    else if (v->n_bad == 1)
        log_warn("%s: request %lld: %s", m->system->name, (long long)m->request->request_id,
                 v->bad[0].text);
}

/* 1 admitted, 0 known, -1. */
static int
admit(struct tenant *t, const struct mapped *m, const struct inbound_event *e, struct err *err)
{
    const struct conf_sync *sync = conf_sync(t->conf, e->event.resource);
    struct store_admission x = {
        .event = &e->event, .request_id = m->request->request_id, .hash_id = e->hash_id};
    int64_t seq;

    if (sync == NULL)
        BUG("an event of %s, which nobody syncs", e->event.resource);
    x.map_hash = sync->map_hash;
    x.wait_if_unlinked = tenant_is_loading(t, sync);
    return store_admit(t->store, &x, clock_now(), &seq, err);
}

static int
apply(struct tenant *t, const struct mapped *m, struct err *err)
{
    const struct inbound_events *v = &m->events;
    long admitted = 0;
    int n;

    if (m->refused)
        return refuse(t, m, err);
    for (size_t i = 0; i < v->n; i++) {
        if ((n = admit(t, m, &v->events[i], err)) < 0)
            return -1;
        admitted += n;
    }
    for (size_t i = 0; i < v->n_bad; i++)
        if (refuse_item(t, m, &v->bad[i], err) < 0)
            return -1;
    say_bad(m);
    log_verbose("%s: request %lld: %ld events, %zu known, %zu refused, %zu to be ignored",
                m->system->name, (long long)m->request->request_id, admitted,
                v->n - (size_t)admitted, v->n_bad, v->dropped + v->foreign + v->unsynced);
    return store_request_mapped(t->store, m->request->request_id, err);
}

/* In one transaction. */
static int
apply_all(struct tenant *t, const struct mapped *list, size_t n, struct err *err)
{
    if (store_begin(t->store, false, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (apply(t, &list[i], err) < 0) {
            store_abort(t->store);
            return -1;
        }
    if (store_commit(t->store, err) < 0)
        return -1;
    crash_point("listen.mapped");
    return 0;
}

/* One of a batch that the state does not take (no answer of a definition should do that) is found
 * by itself and refused. */
static int
apply_each(struct tenant *t, struct mapped *list, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct err why = ERR_INIT;

        if (apply_all(t, &list[i], 1, &why) == 0)
            continue;
        if (why.scope == ERR_RECORD && !list[i].refused) {
            list[i].refused = true;
            list[i].why = why;
            i--;
            continue;
        }
        *err = why;
        return -1;
    }
    return 0;
}

int
mapper_step(struct tenant *t, size_t max, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct store_request *requests;
    struct mapped *list;
    int n = store_requests_new(t->store, a, max, &requests, err);

    if (n <= 0)
        return n;
    list = arena_alloc(a, (size_t)n * sizeof *list);
    for (int i = 0; i < n; i++)
        map(t, a, &requests[i], &list[i]);
    if (apply_all(t, list, (size_t)n, err) < 0 &&
        (err->scope != ERR_RECORD || apply_each(t, list, (size_t)n, err) < 0))
        return -1;
    return n;
}
