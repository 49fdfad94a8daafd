#include <config.h>

#include "stream/event.h"
#include "json/scan.h"
#include "stream/internal.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static int
bad_member(struct err *err, const char *name, const char *why)
{
    return err_set(err, ERR_RECORD, ERR_NEVER, "bad-event", "%s: %s", name, why);
}

static int
read_folded(struct arena *a, const struct val *v, struct event *e)
{
    const struct val *list;

    if (member_val(v, VAL_ARRAY, &list) < 0)
        return -1;
    if (list == NULL)
        return 0;
    e->n_folded = list->n;
    e->folded = arena_alloc(a, list->n * sizeof *e->folded);
    for (size_t i = 0; i < list->n; i++) {
        const struct val *item = list->u.items[i];
        struct event_folded *f = &e->folded[i];

        if (item->kind != VAL_OBJECT || member_get_int(item, "seq", &f->seq) < 0 || f->seq == 0 ||
            member_get_text(item, "system", &f->system) < 0 ||
            member_get_text(item, "occurred_at", &f->occurred_at) < 0)
            return -1;
    }
    return 0;
}

enum kind {
    KIND_ONE,
    KIND_INT,
    KIND_TEXT,
    KIND_ID,
    KIND_BOOL,
    KIND_NAMES,
    KIND_FIELDS,
    KIND_FOLDED
};

struct member {
    const char *name;
    size_t at; /* in struct event */
    enum kind kind;
};

/* In the order in which they are written, so that the next is mostly the next. */
#define AT(name) #name, offsetof(struct event, name)
static const struct member members[] = {
    {"v", 0, KIND_ONE},
    {AT(seq), KIND_INT},
    {AT(lease), KIND_TEXT},
    {AT(run), KIND_TEXT},
    {AT(path), KIND_TEXT},
    {AT(system), KIND_TEXT},
    {AT(account), KIND_ID},
    {AT(resource), KIND_TEXT},
    {AT(record_id), KIND_ID},
    {AT(event_type), KIND_TEXT},
    {AT(raw_event_type), KIND_TEXT},
    {AT(event_id), KIND_ID},
    {AT(occurred_at), KIND_TEXT},
    {AT(version), KIND_ID},
    {AT(partial), KIND_BOOL},
    {AT(changed), KIND_NAMES},
    {AT(merged_into), KIND_ID},
    {AT(sync_source), KIND_TEXT},
    {AT(sync_actor), KIND_TEXT},
    {AT(sync_correlation_id), KIND_TEXT},
    {AT(sync_timestamp), KIND_TEXT},
    {AT(sync_direction), KIND_TEXT},
    {AT(fields), KIND_FIELDS},
    {AT(received_at), KIND_TEXT},
    {AT(folded), KIND_FOLDED},
    {AT(maybe_echo), KIND_BOOL},
};
#undef AT
enum { MEMBERS = sizeof members / sizeof members[0] };

static const char *const needs[] = {
    [KIND_ONE] = "not 1: a line of another version",
    [KIND_INT] = "not a whole number",
    [KIND_TEXT] = "wrong type, or no usable text of at most 2000 bytes",
    [KIND_ID] = "wrong type, or no usable text of at most 2000 bytes",
    [KIND_BOOL] = "not true or false",
    [KIND_NAMES] = "not a list of field names",
    [KIND_FIELDS] = "not an object",
    [KIND_FOLDED] = "not a list of {seq, system, occurred_at}",
};

/* A line that is being read, and a copy of it in which its texts are made. */
struct reading {
    struct arena *a;
    struct event *e;
    char *copy;
};

static int
read_text(const struct reading *r, const struct scan_member *m, const char **out)
{
    *out = scan_id(m, r->copy + (m->text - r->e->line));
    return *out == NULL || (m->len > MEMBER_MAX_TEXT && strlen(*out) > MEMBER_MAX_TEXT) ? -1 : 0;
}

static int
read_fields(const struct scan_member *m, struct event *e)
{
    if (m->text[0] != '{')
        return -1;
    e->fields_text = m->text;
    e->fields_len = m->len;
    return 0;
}

/* A whole number >= 0, mostly as we write it. */
static int
read_int(struct arena *a, const struct scan_member *m, int64_t *out)
{
    *out = scan_int(m);
    return *out >= 0 ? 0 : member_int(val_parse(a, m->text, m->len, NULL), out);
}

/* A member that is there and not null. */
static int
read_member(const struct reading *r, enum kind kind, const struct scan_member *m, void *into)
{
    int64_t version;

    switch (kind) {
    case KIND_ONE:
        return read_int(r->a, m, &version) < 0 || version != 1 ? -1 : 0;
    case KIND_INT:
        return read_int(r->a, m, into);
    case KIND_TEXT:
        return scan_is_number(m) ? -1 : read_text(r, m, into);
    case KIND_ID:
        return read_text(r, m, into);
    case KIND_BOOL:
        return member_bool(val_parse(r->a, m->text, m->len, NULL), into);
    case KIND_NAMES:
        return member_names(val_parse(r->a, m->text, m->len, NULL), into);
    case KIND_FIELDS:
        return read_fields(m, r->e);
    case KIND_FOLDED:
        return read_folded(r->a, val_parse(r->a, m->text, m->len, NULL), r->e);
    }
    return -1;
}

static int
read_members(struct arena *a, struct event *e, struct err *err)
{
    const struct reading r = {a, e, arena_ntext(a, e->line, e->len)};
    struct scan_member have[MEMBERS];

    for (size_t i = 0; i < MEMBERS; i++)
        have[i].name = members[i].name;
    if (scan_object(e->line, e->len, have, MEMBERS, err) < 0)
        return -1;
    for (size_t i = 0; i < MEMBERS; i++) {
        enum kind kind = members[i].kind;

        if ((!scan_is_null(&have[i]) || (kind == KIND_ONE && have[i].text != NULL)) &&
            read_member(&r, kind, &have[i], (char *)e + members[i].at) < 0)
            return bad_member(err, members[i].name, needs[kind]);
    }
    return 0;
}

static bool
is_one_of(const char *text, const char *const *words)
{
    while (*words != NULL && strcmp(*words, text) != 0)
        words++;
    return *words != NULL;
}

/* What a line needs beyond members of the right kind. */
static int
check(const struct event *e, struct err *err)
{
    static const char *const types[] = {"created", "updated",        "deleted",
                                        "merged",  "account_active", NULL};
    static const char *const paths[] = {"webhook", "stream", "delta", "manual", NULL};
    char pipeline[64];
    int64_t fence;

    if (e->system == NULL || e->system[0] == '\0')
        return bad_member(err, "system", "missing");
    if (e->resource == NULL || e->resource[0] == '\0')
        return bad_member(err, "resource", "missing");
    if (e->record_id == NULL || e->record_id[0] == '\0')
        return bad_member(err, "record_id", "missing");
    if (e->event_type != NULL && !is_one_of(e->event_type, types))
        return bad_member(err, "event_type", "none of created, updated, deleted, merged");
    if (e->merged_into != NULL && (e->event_type == NULL || strcmp(e->event_type, "merged") != 0))
        return bad_member(err, "merged_into", "event_type is not merged");
    if (e->merged_into != NULL && e->merged_into[0] == '\0')
        return bad_member(err, "merged_into", "empty");
    if (e->path != NULL && !is_one_of(e->path, paths))
        return bad_member(err, "path", "none of webhook, stream, delta, manual");
    if (e->seq != 0 && e->lease == NULL)
        return bad_member(err, "lease", "missing, though there is a seq");
    if (e->lease != NULL && event_split_lease(e->lease, pipeline, &fence) < 0)
        return bad_member(err, "lease", "not PIPELINE:FENCE");
    return 0;
}

int
event_scan(struct arena *a, const char *line, size_t len, struct event *e, struct err *err)
{
    *e = (struct event){.line = arena_ntext(a, line, len), .len = len};
    if (read_members(a, e, err) < 0)
        return -1;
    return check(e, err);
}

int
event_parse(struct arena *a, const char *line, size_t len, struct event *e, struct err *err)
{
    if (event_scan(a, line, len, e, err) < 0)
        return -1;
    if (e->fields_text != NULL)
        e->fields = val_parse(a, e->fields_text, e->fields_len, NULL);
    return 0;
}

bool
event_is_control(const char *line, size_t len)
{
    struct scan_member want[] = {{.name = "eos"}, {.name = "record_id"}};

    /* Most lines have no such name at all; an escaped spelling is not ours. */
    if (strstr(line, "\"eos\"") == NULL)
        return false;
    return scan_object(line, len, want, 2, NULL) == 0 && want[0].text != NULL &&
           want[0].text[0] == '{' && want[1].text == NULL;
}

int
event_split_lease(const char *lease, char pipeline[64], int64_t *fence)
{
    const char *colon = strrchr(lease, ':');
    char *end;
    long long n;

    if (colon == NULL || colon == lease || colon - lease >= 64 || colon[1] < '0' || colon[1] > '9')
        return -1;
    errno = 0;
    n = strtoll(colon + 1, &end, 10);
    if (errno != 0 || *end != '\0')
        return -1;
    memcpy(pipeline, lease, (size_t)(colon - lease));
    pipeline[colon - lease] = '\0';
    *fence = n;
    return 0;
}
