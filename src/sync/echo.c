#include <config.h>

#include "sync/echo.h"

#include <string.h>

#include "sync/compare.h"

static bool
always_passes(const struct event *e)
{
    return e->n_folded > 0 || e->event_type == NULL ||
           (strcmp(e->event_type, "created") != 0 && strcmp(e->event_type, "updated") != 0);
}

/* A whole number without sign: its digits, without leading zeroes; NULL if it is none. */
static const char *
sequence(const char *text)
{
    if (text == NULL || *text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return NULL;
    return text + strspn(text, "0");
}

/* Is X older than Y? By digits, so that any length will do. */
static bool
older(const char *x, const char *y)
{
    const char *p = sequence(x);
    const char *q = sequence(y);

    if (p == NULL || q == NULL)
        return false;
    return strlen(p) != strlen(q) ? strlen(p) < strlen(q) : strcmp(p, q) < 0;
}

/* A shadow that was taken under another mapping is no base. */
static bool
map_changed(const struct echo_input *in)
{
    return in->facts.map_hash == NULL || strcmp(in->facts.map_hash, in->sync->map_hash) != 0;
}

static bool
is_stale(const struct echo_input *in)
{
    const struct resource_def *def = in->sync->defs[in->system_index];

    return def->version_kind == VERSION_SEQUENCE && in->facts.linked && !map_changed(in) &&
           older(in->event->version, in->facts.version);
}

/* Does every synced field of the event equal its shadow, and is there one at all? */
static bool
equals_shadow(struct arena *a, const struct echo_input *in)
{
    const struct conf_sync *sync = in->sync;
    size_t seen = 0;

    for (size_t k = 0; k < sync->n_fields; k++) {
        const struct sync_field *field = &sync->fields[k];
        const char *name = field->field->name;
        const struct val *now = val_get(in->event->fields, name);
        const struct val *base = val_get(in->facts.shadow, name);

        if (resource_field(sync->defs[in->system_index], name) == NULL ||
            (now == NULL && in->event->partial))
            continue;
        if (base == NULL || !compare_same(a, sync, field, in->system_index, now, base))
            return false;
        seen += now != NULL;
    }
    return seen > 0;
}

enum echo_verdict
echo_judge(struct arena *a, const struct echo_input *in)
{
    if (in->sync == NULL)
        return ECHO_IGNORED;
    if (always_passes(in->event))
        return ECHO_PASS;
    if (in->facts.ended)
        return ECHO_IGNORED;
    if (in->facts.deleted)
        return ECHO_PASS;
    if (is_stale(in))
        return ECHO_STALE;
    if (in->facts.linked && in->facts.lane_idle && !in->facts.owed && !map_changed(in) &&
        in->facts.shadow != NULL && in->event->fields != NULL && equals_shadow(a, in))
        return ECHO_ECHO;
    return ECHO_PASS;
}

const char *
echo_disposition(enum echo_verdict v)
{
    switch (v) {
    case ECHO_STALE:
        return "stale";
    case ECHO_ECHO:
        return "echo";
    case ECHO_IGNORED:
        return "ignored";
    case ECHO_PASS:
        break;
    }
    return NULL;
}
