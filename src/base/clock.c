#include <config.h>

#include "base/clock.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The first and the last moment that four digits of year can write. */
#define FIRST_MS INT64_C(-62167219200000)
#define LAST_MS INT64_C(253402300799999)

static int64_t
read_clock(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* What $LOOPLESS_NOW says; FACTOR 0 = fixed. 0, or -1: nothing that can be used. */
static int
given_now(const char *given, int64_t *ms, long long *factor)
{
    char text[CLOCK_TEXT + 16];
    size_t len = strcspn(given, "@");
    long long boot;

    if (len >= sizeof text)
        return -1;
    memcpy(text, given, len);
    text[len] = '\0';
    if (clock_parse(text, ms, NULL) < 0)
        return -1;
    *factor = 0;
    if (given[len] == '\0')
        return 0;
    if (sscanf(given + len, "@%lld*%lld", &boot, factor) != 2 || *factor < 1)
        return -1;
    *ms += (read_clock(CLOCK_BOOTTIME) - boot) * *factor;
    return 0;
}

int64_t
clock_now(void)
{
    const char *given = getenv("LOOPLESS_NOW");
    long long factor;
    int64_t ms;

    if (given != NULL && given_now(given, &ms, &factor) == 0)
        return ms;
    return read_clock(CLOCK_REALTIME);
}

/* The factor by which time runs fast, and MS then; 0 in production. */
static long long
haste(int64_t *ms)
{
    const char *given = getenv("LOOPLESS_NOW");
    long long factor;

    return given != NULL && given_now(given, ms, &factor) == 0 ? factor : 0;
}

int64_t
clock_boot(void)
{
    int64_t ms;

    return haste(&ms) > 0 ? ms : read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_sleep(int64_t ms)
{
    int64_t now;
    long long factor = haste(&now);

    return factor > 0 ? (ms + factor - 1) / factor : ms;
}

void
clock_boot_id(char out[64])
{
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

    out[0] = '\0';
    if (f == NULL)
        return;
    if (fgets(out, 64, f) != NULL)
        out[strcspn(out, "\n")] = '\0';
    fclose(f);
}

/* N as WIDTH digits at P; what is behind them. */
static char *
put(char *p, int n, int width)
{
    for (int i = width; i-- > 0; n /= 10)
        p[i] = (char)('0' + n % 10);
    return p + width;
}

/* By hand: each row of the state has one, and snprintf takes longer than the row. */
char *
clock_format(int64_t ms, char out[CLOCK_TEXT])
{
    char *p = out;
    int64_t frac;
    time_t sec;
    struct tm tm;

    if (ms < FIRST_MS || ms > LAST_MS)
        ms = 0;
    frac = ((ms % 1000) + 1000) % 1000;
    sec = (time_t)((ms - frac) / 1000);
    gmtime_r(&sec, &tm);
    p = put(p, tm.tm_year + 1900, 4);
    *p++ = '-';
    p = put(p, tm.tm_mon + 1, 2);
    *p++ = '-';
    p = put(p, tm.tm_mday, 2);
    *p++ = 'T';
    p = put(p, tm.tm_hour, 2);
    *p++ = ':';
    p = put(p, tm.tm_min, 2);
    *p++ = ':';
    p = put(p, tm.tm_sec, 2);
    *p++ = '.';
    p = put(p, (int)frac, 3);
    memcpy(p, "Z", 2);
    return out;
}

static int
bad_time(const char *text, struct err *err)
{
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-time", "not a time: \"%.40s\"", text);
}

/* COUNT digits at *P, which moves on; -1 if they are not all digits. */
static int
digits(const char **p, int count)
{
    int n = 0;

    for (; count > 0; count--, (*p)++) {
        if (!isdigit((unsigned char)**p))
            return -1;
        n = n * 10 + (**p - '0');
    }
    return n;
}

static bool
take(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* Of month MON, 0 to 11. */
static int
last_day(int year, int mon)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (mon == 1 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0))
        return 29;
    return days[mon];
}

static int
parse_date(const char **p, struct tm *tm)
{
    int year, mon, day;

    if ((year = digits(p, 4)) < 0 || !take(p, '-') || (mon = digits(p, 2)) < 1 || mon > 12 ||
        !take(p, '-') || (day = digits(p, 2)) < 1)
        return -1;
    if (day > last_day(year, mon - 1))
        return -1;
    tm->tm_year = year - 1900;
    tm->tm_mon = mon - 1;
    tm->tm_mday = day;
    return 0;
}

static int
parse_clock(const char **p, struct tm *tm, int *frac)
{
    int scale = 100;

    if ((tm->tm_hour = digits(p, 2)) < 0 || tm->tm_hour > 23 || !take(p, ':') ||
        (tm->tm_min = digits(p, 2)) < 0 || tm->tm_min > 59)
        return -1;
    *frac = 0;
    if (!take(p, ':'))
        return 0;
    if ((tm->tm_sec = digits(p, 2)) < 0 || tm->tm_sec > 60)
        return -1;
    if (!take(p, '.'))
        return 0;
    if (!isdigit((unsigned char)**p))
        return -1;
    for (; isdigit((unsigned char)**p); (*p)++, scale /= 10)
        *frac += (**p - '0') * scale;
    return 0;
}

static int
parse_zone(const char **p, int64_t *offset_ms)
{
    int sign, hours, minutes;

    *offset_ms = 0;
    if (take(p, 'Z') || take(p, 'z') || **p == '\0')
        return 0;
    sign = **p == '-' ? -1 : 1;
    if (!take(p, '+') && !take(p, '-'))
        return -1;
    if ((hours = digits(p, 2)) < 0 || hours > 23)
        return -1;
    take(p, ':');
    if ((minutes = digits(p, 2)) < 0 || minutes > 59)
        return -1;
    *offset_ms = (int64_t)sign * (hours * 60 + minutes) * 60000;
    return 0;
}

int
clock_parse(const char *text, int64_t *ms, struct err *err)
{
    const char *p = text;
    struct tm tm = {0};
    int64_t offset = 0, when;
    int frac = 0;

    if (parse_date(&p, &tm) != 0)
        return bad_time(text, err);
    if (take(&p, 'T') || take(&p, 't') || take(&p, ' ')) {
        if (parse_clock(&p, &tm, &frac) != 0 || parse_zone(&p, &offset) != 0)
            return bad_time(text, err);
    }
    when = (int64_t)timegm(&tm) * 1000 + frac - offset;
    if (*p != '\0' || when < FIRST_MS || when > LAST_MS)
        return bad_time(text, err);
    *ms = when;
    return 0;
}

int
clock_parse_http(const char *text, int64_t *ms, struct err *err)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *p = strchr(text, ',');
    struct tm tm = {0};
    const char *m;
    char mon[4] = "";
    int frac = 0;
    int year;

    if (p == NULL || p - text != 3 || strlen(text) != strlen("Sun, 06 Nov 1994 08:49:37 GMT"))
        return bad_time(text, err);
    p++;
    if (!take(&p, ' ') || (tm.tm_mday = digits(&p, 2)) < 1 || tm.tm_mday > 31 || !take(&p, ' ') ||
        strlen(p) < 4)
        return bad_time(text, err);
    memcpy(mon, p, 3);
    p += 3;
    m = strstr(months, mon);
    if (m == NULL || (m - months) % 3 != 0 || !take(&p, ' ') || (year = digits(&p, 4)) < 0 ||
        !take(&p, ' ') || parse_clock(&p, &tm, &frac) != 0 || strcmp(p, " GMT") != 0)
        return bad_time(text, err);
    tm.tm_mon = (int)(m - months) / 3;
    tm.tm_year = year - 1900;
    if (tm.tm_mday > last_day(year, tm.tm_mon))
        return bad_time(text, err);
    *ms = (int64_t)timegm(&tm) * 1000;
    return 0;
}

int
clock_parse_span(const char *text, int64_t *ms, struct err *err)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    char *end;
    long long n;
    size_t i;

    errno = 0;
    n = strtoll(text, &end, 10);
    if (end != text && isdigit((unsigned char)text[0]) && errno == 0 && n <= 100000000)
        for (i = 0; i < sizeof units / sizeof units[0]; i++)
            if (strcmp(end, units[i].unit) == 0) {
                *ms = n * units[i].ms;
                return 0;
            }
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-span",
                   "not a span of time: \"%.40s\" (like 500ms, 30s, 5m, 4h, 2d)", text);
}
