#ifndef RECONCILE_RECONCILE_H
#define RECONCILE_RECONCILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "config/conf.h"
#include "provider/meter.h"
#include "store/store.h"

/*
 * sync-reconcile at work: lists what changed since the watermark, page by page, into the inbox;
 * moves the watermark; then starts emit | echofilter | diff | push until that is settled. Each
 * returns the exit status; ERR has a code only if something stopped it (errors of single jobs are
 * said by log.h, the other jobs go on).
 */
struct reconcile_options {
    const struct conf *conf;
    const char *config_path; /* for the programs of the pipe */
    struct store *store;     /* fetch: NULL or read-only; with dry_run read-only */
    const char **jobs;       /* names; none = all of the config (run only) */
    size_t n_jobs;
    bool due;                 /* run: the jobs whose `every` has passed */
    const char *since;        /* overrides the watermark for this run; it does not move back */
    bool ignore_previous_run; /* from the epoch */
    long limit;               /* at most so many records a job; 0 = all. The watermark stays */
    bool yes;                 /* limits lifted once */
    bool dry_run;
    bool quiet, verbose;
    const char *log_format; /* for the programs of the pipe; NULL */
    const char *rejects;
    const struct meter *meter;        /* NULL: nothing is shared or counted */
    const struct token_store *tokens; /* NULL: access tokens are kept nowhere */
};

/* Lists one job to stdout as lines without seq; no effect at all. */
int reconcile_fetch(const struct reconcile_options *o, struct err *err);

/*
 * 0 all settled | 2 some records refused | 3 limits, or a system opens another account than
 * configured (then nothing is listed or written) | 64 no such job | 69 a system refuses us |
 * 75 a job is running elsewhere, a system is down or limits us, some events wait.
 */
int reconcile_run(const struct reconcile_options *o, struct err *err);

/* Forgets the jobs' watermarks: the next run lists everything. 75 while a job is running. */
int reconcile_reset(const struct reconcile_options *o, struct err *err);

#endif
