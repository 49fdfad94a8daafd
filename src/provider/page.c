#include <config.h>

#include "provider/internal.h"

#include "http/url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * The opaque texts: cursor and last_id "s:TEXT" or "n:NUMBER" (as the answer had it, for bodies),
 * next_url and link "u:URL", offset and number "o:AT:MARK", MARK being a hash of the ids of the
 * page before: a server that does not look at the offset is found out by it.
 */

static int
bad_cursor(struct err *err, const char *why)
{
    return err_set(err, ERR_SYSTEM, ERR_LATER, "bad-cursor", "%s", why);
}

static int
page_loop(struct err *err)
{
    return err_set(err, ERR_SYSTEM, ERR_LATER, "page-loop",
                   "page without progress: the next page would be this one again");
}

static int
read_place(const char *text, struct page *out, struct err *err)
{
    char *end;

    errno = 0;
    out->at = strtoll(text, &end, 10);
    if (end == text || *end != ':' || out->at < 0 || errno != 0)
        return bad_cursor(err, "not a cursor of this kind of page");
    out->seen = strtoull(end + 1, &end, 16);
    return *end == '\0' ? 0 : bad_cursor(err, "not a cursor of this kind of page");
}

static const char *
page_size(struct arena *a, const struct listing *l, long limit)
{
    long size = l->size;

    if (limit > 0 && (size <= 0 || limit < size))
        size = limit;
    return size > 0 ? arena_printf(a, "%ld", size) : NULL;
}

/* What CURSOR must begin with. */
static const char *
mark_of(enum page_kind kind, const char *cursor)
{
    if (kind == PAGE_NEXT_URL || kind == PAGE_LINK)
        return "u:";
    if (kind == PAGE_CURSOR || kind == PAGE_LAST_ID)
        return cursor[0] == 'n' ? "n:" : "s:";
    return kind == PAGE_NONE ? "-" : "o:";
}

int
page_read(struct arena *a, const struct listing *l, const char *base_url, const char *cursor,
          long limit, struct page *out, struct err *err)
{
    bool counts = l->page == PAGE_OFFSET || l->page == PAGE_NUMBER;

    memset(out, 0, sizeof *out);
    out->size = page_size(a, l, limit);
    out->cursor = arena_text(a, cursor);
    out->number = counts;
    out->at = l->page == PAGE_NUMBER ? 1 : 0;
    if (cursor != NULL) {
        if (strncmp(cursor, mark_of(l->page, cursor), 2) != 0)
            return bad_cursor(err, "not a cursor of this kind of page");
        cursor = out->cursor + 2;
        if (counts && read_place(cursor, out, err) != 0)
            return -1;
        if (out->cursor[0] == 'u' && !url_same_origin(base_url, cursor))
            return bad_cursor(err, "the URL of the next page is on another host");
        if (out->cursor[0] == 'u')
            out->url = cursor;
        if (out->cursor[0] == 's' || out->cursor[0] == 'n') {
            out->value = cursor;
            out->number = out->cursor[0] == 'n';
        }
    }
    if (counts)
        out->value = arena_printf(a, "%" PRId64, out->at);
    return 0;
}

/* FNV-1a over the rows' ids; never 0. */
static uint64_t
rows_mark(const struct resource_def *r, const struct val *rows)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < rows->n; i++) {
        const char *id = val_id(val_path(record_at(rows->u.items[i], r->list.call.record), r->id));

        for (const char *p = id != NULL ? id : "?"; *p != '\0'; p++)
            h = (h ^ (unsigned char)*p) * 1099511628211u;
        h = (h ^ 0xff) * 1099511628211u;
    }
    return h != 0 ? h : 1;
}

static int
next_place(struct arena *a, const struct resource_def *r, const struct page *now,
           const struct val *rows, const char **next, struct err *err)
{
    int64_t step = r->list.page == PAGE_OFFSET ? (int64_t)rows->n : 1;
    uint64_t mark;

    /* A short page is no last page: servers cap the size without a word. */
    if (rows->n == 0 && r->list.more == NULL)
        return 0;
    mark = rows_mark(r, rows);
    if (mark == now->seen || step == 0)
        return page_loop(err);
    *next = arena_printf(a, "o:%" PRId64 ":%" PRIx64, now->at + step, mark);
    return 0;
}

static int
next_cursor(struct arena *a, const struct page *now, const struct val *v, const char **next,
            struct err *err)
{
    const char *text = val_id(v);

    if (text == NULL)
        return bad_cursor(err, "the next cursor is neither text nor a number");
    *next = arena_printf(a, "%c:%s", v->kind == VAL_NUMBER ? 'n' : 's', text);
    return now->value != NULL && strcmp(now->value, text) == 0 ? page_loop(err) : 0;
}

static int
next_url(struct arena *a, const char *base_url, const char *url, const char *ref, const char **next,
         struct err *err)
{
    const char *found;

    if (ref == NULL)
        return bad_cursor(err, "the URL of the next page is no text");
    found = url_resolve(a, url, ref);
    if (found == NULL)
        return bad_cursor(err, "the URL of the next page is none");
    if (!url_same_origin(base_url, found))
        return bad_cursor(err, "the URL of the next page is on another host");
    *next = arena_printf(a, "u:%s", found);
    return strcmp(found, url) == 0 ? page_loop(err) : 0;
}

/* The id of the last row; an empty page is the last one. */
static int
next_id(struct arena *a, const struct resource_def *r, const struct page *now,
        const struct val *rows, const char **next, struct err *err)
{
    const struct val *id;

    if (rows->n == 0)
        return 0;
    id = val_path(record_at(rows->u.items[rows->n - 1], r->list.call.record), r->id);
    if (val_id(id) == NULL)
        return bad_cursor(err, "the last row of the page has no id");
    return next_cursor(a, now, id, next, err);
}

/* What the answer says of another page: 1 there is one, 0 there is none, -1. */
static int
says_more(const struct listing *l, const struct val *answer, struct err *err)
{
    const struct val *v = val_path(answer, l->more);

    if (v == NULL || (v->kind != VAL_TRUE && v->kind != VAL_FALSE))
        return err_set(err, ERR_SYSTEM, ERR_LATER, "bad-cursor",
                       "%s, which says whether there are more pages, is neither true nor false",
                       l->more);
    return (v->kind == VAL_TRUE) != l->more_is_end;
}

/* Is nothing where the next cursor or URL should be? */
static bool
is_nothing(const struct val *v)
{
    return val_is_null(v) || v->kind == VAL_FALSE || (v->kind == VAL_STRING && v->n == 0);
}

static int
next_of_kind(struct arena *a, const struct resource_def *r, const struct page *now,
             const char *base_url, const struct page_answer *answer, const char **next,
             struct err *err)
{
    const struct val *v;

    switch (r->list.page) {
    case PAGE_NONE:
        return 0;
    case PAGE_OFFSET:
    case PAGE_NUMBER:
        return next_place(a, r, now, answer->rows, next, err);
    case PAGE_LAST_ID:
        return next_id(a, r, now, answer->rows, next, err);
    case PAGE_LINK:
        return answer->link == NULL ? 0
                                    : next_url(a, base_url, answer->url, answer->link, next, err);
    case PAGE_CURSOR:
    case PAGE_NEXT_URL:
        break;
    }
    v = val_path(answer->body, r->list.page_from);
    if (is_nothing(v))
        return 0;
    return r->list.page == PAGE_CURSOR ? next_cursor(a, now, v, next, err)
                                       : next_url(a, base_url, answer->url, val_text(v), next, err);
}

int
page_next(struct arena *a, const struct resource_def *r, const struct page *now,
          const char *base_url, const struct page_answer *answer, const char **next,
          struct err *err)
{
    int more = r->list.more != NULL ? says_more(&r->list, answer->body, err) : 1;

    *next = NULL;
    if (more <= 0)
        return more;
    if (next_of_kind(a, r, now, base_url, answer, next, err) < 0)
        return -1;
    if (*next == NULL)
        return r->list.more == NULL
                   ? 0
                   : bad_cursor(err, "there is another page, but nothing says where");
    return strlen(*next) > PAGE_MAX_CURSOR ? bad_cursor(err, "the next cursor is too long") : 0;
}
