#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_MS = 20000, PATIENCE_MS = 5000 };

struct provider *
provider_new(const struct conf_system *system, struct http *http)
{
    struct provider *p = mem_alloc(sizeof *p);

    p->system = system;
    p->http = http;
    p->last = &p->first;
    p->deadline_ms = DEADLINE_MS;
    p->patience_ms = PATIENCE_MS;
    secrets_init(&p->secrets, &system->auth);
    p->at = *system;
    if (auth_is_dynamic(system->auth.kind))
        p->token = token_new(p);
    return p;
}

void
provider_tokens(struct provider *p, const struct token_store *store)
{
    if (p->token != NULL)
        token_keep_in(p->token, store);
}

const struct conf_system *
provider_at(struct provider *p)
{
    if (p->token != NULL)
        p->at.base_url = (char *)(uintptr_t)token_base_url(p->token);
    return &p->at;
}

void
provider_timing(struct provider *p, int64_t deadline_ms, int64_t patience_ms)
{
    if (deadline_ms > 0)
        p->deadline_ms = deadline_ms;
    if (patience_ms != 0)
        p->patience_ms = patience_ms > 0 ? patience_ms : 0;
}

void
provider_guard(struct provider *p, bool (*may_write)(void *user), void *user)
{
    p->may_write = may_write;
    p->may_user = user;
}

void
provider_meter(struct provider *p, const struct meter *meter)
{
    if (meter != NULL)
        p->meter = *meter;
}

long
provider_calls(const struct provider *p)
{
    return p->sent;
}

/* Asks, or ends the call if the definition has no such endpoint. */
static void
ask(struct call *c, const char *name, struct val *body)
{
    struct err err = ERR_INIT;

    if (c->e->present) {
        call_ask(c, body);
        return;
    }
    err_set(&err, ERR_SYSTEM, ERR_NEVER, "no-call", "the definition has no %s", name);
    call_end_err(c, PROVIDER_REFUSED, &err);
}

void
provider_identity(struct provider *p, provider_done *done, void *user)
{
    const struct endpoint *e = &p->system->definition->identity.call;
    struct call *c = call_new(p, CALL_IDENTITY, NULL, e, done, user);

    if (e->present)
        call_ask(c, NULL);
    else
        call_end_later(c);
}

void
provider_list(struct provider *p, const struct resource_def *r, int64_t since_ms,
              const char *cursor, long limit, provider_done *done, void *user)
{
    struct call *c = call_new(p, CALL_LIST, r, &r->list.call, done, user);
    struct err err = ERR_INIT;

    if (page_read(c->arena, &r->list, provider_at(p)->base_url, cursor, limit, &c->page, &err) !=
        0) {
        call_end_err(c, PROVIDER_BROKEN, &err);
        return;
    }
    c->t.since = moment_text(c->arena, &r->list, since_ms);
    c->t.until = moment_text(c->arena, &r->list, clock_now() - r->list.settle_ms);
    c->t.cursor = c->page.value;
    c->t.cursor_is_number = c->page.number;
    c->t.size = c->page.size;
    ask(c, "list", NULL);
}

void
provider_get(struct provider *p, const struct resource_def *r, const char *id, provider_done *done,
             void *user)
{
    struct call *c = call_new(p, CALL_GET, r, &r->get, done, user);

    c->t.id = arena_text(c->arena, id);
    ask(c, "get", NULL);
}

/* The path at the provider by which FIELD is sought, NULL. */
static const char *
find_path(const struct resource_def *r, const char *field)
{
    const struct field_map *f = record_field(r, field);
    bool listed = false;

    for (size_t i = 0; r->find.present && i < r->find.n_by; i++)
        listed = listed || strcmp(r->find.by[i], field) == 0;
    if (!listed)
        return NULL;
    if (strcmp(field, "external_id") == 0)
        return r->external_id;
    return f != NULL ? f->path : NULL;
}

bool
provider_can_find(const struct resource_def *r, const char *field)
{
    return find_path(r, field) != NULL;
}

void
provider_find(struct provider *p, const struct resource_def *r, const char *field,
              const char *value, provider_done *done, void *user)
{
    struct call *c = call_new(p, CALL_FIND, r, &r->find, done, user);
    const char *path = find_path(r, field);
    struct err err = ERR_INIT;

    if (path == NULL) {
        err_set(&err, ERR_SYSTEM, ERR_NEVER, "no-call", "the definition has no find by %s", field);
        call_end_err(c, PROVIDER_REFUSED, &err);
        return;
    }
    c->t.key = strrchr(path, '.') != NULL ? strrchr(path, '.') + 1 : path;
    c->t.value = arena_text(c->arena, value);
    if (strcmp(field, "external_id") == 0)
        c->t.external_id = c->t.value;
    ask(c, "find", NULL);
}

static void
write_record(struct call *c, const char *name, const struct val *fields, const char *external_id)
{
    struct err err = ERR_INIT;
    struct val *body;

    c->sent = val_copy(c->arena, fields);
    body = body_build(c->arena, c->r, c->e, &c->t, c->sent, external_id, &err);
    if (body == NULL)
        call_end_err(c, PROVIDER_REFUSED, &err);
    else
        ask(c, name, body);
}

void
provider_create(struct provider *p, const struct resource_def *r, const struct val *fields,
                const char *external_id, const char *idempotency_key, provider_done *done,
                void *user)
{
    struct call *c = call_new(p, CALL_CREATE, r, &r->create, done, user);

    c->t.external_id = arena_text(c->arena, external_id);
    c->t.idempotency_key = arena_text(c->arena, idempotency_key);
    c->t.id = provider_client_id(c->arena, r, external_id);
    write_record(c, "create", fields, c->t.external_id);
}

void
provider_update(struct provider *p, const struct resource_def *r, const char *id,
                const struct val *fields, const char *etag, provider_done *done, void *user)
{
    struct call *c = call_new(p, CALL_UPDATE, r, &r->update, done, user);

    c->t.id = arena_text(c->arena, id);
    if (precondition_kind(r, c->e) != PRECONDITION_NONE)
        c->t.etag = arena_text(c->arena, etag);
    write_record(c, "update", fields, NULL);
}

/* Nothing is sent but what the definition's own body says, and what guards it. */
static struct val *
delete_body(struct arena *a, const struct resource_def *r, const struct endpoint *e,
            const struct tmpl *t)
{
    bool guarded = t->etag != NULL && precondition_kind(r, e) == PRECONDITION_BODY;
    struct val *body = e->body != NULL ? tmpl_body(a, e->body, t) : NULL;

    if (body == NULL && guarded)
        body = val_object(a);
    if (guarded && precondition_set(a, r, e, t->etag, body, NULL) != 0)
        return NULL;
    return body;
}

void
provider_delete(struct provider *p, const struct resource_def *r, const char *id, const char *etag,
                provider_done *done, void *user)
{
    struct call *c = call_new(p, CALL_DELETE, r, &r->delete, done, user);

    c->t.id = arena_text(c->arena, id);
    if (precondition_kind(r, c->e) != PRECONDITION_NONE)
        c->t.etag = arena_text(c->arena, etag);
    ask(c, "delete", delete_body(c->arena, r, c->e, &c->t));
}

static void
write_preview(struct buf *out, const struct request *q)
{
    buf_printf(out, "%s %s\n", q->method, q->url);
    for (size_t i = 0; i < q->n_headers; i++)
        buf_printf(out, "%s: %s\n", q->headers[i].name, q->headers[i].value);
    if (q->body != NULL)
        buf_printf(out, "\n%s\n", q->body);
}

int
preview_request(struct provider *p, const struct resource_def *r, const struct endpoint *e,
                const struct tmpl *t, struct val *body, struct buf *out, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct http_header auth;
    bool has_auth = auth_header_hidden(p->system, &auth);
    struct request q;

    if (request_build(a, provider_at(p), r, e, t, NULL, NULL, body, has_auth ? &auth : NULL, &q,
                      err) != 0)
        return -1;
    q.url = auth_url_hidden(a, p->system, q.url);
    write_preview(out, &q);
    return 0;
}

int
provider_preview(struct provider *p, const struct resource_def *r, const char *id,
                 const struct val *fields, const char *external_id, struct buf *out,
                 struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    bool delete = id != NULL && fields == NULL;
    const struct endpoint *e = delete ? &r->delete : id != NULL ? &r->update : &r->create;
    struct tmpl t = {.id = id,
                     .external_id = external_id,
                     .account = p->system->account,
                     .base_url = provider_at(p)->base_url};
    struct val *body;

    if (id == NULL)
        t.id = provider_client_id(a, r, external_id);
    if (!e->present)
        return err_set(err, ERR_SYSTEM, ERR_NEVER, "no-call", "the definition has no %s",
                       delete       ? "delete"
                       : id != NULL ? "update"
                                    : "create");
    body = delete ? delete_body(a, r, e, &t)
                  : body_build(a, r, e, &t, fields, id == NULL ? external_id : NULL, err);
    if (body == NULL && !delete)
        return -1;
    return preview_request(p, r, e, &t, body, out, err);
}

void
provider_free(struct provider *p)
{
    if (p == NULL)
        return;
    quota_release(p);
    provider_flush(p);
    while (p->bulks != NULL)
        bulk_free(p->bulks);
    for (struct call *c = p->calls, *next; c != NULL; c = next) {
        next = c->next;
        call_free(c);
    }
    token_free(p->token);
    secrets_release(&p->secrets);
    free(p);
}
