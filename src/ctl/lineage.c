#include <config.h>

#include "ctl/lineage.h"
#include "ctl/show.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_EVENTS = 5, MAX_REJECTS = 10, MAX_OPEN = 10000 };

static struct val *
number_or_null(struct arena *a, int64_t n)
{
    return n != 0 ? val_int(a, n) : val_null(a);
}

struct val *
lineage_event(struct ctl *c, const struct store_event *e)
{
    const char *payload = e->payload != NULL ? e->payload : "";
    const struct val *line = val_parse(c->arena, payload, strlen(payload), NULL);
    struct arena *a = c->arena;
    struct val *v = val_object(a);

    val_set(a, v, "seq", val_int(a, e->seq));
    show_set(a, v, "system", e->system);
    show_set(a, v, "record_id", e->record_id);
    show_set(a, v, "event_type", e->event_type);
    show_set(a, v, "path", e->path);
    show_set(a, v, "event_id", e->event_id);
    show_set(a, v, "run", e->run_id);
    val_set(a, v, "request", number_or_null(a, e->request_id));
    show_set(a, v, "actor", val_get_text(line, "sync_actor"));
    show_set(a, v, "occurred_at", val_get_text(line, "occurred_at"));
    show_set(a, v, "received_at", show_time(a, e->received_at));
    show_set(a, v, "disposition", e->disposition);
    show_set(a, v, "reason", e->reason);
    show_set(a, v, "disposed_at", show_time(a, e->disposed_at));
    if (e->disposition == NULL)
        show_set(a, v, "not_before", show_time(a, e->not_before));
    return v;
}

/* Since when E is not there, though nobody said that it was deleted; 0: it is, as far as is known.
 */
static int64_t
gone_since(const struct store_gone *gone, int n, const struct store_end *e)
{
    for (int i = 0; i < n; i++)
        if (strcmp(gone[i].system, e->system) == 0)
            return gone[i].since;
    return 0;
}

static struct val *
link_json(struct ctl *c, const struct store_link *link, const struct store_gone *gone, int n_gone)
{
    struct arena *a = c->arena;
    struct val *v = val_object(a), *ends = val_array(a);

    for (size_t i = 0; i < link->n_ends; i++) {
        const struct store_end *e = &link->ends[i];
        struct val *end = val_object(a);
        int64_t since = gone_since(gone, n_gone, e);

        show_set(a, end, "system", e->system);
        show_set(a, end, "record_id", e->record_id);
        show_set(a, end, "state", e->deleted ? "deleted" : since != 0 ? "gone" : "live");
        show_set(a, end, "gone_since", show_time(a, since));
        show_set(a, end, "synced_at", show_time(a, e->synced_at));
        val_set(a, end, "met", val_bool(a, e->shadow != NULL && e->shadow->n > 0));
        val_push(a, ends, end);
    }
    val_set(a, v, "link", val_int(a, link->link_id));
    show_set(a, v, "state", link->ended ? "ended" : "living");
    show_set(a, v, "external_id", link->external_id);
    show_set(a, v, "owned_by", link->owned_by);
    val_set(a, v, "decided", val_int(a, link->generation));
    show_set(a, v, "last_decided_at", show_time(a, link->decided_at));
    val_set(a, v, "open_writes", val_int(a, link->open_intents));
    val_set(a, v, "ends", ends);
    return v;
}

static int
add_events(struct ctl *c, const struct ctl_record *r, struct val *out, struct err *err)
{
    struct val *list = val_array(c->arena);
    struct store_event *events;
    int n = store_events_of(c->store, c->arena, r->sync->resource, &r->record, MAX_EVENTS, &events,
                            err);

    for (int i = 0; i < n; i++)
        val_push(c->arena, list, lineage_event(c, &events[i]));
    val_set(c->arena, out, "events", list);
    return n < 0 ? -1 : 0;
}

static int
add_rejects(struct ctl *c, const struct ctl_record *r, const struct store_link *link,
            struct val *out, struct err *err)
{
    struct arena *a = c->arena;
    struct val *list = val_array(a);
    struct store_rejected *rows;
    int64_t total;
    int n = store_rejects_of(c->store, a, r->sync->resource, r->record.system, r->record.record_id,
                             link->link_id, MAX_REJECTS, &rows, &total, err);

    for (int i = 0; i < n; i++) {
        struct val *v = val_object(a);

        val_set(a, v, "reject", val_int(a, rows[i].reject_id));
        show_set(a, v, "at", show_time(a, rows[i].at));
        show_set(a, v, "stage", rows[i].stage);
        show_set(a, v, "target", rows[i].target);
        show_set(a, v, "code", rows[i].code);
        show_set(a, v, "text", rows[i].text);
        val_push(a, list, v);
    }
    if (n < 0)
        return -1;
    val_set(a, out, "rejects", list);
    val_set(a, out, "rejects_open", val_int(a, total));
    return 0;
}

/* The link's part; LINK is zeroed without one. */
static int
add_link(struct ctl *c, const struct ctl_record *r, const char *field, struct store_link *link,
         struct val *out, struct err *err)
{
    struct store_conflict *conflicts;
    struct store_gone *gone = NULL;
    int n = 0, rc = ctl_link_of(c, r, link, err);

    if (rc == 1)
        n = store_gone(c->store, c->arena, link->link_id, link->n_ends, &gone, err);
    if (rc < 0 || n < 0)
        return -1;
    val_set(c->arena, out, "link", rc == 1 ? link_json(c, link, gone, n) : val_null(c->arena));
    if (rc == 0)
        return 0;
    n = store_conflicts(c->store, c->arena, r->sync->resource, false, MAX_OPEN, &conflicts, err);
    if (n < 0)
        return -1;
    val_set(c->arena, out, "fields", lineage_fields(c, r, link, field, conflicts, (size_t)n));
    return 0;
}

int
lineage_build(struct ctl *c, const struct ctl_record *r, const char *field, size_t max,
              struct val **out, struct err *err)
{
    struct val *v = val_object(c->arena), *decisions;
    struct store_link link;

    show_set(c->arena, v, "resource", r->sync->resource);
    show_set(c->arena, v, "record", r->text);
    if (add_link(c, r, field, &link, v, err) != 0 ||
        lineage_decisions(c, r, field, max, &decisions, err) != 0)
        return -1;
    val_set(c->arena, v, "decisions", decisions);
    *out = v;
    return add_events(c, r, v, err) != 0 ? -1 : add_rejects(c, r, &link, v, err);
}
