#ifndef DIFF_DIFF_H
#define DIFF_DIFF_H

#include <stdbool.h>

#include "base/err.h"
#include "config/conf.h"
#include "provider/meter.h"
#include "store/store.h"

/*
 * sync-diff at work: events in, decisions out (DESIGN.md sections 4 and 6). Reads the state, never
 * writes it. Lines are taken in batches of what is available; the ends of a batch are read
 * together, each end once; lines come out in the order they came.
 */
struct diff_options {
    const struct conf *conf;
    struct store *store; /* NULL: no state, links by match keys and record ids only */
    const char *current; /* FILE with the other ends' present records instead of the API */
    const char *plan;    /* FILE: the decisions go there, a summary to stdout */
    bool human;          /* --format=human */
    bool exit_code;      /* 1 if there is a difference */
    bool color;
    const char *rejects;              /* FILE or NULL */
    const struct meter *meter;        /* NULL: nothing is shared or counted */
    const struct token_store *tokens; /* NULL: access tokens are kept nowhere */
};

/* Runs until input ends. Returns the exit status; ERR is filled if it stopped early. */
int diff_run(const struct diff_options *o, struct err *err);

#endif
