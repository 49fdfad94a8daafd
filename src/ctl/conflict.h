#ifndef CTL_CONFLICT_H
#define CTL_CONFLICT_H

#include "ctl/internal.h"

/* A conflict with what it is about. */
struct conflict {
    struct store_conflict row;
    struct store_link link;
    const struct conf_sync *sync;
    const struct sync_field *field; /* NULL: it is not of one field, or of one no longer synced */
};

/* Conflict NUMBER: 0, 64, 1 there is none, -1. */
int conflict_load(struct ctl *c, const char *number, struct conflict *out, struct err *err);

bool conflict_is_open(const struct conflict *x);
/* Open, or what was decided by it cannot be read, so that it may be decided again. */
bool conflict_may_end(const struct conflict *x);

#endif
