#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "config/batch.h"
#include "http/url.h"

#include <string.h>

const struct endpoint *
bulk_endpoint(const struct resource_def *r, enum provider_action action)
{
    return action == PROVIDER_CREATE   ? &r->create
           : action == PROVIDER_UPDATE ? &r->update
                                       : &r->delete;
}

long
provider_bulk_max(const struct resource_def *r, enum provider_action action)
{
    const struct endpoint *e = bulk_endpoint(r, action);

    return e->present && e->batch != NULL ? e->batch->max : 1;
}

bool
provider_bulk_fits(const struct resource_def *r, enum provider_action action, const char *etag)
{
    enum precondition_kind kind = precondition_kind(r, bulk_endpoint(r, action));

    return provider_bulk_max(r, action) > 1 &&
           (etag == NULL || kind == PRECONDITION_NONE || kind == PRECONDITION_BODY);
}

int64_t
provider_bulk_late_ms(const struct resource_def *r, enum provider_action action)
{
    const struct endpoint *e = bulk_endpoint(r, action);

    return provider_bulk_max(r, action) > 1 && e->batch->polls ? e->batch->poll.deadline_ms : 0;
}

/* It cannot be sent, and is over out of http_poll. */
static void
refuse_item(struct bulk *b, struct bulk_item *x, const struct err *err)
{
    struct call *c = call_new(b->p, CALL_BULK, b->r, &b->e->batch->call, x->in.done, x->in.user);

    x->over = true;
    call_end_err(c, PROVIDER_REFUSED, err);
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

struct bulk *
bulk_new(struct provider *p, const struct resource_def *r, enum provider_action action, size_t n)
{
    struct arena *a = arena_new();
    struct bulk *b = arena_alloc(a, sizeof *b);

    b->p = p;
    b->arena = a;
    b->r = r;
    b->action = action;
    b->e = bulk_endpoint(r, action);
    b->items = arena_alloc(a, n * sizeof *b->items);
    b->next = p->bulks;
    if (b->next != NULL)
        b->next->prev = b;
    p->bulks = b;
    return b;
}

void
bulk_add(struct bulk *b, const struct provider_item *in)
{
    struct provider_item *to = &b->items[b->n++].in;
    struct arena *a = b->arena;

    *to = *in;
    to->id = arena_text(a, in->id);
    to->external_id = arena_text(a, in->external_id);
    to->idempotency_key = arena_text(a, in->idempotency_key);
    to->etag = arena_text(a, in->etag);
    to->fields = val_copy(a, in->fields);
    to->job = NULL;
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

void
bulk_end_lost(struct bulk *b, const char *code, const char *text)
{
    const struct provider_answer a = {
        .outcome = PROVIDER_LOST, .status = b->status, .code = code, .text = text};

    end_all(b, &a);
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
    } else if (batch->polls) {
        bulk_watch(b, c);
    } else {
        bulk_deal(b, c, c->shown);
        bulk_free(b);
    }
}

/* Those that cannot be sent are over, the others have their places. */
static struct val *
list_of(struct bulk *b)
{
    struct err *errs = arena_alloc(b->arena, b->n * sizeof *errs);
    struct val *list = bulk_list(b, errs);

    for (size_t i = 0; i < b->n; i++)
        if (errs[i].code[0] != '\0')
            refuse_item(b, &b->items[i], &errs[i]);
    return list;
}

void
provider_bulk(struct provider *p, const struct resource_def *r, enum provider_action action,
              const struct provider_item *items, size_t n)
{
    struct bulk *b = bulk_new(p, r, action, n);
    struct val *list, *root;
    struct err err = ERR_INIT;

    for (size_t i = 0; i < n; i++)
        bulk_add(b, &items[i]);
    list = list_of(b);
    if (b->n_sent == 0) {
        bulk_free(b);
        return;
    }
    b->call = call_new(p, CALL_BULK, r, &b->e->batch->call, answered, b);
    b->call->writing = true;
    root = bulk_root(b, &b->call->t, list, &err);
    if (root == NULL)
        call_end_err(b->call, PROVIDER_REFUSED, &err);
    else
        call_ask(b->call, root);
}
