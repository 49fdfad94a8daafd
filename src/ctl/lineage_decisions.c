#include <config.h>

#include "ctl/lineage.h"
#include "ctl/show.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 1000, MAX_TOKENS = 32, MAX_FOLDED = 50 };

/* What the decisions of a record are told from. */
struct telling {
    struct ctl *c;
    const struct ctl_record *record;
    const char *field;          /* NULL: all */
    struct store_event *events; /* of all its link's records, that ended superseded */
    size_t n_events;
};

/* History rows of one event, or of one thing that a person did. */
struct group {
    int64_t seq;
    const struct store_history **rows;
    size_t n;
};

/* The number in DEPLOYMENT-NUMBER; 0. */
static int64_t
token_number(const char *token)
{
    const char *dash = token != NULL ? strrchr(token, '-') : NULL;

    return dash != NULL ? strtoll(dash + 1, NULL, 10) : 0;
}

/* What a person did with several records at once is one. */
static bool
belongs(const struct group *g, const struct store_history *h)
{
    if (h->seq != 0 || g->seq != 0)
        return g->seq == h->seq;
    return g->rows[0]->at == h->at && g->rows[0]->link_id == h->link_id &&
           strcmp(g->rows[0]->rule, h->rule) == 0;
}

/* Rows are oldest first; groups come out by their newest row, newest first. */
static size_t
make_groups(struct arena *a, const struct store_history *rows, size_t n, struct group **out)
{
    struct group *groups = arena_alloc(a, (n + 1) * sizeof *groups);
    size_t n_groups = 0;

    for (size_t i = n; i-- > 0;) {
        size_t k = 0;

        while (k < n_groups && !belongs(&groups[k], &rows[i]))
            k++;
        if (k == n_groups) {
            groups[n_groups++] = (struct group){
                .seq = rows[i].seq, .rows = arena_alloc(a, (i + 1) * sizeof *groups->rows)};
        }
        groups[k].rows[groups[k].n++] = &rows[i];
    }
    *out = groups;
    return n_groups;
}

static struct val *
write_json(struct ctl *c, const struct store_sent_intent *x)
{
    struct arena *a = c->arena;
    struct val *v = val_object(a);

    val_set(a, v, "token", val_int(a, x->intent.token));
    show_set(a, v, "target", x->intent.target);
    show_set(a, v, "record_id", x->intent.record_id);
    show_set(a, v, "action", x->intent.action);
    val_set(a, v, "sent", x->intent.fields != NULL ? val_copy(a, x->intent.fields) : val_null(a));
    val_set(a, v, "before", x->intent.before != NULL ? val_copy(a, x->intent.before) : val_null(a));
    show_set(a, v, "idempotency_key", x->intent.idempotency_key);
    show_set(a, v, "state", x->intent.state);
    val_set(a, v, "attempts", val_int(a, x->intent.attempts));
    show_set(a, v, "prepared_at", show_time(a, x->created_at));
    show_set(a, v, "sent_at", show_time(a, x->intent.sent_at));
    show_set(a, v, "settled_at", show_time(a, x->settled_at));
    val_set(a, v, "http_status", x->http_status != 0 ? val_int(a, x->http_status) : val_null(a));
    show_set(a, v, "response", x->response);
    return v;
}

/* The intents that rows of G name, each once; with FIELD those that sent it. */
static int
writes_json(struct ctl *c, const struct group *g, const char *field, struct val *list,
            struct err *err)
{
    int64_t seen[MAX_TOKENS];
    size_t n_seen = 0;

    for (size_t i = g->n; i-- > 0;) {
        int64_t token = token_number(g->rows[i]->token);
        struct store_sent_intent x;
        size_t k = 0;
        int r;

        while (k < n_seen && seen[k] != token)
            k++;
        if (token == 0 || k < n_seen || n_seen == MAX_TOKENS)
            continue;
        seen[n_seen++] = token;
        r = store_intent(c->store, c->arena, token, &x, err);
        if (r < 0)
            return -1;
        if (r == 1 && (field == NULL || val_get(x.intent.fields, field) != NULL ||
                       strcmp(x.intent.action, "delete") == 0))
            val_push(c->arena, list, write_json(c, &x));
    }
    return 0;
}

/* Rows that say something of FIELD, or of the link as a whole; what intents did is told by them. */
static struct val *
rules_json(struct ctl *c, const struct group *g, const char *field, bool *of_field)
{
    struct arena *a = c->arena;
    struct val *list = val_array(a);

    *of_field = field == NULL;
    for (size_t i = g->n; i-- > 0;) {
        const struct store_history *h = g->rows[i];
        struct val *v;

        if (h->token != NULL || (field != NULL && h->field != NULL && strcmp(h->field, field) != 0))
            continue;
        *of_field |= h->field != NULL || g->seq == 0;
        v = val_object(a);
        show_set(a, v, "field", h->field);
        show_set(a, v, "record",
                 h->system == NULL || h->record_id == NULL
                     ? NULL
                     : arena_printf(a, "%s:%s", h->system, h->record_id));
        show_set(a, v, "rule", h->rule);
        val_set(a, v, "base", show_json(a, h->base));
        show_set(a, v, "source", h->source);
        show_set(a, v, "target", h->target);
        show_set(a, v, "outcome", h->outcome);
        show_set(a, v, "text", h->text);
        val_push(a, list, v);
    }
    return list;
}

/* Events that were folded into E ended together with it. */
static struct val *
folded_json(struct telling *t, const struct store_event *e)
{
    struct val *list = val_array(t->c->arena);

    for (size_t i = 0; i < t->n_events; i++)
        if (t->events[i].disposed_at == e->disposed_at && t->events[i].seq != e->seq)
            val_push(t->c->arena, list, lineage_event(t->c, &t->events[i]));
    return list;
}

/* 1 added to LIST, 0 it says nothing of FIELD, -1. */
static int
add_group(struct telling *t, const struct group *g, struct val *list, struct err *err)
{
    struct ctl *c = t->c;
    struct arena *a = c->arena;
    const char *field = t->field;
    struct val *v = val_object(a), *writes = val_array(a), *rules;
    struct store_event event;
    bool of_field;
    int r = g->seq != 0 ? store_event(c->store, a, g->seq, &event, err) : 0;

    if (r < 0 || writes_json(c, g, field, writes, err) != 0)
        return -1;
    rules = rules_json(c, g, field, &of_field);
    if (!of_field && writes->n == 0)
        return 0;
    val_set(a, v, "seq", g->seq != 0 ? val_int(a, g->seq) : val_null(a));
    show_set(a, v, "at", show_time(a, g->rows[g->n - 1]->at));
    val_set(a, v, "event", r == 1 ? lineage_event(c, &event) : val_null(a));
    val_set(a, v, "folded", r == 1 ? folded_json(t, &event) : val_array(a));
    val_set(a, v, "rules", rules);
    val_set(a, v, "writes", writes);
    val_push(a, list, v);
    return 1;
}

static int
find_folded(struct telling *t, struct err *err)
{
    struct store_link link = {0};
    int rc = ctl_link_of(t->c, t->record, &link, err);

    t->events = arena_alloc(t->c->arena, (link.n_ends * MAX_FOLDED + 1) * sizeof *t->events);
    for (size_t i = 0; rc == 1 && i < link.n_ends; i++) {
        const struct store_record r = {link.ends[i].system, link.ends[i].account,
                                       link.ends[i].record_id};
        struct store_event *events;
        int n = store_events_of(t->c->store, t->c->arena, t->record->sync->resource, &r, MAX_FOLDED,
                                &events, err);

        if (n < 0)
            return -1;
        for (int k = 0; k < n; k++)
            if (events[k].disposition != NULL && strcmp(events[k].disposition, "superseded") == 0)
                t->events[t->n_events++] = events[k];
    }
    return rc < 0 ? -1 : 0;
}

int
lineage_decisions(struct ctl *c, const struct ctl_record *r, const char *field, size_t max,
                  struct val **out, struct err *err)
{
    struct telling t = {.c = c, .record = r, .field = field};
    struct val *list = val_array(c->arena);
    struct store_history *rows;
    struct group *groups;
    size_t n_groups;
    int n = store_history(c->store, c->arena, r->sync->resource, r->record.system,
                          r->record.record_id, NULL, MAX_ROWS, &rows, err);

    if (n < 0 || find_folded(&t, err) != 0)
        return -1;
    n_groups = make_groups(c->arena, rows, (size_t)n, &groups);
    for (size_t i = 0; i < n_groups && list->n < max; i++)
        if (add_group(&t, &groups[i], list, err) < 0)
            return -1;
    *out = list;
    return 0;
}
