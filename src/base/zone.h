#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * Local times of a named zone ("Europe/Berlin") by the C library's own tables. A call changes TZ
 * and puts it back: not for programs in which other threads run.
 */

/* Has the machine a zone of this name (in /usr/share/zoneinfo, Debian's tzdata)? UTC is always
   there. */
bool zone_exists(const char *name);
void zone_local(const char *name, int64_t ms, struct tm *out);
/* The moment of a local time; of an hour that comes twice the LATER or the earlier one. */
int64_t zone_moment(const char *name, const struct tm *local, bool later);

#endif
