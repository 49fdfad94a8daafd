#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/model.h"

#include "base/mem.h"
#include "config/internal.h"

static const char *const type_names[] = {"text", "email",    "phone", "enum", "number", "bool",
                                         "date", "datetime", "set",   "ref",  NULL};

const char *
field_type_name(enum field_type type)
{
    return type_names[type];
}

static void
read_field(struct reader *r, const struct yaml *key, const struct yaml *y, struct model_field *out)
{
    static const char *const keys[] = {"type", "precision", "to", NULL};
    static const char *const precisions[] = {"ms", "s", "m", "d", NULL};
    static const long precision_ms[] = {1, 1000, 60000, 86400000};

    out->name = arena_text(r->arena, key->text);
    out->precision_ms = 1000;
    yaml_check_keys(y, keys, r->file, r->f);
    if (y->kind != YAML_MAP)
        return;
    read_need(r, y, "type");
    out->type = (enum field_type)read_word(r, y, "type", type_names, FIELD_TEXT);
    out->precision_ms = precision_ms[read_word(r, y, "precision", precisions, 1)];
    out->ref_to = read_text(r, y, "to");
    if (yaml_get(y, "precision") != NULL && out->type != FIELD_DATETIME)
        FAULT(r, yaml_get(y, "precision"), "precision is for type datetime only");
    if (out->ref_to != NULL && out->type != FIELD_REF)
        FAULT(r, yaml_get(y, "to"), "to is for type ref only");
    if (out->ref_to != NULL && !is_resource_name(out->ref_to))
        FAULT(r, yaml_get(y, "to"), "to must be a resource such as crm/companies");
}

static bool
is_field_name(const char *s)
{
    return s[0] != '\0' && strlen(s) <= 64 &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

static void
read_model(struct reader *r, const struct yaml *root, const char *resource, struct model *m)
{
    static const char *const keys[] = {"model", "fields", NULL};
    const struct yaml *fields;

    yaml_check_keys(root, keys, r->file, r->f);
    m->name = read_need_text(r, root, "model");
    if (m->name != NULL && strcmp(m->name, resource) != 0)
        FAULT(r, yaml_get(root, "model"), "the model of %s must be called so", resource);
    read_need(r, root, "fields");
    fields = read_map(r, root, "fields");
    if (fields == NULL)
        return;
    if (fields->n == 0)
        FAULT(r, fields, "fields is empty");
    m->fields = arena_alloc(r->arena, (fields->n + 1) * sizeof *m->fields);
    m->n_fields = fields->n;
    for (size_t i = 0; i < fields->n; i++) {
        if (!is_field_name(fields->keys[i]->text))
            FAULT(r, fields->keys[i], "a field name is up to 64 letters, digits and _");
        read_field(r, fields->keys[i], fields->items[i], &m->fields[i]);
    }
}

/* Heap path of the first file there is, or NULL. */
static char *
find_file(const char *resource, const char *dir)
{
    const char *roots[] = {getenv("LOOPLESS_MODELS"), MODELDIR};
    char *path = mem_printf("%s/models/%s.yaml", dir, resource);

    for (size_t i = 0; access(path, F_OK) != 0; i++) {
        free(path);
        if (i == sizeof roots / sizeof roots[0])
            return NULL;
        path = mem_printf("%s/%s.yaml", roots[i] != NULL ? roots[i] : MODELDIR, resource);
    }
    return path;
}

struct model *
model_load_at(const char *resource, const char *dir, struct reader *r, const struct yaml *at)
{
    CLEANUP_FREE char *path = is_resource_name(resource) ? find_file(resource, dir) : NULL;
    struct yaml_file *file;
    struct model *m;

    if (path == NULL) {
        FAULT(r, at, "there is no model of %s (write models/%s.yaml beside the config)", resource,
              resource);
        return NULL;
    }
    file = yaml_load(path, r->f);
    if (file == NULL)
        return NULL;
    m = mem_alloc(sizeof *m);
    m->arena = arena_new();
    m->file = arena_text(m->arena, path);
    read_model(&(struct reader){m->file, r->f, m->arena}, yaml_root(file), resource, m);
    yaml_file_free(file);
    return m;
}

struct model *
model_load(const char *resource, const char *dir, struct faults *f)
{
    struct arena *scratch = arena_new();
    struct reader r = {resource, f, scratch};
    size_t before = faults_count(f);
    struct model *m = model_load_at(resource, dir, &r, NULL);

    arena_free(scratch);
    if (faults_count(f) == before)
        return m;
    model_free(m);
    return NULL;
}

const struct model_field *
model_find(const struct model *m, const char *field)
{
    for (size_t i = 0; m != NULL && i < m->n_fields; i++) {
        if (strcmp(m->fields[i].name, field) == 0)
            return &m->fields[i];
    }
    return NULL;
}

void
model_free(struct model *m)
{
    if (m == NULL)
        return;
    arena_free(m->arena);
    free(m);
}
