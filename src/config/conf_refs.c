#include <config.h>

#include <string.h>

#include "config/internal.h"

/* References, once all syncs are read: what a field names must be synced where the field is. */

/* The node of `ref` of field NAME in the sync Y. */
static const struct yaml *
ref_of(const struct yaml *y, const char *name)
{
    return yaml_get(yaml_get(yaml_get(y, "fields"), name), "ref");
}

static void
check_parent(struct conf_reader *cr, const struct yaml *at, const struct conf_sync *s,
             const struct sync_field *f)
{
    const struct conf_sync *parent = conf_need_sync(cr, at);

    if (parent == NULL || parent->n_between < 2)
        return; /* said already */
    for (size_t i = 0; i < s->n_between; i++) {
        const char *name = s->between[i]->name;

        if (resource_field(s->defs[i], f->field->name) != NULL && sync_index(parent, name) < 0)
            FAULT(&cr->r, at, "%s maps %s, but %s is not synced with it (between)", name,
                  f->field->name, parent->resource);
    }
}

/* ---- circles of required references: each record would wait for the next ---- */

struct walk {
    struct conf_reader *cr;
    const struct yaml *syncs;
    struct step {
        enum { UNSEEN, ON_THE_WAY, DONE } mark;
        size_t from;                 /* the sync that led here */
        const struct sync_field *by; /* by this reference of it */
    } * steps;                       /* one for each sync */
};

/* "A.x -> B.y -> A": FROM begins it, LAST of TO closes it. */
static const char *
circle(const struct walk *w, size_t from, size_t to, const struct sync_field *last)
{
    const struct conf *c = w->cr->c;
    struct arena *a = w->cr->r.arena;
    const char *text = arena_printf(a, "%s.%s -> %s", c->syncs[to].resource, last->field->name,
                                    c->syncs[from].resource);

    for (; to != from; to = w->steps[to].from)
        text = arena_printf(a, "%s.%s -> %s", c->syncs[w->steps[to].from].resource,
                            w->steps[to].by->field->name, text);
    return text;
}

static void
walk(struct walk *w, size_t i)
{
    const struct conf *c = w->cr->c;
    const struct conf_sync *s = &c->syncs[i];

    w->steps[i].mark = ON_THE_WAY;
    for (size_t k = 0; k < s->n_fields; k++) {
        const struct sync_field *f = &s->fields[k];
        const struct conf_sync *parent =
            f->required && f->ref != NULL ? conf_sync(c, f->ref) : NULL;
        struct step *next;

        if (parent == NULL)
            continue;
        next = &w->steps[parent - c->syncs];
        if (next->mark == ON_THE_WAY)
            FAULT(&w->cr->r, ref_of(w->syncs->items[i], f->field->name),
                  "required references go in a circle: %s (take required off one)",
                  circle(w, (size_t)(parent - c->syncs), i, f));
        if (next->mark != UNSEEN)
            continue;
        next->from = i;
        next->by = f;
        walk(w, (size_t)(parent - c->syncs));
    }
    w->steps[i].mark = DONE;
}

void
conf_check_refs(struct conf_reader *cr, const struct yaml *syncs)
{
    const struct conf *c = cr->c;
    struct walk w = {.cr = cr, .syncs = syncs};

    for (size_t i = 0; i < c->n_syncs; i++) {
        const struct conf_sync *s = &c->syncs[i];

        for (size_t k = 0; k < s->n_fields; k++)
            if (s->fields[k].ref != NULL)
                check_parent(cr, ref_of(syncs->items[i], s->fields[k].field->name), s,
                             &s->fields[k]);
    }
    w.steps = arena_alloc(cr->r.arena, (c->n_syncs + 1) * sizeof *w.steps);
    for (size_t i = 0; i < c->n_syncs; i++)
        if (w.steps[i].mark == UNSEEN)
            walk(&w, i);
}
