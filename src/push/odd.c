#include <config.h>

#include "push/internal.h"
#include "sync/compare.h"

static bool
is_as_sent(const struct write *w, const char *name, const struct val *stored,
           const struct val *sent)
{
    const struct sync_field *f = sync_field(w->line->sync, name);

    return f == NULL || f->ref != NULL ||
           compare_same(w->line->arena, w->line->sync, f, w->index, stored, sent);
}

static struct val *
pair(struct arena *a, const struct val *sent, const struct val *stored)
{
    struct val *v = val_object(a);

    val_set(a, v, "sent", val_copy(a, sent));
    val_set(a, v, "stored", stored == NULL ? val_null(a) : val_copy(a, stored));
    return v;
}

const struct val *
odd_fields(const struct write *w, const struct provider_record *r)
{
    struct arena *a = w->line->arena;
    const struct val *sent = w->intent.fields;
    struct val *odd = NULL;

    for (size_t i = 0; r->fields != NULL && sent != NULL && i < sent->n; i++) {
        const struct val_member *m = &sent->u.members[i];
        const struct val *stored = val_get(r->fields, m->name);

        if (is_as_sent(w, m->name, stored, m->value))
            continue;
        if (odd == NULL)
            odd = val_object(a);
        val_set(a, odd, m->name, pair(a, m->value, stored));
    }
    return odd;
}
