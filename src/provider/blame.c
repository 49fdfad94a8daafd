#include <config.h>

#include "provider/internal.h"

#include <string.h>

/*
 * Which fields a refusal names. APIs say it in a few ways, none of which needs a word in the
 * definition, because it knows what the fields are called there:
 *
 *   {"field": "phone"}, {"fields": ["Phone"]}, {"loc": ["body", "phone"]}, {"param": "phone"},
 *   {"pointer": "/data/attributes/phone"}        the value of a member that says where
 *   {"phone": ["is no number"]}, {"phone": [{"description": "..."}]}    a member with its faults
 *   {"errors": {"phone": "is no number"}}                     the same among faults
 *
 * Texts for people are not searched for names: a name there may be any word.
 */
enum { DEPTH_MAX = 16 };

static bool
is_one_of(const char *name, const char *const *list)
{
    for (; name != NULL && *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

/* Members whose value says where the fault is. */
static bool
says_where(const char *name)
{
    static const char *const names[] = {
        "field",     "fields",     "fieldName",  "field_name",   "param",
        "parameter", "property",   "properties", "propertyName", "property_name",
        "path",      "pointer",    "loc",        "location",     "target",
        "attribute", "attributes", "column",     "key",          "name",
        "source",    NULL};

    return is_one_of(name, names);
}

/* Members that hold faults by field. */
static bool
holds_faults(const char *name)
{
    static const char *const names[] = {
        "errors",           "error_fields",      "fieldErrors",    "field_errors",  "details",
        "validationErrors", "validation_errors", "invalid_fields", "invalidFields", NULL};

    return is_one_of(name, names);
}

/* "#/data/attributes/phone" and "phones[0].value" with points in between; no text of length 0. */
static const char *
with_points(struct arena *a, const char *text)
{
    char *out = arena_text(a, text), *to = out;

    for (const char *p = text; *p != '\0'; p++) {
        bool point = strchr("./[]#", *p) != NULL;

        if (!point)
            *to++ = *p;
        else if (to > out && to[-1] != '.')
            *to++ = '.';
    }
    while (to > out && to[-1] == '.')
        to--;
    *to = '\0';
    return out;
}

static const char *
last_part(const char *path)
{
    const char *point = strrchr(path, '.');

    return point != NULL ? point + 1 : path;
}

struct blame {
    struct arena *a;
    const struct resource_def *r;
    struct val *names; /* unified */
};

static void
add(struct blame *b, const char *name)
{
    for (size_t i = 0; i < b->names->n; i++)
        if (strcmp(val_text(b->names->u.items[i]), name) == 0)
            return;
    val_push(b->a, b->names, val_string(b->a, name));
}

/* The field at that path; if there is none, those whose path ends so. */
static bool
blame(struct blame *b, const char *text)
{
    const char *path = with_points(b->a, text);
    bool found = false;

    for (int whole = 1; whole >= 0 && !found && path[0] != '\0'; whole--)
        for (size_t i = 0; i < b->r->n_fields; i++) {
            const struct field_map *f = &b->r->fields[i];

            if (strcmp(whole ? f->path : last_part(f->path), whole ? path : last_part(path)) != 0)
                continue;
            add(b, f->field->name);
            found = true;
        }
    return found;
}

static void
blame_texts(struct blame *b, const struct val *v)
{
    if (v->kind == VAL_STRING)
        blame(b, val_text(v));
    for (size_t i = 0; v->kind == VAL_ARRAY && i < v->n; i++)
        if (v->u.items[i]->kind == VAL_STRING)
            blame(b, val_text(v->u.items[i]));
}

/* Does member M of what stands under IN say what is wrong with the field that it is called by? */
static bool
is_fault(const struct val_member *m, const char *in)
{
    if (m->value->kind == VAL_ARRAY || m->value->kind == VAL_OBJECT)
        return m->value->n > 0;
    return m->value->kind == VAL_STRING && holds_faults(in);
}

/* V stands under the name IN. */
static void
look(struct blame *b, const struct val *v, const char *in, int depth)
{
    if (depth > DEPTH_MAX)
        return;
    for (size_t i = 0; v->kind == VAL_ARRAY && i < v->n; i++)
        look(b, v->u.items[i], NULL, depth + 1);
    for (size_t i = 0; v->kind == VAL_OBJECT && i < v->n; i++) {
        const struct val_member *m = &v->u.members[i];

        if (is_fault(m, in) && blame(b, m->name))
            continue; /* what it holds is about that one */
        if (says_where(m->name))
            blame_texts(b, m->value);
        look(b, m->value, m->name, depth + 1);
    }
}

const struct val *
blame_find(struct arena *a, const struct resource_def *r, const struct val *body)
{
    struct blame b = {.a = a, .r = r, .names = val_array(a)};

    if (r == NULL || body == NULL)
        return NULL;
    look(&b, body, NULL, 0);
    return b.names->n > 0 ? b.names : NULL;
}
