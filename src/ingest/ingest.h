#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/conf.h"
#include "store/store.h"

/*
 * sync-ingest at work. emit: the only emitter of admitted events. records: plain records to events.
 * Both write to stdout and return the exit status; ERR has a code only if something stopped them.
 */
struct emit_options {
    const struct conf *conf;
    struct store *store; /* writable, also with dry_run (its transaction is taken back) */
    const char *run;     /* named on the lines; limits are counted for it; may be NULL */
    int64_t until_seq;   /* 0 = all rows there are at the start */
    long window;         /* events out at most; 0 = EMIT_WINDOW */
    bool dry_run;        /* shows what would be emitted, takes no lease */
};

enum { EMIT_WINDOW = 1024 };

/*
 * Bounded: emits what is pending and free up to until_seq, waits until it is settled by the stages
 * behind, ends with an eos line. 0: all settled. 75: some wait (paused, loading, not_before over
 * 5 s away), or SIGTERM or SIGINT came (what is out is left to the stages behind). 74: stdout is
 * broken, what is out is free for the next emitter at once.
 */
int emit_run(const struct emit_options *o, struct err *err);

/*
 * Endless: emits what is pending, then each event soon after it was admitted, came due or was
 * freed, and writes no eos line. run, until_seq and dry_run have no meaning here. 0: SIGTERM or
 * SIGINT came; what is out is left to the stages behind. 74: stdout is broken, what is out is free
 * for the next emitter at once; or the disk. 78: the state was replaced or is broken. A locked
 * state ends nothing.
 */
int follow_run(const struct emit_options *o, struct err *err);

struct records_options {
    const struct conf *conf;
    const char *system;
    const char *resource;
    const char *file; /* NULL = stdin; *.csv goes through mlr */
    bool csv;         /* CSV whatever the name */
    bool unified;     /* records have unified names and `id`, not the provider's shape */
    const char *rejects;
};

/*
 * One line without seq a record. Fields a record does not have are left out and the line is
 * partial: nothing is emptied by a column that is not there. CSV values are texts; those of number
 * and bool fields become numbers and booleans where they read as such. 0; 2: some were refused;
 * 64: no such system or resource.
 */
int records_run(const struct records_options *o, struct err *err);

#endif
