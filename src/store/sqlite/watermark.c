#include <config.h>

#include "store/sqlite/internal.h"

#include <string.h>

int
store_watermark(struct store *s, struct arena *a, const char *job, const char *account,
                const char *resource, struct store_watermark *out, struct err *err)
{
    struct rows r;
    int rc;

    *out = (struct store_watermark){0};
    if (db_rows(s, &r, err,
                "SELECT last_successful, last_attempted, status, record_count, fingerprint FROM"
                " sync_watermarks WHERE sync_job_id = ? AND account_id = ? AND resource_type = ?",
                "ttt", job, account, resource) < 0)
        return -1;
    rc = rows_next(&r);
    if (rc != 1)
        return rc;
    out->known = true;
    out->last_successful = row_text(&r, a, 0);
    out->last_attempted = row_text(&r, a, 1);
    out->status = row_text(&r, a, 2);
    out->record_count = (long)row_int(&r, 3);
    out->fingerprint = row_text(&r, a, 4);
    rows_end(&r);
    return 1;
}

int
store_watermark_save(struct store *s, const char *job, const char *account, const char *resource,
                     const struct store_watermark *w, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = db_run(s, err,
                "INSERT INTO sync_watermarks (sync_job_id, account_id, resource_type,"
                " last_successful, last_attempted, status, record_count, fingerprint)"
                " VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, 'running'), max(?7, 0),"
                " coalesce(?8, '')) ON CONFLICT DO UPDATE SET"
                " last_successful = coalesce(?4, last_successful),"
                " last_attempted = coalesce(?5, last_attempted), status = coalesce(?6, status),"
                " record_count = CASE WHEN ?7 < 0 THEN record_count ELSE ?7 END,"
                " fingerprint = coalesce(?8, fingerprint)",
                "ttttttit", job, account, resource, w->last_successful, w->last_attempted,
                w->status, (int64_t)w->record_count, w->fingerprint);
    return tx_leave(s, &tx, rc < 0 ? -1 : 0, err);
}

int
store_watermark_reset(struct store *s, const char *job, struct err *err)
{
    struct tx tx;
    int rc;

    if (tx_enter(s, &tx, true, err) < 0)
        return -1;
    rc = db_run(s, err, "DELETE FROM sync_watermarks WHERE sync_job_id = ?", "t", job);
    return tx_leave(s, &tx, rc, err);
}

int
store_is_loading(struct store *s, const struct conf *conf, const char *resource, struct err *err)
{
    int64_t loaded;

    for (size_t i = 0; i < conf->n_jobs; i++) {
        const struct conf_job *job = &conf->jobs[i];
        int rc;

        if (strcmp(job->sync->resource, resource) != 0)
            continue;
        rc = db_int(s, err, &loaded,
                    "SELECT 1 FROM sync_watermarks WHERE sync_job_id = ? AND account_id = ? AND"
                    " resource_type = ? AND last_successful IS NOT NULL",
                    "ttt", job->name, job->system->account, resource);
        if (rc <= 0)
            return rc < 0 ? -1 : 1;
    }
    return 0;
}
