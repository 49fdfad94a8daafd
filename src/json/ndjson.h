#ifndef JSON_NDJSON_H
#define JSON_NDJSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Newline-delimited JSON in and out. A newline commits a line: an unterminated last line is not
 * returned (ndjson_torn tells). CR before LF and a BOM at the start are dropped, empty lines are
 * skipped. A line over NDJSON_MAX_LINE is one RECORD error ("line-too-long"), then reading goes on
 * behind it.
 */
enum { NDJSON_MAX_LINE = 16 * 1024 * 1024, NDJSON_LATER = 2 };

struct ndjson_reader;

struct ndjson_reader *ndjson_open(int fd, const char *name); /* FD is borrowed; NAME for messages */
/*
 * The next line, without its newline, NUL-terminated; borrowed until the next call. 1 line, 0 end,
 * -1 error: scope RECORD = go on with the next line; scope RUN (read failed, exit 74) = stop.
 */
int ndjson_next(struct ndjson_reader *r, const char **line, size_t *len, struct err *err);
/* The same without waiting, also inside a half-written line: NDJSON_LATER if no whole line is here
 * yet. For loops that have other work (leases, answers) and poll the descriptor. */
int ndjson_try(struct ndjson_reader *r, const char **line, size_t *len, struct err *err);
/*
 * While waiting for input, notice that whoever reads OUT (a pipe or socket that we write) is gone:
 * then ndjson_next fails as a write to it would (RUN, exit 74). So a pipe collapses when one stage
 * dies, also while nothing flows. OUT is borrowed.
 */
void ndjson_watch(struct ndjson_reader *r, int out, const char *name);
/* Is the reader of OUT gone? */
bool ndjson_unread(int out);
/* Number of the line last returned or refused, from 1. */
long ndjson_line(const struct ndjson_reader *r);
/* Is a whole line here already, or input readable without waiting (end of file counts)? */
bool ndjson_ready(const struct ndjson_reader *r);
/* Is a whole line in the buffer (no look at the descriptor)? For event loops that poll the fd. */
bool ndjson_buffered(const struct ndjson_reader *r);
/* After the end: was an unterminated last line dropped? */
bool ndjson_torn(const struct ndjson_reader *r);
void ndjson_close(struct ndjson_reader *r); /* NULL is fine */

struct ndjson_writer;

struct ndjson_writer *ndjson_create(int fd, const char *name);
/* Adds LINE and a newline; written when 64 KiB are full. 0, or -1: err RUN, exit 74 (EPIPE too). */
int ndjson_put(struct ndjson_writer *w, const char *line, size_t len, struct err *err);
int ndjson_flush(struct ndjson_writer *w, struct err *err);
long ndjson_count(const struct ndjson_writer *w); /* lines put */
/* Flushes and frees. Must be checked: a full disk shows here at the latest. */
int ndjson_finish(struct ndjson_writer *w, struct err *err);

#endif
