#include <config.h>

#include "sync/table.h"

#include "json/number.h"

#include <string.h>

/* The word that VALUE is in a table; NULL for what can be none. */
static const char *
word_of(struct arena *a, const struct val *value)
{
    char *canon;

    switch (value->kind) {
    case VAL_STRING:
        return strlen(value->u.text) == value->n ? value->u.text : NULL;
    case VAL_NUMBER:
        canon = arena_alloc(a, value->n + NUMBER_TEXT);
        number_canon(value->u.text, value->n, canon);
        return canon;
    case VAL_TRUE:
        return "true";
    case VAL_FALSE:
        return "false";
    default:
        return NULL;
    }
}

const struct value_system *
table_words(const struct value_table *t, const struct conf_system *system)
{
    for (size_t i = 0; t != NULL && i < t->n_systems; i++)
        if (t->systems[i].system == system)
            return &t->systems[i];
    return NULL;
}

static const struct value_row *
row_of(const struct value_system *words, const char *word)
{
    for (size_t i = 0; word != NULL && i < words->n_rows; i++)
        if (strcmp(words->rows[i].word, word) == 0)
            return &words->rows[i];
    return NULL;
}

bool
table_knows(struct arena *a, const struct value_system *words, const struct val *value)
{
    return row_of(words, word_of(a, value)) != NULL;
}

enum table_result
table_in(struct arena *a, const struct value_table *t, const struct conf_system *system,
         const struct val *value, const struct val **unified)
{
    const struct value_system *words = table_words(t, system);
    const struct value_row *row;

    *unified = value;
    if (words == NULL || val_is_null(value))
        return TABLE_OK;
    row = row_of(words, word_of(a, value));
    if (row != NULL)
        *unified = val_string(a, row->unified);
    return row != NULL || t->unmapped == UNMAPPED_PASS ? TABLE_OK : TABLE_UNMAPPED;
}

enum table_result
table_out(struct arena *a, const struct value_table *t, const struct conf_system *system,
          const struct val *unified, const struct val **value)
{
    const struct value_system *words = table_words(t, system);
    const char *word;

    *value = unified;
    if (words == NULL || val_is_null(unified))
        return TABLE_OK;
    word = word_of(a, unified);
    for (size_t i = 0; word != NULL && i < words->n_rows; i++) {
        if (strcmp(words->rows[i].unified, word) != 0)
            continue;
        *value = val_string(a, words->rows[i].word);
        return TABLE_OK;
    }
    return t->unmapped == UNMAPPED_PASS && row_of(words, word) == NULL ? TABLE_OK : TABLE_UNMAPPED;
}
