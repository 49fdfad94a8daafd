#include <config.h>

#include "config/internal.h"

struct pair *
pair_read(struct reader *r, const struct yaml *y)
{
    const struct yaml *key = yaml_get(y, "key");
    struct pair *p;

    if (yaml_get(y, "list") == NULL)
        return NULL;
    if (yaml_get(y, "path") != NULL)
        FAULT(r, yaml_get(y, "path"), "what stands in a list has no path");
    p = arena_alloc(r->arena, sizeof *p);
    p->list = read_path_key(r, y, "list", false);
    p->name = read_need_text(r, y, "name");
    p->value = read_need_text(r, y, "value");
    p->key = read_need_text(r, y, "key");
    p->key_is_number = key != NULL && key->kind == YAML_INT;
    return p->list != NULL && p->name != NULL && p->value != NULL && p->key != NULL ? p : NULL;
}

char *
pair_path(struct reader *r, const struct pair *p)
{
    return arena_printf(r->arena, "%s.%s", p->list, p->key);
}
