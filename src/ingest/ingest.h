#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "config/conf.h"
#include "store/store.h"

/*
 * sync-ingest at work. emit: the only emitter of admitted events. records: plain records to events.
 */
struct emit_options {
    const struct conf *conf;
    struct store *store;
    const char *run;     /* named on the lines; limits are counted for it */
    int64_t until_seq;   /* 0 = all rows there are at the start */
    long window;         /* events out at most, default 1,024 */
    bool dry_run;        /* shows what would be emitted, takes no lease */
};

/*
 * Bounded: emits what is pending and free up to until_seq, waits until it is settled by the stages
 * behind, ends with an eos line. 0: all settled; 75: some wait (paused, not_before over 5 s away).
 */
int emit_run(const struct emit_options *o, struct err *err);

struct records_options {
    const struct conf *conf;
    const char *system;
    const char *resource;
    const char *file;    /* NULL = stdin; *.csv goes through mlr */
    bool unified;        /* records have unified names and `id`, not the provider's shape */
    const char *rejects;
};
int records_run(const struct records_options *o, struct err *err);

#endif
