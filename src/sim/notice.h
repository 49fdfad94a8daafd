#ifndef SIM_NOTICE_H
#define SIM_NOTICE_H

#include "sim/sim.h"

/*
 * What webhooks say of a write: {"id","collection","action","record_id","occurred_at","rev",
 * "actor":{"kind","id"},"write_id","changed":[..],"partial":true,"record":{..}}. write_id is the
 * Idempotency-Key of the call; record and partial follow --webhook-payload; a deletion has no
 * record. The quirks webhook-noop, -per-property, -no-actor, -no-write-id, -no-id, -no-time and
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

/* Hand CALL's events to the queue; once is enough, twice does no harm. */
void notice_send(struct sim *s, struct call *call);

#endif
