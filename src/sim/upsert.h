#ifndef SIM_UPSERT_H
#define SIM_UPSERT_H

#include "sim/sim.h"

/*
 * Writes that may be repeated: PATCH or PUT /COLLECTION/by/FIELD/VALUE and POST
 * /COLLECTION/upsert?by=FIELD make the record whose FIELD has that value (201), or update the one
 * there is (200); PUT /COLLECTION/ID?create=true makes a record of that id, or says 409. Each makes
 * the answer, and says what it was.
 */
bool upsert_is_url(const struct call *call);
enum journal_kind upsert_url(struct sim *s, struct call *call, struct collection *c,
                             struct reply *reply);
enum journal_kind upsert_body(struct sim *s, struct call *call, struct collection *c,
                              struct reply *reply);

bool upsert_is_create(const struct call *call);
enum journal_kind upsert_create(struct sim *s, struct call *call, struct collection *c,
                                struct reply *reply);

/*
 * The record of C whose FIELD is VALUE, made or updated with FIELDS (taken), which are set to have
 * it. Several of them are 300.
 */
enum journal_kind upsert_by(struct sim *s, struct call *call, struct collection *c,
                            const char *field, const char *value, json_t *fields,
                            struct reply *reply);

#endif
