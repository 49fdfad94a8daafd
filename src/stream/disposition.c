#include <config.h>

#include "stream/disposition.h"

#include <stddef.h>
#include <string.h>

static const char *const worst_first[] = {
    "lost",       "rejected",  "conflict", "owed", "pushed",    "deleted",  "not-owner", "unmapped",
    "superseded", "unchanged", "stale",    "echo", "duplicate", "filtered", "gone",      "ignored"};

const char *
disposition_worse(const char *x, const char *y)
{
    for (size_t i = 0; i < sizeof worst_first / sizeof worst_first[0]; i++)
        if ((x != NULL && strcmp(x, worst_first[i]) == 0) ||
            (y != NULL && strcmp(y, worst_first[i]) == 0))
            return worst_first[i];
    return x != NULL ? x : y;
}

bool
disposition_is_known(const char *word)
{
    for (size_t i = 1; i < sizeof worst_first / sizeof worst_first[0]; i++) /* 0 is "lost" */
        if (strcmp(word, worst_first[i]) == 0)
            return true;
    return false;
}
