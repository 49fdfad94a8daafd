#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/opt.h"
#include "config/conf.h"
#include "provider/meter.h"

/*
 * sync-ctl at work: what an operator asks and says. Each verb is a row of one table; it opens what
 * it needs and no more, so that pause works with a broken config.
 */
struct ctl_options {
    /* Limits and counters of the state of CONF, for calls that a person waits for; NULL: none. */
    const struct meter *(*meter)(void *meter_user, const struct conf *conf);
    void *meter_user;
    const struct opt_common *common;
    const char *reason;  /* pause */
    const char *until;   /* pause: a time, or a span from now */
    bool accept_account; /* resume */
    bool login;
    bool online;         /* check */
    long last;           /* lists, history, why: so many */
    bool all;            /* conflicts, rejects list: also those that are closed */
    const char *code;    /* rejects: of this kind */
    bool create;         /* rejects replay: a create of unknown outcome may be made again */
    bool yes;            /* rejects replay: many at once */
    const char *missing; /* links list: those without a record at this system */
    bool ended;          /* links list: also those that have ended */
    bool unseen;         /* links link: nobody looks whether the records are there */
    bool forget;         /* links unlink: the records may be matched anew; normalizers: the pairs */
};

/* Verbs with their operands and a line each, for --help and the page. */
const char *ctl_usage(void);

/*
 * Runs ARGV[0] with its operands. Returns the exit status; on an error ERR is filled. A wrong
 * command line is err "usage", exit 64.
 */
int ctl_run(const struct ctl_options *o, int argc, char **argv, struct err *err);

#endif
