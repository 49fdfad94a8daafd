#ifndef TESTS_CRASH_WORLD_H
#define TESTS_CRASH_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <curl/curl.h>
#include <jansson.h>

#include "base/buf.h"

#include "names.h"
#include "scenario.h"

/*
 * Two simulated systems, a folder with config and state, and one clock for all of them: what a
 * scenario runs in. Any failure that is not the programs' ends the process with 99: no world, no
 * test.
 */
enum {
    USUAL_HASTE = 40,    /* so much faster run the clocks of our programs: a second is 25 ms */
    MAX_HASTE = 50,      /* BETWEEN_MS / RUN_SECONDS is more */
    BETWEEN_MS = 900000, /* before each command */
    BURY_MS = 100,       /* who lives beside the dead waits so long for their leases */
    RUN_SECONDS = 15,    /* for one command; more is a hang */
    STATUS_HUNG = 98     /* what it has ended with then */
};

struct simulator {
    pid_t pid;
    char *url; /* owned */
};

struct world {
    char *folder; /* owned; work/ in it is the current folder of all commands */
    struct simulator sim[SYSTEMS];
    CURL *curl;         /* owned */
    struct names known; /* of all that were before the runs, also if they are gone now */
    long haste;
    int64_t now;
    struct {
        int64_t now;
        struct buf state; /* the file, "" = there is none */
    } mark;
};

/* In a new folder: starts the systems, empty. HASTE is at most MAX_HASTE. */
struct world *world_new(const char *folder, long haste);
void world_free(struct world *w);

/* Time passes, for all; whole seconds. */
void world_pass(struct world *w, int64_t ms);

/* config.yaml of the sources into the folder, with the `set` of the steps before UNTIL. */
void world_configure(struct world *w, const struct scenario *s, size_t until);

/* One call of a system. The answer as JSON, NULL if it was none. Owner: the caller. */
json_t *world_call(struct world *w, int system, const char *method, const char *path,
                   const char *body);
/* All records of a collection. */
json_t *world_dump(struct world *w, int system, const char *collection);
/* Adds what all records of all systems are called now. */
void world_names(struct world *w, struct names *names);

/*
 * A shell command in work/, BETWEEN_MS later. Returns when all that it started is over: its status,
 * STATUS_HUNG if that came to no end. CRASH_AT and TRACE may be NULL. What it says goes to the log.
 */
int world_run(struct world *w, const char *command, const char *crash_at, const char *trace);

/* As if all that is dead had been so for long: their leases end. */
void world_bury(struct world *w);

/* Remember all of it, without files that commands left in work/; and back to that. */
void world_mark(struct world *w);
void world_restore(struct world *w);

/* "FOLDER/work/NAME" and the like. Owner: the caller. */
char *world_path(const struct world *w, const char *name);

void world_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
