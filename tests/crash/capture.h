#ifndef TESTS_CRASH_CAPTURE_H
#define TESTS_CRASH_CAPTURE_H

#include "world.h"

/*
 * Everything that must be the same however often a run was stopped, as sorted lines: the records of
 * both systems, links, shadows, owed fields, rejects, what is open, how many creates, updates and
 * deletes were really done. Records are called by their names, since ids differ from run to run.
 */
struct capture {
    char *records[SYSTEMS]; /* owned, as all texts */
    char *state;
    long creates[SYSTEMS];
    long updates[SYSTEMS]; /* that changed something */
    long deletes[SYSTEMS];
    long open; /* events and intents: settled is 0, or what scenario means to leave */
};

void capture_take(struct capture *c, struct world *w);

/* Adds what only one of them has: "-" is of BASE, "+" of NOW. Returns how many lines. */
int capture_compare(const struct capture *base, const struct capture *now, struct buf *out);

/* The same for two texts of sorted lines about WHAT. */
int capture_compare_lines(const char *what, const char *base, const char *now, struct buf *out);

void capture_release(struct capture *c);

#endif
