#ifndef STORE_PAUSE_H
#define STORE_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

/* Pauses: what may not be written to now. */

struct store_pause {
    int64_t pause_id;
    const char *scope; /* all account direction resource record run */
    const char *run_id, *system, *account, *direction, *resource, *record_id, *reason, *by;
    int64_t since, until; /* until 0 = until resumed */
};
/* `by` of a pause of a record by the loop breaker: no end of its link is written. */
#define STORE_LOOP_PAUSE "sync-push"
#define STORE_LIMIT_PAUSE "limits" /* by a limit; what it counted may go out */
int store_pause_add(struct store *s, const struct store_pause *p, int64_t now, struct err *err);
int store_pauses(struct store *s, struct arena *a, int64_t now, struct store_pause **out,
                 struct err *err);
/* Lifts a pause; what was owed to its target meanwhile is due at NOW. 1, 0 no such, -1. */
int store_pause_lift(struct store *s, int64_t pause_id, int64_t now, struct err *err);
/* Does P withhold writes to this target record? Pure. record_id may be NULL. */
bool store_pause_matches(const struct store_pause *p, const char *system, const char *account,
                         const char *resource, const char *record_id, const char *run_id);

#endif
