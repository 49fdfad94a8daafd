#ifndef RECONCILE_RECONCILE_H
#define RECONCILE_RECONCILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/conf.h"
#include "store/store.h"

/*
 * sync-reconcile at work: lists what changed since the watermark, page by page, into the inbox;
 * moves the watermark; then starts emit | echofilter | diff | push until that is settled.
 */
struct reconcile_options {
    const struct conf *conf;
    const char *config_path;   /* for the programs of the pipe */
    struct store *store;       /* fetch: NULL or read-only */
    const char **jobs;         /* names */
    size_t n_jobs;
    bool due;                  /* run: the jobs whose `every` has passed */
    const char *since;         /* overrides the watermark for this run; it does not move back */
    bool ignore_previous_run;  /* from the epoch */
    long limit;                /* at most so many records a job; 0 = all */
    bool yes;                  /* limits lifted once */
    bool dry_run;
    bool quiet, verbose;
    const char *rejects;
};

/* Lists one job to stdout; no effect at all. Returns the exit status. */
int reconcile_fetch(const struct reconcile_options *o, struct err *err);
int reconcile_run(const struct reconcile_options *o, struct err *err);
/* Forgets the jobs' watermarks: the next run lists everything. */
int reconcile_reset(const struct reconcile_options *o, struct err *err);

#endif
