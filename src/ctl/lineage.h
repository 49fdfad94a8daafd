#ifndef CTL_LINEAGE_H
#define CTL_LINEAGE_H

#include "ctl/internal.h"

/*
 * All that is known of a record, as one object: what `why --json` prints and `why` words.
 *
 *   resource, record      as asked
 *   link                  null, or {link, state, external_id, owned_by, decided, last_decided_at,
 *                         open_writes, ends: [{system, record_id, state, synced_at}]}
 *   fields                [{field, owner, shown: {system: value}, diverged: [system],
 *                         owed: [{to, from, value, since, not_before, refused}], conflict}]
 *   decisions             newest first: [{seq, at, event, folded: [event],
 *                         rules: [{field, record, rule, base, source, target, outcome, text}],
 *                         writes: [{token, target, action, sent, before, state, http_status,
 *                         sent_at, settled_at, response}]}]
 *   events                newest first: [{seq, system, record_id, event_type, path, actor,
 *                         occurred_at, received_at, disposition, reason, disposed_at, not_before}]
 *   rejects               open ones, the newest ten: [{reject, at, stage, target, code, text}]
 *   rejects_open          how many there are
 *
 * With FIELD only of that field. At most MAX decisions.
 */
int lineage_build(struct ctl *c, const struct ctl_record *r, const char *field, size_t max,
                  struct val **out, struct err *err);

/* The parts, for lineage_build. */
int lineage_decisions(struct ctl *c, const struct ctl_record *r, const char *field, size_t max,
                      struct val **out, struct err *err);
struct val *lineage_event(struct ctl *c, const struct store_event *e);
struct val *lineage_fields(struct ctl *c, const struct ctl_record *r, const struct store_link *link,
                           const char *field, const struct store_conflict *conflicts,
                           size_t n_conflicts);

#endif
