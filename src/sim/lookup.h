#ifndef SIM_LOOKUP_H
#define SIM_LOOKUP_H

#include <stddef.h>

#include "sim/map.h"
#include "sim/record.h"

/*
 * The records of a collection by the value of one field, so that a find does not read them all.
 * Made when a field is first asked for, kept up to date by the store from then on.
 */
struct hits {
    struct record **items; /* owned array of borrowed */
    size_t n;
    size_t cap;
};

struct lookup {
    char *field;         /* owned */
    struct map by_value; /* plain text -> struct hits, owned */
};

struct lookup *lookup_new(const char *field);
void lookup_add(struct lookup *l, struct record *r);    /* by its newest version */
void lookup_remove(struct lookup *l, struct record *r); /* before that changes */
const struct hits *lookup_find(const struct lookup *l, const char *plain); /* may be NULL */
void lookup_free(struct lookup *l);

#endif
