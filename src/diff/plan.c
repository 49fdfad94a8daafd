#include <config.h>

#include "diff/internal.h"

#include "sync/compare.h"

#include <string.h>

/* Would something be written, is something left different, or was something not to be known? */
bool
item_differs(const struct item *it)
{
    const struct decision *dec = &it->decision;

    if (dec->n_writes > 0 || dec->ended_why != NULL || dec->hold_reason != NULL ||
        dec->reject_code != NULL || item_misses(it))
        return true;
    for (size_t i = 0; i < dec->n_rules; i++)
        if (dec->rules[i].diverged || dec->rules[i].conflict)
            return true;
    return false;
}

/* Is a record of the link not there, or could it not be read? */
bool
item_misses(const struct item *it)
{
    if (it->ends == NULL || it->sync == NULL)
        return false;
    for (size_t i = 0; i < it->sync->n_between; i++)
        if (it->ends[i].wanted &&
            (it->ends[i].state == END_GONE || it->ends[i].state == END_UNREAD))
            return true;
    return false;
}

/* The calls that sync-push makes before W, to see that all is as it was (push/fresh.c). */
static long
looks(const struct item *it, const struct decision_write *w)
{
    int target = sync_index(it->sync, w->target);
    const struct resource_def *def = it->sync->defs[target];
    long n = 0;

    if (w->hold_reason != NULL || (w->set->n == 0 && strcmp(w->action, "delete") != 0))
        return 0;
    if (strcmp(w->action, "create") != 0)
        return def->get.present;
    if (w->external_id != NULL && def->external_id != NULL && provider_can_find(def, "external_id"))
        n++;
    for (size_t i = 0; i < it->sync->n_match; i++) {
        const struct val *v = val_get(w->set, it->sync->match[i]);

        n += !compare_empty(v) && val_id(v) != NULL && provider_can_find(def, it->sync->match[i]);
    }
    return n;
}

static void
add_write(struct totals *t, const struct item *it, const struct decision_write *w)
{
    if (strcmp(w->action, "create") == 0) {
        t->creates++;
    } else if (strcmp(w->action, "delete") == 0) {
        t->deletes++;
    } else if (w->set->n > 0) {
        t->updates++;
        t->updated_fields += (long)w->set->n;
    }
    t->fields += (long)w->set->n;
    t->later += w->later != NULL ? (long)w->later->n : 0;
    t->looks += looks(it, w);
}

void
totals_add(struct totals *t, const struct item *it)
{
    const struct decision *dec = &it->decision;

    t->decisions++;
    t->held += dec->hold_reason != NULL;
    t->rejected += dec->reject_code != NULL;
    t->gone += dec->hold_reason == NULL && dec->reject_code == NULL && item_misses(it);
    for (size_t i = 0; i < dec->n_writes; i++)
        add_write(t, it, &dec->writes[i]);
    for (size_t i = 0; i < dec->n_rules; i++) {
        t->conflicts += dec->rules[i].conflict;
        t->diverged += dec->rules[i].diverged;
    }
}

void
totals_write(struct buf *out, const struct totals *t, long calls, const char *rules)
{
    buf_printf(out,
               "{\"v\":1,\"plan\":{\"decisions\":%ld,\"creates\":%ld,\"updates\":%ld,"
               "\"deletes\":%ld,\"fields\":%ld,\"later\":%ld,\"conflicts\":%ld,\"diverged\":%ld,"
               "\"held\":%ld,\"rejected\":%ld,\"missing\":%ld,\"read_calls\":%ld,"
               "\"check_calls\":%ld,\"write_calls\":%ld",
               t->decisions, t->creates, t->updates, t->deletes, t->fields, t->later, t->conflicts,
               t->diverged, t->held, t->rejected, t->gone, calls, t->looks,
               t->creates + t->updates + t->deletes);
    if (rules[0] != '\0')
        buf_printf(out, ",\"rules\":\"%s\"", rules);
    buf_text(out, "}}");
}
