#include <config.h>

#include "base/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct crash_plan {
    bool known;
    long at;           /* 0 = never */
    const char *trace; /* borrowed from the environment */
};

static void
load_plan(struct crash_plan *plan)
{
    const char *at = getenv("LOOPLESS_CRASH_AT");
    const char *colon;

    plan->known = true;
    plan->trace = getenv("LOOPLESS_CRASH_TRACE");
    if (at == NULL)
        return;
    colon = strchr(at, ':');
    if (colon != NULL) {
        const char *name = program_invocation_short_name;

        if (strlen(name) != (size_t)(colon - at) || strncmp(at, name, strlen(name)) != 0)
            return;
        at = colon + 1;
    }
    plan->at = strtol(at, NULL, 10);
}

static void
trace(const char *file, long n, const char *name)
{
    char line[200];
    int len = snprintf(line, sizeof line, "%s %ld %s\n", program_invocation_short_name, n, name);
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return;
    if (len > 0 && write(fd, line, (size_t)len) != len)
        fprintf(stderr, "%s: warning: cannot trace to %s\n", program_invocation_short_name, file);
    close(fd);
}

void
crash_point(const char *name)
{
    static struct crash_plan plan;
    static long passed;

    if (!plan.known)
        load_plan(&plan);
    passed++;
    if (plan.trace != NULL)
        trace(plan.trace, passed, name);
    if (plan.at == passed)
        _exit(100);
}
