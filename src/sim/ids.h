#ifndef SIM_IDS_H
#define SIM_IDS_H

#include <stdint.h>

#include <jansson.h>

/*
 * New ids of one kind, all from one seed: the same seed gives the same ids. The seed must not be
 * used for anything secret.
 *
 * int    SEED * 1000 + 1, + 2, ...
 * int64  numbers above 2^53, which a double cannot hold
 * text   18 letters and digits, upper and lower case both meant
 * uuid   version 4
 */
enum ids_kind { IDS_INT, IDS_INT64, IDS_TEXT, IDS_UUID };

struct ids {
    enum ids_kind kind;
    int64_t next;   /* int */
    uint64_t state; /* of the random numbers */
};

/* "int", "int64", "text", "uuid"; -1 for another. */
int ids_kind_parse(const char *text, enum ids_kind *kind);

void ids_init(struct ids *ids, enum ids_kind kind, uint64_t seed);

json_t *ids_next(struct ids *ids); /* owner: the caller */

/* A good mix of the bits of X (the finalizer of splitmix64, Steele and others 2014). */
uint64_t ids_mix(uint64_t x);

#endif
