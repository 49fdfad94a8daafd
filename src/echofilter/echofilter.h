#ifndef ECHOFILTER_ECHOFILTER_H
#define ECHOFILTER_ECHOFILTER_H

#include <stdbool.h>

#include "base/err.h"
#include "config/conf.h"
#include "store/store.h"

/*
 * sync-echofilter at work: drops what is certainly no news, in the state too; everything else
 * passes byte for byte.
 */
struct echofilter_options {
    const struct conf *conf;
    struct store *store; /* NULL: nothing is certain, everything passes */
    bool dry_run;        /* dropped lines stay undisposed */
    const char *dropped; /* FILE for dropped lines, or NULL */
    bool explain;        /* a line on stderr for each dropped line */
    const char *rejects;
};

int echofilter_run(const struct echofilter_options *o, struct err *err);

#endif
