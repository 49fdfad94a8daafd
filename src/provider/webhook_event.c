#include <config.h>

#include "provider/internal.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One item of a webhook as an event: words, times, actor, changed names, fields. */

/* A value as the word of a table: booleans too. */
static const char *
word_text(const struct val *v)
{
    if (v != NULL && (v->kind == VAL_TRUE || v->kind == VAL_FALSE))
        return v->kind == VAL_TRUE ? "true" : "false";
    return val_id(v);
}

const char *
webhook_word(const struct scene *s, const struct word_rule *rule)
{
    const char *word;

    if (rule->literal != NULL)
        return rule->literal;
    word = word_text(spot_get(s, &rule->at));
    if (!rule->has_table)
        return word;
    for (size_t i = 0; word != NULL && i < rule->n_rows; i++) {
        if (strcmp(rule->rows[i].word, word) == 0)
            return rule->rows[i].unified;
    }
    return rule->otherwise;
}

/* A text that fits a line of the stream, or nothing: it is no reason to lose the event. */
static const char *
short_text(const struct scene *s, const struct spot *spot)
{
    const char *text = spot_text(s, spot);

    return text != NULL && strlen(text) <= RECORD_MAX_ID ? text : NULL;
}

/* Seconds or ms since 1970, perhaps with decimals, as ms. */
static bool
read_number(const char *text, enum time_unit unit, int64_t *ms)
{
    char *end;
    double d = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(d) || d <= 0)
        return false;
    if (unit == TIME_S || (unit == TIME_ANY && d < 1e11)) /* 1e11 ms is in 1973 */
        d *= 1000;
    if (d > 253402300799999.0) /* the end of the year 9999 */
        return false;
    *ms = (int64_t)d;
    return true;
}

static const char *
read_time(const struct scene *s, const struct event_map *map)
{
    const char *text = spot_text(s, &map->occurred_at);
    enum time_unit unit = map->occurred_unit;
    char when[CLOCK_TEXT];
    int64_t ms;

    if (text == NULL)
        return NULL;
    if (unit == TIME_ANY && text[strspn(text, "0123456789.")] != '\0')
        unit = TIME_ISO8601;
    if (unit == TIME_ISO8601 ? clock_parse(text, &ms, NULL) != 0 : !read_number(text, unit, &ms))
        return NULL;
    return arena_text(s->arena, clock_format(ms, when));
}

/* ---- changed ---- */

/* Does the provider's NAME mean the field at PATH? Its whole, its last part, or what it lies in. */
static bool
means(const char *name, const char *path)
{
    const char *dot = strrchr(path, '.');
    size_t len = strlen(name);

    return strcmp(name, path) == 0 || (dot != NULL && strcmp(name, dot + 1) == 0) ||
           (strncmp(name, path, len) == 0 && path[len] == '.');
}

static void
add_changed(const struct scene *s, const struct resource_def *def, const char *name,
            struct val *list)
{
    for (size_t i = 0; name != NULL && i < def->n_fields; i++) {
        const struct field_map *f = &def->fields[i];
        size_t j = 0;

        if (!means(name, f->path))
            continue;
        while (j < list->n && strcmp(list->u.items[j]->u.text, f->field->name) != 0)
            j++;
        if (j == list->n)
            val_push(s->arena, list, val_string(s->arena, f->field->name));
    }
}

/* NULL: the provider does not say. */
static const struct val *
read_changed(const struct scene *s, const struct event_map *map, const struct resource_def *def)
{
    const struct val *v = spot_get(s, &map->changed);
    struct val *list = val_array(s->arena);

    if (val_is_null(v))
        return NULL;
    if (v->kind == VAL_STRING)
        add_changed(s, def, val_text(v), list);
    else if (v->kind == VAL_ARRAY)
        for (size_t i = 0; i < v->n; i++)
            add_changed(s, def, val_text(v->u.items[i]), list);
    else if (v->kind == VAL_OBJECT)
        for (size_t i = 0; i < v->n; i++)
            add_changed(s, def, v->u.members[i].name, list);
    else
        return NULL;
    return list;
}

/* ---- fields ---- */

/* Of a merge a record may be shown, but nobody knows which; of a deletion there is none. */
static bool
is_of_the_record(const struct event *e)
{
    return strcmp(e->event_type, "deleted") != 0 && strcmp(e->event_type, "merged") != 0;
}

static bool
is_partial(const struct scene *s, const struct event_map *map)
{
    return map->partial_always || map->payload == PAYLOAD_PARTIAL ||
           val_is_true(spot_get(s, &map->partial));
}

/*
 * Does a partial record show all that is said to have changed? If not (or if it shows nothing), it
 * must not be compared: what it does show may well be as we wrote it.
 */
static bool
shows_change(const struct val *fields, const struct val *changed)
{
    for (size_t i = 0; changed != NULL && i < changed->n; i++) {
        if (val_get(fields, changed->u.items[i]->u.text) == NULL)
            return false;
    }
    return fields->n > 0;
}

static void
read_fields(const struct scene *s, const struct event_map *map, const struct resource_def *def,
            struct event *out)
{
    const struct val *record = spot_get(s, &map->record);
    struct val *fields;

    if (map->payload == PAYLOAD_SKINNY || record == NULL || record->kind != VAL_OBJECT ||
        !is_of_the_record(out))
        return;
    out->partial = is_partial(s, map);
    fields = val_object(s->arena);
    for (size_t i = 0; i < def->n_fields; i++) {
        const struct val *v = val_path(record, def->fields[i].path);

        if (v == NULL && !out->partial)
            v = val_null(s->arena);
        if (v != NULL)
            val_set(s->arena, fields, def->fields[i].field->name, (struct val *)v);
    }
    if (out->partial && !shows_change(fields, out->changed))
        out->partial = false;
    else
        out->fields = fields;
    if (out->version == NULL && def->version != NULL)
        out->version = val_id(val_path(record, def->version));
    if (out->version != NULL && strlen(out->version) > RECORD_MAX_ID)
        out->version = NULL;
}

/* ---- actor ---- */

static bool
is_own(const struct conf_system *system, const char *id)
{
    for (size_t i = 0; id != NULL && i < system->n_self; i++) {
        if (strcmp(system->self[i], id) == 0)
            return true;
    }
    return false;
}

static const char *
known_class(const char *word)
{
    static const char *const words[] = {"human", "sync_engine", "api_client"};

    for (int i = 0; word != NULL && i < 3; i++) {
        if (strcmp(words[i], word) == 0)
            return words[i];
    }
    return NULL;
}

/* Nobody named: nothing is said. Somebody: us, what his class says, else a person. */
static void
read_actor(const struct scene *s, const struct event_map *map, const struct conf_system *system,
           struct event *out)
{
    const char *id = spot_text(s, &map->actor_id);
    const char *word = map->actor_class.present ? webhook_word(s, &map->actor_class) : NULL;
    bool named = id != NULL || word != NULL;

    out->sync_source = system->name;
    out->sync_correlation_id = short_text(s, &map->write_id);
    if (is_own(system, id)) {
        out->sync_actor = "sync_engine";
        out->sync_source = "loopless";
    } else if (named) {
        out->sync_actor = known_class(word) != NULL ? known_class(word) : "human";
    }
}

void
webhook_event(const struct scene *s, const struct conf_system *system,
              const struct resource_def *def, struct event *out)
{
    const struct event_map *map = &system->definition->webhook.event;

    out->path = "webhook";
    out->raw_event_type = short_text(s, &map->raw_event_type);
    out->occurred_at = read_time(s, map);
    out->version = short_text(s, &map->version);
    out->changed = read_changed(s, map, def);
    if (strcmp(out->event_type, "merged") == 0)
        out->merged_into = short_text(s, &map->merged_into);
    out->sync_direction = "inbound";
    read_actor(s, map, system, out);
    read_fields(s, map, def, out);
}
