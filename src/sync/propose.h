#ifndef SYNC_PROPOSE_H
#define SYNC_PROPOSE_H

#include "base/arena.h"
#include "base/buf.h"
#include "config/definition.h"
#include "json/val.h"

/*
 * Which `stores:` rules would explain what a system made of what it was sent. Pure. Nothing is
 * learned by this: a person reads it and changes the definition.
 *
 * A list explains a pair if sent and stored compare equal under it and what was stored is what
 * these rules leave behind (no "xyz" where digits are kept), so that a rule which makes everything
 * equal explains nothing. truncate's n is the longest text stored.
 */
struct propose_pair {
    const struct val *sent, *stored;
};

enum { PROPOSE_MORE = 3 }; /* so many rules at most are added */

/*
 * The shortest list that explains all N pairs of FIELD: HAVE and what must be added, of lists of
 * one length the one that says least. OUT has room for n_have + PROPOSE_MORE. Returns its length
 * (n_have: what is there explains them already), or -1: no list does.
 */
int propose_rules(struct arena *a, const struct model_field *field, const struct stores *have,
                  size_t n_have, const struct propose_pair *pairs, size_t n, struct stores *out);

/* "[lower, truncate(20)]", as a definition has it. */
void propose_write(struct buf *out, const struct stores *rules, size_t n);

#endif
