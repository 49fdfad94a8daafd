#ifndef SIM_CURSOR_H
#define SIM_CURSOR_H

#include "base/buf.h"
#include "sim/record.h"

/*
 * Cursors of listings: where the last record of a page stands, (updated, id), as hex digits. They
 * stay good whatever is written in between.
 */

void cursor_format(struct buf *out, const struct place *place);

/* KEY holds the id's text, which PLACE borrows. -1 if TEXT is no cursor. */
int cursor_parse(const char *text, struct buf *key, struct place *place);

#endif
