#include <config.h>

#include "sync/match.h"

#include <string.h>

#include "crypto/digest.h"
#include "sync/compare.h"
#include "sync/internal.h"

/* How match field NAME is compared: as its sync field, or by its type alone if it is not synced. */
static bool
match_field(const struct conf_sync *sync, const char *name, struct sync_field *out)
{
    for (size_t k = 0; k < sync->n_fields; k++) {
        if (strcmp(sync->fields[k].field->name, name) == 0) {
            *out = sync->fields[k];
            return true;
        }
    }
    for (size_t k = 0; k < sync->model->n_fields; k++) {
        if (strcmp(sync->model->fields[k].name, name) == 0) {
            *out = (struct sync_field){.field = &sync->model->fields[k]};
            return true;
        }
    }
    return false;
}

/* A word that a value table does not know stands for nothing that another system's word could. */
static bool
proposes(struct arena *a, const struct conf_sync *sync, const struct sync_field *field, size_t i,
         const struct val *value)
{
    const struct val *unified;

    return !compare_empty(value) &&
           (field->values == NULL || compare_unify(a, sync, field, i, value, &unified) == TABLE_OK);
}

static const char *
key_hash(struct arena *a, const char *field, const char *text)
{
    struct val *key = val_array(a);
    const char *json;
    char hex[DIGEST_HEX];

    val_push(a, key, val_string(a, field));
    val_push(a, key, val_string(a, text));
    json = val_canon_text(a, key);
    return arena_text(a, digest_hex(json, strlen(json), hex));
}

void
match_keys(struct arena *a, const struct conf_sync *sync, size_t system_index,
           const struct val *fields, struct match_keys *out)
{
    out->hashes = arena_alloc(a, (sync->n_match + 1) * sizeof *out->hashes);
    out->fields = arena_alloc(a, (sync->n_match + 1) * sizeof *out->fields);
    out->n = 0;
    for (size_t k = 0; k < sync->n_match; k++) {
        const struct val *value = val_get(fields, sync->match[k]);
        struct sync_field field;
        const char *text;

        if (!match_field(sync, sync->match[k], &field) ||
            !proposes(a, sync, &field, system_index, value))
            continue;
        text = compare_joint_text(a, sync, &field, system_index, value);
        if (strcmp(text, "null") == 0 || strcmp(text, "\"\"") == 0)
            continue;
        out->fields[out->n] = sync->match[k];
        out->hashes[out->n++] = key_hash(a, sync->match[k], text);
    }
}

bool
match_confirms(struct arena *a, const struct conf_sync *sync, size_t i, const struct val *x,
               size_t j, const struct val *y)
{
    for (size_t k = 0; k < sync->n_match; k++) {
        const struct val *vx = val_get(x, sync->match[k]);
        const struct val *vy = val_get(y, sync->match[k]);
        struct sync_field field;

        if (!match_field(sync, sync->match[k], &field) || !proposes(a, sync, &field, i, vx) ||
            !proposes(a, sync, &field, j, vy))
            continue;
        return compare_equal(a, sync, &field, i, vx, j, vy);
    }
    return false;
}

/* So many digits of an external id say whose it is. */
enum { TAG = 8, DIGITS = 32 };

static void
deployment_tag(const char *deployment, char hex[DIGEST_HEX])
{
    digest_hex(deployment, strlen(deployment), hex);
    hex[TAG] = '\0';
}

bool
match_is_ours(const char *deployment, const char *external_id)
{
    char tag[DIGEST_HEX];

    if (external_id == NULL || strlen(external_id) != 3 + DIGITS ||
        strncmp(external_id, "ll-", 3) != 0)
        return false;
    deployment_tag(deployment, tag);
    return strncmp(external_id + 3, tag, TAG) == 0;
}

const char *
match_external_id(struct arena *a, const char *deployment, const char *resource, const char *system,
                  const char *account, const char *record_id)
{
    const char *parts[] = {deployment, resource, system, account, record_id};
    struct val *key = val_array(a);
    const char *json;
    char hex[DIGEST_HEX], tag[DIGEST_HEX];

    for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++)
        val_push(a, key, val_string(a, parts[k] == NULL ? "" : parts[k]));
    json = val_canon_text(a, key);
    digest_hex(json, strlen(json), hex);
    deployment_tag(deployment == NULL ? "" : deployment, tag);
    return arena_printf(a, "ll-%s%.*s", tag, DIGITS - TAG, hex);
}
