#include <config.h>

#include "diff/internal.h"

#include <string.h>

bool
decision_differs(const struct decision *dec)
{
    size_t i;

    if (dec->n_writes > 0)
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
        if (strcmp(dec->writes[i].action, "create") == 0)
            t->creates++;
        else
            t->updates++;
        t->fields += (long)dec->writes[i].set->n;
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
        "{\"v\":1,\"plan\":{\"decisions\":%ld,\"creates\":%ld,\"updates\":%ld,\"fields\":%ld,"
        "\"conflicts\":%ld,\"diverged\":%ld,\"held\":%ld,\"rejected\":%ld,\"read_calls\":%ld,"
        "\"write_calls\":%ld}}",
        t->decisions, t->creates, t->updates, t->fields, t->conflicts, t->diverged, t->held,
        t->rejected, calls, t->creates + t->updates);
}
