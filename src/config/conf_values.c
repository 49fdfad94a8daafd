#include <config.h>

#include <string.h>

#include "config/internal.h"

static void
read_rows(struct reader *r, const struct yaml *y, struct value_system *out)
{
    if (y->kind != YAML_MAP) {
        FAULT(r, y, "must be a map (the system's word: the unified word), is %s",
              yaml_kind_name(y));
        return;
    }
    if (y->n == 0)
        FAULT(r, y, "no word is known here (a system that speaks the unified words is left out)");
    out->rows = arena_alloc(r->arena, (y->n + 1) * sizeof *out->rows);
    for (size_t i = 0; i < y->n; i++) {
        char *unified = read_scalar(r, y->items[i], y->keys[i]->text);

        if (unified == NULL)
            continue;
        out->rows[out->n_rows].word = arena_text(r->arena, y->keys[i]->text);
        out->rows[out->n_rows++].unified = unified;
    }
}

static void
read_table(struct conf_reader *cr, const struct yaml *key, const struct yaml *y,
           struct value_table *t)
{
    static const char *const words[] = {"reject", "skip", "pass", NULL};
    struct reader *r = &cr->r;
    size_t n = 0;

    t->name = arena_text(r->arena, key->text);
    if (y->kind != YAML_MAP) {
        FAULT(r, y, "a value table must be a map of systems, is %s", yaml_kind_name(y));
        return;
    }
    t->unmapped = (enum unmapped)read_word(r, y, "unmapped", words, UNMAPPED_REJECT);
    t->systems = arena_alloc(r->arena, (y->n + 1) * sizeof *t->systems);
    for (size_t i = 0; i < y->n; i++) {
        struct value_system *one = &t->systems[t->n_systems];

        if (strcmp(y->keys[i]->text, "unmapped") == 0)
            continue;
        one->system = conf_need_system(cr, y->keys[i]);
        read_rows(r, y->items[i], one);
        n++;
        t->n_systems += one->system != NULL;
    }
    if (n == 0)
        FAULT(r, y, "no system's words stand here");
}

void
conf_read_values(struct conf_reader *cr, const struct yaml *values)
{
    if (values == NULL)
        return;
    cr->c->tables = arena_alloc(cr->r.arena, (values->n + 1) * sizeof *cr->c->tables);
    cr->c->n_tables = values->n;
    for (size_t i = 0; i < values->n; i++)
        read_table(cr, values->keys[i], values->items[i], &cr->c->tables[i]);
}
