#include <config.h>

#include "ctl/show.h"
#include "ctl/systems.h"
#include "ctl/table.h"
#include "base/log.h"
#include "sync/match.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 1000, MAX_RECORDS = 16, MAX_ID = 2000 };

static int
add_link(struct ctl *c, struct table *t, int64_t id, struct err *err)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    CLEANUP_BUF struct buf text = BUF_INIT;
    struct store_link link;

    if (ctl_load_link(c, a, id, &link, err) < 0)
        return -1;
    for (size_t i = 0; i < link.n_ends; i++)
        buf_printf(&text, "%s%s:%s%s", i > 0 ? " " : "", link.ends[i].system,
                   link.ends[i].record_id, link.ends[i].deleted ? " (deleted)" : "");
    table_number(t, id);
    table_text(t, link.resource);
    table_text(t, text.len > 0 ? buf_get(&text) : NULL);
    table_text(t, link.ended ? "ended" : link.n_closed > 0 ? "conflict" : "living");
    table_time(t, link.decided_at);
    table_text(t, link.external_id);
    return 0;
}

int
ctl_links_list(struct ctl *c, int argc, char **argv, struct err *err)
{
    CLEANUP_TABLE struct table *t =
        table_new("link#,resource,records,state,last decided,external id");
    const char *resource = argc > 0 ? argv[0] : NULL;
    int64_t after = 0, *ids;
    int i, n = 1;

    if (argc > 1)
        return ctl_bad_usage(err, "too many operands: %s", argv[1]);
    if (ctl_check_names(c, c->o->missing, resource, err) != 0)
        return EXIT_USAGE;
    for (; n > 0; after = n > 0 ? ids[n - 1] : after) {
        n = store_links(c->store, c->arena, resource, c->o->missing, c->o->ended, after, PAGE, &ids,
                        err);
        for (i = 0; i < n; i++)
            if (add_link(c, t, ids[i], err) != 0)
                return -1;
    }
    if (n < 0)
        return -1;
    if (after == 0)
        log_info("there is no such link");
    return table_print(t, c->o->common->json, err);
}

/* ---- show ---- */

/* 0, 1 it has none (ERR says what to do), -1. */
static int
link_wanted(struct ctl *c, const struct ctl_record *r, struct store_link *link, struct err *err)
{
    int rc = ctl_link_of(c, r, link, err);

    if (rc != 0)
        return rc < 0 ? -1 : 0;
    ctl_no(err, "not-linked", "%s %s has no link", r->sync->resource, r->text);
    err_hint(err, "sync-ctl why %s %s says why", r->sync->resource, r->text);
    return EXIT_NO;
}

static const char *
names(struct ctl *c, const struct val *list)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    for (size_t i = 0; list != NULL && i < list->n; i++)
        buf_printf(&text, "%s%s", i > 0 ? ", " : "", val_text(list->u.items[i]));
    return text.len > 0 ? arena_text(c->arena, buf_get(&text)) : NULL;
}

static const char *
owed_to(struct ctl *c, const struct store_link *link, const char *target)
{
    struct val *list = val_array(c->arena);

    for (size_t i = 0; i < link->n_owed; i++)
        if (strcmp(link->owed[i].target, target) == 0)
            val_push(c->arena, list, val_string(c->arena, link->owed[i].field));
    return names(c, list);
}

static int
print_ends(struct ctl *c, const struct store_link *link, struct err *err)
{
    CLEANUP_TABLE struct table *t =
        table_new("system,account,record,state,last synced,version,diverged,owed to it");

    for (size_t i = 0; i < link->n_ends; i++) {
        const struct store_end *e = &link->ends[i];

        table_text(t, e->system);
        table_text(t, e->account);
        table_text(t, e->record_id);
        table_text(t, e->deleted ? "deleted" : "live");
        table_time(t, e->synced_at);
        table_text(t, e->version);
        table_text(t, names(c, e->diverged));
        table_text(t, owed_to(c, link, e->system));
    }
    return table_print(t, c->o->common->json, err);
}

int
ctl_links_show(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_link link;
    struct ctl_record r;
    int rc;

    if (argc != 2)
        return ctl_bad_usage(err, "links show wants RESOURCE SYSTEM:ID");
    rc = ctl_record(c, argv[0], argv[1], &r, err);
    if (rc == 0)
        rc = link_wanted(c, &r, &link, err);
    if (rc != 0)
        return rc;
    if (c->o->common->json)
        return print_ends(c, &link, err);
    if (ctl_say(err, "link %" PRId64 " of %s: %s", link.link_id, link.resource,
                link.ended ? "ended" : "living") != 0 ||
        ctl_say(err, "external id  %s", link.external_id) != 0 ||
        ctl_say(err, "made by      %s", link.owned_by != NULL ? link.owned_by : "-") != 0 ||
        ctl_say(err, "decided      %" PRId64 " times, last %s", link.generation,
                link.decided_at != 0 ? show_time(c->arena, link.decided_at) : "never") != 0)
        return -1;
    for (size_t i = 0; i < link.n_closed; i++)
        if (ctl_say(err, "conflict     %s (sync-ctl conflicts list)", link.closed_fields[i]) != 0)
            return -1;
    if (link.open_intents > 0 && ctl_say(err, "writes under way  %d", link.open_intents) != 0)
        return -1;
    return print_ends(c, &link, err);
}

/* ---- link, unlink, own ---- */

/* Operands as records of one resource, one of each system. 0 or 64. */
static int
parse_records(struct ctl *c, int argc, char **argv, struct store_record *out, struct err *err)
{
    for (int i = 1; i < argc; i++) {
        struct ctl_record r;

        if (ctl_record(c, argv[0], argv[i], &r, err) != 0)
            return EXIT_USAGE;
        if (strlen(r.record.record_id) > MAX_ID)
            return ctl_bad_usage(err, "operand %d: an id has at most %d bytes", i + 1, MAX_ID);
        for (int k = 0; k < i - 1; k++)
            if (strcmp(out[k].system, r.record.system) == 0)
                return ctl_bad_usage(err, "a link has one record of %s, not two", r.record.system);
        out[i - 1] = r.record;
    }
    return 0;
}

static const char *
records_text(struct ctl *c, const struct store_record *records, size_t n)
{
    CLEANUP_BUF struct buf text = BUF_INIT;

    for (size_t i = 0; i < n; i++)
        buf_printf(&text, "%s%s:%s", i > 0 ? " " : "", records[i].system, records[i].record_id);
    return arena_text(c->arena, buf_get(&text));
}

/* What a system says of a record. */
struct sight {
    enum { NOT_ASKED, SEEN, NOT_THERE, NOT_ANSWERED } what;
    char text[200];
};

static void
seen(void *user, const struct provider_answer *answer)
{
    struct sight *s = user;

    s->what = answer->outcome == PROVIDER_OK                                            ? SEEN
              : answer->outcome == PROVIDER_GONE || answer->outcome == PROVIDER_REFUSED ? NOT_THERE
              : answer->code != NULL && strcmp(answer->code, "other-record") == 0       ? NOT_THERE
                                                                                  : NOT_ANSWERED;
    snprintf(s->text, sizeof s->text, "%s", answer->text != NULL ? answer->text : "no answer");
}

static int
ask(struct ctl *c, const struct conf_sync *sync, const struct store_record *records, size_t n,
    struct sight *out, struct err *err)
{
    struct systems s;
    int rc;

    systems_open(c, sync, &s);
    for (size_t k = 0; k < n; k++) {
        size_t i = (size_t)sync_index(sync, records[k].system);

        if (sync->defs[i]->get.present)
            provider_get(s.providers[i], sync->defs[i], records[k].record_id, seen, &out[k]);
    }
    rc = http_run(s.http, err);
    systems_close(&s);
    return rc < 0 ? -1 : 0;
}

/* A link to a record that is not there would keep the other one from ever being synced. 0, or the
 * exit status; -1. */
static int
check_seen(struct ctl *c, const char *resource, const struct store_record *records, size_t n,
           struct err *err)
{
    struct sight sights[MAX_RECORDS] = {{.what = NOT_ASKED}};

    if (c->o->unseen)
        return 0;
    if (ask(c, conf_sync(c->conf, resource), records, n, sights, err) != 0)
        return -1;
    for (size_t k = 0; k < n; k++) {
        if (sights[k].what == NOT_ASKED)
            log_warn("%s:%s: the definition has no get: nobody looked whether it is there",
                     records[k].system, records[k].record_id);
        if (sights[k].what == NOT_THERE) {
            ctl_no(err, "no-record", "%s %s:%s is not there: %s", resource, records[k].system,
                   records[k].record_id, sights[k].text);
            err_hint(err, "is the id right? --unseen links it all the same");
            return EXIT_NO;
        }
        if (sights[k].what == NOT_ANSWERED) {
            err_set(err, ERR_RUN, ERR_LATER, "not-asked", "%s %s:%s cannot be read: %s", resource,
                    records[k].system, records[k].record_id, sights[k].text);
            err_hint(err, "try again when it can; --unseen links without looking");
            err_exit(err, EXIT_LATER);
            return EXIT_LATER;
        }
    }
    return 0;
}

int
ctl_links_link(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_record records[MAX_RECORDS];
    size_t n = (size_t)argc - 1;
    const char *external_id, *text;
    int64_t link_id = 0;
    int r;

    if (argc < 3 || n > MAX_RECORDS)
        return ctl_bad_usage(err, "links link wants RESOURCE and at least two records, SYSTEM:ID");
    if (parse_records(c, argc, argv, records, err) != 0)
        return EXIT_USAGE;
    r = check_seen(c, argv[0], records, n, err);
    if (r != 0)
        return r;
    text = records_text(c, records, n);
    external_id = match_external_id(c->arena, store_deployment(c->store), argv[0],
                                    records[0].system, records[0].account, records[0].record_id);
    if (c->o->common->dry_run)
        return ctl_say(err, "would link %s %s", argv[0], text);
    r = store_link_records(c->store, argv[0], records, n, external_id, ctl_operator(), c->now,
                           &link_id, err);
    if (r < 0 && strcmp(err->code, "linked-elsewhere") == 0) {
        err_hint(err,
                 "sync-ctl links show names a record's link; sync-ctl links unlink takes it out");
        return err_exit(err, EXIT_NO);
    }
    if (r < 0)
        return -1;
    return ctl_say(err,
                   "linked %s %s (link %" PRId64 "); first_contact decides what differs; " CTL_NEXT,
                   argv[0], text, link_id);
}

/* What happens from now on. */
static const char *
unlinked_text(struct ctl *c, const struct store_link *link, const char *system)
{
    if (c->o->forget)
        return "it is matched anew, by our external id, too; what matches nothing may be made";
    if (link->n_ends <= 2)
        return "changes of these records are ignored until sync-ctl links link joins them again";
    return arena_printf(c->arena,
                        "its changes are ignored, and the others go on without a record of %s, "
                        "until sync-ctl links link joins it again",
                        system);
}

int
ctl_links_unlink(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_link link;
    struct ctl_record r;
    int rc;

    if (argc != 2)
        return ctl_bad_usage(err, "links unlink wants RESOURCE SYSTEM:ID");
    rc = ctl_record(c, argv[0], argv[1], &r, err);
    if (rc == 0)
        rc = link_wanted(c, &r, &link, err);
    if (rc != 0)
        return rc;
    if (c->o->common->dry_run)
        return ctl_say(err, "would unlink %s %s from %s", argv[0], argv[1],
                       ctl_link_text(c, &link));
    rc = store_unlink(c->store, argv[0], &r.record, c->o->forget, ctl_operator(), c->now, err);
    if (rc < 0)
        return -1;
    if (rc == 0)
        return ctl_no(err, "not-linked", "%s %s has no link any more", argv[0], argv[1]);
    return ctl_say(err, "unlinked %s %s; it was one of %s; %s", argv[0], argv[1],
                   ctl_link_text(c, &link), unlinked_text(c, &link, r.record.system));
}

static bool
has_creator(const struct conf_sync *sync)
{
    for (size_t i = 0; i < sync->n_fields; i++)
        if (sync->fields[i].owner.kind == OWNER_CREATOR)
            return true;
    return false;
}

static int
check_owner(struct ctl *c, const struct ctl_record *r, const struct store_link *link,
            const char *owner, struct err *err)
{
    if (ctl_check_names(c, owner, NULL, err) != 0)
        return EXIT_USAGE;
    if (!has_creator(r->sync)) {
        ctl_no(err, "no-creator", "no field of %s is owned by who made the record",
               r->sync->resource);
        err_hint(err, "owner: creator at the resource or a field in %s says so", c->conf->file);
        return EXIT_NO;
    }
    if (ctl_end_of(link, owner) != NULL && !ctl_end_of(link, owner)->deleted)
        return 0;
    ctl_no(err, "no-end", "%s has no record of this link: %s", owner, ctl_link_text(c, link));
    err_hint(err, "sync-ctl links link adds one");
    return EXIT_NO;
}

int
ctl_own(struct ctl *c, int argc, char **argv, struct err *err)
{
    struct store_link link;
    struct ctl_record r;
    int rc;

    if (argc != 3)
        return ctl_bad_usage(err, "own wants RESOURCE SYSTEM:ID NEWOWNER");
    rc = ctl_record(c, argv[0], argv[1], &r, err);
    if (rc == 0)
        rc = link_wanted(c, &r, &link, err);
    if (rc == 0)
        rc = check_owner(c, &r, &link, argv[2], err);
    if (rc != 0)
        return rc;
    if (link.owned_by != NULL && strcmp(link.owned_by, argv[2]) == 0)
        return ctl_say(err, "%s %s is owned by %s already; nothing was changed", argv[0], argv[1],
                       argv[2]);
    if (!c->o->common->dry_run) {
        rc = store_own(c->store, link.link_id, argv[2], ctl_operator(), c->now, err);
        if (rc <= 0)
            return rc < 0 ? -1 : ctl_no(err, "no-link", "the link has gone meanwhile");
    }
    return ctl_say(
        err, "%s%s %s is owned by %s%s; from its next change on",
        c->o->common->dry_run ? "would say: " : "", argv[0], argv[1], argv[2],
        link.owned_by != NULL ? arena_printf(c->arena, ", no longer by %s", link.owned_by) : "");
}
