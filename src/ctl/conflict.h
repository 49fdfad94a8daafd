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

/* That of a merge: SYSTEM's record VANISHED became LEFT, and both were linked. */
struct merge {
    const char *system, *vanished, *left;
    const struct store_end *still; /* of the conflict's link: VANISHED is linked still; or NULL */
    struct store_link other;       /* that of LEFT, living; or zeroed */
};
/* 1, 0 it is of no merge, -1. */
int conflict_merge(struct ctl *c, const struct conflict *x, struct merge *m, struct err *err);
/* The command that takes VANISHED out of its link: "sync-ctl links unlink ...". */
const char *merge_unlink(struct ctl *c, const struct conflict *x, const struct merge *m);
/* Those that give LEFT to the record's other ends instead; NULL: there is none. */
const char *merge_join(struct ctl *c, const struct conflict *x, const struct merge *m);

bool conflict_is_open(const struct conflict *x);
/* Open, or what was decided by it cannot be read, so that it may be decided again. */
bool conflict_may_end(const struct conflict *x);

#endif
