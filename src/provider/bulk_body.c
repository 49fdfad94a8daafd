#include <config.h>

#include "provider/internal.h"

#include "config/batch.h"

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

struct val *
bulk_list(struct bulk *b, struct err *errs)
{
    struct val *list = val_array(b->arena);

    for (size_t i = 0; i < b->n; i++) {
        struct val *v;

        errs[i] = (struct err)ERR_INIT;
        v = build_item(b, &b->items[i].in, &errs[i]);
        if (v == NULL && errs[i].code[0] == '\0')
            err_set(&errs[i], ERR_RECORD, ERR_NEVER, "no-value", "a value of its item is missing");
        if (v == NULL)
            continue;
        b->items[i].place = b->n_sent++;
        val_push(b->arena, list, v);
    }
    return list;
}

struct val *
bulk_root(struct bulk *b, const struct tmpl *t, struct val *list, struct err *err)
{
    const struct batch *batch = b->e->batch;
    struct val *root = NULL;

    if (batch->items[0] == '\0')
        return list;
    if (batch->call.body != NULL)
        root = tmpl_body(b->arena, batch->call.body, t);
    if (root == NULL)
        root = val_object(b->arena);
    return body_set(b->arena, root, batch->items, list, err) == 0 ? root : NULL;
}

int
provider_bulk_preview(struct provider *p, const struct resource_def *r, enum provider_action action,
                      const struct provider_item *items, size_t n, struct err *errs,
                      struct buf *out, struct err *err)
{
    const struct tmpl t = {.account = p->system->account, .base_url = provider_at(p)->base_url};
    struct bulk *b = bulk_new(p, r, action, n);
    struct val *list, *root;
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        bulk_add(b, &items[i]);
    list = bulk_list(b, errs);
    if (b->n_sent > 0) {
        root = bulk_root(b, &t, list, err);
        rc = root == NULL ? -1 : preview_request(p, r, &b->e->batch->call, &t, root, out, err);
    }
    bulk_free(b);
    return rc;
}
