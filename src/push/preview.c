#include <config.h>

#include "push/internal.h"
#include "base/log.h"

#include <string.h>

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
    if (strcmp(w->action, "delete") != 0 && w->set->n == 0) {
        log_info("%s: %s %s: nothing to send yet", line_name(l), w->action, w->target);
        return;
    }
    buf_printf(&b, "# %s: %s %s\n", line_name(l), w->action, w->target);
    if (provider_preview(push_target(l->push, w->target)->provider, l->sync->defs[i],
                         w->target_record_id, strcmp(w->action, "delete") == 0 ? NULL : w->set,
                         w->external_id, &b, &err) < 0) {
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

/* Would it go out? 1, 0 (said why), -1. */
static int
is_due(struct line *l, struct err *err)
{
    int64_t until;
    int rc = l->push->o->plan != NULL ? plan_check(l, err) : plan_is_current(l, err);

    if (rc < 0)
        return -1;
    if (rc == 0 && l->push->o->plan != NULL)
        batch_refused(l);
    else if (rc == 0)
        batch_moved(l);
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
    for (size_t i = 0; i < l->decision.n_writes; i++)
        preview_write(l, &l->decision.writes[i]);
    return 0;
}
