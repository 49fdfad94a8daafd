#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A plain number >= 0 times SCALE. */
static bool
read_number(const char *text, double scale, int64_t *out)
{
    char *end;
    double d;

    if (text[0] < '0' || text[0] > '9')
        return false;
    d = strtod(text, &end);
    if (*end != '\0' || !isfinite(d) || d * scale > 9e15)
        return false;
    *out = (int64_t)ceil(d * scale);
    return true;
}

static bool
read_date(const char *text, int64_t now, int64_t *wait)
{
    int64_t at;

    if (clock_parse_http(text, &at, NULL) != 0)
        return false;
    *wait = at - now;
    return true;
}

static bool
read_wait(const char *text, enum wait_unit unit, int64_t now, int64_t *wait)
{
    switch (unit) {
    case WAIT_SECONDS:
        return read_number(text, 1000, wait) || read_date(text, now, wait);
    case WAIT_MS:
        return read_number(text, 1, wait);
    case WAIT_HTTP:
        return read_date(text, now, wait);
    case WAIT_EPOCH_S:
    case WAIT_EPOCH_MS:
        if (!read_number(text, unit == WAIT_EPOCH_S ? 1000 : 1, wait))
            return false;
        *wait -= now;
        return true;
    }
    return false;
}

static int64_t
wait_of(const struct http_answer *a, const char *header, enum wait_unit unit, int64_t now)
{
    const char *text = header != NULL ? http_header(a, header) : NULL;
    int64_t wait;

    if (text == NULL || !read_wait(text, unit, now, &wait))
        return -1;
    if (wait < 0)
        return 0;
    return wait > LIMIT_MAX_WAIT_MS ? LIMIT_MAX_WAIT_MS : wait;
}

static bool
has_status(const struct limit_rule *rule, int status)
{
    for (size_t i = 0; i < rule->n_status; i++) {
        if (rule->status[i] == status)
            return true;
    }
    return false;
}

/* Header names of answers are in lower case. */
static char *
lower(const char *name, char out[128])
{
    size_t i;

    for (i = 0; name[i] != '\0' && i < 127; i++)
        out[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
    out[i] = '\0';
    return out;
}

bool
limit_match(const struct definition *d, const struct http_answer *a, int64_t now, int64_t *wait_ms)
{
    char name[128];

    for (size_t i = 0; i < d->n_limits; i++) {
        const struct limit_rule *rule = &d->limits[i];

        if (!has_status(rule, a->status))
            continue;
        *wait_ms = -1;
        if (rule->wait_header == NULL)
            return true;
        *wait_ms = wait_of(a, lower(rule->wait_header, name), rule->unit, now);
        /* Other statuses mean other things too: there the header makes the difference. */
        if (*wait_ms >= 0 || a->status == 429)
            return true;
    }
    if (a->status != 429 && a->status != 503)
        return false;
    *wait_ms = wait_of(a, "retry-after", WAIT_SECONDS, now);
    return a->status == 429 || *wait_ms >= 0;
}

int64_t
limit_backoff_ms(int tries)
{
    int64_t most = tries < 5 ? 100 << tries : 2000;
    uint32_t random = 0;

    if (getrandom(&random, sizeof random, 0) != sizeof random)
        random = (uint32_t)clock_boot();
    return (int64_t)(random % (uint32_t)(most + 1));
}
