#include <config.h>

#include "ctl/repair.h"
#include "base/log.h"
#include "base/mem.h"
#include "sync/match.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Records whose link the state does not know (any more): one that carries an external id of ours
 * was made by us of the record from which that id is made, or is to be that of a link.
 */

enum { MAX_RECORDS = 500000, MAX_GROUP = 32 };

struct stray {
    const char *external_id; /* that it carries, else what would be made of it */
    const char *record_id;
    size_t index; /* of the system */
    bool carries;
};

struct strays {
    struct repair *r;
    struct arena *arena;
    struct stray *list;
    size_t n, cap, carrying;
    bool unasked; /* a system was not listed to its end */
    size_t index; /* of the system being listed */
    char *cursor; /* NULL: the first page */
    bool more;
};

static void
keep(struct strays *s, const struct provider_record *rec, bool carries)
{
    const struct conf_system *system = s->r->sync->between[s->index];
    struct stray *x;

    if (s->n == MAX_RECORDS && !carries) {
        s->unasked = true;
        return;
    }
    if (s->n == s->cap) {
        s->cap = s->cap == 0 ? 1024 : 2 * s->cap;
        s->list = mem_resize(s->list, s->cap, sizeof *s->list);
    }
    x = &s->list[s->n++];
    s->carrying += carries;
    *x = (struct stray){
        .record_id = arena_text(s->arena, rec->id), .index = s->index, .carries = carries};
    x->external_id =
        carries ? arena_text(s->arena, rec->external_id)
                : match_external_id(s->arena, store_deployment(s->r->c->store),
                                    s->r->sync->resource, system->name, system->account, rec->id);
}

static int
look(struct strays *s, const struct provider_record *rec)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const struct conf_system *system = s->r->sync->between[s->index];
    struct store_link link;
    int rc = store_find_link(s->r->c->store, a, s->r->sync->resource, system->name, system->account,
                             rec->id, &link, s->r->err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    s->r->records++;
    keep(s, rec, match_is_ours(store_deployment(s->r->c->store), rec->external_id));
    return 0;
}

static void
listed(void *user, const struct provider_answer *answer)
{
    struct strays *s = user;

    s->more = false;
    if (answer->outcome != PROVIDER_OK) {
        repair_unasked(s->r, 0, s->index, NULL, answer);
        s->unasked = true;
        return;
    }
    for (size_t k = 0; k < answer->n_records && !s->r->failed; k++)
        s->r->failed = look(s, &answer->records[k]) != 0;
    if (answer->next_cursor == NULL)
        return;
    s->more = s->cursor == NULL || strcmp(s->cursor, answer->next_cursor) != 0;
    free(s->cursor);
    s->cursor = mem_text(answer->next_cursor);
}

static int
list_system(struct strays *s, size_t i)
{
    const struct resource_def *def = s->r->sync->defs[i];

    s->index = i;
    s->more = def->list.call.present;
    s->unasked |= !s->more;
    while (s->more) {
        provider_list(s->r->systems.providers[i], def, 0, s->cursor, 0, listed, s);
        if (http_run(s->r->systems.http, s->r->err) < 0 || s->r->failed)
            return -1;
        log_progress("records without a link", s->r->records, 0);
    }
    free(s->cursor);
    s->cursor = NULL;
    return 0;
}

/* The one system that is asked comes first: has it no strays, the others need not be listed. */
static int
list_all(struct strays *s)
{
    int only = s->r->only;

    if (only >= 0 && list_system(s, (size_t)only) != 0)
        return -1;
    if (only >= 0 && s->carrying == 0)
        return 0;
    for (size_t i = 0; i < s->r->sync->n_between; i++)
        if ((int)i != only && list_system(s, i) != 0)
            return -1;
    return 0;
}

static int
by_external_id(const void *x, const void *y)
{
    const struct stray *a = x, *b = y;
    int c = strcmp(a->external_id, b->external_id);

    if (c == 0) /* what it was made of first */
        c = a->carries - b->carries;
    return c != 0 ? c : a->index < b->index ? -1 : a->index > b->index;
}

static struct store_record
record_of(const struct strays *s, const struct stray *x)
{
    const struct conf_system *system = s->r->sync->between[x->index];

    return (struct store_record){system->name, system->account, x->record_id};
}

/* Each of the group that carries it is left to a person. */
static void
leave(struct strays *s, const struct stray *group, size_t n, int64_t link, const char *what,
      const char *text)
{
    for (size_t k = 0; k < n; k++)
        if (group[k].carries)
            repair_left(s->r, link, what, group[k].index, group[k].record_id, text);
}

/* The link that has the external id lacks a record of that system, or it has another. */
static void
join(struct strays *s, const struct stray *x, const struct store_link *link)
{
    const struct store_end *live = repair_live_end(link);
    const struct store_end *there = ctl_end_of(link, s->r->sync->between[x->index]->name);

    if (link->ended || live == NULL)
        repair_left(s->r, link->link_id, "elsewhere", x->index, x->record_id,
                    "carries the external id of this link, which has ended");
    else if (there != NULL && !there->deleted)
        repair_left(s->r, link->link_id, "copy", x->index, x->record_id,
                    arena_printf(s->arena, "carries this link's external id, as %s does",
                                 there->record_id));
    else if (!s->r->c->o->common->dry_run ||
             !provider_can_find(s->r->sync->defs[x->index], "external_id")) {
        const struct store_record records[2] = {{live->system, live->account, live->record_id},
                                                record_of(s, x)};

        repair_link(s->r, link->link_id, link->external_id, records, 2, x->index,
                    "carries the link's external id");
    }
}

static bool
one_a_system(const struct stray *group, size_t n)
{
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < k; j++)
            if (group[j].index == group[k].index)
                return false;
    return true;
}

static void
link_group(struct strays *s, const struct stray *group, size_t n)
{
    struct store_record records[MAX_GROUP];
    const char *first = arena_printf(s->arena, "%s:%s", s->r->sync->between[group[0].index]->name,
                                     group[0].record_id);

    if (n == 1 && !s->unasked)
        leave(s, group, n, 0, "stray",
              "carries our external id, but what it was made of is not there, or is linked "
              "elsewhere: sync-ctl links link");
    if (n == 1)
        return;
    if (n > MAX_GROUP || !one_a_system(group, n)) {
        leave(s, group, n, 0, "several",
              arena_printf(s->arena, "%zu records carry the external id that %s has given", n - 1,
                           first));
        return;
    }
    for (size_t k = 0; k < n; k++)
        records[k] = record_of(s, &group[k]);
    repair_link(
        s->r, 0, group[0].external_id, records, n, group[n - 1].index,
        arena_printf(s->arena,
                     group[0].carries ? "carries the same external id as %s" : "was made of %s",
                     first));
}

/* Records of one external id, at least one of which carries it. */
static int
settle(struct strays *s, const struct stray *group, size_t n)
{
    struct store_link link;
    int64_t id;
    int rc = store_find_external(s->r->c->store, group[0].external_id, &id, s->r->err);

    if (rc == 1)
        rc = store_load_link(s->r->c->store, s->arena, id, &link, s->r->err);
    if (rc < 0)
        return -1;
    for (size_t k = 0; k < n && rc == 1; k++)
        if (group[k].carries && (s->r->only < 0 || group[k].index == (size_t)s->r->only))
            join(s, &group[k], &link);
    if (rc == 0)
        link_group(s, group, n);
    return s->r->failed ? -1 : 0;
}

static bool
is_asked(const struct strays *s, const struct stray *group, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (group[k].carries && (s->r->only < 0 || group[k].index == (size_t)s->r->only))
            return true;
    return false;
}

static int
settle_all(struct strays *s)
{
    size_t from, to;

    if (s->n > 0)
        qsort(s->list, s->n, sizeof *s->list, by_external_id);
    for (from = 0; from < s->n; from = to) {
        for (to = from + 1;
             to < s->n && strcmp(s->list[from].external_id, s->list[to].external_id) == 0;)
            to++;
        if (is_asked(s, s->list + from, to - from) && settle(s, s->list + from, to - from) != 0)
            return -1;
    }
    return 0;
}

int
strays_find(struct repair *r)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    struct strays s = {.r = r, .arena = a};
    int rc = list_all(&s);

    log_progress_end();
    if (rc == 0)
        rc = settle_all(&s);
    free(s.cursor);
    free(s.list);
    return rc;
}
