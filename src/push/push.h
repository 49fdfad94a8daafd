#ifndef PUSH_PUSH_H
#define PUSH_PUSH_H

#include <stdbool.h>

#include "base/err.h"
#include "config/conf.h"
#include "store/store.h"

/*
 * sync-push at work: decisions in, writes out, results on stdout (DESIGN.md sections 4 and 5).
 * One event loop over stdin and HTTP: decide (one durable transaction a batch), mark sent, send,
 * settle (one durable transaction a batch of answers), print a line a write.
 */
struct push_options {
    const struct conf *conf;
    struct store *store; /* read-only with dry_run */
    const char *plan;    /* FILE instead of stdin: applies exactly that */
    bool dry_run;        /* prints the requests, secrets redacted; no effect */
    bool yes;            /* limits lifted for this run */
    long max_creates, max_updates; /* of the command line; -1 = as configured */
    const char *rejects; /* FILE or NULL */
};

/* Runs until input ends and everything is settled. Returns the exit status. */
int push_run(const struct push_options *o, struct err *err);

#endif
