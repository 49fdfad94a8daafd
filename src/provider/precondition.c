#include <config.h>

#include "provider/internal.h"

#include <string.h>
#include <time.h>

enum precondition_kind
precondition_kind(const struct resource_def *r, const struct endpoint *e)
{
    if (e->precondition.kind != PRECONDITION_DEFAULT)
        return e->precondition.kind;
    return r->version_kind == VERSION_ETAG ? PRECONDITION_IF_MATCH : PRECONDITION_NONE;
}

bool
precondition_is_version(const struct resource_def *r)
{
    return precondition_kind(r, &r->update) > PRECONDITION_IF_MATCH ||
           precondition_kind(r, &r->delete) > PRECONDITION_IF_MATCH;
}

static bool
is_number(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0' &&
           (text[0] != '0' || text[1] == '\0');
}

/* A version as text is a time; by RFC 9110, 8.8.2, HTTP knows whole seconds, and 13.1.4 compares
 * them. */
static const char *
http_date(struct arena *a, const char *version)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct val *v = is_number(version) ? val_number(a, version) : val_string(a, version);
    int64_t ms = record_time(v);
    time_t at = (time_t)(ms / 1000);
    struct tm t;

    if (ms <= 0 || gmtime_r(&at, &t) == NULL)
        return NULL;
    return arena_printf(a, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
                        months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

const char *
precondition_header(struct arena *a, const struct resource_def *r, const struct endpoint *e,
                    const char *version, const char **value)
{
    enum precondition_kind kind = r != NULL ? precondition_kind(r, e) : PRECONDITION_NONE;

    if (version == NULL)
        return NULL;
    *value = version;
    if (kind == PRECONDITION_IF_MATCH)
        return "If-Match";
    if (kind != PRECONDITION_IF_UNMODIFIED_SINCE)
        return NULL;
    *value = http_date(a, version);
    return *value != NULL ? "If-Unmodified-Since" : NULL;
}

int
precondition_set(struct arena *a, const struct resource_def *r, const struct endpoint *e,
                 const char *version, struct val *record, struct err *err)
{
    const struct precondition *p = &e->precondition;
    bool number = version != NULL && r->version_kind == VERSION_SEQUENCE && is_number(version);

    if (version == NULL || precondition_kind(r, e) != PRECONDITION_BODY)
        return 0;
    if (p->flag != NULL && body_set(a, record, p->flag, val_bool(a, true), err) != 0)
        return -1;
    return body_set(a, record, p->path, number ? val_number(a, version) : val_string(a, version),
                    err);
}
