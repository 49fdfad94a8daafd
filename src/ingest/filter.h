#ifndef INGEST_FILTER_H
#define INGEST_FILTER_H

#include "base/err.h"
#include "config/conf.h"

/*
 * sync-ingest filter: captured requests (contract: one JSON object a line) to events without seq.
 * Pure: needs a config with its secrets, no state. A request is verified as of its received_at,
 * where it has one, so that a capture can be run again later.
 */
struct filter_options {
    const struct conf *conf;
    char **files; /* "-" is stdin; none: stdin */
    int n_files;
    const char *rejects;
};

/*
 * 0; 2: some requests were refused, not to be read, of nobody, or had an item that could not be
 * mapped (one line each on stderr, the request in the rejects). ERR has a code if something stopped
 * it.
 */
int filter_run(const struct filter_options *o, struct err *err);

#endif
