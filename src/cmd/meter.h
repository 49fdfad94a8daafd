#ifndef CMD_METER_H
#define CMD_METER_H

#include "base/opt.h"
#include "config/conf.h"
#include "provider/meter.h"

/*
 * The state as what providers share limits and count calls in (provider/meter.h). It opens the
 * state once more, for itself: who asks for a token may be in the middle of reading or writing with
 * the other one.
 */
struct meter_store;

/*
 * PERSON: for somebody who waits (sync-ctl). Where there is no state, or none that can be written
 * (-n), limits others found are respected as far as they can be read, and nothing is counted. Never
 * NULL.
 */
struct meter_store *meter_open(const struct opt_common *common, const struct conf *conf,
                               bool person);
const struct meter *meter_of(const struct meter_store *m);
void meter_close(struct meter_store *m); /* after all providers; NULL is fine */

#endif
