#include <config.h>

#include "ctl/lineage.h"
#include "ctl/show.h"
#include "ctl/table.h"

#include <inttypes.h>
#include <string.h>

/* The report of lineage_build in words. Members that are null are left out. */
enum { OVERVIEW = 3, CHAIN = 20, MAX_SYSTEMS = 12 };

static const char *
get(const struct val *v, const char *name)
{
    const char *text = val_get_text(v, name);

    return text != NULL ? text : "?";
}

static bool
has(const struct val *v, const char *name)
{
    return !val_is_null(val_get(v, name));
}

static const char *
number(const struct val *v, const char *name)
{
    const char *id = val_id(val_get(v, name));

    return id != NULL ? id : "?";
}

/* Adds TEXT with what is put in, behind a comma if something stands there already. */
static void add(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    if (b->len > 0)
        buf_text(b, ", ");
    va_start(ap, fmt);
    buf_vprintf(b, fmt, ap);
    va_end(ap);
}

/* ---- The link and its fields ---- */

static int
print_link(const struct val *v, struct err *err)
{
    const struct val *link = val_get(v, "link"), *ends = val_get(link, "ends");

    if (val_is_null(link))
        return ctl_say(err, "%s %s has no link", get(v, "resource"), get(v, "record"));
    if (ctl_say(err, "%s %s is in link %s (%s), decided %s times, last %s", get(v, "resource"),
                get(v, "record"), number(link, "link"), get(link, "state"), number(link, "decided"),
                has(link, "last_decided_at") ? get(link, "last_decided_at") : "never") != 0)
        return -1;
    for (size_t i = 0; i < ends->n; i++) {
        const struct val *e = ends->u.items[i];

        if (ctl_say(err, "  %s:%s  %s%s%s, last synced %s", get(e, "system"), get(e, "record_id"),
                    get(e, "state"), has(e, "gone_since") ? " since " : "",
                    has(e, "gone_since") ? get(e, "gone_since") : "",
                    has(e, "synced_at") ? get(e, "synced_at") : "never") != 0)
            return -1;
        if (has(e, "gone_since") &&
            ctl_say(err,
                    "    nobody said that it was deleted; bring it back there, or sync-ctl "
                    "links unlink %s %s:%s",
                    get(v, "resource"), get(e, "system"), get(e, "record_id")) != 0)
            return -1;
    }
    return 0;
}

/* A record that was linked and not looked at yet: nobody knows what it shows. */
static bool
is_met(const struct val *end)
{
    const struct val *met = val_get(end, "met");

    return met == NULL || met->kind != VAL_FALSE || strcmp(get(end, "state"), "live") != 0;
}

static const char *
field_state(struct ctl *c, const struct val *f, const struct val *ends)
{
    const struct val *diverged = val_get(f, "diverged"), *owed = val_get(f, "owed");
    CLEANUP_BUF struct buf b = BUF_INIT;

    if (has(f, "conflict"))
        add(&b, "conflict %s (sync-ctl conflicts show %s)", number(f, "conflict"),
            number(f, "conflict"));
    for (size_t i = 0; i < owed->n; i++) {
        const struct val *o = owed->u.items[i];

        if (has(o, "refused"))
            add(&b, "refused by %s: %s", get(o, "to"), show_cut(c->arena, get(o, "refused")));
        else
            add(&b, "owed to %s since %s, next try %s", get(o, "to"), get(o, "since"),
                get(o, "not_before"));
    }
    for (size_t i = 0; i < diverged->n; i++)
        add(&b, "left different at %s", val_text(diverged->u.items[i]));
    for (size_t i = 0; i < ends->n; i++)
        if (has(ends->u.items[i], "gone_since"))
            add(&b, "not there at %s", get(ends->u.items[i], "system"));
        else if (!is_met(ends->u.items[i]))
            add(&b, "never met at %s", get(ends->u.items[i], "system"));
    return b.len > 0 ? arena_text(c->arena, buf_get(&b)) : "in step";
}

static int
print_fields(struct ctl *c, const struct val *v, struct err *err)
{
    const struct val *fields = val_get(v, "fields"), *ends = val_path(v, "link.ends");
    CLEANUP_BUF struct buf headings = BUF_INIT;
    struct table *t;
    int r;

    if (fields == NULL || fields->n == 0)
        return 0;
    buf_text(&headings, "field,owner");
    for (size_t k = 0; k < ends->n && k < MAX_SYSTEMS; k++)
        buf_printf(&headings, ",known at %s", get(ends->u.items[k], "system"));
    buf_text(&headings, ",state");
    t = table_new(buf_get(&headings));
    for (size_t i = 0; i < fields->n; i++) {
        const struct val *f = fields->u.items[i];

        table_text(t, get(f, "field"));
        table_text(t, get(f, "owner"));
        for (size_t k = 0; k < ends->n && k < MAX_SYSTEMS; k++)
            table_text(t, show_value(c->arena, val_get(val_get(f, "shown"),
                                                       get(ends->u.items[k], "system"))));
        table_text(t, field_state(c, f, ends));
    }
    r = ctl_say(err, "\n%s", "what each end is known to show:");
    if (r == 0)
        r = table_print(t, false, err);
    table_free(t);
    return r;
}

/* ---- Decisions ---- */

static const char *
event_text(struct ctl *c, const struct val *e)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    if (val_is_null(e))
        return "an event that gc has removed";
    buf_printf(&b, "event %s: %s:%s %s", number(e, "seq"), get(e, "system"), get(e, "record_id"),
               get(e, "event_type"));
    add(&b, "path %s", get(e, "path"));
    if (has(e, "actor"))
        add(&b, "by %s", get(e, "actor"));
    if (has(e, "occurred_at"))
        add(&b, "of %s", get(e, "occurred_at"));
    add(&b, "received %s", get(e, "received_at"));
    if (has(e, "disposition"))
        add(&b, "ended %s%s%s", get(e, "disposition"), has(e, "reason") ? ": " : "",
            has(e, "reason") ? show_cut(c->arena, get(e, "reason")) : "");
    else
        add(&b, "not ended yet%s%s", has(e, "reason") ? ": " : "",
            has(e, "reason") ? show_cut(c->arena, get(e, "reason")) : "");
    return arena_text(c->arena, buf_get(&b));
}

static int
print_rule(struct ctl *c, const struct val *r, struct err *err)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    add(&b, "%s", get(r, "rule"));
    if (has(r, "base"))
        add(&b, "base %s", show_value(c->arena, val_get(r, "base")));
    if (has(r, "source"))
        add(&b, "from %s", get(r, "source"));
    if (has(r, "target"))
        add(&b, "to %s", get(r, "target"));
    add(&b, "%s", get(r, "outcome"));
    if (has(r, "text"))
        add(&b, "%s", show_cut(c->arena, get(r, "text")));
    return ctl_say(err, "  rule   %s: %s",
                   has(r, "field")    ? get(r, "field")
                   : has(r, "record") ? get(r, "record")
                                      : "(record)",
                   buf_get(&b));
}

/* FIELD of what was sent, or all of it. */
static const char *
sent_text(struct ctl *c, const struct val *w, const char *name, const char *field)
{
    const struct val *sent = val_get(w, name);

    if (field != NULL)
        sent = val_get(sent, field);
    return show_value(c->arena, sent);
}

static int
print_write(struct ctl *c, const struct val *w, const char *field, struct err *err)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    if (ctl_say(err, "  write  %s of %s%s%s (%s): %s%s%s, before %s", get(w, "action"),
                get(w, "target"), has(w, "record_id") ? ":" : "",
                has(w, "record_id") ? get(w, "record_id") : "", get(w, "idempotency_key"),
                field != NULL ? field : "", field != NULL ? " " : "",
                sent_text(c, w, "sent", field), sent_text(c, w, "before", field)) != 0)
        return -1;
    add(&b, "%s", get(w, "state"));
    if (has(w, "http_status"))
        add(&b, "HTTP %s", number(w, "http_status"));
    if (has(w, "sent_at"))
        add(&b, "sent %s", get(w, "sent_at"));
    if (has(w, "settled_at"))
        add(&b, "settled %s", get(w, "settled_at"));
    if (has(w, "response"))
        add(&b, "%s", show_cut(c->arena, get(w, "response")));
    return ctl_say(err, "  answer %s", buf_get(&b));
}

static int
print_decision(struct ctl *c, const struct val *d, const char *field, struct err *err)
{
    const struct val *rules = val_get(d, "rules"), *writes = val_get(d, "writes");
    const struct val *folded = val_get(d, "folded");

    if (ctl_say(err, "\n%s  %s", get(d, "at"),
                has(d, "seq") ? event_text(c, val_get(d, "event")) : "by hand") != 0)
        return -1;
    for (size_t i = 0; i < folded->n; i++)
        if (ctl_say(err, "  with   %s", event_text(c, folded->u.items[i])) != 0)
            return -1;
    for (size_t i = 0; i < rules->n; i++)
        if (print_rule(c, rules->u.items[i], err) != 0)
            return -1;
    for (size_t i = 0; i < writes->n; i++)
        if (print_write(c, writes->u.items[i], field, err) != 0)
            return -1;
    return 0;
}

static int
print_decisions(struct ctl *c, const struct val *v, const char *field, struct err *err)
{
    const struct val *list = val_get(v, "decisions");

    if (list->n == 0)
        return ctl_say(err, "\nnothing was decided%s%s", field != NULL ? " of " : "",
                       field != NULL ? field : "");
    if (ctl_say(err, "\nthe last decisions, newest first:") != 0)
        return -1;
    for (size_t i = 0; i < list->n; i++)
        if (print_decision(c, list->u.items[i], field, err) != 0)
            return -1;
    return 0;
}

/* ---- What waits, what was refused ---- */

static const char *
waiting_text(struct ctl *c, const struct val *e)
{
    const char *not_before = get(e, "not_before"), *reason = get(e, "reason");

    if (strncmp(not_before, "9999-", 5) == 0)
        return "waits until its resource has been listed once (sync-ctl jobs)";
    return arena_printf(c->arena, "is due %s%s%s", not_before, has(e, "reason") ? ": " : "",
                        has(e, "reason") ? reason : "");
}

/* Of a linked record the ended ones stand with their decisions. */
static int
print_events(struct ctl *c, const struct val *v, struct err *err)
{
    const struct val *list = val_get(v, "events");
    bool linked = has(v, "link"), said = false;

    for (size_t i = 0; i < list->n; i++) {
        const struct val *e = list->u.items[i];

        if (linked && has(e, "disposition"))
            continue;
        if (!said && ctl_say(err, "\n%s", linked ? "not decided yet:" : "its last events:") != 0)
            return -1;
        said = true;
        if (ctl_say(err, "  %s", event_text(c, e)) != 0 ||
            (!has(e, "disposition") && ctl_say(err, "    %s", waiting_text(c, e)) != 0))
            return -1;
    }
    return 0;
}

static int
print_rejects(struct ctl *c, const struct val *v, struct err *err)
{
    const struct val *list = val_get(v, "rejects");
    int64_t open;

    if (list->n > 0 && ctl_say(err, "\nrefused:") != 0)
        return -1;
    for (size_t i = 0; i < list->n; i++) {
        const struct val *x = list->u.items[i];

        if (ctl_say(err, "  reject %s, %s: %s (sync-ctl rejects show %s)", number(x, "reject"),
                    get(x, "code"), show_cut(c->arena, get(x, "text")), number(x, "reject")) != 0)
            return -1;
    }
    if (val_get_int(val_get(v, "rejects_open"), &open) == 0 && open > (int64_t)list->n)
        return ctl_say(err, "  and %" PRId64 " more (sync-ctl rejects list %s)",
                       open - (int64_t)list->n, get(v, "resource"));
    return 0;
}

static int
print_advice(const struct val *v, struct err *err)
{
    if (has(v, "link"))
        return 0;
    if (val_get(v, "events")->n == 0 && val_get(v, "decisions")->n == 0)
        return ctl_say(err, "\nno event has named it: is the id right, and when is it listed next "
                            "(sync-ctl jobs)?");
    return ctl_say(err, "\nby hand: sync-ctl links link %s %s SYSTEM:ID", get(v, "resource"),
                   get(v, "record"));
}

static int
check_field(const struct ctl_record *r, const char *field, struct err *err)
{
    CLEANUP_BUF struct buf names = BUF_INIT;

    if (field == NULL || sync_field(r->sync, field) != NULL || strcmp(field, "record_id") == 0)
        return 0;
    for (size_t i = 0; i < r->sync->n_fields; i++)
        add(&names, "%s", r->sync->fields[i].field->name);
    ctl_bad_usage(err, "%s of %s is not synced", field, r->sync->resource);
    err_hint(err, "fields: %s", buf_get(&names));
    return EXIT_USAGE;
}

int
ctl_why(struct ctl *c, int argc, char **argv, struct err *err)
{
    const char *field = argc > 2 ? argv[2] : NULL;
    struct ctl_record r;
    struct val *v;
    size_t max = field != NULL ? CHAIN : OVERVIEW;

    if (argc < 2 || argc > 3)
        return ctl_bad_usage(err, "why wants RESOURCE SYSTEM:ID and perhaps a FIELD");
    if (ctl_record(c, argv[0], argv[1], &r, err) != 0 || check_field(&r, field, err) != 0)
        return EXIT_USAGE;
    if (c->o->last > 0)
        max = (size_t)c->o->last;
    if (lineage_build(c, &r, field, max, &v, err) != 0)
        return -1;
    if (c->o->common->json)
        return ctl_print(err, v);
    if (print_link(v, err) != 0 || print_fields(c, v, err) != 0 ||
        print_decisions(c, v, field, err) != 0 || print_events(c, v, err) != 0 ||
        print_rejects(c, v, err) != 0)
        return -1;
    return print_advice(v, err);
}
