#include <config.h>

#include "ctl/table.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_COLUMNS = 16 };

struct cell {
    char *text; /* owned; NULL = none */
    char *json; /* owned; NULL: made of the text */
};

struct table {
    char *headings[MAX_COLUMNS]; /* owned */
    bool number[MAX_COLUMNS];
    size_t n_columns;
    struct cell *cells; /* owned; row after row */
    size_t n_cells;
};

struct table *
table_new(const char *headings)
{
    struct table *t = mem_alloc(sizeof *t);

    while (*headings != '\0' && t->n_columns < MAX_COLUMNS) {
        size_t len = strcspn(headings, ",");
        bool number = len > 0 && headings[len - 1] == '#';

        t->number[t->n_columns] = number;
        t->headings[t->n_columns++] = mem_printf("%.*s", (int)(number ? len - 1 : len), headings);
        headings += len + (headings[len] == ',');
    }
    return t;
}

static void
add_cell(struct table *t, char *text)
{
    if ((t->n_cells & (t->n_cells - 1)) == 0) /* room for twice as many */
        t->cells = mem_resize(t->cells, t->n_cells == 0 ? 1 : 2 * t->n_cells, sizeof *t->cells);
    t->cells[t->n_cells++] = (struct cell){.text = text};
}

void
table_text(struct table *t, const char *text)
{
    add_cell(t, mem_text(text));
}

void
table_number(struct table *t, int64_t n)
{
    add_cell(t, mem_printf("%lld", (long long)n));
}

void
table_time(struct table *t, int64_t ms)
{
    char text[CLOCK_TEXT];

    add_cell(t, ms == 0 ? NULL : mem_text(clock_format(ms, text)));
}

void
table_value(struct table *t, const char *shown, const char *json)
{
    add_cell(t, mem_text(shown));
    t->cells[t->n_cells - 1].json = mem_text(json != NULL ? json : "null");
}

/* Width on a terminal, one column a code point. */
static size_t
width(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void
add_padded(struct buf *out, const char *text, size_t want, bool right, bool last)
{
    CLEANUP_BUF struct buf clean = BUF_INIT;
    size_t have;

    text_escape(&clean, text, strlen(text));
    have = width(buf_get(&clean));
    for (; right && have < want; have++)
        buf_char(out, ' ');
    buf_text(out, buf_get(&clean));
    for (; !last && have < want; have++)
        buf_char(out, ' ');
    buf_text(out, last ? "\n" : "  ");
}

static const char *
shown(const struct cell *cell)
{
    return cell->text != NULL ? cell->text : "-";
}

static void
print_text(const struct table *t, struct buf *out)
{
    size_t widths[MAX_COLUMNS], c, i;

    for (c = 0; c < t->n_columns; c++) {
        widths[c] = width(t->headings[c]);
        for (i = c; i < t->n_cells; i += t->n_columns)
            if (width(shown(&t->cells[i])) > widths[c])
                widths[c] = width(shown(&t->cells[i]));
    }
    for (c = 0; c < t->n_columns; c++)
        add_padded(out, t->headings[c], widths[c], t->number[c], c + 1 == t->n_columns);
    for (i = 0; i < t->n_cells; i++) {
        c = i % t->n_columns;
        add_padded(out, shown(&t->cells[i]), widths[c], t->number[c], c + 1 == t->n_columns);
    }
}

/* A cell as JSON text. Owner: the caller. */
static char *
cell_json(const struct cell *cell, bool number)
{
    json_auto_t *value = cell->text == NULL ? json_null() : json_string(cell->text);
    char *text;

    if (cell->json != NULL || (number && cell->text != NULL))
        return mem_text(cell->json != NULL ? cell->json : cell->text);
    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    return text != NULL ? text : mem_text("\"?\""); /* no UTF-8 */
}

static void
print_json(const struct table *t, struct buf *out)
{
    size_t i, c;

    for (i = 0; i + t->n_columns <= t->n_cells; i += t->n_columns) {
        for (c = 0; c < t->n_columns; c++) {
            CLEANUP_FREE char *value = cell_json(&t->cells[i + c], t->number[c]);

            buf_printf(out, "%c\"%s\":%s", c == 0 ? '{' : ',', t->headings[c], value);
        }
        buf_text(out, "}\n");
    }
}

int
table_print(const struct table *t, bool json, struct err *err)
{
    CLEANUP_BUF struct buf out = BUF_INIT;

    if (json)
        print_json(t, &out);
    else
        print_text(t, &out);
    if (fwrite(buf_get(&out), 1, out.len, stdout) != out.len || fflush(stdout) != 0)
        return err_errno(err, "stdout");
    return 0;
}

void
table_free(struct table *t)
{
    size_t i;

    for (i = 0; i < t->n_columns; i++)
        free(t->headings[i]);
    for (i = 0; i < t->n_cells; i++) {
        free(t->cells[i].text);
        free(t->cells[i].json);
    }
    free(t->cells);
    free(t);
}

void
table_free_ptr(struct table **t)
{
    table_free(*t);
}
