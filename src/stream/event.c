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
wrong(struct err *err, const char *name)
{
    return bad_member(err, name, "wrong type, or no usable text of at most 2000 bytes");
}

static int
read_texts(const struct val *v, struct event *e, struct err *err)
{
    static const struct {
        const char *name;
        size_t at;
        bool id; /* may be a number */
    } texts[] = {
        {"lease", offsetof(struct event, lease), false},
        {"run", offsetof(struct event, run), false},
        {"path", offsetof(struct event, path), false},
        {"system", offsetof(struct event, system), false},
        {"account", offsetof(struct event, account), true},
        {"resource", offsetof(struct event, resource), false},
        {"record_id", offsetof(struct event, record_id), true},
        {"event_type", offsetof(struct event, event_type), false},
        {"raw_event_type", offsetof(struct event, raw_event_type), false},
        {"event_id", offsetof(struct event, event_id), true},
        {"occurred_at", offsetof(struct event, occurred_at), false},
        {"version", offsetof(struct event, version), true},
        {"merged_into", offsetof(struct event, merged_into), true},
        {"sync_source", offsetof(struct event, sync_source), false},
        {"sync_actor", offsetof(struct event, sync_actor), false},
        {"sync_correlation_id", offsetof(struct event, sync_correlation_id), false},
        {"sync_timestamp", offsetof(struct event, sync_timestamp), false},
        {"sync_direction", offsetof(struct event, sync_direction), false},
        {"received_at", offsetof(struct event, received_at), false},
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char **into = (const char **)(void *)((char *)e + texts[i].at);

        if ((texts[i].id ? member_get_id : member_get_text)(v, texts[i].name, into) < 0)
            return wrong(err, texts[i].name);
    }
    return 0;
}

static int
read_folded(struct arena *a, const struct val *v, struct event *e, struct err *err)
{
    const struct val *list;

    if (member_get_val(v, "folded", VAL_ARRAY, &list) < 0)
        return wrong(err, "folded");
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
            return bad_member(err, "folded", "not a list of {seq, system, occurred_at}");
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
event_parse(struct arena *a, const char *line, size_t len, struct event *e, struct err *err)
{
    const struct val *v = val_parse(a, line, len, err);
    int64_t version;

    memset(e, 0, sizeof *e);
    if (v == NULL)
        return -1;
    if (v->kind != VAL_OBJECT)
        return err_set(err, ERR_RECORD, ERR_NEVER, "not-object", "not a JSON object");
    e->all = v;
    if (val_get(v, "v") != NULL && (val_get_int(val_get(v, "v"), &version) < 0 || version != 1))
        return bad_member(err, "v", "not 1: a line of another version");
    if (member_get_int(v, "seq", &e->seq) < 0)
        return bad_member(err, "seq", "not a whole number");
    if (read_texts(v, e, err) < 0)
        return -1;
    if (member_get_bool(v, "partial", &e->partial) < 0)
        return bad_member(err, "partial", "not true or false");
    if (member_get_bool(v, "maybe_echo", &e->maybe_echo) < 0)
        return bad_member(err, "maybe_echo", "not true or false");
    if (member_get_names(v, "changed", &e->changed) < 0)
        return bad_member(err, "changed", "not a list of field names");
    if (member_get_val(v, "fields", VAL_OBJECT, &e->fields) < 0)
        return bad_member(err, "fields", "not an object");
    if (read_folded(a, v, e, err) < 0)
        return -1;
    return check(e, err);
}

bool
event_is_control(const char *line, size_t len)
{
    struct scan_member want[] = {{.name = "eos"}, {.name = "record_id"}};

    /* Most lines have no such name at all; an escaped spelling is not ours. */
    if (memmem(line, len, "\"eos\"", 5) == NULL)
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
