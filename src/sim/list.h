#ifndef SIM_LIST_H
#define SIM_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "sim/cursor.h"
#include "sim/store.h"

/*
 * Listings: the records of a collection by (updated, id), from a time on, filtered, one page at a
 * time. A plain listing walks the order in O(log n + page); a filtered one reads the index of its
 * first filter; only lags, hide-closed and page-order read everything.
 */
struct list_query {
    int64_t since; /* ms; INT64_MIN = from the start */
    size_t limit;
    size_t offset; /* records to skip, without a cursor */
    bool has_cursor;
    struct place cursor;  /* of the last record seen */
    struct buf cursor_id; /* what it borrows */
    json_t *filters;      /* owned; name -> value, equal as plain text; NULL = none */
    bool include_closed;
};

struct list_row {
    const struct record *record;
    const struct version *version;
};

struct list_page {
    struct list_row *rows; /* owned */
    size_t n;
    size_t start; /* position of the first row in the whole listing */
    size_t total; /* rows of the whole listing */
    bool more;    /* there is a further page, or the quirks say so */
};

/* SALT shuffles page-order=unstable; give another one for each page. */
void list_run(const struct store *s, struct collection *c, const struct list_query *q,
              uint64_t salt, struct list_page *page);

void list_query_release(struct list_query *q);
void list_page_release(struct list_page *page);

#endif
