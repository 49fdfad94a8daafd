#include <config.h>

#include "config/internal.h"

void
precondition_read(struct reader *r, const struct yaml *call, struct precondition *out)
{
    static const char *const keys[] = {"kind", "path", "flag", NULL};
    static const char *const kinds[] = {"none", "if_match", "if_unmodified_since", "body", NULL};
    const struct yaml *y = read_map(r, call, "precondition");

    if (y == NULL)
        return;
    yaml_check_keys(y, keys, r->file, r->f);
    read_need(r, y, "kind");
    out->kind = PRECONDITION_NONE + (enum precondition_kind)read_word(r, y, "kind", kinds, 0);
    out->path = read_path_key(r, y, "path", false);
    out->flag = read_path_key(r, y, "flag", false);
    if (out->kind == PRECONDITION_BODY)
        read_need(r, y, "path");
    else if (out->path != NULL || out->flag != NULL)
        FAULT(r, y, "path and flag are for kind: body");
}

static void
check(struct reader *r, const struct yaml *call, const struct endpoint *e,
      const struct resource_def *def)
{
    const struct yaml *at = yaml_get(call, "precondition");

    if (e->precondition.kind == PRECONDITION_IF_UNMODIFIED_SINCE &&
        def->version_kind != VERSION_TIMESTAMP)
        FAULT(r, at, "if_unmodified_since needs a version of kind timestamp");
    if (e->precondition.kind == PRECONDITION_BODY && def->version == NULL)
        FAULT(r, at, "a precondition in the body needs a version with a path");
}

void
precondition_check(struct reader *r, const struct yaml *resource, const struct resource_def *def)
{
    enum precondition_kind update = def->update.precondition.kind;
    enum precondition_kind delete = def->delete.precondition.kind;

    check(r, yaml_get(resource, "update"), &def->update, def);
    check(r, yaml_get(resource, "delete"), &def->delete, def);
    if (update > PRECONDITION_NONE && delete > PRECONDITION_NONE &&
        (update == PRECONDITION_IF_MATCH) != (delete == PRECONDITION_IF_MATCH))
        FAULT(r, yaml_get(yaml_get(resource, "delete"), "precondition"),
              "update and delete must both be guarded by the ETag, or both by the version");
}
