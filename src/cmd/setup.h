#ifndef CMD_SETUP_H
#define CMD_SETUP_H

#include <stdbool.h>

#include "base/opt.h"
#include "config/conf.h"
#include "store/store.h"

/*
 * What every program does at its start and end: load the config, open the state, say what is wrong
 * and turn it into an exit status.
 */

/* Prints ERR; returns its exit status. */
int setup_fail(const struct err *err);

/*
 * No core of this process is written: it holds secrets. (A limit of 1 byte, which a core handler in
 * a pipe obeys, too.)
 */
void setup_no_core(void);

/* The checked config. Faults are printed one a line, then exit 78. */
struct conf *setup_conf(const struct opt_common *common, bool no_secrets);

/* The config if there is one, NULL if none is to be found; faults as above. */
struct conf *setup_conf_maybe(const struct opt_common *common, bool no_secrets);

/* The open state; error printed and exit if it cannot be opened. With -n always read-only. */
struct store *setup_store(const struct opt_common *common, const struct conf *conf,
                          enum store_mode mode);

/* Ignores SIGPIPE: for programs with effects, which finish their work and exit 74. */
void setup_finish_on_broken_pipe(void);

#endif
