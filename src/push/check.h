#ifndef PUSH_CHECK_H
#define PUSH_CHECK_H

#include "base/err.h"
#include "config/conf.h"
#include "stream/decision.h"
#include "stream/event.h"

/*
 * Does a decision fit this config? Lines may be made by hand, or by a sync-diff with another
 * config. Its resource is synced, its systems are those of the sync with their accounts, and each
 * write sets something, now or later, and only fields that are synced and that the target's
 * definition has; a delete sets nothing, names its record, and the config propagates deletes.
 * Fills what a line may leave out (accounts, event_type updated, path manual) and SYNC. 0, or -1
 * with a RECORD error: not-synced, wrong-account, bad-decision. Pure.
 */
int check_decision(const struct conf *conf, struct event *e, struct decision *d,
                   const struct conf_sync **sync, struct err *err);

#endif
