#ifndef SIM_WRITE_H
#define SIM_WRITE_H

#include "sim/sim.h"

/*
 * Creates, updates and deletes, by the API and by humans. Each makes the answer, with the quirks
 * of the wire if Q is not NULL, and says in CALL whether it was applied and changed something.
 */
void write_create(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
                  struct reply *reply);

/* The same with FIELDS (taken) out of a body that is read already, under an ID that is free; NULL:
 * a new one. */
void write_new(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
               const char *id, json_t *fields, struct reply *reply);

/* PARTIAL: members that are not sent stay. */
void write_update(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
                  struct record *r, bool partial, struct reply *reply);
/* The same with FIELDS (taken) out of a body that is read already, without preconditions. */
void write_over(struct sim *s, const struct quirks *q, struct call *call, struct collection *c,
                struct record *r, bool partial, json_t *fields, struct reply *reply);
void write_delete(struct sim *s, struct call *call, struct collection *c, struct record *r,
                  struct reply *reply);

/* R, which is deleted, is back; for webhooks it was created. */
void write_undelete(struct sim *s, struct call *call, struct collection *c, struct record *r,
                    struct reply *reply);

/*
 * R goes into the record that the body names ({"into":ID}): R is gone, and the other has R's values
 * where it had none of its own (absent, null or ""). The answer shows the other.
 */
void write_merge(struct sim *s, struct call *call, struct collection *c, struct record *r,
                 struct reply *reply);

/* The answer that shows version V of R. */
void write_show(const struct quirks *q, int status, const struct record *r, const struct version *v,
                struct reply *reply);

#endif
