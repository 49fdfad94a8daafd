#ifndef TESTS_CRASH_RECORD_H
#define TESTS_CRASH_RECORD_H

#include <jansson.h>

#include "base/buf.h"

/*
 * Adds what RECORD of a system holds as one line, members in order. Left out is what need not be
 * the same each time: id, external id, times, rev; and null, which is how some write "nothing".
 */
void record_line(struct buf *out, json_t *record);

#endif
