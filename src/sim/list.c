#include <config.h>

#include "sim/list.h"
#include "base/mem.h"
#include "sim/jtext.h"

#include <stdlib.h>
#include <string.h>

/* All that match, before they are cut into pages. */
struct rows {
    struct list_row *items; /* owned */
    size_t n;
    size_t cap;
};

static void
add(struct rows *rows, const struct record *r, const struct version *v)
{
    if (rows->n == rows->cap) {
        rows->cap = rows->cap == 0 ? 64 : rows->cap * 2;
        rows->items = mem_resize(rows->items, rows->cap, sizeof *rows->items);
    }
    rows->items[rows->n++] = (struct list_row){r, v};
}

static bool
closed_hidden(const struct store *s, const struct list_query *q)
{
    return quirk_on(&s->quirks, QUIRK_HIDE_CLOSED) && !q->include_closed;
}

static bool
is_closed(const struct version *v)
{
    const json_t *closed = version_field(v, "closed");
    const char *text = json_string_value(closed);

    return json_is_true(closed) || json_integer_value(closed) == 1 ||
           (text != NULL && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0));
}

static bool
matches(const struct record *r, const struct version *v, json_t *filters)
{
    const char *name;
    json_t *value;

    json_object_foreach(filters, name, value)
    {
        CLEANUP_BUF struct buf want = BUF_INIT;
        CLEANUP_BUF struct buf have = BUF_INIT;

        jtext_plain(&want, value);
        if (!record_plain(r, v, name, &have) || strcmp(buf_get(&want), buf_get(&have)) != 0)
            return false;
    }
    return true;
}

static void
consider(const struct store *s, const struct list_query *q, const struct record *r,
         int64_t visible_at, struct rows *rows)
{
    const struct version *v = record_at(r, visible_at);

    if (v == NULL || v->deleted || v->updated < q->since)
        return;
    if (closed_hidden(s, q) && is_closed(v))
        return;
    if (matches(r, v, q->filters))
        add(rows, r, v);
}

/* The records that can match: those of one filter's index, or all. */
static void
collect(const struct store *s, struct collection *c, const struct list_query *q, int64_t visible_at,
        struct rows *rows)
{
    void *first = q->filters != NULL ? json_object_iter(q->filters) : NULL;
    CLEANUP_BUF struct buf value = BUF_INIT;
    const struct hits *hits;
    size_t i;

    if (first == NULL || store_lagging(c, visible_at)) {
        for (i = 0; i < c->n; i++)
            consider(s, q, c->records[i], visible_at, rows);
        return;
    }
    jtext_plain(&value, json_object_iter_value(first));
    if (strcmp(json_object_iter_key(first), "id") == 0) {
        const struct record *r = store_find(c, buf_get(&value));

        if (r != NULL)
            consider(s, q, r, visible_at, rows);
        return;
    }
    hits = store_lookup(c, json_object_iter_key(first), buf_get(&value));
    for (i = 0; hits != NULL && i < hits->n; i++)
        consider(s, q, hits->items[i], visible_at, rows);
}

static int
compare_rows(const void *a, const void *b)
{
    const struct list_row *ra = a;
    const struct list_row *rb = b;
    struct place pa = record_place(ra->record, ra->version);
    struct place pb = record_place(rb->record, rb->version);

    return place_compare(&pa, &pb);
}

static uint64_t
shuffle_key(const char *id, uint64_t salt)
{
    uint64_t h = ids_mix(salt);

    for (; *id != '\0'; id++)
        h = ids_mix(h ^ (unsigned char)*id);
    return h;
}

static int
compare_shuffled(const void *a, const void *b, void *salt)
{
    const struct list_row *ra = a;
    const struct list_row *rb = b;
    uint64_t ka = shuffle_key(ra->record->key, *(uint64_t *)salt);
    uint64_t kb = shuffle_key(rb->record->key, *(uint64_t *)salt);

    if (ra->version->updated != rb->version->updated)
        return ra->version->updated < rb->version->updated ? -1 : 1;
    return (ka > kb) - (ka < kb);
}

/* Whether ROW stands at the cursor or before it. */
static bool
seen(const struct list_row *row, const struct place *cursor, bool shuffled, uint64_t salt)
{
    struct place p = record_place(row->record, row->version);

    if (!shuffled || p.at != cursor->at)
        return place_compare(&p, cursor) <= 0;
    return shuffle_key(p.key, salt) <= shuffle_key(cursor->key, salt);
}

static void
cut(struct list_page *page, const struct list_query *q, const struct list_row *all)
{
    size_t left = page->total > page->start ? page->total - page->start : 0;

    page->n = left < q->limit ? left : q->limit;
    page->more = left > q->limit;
    page->rows = mem_resize(NULL, page->n, sizeof *page->rows);
    if (page->n > 0)
        memcpy(page->rows, all + page->start, page->n * sizeof *page->rows);
}

static void
run_slow(const struct store *s, struct collection *c, const struct list_query *q, uint64_t salt,
         int64_t visible_at, struct list_page *page)
{
    bool shuffled = quirk_on(&s->quirks, QUIRK_PAGE_ORDER);
    struct rows rows = {NULL, 0, 0};

    collect(s, c, q, visible_at, &rows);
    if (rows.n > 0 && shuffled)
        qsort_r(rows.items, rows.n, sizeof *rows.items, compare_shuffled, &salt);
    else if (rows.n > 0)
        qsort(rows.items, rows.n, sizeof *rows.items, compare_rows);
    page->total = rows.n;
    page->start = q->has_cursor ? 0 : q->offset;
    while (q->has_cursor && page->start < rows.n &&
           seen(&rows.items[page->start], &q->cursor, shuffled, salt))
        page->start++;
    cut(page, q, rows.items);
    free(rows.items);
}

static void
run_fast(const struct collection *c, const struct list_query *q, struct list_page *page)
{
    struct place since = {.at = q->since, .is_number = true, .number = INT64_MIN, .key = ""};
    size_t base = order_rank(&c->order, &since, false);
    size_t from = q->has_cursor ? order_rank(&c->order, &q->cursor, true) : base;
    size_t left;
    size_t i;

    page->total = order_size(&c->order) - base;
    page->start = q->has_cursor ? (from > base ? from - base : 0) : q->offset;
    left = page->total > page->start ? page->total - page->start : 0;
    page->n = left < q->limit ? left : q->limit;
    page->more = left > q->limit;
    page->rows = mem_resize(NULL, page->n, sizeof *page->rows);
    for (i = 0; i < page->n; i++) {
        const struct record *r = order_at(&c->order, base + page->start + i);

        page->rows[i] = (struct list_row){r, r->now};
    }
}

/* The quirk end-early: the last of several pages is not there. */
static void
end_early(const struct list_query *q, struct list_page *page)
{
    if (!page->more && page->start > 0)
        page->n = 0;
    if (page->more && page->total - page->start - page->n <= q->limit)
        page->more = false;
}

void
list_run(const struct store *s, struct collection *c, const struct list_query *q, uint64_t salt,
         struct list_page *page)
{
    int64_t visible_at = store_visible_at(s, true);

    *page = (struct list_page){.rows = NULL};
    if (quirk_on(&s->quirks, QUIRK_SCOPE_LOST))
        return;
    if (q->filters != NULL || store_lagging(c, visible_at) || closed_hidden(s, q) ||
        quirk_on(&s->quirks, QUIRK_PAGE_ORDER))
        run_slow(s, c, q, salt, visible_at, page);
    else
        run_fast(c, q, page);
    if (quirk_on(&s->quirks, QUIRK_END_EARLY))
        end_early(q, page);
}

void
list_query_release(struct list_query *q)
{
    json_decref(q->filters);
    buf_release(&q->cursor_id);
}

void
list_page_release(struct list_page *page)
{
    free(page->rows);
}
