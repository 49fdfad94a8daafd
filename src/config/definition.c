#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/definition.h"

#include "base/mem.h"
#include "config/internal.h"

static void
read_identity(struct reader *r, const struct yaml *root, struct definition *d)
{
    const struct yaml *y = read_map(r, root, "identity");

    if (y == NULL)
        return;
    endpoint_read(r, y, CALL_IDENTITY, d->base_url, &d->identity.call);
    d->identity.id = read_path(r, read_need(r, y, "id"), "id", false);
}

static void
read_resources(struct reader *r, const struct yaml *root, const char *dir, struct definition *d)
{
    const struct yaml *y;

    read_need(r, root, "resources");
    y = read_map(r, root, "resources");
    if (y == NULL)
        return;
    if (y->n == 0)
        FAULT(r, y, "resources is empty");
    d->resources = arena_alloc(r->arena, (y->n + 1) * sizeof *d->resources);
    d->models = arena_alloc(r->arena, (y->n + 1) * sizeof *d->models);
    d->n_resources = y->n;
    for (size_t i = 0; i < y->n; i++) {
        struct resource_def *one = &d->resources[i];
        const struct yaml *key = y->keys[i];

        one->resource = arena_text(r->arena, key->text);
        if (!is_resource_name(key->text))
            FAULT(r, key, "a resource is called such as crm/contacts");
        else
            d->models[i] = model_load_at(key->text, dir, r, key);
        one->model = d->models[i];
        resource_read(r, y->items[i], d->base_url, one);
    }
}

static void
read_definition(struct reader *r, const struct yaml *root, const char *dir, struct definition *d)
{
    static const char *const keys[] = {
        "definition", "name",  "base_url", "auth",   "token",    "verify",    "challenge", "ack",
        "on_bad_signature", "event", "limits",   "identity", "resources", NULL};

    yaml_check_keys(root, keys, r->file, r->f);
    read_need(r, root, "definition");
    read_count(r, root, "definition", 1, 1, 1);
    d->name = read_need_text(r, root, "name");
    if (d->name == NULL)
        d->name = d->file; /* for further faults */
    d->base_url = read_text(r, root, "base_url");
    if (d->base_url != NULL)
        url_check(r, yaml_get(root, "base_url"), d->base_url);
    auth_read_kinds(r, root, d);
    token_def_read(r, root, &d->token);
    limits_read(r, root, d);
    read_identity(r, root, d);
    read_resources(r, root, dir, d);
    webhook_read(r, root, d);
}

static bool
is_file_name(const char *provider)
{
    size_t len = strlen(provider);

    return strchr(provider, '/') != NULL || (len > 5 && strcmp(provider + len - 5, ".yaml") == 0);
}

/* Heap path of the definition, or NULL. */
static char *
find_file(const char *provider, const char *dir)
{
    const char *env = getenv("LOOPLESS_PROVIDERS");
    char *path;

    if (is_file_name(provider))
        return file_join(dir, provider);
    path = mem_printf("%s/providers/%s.yaml", dir, provider);
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    path = mem_printf("%s/%s.yaml", env != NULL ? env : PROVIDERDIR, provider);
    if (access(path, F_OK) == 0 || env == NULL)
        return path;
    free(path);
    return mem_printf("%s/%s.yaml", PROVIDERDIR, provider);
}

struct definition *
definition_load_at(const char *provider, const char *dir, struct reader *r, const struct yaml *at)
{
    CLEANUP_FREE char *path = find_file(provider, dir);
    struct yaml_file *file;
    struct definition *d;

    if (access(path, F_OK) != 0) {
        FAULT(r, at, "there is no definition %s (%s)", is_file_name(provider) ? path : provider,
              is_file_name(provider) ? "paths are relative to the config"
                                     : "an installed name, or a path such as ./app.yaml");
        return NULL;
    }
    file = yaml_load(path, r->f);
    if (file == NULL)
        return NULL;
    d = mem_alloc(sizeof *d);
    d->arena = arena_new();
    d->file = arena_text(d->arena, path);
    read_definition(&(struct reader){d->file, r->f, d->arena}, yaml_root(file), dir, d);
    yaml_file_free(file);
    return d;
}

struct definition *
definition_load(const char *provider, const char *dir, struct faults *f)
{
    struct arena *scratch = arena_new();
    struct reader r = {provider, f, scratch};
    size_t before = faults_count(f);
    struct definition *d = definition_load_at(provider, dir, &r, NULL);

    arena_free(scratch);
    if (faults_count(f) == before)
        return d;
    definition_free(d);
    return NULL;
}

const struct resource_def *
definition_resource(const struct definition *d, const char *resource)
{
    for (size_t i = 0; d != NULL && i < d->n_resources; i++) {
        if (strcmp(d->resources[i].resource, resource) == 0)
            return &d->resources[i];
    }
    return NULL;
}

const struct field_map *
resource_field(const struct resource_def *r, const char *field)
{
    for (size_t i = 0; r != NULL && i < r->n_fields; i++) {
        if (strcmp(r->fields[i].field->name, field) == 0)
            return &r->fields[i];
    }
    return NULL;
}

void
definition_free(struct definition *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->n_resources; i++) {
        struct resource_def *one = &d->resources[i];

        endpoint_release(&one->get);
        endpoint_release(&one->find);
        endpoint_release(&one->create);
        endpoint_release(&one->update);
        endpoint_release(&one->delete);
        endpoint_release(&one->list.call);
        model_free(d->models[i]);
    }
    endpoint_release(&d->identity.call);
    arena_free(d->arena);
    free(d);
}
