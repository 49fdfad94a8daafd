#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/exit.h"

/*
 * An error as a value. Functions that can fail return -1 (readers: 1 item, 0 end, -1 error) and
 * fill one of these. The library never prints and never exits; src/cmd turns an err into a line
 * on stderr, a reject and an exit status.
 */

/* How much is spoiled by it: one bad record never stops a system, one bad system never the run. */
enum err_scope { ERR_RECORD, ERR_SYSTEM, ERR_RUN };

/* When trying again makes sense. */
enum err_retry { ERR_NOW, ERR_LATER, ERR_NEVER };

struct err {
    enum err_scope scope;
    enum err_retry retry;
    enum exit_status status; /* what the program exits with if this stops it */
    char code[32];           /* short, stable, for scripts: "bad-json", "http-422", "locked" */
    char text[768];          /* one line, lower case, no program name */
    char hint[256];          /* what to do next, or "" */
};

#define ERR_INIT {ERR_RECORD, ERR_NEVER, EXIT_PARTIAL, "", "", ""}

/*
 * Fill ERR (may be NULL) and return -1. The exit status follows from scope and retry: RUN/NEVER
 * 78, LATER 75, RECORD 2, SYSTEM/NEVER 69; err_exit changes it.
 */
int err_set(struct err *err, enum err_scope scope, enum err_retry retry, const char *code,
            const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Put "what: " before the text, on the way up. Returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Say what to do next. Returns -1. */
int err_hint(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Exit with STATUS for this error. Returns -1. */
int err_exit(struct err *err, enum exit_status status);

/* A failed system call: scope RUN, exit 74, text "fmt: strerror(errno)". Returns -1. */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A broken invariant of ours: one line on stderr, exit 70. */
#define BUG(...) err_bug(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void err_bug(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Out of memory: the one place where that ends the process (exit 70). */
_Noreturn void err_no_memory(void);

#endif
