#include <config.h>

#include "push/internal.h"
#include "base/log.h"

#include <string.h>

/* ---- members ---- */

static void
add_text(struct buf *b, const char *name, const char *text)
{
    buf_printf(b, "%s\"%s\":", b->len == 0 ? "" : ",", name);
    if (text == NULL)
        buf_text(b, "null");
    else
        val_write_string(b, text, strlen(text));
}

static void
add_int(struct buf *b, const char *name, long long n)
{
    buf_printf(b, ",\"%s\":%lld", name, n);
}

static void
add_error(struct buf *b, const char *scope, const char *retry, const char *code, const char *text)
{
    CLEANUP_BUF struct buf in = BUF_INIT;

    add_text(&in, "scope", scope);
    add_text(&in, "retry", retry);
    add_text(&in, "code", code);
    add_text(&in, "text", text);
    buf_printf(b, ",\"error\":{%s}", buf_get(&in));
}

/* ---- lines ---- */

/*
 * A result that cannot be written ends reading: what was decided is still finished, and what was
 * not comes again.
 */
static void
put(struct push *p, const char *text, size_t len)
{
    if (p->out_err.code[0] != '\0')
        return;
    if (ndjson_put(p->out, text, len, &p->out_err) == 0)
        return;
    log_err(&p->out_err);
    p->ended = true;
}

static void
put_line(struct line *l, const struct buf *members)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    event_extend(&b, l->text, l->len, buf_get(members));
    put(l->push, buf_get(&b), b.len);
}

static const char *
target_record(const struct write *w)
{
    if (w->settlement.kind == SETTLE_DONE && w->settlement.record_id != NULL)
        return w->settlement.record_id;
    return w->intent.record_id;
}

void
result_write(struct write *w, const char *disposition)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    add_text(&b, "target", w->intent.target);
    add_text(&b, "target_record_id", target_record(w));
    add_text(&b, "action", w->intent.action);
    add_text(&b, "external_id", w->intent.external_id);
    add_text(&b, "status", w->status);
    if (w->settlement.http_status != 0)
        add_int(&b, "http_status", w->settlement.http_status);
    else
        add_text(&b, "http_status", NULL);
    add_int(&b, "attempts", w->attempts);
    add_text(&b, "disposition", disposition);
    if (w->error.code != NULL)
        add_error(&b, w->error.scope, w->error.retry, w->error.code, w->error.text);
    put_line(w->line, &b);
}

void
result_parked(struct write *w)
{
    if (w->status == NULL)
        w->status = "lost";
    if (w->error.code == NULL) {
        w->error.scope = "record";
        w->error.code = "open";
        w->error.text = "left open; the next sync-push finds out";
    }
    w->error.retry = "later";
    result_write(w, NULL);
}

static void
put_withheld(struct line *l, const struct decision_write *w)
{
    const struct withheld *h = guard_find(l, w->target);
    CLEANUP_BUF struct buf b = BUF_INIT;

    add_text(&b, "target", w->target);
    add_text(&b, "target_record_id", w->target_record_id);
    add_text(&b, "action", w->action);
    add_text(&b, "external_id", w->external_id);
    add_text(&b, "status", "withheld");
    add_text(&b, "http_status", NULL);
    add_int(&b, "attempts", 0);
    add_text(&b, "disposition", l->disposition);
    if (h != NULL)
        add_error(&b, "system", "later", h->code, h->text);
    else if (w->set->n == 0 && w->later != NULL)
        add_error(&b, "record", "later", "unlinked", "what it refers to has no record there yet");
    else
        add_error(&b, "record", "later", "open", "another write to this record is open there");
    put_line(l, &b);
}

static bool
has_intent(const struct line *l, const char *target)
{
    for (size_t i = 0; i < l->n_intents; i++)
        if (strcmp(l->intents[i].target, target) == 0)
            return true;
    return false;
}

void
result_decision(struct line *l)
{
    const struct decision *d = &l->decision;
    CLEANUP_BUF struct buf b = BUF_INIT;

    for (size_t i = 0; i < d->n_writes; i++)
        if (!has_intent(l, d->writes[i].target))
            put_withheld(l, &d->writes[i]);
    if (d->n_writes > 0)
        return;
    add_text(&b, "disposition", l->disposition);
    if (d->reject_code != NULL)
        add_error(&b, "record", "never", d->reject_code, d->text);
    put_line(l, &b);
}

void
result_control(struct push *p, const char *line, size_t len)
{
    if (p->controls.len > 0)
        buf_char(&p->controls, '\n');
    buf_add(&p->controls, line, len);
}

void
result_text(struct push *p, const char *text, size_t len)
{
    put(p, text, len);
}

void
result_flush(struct push *p)
{
    if (p->controls.len > 0 && p->open == p->parked) {
        put(p, p->controls.data, p->controls.len);
        buf_clear(&p->controls);
    }
    if (p->out_err.code[0] == '\0' && ndjson_flush(p->out, &p->out_err) < 0) {
        log_err(&p->out_err);
        p->ended = true;
    }
}
