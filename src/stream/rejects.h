#ifndef STREAM_REJECTS_H
#define STREAM_REJECTS_H

#include <stddef.h>

#include "base/err.h"

/*
 * The file of --rejects: refused lines as they came, appended, so that they can be mended and fed
 * again. A NULL path gives rejects that only count.
 */
struct rejects;

struct rejects *rejects_open(const char *path, struct err *err); /* NULL: cannot be opened */
int rejects_add(struct rejects *r, const char *line, size_t len, struct err *err);
long rejects_count(const struct rejects *r);
void rejects_close(struct rejects *r); /* NULL is fine */

#endif
