#ifndef STORE_SQLITE_QUIET_H
#define STORE_SQLITE_QUIET_H

#include "store/sqlite/internal.h"

/*
 * A transaction that nobody is woken by and nobody waits on the disk for; part of the open one if
 * there is one. No crash point: it changes nothing that has to fit to anything else.
 */
int quiet_begin(struct store *s, struct tx *tx, struct err *err);
/* A negative RESULT rolls it back. Returns RESULT, or -1. */
int quiet_end(struct store *s, const struct tx *tx, int result, struct err *err);

#endif
