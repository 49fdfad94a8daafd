#include <config.h>

#include "sync/prove_internal.h"

#include <stdlib.h>
#include <string.h>

#include "sync/internal.h"

/* What is tried: by type, by the words of a table, by the rules, by what is there. */

enum { LONGEST_CUT = 10000 };

static const char *const any[] = {"null", "\"\"", "\" \"", NULL};
static const char *const texts[] = {"\"x\"",
                                    "\"X\"",
                                    "\" x\"",
                                    "\"x \"",
                                    "\"x  y\"",
                                    "\"x\\ny\"",
                                    "\"x\\u00a0y\"",
                                    "\"\xc3\x84\"",
                                    "\"\xf0\x9f\x98\x80\"",
                                    "\"a;b\"",
                                    "\"null\"",
                                    "\"true\"",
                                    "\"1\"",
                                    "\"1.10\"",
                                    "\"2026-01-02\"",
                                    "\"<\"",
                                    "\"&amp;\"",
                                    "\"a < b & c\"",
                                    "\"<p>A &amp; b</p>\"",
                                    "\"+49 (151) 23\"",
                                    NULL};
static const char *const emails[] = {"\"b@x.org\"", "\"Bob@X.org\"", "\" b@x.org \"",
                                     "\"\xc3\xa4@x.org\"", NULL};
static const char *const phones[] = {"\"1\"",
                                     "\"+49 (151) 23\"",
                                     "\"0049 151 23\"",
                                     "\"0151/23-4\"",
                                     "\"none\"",
                                     "15123",
                                     "\"15123 ext. 4\"",
                                     NULL};
static const char *const numbers[] = {"0",
                                      "1",
                                      "-1",
                                      "1.10",
                                      "0.1",
                                      "\"42\"",
                                      "1e21",
                                      "0.0000001",
                                      "9007199254740993",
                                      "12345678901234567890",
                                      NULL};
static const char *const bools[] = {"true", "false", "\"true\"", "\"false\"", "1", "0", NULL};
static const char *const dates[] = {"\"2026-01-02\"", "\"2026-01-02T00:00:00Z\"",
                                    "\"2026-01-02T00:00:00+02:00\"", "\"2026-12-31\"", NULL};
static const char *const times[] = {"\"2026-01-02\"",
                                    "\"2026-01-02 03:04\"",
                                    "\"2026-01-02 03:04:05\"",
                                    "\"2026-01-02T03:04:05Z\"",
                                    "\"2026-01-02T23:04:05-05:00\"",
                                    "\"2026-12-31T23:59:59.999Z\"",
                                    "\"1969-12-31T23:59:59.5Z\"",
                                    "\"2026-01-02T03:04:05.678+02:00\"",
                                    NULL};
static const char *const sets[] = {"[]",        "[\"a\"]",      "[\"b\",\"a\"]", "[\"A \",\"a\"]",
                                   "[\"a;b\"]", "[\"a\",null]", "[1,true]",      NULL};

static const char *const *
of_type(enum field_type type)
{
    switch (type) {
    case FIELD_EMAIL:
        return emails;
    case FIELD_PHONE:
        return phones;
    case FIELD_NUMBER:
        return numbers;
    case FIELD_BOOL:
        return bools;
    case FIELD_DATE:
        return dates;
    case FIELD_DATETIME:
        return times;
    case FIELD_SET:
        return sets;
    default:
        return texts;
    }
}

static void
add(struct prove_values *values, struct arena *a, const struct val *v)
{
    if (values->n == values->room) {
        const struct val **more;

        values->room = values->room == 0 ? 64 : 2 * values->room;
        more = arena_alloc(a, values->room * sizeof *more);
        if (values->n > 0)
            memcpy(more, values->list, values->n * sizeof *more);
        values->list = more;
    }
    values->list[values->n++] = v;
}

static void
add_written(struct prove_values *values, struct arena *a, const char *const *written)
{
    for (; *written != NULL; written++)
        add(values, a, val_parse(a, *written, strlen(*written), NULL));
}

/* Texts just as long as a rule lets them be, one longer, and with a space where it cuts. */
static void
add_lengths(struct prove_values *values, struct arena *a, const struct conf_sync *sync,
            const char *field)
{
    for (size_t i = 0; i < sync->n_between; i++) {
        long n = prove_cut(sync, field, i);
        char *text;

        if (n == 0 || n > LONGEST_CUT)
            continue;
        text = arena_alloc(a, (size_t)n + 3);
        memset(text, 'm', (size_t)n + 2);
        add(values, a, val_nstring(a, text, (size_t)n));
        add(values, a, val_nstring(a, text, (size_t)n + 2));
        text[n - 1] = ' ';
        add(values, a, val_nstring(a, text, (size_t)n + 2));
    }
}

/* The words of the table there; where it has none, the unified ones. */
static void
add_words(struct prove_values *values, struct arena *a, const struct value_table *t,
          const struct conf_system *system)
{
    const struct value_system *words = table_words(t, system);

    for (size_t r = 0; words != NULL && r < words->n_rows; r++)
        add(values, a, val_string(a, words->rows[r].word));
    for (size_t i = 0; words == NULL && i < t->n_systems; i++)
        for (size_t r = 0; r < t->systems[i].n_rows; r++)
            add(values, a, val_string(a, t->systems[i].rows[r].unified));
}

struct sized {
    size_t len;
    const char *text;
    const struct val *value;
};

static int
by_length(const void *x, const void *y)
{
    const struct sized *p = x, *q = y;

    if (p->len != q->len)
        return p->len < q->len ? -1 : 1;
    return strcmp(p->text, q->text);
}

/* Shortest first, each once. */
static void
sort(struct prove_values *values, struct arena *a)
{
    struct sized *sized = arena_alloc(a, (values->n + 1) * sizeof *sized);
    size_t n = 0;

    for (size_t k = 0; k < values->n; k++) {
        const char *text = val_write_text(a, values->list[k]);

        sized[k] = (struct sized){strlen(text), text, values->list[k]};
    }
    qsort(sized, values->n, sizeof *sized, by_length);
    for (size_t k = 0; k < values->n; k++)
        if (k == 0 || strcmp(sized[k].text, sized[k - 1].text) != 0)
            values->list[n++] = sized[k].value;
    values->n = n;
}

long
prove_cut(const struct conf_sync *sync, const char *field, size_t i)
{
    const struct field_map *map = resource_field(sync->defs[i], field);
    long n = 0;

    for (size_t r = 0; map != NULL && r < map->n_stores; r++)
        if (map->stores[r].rule == STORES_TRUNCATE && (n == 0 || map->stores[r].n < n))
            n = map->stores[r].n;
    return n;
}

void
prove_values(struct arena *a, const struct conf_sync *sync, const struct sync_field *field,
             size_t system, const struct prove_link *links, size_t n, struct prove_values *out)
{
    const char *name = field->field->name;

    memset(out, 0, sizeof *out);
    add_written(out, a, any);
    if (field->values != NULL) {
        add_words(out, a, field->values, sync->between[system]);
    } else {
        add_written(out, a, of_type(field->field->type));
        add_lengths(out, a, sync, name);
    }
    for (size_t k = 0; k < n; k++) {
        const struct val *v = val_get(links[k].shadows[system], name);

        if (v != NULL)
            add(out, a, v);
    }
    sort(out, a);
}
