#ifndef TESTS_WORLD_WORLD_H
#define TESTS_WORLD_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <curl/curl.h>
#include <jansson.h>

#include "base/buf.h"

#include "plan.h"

/*
 * A folder with config and state, the simulated systems, and our programs as a service manager and
 * cron would run them; one hastened clock for all. What the driver cannot do ends the process with
 * 99.
 */
enum {
    USUAL_HASTE = 50,
    MAX_PROCS = 1024,
    STATUS_RUNNING = -1,
    STATUS_SIGNAL = 128 /* + its number */
};

enum role {
    ROLE_EMIT,
    ROLE_FILTER,
    ROLE_DIFF,
    ROLE_PUSH,
    ROLE_LISTENER,
    ROLE_CRON,
    ROLE_SIM,
    ROLE_ORPHAN,
    ROLE_TOOL
};

struct proc {
    pid_t pid;
    enum role role;
    int status;   /* STATUS_RUNNING, or how it ended */
    int group;    /* programs of one pipe have the same */
    bool killed;  /* -9, by us */
    bool stopped; /* SIGTERM, by us */
};

struct world {
    struct plan *plan;       /* borrowed */
    const char *folder;      /* borrowed */
    CURL *curl;              /* owned */
    char *urls[MAX_SYSTEMS]; /* owned */
    char *listener_url;      /* owned; NULL: none was ever started */
    struct proc procs[MAX_PROCS];
    int n_procs;
    int n_groups;
    struct proc *stages[4]; /* of the pipe; NULL: never started */
    struct proc *listener;
    int step; /* now */

    long haste;
    FILE *trace; /* owned */
    bool verbose;
    bool twins;     /* two people made the same: records may be refused as ambiguous */
    struct buf why; /* what is wrong; empty = nothing */
};

/* Makes the folder's files, starts the systems. FOLDER is there. */
struct world *world_new(struct plan *p, const char *folder, long haste, bool verbose);
/* Ends all that runs. */
void world_free(struct world *w);

/* One call of a system; NULL where that was answered with an error or no JSON. Owner: the caller.
 */
json_t *world_call(struct world *w, int system, const char *method, const char *path, json_t *body);
json_t *world_dump(struct world *w, int system, const char *collection);
void world_quirk(struct world *w, int system, const char *name, const char *value);
/* "name=value" or "name"; on or off. */
void world_quirk_text(struct world *w, int system, const char *text, bool on);

/* Hastened time passes; children that are over are noted. */
void world_nap(struct world *w, int ms);
void world_reap(struct world *w);

/* ARGV[0] is a program of ours; stdout goes to OUT ("cron.ndjson" and the like). */
struct proc *world_start(struct world *w, enum role role, const char *const *argv, const char *out);
/* Waits for it, MS hastened time at most: its status, or STATUS_RUNNING. */
int world_wait(struct world *w, struct proc *p, int ms);
/* Both at once. It is a violation not to end. */
int world_run(struct world *w, const char *const *argv, const char *out);
void world_kill(struct world *w, struct proc *p, int sig);

/* The service: what of it runs is left alone. */
void world_start_pipe(struct world *w);
void world_stop_pipe(struct world *w); /* and waits for it */
bool world_has_pipe(struct world *w);  /* whole */
void world_start_listener(struct world *w);
void world_stop_listener(struct world *w);
void world_hooks(struct world *w, bool on); /* where the systems send them */

/* A line of the trace. */
void world_say(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Something is wrong; the first such is what the world fails with. */
void world_blame(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

char *world_path(const struct world *w, const char *name); /* owner: the caller */
void world_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
