#include <config.h>

#include "diff/internal.h"

#include <string.h>

bool
decision_differs(const struct decision *dec)
{
    size_t i;

    if (dec->n_writes > 0 || dec->ended_why != NULL)
        return true;
    for (i = 0; i < dec->n_rules; i++)
        if (dec->rules[i].diverged || dec->rules[i].conflict)
            return true;
    return false;
}

void
totals_add(struct totals *t, const struct decision *dec)
{
    size_t i;

    t->decisions++;
    t->held += dec->hold_reason != NULL;
    t->rejected += dec->reject_code != NULL;
    for (i = 0; i < dec->n_writes; i++) {
        const struct decision_write *w = &dec->writes[i];

        if (strcmp(w->action, "create") == 0)
            t->creates++;
        else if (strcmp(w->action, "delete") == 0)
            t->deletes++;
        else if (w->set->n > 0)
            t->updates++;
        t->fields += (long)w->set->n;
        t->later += w->later != NULL ? (long)w->later->n : 0;
    }
    for (i = 0; i < dec->n_rules; i++) {
        t->conflicts += dec->rules[i].conflict;
        t->diverged += dec->rules[i].diverged;
    }
}

void
totals_write(struct buf *out, const struct totals *t, long calls)
{
    buf_printf(
        out,
        "{\"v\":1,\"plan\":{\"decisions\":%ld,\"creates\":%ld,\"updates\":%ld,\"deletes\":%ld,"
        "\"fields\":%ld,\"later\":%ld,\"conflicts\":%ld,\"diverged\":%ld,\"held\":%ld,\"rejected\":"
        "%ld,\"read_calls\":%ld,"
        "\"write_calls\":%ld}}",
        t->decisions, t->creates, t->updates, t->deletes, t->fields, t->later, t->conflicts,
        t->diverged, t->held, t->rejected, calls, t->creates + t->updates + t->deletes);
}
