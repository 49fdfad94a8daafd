#include <config.h>

#include <string.h>
#include <time.h>

#include "base/zone.h"
#include "config/internal.h"

enum { DEFAULT_SIZE = 100, MAX_SIZE = 10000 };

/* How {since} is written: each kind that a definition can name. */
static const struct form {
    const char *name;
    enum watermark_kind kind;
    const char *format;
    int64_t granularity_ms; /* unless the definition says otherwise */
} forms[] = {
    {"iso8601", WATERMARK_ISO8601, NULL, 1},
    {"unix_s", WATERMARK_UNIX_S, NULL, 1000},
    {"unix_ms", WATERMARK_UNIX_MS, NULL, 1},
    {"http_date", WATERMARK_HTTP_DATE, NULL, 1000},
    {"soql", WATERMARK_FORMAT, "%Y-%m-%dT%H:%M:%SZ", 1000},
    {"minute", WATERMARK_FORMAT, "%Y/%m/%d %H:%M", 60000},
    {"format", WATERMARK_FORMAT, NULL, 1000},
};

/* Is a time that is written by FORMAT the same when it is read, but for seconds? */
static bool
can_be_read_back(const char *format)
{
    static const time_t moments[] = {951868799, 1767319445}; /* a leap day's last second; any */

    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        struct tm tm, back = {.tm_mday = 1};
        char text[200];
        const char *end;

        gmtime_r(&moments[i], &tm);
        if (strftime(text, sizeof text, format, &tm) == 0)
            return false;
        end = strptime(text, format, &back);
        if (end == NULL || *end != '\0' || timegm(&back) / 60 != moments[i] / 60)
            return false;
    }
    return true;
}

static void
read_form(struct reader *r, const struct yaml *y, struct listing *out)
{
    static const char *const kinds[] = {"iso8601", "unix_s", "unix_ms", "http_date",
                                        "soql",    "minute", "format",  NULL};
    const struct form *form = &forms[read_word(r, y, "kind", kinds, 0)];
    bool own = form->kind == WATERMARK_FORMAT && form->format == NULL;

    out->watermark = form->kind;
    out->format = own ? read_need_text(r, y, "format") : NULL;
    out->granularity_ms = read_span(r, y, "granularity", form->granularity_ms);
    out->zone = read_text(r, y, "zone");
    if (!own && yaml_get(y, "format") != NULL)
        FAULT(r, yaml_get(y, "format"), "format has no meaning for this kind of watermark");
    if (out->format != NULL && !can_be_read_back(out->format))
        FAULT(r, yaml_get(y, "format"),
              "a time that is written so cannot be read again to the minute (%%Y-%%m-%%d %%H:%%M)");
    if (out->zone != NULL && form->kind != WATERMARK_FORMAT)
        FAULT(r, yaml_get(y, "zone"), "zone has no meaning for this kind of watermark");
    else if (out->zone != NULL && !zone_exists(out->zone))
        FAULT(r, yaml_get(y, "zone"), "there is no time zone %s here", out->zone);
    if (form->format != NULL)
        out->format = arena_text(r->arena, form->format);
    if (out->zone == NULL)
        out->zone = arena_text(r->arena, "UTC");
}

static void
read_watermark(struct reader *r, const struct yaml *y, struct listing *out)
{
    static const char *const keys[] = {"kind",      "format",      "zone",    "granularity",
                                       "inclusive", "at",          "overlap", "settle",
                                       "max_rows",  "tie_breaker", NULL};

    yaml_check_keys(y, keys, r->file, r->f);
    read_need(r, y, "kind");
    out->has_watermark = true;
    read_form(r, y, out);
    out->at = read_path_key(r, y, "at", false);
    out->exclusive = !read_bool(r, y, "inclusive", true);
    out->overlap_ms = read_span(r, y, "overlap", 0);
    out->settle_ms = read_span(r, y, "settle", 0);
    out->max_rows = read_count(r, y, "max_rows", 0, 1, 100000000);
    out->tie_breaker = read_path_key(r, y, "tie_breaker", false);
}

/* Where the cursor goes: "query.NAME" or "body.PATH". */
static void
read_page_to(struct reader *r, const struct yaml *page, bool in_call, struct listing *out)
{
    const char *to = out->page_to = read_text(r, page, "to");

    if (out->page == PAGE_NONE || out->page == PAGE_NEXT_URL || out->page == PAGE_LINK) {
        if (to != NULL)
            FAULT(r, yaml_get(page, "to"), "to has no meaning for this kind of page");
    } else if (to == NULL && !in_call && yaml_get(page, "to") == NULL) {
        FAULT(r, page, "page needs 'to' (query.NAME or body.PATH), or {cursor} in the call");
    } else if (to != NULL && (strncmp(to, "query.", 6) != 0 || to[6] == '\0') &&
               (strncmp(to, "body.", 5) != 0 || to[5] == '\0')) {
        FAULT(r, yaml_get(page, "to"), "to must be query.NAME or body.PATH");
    }
}

/* What says whether there is another page: `more` (true: yes) or `end` (true: no). */
static void
read_more(struct reader *r, const struct yaml *page, struct listing *out)
{
    const struct yaml *end = yaml_get(page, "end");

    out->more_is_end = end != NULL;
    out->more = read_path_key(r, page, out->more_is_end ? "end" : "more", false);
    if (end != NULL && yaml_get(page, "more") != NULL)
        FAULT(r, end, "page has more and end: one of them");
    if (out->more != NULL && out->page == PAGE_NONE)
        FAULT(r, page, "%s has no meaning for this kind of page", end != NULL ? "end" : "more");
}

static void
read_page(struct reader *r, const struct yaml *page, unsigned used, struct listing *out)
{
    static const char *const keys[] = {"kind", "from", "to", "size", "more", "end", NULL};
    static const char *const kinds[] = {"none",     "cursor", "offset",  "number",
                                        "next_url", "link",   "last_id", NULL};
    bool from;

    yaml_check_keys(page, keys, r->file, r->f);
    read_need(r, page, "kind");
    out->page = (enum page_kind)read_word(r, page, "kind", kinds, PAGE_NONE);
    out->page_from = read_path_key(r, page, "from", false);
    out->size = read_count(r, page, "size", DEFAULT_SIZE, 1, MAX_SIZE);
    from = out->page == PAGE_CURSOR || out->page == PAGE_NEXT_URL;
    if (from)
        read_need(r, page, "from");
    else if (out->page_from != NULL)
        FAULT(r, yaml_get(page, "from"), "from has no meaning for this kind of page");
    read_more(r, page, out);
    read_page_to(r, page, (used & (PH_BIT(PH_CURSOR) | PH_BIT(PH_COUNT))) != 0, out);
}

void
listing_read(struct reader *r, const struct yaml *y, const char *base_url, struct listing *out)
{
    unsigned used = endpoint_read(r, y, CALL_LIST, base_url, &out->call);
    const struct yaml *watermark = read_map(r, y, "watermark");
    const struct yaml *page = read_map(r, y, "page");

    out->size = DEFAULT_SIZE;
    if (watermark != NULL) {
        read_watermark(r, watermark, out);
        if ((used & (PH_BIT(PH_SINCE) | PH_BIT(PH_COUNT))) == 0)
            FAULT(r, watermark, "list has a watermark but never says {since}");
    } else if ((used & PH_BIT(PH_SINCE)) != 0) {
        FAULT(r, y, "list says {since} but has no watermark");
    }
    if (page != NULL)
        read_page(r, page, used, out);
    else if ((used & PH_BIT(PH_CURSOR)) != 0)
        FAULT(r, y, "list says {cursor} but has no page");
    out->total = read_path_key(r, y, "total", false);
    out->partial = read_bool(r, y, "partial", false);
}
