#ifndef STORE_RUN_H
#define STORE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

/* Watermarks and runs of jobs. 0, or -1 with err, where nothing else is said. */

struct store_watermark {
    bool known;
    const char *last_successful; /* text of the watermark, NULL = never complete */
    const char *last_attempted;
    const char *status;
    long record_count;
    const char *fingerprint;
};
int store_watermark(struct store *s, struct arena *a, const char *job, const char *account,
                    const char *resource, struct store_watermark *out, struct err *err);
/* Columns that are NULL keep their value. */
int store_watermark_save(struct store *s, const char *job, const char *account,
                         const char *resource, const struct store_watermark *w, struct err *err);
int store_watermark_reset(struct store *s, const char *job, struct err *err); /* number of rows */

struct store_run {
    const char *run_id, *job, *kind, *status;
    int64_t started_at, ended_at;
    const char *page_cursor; /* where the listing goes on, NULL = at its start */
    long listed, admitted, creates, updates, deletes;
    bool complete; /* the listing came to its end */
};
int store_run_begin(struct store *s, const char *run_id, const char *job, const char *kind,
                    int64_t now, struct err *err);
/* One page: adds to the counts, sets the cursor. Join it with the page's admissions. */
int store_run_page(struct store *s, const char *run_id, const char *cursor, long listed,
                   long admitted, struct err *err);
/*
 * How many rows of SYSTEM the run has in the inbox, of how many records, and how many different
 * ones: of other records, or of other versions of one. 0, -1.
 */
struct store_run_rows {
    int64_t rows, records, different;
};
int store_run_rows(struct store *s, const char *run_id, const char *system, const char *account,
                   struct store_run_rows *out, struct err *err);
int store_run_end(struct store *s, const char *run_id, bool complete, const char *status,
                  int64_t now, struct err *err);
/* The run of somebody dead: failed, unless it has ended by itself meanwhile. */
int store_run_abandon(struct store *s, const char *run_id, int64_t now, struct err *err);
/* The job's last run; 1, 0 none, -1. */
int store_run_last(struct store *s, struct arena *a, const char *job, struct store_run *out,
                   struct err *err);
/* JOB's runs that have no end, oldest first: ids in the arena. Returns the number. */
int store_runs_open(struct store *s, struct arena *a, const char *job, const char ***ids,
                    struct err *err);
/* Run JOB's own rows that are undisposed, and how its rows ended. */
int store_run_dispositions(struct store *s, struct arena *a, const char *run_id,
                           struct store_count **out, struct err *err);

#endif
