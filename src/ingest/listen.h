#ifndef INGEST_LISTEN_H
#define INGEST_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * sync-ingest listen: receives webhooks, verifies them, keeps them, answers, and maps them into the
 * inbox. Never writes to stdout (but with dry_run) and never waits for a pipe.
 */
struct listen_options {
    const char *config; /* a file or a folder; NULL: the default */
    const char *const *addresses;
    size_t n_addresses;     /* 0: what systemd passes, else 127.0.0.1:8080 */
    unsigned threads;       /* 0, too, below: the server's default */
    size_t max_body;        /* bytes */
    unsigned connections;   /* at once */
    const char *ready_file; /* gets {"url":..., "urls":[...]} when it listens; NULL: none */
    bool dry_run;           /* checks all, prints what would be served */
};

/*
 * Serves until SIGTERM or SIGINT (a second one ends it at once); 0 then. Else the exit status; ERR
 * has a code if what is wrong has not been printed.
 */
int listen_run(const struct listen_options *o, struct err *err);

#endif
