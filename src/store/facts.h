#ifndef STORE_FACTS_H
#define STORE_FACTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"
#include "stream/event.h"
#include "stream/facts.h"

/*
 * Many reads of one state, which is that of the first of them: cheaper than each alone. Between a
 * look and its end nothing may be written, and nobody should wait there: it keeps the -wal from
 * getting smaller. Ending none is fine.
 */
int store_look(struct store *s, struct err *err);
void store_look_end(struct store *s);

/*
 * What there is to know about the end that event E nominates: for judging whether it is an echo
 * (sync/echo.h). In three steps, because most events need the first one only. 0, -1.
 */
int store_facts(struct store *s, struct arena *a, const struct event *e, struct facts *out,
                struct err *err);
/*
 * The same of N events, one after the other in OUT: quicker, as each STORE_FACTS_AT_ONCE of them
 * are looked up together.
 */
enum { STORE_FACTS_AT_ONCE = 16 };
int store_facts_all(struct store *s, struct arena *a, const struct event *const *events, size_t n,
                    struct facts *out, struct err *err);
/* Adds whether the link of that end (there is one) is at rest but for the event admitted as SEQ. */
int store_facts_lane(struct store *s, int64_t seq, struct facts *out, struct err *err);
/*
 * Adds what we wrote to that end since SINCE, newest first: at most STORE_FACTS_WRITES (the oldest
 * are missing then). 0, -1.
 */
enum { STORE_FACTS_WRITES = 32 };
int store_facts_writes(struct store *s, struct arena *a, const struct event *e, int64_t since,
                       struct facts *out, struct err *err);

#endif
