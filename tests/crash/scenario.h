#ifndef TESTS_CRASH_SCENARIO_H
#define TESTS_CRASH_SCENARIO_H

#include <stddef.h>

/*
 * A row of the table: one small text file. A line is a word and what follows it; `#` begins a
 * comment. Systems are a and b; a record is called by its name (names.h), also after it is gone.
 *
 *   about TEXT              what it shows
 *   set NAME VALUE          in config.yaml: VALUE for what stands there as @NAME=DEFAULT@
 *   add SYSTEM JSON         a person makes a record; one with a domain is a company
 *   edit SYSTEM NAME JSON   a person changes one
 *   delete SYSTEM NAME
 *   restore SYSTEM NAME     a person undoes the delete
 *   merge SYSTEM NAME INTO  a person merges it into the one that is called INTO
 *   hook SYSTEM NAME TYPE [INTO]  a webhook said so (created, updated, deleted, merged)
 *   quirk SYSTEM NAME VALUE of sync-sim; VALUE may be missing
 *   clock SPAN              time passes
 *   do STATUS COMMAND       setup by our programs, which must end with STATUS
 *   run COMMAND             what is stopped at each of its crash points; more than one run in turn
 *   settle COMMAND          what is run again until all is settled ("sync-reconcile run")
 *   ends STATUS             with which `settle` ends then (0)
 *   open N                  what is left open then: events, intents, owed (0)
 *   wants SYSTEM JSON       a record that is there at the end, without id, times and nulls
 *   writes SYSTEM C U [D]   creates, updates that changed something, deletes; from `run` on
 *   every N                 with --often: so many points are tried, whatever --every says
 *   saves SYSTEM N          so many updates fewer are right, too: what is written later may be
 *                           known at once, as who decides and who writes run side by side (0)
 */
enum { SYSTEMS = 2, MAX_STEPS = 100, MAX_RUNS = 4 };

enum step_kind {
    STEP_SET,
    STEP_ADD,
    STEP_EDIT,
    STEP_DELETE,
    STEP_RESTORE,
    STEP_MERGE,
    STEP_HOOK,
    STEP_QUIRK,
    STEP_CLOCK,
    STEP_DO
};

struct step {
    enum step_kind kind;
    int line;
    int system;  /* 0 = a */
    int status;  /* of STEP_DO */
    char *name;  /* owned, as value */
    char *value; /* "" if there is none */
};

struct scenario {
    char *name; /* owned, as all texts; the file's, without folder and .txt */
    char *about;
    struct step steps[MAX_STEPS];
    size_t n_steps;
    char *runs[MAX_RUNS];
    size_t n_runs;
    char *settle;
    int ends;
    long open;
    long every;           /* 0: as all others */
    char *wants[SYSTEMS]; /* the records as lines, sorted */
    long creates[SYSTEMS];
    long updates[SYSTEMS];
    long deletes[SYSTEMS];
    long saves[SYSTEMS];
};

/* Ends the process with 78 and file:line if FILE is not in order. */
struct scenario *scenario_load(const char *file);
void scenario_free(struct scenario *s);

/* Lines (each with its newline) in order. Owner: the caller. */
char *lines_sorted(const char *text);

#endif
