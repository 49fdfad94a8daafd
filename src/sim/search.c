#include <config.h>

#include "sim/search.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sim/list.h"
#include "sim/jtext.h"
#include "sim/wire.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT_DEFAULT = 100 };

/* One question, and how it was asked, for next_url. */
struct search {
    struct list_query query;
    size_t page; /* of ?page=N, 0 = not asked so */
    bool by_offset;
    const char *cursor; /* as given; borrowed */
};

static int
number(const char *name, const char *text, size_t min, size_t *n, struct reply *reply)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || value < min || value > 1000000000)
        return reply_error(reply, 400, "bad_parameter", "%s must be a whole number from %zu on",
                           name, min);
    *n = (size_t)value;
    return 0;
}

static int
read_since(const struct sim *s, const char *text, struct list_query *q, struct reply *reply)
{
    if (clock_parse(text, &q->since, NULL) != 0)
        return reply_error(reply, 400, "bad_parameter", "updated_since must be an RFC 3339 time");
    q->since -= quirk_number(&s->store.quirks, QUIRK_SINCE_FUZZ);
    return 0;
}

static int
read_cursor(struct search *q, const char *text, struct reply *reply)
{
    q->cursor = text;
    q->query.has_cursor = true;
    if (cursor_parse(text, &q->query.cursor_id, &q->query.cursor) != 0)
        return reply_error(reply, 400, "bad_cursor", "no such cursor");
    return 0;
}

/* The page begins behind the record ID. */
static int
read_after(struct collection *c, struct search *q, const char *id, struct reply *reply)
{
    const struct record *r = store_find(c, id);
    struct place p;

    if (r == NULL)
        return reply_error(reply, 400, "bad_parameter", "starting_after: there is no %.64s", id);
    p = record_place(r, r->now);
    buf_text(&q->query.cursor_id, p.key);
    q->query.cursor = p;
    q->query.cursor.key = buf_get(&q->query.cursor_id);
    q->query.has_cursor = true;
    return 0;
}

/* Read one parameter of a listing. 1: it is none of them, so it is a filter. */
static int
read_known(struct sim *s, struct collection *c, struct search *q, const char *name,
           const char *text, struct reply *reply)
{
    if (strcmp(name, "updated_since") == 0)
        return read_since(s, text, &q->query, reply);
    if (strcmp(name, "limit") == 0)
        return number(name, text, 1, &q->query.limit, reply);
    if (strcmp(name, "cursor") == 0)
        return read_cursor(q, text, reply);
    if (strcmp(name, "starting_after") == 0)
        return read_after(c, q, text, reply);
    if (strcmp(name, "page") == 0)
        return number(name, text, 1, &q->page, reply);
    if (strcmp(name, "offset") == 0) {
        q->by_offset = true;
        return number(name, text, 0, &q->query.offset, reply);
    }
    if (strcmp(name, "include_closed") == 0) {
        q->query.include_closed = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
        return 0;
    }
    return 1;
}

static int
read_params(struct sim *s, const struct call *call, struct collection *c, struct search *q,
            struct reply *reply)
{
    size_t i;

    for (i = 0; i < call->params.n; i++) {
        const struct param *p = &call->params.items[i];
        int known = read_known(s, c, q, p->name, p->value, reply);

        if (known < 0)
            return -1;
        if (known == 0)
            continue;
        if (q->query.filters == NULL)
            q->query.filters = json_object();
        if (json_object_set_new(q->query.filters, p->name, json_string(p->value)) != 0)
            return reply_error(reply, 400, "bad_parameter", "the query is not UTF-8");
    }
    return 0;
}

static int
read_member(struct sim *s, struct collection *c, struct search *q, const char *name, json_t *value,
            struct reply *reply)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    if (strcmp(name, "filters") == 0 && json_is_object(value)) {
        q->query.filters = json_object_size(value) > 0 ? json_incref(value) : NULL;
        return 0;
    }
    if (json_is_null(value))
        return 0;
    if (strcmp(name, "cursor") == 0 && json_is_string(value))
        return read_cursor(q, json_string_value(value), reply);
    jtext_plain(&text, value);
    if (read_known(s, c, q, name, buf_get(&text), reply) <= 0)
        return reply->is_error ? -1 : 0;
    return reply_error(reply, 400, "bad_parameter", "a search has no \"%.64s\"", name);
}

/* The limit by --page-max and limit-cap, and ?page=N as an offset. */
static int
settle_limit(const struct sim *s, struct search *q, struct reply *reply)
{
    size_t cap = (size_t)quirk_number(&s->store.quirks, QUIRK_LIMIT_CAP);

    if (q->query.limit == 0)
        q->query.limit = s->page_max < LIMIT_DEFAULT ? s->page_max : LIMIT_DEFAULT;
    if (q->query.limit > s->page_max)
        return reply_error(reply, 400, "bad_parameter", "limit must be 1 to %zu", s->page_max);
    if (cap > 0 && q->query.limit > cap)
        q->query.limit = cap;
    if (q->page > 0)
        q->query.offset = (q->page - 1) * q->query.limit;
    return 0;
}

static void
add_param(struct buf *url, const char *name, const char *value)
{
    buf_char(url, strchr(buf_get(url), '?') == NULL ? '?' : '&');
    params_encode(url, name);
    buf_char(url, '=');
    params_encode(url, value);
}

/* The URL of the next page, paged the way this one was. */
static void
next_url(struct buf *url, const struct call *call, const struct search *q,
         const struct list_page *page, const char *cursor)
{
    CLEANUP_BUF struct buf n = BUF_INIT;
    bool by_position = q->page > 0 || q->by_offset;
    size_t i;

    buf_text(url, call->path);
    for (i = 0; i < call->params.n; i++) {
        const struct param *p = &call->params.items[i];

        if (strcmp(p->name, "cursor") != 0 && strcmp(p->name, "offset") != 0 &&
            strcmp(p->name, "page") != 0 && strcmp(p->name, "starting_after") != 0 &&
            (by_position || strcmp(p->name, "updated_since") != 0))
            add_param(url, p->name, p->value);
    }
    if (!by_position) {
        add_param(url, "cursor", cursor);
    } else {
        buf_printf(&n, "%zu", q->page > 0 ? q->page + 1 : page->start + page->n);
        add_param(url, q->page > 0 ? "page" : "offset", buf_get(&n));
    }
}

/* The cursor of the next page; false if there is none. */
static bool
next_cursor(const struct sim *s, const struct search *q, const struct list_page *page,
            struct buf *out)
{
    bool same = quirk_on(&s->store.quirks, QUIRK_SAME_CURSOR);
    struct place p;

    if (same && q->cursor != NULL) {
        buf_text(out, q->cursor);
        return true;
    }
    if (page->n == 0 || (!page->more && !same))
        return false;
    p = record_place(page->rows[page->n - 1].record, page->rows[page->n - 1].version);
    cursor_format(out, &p);
    return true;
}

static json_t *
items(const struct sim *s, const struct list_page *page)
{
    json_t *list = json_array();
    size_t i;

    for (i = 0; i < page->n; i++)
        json_array_append_new(
            list, wire_record(&s->store.quirks, page->rows[i].record, page->rows[i].version));
    return list;
}

static void
run(struct sim *s, const struct call *call, struct collection *c, struct search *q, bool has_url,
    struct reply *reply)
{
    CLEANUP_BUF struct buf cursor = BUF_INIT;
    CLEANUP_BUF struct buf url = BUF_INIT;
    struct list_page page;
    bool more;

    if (settle_limit(s, q, reply) != 0)
        return;
    list_run(&s->store, c, &q->query, ++s->lists, &page);
    more = next_cursor(s, q, &page, &cursor);
    if (more && has_url) {
        next_url(&url, call, q, &page, buf_get(&cursor));
        reply->link = mem_printf("<%s>; rel=\"next\"", buf_get(&url));
    }
    reply->status = 200;
    reply->value = json_object();
    json_object_set_new(reply->value, "items", items(s, &page));
    json_object_set_new(reply->value, "next_cursor",
                        more ? json_string(buf_get(&cursor)) : json_null());
    json_object_set_new(reply->value, "next_url",
                        url.len > 0 ? json_string(buf_get(&url)) : json_null());
    json_object_set_new(reply->value, "has_more", json_boolean(more));
    json_object_set_new(reply->value, "total", json_integer((json_int_t)page.total));
    list_page_release(&page);
}

void
search_list(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    struct search q = {.query = {.since = INT64_MIN}};

    if (read_params(s, call, c, &q, reply) == 0)
        run(s, call, c, &q, true, reply);
    list_query_release(&q.query);
}

void
search_body(struct sim *s, struct call *call, struct collection *c, struct reply *reply)
{
    struct search q = {.query = {.since = INT64_MIN}};
    json_t *body = wire_object(call, reply);
    const char *name;
    json_t *value;

    if (body == NULL)
        return;
    json_object_foreach(body, name,
                        value) if (read_member(s, c, &q, name, value, reply) != 0) break;
    if (!reply->is_error)
        run(s, call, c, &q, false, reply);
    list_query_release(&q.query);
    json_decref(body);
}
