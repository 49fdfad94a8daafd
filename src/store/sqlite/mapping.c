#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

#include "config/mapping.h"

/* What shadows were taken under: one row for each mapping that was ever used. */

#define MAPS_TABLE                                                                                 \
    "CREATE TABLE IF NOT EXISTS sync_maps (map_hash TEXT PRIMARY KEY, fields TEXT NOT NULL)"       \
    " WITHOUT ROWID"

/* Is the table there? It came after states of the same version were made. 1, 0, -1. */
static int
has_table(struct store *s, struct err *err)
{
    int64_t found;

    return db_int(s, err, &found, "SELECT 1 FROM sqlite_master WHERE name = 'sync_maps'", "");
}

int
mapping_make_table(struct store *s, struct err *err)
{
    int rc = has_table(s, err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return db_run(s, err, MAPS_TABLE, "") < 0 ? -1 : 0;
}

static int
is_kept(struct store *s, const char *map_hash, struct err *err)
{
    int64_t found;
    int rc = has_table(s, err);

    return rc != 1 ? rc
                   : db_int(s, err, &found, "SELECT 1 FROM sync_maps WHERE map_hash = ?", "t",
                            map_hash);
}

int
store_keep_mapping(struct store *s, const char *map_hash, const char *mapping, struct err *err)
{
    int rc = is_kept(s, map_hash, err); /* mostly; seen without the write lock */

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    if (mapping_make_table(s, err) < 0) /* each by itself: half of it is nothing wrong */
        return -1;
    return db_run(s, err, "INSERT OR IGNORE INTO sync_maps VALUES (?, ?)", "tt", map_hash,
                  mapping) < 0
               ? -1
               : 0;
}

int
store_mapping(struct store *s, struct arena *a, const char *map_hash, const struct val **out,
              struct err *err)
{
    struct rows r;
    int rc = has_table(s, err);

    *out = NULL;
    if (rc != 1)
        return rc;
    if (db_rows(s, &r, err, "SELECT fields FROM sync_maps WHERE map_hash = ?", "t", map_hash) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    rc = row_val(&r, a, 0, out) < 0 ? -1 : 1;
    rows_end(&r);
    return rc;
}

int
mapping_keep_fields(struct store *s, struct arena *a, const char *system, const char *was,
                    const char *is, const struct val *fields, struct val **out, struct err *err)
{
    const struct val *old, *now;

    *out = fields == NULL ? val_object(a) : val_copy(a, fields);
    if (fields == NULL || was == NULL || is == NULL || strcmp(was, is) == 0)
        return 0;
    if (store_mapping(s, a, was, &old, err) < 0 || store_mapping(s, a, is, &now, err) < 0)
        return -1;
    for (size_t i = 0; i < fields->n; i++)
        if (!mapping_keeps(old, now, system, fields->u.members[i].name))
            val_set(a, *out, fields->u.members[i].name, NULL);
    return 0;
}
