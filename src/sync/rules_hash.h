#ifndef SYNC_RULES_HASH_H
#define SYNC_RULES_HASH_H

#include "config/conf.h"

enum { RULES_HASH = 65 }; /* 64 hex digits and NUL */

/*
 * A digest of all that decides what is written where: the systems with their accounts, and of each
 * synced resource mappings, tables, owners, policies, where records are made and deleted. Two
 * configs with the same one decide alike; jobs, limits and secrets are no part of it. For plans:
 * what was decided under one set of rules is not applied under another.
 */
void rules_hash(const struct conf *conf, char out[RULES_HASH]);

#endif
