#include <config.h>

#include "base/zone.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

#define ZONES "/usr/share/zoneinfo/"

bool
zone_exists(const char *name)
{
    CLEANUP_FREE char *path = mem_printf(ZONES "%s", name);
    struct stat st;

    if (strcmp(name, "UTC") == 0)
        return true;
    /* Not every file there is a zone, but each has a name with an upper case letter first. */
    return name[0] >= 'A' && name[0] <= 'Z' && strstr(name, "..") == NULL && stat(path, &st) == 0 &&
           S_ISREG(st.st_mode);
}

/* Sets TZ; what it was, owned, NULL: it was not set. */
static char *
enter(const char *name)
{
    const char *old = getenv("TZ");
    char *kept = old != NULL ? mem_text(old) : NULL;

    setenv("TZ", strcmp(name, "UTC") == 0 ? "UTC0" : name, 1);
    tzset();
    return kept;
}

static void
leave(char *kept)
{
    if (kept != NULL)
        setenv("TZ", kept, 1);
    else
        unsetenv("TZ");
    tzset();
    free(kept);
}

void
zone_local(const char *name, int64_t ms, struct tm *out)
{
    char *kept = enter(name);
    time_t s = (time_t)(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);

    localtime_r(&s, out);
    leave(kept);
}

/* The moment of LOCAL if summer time is on or off; false: the zone has no such time then. */
static bool
moment_if(const struct tm *local, int is_dst, time_t *out)
{
    struct tm tm = *local;

    tm.tm_isdst = is_dst;
    *out = mktime(&tm);
    return tm.tm_isdst == is_dst;
}

int64_t
zone_moment(const char *name, const struct tm *local, bool later)
{
    char *kept = enter(name);
    struct tm any = *local;
    time_t summer, winter, s;
    bool has_summer = moment_if(local, 1, &summer), has_winter = moment_if(local, 0, &winter);

    any.tm_isdst = -1;
    if (has_summer && has_winter)
        s = (summer > winter) == later ? summer : winter;
    else
        s = mktime(&any);
    leave(kept);
    return (int64_t)s * 1000;
}
