#include <config.h>

#include "push/internal.h"
#include "sync/compare.h"

#include <string.h>

enum { MAX_SENDS = 3 };

static bool
can_use(const struct write *w, const char *field)
{
    return provider_can_find(w->def, field) && val_id(val_get(w->intent.fields, field)) != NULL &&
           !compare_empty(val_get(w->intent.fields, field));
}

const char *
seek_id(const struct write *w)
{
    if (w->created_id != NULL)
        return w->created_id;
    return w->by_match ? NULL : provider_client_id(w->line->arena, w->def, w->intent.external_id);
}

const char *
seek_field(const struct write *w, const char **value)
{
    const struct conf_sync *sync = w->line->sync;

    *value = w->intent.external_id;
    if (!w->by_match && *value != NULL && w->def->external_id != NULL &&
        provider_can_find(w->def, "external_id"))
        return "external_id";
    for (size_t i = 0; i < sync->n_match; i++) {
        if (can_use(w, sync->match[i])) {
            *value = val_id(val_get(w->intent.fields, sync->match[i]));
            return sync->match[i];
        }
    }
    return NULL;
}

static bool
is_by_external_id(const char *field)
{
    return strcmp(field, "external_id") == 0;
}

/*
 * Is it what we sent? A search may be fuzzy, or not heed what was asked. A record that does not
 * show its external id is ours only if it shows all that was sent.
 */
static bool
is_it(const struct write *w, const char *field, const struct provider_record *r)
{
    const struct sync_field *f = sync_field(w->line->sync, field);

    if (r->id == NULL)
        return false;
    if (is_by_external_id(field) && r->external_id != NULL)
        return strcmp(r->external_id, w->intent.external_id) == 0;
    if (is_by_external_id(field))
        return seek_differing(w, r)->n == 0;
    return f != NULL && compare_same(w->line->arena, w->line->sync, f, w->index,
                                     val_get(r->fields, field), val_get(w->intent.fields, field));
}

size_t
seek_pick(const struct write *w, const struct provider_answer *a,
          const struct provider_record **found)
{
    const char *value;
    const char *field = seek_field(w, &value);
    size_t n = 0;

    for (size_t i = 0; i < a->n_records; i++) {
        if (!is_it(w, field, &a->records[i]))
            continue;
        if (n++ == 0)
            *found = &a->records[i];
    }
    return n;
}

bool
seek_is_unclear(const struct write *w, const struct provider_answer *a)
{
    const char *value;
    const char *field = seek_field(w, &value);

    for (size_t i = 0; i < a->n_records; i++)
        if (is_by_external_id(field) && a->records[i].external_id == NULL)
            return true;
    return false;
}

const struct val *
seek_differing(const struct write *w, const struct provider_record *r)
{
    struct val *names = val_array(w->line->arena);
    const struct val *sent = w->intent.fields;

    for (size_t i = 0; sent != NULL && i < sent->n; i++) {
        const struct val_member *m = &sent->u.members[i];
        const struct sync_field *f = sync_field(w->line->sync, m->name);

        if (f != NULL && !compare_same(w->line->arena, w->line->sync, f, w->index,
                                       val_get(r->fields, m->name), m->value))
            val_push(w->line->arena, names, val_string(w->line->arena, m->name));
    }
    return names;
}

bool
seek_is_over(const struct write *w, int64_t now)
{
    /* A job may still run, or an older writer's be asked for by nobody. */
    if (w->created_id == NULL &&
        now - w->sent_boot < provider_bulk_late_ms(w->def, PROVIDER_CREATE))
        return false;
    if (seek_id(w) != NULL)
        return now - w->sent_boot >= w->def->get.lag_ms;
    return w->def->find.strong || now - w->sent_boot >= w->def->find.lag_ms;
}

bool
seek_is_idempotent(const struct write *w, int64_t now)
{
    const struct endpoint *e = &w->def->create;

    if (e->upsert != UPSERT_NO || e->client_id != CLIENT_ID_NO)
        return w->intent.external_id != NULL;
    return e->idempotency_header != NULL && now - w->sent_boot < e->idempotency_window_ms;
}

bool
seek_may_send_again(const struct write *w, int64_t now)
{
    return w->attempts < MAX_SENDS && seek_is_idempotent(w, now);
}
