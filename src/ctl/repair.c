#include <config.h>

#include "ctl/internal.h"
#include "ctl/table.h"
#include "base/log.h"
#include "http/client.h"
#include "provider/provider.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* So many links are asked about at once; the providers bound what is under way. */
enum { BATCH = 100, IDS = 5000 };

struct repair {
    struct ctl *c;
    const struct conf_sync *sync;
    int only; /* index of the one system asked, -1: all */
    struct http *http;
    struct provider **providers; /* [n_between], NULL: not asked */
    struct token_store *tokens;
    struct table *table;
    struct arena *arena; /* of the batch */
    long done, total, left, unasked;
    struct err *err;
    bool failed; /* the state: ERR */
};

/* One call: is the end's record there, or is there one that carries our external id? */
struct question {
    struct repair *r;
    const struct store_link *link;
    size_t index;          /* of the system in sync->between */
    const char *record_id; /* NULL: sought by external id */
};

static void
say_row(const struct question *q, const char *what, const char *record_id, const char *text)
{
    struct table *t = q->r->table;

    table_number(t, q->link->link_id);
    table_text(t, what);
    table_text(t, record_id == NULL ? q->r->sync->between[q->index]->name
                                    : arena_printf(q->r->arena, "%s:%s",
                                                   q->r->sync->between[q->index]->name, record_id));
    table_text(t, text);
}

static void
say_left(const struct question *q, const char *what, const char *record_id, const char *text)
{
    say_row(q, what, record_id, text);
    q->r->left++;
}

static void
say_failed(const struct question *q, const struct provider_answer *answer)
{
    say_row(q, "not asked", q->record_id, answer->text != NULL ? answer->text : answer->code);
    q->r->unasked++;
}

static const struct store_end *
live_end(const struct store_link *link)
{
    for (size_t i = 0; i < link->n_ends; i++)
        if (!link->ends[i].deleted)
            return &link->ends[i];
    return NULL;
}

/* Only with a live end to link it to, and nobody's yet: what a person took out stays out. */
static void
link_found(const struct question *q, const char *id)
{
    struct repair *r = q->r;
    const struct conf_system *system = r->sync->between[q->index];
    const struct store_end *end = live_end(q->link);
    struct store_record records[2] = {{end->system, end->account, end->record_id},
                                      {system->name, system->account, id}};
    int64_t link_id;

    if (r->c->o->common->dry_run) {
        say_row(q, "would link", id, "carries the link's external id");
        return;
    }
    if (store_link_records(r->c->store, r->sync->resource, records, 2, q->link->external_id,
                           ctl_operator(), r->c->now, &link_id, r->err) > 0)
        say_row(q, "linked", id, "carries the link's external id; first_contact decides");
    else if (strcmp(r->err->code, "linked-elsewhere") == 0 || strcmp(r->err->code, "busy") == 0)
        say_left(q, r->err->code, id, arena_text(r->arena, r->err->text));
    else
        r->failed = true;
}

static void
found_one(const struct question *q, const char *id)
{
    struct repair *r = q->r;
    const struct conf_system *system = r->sync->between[q->index];
    struct store_link other;
    int rc = store_find_link(r->c->store, r->arena, r->sync->resource, system->name,
                             system->account, id, &other, r->err);

    if (rc < 0)
        r->failed = true;
    else if (rc == 0)
        link_found(q, id);
    else
        say_left(q, "elsewhere", id,
                 arena_printf(r->arena,
                              "carries this link's external id, but is in %slink %" PRId64
                              ": sync-ctl links show, unlink",
                              other.ended ? "the ended " : "", other.link_id));
}

/* Some systems find more than what was asked for: our own id tells. */
static bool
is_ours(const struct question *q, const struct provider_record *rec)
{
    return q->r->sync->defs[q->index]->external_id == NULL ||
           (rec->external_id != NULL && strcmp(rec->external_id, q->link->external_id) == 0);
}

static void
sought(void *user, const struct provider_answer *answer)
{
    const struct question *q = user;
    CLEANUP_BUF struct buf ids = BUF_INIT;
    const char *first = NULL;
    size_t n = 0;

    if (answer->outcome != PROVIDER_OK) {
        say_failed(q, answer);
        return;
    }
    for (size_t i = 0; i < answer->n_records; i++) {
        const struct provider_record *rec = &answer->records[i];

        if (!is_ours(q, rec))
            continue;
        first = n++ == 0 ? arena_text(q->r->arena, rec->id) : first;
        buf_printf(&ids, "%s%s", n > 1 ? ", " : "", rec->id);
    }
    if (n == 1)
        found_one(q, first);
    else if (n > 1)
        say_left(q, "several", NULL,
                 arena_printf(q->r->arena, "%zu records carry the link's external id: %s", n,
                              buf_get(&ids)));
}

static void
looked(void *user, const struct provider_answer *answer)
{
    const struct question *q = user;

    if (answer->outcome == PROVIDER_GONE)
        say_left(q, "orphan", q->record_id,
                 arena_printf(
                     q->r->arena, "gone there; if that is right: sync-ctl links unlink %s %s:%s",
                     q->r->sync->resource, q->r->sync->between[q->index]->name, q->record_id));
    else if (answer->outcome != PROVIDER_OK)
        say_failed(q, answer);
}

static void
ask_end(struct repair *r, const struct store_link *link, size_t i)
{
    const struct store_end *end = ctl_end_of(link, r->sync->between[i]->name);
    const struct resource_def *def = r->sync->defs[i];
    struct question *q;

    if (r->providers[i] == NULL || (end != NULL && end->deleted))
        return;
    q = arena_alloc(r->arena, sizeof *q);
    *q = (struct question){r, link, i, end != NULL ? end->record_id : NULL};
    if (end != NULL && def->get.present)
        provider_get(r->providers[i], def, end->record_id, looked, q);
    else if (end == NULL && live_end(link) != NULL && provider_can_find(def, "external_id"))
        provider_find(r->providers[i], def, "external_id", link->external_id, sought, q);
}

/* A link that is being written is left alone: its writer will know soon. */
static int
ask_link(struct repair *r, int64_t id)
{
    struct store_link *link = arena_alloc(r->arena, sizeof *link);

    if (store_load_link(r->c->store, r->arena, id, link, r->err) < 0)
        return -1;
    for (size_t i = 0; link->open_intents == 0 && !link->ended && i < r->sync->n_between; i++)
        ask_end(r, link, i);
    r->done++;
    return 0;
}

static int
ask_batch(struct repair *r, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ask_link(r, ids[i]) != 0)
            return -1;
    if (http_run(r->http, r->err) < 0 || r->failed)
        return -1;
    log_progress("links", r->done, r->total);
    arena_reset(r->arena);
    return 0;
}

/* All ids first: what is linked meanwhile needs no repair. */
static int
all_links(struct ctl *c, const char *resource, int64_t **out, size_t *n, struct err *err)
{
    int64_t *page, after = 0;
    size_t cap = 0;
    int got;

    *out = NULL;
    *n = 0;
    while ((got = store_links(c->store, c->arena, resource, NULL, false, after, IDS, &page, err)) >
           0) {
        if (*n + (size_t)got > cap) {
            int64_t *more = arena_alloc(c->arena, (cap = 2 * (*n + (size_t)got)) * sizeof *more);

            if (*n > 0)
                memcpy(more, *out, *n * sizeof *more);
            *out = more;
        }
        memcpy(*out + *n, page, (size_t)got * sizeof *page);
        *n += (size_t)got;
        after = page[got - 1];
    }
    return got;
}

static int
run(struct repair *r)
{
    int64_t *ids;
    size_t n;

    if (all_links(r->c, r->sync->resource, &ids, &n, r->err) < 0)
        return -1;
    r->total = (long)n;
    for (size_t i = 0; i < n; i += BATCH)
        if (ask_batch(r, ids + i, n - i < BATCH ? n - i : BATCH) != 0)
            return -1;
    log_progress_end();
    return table_print(r->table, r->c->o->common->json, r->err);
}

static void
open_systems(struct repair *r)
{
    const struct meter *meter = ctl_meter(r->c);

    r->http = http_new();
    r->tokens = store_tokens_new(r->c->conf->state, r->c->o->common->dry_run);
    r->providers = arena_alloc(r->c->arena, (r->sync->n_between + 1) * sizeof *r->providers);
    for (size_t i = 0; i < r->sync->n_between; i++) {
        if (r->only >= 0 && (size_t)r->only != i)
            continue;
        r->providers[i] = provider_new(r->sync->between[i], r->http);
        provider_meter(r->providers[i], meter);
        provider_tokens(r->providers[i], r->tokens);
        if (!provider_can_find(r->sync->defs[i], "external_id"))
            log_warn(
                "records of %s cannot be sought by our external id: what it lacks is not found",
                r->sync->between[i]->name);
    }
}

static void
close_systems(struct repair *r)
{
    http_free(r->http);
    for (size_t i = 0; i < r->sync->n_between; i++)
        provider_free(r->providers[i]);
    store_tokens_free(r->tokens);
}

static int
judge(const struct repair *r, struct err *err)
{
    if (r->unasked > 0) {
        err_set(err, ERR_RUN, ERR_LATER, "not-asked", "%ld questions were not answered",
                r->unasked);
        err_hint(err, "are the systems up? run it again");
        return err_exit(err, EXIT_LATER);
    }
    if (r->left == 0)
        return EXIT_OK;
    ctl_no(err, "left", "%ld of %ld links need a person", r->left, r->total);
    err_hint(err, "sync-ctl links show names the records; links link and unlink put them right");
    return EXIT_NO;
}

int
ctl_links_repair(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *table = table_new("link#,what,record,text");
    CLEANUP_ARENA struct arena *arena = arena_new();
    struct repair r = {.c = c, .only = -1, .table = table, .arena = arena, .err = err};
    int rc;

    if (argc < 1 || argc > 2)
        return ctl_bad_usage(err, "links repair wants RESOURCE and perhaps a SYSTEM");
    if (ctl_check_names(c, argc > 1 ? argv[1] : NULL, argv[0], err) != 0)
        return EXIT_USAGE;
    r.sync = conf_sync(c->conf, argv[0]);
    r.only = argc > 1 ? sync_index(r.sync, argv[1]) : -1;
    if (argc > 1 && r.only < 0)
        return ctl_bad_usage(err, "%s is not synced with %s", argv[0], argv[1]);
    open_systems(&r);
    rc = run(&r);
    close_systems(&r);
    return rc != 0 ? -1 : judge(&r, err);
}
