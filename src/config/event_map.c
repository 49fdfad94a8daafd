#include <config.h>

#include <string.h>

#include "config/internal.h"

/* `event` of a definition: how an accepted request becomes events. */

static const char *const event_types[] = {"created", "updated",        "deleted",
                                          "merged",  "account_active", NULL};
static const char *const actors[] = {"human", "sync_engine", "api_client", NULL};

/* A word that a rule gives, checked by kind. */
struct words {
    const char *const *list; /* NULL: resources of the definition */
    const struct definition *d;
};

static void
check_word(struct reader *r, const struct yaml *y, const char *what, const struct words *w)
{
    const char **names;
    size_t n = w->d->n_resources;

    if (w->list != NULL) {
        for (const char *const *one = w->list; *one != NULL; one++)
            if (strcmp(*one, y->text) == 0)
                return;
        FAULT(r, y, "%s: there is no '%s'%s", what, y->text, read_hint(r, y->text, w->list));
        return;
    }
    names = arena_alloc(r->arena, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        names[i] = w->d->resources[i].resource;
        if (strcmp(names[i], y->text) == 0)
            return;
    }
    FAULT(r, y, "%s: '%s' is none of the resources here%s", what, y->text,
          read_hint(r, y->text, names));
}

/* A word or null. */
static char *
read_unified(struct reader *r, const struct yaml *y, const char *what, const struct words *w)
{
    if (y->kind == YAML_NULL)
        return NULL;
    if (y->kind != YAML_TEXT) {
        FAULT(r, y, "%s must be a word or null, is %s", what, yaml_kind_name(y));
        return NULL;
    }
    check_word(r, y, what, w);
    return arena_text(r->arena, y->text);
}

static void
read_table(struct reader *r, const struct yaml *map, const char *what, const struct words *w,
           struct word_rule *out)
{
    const struct yaml *values = read_map(r, map, "values");

    out->has_table = yaml_get(map, "values") != NULL;
    if (values != NULL) {
        out->rows = arena_alloc(r->arena, (values->n + 1) * sizeof *out->rows);
        for (size_t i = 0; i < values->n; i++) {
            struct word_row *row = &out->rows[out->n_rows++];

            row->word = arena_text(r->arena, values->keys[i]->text);
            row->unified = read_unified(r, values->items[i], what, w);
        }
    }
    if (yaml_get(map, "else") != NULL)
        out->otherwise = read_unified(r, yaml_get(map, "else"), what, w);
}

/* LITERAL: a plain text is the word itself, else the path of one. */
static void
read_word_rule(struct reader *r, const struct yaml *map, const char *key, bool literal,
               const struct words *w, struct word_rule *out)
{
    static const char *const keys[] = {"path", "values", "else", "expr", NULL};
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL)
        return;
    out->present = true;
    if (y->kind == YAML_MAP && yaml_get(y, "expr") == NULL) {
        yaml_check_keys(y, keys, r->file, r->f);
        out->at = spot_read(r, read_need(r, y, "path"), key);
        read_table(r, y, key, w, out);
    } else if (y->kind == YAML_TEXT && literal) {
        check_word(r, y, key, w);
        out->literal = arena_text(r->arena, y->text);
    } else {
        out->at = spot_read(r, y, key);
    }
}

static enum time_unit
read_occurred(struct reader *r, const struct yaml *map, struct spot *out)
{
    static const char *const keys[] = {"path", "unit", "expr", NULL};
    static const char *const units[] = {"any", "s", "ms", "iso8601", NULL};
    const struct yaml *y = yaml_get(map, "occurred_at");

    if (y == NULL || y->kind != YAML_MAP || yaml_get(y, "expr") != NULL) {
        *out = spot_read(r, y, "occurred_at");
        return TIME_ANY;
    }
    yaml_check_keys(y, keys, r->file, r->f);
    *out = spot_read(r, read_need(r, y, "path"), "occurred_at");
    return (enum time_unit)read_word(r, y, "unit", units, TIME_ANY);
}

static void
read_partial(struct reader *r, const struct yaml *map, struct event_map *out)
{
    const struct yaml *y = yaml_get(map, "partial");

    if (y != NULL && y->kind == YAML_BOOL)
        out->partial_always = read_bool(r, map, "partial", false);
    else
        out->partial = spot_read(r, y, "partial");
}

static void
read_map_part(struct reader *r, const struct yaml *event, const struct definition *d,
              struct event_map *out)
{
    static const char *const keys[] = {
        "resource", "event_type", "raw_event_type", "record_id",   "version", "occurred_at",
        "changed",  "record",     "partial",        "merged_into", NULL};
    const struct words resources = {NULL, d}, types = {event_types, d};
    const struct yaml *y = read_need(r, event, "map");

    if (y == NULL)
        return;
    if (y->kind == YAML_TEXT || (y->kind == YAML_MAP && yaml_get(y, "expr") != NULL)) {
        FAULT(r, y, "map: JSONata is not supported in this version; use paths");
        return;
    }
    yaml_check_keys(y, keys, r->file, r->f);
    if (y->kind != YAML_MAP)
        return;
    read_need(r, y, "resource");
    read_need(r, y, "event_type");
    read_need(r, y, "record_id");
    read_word_rule(r, y, "resource", true, &resources, &out->resource);
    read_word_rule(r, y, "event_type", true, &types, &out->event_type);
    out->raw_event_type = spot_read_key(r, y, "raw_event_type");
    out->record_id = spot_read_key(r, y, "record_id");
    out->version = spot_read_key(r, y, "version");
    out->changed = spot_read_key(r, y, "changed");
    out->record = spot_read_key(r, y, "record");
    out->merged_into = spot_read_key(r, y, "merged_into");
    out->occurred_unit = read_occurred(r, y, &out->occurred_at);
    read_partial(r, y, out);
}

static void
read_actor(struct reader *r, const struct yaml *event, const struct definition *d,
           struct event_map *out)
{
    static const char *const keys[] = {"id", "class", "write_id", "strength", NULL};
    static const char *const strengths[] = {"none", "class", "actor", "write", NULL};
    const struct words words = {actors, d};
    const struct yaml *y = read_map(r, event, "actor");

    if (y == NULL)
        return;
    yaml_check_keys(y, keys, r->file, r->f);
    out->actor_id = spot_read_key(r, y, "id");
    out->write_id = spot_read_key(r, y, "write_id");
    read_word_rule(r, y, "class", false, &words, &out->actor_class);
    out->strength = (enum actor_strength)read_word(r, y, "strength", strengths, STRENGTH_NONE);
}

static void
read_delivery(struct reader *r, const struct yaml *event, struct event_map *out)
{
    static const char *const keys[] = {"payload", "order", "retries", NULL};
    static const char *const payloads[] = {"skinny", "full", "partial", NULL};
    const struct yaml *y = read_map(r, event, "delivery");

    out->payload = out->record.present ? PAYLOAD_FULL : PAYLOAD_SKINNY;
    if (y == NULL)
        return;
    yaml_check_keys(y, keys, r->file, r->f);
    out->payload = (enum payload_kind)read_word(r, y, "payload", payloads, (int)out->payload);
    read_text(r, y, "order");
    read_count(r, y, "retries", 0, 0, 1000);
    if (out->payload != PAYLOAD_SKINNY && !out->record.present && out->record_id.present)
        FAULT(r, yaml_get(y, "payload"), "payload: map does not say where the record is (record)");
}

static void
read_ids(struct reader *r, const struct yaml *event, struct event_map *out)
{
    const struct yaml *y = read_list(r, event, "id");

    if (y == NULL)
        return;
    out->id = arena_alloc(r->arena, (y->n + 1) * sizeof *out->id);
    for (size_t i = 0; i < y->n; i++) {
        struct spot one = spot_read(r, y->items[i], "id");

        out->id[out->n_id++] = one;
        if (one.root == SPOT_BODY)
            out->id_per_item = true;
    }
}

void
event_map_read(struct reader *r, const struct yaml *root, const struct definition *d,
               struct event_map *out)
{
    static const char *const keys[] = {"split", "account", "id", "map", "actor", "delivery", NULL};
    const struct yaml *y = read_map(r, root, "event");

    if (y == NULL)
        return;
    out->present = true;
    yaml_check_keys(y, keys, r->file, r->f);
    out->split = read_path_key(r, y, "split", true);
    out->account = spot_read_key(r, y, "account");
    read_ids(r, y, out);
    read_map_part(r, y, d, out);
    read_actor(r, y, d, out);
    read_delivery(r, y, out);
}
