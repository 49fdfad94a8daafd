#ifndef DIFF_ROW_H
#define DIFF_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/event.h"

/*
 * May the line itself stand for the nominated record, so that this end is not read? (DESIGN.md
 * section 6.) Only for an end that is read; one that is to be written is read freshly anyway.
 */
struct row_context {
    bool no_calls;      /* --current, or no state: the lines are what there is */
    bool linked;        /* the record has a link */
    int64_t decided_at; /* of the link's last decision, 0 = never */
    int64_t lag_ms;     /* so long a listing may show what was before (`settle`, `lag`) */
};

/*
 * A whole row of a listing may, if it was asked for after the link's last decision, and so long
 * after it that the listing shows what was there then; so may data made by hand of an unlinked
 * record. What came by webhook or stream never does, not even whole and with a version that counts
 * up: the shadow's version may be older than our own last write (an answer need not tell it), and a
 * payload between the two would bring back what that write replaced. Neither do partial and skinny
 * lines, those that stand for several (folded), and those that may be an echo.
 */
bool row_stands(const struct event *e, const struct row_context *c);

#endif
