#ifndef SIM_NOTICE_H
#define SIM_NOTICE_H

#include "sim/sim.h"

/*
 * What webhooks say of a write: {"id","collection","action","record_id","occurred_at","rev",
 * "merged_into","actor":{"kind","id"},"write_id","changed":[..],"partial":true,"record":{..}}.
 * write_id is the Idempotency-Key of the call; record and partial follow --webhook-payload; a
 * deletion and a merge, which is an event of the record that is gone, have no record. The quirks
 * webhook-noop, -per-property, -merge-deletes, -no-actor, -no-write-id, -no-id, -no-time and
 * -id-text are here.
 */

/* "skinny", "full", "partial"; -1 for another. */
int notice_payload_parse(const char *text, enum payload *payload);

/*
 * CALL wrote R: keep the events of that in CALL, if anybody wants them. BEFORE are the fields that
 * it had (borrowed; NULL: it was created). `touched`: the record has a new version.
 */
void notice_write(struct sim *s, struct call *call, const struct collection *c,
                  const struct record *r, const json_t *before, bool touched);

/* The same of a merge: LOSER, deleted now, went into WINNER. */
void notice_merge(struct sim *s, struct call *call, const struct collection *c,
                  const struct record *loser, const struct record *winner);

/* Hand CALL's events to the queue; once is enough, twice does no harm. */
void notice_send(struct sim *s, struct call *call);

#endif
