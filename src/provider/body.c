#include <config.h>

#include "provider/internal.h"

#include <stdlib.h>
#include <string.h>

static bool
is_index(const char *part, size_t len)
{
    return len > 0 && strspn(part, "0123456789") >= len;
}

static struct val *
array_slot(struct val *array, const char *part)
{
    unsigned long i = strtoul(part, NULL, 10);

    return i < array->n ? array->u.items[i] : NULL;
}

static int
array_put(struct arena *a, struct val *array, const char *part, struct val *value, struct err *err)
{
    unsigned long i = strtoul(part, NULL, 10);

    if (i > BODY_MAX_INDEX)
        return err_set(err, ERR_RECORD, ERR_NEVER, "bad-path", "place %.20s of a list is too far",
                       part);
    while (array->n <= i)
        val_push(a, array, val_null(a));
    array->u.items[i] = value;
    return 0;
}

static struct val *
get(struct val *parent, const char *part, size_t len)
{
    return parent->kind == VAL_ARRAY ? array_slot(parent, part) : val_nget(parent, part, len);
}

static int
put(struct arena *a, struct val *parent, const char *part, size_t len, struct val *value,
    struct err *err)
{
    if (parent->kind == VAL_ARRAY)
        return array_put(a, parent, part, value, err);
    val_set(a, parent, arena_ntext(a, part, len), value);
    return 0;
}

/* Can PART name something in V? */
static bool
holds(const struct val *v, const char *part, size_t len)
{
    return v->kind == VAL_OBJECT || (v->kind == VAL_ARRAY && is_index(part, len));
}

int
body_set(struct arena *a, struct val *root, const char *path, struct val *value, struct err *err)
{
    struct val *at = root, *child;
    const char *part = path;

    for (;;) {
        size_t len = strcspn(part, ".");
        const char *next = part + len + 1;

        if (!holds(at, part, len))
            return err_set(err, ERR_RECORD, ERR_NEVER, "bad-path",
                           "path %s leads through a value of another path", path);
        if (part[len] == '\0')
            return put(a, at, part, len, value, err);
        child = get(at, part, len);
        if (child == NULL || child->kind == VAL_NULL) {
            child = is_index(next, strcspn(next, ".")) ? val_array(a) : val_object(a);
            if (put(a, at, part, len, child, err) != 0)
                return -1;
        }
        at = child;
        part = next;
    }
}

/* The template of E, else an empty object. */
static struct val *
start(struct arena *a, const struct endpoint *e, const struct tmpl *t)
{
    struct val *root = e->body != NULL ? tmpl_body(a, e->body, t) : NULL;

    return root != NULL ? root : val_object(a);
}

/* Where the record goes: the root, or what E's record names in it. */
static struct val *
record_place(struct arena *a, const struct endpoint *e, struct val *root, struct err *err)
{
    struct val *record;

    if (e->record == NULL || e->record[0] == '\0')
        return root;
    record = val_path(root, e->record);
    if (record != NULL && record->kind == VAL_OBJECT)
        return record;
    record = val_object(a);
    return body_set(a, root, e->record, record, err) == 0 ? record : NULL;
}

static int
set_text(struct arena *a, struct val *record, const char *path, const char *text, struct err *err)
{
    return text == NULL || path == NULL ? 0 : body_set(a, record, path, val_string(a, text), err);
}

/* What a record is known by: our external id, and an id that is ours to give. */
static int
set_ids(struct arena *a, const struct resource_def *r, const struct endpoint *e,
        const struct tmpl *t, struct val *record, const char *external_id, struct err *err)
{
    if (e->id_in_record && set_text(a, record, r->id, t->id, err) != 0)
        return -1;
    if (e->upsert == UPSERT_URL)
        return 0;
    if (e->key == NULL && r->external_id_pair != NULL && external_id != NULL)
        return pair_set(a, r->external_id_pair, record, val_string(a, external_id), err);
    return set_text(a, record, e->key != NULL ? e->key : r->external_id, external_id, err);
}

static int
set_field(struct arena *a, struct val *record, const struct field_map *f, struct val *value,
          struct err *err)
{
    return f->pair != NULL ? pair_set(a, f->pair, record, value, err)
                           : body_set(a, record, f->path, value, err);
}

struct val *
body_build(struct arena *a, const struct resource_def *r, const struct endpoint *e,
           const struct tmpl *t, const struct val *fields, const char *external_id, struct err *err)
{
    struct val *root = start(a, e, t);
    struct val *record = record_place(a, e, root, err);

    if (record == NULL)
        return NULL;
    for (size_t i = 0; fields != NULL && i < fields->n; i++) {
        const struct val_member *m = &fields->u.members[i];
        const struct field_map *f = record_field(r, m->name);

        if (f == NULL || f->read_only)
            continue;
        if (set_field(a, record, f, val_copy(a, m->value), err) != 0)
            return NULL;
    }
    if (set_ids(a, r, e, t, record, external_id, err) != 0 ||
        precondition_set(a, r, e, t->etag, record, err) != 0)
        return NULL;
    return root;
}
