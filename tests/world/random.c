#include <config.h>

#include "random.h"

uint64_t
random_next(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int
random_below(struct random *r, int n)
{
    return (int)(random_next(r) % (uint64_t)n);
}

int
random_between(struct random *r, int from, int to)
{
    return from + random_below(r, to - from + 1);
}

bool
random_chance(struct random *r, int percent)
{
    return random_below(r, 100) < percent;
}
