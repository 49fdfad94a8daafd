#include <config.h>

#include "provider/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/zone.h"

/* Moments in the words of a listing: what {since} becomes, and what a row says of its change. */

static const char http_date[] = "%a, %d %b %Y %H:%M:%S GMT";

static const char *
by_format(struct arena *a, const char *format, const char *zone, int64_t ms)
{
    char text[200];
    struct tm tm;

    zone_local(zone, ms, &tm);
    if (strftime(text, sizeof text, format, &tm) == 0)
        return "";
    return arena_text(a, text);
}

/* The local time TEXT; -1: it is not of FORMAT. */
static int
read_local(const char *text, const char *format, struct tm *out)
{
    const char *end;

    memset(out, 0, sizeof *out);
    out->tm_mday = 1;
    end = strptime(text, format, out);
    return end != NULL && *end == '\0' ? 0 : -1;
}

/*
 * An hour that a zone has twice is said as its first: who is asked for it may mean either, and
 * would leave out an hour of records if he meant the second.
 */
static const char *
local_moment(struct arena *a, const struct listing *l, int64_t ms)
{
    const char *text = by_format(a, l->format, l->zone, ms);
    struct tm tm;
    int64_t later;

    if (read_local(text, l->format, &tm) != 0)
        return text;
    later = zone_moment(l->zone, &tm, true);
    return later > ms ? by_format(a, l->format, l->zone, ms - (later - ms)) : text;
}

const char *
moment_text(struct arena *a, const struct listing *l, int64_t ms)
{
    char text[CLOCK_TEXT];

    switch (l->watermark) {
    case WATERMARK_UNIX_S:
        return arena_printf(a, "%" PRId64, ms / 1000);
    case WATERMARK_UNIX_MS:
        return arena_printf(a, "%" PRId64, ms);
    case WATERMARK_HTTP_DATE:
        return by_format(a, http_date, "UTC", ms);
    case WATERMARK_FORMAT:
        return local_moment(a, l, ms);
    case WATERMARK_ISO8601:
        break;
    }
    return arena_text(a, clock_format(ms, text));
}

int64_t
moment_read(const struct listing *l, const struct val *v)
{
    const char *text = val_text(v);
    struct tm tm;
    int64_t ms;

    if (text != NULL && l->watermark == WATERMARK_HTTP_DATE)
        return clock_parse_http(text, &ms, NULL) == 0 ? ms : 0;
    if (text != NULL && l->watermark == WATERMARK_FORMAT && read_local(text, l->format, &tm) == 0)
        return zone_moment(l->zone, &tm, false); /* the mark may lag, never lead */
    return record_time(v);
}
