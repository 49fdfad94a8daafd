#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/err.h"

/*
 * What a program says on stderr: one line, lower case, "PROGRAM: error: TEXT", and for an err with
 * a hint a second line "PROGRAM: hint: ...". Used by src/cmd and by the engines, never below them.
 * Bytes that could drive a terminal (C0, C1, DEL, bad UTF-8) are written as \xNN, characters that
 * could disguise a line (base/text.h) as \uNNNN.
 * --log-format=json makes each line {"time","level","program","code","text","hint"}.
 */
enum log_level { LOG_QUIET = -1, LOG_NORMAL = 0, LOG_VERBOSE = 1 };

void log_setup(enum log_level level, bool json);

void log_err(const struct err *err); /* always */
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));    /* not with -q */
void log_verbose(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* only with -v */

/*
 * A progress line that rewrites itself, only if stderr is a terminal and not -q: "WHAT: N of TOTAL,
 * RATE/s, ETA". TOTAL 0 = unknown. At most 5 a second; log_progress_end clears it. Any other line
 * clears it first.
 */
void log_progress(const char *what, long long done, long long total);
void log_progress_end(void);

#endif
