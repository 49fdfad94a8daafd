#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"
#include "http/url.h"

#include <string.h>

/* The id of what was just written: ours, the answer's, or the last part of Location. */
static const char *
written_id(struct call *c, const struct val *record, const struct http_answer *h)
{
    const char *location = http_header(h, "location");
    const char *id = c->t.id;

    if (id == NULL && record != NULL && record->kind == VAL_OBJECT)
        id = val_id(val_path(record, c->r->id));
    if (id == NULL && location != NULL)
        id = url_last_part(c->arena, location);
    return id != NULL && strlen(id) <= RECORD_MAX_ID ? id : NULL;
}

/* External ids are sought by the last part of their path. */
static void
seek_external_id(struct call *c)
{
    const char *dot = strrchr(c->r->external_id, '.');

    c->e = &c->r->find;
    c->t.key = dot != NULL ? dot + 1 : c->r->external_id;
    c->t.value = c->t.external_id;
}

bool
readback_start(struct call *c, const struct val *record, const struct http_answer *h)
{
    const char *id = written_id(c, record, h);

    c->answer.id = id;
    if (id != NULL && c->r->get.present) {
        c->e = &c->r->get;
        c->t.id = id;
    } else if (c->kind == CALL_CREATE && c->t.external_id != NULL &&
               provider_can_find(c->r, "external_id")) {
        seek_external_id(c);
    } else {
        call_say(c, PROVIDER_BROKEN, id != NULL ? "no-read-back" : "no-id",
                 "HTTP %d: applied, but %s", h->status,
                 id != NULL ? "the definition has no get to read it back"
                            : "the answer names no id");
        return true;
    }
    c->writing = false;
    c->read_back = true;
    c->read_back_at = clock_boot();
    c->t.etag = NULL;
    c->t.idempotency_key = NULL;
    call_ask(c, NULL);
    return false;
}

/* Does any field read show as it was sent? */
static bool
shows_write(const struct call *c)
{
    const struct val *fields = c->answer.records[0].fields;

    if (c->sent == NULL || c->sent->n == 0)
        return true;
    for (size_t i = 0; i < c->sent->n; i++) {
        const struct val_member *m = &c->sent->u.members[i];

        if (val_equal(m->value, val_get(fields, m->name)))
            return true;
    }
    return false;
}

bool
readback_is_stale(const struct call *c)
{
    const struct provider_answer *a = &c->answer;

    /* By when it was asked: an answer that takes long shows no more for it. */
    if (!c->read_back || c->asked_at - c->read_back_at >= c->e->lag_ms)
        return false;
    if (a->outcome == PROVIDER_OK)
        return !shows_write(c);
    return a->outcome == PROVIDER_GONE ||
           (a->outcome == PROVIDER_BROKEN && c->e == &c->r->find && strcmp(a->code, "no-id") == 0);
}

void
readback_failed(struct call *c)
{
    struct provider_answer *a = &c->answer;
    bool later = a->outcome == PROVIDER_LIMITED || a->outcome == PROVIDER_NOT_SENT ||
                 a->outcome == PROVIDER_LOST;

    if (a->outcome == PROVIDER_GONE)
        a->code = "gone-after-write";
    a->outcome = later ? PROVIDER_LOST : PROVIDER_BROKEN;
    a->text = arena_printf(c->arena, "applied, but not read back: %s", a->text);
    a->not_before = 0;
}
