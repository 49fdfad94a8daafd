#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"

#include <string.h>

const struct val *
record_at(const struct val *v, const char *path)
{
    return path == NULL || path[0] == '\0' ? v : val_path(v, path);
}

const struct field_map *
record_field(const struct resource_def *r, const char *name)
{
    for (size_t i = 0; i < r->n_fields; i++) {
        if (strcmp(r->fields[i].field->name, name) == 0)
            return &r->fields[i];
    }
    return NULL;
}

int64_t
record_time(const struct val *v)
{
    int64_t ms = 0;

    if (val_text(v) != NULL)
        return clock_parse(val_text(v), &ms, NULL) == 0 ? ms : 0;
    if (val_get_int(v, &ms) != 0 || ms <= 0)
        return 0;
    return ms < 100000000000 ? ms * 1000 : ms; /* 1e11 s is in the year 5138, 1e11 ms in 1973 */
}

static int
map_id(const struct resource_def *r, const struct val *raw, struct provider_record *out,
       struct err *err)
{
    out->id = val_id(val_path(raw, r->id));
    if (out->id == NULL || out->id[0] == '\0')
        return err_set(err, ERR_RECORD, ERR_NEVER, "no-id", "a record without an id at %s", r->id);
    if (strlen(out->id) > RECORD_MAX_ID)
        return err_set(err, ERR_RECORD, ERR_NEVER, "no-id", "an id of %zu bytes, at most %d can be",
                       strlen(out->id), RECORD_MAX_ID);
    return 0;
}

static void
map_version(const struct resource_def *r, const struct val *raw, struct provider_record *out)
{
    const struct val *v = r->version != NULL ? val_path(raw, r->version) : NULL;

    if (r->version_kind == VERSION_NONE || v == NULL)
        return;
    out->version = val_id(v);
    if (r->version_kind == VERSION_ETAG || precondition_is_version(r))
        out->etag = out->version;
    if (r->version_kind == VERSION_TIMESTAMP)
        out->changed_at = record_time(v);
}

const struct val *
provider_field(const struct field_map *f, const struct val *raw)
{
    return f->pair != NULL ? pair_get(f->pair, raw) : val_path(raw, f->path);
}

static const struct val *
external_id(const struct resource_def *r, const struct val *raw)
{
    if (r->external_id_pair != NULL)
        return pair_get(r->external_id_pair, raw);
    return r->external_id != NULL ? val_path(raw, r->external_id) : NULL;
}

int
provider_map(struct arena *a, const struct resource_def *r, const struct val *raw,
             struct provider_record *out, struct err *err)
{
    struct val *fields;

    memset(out, 0, sizeof *out);
    if (raw == NULL || raw->kind != VAL_OBJECT)
        return err_set(err, ERR_RECORD, ERR_NEVER, "no-record", "what should be a record is none");
    if (map_id(r, raw, out, err) != 0)
        return -1;
    fields = val_object(a);
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct val *v = provider_field(&r->fields[i], raw);

        val_set(a, fields, r->fields[i].field->name, v != NULL ? val_copy(a, v) : val_null(a));
    }
    out->raw = raw;
    out->fields = fields;
    out->external_id = val_id(external_id(r, raw));
    map_version(r, raw, out);
    return 0;
}
