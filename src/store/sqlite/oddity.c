#include <config.h>

#include "store/operate.h"

#include "store/sqlite/internal.h"

/* What systems stored otherwise; settle.c writes it down. */

int
store_oddities(struct store *s, struct arena *a, struct store_oddity **out, struct err *err)
{
    struct store_oddity *list = NULL;
    struct rows r;
    int n = 0, rc;

    *out = NULL;
    if (db_rows(s, &r, err,
                "SELECT resource_type, system, field, sent, stored, n, first_at, last_at FROM"
                " sync_oddities ORDER BY resource_type, system, field, n DESC, sent, stored",
                "") < 0)
        return -1;
    while ((rc = rows_next(&r)) == 1) {
        struct store_oddity *o;

        list = list_grow(a, list, (size_t)n, sizeof *list);
        o = &list[n++];
        *o = (struct store_oddity){.resource = row_text(&r, a, 0),
                                   .system = row_text(&r, a, 1),
                                   .field = row_text(&r, a, 2),
                                   .n = row_int(&r, 5),
                                   .first_at = row_time(&r, 6),
                                   .last_at = row_time(&r, 7)};
        if (row_val(&r, a, 3, &o->sent) < 0 || row_val(&r, a, 4, &o->stored) < 0) {
            rows_end(&r);
            return err_hint(err, "sync-ctl normalizers --forget %s %s %s mends it", o->resource,
                            o->system, o->field);
        }
    }
    *out = list;
    return rc < 0 ? -1 : n;
}

int
store_oddities_forget(struct store *s, const char *resource, const char *system, const char *field,
                      struct err *err)
{
    struct tx tx;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    return tx_leave(s, &tx,
                    db_run(s, err,
                           "DELETE FROM sync_oddities WHERE resource_type = ?1 AND system = ?2 AND"
                           " (?3 IS NULL OR field = ?3)",
                           "ttt", resource, system, field),
                    err);
}
