#include <config.h>

#include "ctl/internal.h"
#include "ctl/show.h"
#include "base/clock.h"
#include "sync/table.h"

#include <string.h>

/* Is JSON a value of TYPE? Texts and references are any text. */
static bool
fits(enum field_type type, const struct val *json)
{
    int64_t ms;

    if (json == NULL)
        return false;
    switch (type) {
    case FIELD_NUMBER:
        return json->kind == VAL_NUMBER;
    case FIELD_BOOL:
        return json->kind == VAL_TRUE || json->kind == VAL_FALSE;
    case FIELD_SET:
        return json->kind == VAL_ARRAY;
    case FIELD_DATE:
    case FIELD_DATETIME:
        return val_text(json) != NULL && clock_parse(val_text(json), &ms, NULL) == 0;
    default:
        return json->kind == VAL_STRING;
    }
}

static const char *
wanted(enum field_type type)
{
    switch (type) {
    case FIELD_NUMBER:
        return "a number";
    case FIELD_BOOL:
        return "true or false";
    case FIELD_SET:
        return "a list, as in [\"x\",\"y\"]";
    case FIELD_DATE:
        return "a date, as in 2026-01-31";
    case FIELD_DATETIME:
        return "a time, as in 2026-01-31T12:00:00Z";
    default:
        return "a text";
    }
}

int
ctl_value(struct ctl *c, const struct sync_field *field, const char *text, const struct val **out,
          struct err *err)
{
    const struct val *json = val_parse(c->arena, text, strlen(text), NULL);
    enum field_type type = field->field->type;
    bool word = field->values != NULL && json != NULL && json->kind <= VAL_STRING;

    if (json == NULL || (json->kind != VAL_NULL && json->kind != VAL_STRING && !fits(type, json) &&
                         !word && type != FIELD_SET))
        json = val_string(c->arena, text); /* plain text */
    *out = json;
    if (json->kind == VAL_NULL || word || field->values != NULL || fits(type, json))
        return 0;
    return ctl_bad_usage(err, "%s is %s (or null), not %s", field->field->name, wanted(type),
                         show_cut(c->arena, text));
}

/* The record there of what a reference names: the word in the system's end of the parent's link. */
static int
ref_words(struct ctl *c, const struct sync_field *field, const struct val *value,
          const struct val *systems, struct val *out, struct err *err)
{
    struct ctl_record parent;
    struct store_link link;
    int r;

    if (val_text(value) == NULL || ctl_record(c, field->ref, val_text(value), &parent, err) != 0)
        return ctl_bad_usage(err, "%s is a record of %s, SYSTEM:ID (or null), not %s",
                             field->field->name, field->ref, show_value(c->arena, value));
    r = ctl_link_of(c, &parent, &link, err);
    if (r < 0)
        return -1;
    if (r == 0) {
        ctl_no(err, "not-linked", "%s %s has no link: nobody knows it elsewhere", field->ref,
               parent.text);
        err_hint(err, "sync-ctl why %s %s says why", field->ref, parent.text);
        return EXIT_NO;
    }
    for (size_t i = 0; i < systems->n; i++) {
        const char *system = systems->u.members[i].name;
        const struct store_end *end = ctl_end_of(&link, system);

        if (end == NULL || end->deleted)
            return ctl_no(err, "no-word", "%s %s has no record at %s", field->ref, parent.text,
                          system);
        val_set(c->arena, out, system, val_string(c->arena, end->record_id));
    }
    return 0;
}

/* Which unified words a table knows, for a hint. */
static void
hint_words(const struct value_table *t, const struct conf_system *system, struct err *err)
{
    CLEANUP_BUF struct buf words = BUF_INIT;

    for (size_t i = 0; i < t->n_systems; i++)
        for (size_t k = 0; t->systems[i].system == system && k < t->systems[i].n_rows; k++)
            buf_printf(&words, "%s%s", words.len > 0 ? ", " : "", t->systems[i].rows[k].unified);
    err_hint(err, "%s knows: %s", system->name, buf_get(&words));
}

int
ctl_words(struct ctl *c, const struct conf_sync *sync, const struct sync_field *field,
          const struct val *value, const struct val *systems, struct val **out, struct err *err)
{
    *out = val_object(c->arena);
    if (field->ref != NULL && !val_is_null(value))
        return ref_words(c, field, value, systems, *out, err);
    for (size_t i = 0; i < systems->n; i++) {
        int at = sync_index(sync, systems->u.members[i].name);
        const struct val *word = value;

        if (at < 0)
            continue;
        if (table_out(c->arena, field->values, sync->between[at], value, &word) != TABLE_OK) {
            ctl_no(err, "unmapped", "%s has no word for %s", sync->between[at]->name,
                   show_value(c->arena, value));
            hint_words(field->values, sync->between[at], err);
            return EXIT_NO;
        }
        val_set(c->arena, *out, sync->between[at]->name, val_copy(c->arena, word));
    }
    return 0;
}

const struct val *
ctl_unified(struct ctl *c, const struct sync_field *field, const char *system,
            const struct val *value)
{
    const struct conf_system *s = conf_system(c->conf, system);
    const struct val *unified = value;

    if (field != NULL && s != NULL && field->values != NULL &&
        table_in(c->arena, field->values, s, value, &unified) != TABLE_OK)
        return value;
    return unified;
}
