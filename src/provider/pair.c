#include <config.h>

#include "provider/internal.h"

#include <string.h>

static struct val *
find(const struct pair *p, const struct val *list)
{
    for (size_t i = 0; list != NULL && list->kind == VAL_ARRAY && i < list->n; i++) {
        const char *name = val_id(val_get(list->u.items[i], p->name));

        if (name != NULL && strcmp(name, p->key) == 0)
            return list->u.items[i];
    }
    return NULL;
}

const struct val *
pair_get(const struct pair *p, const struct val *record)
{
    return val_get(find(p, record_at(record, p->list)), p->value);
}

/* The list, made if there is none. */
static struct val *
list_of(struct arena *a, const struct pair *p, struct val *record, struct err *err)
{
    struct val *list = val_path(record, p->list);

    if (list != NULL && list->kind == VAL_ARRAY)
        return list;
    list = val_array(a);
    return body_set(a, record, p->list, list, err) == 0 ? list : NULL;
}

int
pair_set(struct arena *a, const struct pair *p, struct val *record, struct val *value,
         struct err *err)
{
    struct val *list = list_of(a, p, record, err);
    struct val *item = find(p, list);

    if (list == NULL)
        return -1;
    if (item == NULL) {
        item = val_object(a);
        val_set(a, item, p->name, p->key_is_number ? val_number(a, p->key) : val_string(a, p->key));
        val_push(a, list, item);
    }
    val_set(a, item, p->value, value);
    return 0;
}
