#ifndef PUSH_PUSH_H
#define PUSH_PUSH_H

#include <stdbool.h>

#include "base/err.h"
#include "config/conf.h"
#include "provider/meter.h"
#include "store/store.h"

/*
 * sync-push at work: decisions in, writes out, results on stdout (DESIGN.md sections 4 and 5).
 * One event loop over stdin and HTTP: decide (one durable transaction a batch), mark sent, send,
 * settle (one transaction a batch of answers), print a line a write.
 *
 * Intents are marked `sent` a batch at a time, just before they are handed to curl, not one by one
 * after their connection stands: what is `sent` is a superset of what may have gone out, which
 * costs a look-up after a crash and saves an fsync a write. At most twice a system's `concurrency`
 * is marked and handed over at once, so that nothing marked waits long for a connection.
 *
 * SIGTERM and SIGINT end it (handlers are set here): nothing more is read, what is under way is
 * settled. SIGPIPE must be ignored by the caller.
 */
struct push_options {
    const struct conf *conf;
    struct store *store;           /* read-only with dry_run */
    const char *plan;              /* FILE instead of stdin: applies exactly that */
    bool dry_run;                  /* prints the requests, secrets redacted; no effect */
    bool yes;                      /* limits lifted for this run */
    long canary;                   /* stop behind so many lines with writes; -1 = no */
    long max_creates, max_updates; /* of the command line; -1 = as configured */
    long max_deletes;
    const char *rejects;              /* FILE or NULL */
    const struct meter *meter;        /* NULL: nothing is shared or counted */
    const struct token_store *tokens; /* NULL: access tokens are kept nowhere */
};

/*
 * Runs until input ends and everything is settled. Returns the exit status. ERR is filled (its code
 * is not "") if something of the whole run failed; everything else was said on stderr before.
 */
int push_run(const struct push_options *o, struct err *err);

#endif
