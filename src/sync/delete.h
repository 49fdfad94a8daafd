#ifndef SYNC_DELETE_H
#define SYNC_DELETE_H

#include "sync/field.h"

/*
 * What becomes of a decision before any field is settled: what is gone, deleted or ended decides
 * whether there is anything to settle. Private to src/sync. The rules stand in decide.h.
 */
enum course {
    COURSE_SETTLE, /* field by field, as ever */
    COURSE_STOP,   /* nothing is looked at, nothing covered; D has the disposition */
    COURSE_DELETE, /* the nominator's delete goes on to the others */
    COURSE_END     /* an edit survives alone: the link ends with what it shows */
};

/* The course for CASES, which have been opened. Fills reopen, ended_why, disposition and text of D.
 * ANEW: deleted ends are to be made again. */
enum course course_of(const struct field_case *cases, struct arena *a,
                      const struct decide_input *in, struct decision *d, bool *anew);

/* The deletes of COURSE_DELETE. */
void delete_ends(const struct field_case *cases, struct arena *a, const struct decide_input *in,
                 struct decision *d);

size_t decide_count(const struct decide_input *in, enum end_state state);
/* What end I shows of the synced fields; with OPEN also of those left open. */
const struct val *decide_shown(const struct field_case *cases, struct arena *a,
                               const struct decide_input *in, size_t i, bool open);

#endif
