#ifndef INGEST_TENANT_H
#define INGEST_TENANT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/conf.h"
#include "store/store.h"

/*
 * One deployment that the listener serves: its config and its state. The config is anybody's to
 * read. The state is the writer's alone (intake.h): opened anew when its file is another one, left
 * alone for a moment after it failed.
 */
struct tenant {
    struct conf *conf;
    struct store *store; /* NULL: not open */
    int64_t retry_at;    /* boot clock; 0: it is well */
    bool said;           /* why it fails has been logged */
    bool unmapped;       /* there may be requests that are not mapped */
    int64_t looked_at;   /* boot clock: when that was asked last */
    int64_t loading_at;  /* boot clock: when `loading` was read */
    unsigned long batch; /* of the intake that had something for it last */
    bool *loading;       /* owned; one for each of conf->syncs */
    atomic_bool failing;
    atomic_llong written_at; /* boot clock: it could be written then */
};

struct tenants {
    struct tenant *list; /* owned */
    size_t n;
};

enum { TENANT_RETRY_MS = 1000, TENANT_PROBE_MS = 3000, TENANT_DEAD_MS = 20000 };

/*
 * PATH (NULL: $LOOPLESS_CONFIG, else ./loopless.yaml) is a config or a folder: then each *.yaml and
 * *.yml in it is one, but definitions and models. -1: faults are printed, or ERR has a code.
 */
int tenants_load(struct tenants *t, const char *path, struct err *err);
/* Opens all states. -1: one is missing or broken; one that is locked is tried again later. */
int tenants_open(struct tenants *t, struct err *err);
void tenants_release(struct tenants *t);

/* Is the state open and whole? Opens it if its time has come. False: it fails, and that is said. */
bool tenant_ready(struct tenant *t);
/* What was to be done with the state failed with ERR, or not (NULL). */
void tenant_failed(struct tenant *t, const struct err *err);
void tenant_worked(struct tenant *t);
/* Tries to write if nothing did lately. */
void tenant_probe(struct tenant *t);
/* Anybody: could it be written lately? */
bool tenant_is_well(const struct tenant *t);
/* Is the resource of a sync loading, as of a second ago? */
bool tenant_is_loading(struct tenant *t, const struct conf_sync *sync);

#endif
