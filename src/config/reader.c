#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

#include "base/clock.h"
#include "base/err.h"

enum { MAX_WORD = 64 };

static size_t
min3(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;

    return ab < c ? ab : c;
}

/* Edits (Levenshtein) that make A of B, both at most MAX_WORD long. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[MAX_WORD + 1];
    size_t la = strlen(a), lb = strlen(b);

    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];

            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[lb];
}

const char *
word_nearest(const char *word, const char *const *words)
{
    const char *best = NULL;
    size_t len = strlen(word);
    size_t limit = len / 3 + 1;

    if (len > MAX_WORD)
        return NULL;
    for (; *words != NULL; words++) {
        size_t d = strlen(*words) <= MAX_WORD ? distance(word, *words) : limit + 1;

        if (d <= limit && d < strlen(*words)) {
            best = *words;
            limit = d - (d > 0);
        }
    }
    return best;
}

const char *
read_hint(struct reader *r, const char *word, const char *const *words)
{
    const char *near = word_nearest(word, words);

    return near == NULL ? "" : arena_printf(r->arena, " (did you mean %s?)", near);
}

const char *
yaml_kind_name(const struct yaml *y)
{
    static const char *const names[] = {"empty", "true or false", "a whole number", "a number",
                                        "text",  "a list",        "a map"};

    return y == NULL ? "absent" : names[y->kind];
}

void
yaml_check_keys(const struct yaml *map, const char *const *known, const char *file,
                struct faults *f)
{
    if (map == NULL)
        return;
    if (map->kind != YAML_MAP) {
        faults_add(f, file, map, "must be a map, is %s", yaml_kind_name(map));
        return;
    }
    for (size_t i = 0; i < map->n; i++) {
        const char *key = map->keys[i]->text, *near;
        const char *const *k = known;

        while (*k != NULL && strcmp(*k, key) != 0)
            k++;
        if (*k != NULL)
            continue;
        near = word_nearest(key, known);
        if (near != NULL)
            faults_add(f, file, map->keys[i], "unknown key '%s' (did you mean %s?)", key, near);
        else
            faults_add(f, file, map->keys[i], "unknown key '%s'", key);
    }
}

const struct yaml *
read_need(struct reader *r, const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL && map != NULL && map->kind == YAML_MAP)
        FAULT(r, map, "missing key '%s'", key);
    return y;
}

char *
read_scalar(struct reader *r, const struct yaml *y, const char *what)
{
    if (y == NULL)
        return NULL;
    if ((y->kind == YAML_TEXT || y->kind == YAML_INT) && y->text[0] != '\0')
        return arena_text(r->arena, y->text);
    if (y->kind == YAML_BOOL || y->kind == YAML_FLOAT)
        FAULT(r, y, "%s must be text, is %s (quote it)", what, yaml_kind_name(y));
    else
        FAULT(r, y, "%s must be text, is %s", what,
              y->kind == YAML_TEXT ? "empty" : yaml_kind_name(y));
    return NULL;
}

char *
read_text(struct reader *r, const struct yaml *map, const char *key)
{
    return read_scalar(r, yaml_get(map, key), key);
}

char *
read_need_text(struct reader *r, const struct yaml *map, const char *key)
{
    return read_scalar(r, read_need(r, map, key), key);
}

bool
read_bool(struct reader *r, const struct yaml *map, const char *key, bool otherwise)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL)
        return otherwise;
    if (y->kind == YAML_BOOL)
        return y->text[0] == 't' || y->text[0] == 'T';
    FAULT(r, y, "%s must be true or false, is %s", key, yaml_kind_name(y));
    return otherwise;
}

long
read_count(struct reader *r, const struct yaml *map, const char *key, long otherwise, long min,
           long max)
{
    const struct yaml *y = yaml_get(map, key);
    char *end;
    long n;

    if (y == NULL)
        return otherwise;
    if (y->kind != YAML_INT) {
        FAULT(r, y, "%s must be a whole number, is %s", key, yaml_kind_name(y));
        return otherwise;
    }
    errno = 0;
    n = strtol(y->text, &end, 10);
    if (errno == 0 && *end == '\0' && n >= min && n <= max)
        return n;
    FAULT(r, y, "%s must be from %ld to %ld", key, min, max);
    return otherwise;
}

int64_t
read_span(struct reader *r, const struct yaml *map, const char *key, int64_t otherwise)
{
    const struct yaml *y = yaml_get(map, key);
    int64_t ms;

    if (y == NULL)
        return otherwise;
    if ((y->kind == YAML_TEXT || y->kind == YAML_INT) && clock_parse_span(y->text, &ms, NULL) == 0)
        return ms;
    FAULT(r, y, "%s must be a duration (500ms, 30s, 5m, 4h, 2d)", key);
    return otherwise;
}

int
read_word(struct reader *r, const struct yaml *map, const char *key, const char *const *words,
          int otherwise)
{
    const struct yaml *y = yaml_get(map, key);
    CLEANUP_BUF struct buf all = BUF_INIT;

    if (y == NULL)
        return otherwise;
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(y->text, words[i]) == 0)
            return i;
        buf_printf(&all, "%s%s", i == 0 ? "" : ", ", words[i]);
    }
    FAULT(r, y, "%s must be one of: %s", key, buf_get(&all));
    return otherwise;
}

const struct yaml *
read_map(struct reader *r, const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL || y->kind == YAML_MAP)
        return y;
    FAULT(r, y, "%s must be a map, is %s", key, yaml_kind_name(y));
    return NULL;
}

const struct yaml *
read_list(struct reader *r, const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL || y->kind == YAML_LIST)
        return y;
    FAULT(r, y, "%s must be a list, is %s", key, yaml_kind_name(y));
    return NULL;
}

char **
read_texts(struct reader *r, const struct yaml *map, const char *key, size_t *n)
{
    const struct yaml *y = read_list(r, map, key);
    char **texts;

    *n = 0;
    if (y == NULL || y->n == 0)
        return NULL;
    texts = arena_alloc(r->arena, y->n * sizeof *texts);
    for (size_t i = 0; i < y->n; i++) {
        char *one = read_scalar(r, y->items[i], key);

        if (one != NULL)
            texts[(*n)++] = one;
    }
    return texts;
}

size_t
read_statuses(struct reader *r, const struct yaml *map, const char *key, int out[8])
{
    const struct yaml *y = read_list(r, map, key);
    size_t n = 0;

    for (size_t i = 0; y != NULL && i < y->n; i++) {
        const struct yaml *one = y->items[i];
        long status = one->kind == YAML_INT && strlen(one->text) == 3 ? atol(one->text) : 0;

        if (status < 100 || status > 599)
            FAULT(r, one, "%s must be HTTP statuses, 100 to 599", key);
        else if (n == 8)
            FAULT(r, one, "%s has more than 8 statuses", key);
        else
            out[n++] = (int)status;
    }
    return n;
}

void
read_not_yet(struct reader *r, const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, key);

    if (y == NULL || (y->kind == YAML_BOOL && (y->text[0] == 'f' || y->text[0] == 'F')))
        return;
    FAULT(r, y, "%s is not supported in this version (leave it out)", key);
}

static bool
is_path(const char *s)
{
    size_t part = 0;

    for (; *s != '\0'; s++) {
        if (*s == '.' && part == 0)
            return false;
        part = *s == '.' ? 0 : part + 1;
    }
    return part > 0;
}

char *
read_path(struct reader *r, const struct yaml *y, const char *what, bool whole)
{
    if (y == NULL)
        return NULL;
    if (y->kind == YAML_MAP && (yaml_get(y, "expr") != NULL || yaml_get(y, "map") != NULL)) {
        FAULT(r, y, "%s: JSONata is not supported in this version; use a path", what);
        return NULL;
    }
    if (whole && y->kind == YAML_TEXT && (y->text[0] == '\0' || strcmp(y->text, "$") == 0))
        return arena_text(r->arena, "");
    if (y->kind == YAML_TEXT && strpbrk(y->text, "$()[]{}&?:\"'`*+,;=<>|^%~\\\n") != NULL) {
        FAULT(r, y, "%s: JSONata is not supported in this version; use a path", what);
        return NULL;
    }
    if (y->kind == YAML_TEXT && y->text[0] != '\0' && !is_path(y->text)) {
        FAULT(r, y, "%s: a path is names with one dot between them", what);
        return NULL;
    }
    return read_scalar(r, y, what);
}

char *
read_path_key(struct reader *r, const struct yaml *map, const char *key, bool whole)
{
    return read_path(r, yaml_get(map, key), key, whole);
}

bool
is_resource_name(const char *s)
{
    size_t part = 0, slashes = 0, len = strlen(s);

    for (; *s != '\0'; s++) {
        if (*s == '/' && part == 0)
            return false;
        slashes += *s == '/';
        part = *s == '/' ? 0 : part + 1;
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_-/", *s) == NULL)
            return false;
    }
    return part > 0 && slashes > 0 && len <= 128;
}

void
hash_add(struct buf *b, const char *text)
{
    if (text == NULL)
        buf_text(b, "-;");
    else
        buf_printf(b, "%zu:%s;", strlen(text), text);
}
