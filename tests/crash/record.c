#include <config.h>

#include "record.h"

#include <stdlib.h>

void
record_line(struct buf *out, json_t *record)
{
    static const char *const not_ours[] = {"id", "external_id", "created_at", "updated_at", "rev"};
    json_t *copy = json_copy(record);
    const char *name;
    json_t *value;
    void *next;
    char *text;

    for (size_t i = 0; i < sizeof not_ours / sizeof not_ours[0]; i++)
        json_object_del(copy, not_ours[i]);
    json_object_foreach_safe(copy, next, name, value)
    {
        if (json_is_null(value))
            json_object_del(copy, name);
    }
    text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
    buf_printf(out, "%s\n", text);
    free(text);
    json_decref(copy);
}
