#include <config.h>

#include "sync/breaker.h"

#include <string.h>

#include "sync/compare.h"

/*
 * Adds the next written TEXT to the last two different ones. Is it a return to the one before last?
 * The same text twice in a row is one write repeated.
 */
static bool
returns(const char *last[2], const char *text)
{
    bool back;

    if (last[1] != NULL && strcmp(last[1], text) == 0)
        return false;
    back = last[0] != NULL && strcmp(last[0], text) == 0;
    last[0] = last[1];
    last[1] = text;
    return back;
}

static bool
field_trips(struct arena *a, const struct conf_sync *sync, const struct sync_field *field, size_t i,
            const struct val *value, const struct breaker_write *history, size_t n,
            int alternations)
{
    const char *name = field->field->name;
    const char *last[2] = {NULL, NULL};
    int count = 0;

    for (size_t k = 0; k < n; k++) {
        const struct val *v = val_get(history[k].fields, name);

        if (v != NULL && returns(last, compare_text(a, sync, field, history[k].system, v)))
            count++;
    }
    return returns(last, compare_text(a, sync, field, i, value)) && count + 1 >= alternations;
}

const char *
breaker_trips(struct arena *a, const struct conf_sync *sync, size_t i, const struct val *set,
              const struct breaker_write *history, size_t n, int alternations)
{
    if (alternations <= 0)
        return NULL;
    for (size_t k = 0; k < sync->n_fields; k++) {
        const struct sync_field *field = &sync->fields[k];
        const struct val *value = val_get(set, field->field->name);

        if (value != NULL && field_trips(a, sync, field, i, value, history, n, alternations))
            return field->field->name;
    }
    return NULL;
}
