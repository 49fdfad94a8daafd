#ifndef CTL_INTERNAL_H
#define CTL_INTERNAL_H

#include "base/arena.h"
#include "config/conf.h"
#include "ctl/ctl.h"
#include "store/store.h"

/* What a verb works with: opened as its row of the table says, closed by ctl_run. */
struct ctl {
    const struct ctl_options *o;
    struct arena *arena;
    struct conf *conf;   /* NULL if the verb needs none */
    struct store *store; /* NULL if the verb needs none */
    int64_t now;
};

/* A verb: operands in, exit status out (ERR filled on errors). */
typedef int ctl_verb(struct ctl *c, int argc, char **argv, struct err *err);

ctl_verb ctl_init, ctl_check, ctl_status, ctl_jobs, ctl_audit, ctl_pause, ctl_resume, ctl_history,
    ctl_gc;

/* err "usage", exit 64. Returns 64. */
int ctl_bad_usage(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Splits "SYSTEM:ID" (the id may hold colons) into the arena; 0 or 64. */
int ctl_split_record(struct ctl *c, const char *text, const char **system, const char **id,
                     struct err *err);

/*
 * Are these names (NULL: none) of the config? 0, or 64 with those there are as the hint. Without a
 * config that can be read: a warning, and 0.
 */
int ctl_check_names(struct ctl *c, const char *system, const char *resource, struct err *err);

/* Prints a line on stdout; -1 with err "io". */
int ctl_say(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
