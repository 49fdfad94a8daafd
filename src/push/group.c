#include <config.h>

#include "push/internal.h"

#include <string.h>

enum provider_action
group_action(const struct write *w)
{
    if (strcmp(w->intent.action, "create") == 0)
        return PROVIDER_CREATE;
    return strcmp(w->intent.action, "delete") == 0 ? PROVIDER_DELETE : PROVIDER_UPDATE;
}

size_t
group_most(const struct write *w)
{
    enum provider_action action = group_action(w);

    if (w->alone || w->attempts > 0 || !provider_bulk_fits(w->def, action, w->intent.etag))
        return 1;
    return (size_t)provider_bulk_max(w->def, action);
}

static bool
is_of_link(struct write *const *first, size_t n, int64_t link_id)
{
    for (size_t i = 0; i < n; i++)
        if (first[i]->intent.link_id == link_id)
            return true;
    return false;
}

bool
group_joins(struct write *const *first, size_t n, const struct write *w)
{
    return n < group_most(first[0]) && w->target == first[0]->target && w->def == first[0]->def &&
           group_action(w) == group_action(first[0]) && group_most(w) > 1 &&
           !is_of_link(first, n, w->intent.link_id);
}

size_t
group_size(struct write *const *writes, size_t n)
{
    size_t size = 1;

    while (size < n && group_joins(writes, size, writes[size]))
        size++;
    return size;
}
