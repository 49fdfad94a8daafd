#ifndef TESTS_WORLD_RANDOM_H
#define TESTS_WORLD_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* splitmix64: all that is random in a world comes from one of these, in one order. */
struct random {
    uint64_t state;
};

uint64_t random_next(struct random *r);
int random_below(struct random *r, int n);              /* 0 to N - 1 */
int random_between(struct random *r, int from, int to); /* both included */
bool random_chance(struct random *r, int percent);

#endif
