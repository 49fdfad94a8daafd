#ifndef BASE_CRASH_H
#define BASE_CRASH_H

/*
 * Crash points: places where a kill -9 would hurt most. Always compiled in. In production a call
 * counts and compares, nothing else.
 *
 * $LOOPLESS_CRASH_AT=N          the N-th point this process passes ends it by _exit(100)
 * $LOOPLESS_CRASH_AT=PROGRAM:N  the same, in the processes of that program only
 * $LOOPLESS_CRASH_TRACE=FILE    each point passed adds "PROGRAM N NAME" to FILE
 */
void crash_point(const char *name);

#endif
