#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#include "base/mem.h"
#include "crypto/digest.h"

static const char *const stores_names[] = {"trim",     "lower",    "digits",   "empty_null",
                                           "text",     "bool_int", "seconds",  "minutes",
                                           "collapse", "html",     "truncate", NULL};

static struct stores
read_one_stores(struct reader *r, const struct yaml *y)
{
    struct stores s = {0};

    for (int i = 0; i < STORES_TRUNCATE; i++) {
        s.rule = (enum stores_rule)i;
        if (strcmp(y->text, stores_names[i]) == 0)
            return s;
    }
    s.rule = STORES_TRUNCATE;
    if (strncmp(y->text, "truncate(", 9) == 0) {
        char *end;

        s.n = strtol(y->text + 9, &end, 10);
        if (strcmp(end, ")") == 0 && s.n > 0 && s.n <= 1 << 24)
            return s;
        FAULT(r, y, "truncate(n) takes the number of characters that fit");
    } else if (strcmp(y->text, "truncate") == 0) {
        FAULT(r, y, "truncate takes the number of characters that fit: truncate(255)");
    } else {
        FAULT(r, y, "unknown rule '%s' in stores%s", y->text, read_hint(r, y->text, stores_names));
    }
    s.n = 1;
    return s;
}

static void
read_stores(struct reader *r, const struct yaml *map, struct field_map *out)
{
    const struct yaml *y = read_list(r, map, "stores");

    if (y == NULL || y->n == 0)
        return;
    out->stores = arena_alloc(r->arena, y->n * sizeof *out->stores);
    out->n_stores = y->n;
    for (size_t i = 0; i < y->n; i++)
        out->stores[i] = read_one_stores(r, y->items[i]);
}

static void
read_field(struct reader *r, const struct yaml *key, const struct yaml *y, struct field_map *out)
{
    static const char *const keys[] = {"path", "stores", "read_only", "expr", "map",
                                       "list", "name",   "value",     "key",  NULL};

    if (y->kind != YAML_MAP) {
        out->path = read_path(r, y, key->text, false);
        return;
    }
    yaml_check_keys(y, keys, r->file, r->f);
    if (yaml_get(y, "expr") != NULL || yaml_get(y, "map") != NULL) {
        read_path(r, y, key->text, false);
        return;
    }
    out->pair = pair_read(r, y);
    if (out->pair != NULL)
        out->path = pair_path(r, out->pair);
    else if (yaml_get(y, "list") == NULL)
        out->path = read_path(r, read_need(r, y, "path"), key->text, false);
    read_stores(r, y, out);
    out->read_only = read_bool(r, y, "read_only", false);
}

static void
unknown_field(struct reader *r, const struct yaml *at, const char *name, const struct model *m)
{
    const char **names = arena_alloc(r->arena, (m->n_fields + 1) * sizeof *names);

    for (size_t i = 0; i < m->n_fields; i++)
        names[i] = m->fields[i].name;
    FAULT(r, at, "%s has no field '%s'%s", m->name, name, read_hint(r, name, names));
}

static void
read_fields(struct reader *r, const struct yaml *map, struct resource_def *out)
{
    const struct yaml *y;

    read_need(r, map, "fields");
    y = read_map(r, map, "fields");
    if (y == NULL)
        return;
    if (y->n == 0)
        FAULT(r, y, "fields is empty");
    out->fields = arena_alloc(r->arena, (y->n + 1) * sizeof *out->fields);
    for (size_t i = 0; i < y->n; i++) {
        struct field_map one = {.field = model_find(out->model, y->keys[i]->text)};

        read_field(r, y->keys[i], y->items[i], &one);
        if (one.field == NULL && out->model != NULL)
            unknown_field(r, y->keys[i], y->keys[i]->text, out->model);
        if (one.field != NULL && one.path != NULL)
            out->fields[out->n_fields++] = one;
    }
}

static void
read_version(struct reader *r, const struct yaml *map, struct resource_def *out)
{
    static const char *const keys[] = {"path", "kind", "granularity", NULL};
    static const char *const kinds[] = {"none", "etag", "sequence", "timestamp", NULL};
    const struct yaml *y = read_map(r, map, "version");

    out->version_granularity_ms = 1;
    if (y == NULL)
        return;
    yaml_check_keys(y, keys, r->file, r->f);
    read_need(r, y, "kind");
    out->version_kind = (enum version_kind)read_word(r, y, "kind", kinds, VERSION_NONE);
    out->version = read_path_key(r, y, "path", false);
    out->version_granularity_ms = read_span(r, y, "granularity", 1);
    if (out->version_kind > VERSION_ETAG && yaml_get(y, "path") == NULL)
        read_need(r, y, "path");
}

/* The paths of fields that find seeks by, beside the external id. */
static void
check_by(struct reader *r, const struct yaml *find, const struct resource_def *out)
{
    const struct yaml *by = yaml_get(find, "by");

    for (size_t i = 0; by != NULL && by->kind == YAML_LIST && i < by->n; i++) {
        const struct yaml *one = by->items[i];

        if (strcmp(one->text, "external_id") == 0) {
            if (out->external_id == NULL)
                FAULT(r, one, "find by external_id, but the resource has no external_id");
        } else if (resource_field(out, one->text) == NULL) {
            FAULT(r, one, "find by '%s', but that field is not mapped here", one->text);
        }
    }
}

static int
by_name(const void *a, const void *b)
{
    const struct field_map *const *x = a, *const *y = b;

    return strcmp((*x)->field->name, (*y)->field->name);
}

static void
hash_pair(struct buf *b, const struct pair *p)
{
    if (p == NULL)
        return;
    hash_add(b, p->name);
    hash_add(b, p->value);
}

/* What a stored shadow depends on. The order in the file is no part of it. */
static char *
map_hash(struct reader *r, const struct resource_def *d)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    CLEANUP_FREE const struct field_map **sorted = mem_alloc((d->n_fields + 1) * sizeof *sorted);
    char hex[DIGEST_HEX];

    hash_add(&b, d->id);
    hash_add(&b, d->external_id);
    hash_pair(&b, d->external_id_pair);
    hash_add(&b, d->version);
    buf_printf(&b, "%d;%lld;", (int)d->version_kind, (long long)d->version_granularity_ms);
    for (size_t i = 0; i < d->n_fields; i++)
        sorted[i] = &d->fields[i];
    qsort(sorted, d->n_fields, sizeof *sorted, by_name);
    for (size_t i = 0; i < d->n_fields; i++) {
        hash_add(&b, sorted[i]->field->name);
        hash_add(&b, sorted[i]->path);
        hash_pair(&b, sorted[i]->pair);
        for (size_t j = 0; j < sorted[i]->n_stores; j++)
            buf_printf(&b, "%d(%ld)", (int)sorted[i]->stores[j].rule, sorted[i]->stores[j].n);
        buf_char(&b, ';');
    }
    return arena_text(r->arena, digest_hex(buf_get(&b), b.len, hex));
}

static void
read_external_id(struct reader *r, const struct yaml *y, struct resource_def *out)
{
    static const char *const keys[] = {"list", "name", "value", "key", NULL};

    if (y == NULL || y->kind != YAML_MAP || yaml_get(y, "expr") != NULL) {
        out->external_id = read_path(r, y, "external_id", false);
        return;
    }
    yaml_check_keys(y, keys, r->file, r->f);
    read_need(r, y, "list");
    out->external_id_pair = pair_read(r, y);
    if (out->external_id_pair != NULL)
        out->external_id = pair_path(r, out->external_id_pair);
}

/* A record is created by one of them; what an upsert is known by must be known. */
static void
check_create(struct reader *r, const struct yaml *y, const struct resource_def *out)
{
    const struct yaml *upsert = yaml_get(y, "upsert");

    if (upsert != NULL && yaml_get(y, "create") != NULL)
        FAULT(r, yaml_get(y, "create"), "create has no use beside upsert");
    if (out->create.upsert == UPSERT_BODY && out->create.key == NULL && out->external_id == NULL)
        FAULT(r, upsert, "upsert by body needs a key, or external_id of the resource");
    if (out->create.client_id != CLIENT_ID_NO && !out->get.present)
        FAULT(r, yaml_get(y, "create"), "client_id needs a get, by which it is looked up");
}

void
resource_read(struct reader *r, const struct yaml *y, const char *base_url,
              struct resource_def *out)
{
    static const char *const keys[] = {"id",   "external_id", "version", "fields",
                                       "get",  "find",        "create",  "update",
                                       "list", "delete",      "upsert",  NULL};

    yaml_check_keys(y, keys, r->file, r->f);
    if (y->kind != YAML_MAP)
        return;
    out->id = read_path(r, read_need(r, y, "id"), "id", false);
    read_external_id(r, yaml_get(y, "external_id"), out);
    read_version(r, y, out);
    read_fields(r, y, out);
    endpoint_read(r, yaml_get(y, "get"), CALL_GET, base_url, &out->get);
    endpoint_read(r, yaml_get(y, "find"), CALL_FIND, base_url, &out->find);
    if (yaml_get(y, "upsert") != NULL)
        endpoint_read(r, yaml_get(y, "upsert"), CALL_UPSERT, base_url, &out->create);
    else
        endpoint_read(r, yaml_get(y, "create"), CALL_CREATE, base_url, &out->create);
    endpoint_read(r, yaml_get(y, "update"), CALL_UPDATE, base_url, &out->update);
    endpoint_read(r, yaml_get(y, "delete"), CALL_DELETE, base_url, &out->delete);
    if (yaml_get(y, "list") != NULL)
        listing_read(r, yaml_get(y, "list"), base_url, &out->list);
    if (out->model != NULL)
        check_by(r, yaml_get(y, "find"), out);
    check_create(r, y, out);
    precondition_check(r, y, out);
    batch_read(r, yaml_get(y, out->create.upsert != UPSERT_NO ? "upsert" : "create"), base_url, out,
               &out->create);
    batch_read(r, yaml_get(y, "update"), base_url, out, &out->update);
    batch_read(r, yaml_get(y, "delete"), base_url, out, &out->delete);
    out->map_hash = map_hash(r, out);
}
