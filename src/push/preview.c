#include <config.h>

#include "push/internal.h"
#include "base/log.h"
#include "base/text.h"

#include <string.h>

static struct provider_item
item_of(const struct write *w)
{
    const struct store_intent *i = &w->intent;

    return (struct provider_item){
        .id = i->record_id, .external_id = i->external_id, .etag = i->etag, .fields = i->fields};
}

static void
refuse(struct line *l, struct err *err)
{
    err_wrap(err, "%s", line_name(l));
    log_err(err);
    l->push->refused = true;
}

/* For people: bodies have lines, and values that must not drive a terminal. */
static void
put(struct push *p, struct buf *b)
{
    CLEANUP_BUF struct buf out = BUF_INIT;
    const char *at = buf_get(b), *end;

    while (b->len > 0 && b->data[b->len - 1] == '\n')
        b->len--;
    end = at + b->len;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop != NULL ? stop : end) - at);

        text_escape(&out, at, len);
        buf_char(&out, '\n');
        at += len + 1;
    }
    result_text(p, buf_get(&out), out.len);
}

static void
put_name(struct buf *b, const struct write *w)
{
    const char *name = line_name(w->line);

    buf_text(b, "# ");
    text_escape(b, name, strlen(name));
    buf_printf(b, ": %s %s\n", w->intent.action, w->intent.target);
}

static void
show_one(struct write *w)
{
    const struct provider_item i = item_of(w);
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct err err = ERR_INIT;

    put_name(&b, w);
    if (provider_preview(w->target->provider, w->def, i.id, i.fields, i.external_id, &b, &err) < 0)
        refuse(w->line, &err);
    else
        put(w->line->push, &b);
}

static void
show_group(struct write **writes, size_t n)
{
    struct target *t = writes[0]->target;
    struct provider_item items[PUSH_MAX_WRITES];
    struct err errs[PUSH_MAX_WRITES], err = ERR_INIT;
    CLEANUP_BUF struct buf names = BUF_INIT, b = BUF_INIT;
    int rc;

    for (size_t i = 0; i < n; i++)
        items[i] = item_of(writes[i]);
    rc = provider_bulk_preview(t->provider, writes[0]->def, group_action(writes[0]), items, n, errs,
                               &b, &err);
    for (size_t i = 0; i < n; i++) {
        if (errs[i].code[0] != '\0')
            refuse(writes[i]->line, &errs[i]);
        else
            put_name(&names, writes[i]);
    }
    if (rc < 0)
        refuse(writes[0]->line, &err);
    if (rc < 0 || b.len == 0)
        return;
    buf_add(&names, b.data, b.len);
    put(writes[0]->line->push, &names);
}

static void
show(struct target *t)
{
    size_t n = t->n_shown;

    t->n_shown = 0;
    if (n == 1)
        show_one(t->shown[0]);
    else if (n > 1)
        show_group(t->shown, n);
    for (size_t i = 0; i < n; i++)
        if (--t->shown[i]->line->open == 0)
            line_free(t->shown[i]->line);
}

/* W as it would be, with its own link also where that is not made yet. */
static struct write *
write_of(struct line *l, const struct decision_write *w)
{
    struct write *out = arena_alloc(l->arena, sizeof *out);

    out->line = l;
    out->target = push_target(l->push, w->target);
    out->def = l->sync->defs[sync_index(l->sync, w->target)];
    out->intent =
        (struct store_intent){.link_id = l->decision.link != 0 ? l->decision.link : -l->number,
                              .target = w->target,
                              .action = w->action,
                              .record_id = w->target_record_id,
                              .external_id = w->external_id,
                              .fields = strcmp(w->action, "delete") == 0 ? NULL : w->set,
                              .etag = w->etag};
    return out;
}

static void
preview_write(struct line *l, const struct decision_write *w)
{
    const struct withheld *h = guard_find(l, w->target);
    struct target *t;
    struct write *x;

    if (h != NULL) {
        log_info("%s: %s %s: withheld: %s", line_name(l), w->action, w->target, h->text);
        return;
    }
    if (strcmp(w->action, "delete") != 0 && w->set->n == 0) {
        log_info("%s: %s %s: nothing to send yet", line_name(l), w->action, w->target);
        return;
    }
    x = write_of(l, w);
    t = x->target;
    if (t->n_shown > 0 && (t->n_shown == PUSH_MAX_WRITES || !group_joins(t->shown, t->n_shown, x)))
        show(t);
    l->open++;
    t->shown[t->n_shown++] = x;
    if (t->n_shown == group_most(t->shown[0]))
        show(t);
}

void
preview_flush(struct push *p)
{
    for (size_t i = 0; i < p->conf.n_systems; i++)
        show(&p->targets[i]);
}

/* Would it go out? 1, 0 (said why), -1. */
static int
is_due(struct line *l, struct err *err)
{
    int64_t until;
    int rc = l->push->o->plan != NULL ? plan_check(l, err) : plan_is_current(l, err);

    if (rc < 0)
        return -1;
    if (rc == 0 && l->push->o->plan == NULL)
        batch_moved(l);
    else if (rc == 0 && l->fate == LINE_REFUSED)
        batch_refused(l);
    if (rc == 0)
        return 0;
    l->held = hold_delete(l, &until);
    if (l->held != NULL)
        log_info("%s: not sent now: %s", line_name(l), l->held);
    return l->held == NULL;
}

int
preview_line(struct line *l, struct err *err)
{
    int rc;

    if (l->decision.hold_reason != NULL || l->decision.n_writes == 0)
        return 0;
    rc = is_due(l, err);
    if (rc <= 0)
        return rc;
    if (hold_canary(l))
        return 0;
    l->push->canary_done++;
    l->open++; /* keeps the line while its writes are shown */
    for (size_t i = 0; i < l->decision.n_writes; i++)
        preview_write(l, &l->decision.writes[i]);
    l->open--;
    return 0;
}
