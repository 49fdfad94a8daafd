#ifndef SYNC_PROVE_H
#define SYNC_PROVE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "config/conf.h"
#include "json/val.h"

/*
 * Does a sync settle, as it is configured? Pure: values are sent around by decide() itself, between
 * systems that store by their `stores:` rules and value tables, so that what is proved is what
 * runs. For every field that two systems map, from every system whose edits are written elsewhere:
 * to each other system and back, and around all of them.
 *
 * One round: the edit is decided and stored everywhere; then each other system in turn says what it
 * has as if that were news. After it all must compare equal and nothing may have been written a
 * second time, nor when they meet anew without shadows. A word that comes back as another one of
 * the same meaning is settled.
 *
 * Tried are values made up for the field's type, its table's words, the lengths that its rules cut
 * at, and what the systems show in the state. References are left out: their table is the links.
 */
struct prove_link {
    const struct val **shadows;  /* [n_between], NULL: no end there */
    const struct val **diverged; /* [n_between], names known to differ; may be NULL each */
    const char **left;           /* fields that are owed or have an open conflict */
    size_t n_left;
};

enum prove_kind {
    PROVE_CYCLE,    /* does not settle */
    PROVE_APART,    /* two systems hold one record's field differently in the state */
    PROVE_UNMAPPED, /* a warning: a word that has none elsewhere */
    PROVE_CUT,      /* a warning: an edit at one system shortens what another has */
    PROVE_LOSSY     /* a warning: a system shows what its own rules say it cannot store */
};

struct prove_finding {
    enum prove_kind kind;
    const char *field;
    const char *path;                  /* "app -> crm -> app" */
    const struct val *value, *becomes; /* the shortest that shows it; NULL where there is none */
    const char *text;                  /* for people, PATH in it */
};

struct prove {
    struct prove_finding *findings; /* those that fail first */
    size_t n, n_failed;
    size_t n_fields, n_cycles, n_values, n_refs; /* what was tried; references left out */
};

/* All of it in A. */
void prove_sync(struct arena *a, const struct conf_sync *sync, const struct prove_link *links,
                size_t n, struct prove *out);

#endif
