#include <config.h>

#include "ctl/repair.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* So many links are asked about at once; the providers bound what is under way. */
enum { BATCH = 100, IDS = 5000 };

/* One call: is the end's record there, or is there one that carries our external id? */
struct question {
    struct repair *r;
    const struct store_link *link;
    size_t index;          /* of the system in sync->between */
    const char *record_id; /* NULL: sought by external id */
};

void
repair_say(struct repair *r, int64_t link, const char *what, size_t i, const char *record_id,
           const char *text)
{
    const char *system = r->sync->between[i]->name;

    if (link != 0)
        table_number(r->table, link);
    else
        table_text(r->table, NULL);
    table_text(r->table, what);
    table_text(r->table,
               record_id == NULL ? system : arena_printf(r->arena, "%s:%s", system, record_id));
    table_text(r->table, text);
}

void
repair_left(struct repair *r, int64_t link, const char *what, size_t i, const char *record_id,
            const char *text)
{
    repair_say(r, link, what, i, record_id, text);
    r->left++;
}

void
repair_unasked(struct repair *r, int64_t link, size_t i, const char *record_id,
               const struct provider_answer *answer)
{
    repair_say(r, link, "not asked", i, record_id,
               answer->text != NULL ? answer->text : answer->code);
    r->unasked++;
}

static void
say_left(const struct question *q, const char *what, const char *record_id, const char *text)
{
    repair_left(q->r, q->link->link_id, what, q->index, record_id, text);
}

static void
say_failed(const struct question *q, const struct provider_answer *answer)
{
    repair_unasked(q->r, q->link->link_id, q->index, q->record_id, answer);
}

const struct store_end *
repair_live_end(const struct store_link *link)
{
    for (size_t i = 0; i < link->n_ends; i++)
        if (!link->ends[i].deleted)
            return &link->ends[i];
    return NULL;
}

void
repair_link(struct repair *r, int64_t link, const char *external_id,
            const struct store_record *records, size_t n, size_t i, const char *text)
{
    const char *id = records[n - 1].record_id;
    int64_t link_id;

    if (r->c->o->common->dry_run) {
        repair_say(r, link, "would link", i, id, text);
        r->linked++;
        return;
    }
    if (store_link_records(r->c->store, r->sync->resource, records, n, external_id, ctl_operator(),
                           r->c->now, &link_id, r->err) > 0) {
        repair_say(r, link_id, "linked", i, id,
                   arena_printf(r->arena, "%s; first_contact decides", text));
        r->linked++;
    } else if (strcmp(r->err->code, "linked-elsewhere") == 0 || strcmp(r->err->code, "busy") == 0)
        repair_left(r, link, r->err->code, i, id, arena_text(r->arena, r->err->text));
    else
        r->failed = true;
}

/* Only with a live end to link it to, and nobody's yet: what a person took out stays out. */
static void
link_found(const struct question *q, const char *id)
{
    const struct conf_system *system = q->r->sync->between[q->index];
    const struct store_end *end = repair_live_end(q->link);
    const struct store_record records[2] = {{end->system, end->account, end->record_id},
                                            {system->name, system->account, id}};

    repair_link(q->r, q->link->link_id, q->link->external_id, records, 2, q->index,
                "carries the link's external id");
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
    if (n == 0)
        q->r->missing++;
    else if (n == 1)
        found_one(q, first);
    else
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

    if ((r->only >= 0 && (size_t)r->only != i) || (end != NULL && end->deleted))
        return;
    q = arena_alloc(r->arena, sizeof *q);
    *q = (struct question){r, link, i, end != NULL ? end->record_id : NULL};
    if (end != NULL && def->get.present)
        provider_get(r->systems.providers[i], def, end->record_id, looked, q);
    else if (end == NULL && repair_live_end(link) != NULL && provider_can_find(def, "external_id"))
        provider_find(r->systems.providers[i], def, "external_id", link->external_id, sought, q);
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
    if (http_run(r->systems.http, r->err) < 0 || r->failed)
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
    if (strays_find(r) != 0 || table_print(r->table, r->c->o->common->json, r->err) != 0)
        return -1;
    log_info("%ld links and %ld records without one: %ld %s, %ld for a person, %ld questions not "
             "answered",
             r->total, r->records, r->linked,
             r->c->o->common->dry_run ? "would be linked" : "linked", r->left, r->unasked);
    if (r->missing > 0)
        log_info("%ld times a link has no record at a system, and none there carries its external "
                 "id (sync-ctl links list %s --missing SYSTEM)",
                 r->missing, r->sync->resource);
    return 0;
}

static void
warn_blind(const struct repair *r)
{
    for (size_t i = 0; i < r->sync->n_between; i++)
        if ((r->only < 0 || (size_t)r->only == i) &&
            !provider_can_find(r->sync->defs[i], "external_id"))
            log_warn("records of %s cannot be sought by our external id: they are listed for it",
                     r->sync->between[i]->name);
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
    ctl_no(err, "left", "%ld of %ld links and records need a person", r->left,
           r->total + r->records);
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
    systems_open(c, r.sync, &r.systems);
    warn_blind(&r);
    rc = run(&r);
    systems_close(&r.systems);
    return rc != 0 ? -1 : judge(&r, err);
}
