#include <config.h>

#include "push/internal.h"
#include "base/log.h"

#include <string.h>

/* Is the link where it was when the line was decided? 1, 0, -1. */
static int
is_current(struct line *l, struct err *err)
{
    const struct event *e = &l->event;
    const struct decision *d = &l->decision;
    struct store_link link;
    int rc;

    if (d->link != 0) {
        rc = store_load_link(l->push->store, l->arena, d->link, &link, err);
        return rc <= 0 ? rc : link.generation == d->generation;
    }
    rc = store_find_link(l->push->store, l->arena, e->resource, e->system, e->account, e->record_id,
                         &link, err);
    return rc < 0 ? -1 : rc == 0;
}

static void
preview_write(struct line *l, const struct decision_write *w)
{
    const struct withheld *h = guard_find(l, w->target);
    int i = sync_index(l->sync, w->target);
    CLEANUP_BUF struct buf b = BUF_INIT;
    struct err err = ERR_INIT;

    if (h != NULL) {
        log_info("%s: %s %s: withheld: %s", line_name(l), w->action, w->target, h->text);
        return;
    }
    buf_printf(&b, "# %s: %s %s\n", line_name(l), w->action, w->target);
    if (provider_preview(push_target(l->push, w->target)->provider, l->sync->defs[i],
                         w->target_record_id, w->set, w->external_id, &b, &err) < 0) {
        err_wrap(&err, "%s", line_name(l));
        log_err(&err);
        l->push->refused = true;
        return;
    }
    while (b.len > 0 && b.data[b.len - 1] == '\n')
        b.len--;
    buf_char(&b, '\n');
    result_text(l->push, buf_get(&b), b.len);
}

int
preview_line(struct line *l, struct err *err)
{
    int rc;

    if (l->decision.hold_reason != NULL || l->decision.n_writes == 0)
        return 0;
    rc = is_current(l, err);
    if (rc < 0)
        return -1;
    if (rc == 0) {
        l->outcome = STORE_MOVED;
        batch_moved(l);
        return 0;
    }
    for (size_t i = 0; i < l->decision.n_writes; i++)
        preview_write(l, &l->decision.writes[i]);
    return 0;
}
