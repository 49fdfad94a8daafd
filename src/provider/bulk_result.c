#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "config/batch.h"

#include <stdio.h>
#include <string.h>

enum { LIMITED_MS = 10000 };

/* ---- which result is whose ---- */

static bool
is_text(const struct val *v, const char *text)
{
    const char *id = val_id(v);

    return id != NULL && text != NULL && strcmp(id, text) == 0;
}

/* Is V, or one of a list, what names X? */
static bool
names(const struct bulk *b, const struct bulk_item *x, const struct val *v)
{
    char index[24];

    if (v != NULL && v->kind == VAL_ARRAY) {
        for (size_t i = 0; i < v->n; i++)
            if (names(b, x, v->u.items[i]))
                return true;
        return false;
    }
    snprintf(index, sizeof index, "%zu", x->place);
    switch (b->e->batch->by) {
    case BATCH_INDEX:
        return is_text(v, index);
    case BATCH_ID:
        return is_text(v, x->in.id != NULL ? x->in.id
                                           : provider_client_id(b->arena, b->r, x->in.external_id));
    case BATCH_EXTERNAL_ID:
        return is_text(v, x->in.external_id);
    case BATCH_POSITION:
        break;
    }
    return false;
}

static const struct val *
find(const struct bulk *b, const struct bulk_item *x, const struct val *list, const char *at)
{
    if (list == NULL || list->kind != VAL_ARRAY)
        return NULL;
    /* One more or less: nobody knows which is whose. */
    if (b->e->batch->by == BATCH_POSITION)
        return list->n == b->n_sent ? list->u.items[x->place] : NULL;
    for (size_t i = 0; i < list->n; i++) {
        if (names(b, x, val_path(list->u.items[i], at)))
            return list->u.items[i];
    }
    return NULL;
}

/* ---- what it says ---- */

static bool
has(const int *statuses, size_t n, int status)
{
    for (size_t i = 0; i < n; i++) {
        if (statuses[i] == status)
            return true;
    }
    return false;
}

static enum provider_outcome
classify(const struct bulk *b, const struct val *result, int status)
{
    const struct limit_when *w = &b->e->conflict;
    const struct endpoint *gone = b->action == PROVIDER_DELETE ? &b->r->delete : &b->r->get;

    if (w->n_status + w->n_body > 0 ? limit_is_said(w, status, result)
                                    : status == 409 || status == 412)
        return PROVIDER_CONFLICT;
    if (b->action != PROVIDER_CREATE && has(gone->gone, gone->n_gone, status))
        return b->action == PROVIDER_DELETE ? PROVIDER_OK : PROVIDER_GONE;
    if (status == 429)
        return PROVIDER_LIMITED;
    if (status >= 500 || status == 408)
        return PROVIDER_LOST;
    return status < 400 ? PROVIDER_BROKEN : PROVIDER_REFUSED;
}

/* The status of a result: 200 if nothing in it says that it failed. CODE is set if it has none. */
static int
status_of(const struct bulk *b, const struct val *result, bool is_error, const char **code)
{
    const struct batch *batch = b->e->batch;
    const struct said_error *e = &batch->item_error;
    int64_t status = is_error ? 400 : 200;

    *code = is_error ? "said-error" : NULL;
    if (e->present && limit_is_said(&e->when, b->status, result)) {
        status = e->status != 0 ? e->status : 400;
        *code = "said-error";
        is_error = true;
    }
    if (is_error && e->status_path != NULL &&
        val_get_int(val_path(result, e->status_path), &status) != 0)
        status = 400;
    else if (batch->status != NULL)
        val_get_int(val_path(result, batch->status), &status);
    if (is_error && status < 400)
        status = 400;
    return (int)status;
}

/* ---- the ends ---- */

static const char *
excerpt(const struct bulk *b, const struct call *c, const struct val *result)
{
    const char *text = result != NULL ? val_write_text(b->arena, result) : "";
    const struct http_answer h = {.body = text, .len = strlen(text)};

    return answer_excerpt(c, &h);
}

static void
end_item(struct bulk *b, struct bulk_item *x, const struct provider_answer *a)
{
    (void)b;
    x->over = true;
    x->in.done(x->in.user, a);
}

static void
end_failed(struct bulk *b, struct bulk_item *x, const struct call *c, const struct val *result,
           int status, const char *code)
{
    struct provider_answer a = {.status = status, .outcome = classify(b, result, status)};

    a.text = arena_printf(b->arena, "%s: item %zu: %d: %s", c->q.shown, x->place, status,
                          excerpt(b, c, result));
    a.code = code != NULL ? code : arena_printf(b->arena, "http-%d", status);
    a.blamed = blame_find(b->arena, b->r, result);
    if (a.outcome == PROVIDER_LIMITED)
        a.not_before = clock_now() + LIMITED_MS;
    if (a.outcome == PROVIDER_OK) {
        a.code = NULL;
        a.id = x->in.id;
    }
    end_item(b, x, &a);
}

static void
end_bad(struct bulk *b, struct bulk_item *x, const struct call *c, enum provider_outcome outcome,
        const char *code, const char *why)
{
    const struct provider_answer a = {
        .status = b->status,
        .outcome = outcome,
        .code = code,
        .text = arena_printf(b->arena, "%s: item %zu: %s", c->q.shown, x->place, why)};

    end_item(b, x, &a);
}

/* Its record is read by a call of its own, which ends it. */
static void
read_back(struct bulk *b, struct bulk_item *x, const struct val *record, int status)
{
    const struct http_answer h = {.status = status};
    bool create = b->action == PROVIDER_CREATE;
    struct call *c =
        call_new(b->p, create ? CALL_CREATE : CALL_UPDATE, b->r, b->e, x->in.done, x->in.user);

    x->over = true;
    c->t.id = create ? provider_client_id(c->arena, b->r, x->in.external_id)
                     : arena_text(c->arena, x->in.id);
    c->t.external_id = arena_text(c->arena, x->in.external_id);
    c->sent = val_copy(c->arena, x->in.fields);
    c->answer.status = status;
    if (readback_start(c, val_copy(c->arena, record), &h))
        call_end_later(c);
}

static void
end_done(struct bulk *b, struct bulk_item *x, const struct call *c, const struct val *result,
         int status)
{
    struct provider_answer a = {.status = status, .outcome = PROVIDER_OK, .id = x->in.id};
    const struct val *record = record_at(result, b->e->batch->call.record);
    struct provider_record rec;
    struct err err = ERR_INIT;

    if (b->action == PROVIDER_DELETE) {
        end_item(b, x, &a);
        return;
    }
    if (b->e->batch->call.answer == ANSWER_NONE || record == NULL || record->kind != VAL_OBJECT) {
        read_back(b, x, record != NULL ? record : result, status);
        return;
    }
    if (provider_map(b->arena, b->r, record, &rec, &err) != 0) {
        end_bad(b, x, c, PROVIDER_BROKEN, "no-record", err.text);
        return;
    }
    if (x->in.id != NULL && strcmp(rec.id, x->in.id) != 0) {
        end_bad(b, x, c, PROVIDER_BROKEN, "other-record", "the result is another record's");
        return;
    }
    a.id = rec.id;
    a.records = &rec;
    a.n_records = 1;
    end_item(b, x, &a);
}

void
bulk_deal(struct bulk *b, struct call *c, const struct val *v)
{
    const struct batch *batch = b->e->batch;
    const struct val *results = record_at(v, batch->results);
    const struct val *errors = batch->errors != NULL ? val_path(v, batch->errors) : NULL;

    for (size_t i = 0; i < b->n; i++) {
        struct bulk_item *x = &b->items[i];
        const struct val *result;
        const char *code;
        bool is_error;
        int status;

        if (x->over)
            continue;
        result = errors != NULL ? find(b, x, errors, batch->errors_at) : NULL;
        is_error = result != NULL;
        if (result == NULL)
            result = find(b, x, results, batch->at);
        status = status_of(b, result, is_error, &code);
        if (result == NULL)
            end_bad(b, x, c, PROVIDER_LOST, "no-result", "the answer says nothing of it");
        else if (status >= 200 && status < 300)
            end_done(b, x, c, result, status);
        else
            end_failed(b, x, c, result, status, code);
    }
}
