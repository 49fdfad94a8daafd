#ifndef TESTS_CRASH_TRIAL_H
#define TESTS_CRASH_TRIAL_H

#include "capture.h"
#include "scenario.h"
#include "world.h"

/*
 * One scenario in its world: set up, run without a crash (the base), then stopped at its points.
 * What is found wrong is added to `report` as TAP comments.
 */
struct point {
    int run; /* index of the run */
    long n;  /* of the process */
    char program[32];
    char name[64];
};

struct trial {
    const struct scenario *scenario; /* borrowed */
    struct world *world;             /* owned */
    struct capture base;
    struct point *points; /* owned */
    size_t n_points;
    struct buf report;
    long passed;   /* points at which something was really stopped */
    long missed;   /* others were there before: processes that race */
    int tries;     /* most runs it took to settle */
    int64_t ms[3]; /* until stopped, to settle, to compare */
};

enum { TRIAL_STOP, TRIAL_SETTLE, TRIAL_COMPARE };

/* Sets up. 0, else a step failed. */
int trial_open(struct trial *t, const struct scenario *s, const char *folder, long haste);
/* The run that nothing stops, and `settle` after it: 0 as the table says, -1. Finds the points. */
int trial_base(struct trial *t);
/* Once more: 0 if nothing changed. */
int trial_again(struct trial *t);
/* Stopped at P, run again until settled: 0 if all is as without. */
int trial_point(struct trial *t, const struct point *p);
void trial_close(struct trial *t);

#endif
