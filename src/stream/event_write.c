#include <config.h>

#include "stream/event.h"
#include "json/scan.h"
#include "stream/internal.h"

#include <inttypes.h>
#include <string.h>

/*
 * Members that are ours: written from the struct, or by a stage that writes them anew (folded, what
 * sync-diff and sync-push append). All others are unknown ones and pass through.
 */
static bool
is_ours(const char *name)
{
    static const char *const names[] = {"v",
                                        "seq",
                                        "lease",
                                        "run",
                                        "path",
                                        "system",
                                        "account",
                                        "resource",
                                        "record_id",
                                        "event_type",
                                        "raw_event_type",
                                        "event_id",
                                        "occurred_at",
                                        "version",
                                        "partial",
                                        "changed",
                                        "merged_into",
                                        "sync_source",
                                        "sync_actor",
                                        "sync_correlation_id",
                                        "sync_timestamp",
                                        "sync_direction",
                                        "fields",
                                        "received_at",
                                        "folded",
                                        "maybe_echo",
                                        "link",
                                        "generation",
                                        "external_id",
                                        "ends",
                                        "rules",
                                        "writes",
                                        "hold",
                                        "reopen",
                                        "link_ended",
                                        "disposition",
                                        "text",
                                        "reject",
                                        "claims",
                                        "map_hash",
                                        "target",
                                        "target_record_id",
                                        "action",
                                        "status",
                                        "http_status",
                                        "attempts",
                                        "error"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void
write_unknown(struct members *m, const struct event *e)
{
    CLEANUP_ARENA struct arena *a = NULL;
    const struct val *all;

    if (e->line == NULL)
        return;
    a = arena_new();
    all = val_parse(a, e->line, e->len, NULL);
    for (size_t i = 0; i < all->n; i++)
        if (!is_ours(all->u.members[i].name))
            members_val(m, all->u.members[i].name, all->u.members[i].value);
}

/* path to occurred_at: what a record and its event are called. */
static void
write_identity(struct members *m, const struct event *e)
{
    members_text(m, "path", e->path);
    members_text(m, "system", e->system);
    members_text(m, "account", e->account);
    members_text(m, "resource", e->resource);
    members_text(m, "record_id", e->record_id);
    members_text(m, "event_type", e->event_type);
    members_text(m, "raw_event_type", e->raw_event_type);
    members_text(m, "event_id", e->event_id);
    members_text(m, "occurred_at", e->occurred_at);
}

static void
write_fields(struct members *m, const struct event *e)
{
    members_name(m, "fields");
    val_write(m->out, e->fields); /* NULL is null */
    members_text(m, "received_at", e->received_at);
}

static void
write_event(struct members *m, const struct event *e)
{
    write_identity(m, e);
    members_text(m, "version", e->version);
    members_true(m, "partial", e->partial);
    members_val(m, "changed", e->changed);
    members_text(m, "merged_into", e->merged_into);
    members_text(m, "sync_source", e->sync_source);
    members_text(m, "sync_actor", e->sync_actor);
    members_text(m, "sync_correlation_id", e->sync_correlation_id);
    members_text(m, "sync_timestamp", e->sync_timestamp);
    members_text(m, "sync_direction", e->sync_direction);
    write_fields(m, e);
    write_unknown(m, e);
}

void
event_write_payload(struct buf *out, const struct event *e)
{
    struct members m = {.out = out};

    buf_char(out, '{');
    write_event(&m, e);
    buf_char(out, '}');
}

void
event_write_data(struct buf *out, const struct event *e)
{
    struct members m = {.out = out};

    buf_char(out, '{');
    members_int(&m, "v", 1);
    write_event(&m, e);
    buf_char(out, '}');
}

static void
write_admission(struct members *m, int64_t seq, const char *pipeline, int64_t fence,
                const char *run)
{
    members_int(m, "v", 1);
    members_int(m, "seq", seq);
    members_name(m, "lease");
    buf_char(m->out, '"'); /* names of pipelines are ours: nothing to escape */
    buf_printf(m->out, "%s:%" PRId64 "\"", pipeline, fence);
    members_text(m, "run", run);
}

void
event_write_line(struct buf *out, int64_t seq, const char *pipeline, int64_t fence, const char *run,
                 const char *payload, size_t payload_len)
{
    struct members m = {.out = out};

    if (payload_len < 2 || payload[0] != '{')
        BUG("the payload of event %" PRId64 " is no object", seq);
    buf_char(out, '{');
    write_admission(&m, seq, pipeline, fence, run);
    if (payload[1] != '}')
        buf_char(out, ',');
    buf_add(out, payload + 1, payload_len - 1);
}

void
event_write_folded_line(struct buf *out, const struct event *head, int64_t fence_seq,
                        const char *pipeline, int64_t fence, const char *run,
                        const struct event_folded *folded, size_t n)
{
    struct members m = {.out = out};
    struct event skinny = *head;

    skinny.fields = NULL;
    buf_char(out, '{');
    write_admission(&m, fence_seq, pipeline, fence, run);
    write_identity(&m, head);
    members_text(&m, "sync_source", head->sync_source);
    members_text(&m, "sync_direction", head->sync_direction);
    write_fields(&m, &skinny);
    members_name(&m, "folded");
    buf_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        struct members f = {.out = out};

        buf_text(out, i == 0 ? "{" : ",{");
        members_int(&f, "seq", folded[i].seq);
        members_text(&f, "system", folded[i].system);
        members_text(&f, "occurred_at", folded[i].occurred_at);
        buf_char(out, '}');
    }
    buf_char(out, ']');
    write_unknown(&m, head);
    buf_char(out, '}');
}

void
event_write_eos(struct buf *out, const char *run, long count, bool complete)
{
    struct members m = {.out = out};

    buf_text(out, "{\"v\":1,\"eos\":{");
    members_text(&m, "run", run);
    members_int(&m, "count", count);
    members_name(&m, "complete");
    buf_text(out, complete ? "true}}" : "false}}");
}

/* The members of LINE that MEMBERS has too, and first sync_direction. */
static size_t
find_changes(struct arena *a, const char *line, size_t len, const char *members,
             struct scan_member **found)
{
    const char *text = arena_printf(a, "{%s}", members);
    const struct val *v = val_parse(a, text, strlen(text), NULL);
    struct scan_member *want;

    if (v == NULL)
        BUG("members to append are no JSON: %s", members);
    want = arena_alloc(a, (v->n + 1) * sizeof *want);
    want[0].name = "sync_direction";
    for (size_t i = 0; i < v->n; i++)
        want[i + 1].name = v->u.members[i].name;
    if (scan_object(line, len, want, v->n + 1, NULL) < 0)
        BUG("a line to extend is no JSON object");
    *found = want;
    return v->n + 1;
}

/* The quote before the name of M. Names we append have no quote in them, however they are spelled.
 */
static const char *
member_start(const struct scan_member *m)
{
    const char *p = m->text - 1;

    while (*p != '"')
        p--;
    p--;
    while (*p != '"')
        p--;
    return p;
}

/* The first of the N members whose value begins behind P, NULL if none does. */
static const struct scan_member *
next_change(const struct scan_member *m, size_t n, const char *p)
{
    const struct scan_member *next = NULL;

    for (size_t i = 0; i < n; i++)
        if (m[i].text != NULL && m[i].text >= p && (next == NULL || m[i].text < next->text))
            next = &m[i];
    return next;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind the white space and the comma that follow P. */
static const char *
behind_comma(const char *p)
{
    const char *q = p;

    while (is_space(*q))
        q++;
    return *q == ',' ? q + 1 : p;
}

/* Drop what cannot stand before a closing brace: white space and a comma left alone. */
static void
trim(struct buf *out)
{
    while (is_space(out->data[out->len - 1]) || out->data[out->len - 1] == ',')
        out->len--;
    out->data[out->len] = '\0';
}

/* LINE, with MEMBERS at its end instead of what it has of them. OUTBOUND: that is its direction. */
static void
extend(struct buf *out, const char *line, size_t len, const char *members, bool outbound)
{
    CLEANUP_ARENA struct arena *a = arena_new();
    const char *end = line + len, *p = line;
    const struct scan_member *m;
    struct scan_member *found;
    struct members tail = {.out = out};
    size_t n = find_changes(a, line, len, members, &found), skip = outbound ? 0 : 1;

    while (end[-1] != '}')
        end--;
    end--;
    while ((m = next_change(found + skip, n - skip, p)) != NULL) {
        buf_add(out, p, (size_t)((m == found ? m->text : member_start(m)) - p));
        p = m->text + m->len;
        if (m == found)
            buf_text(out, "\"outbound\"");
        else
            p = behind_comma(p);
    }
    buf_add(out, p, (size_t)(end - p));
    trim(out);
    tail.any = out->data[out->len - 1] != '{';
    if (outbound && found[0].text == NULL)
        members_text(&tail, "sync_direction", "outbound");
    if (members[0] != '\0') {
        if (tail.any)
            buf_char(out, ',');
        buf_text(out, members);
    }
    buf_char(out, '}');
}

void
event_extend(struct buf *out, const char *line, size_t len, const char *members)
{
    extend(out, line, len, members, true);
}

void
event_append(struct buf *out, const char *line, size_t len, const char *members)
{
    extend(out, line, len, members, false);
}
