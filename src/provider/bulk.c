#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "config/batch.h"
#include "http/url.h"

#include <string.h>

static const struct endpoint *
endpoint_of(const struct resource_def *r, enum provider_action action)
{
    return action == PROVIDER_CREATE   ? &r->create
           : action == PROVIDER_UPDATE ? &r->update
                                       : &r->delete;
}

long
provider_bulk_max(const struct resource_def *r, enum provider_action action)
{
    const struct endpoint *e = endpoint_of(r, action);

    return e->present && e->batch != NULL ? e->batch->max : 1;
}

bool
provider_bulk_fits(const struct resource_def *r, enum provider_action action, const char *etag)
{
    enum precondition_kind kind = precondition_kind(r, endpoint_of(r, action));

    return provider_bulk_max(r, action) > 1 &&
           (etag == NULL || kind == PRECONDITION_NONE || kind == PRECONDITION_BODY);
}

int64_t
provider_bulk_late_ms(const struct resource_def *r, enum provider_action action)
{
    const struct endpoint *e = endpoint_of(r, action);

    return provider_bulk_max(r, action) > 1 && e->batch->polls ? e->batch->poll.deadline_ms : 0;
}

/* ---- what goes out ---- */

static void
copy_item(struct arena *a, struct provider_item *to, const struct provider_item *from)
{
    *to = *from;
    to->id = arena_text(a, from->id);
    to->external_id = arena_text(a, from->external_id);
    to->idempotency_key = arena_text(a, from->idempotency_key);
    to->etag = arena_text(a, from->etag);
    to->fields = val_copy(a, from->fields);
}

/* One as it stands in the list. */
static struct val *
build_item(struct bulk *b, const struct provider_item *in, struct err *err)
{
    const struct batch *batch = b->e->batch;
    struct endpoint e = *b->e;
    struct tmpl t = {.id = in->id,
                     .external_id = in->external_id,
                     .idempotency_key = in->idempotency_key,
                     .etag = in->etag,
                     .account = b->p->system->account,
                     .base_url = b->p->system->base_url};

    if (b->action == PROVIDER_CREATE)
        t.id = provider_client_id(b->arena, b->r, in->external_id);
    if (batch->item != NULL && !json_is_object(batch->item))
        return tmpl_body(b->arena, batch->item, &t);
    e.body = batch->item;
    e.record = batch->item_record;
    e.id_in_record = t.id != NULL && batch->id_in_item;
    if (e.upsert == UPSERT_URL)
        e.upsert = UPSERT_BODY;
    return body_build(b->arena, b->r, &e, &t, in->fields,
                      b->action == PROVIDER_CREATE ? in->external_id : NULL, err);
}

/* It cannot be sent, and is over out of http_poll. */
static void
refuse_item(struct bulk *b, struct bulk_item *x, const struct err *err)
{
    struct call *c = call_new(b->p, CALL_BULK, b->r, &b->e->batch->call, x->in.done, x->in.user);

    x->over = true;
    call_end_err(c, PROVIDER_REFUSED, err);
}

static struct val *
build_list(struct bulk *b)
{
    struct val *list = val_array(b->arena);

    for (size_t i = 0; i < b->n; i++) {
        struct err err = ERR_INIT;
        struct val *v = build_item(b, &b->items[i].in, &err);

        if (v == NULL) {
            if (err.code[0] == '\0')
                err_set(&err, ERR_RECORD, ERR_NEVER, "no-value", "a value of its item is missing");
            refuse_item(b, &b->items[i], &err);
            continue;
        }
        b->items[i].place = b->n_sent++;
        val_push(b->arena, list, v);
    }
    return list;
}

/* ---- its life ---- */

void
bulk_free(struct bulk *b)
{
    if (b->prev != NULL)
        b->prev->next = b->next;
    else
        b->p->bulks = b->next;
    if (b->next != NULL)
        b->next->prev = b->prev;
    arena_free(b->arena);
}

static struct bulk *
bulk_new(struct provider *p, const struct resource_def *r, enum provider_action action,
         const struct provider_item *items, size_t n)
{
    struct arena *a = arena_new();
    struct bulk *b = arena_alloc(a, sizeof *b);

    b->p = p;
    b->arena = a;
    b->r = r;
    b->action = action;
    b->e = endpoint_of(r, action);
    b->n = n;
    b->items = arena_alloc(a, n * sizeof *b->items);
    for (size_t i = 0; i < n; i++)
        copy_item(a, &b->items[i].in, &items[i]);
    b->next = p->bulks;
    if (b->next != NULL)
        b->next->prev = b;
    p->bulks = b;
    return b;
}

/* The same is said of all of them. */
static void
end_all(struct bulk *b, const struct provider_answer *answer)
{
    struct provider_answer a = *answer;

    a.whole = true;
    a.id = NULL;
    a.records = NULL;
    a.n_records = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (!b->items[i].over)
            b->items[i].in.done(b->items[i].in.user, &a);
    }
    bulk_free(b);
}

/* Nobody knows what became of them. */
static void
end_lost(struct bulk *b, const char *code, const char *text)
{
    const struct provider_answer a = {
        .outcome = PROVIDER_LOST, .status = b->status, .code = code, .text = text};

    end_all(b, &a);
}

/* ---- jobs ---- */

static void ask_job(void *user);

static void
ask_later(struct bulk *b, int64_t wait)
{
    if (clock_boot() + wait > b->deadline)
        end_lost(b, "job-late", "the job that was to write it is not done in time");
    else
        http_after(b->p->http, wait, ask_job, b);
}

static bool
is_said(const struct limit_when *w, const struct call *c)
{
    return w->n_status + w->n_body > 0 && limit_is_said(w, c->answer.status, c->shown);
}

static void
polled(void *user, const struct provider_answer *a)
{
    struct bulk *b = user;
    const struct batch_poll *poll = &b->e->batch->poll;
    struct call *c = b->call;
    int64_t wait = poll->every_ms;

    b->call = NULL;
    if (a->not_before > clock_now() + wait)
        wait = a->not_before - clock_now();
    if (a->outcome != PROVIDER_OK) {
        ask_later(b, wait);
    } else if (is_said(&poll->failed, c)) {
        end_lost(b, "job-failed", "the job that was to write it failed");
    } else if (is_said(&poll->done, c)) {
        bulk_deal(b, c, c->shown);
        bulk_free(b);
    } else {
        ask_later(b, wait);
    }
}

static void
ask_job(void *user)
{
    struct bulk *b = user;

    b->call = call_new(b->p, CALL_POLL, b->r, &b->poll, polled, b);
    b->call->t.job = b->job;
    call_ask(b->call, NULL);
}

/* Where the job is asked for; false: the answer does not say. */
static bool
find_job(struct bulk *b, const struct call *c)
{
    const struct batch_poll *poll = &b->e->batch->poll;
    const char *text = val_id(val_path(c->shown, poll->job != NULL ? poll->job : poll->url));

    if (text == NULL || text[0] == '\0')
        return false;
    b->poll = poll->call;
    if (poll->job != NULL) {
        b->job = arena_text(b->arena, text);
        return true;
    }
    text = url_resolve(b->arena, c->q.url, text);
    if (text == NULL || !url_same_origin(b->p->system->base_url, text))
        return false;
    b->poll = (struct endpoint){.present = true,
                                .method = (char *)"GET",
                                .path = (char *)text,
                                .record = (char *)"",
                                .records = (char *)""};
    return true;
}

static void
answered(void *user, const struct provider_answer *a)
{
    struct bulk *b = user;
    struct call *c = b->call;
    const struct batch *batch = b->e->batch;

    b->call = NULL;
    b->status = a->status;
    if (a->outcome != PROVIDER_OK) {
        end_all(b, a);
    } else if (batch->polls && !find_job(b, c)) {
        end_lost(b, "no-job", "the answer names no job on this host");
    } else if (batch->polls) {
        b->deadline = clock_boot() + batch->poll.deadline_ms;
        ask_later(b, batch->poll.every_ms);
    } else {
        bulk_deal(b, c, c->shown);
        bulk_free(b);
    }
}

void
provider_bulk(struct provider *p, const struct resource_def *r, enum provider_action action,
              const struct provider_item *items, size_t n)
{
    struct bulk *b = bulk_new(p, r, action, items, n);
    const struct batch *batch = b->e->batch;
    struct val *list = build_list(b);
    struct val *root = list;
    struct err err = ERR_INIT;

    if (b->n_sent == 0) {
        bulk_free(b);
        return;
    }
    b->call = call_new(p, CALL_BULK, r, &batch->call, answered, b);
    b->call->writing = true;
    if (batch->items[0] != '\0') {
        root = batch->call.body != NULL ? tmpl_body(b->call->arena, batch->call.body, &b->call->t)
                                        : NULL;
        if (root == NULL)
            root = val_object(b->call->arena);
        if (body_set(b->call->arena, root, batch->items, list, &err) != 0) {
            call_end_err(b->call, PROVIDER_REFUSED, &err);
            return;
        }
    }
    call_ask(b->call, root);
}
