#include <config.h>

#include "provider/internal.h"

#include "http/url.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    size_t at;
} placeholders[] = {
    {"id", offsetof(struct tmpl, id)},
    {"external_id", offsetof(struct tmpl, external_id)},
    {"account", offsetof(struct tmpl, account)},
    {"base_url", offsetof(struct tmpl, base_url)},
    {"since", offsetof(struct tmpl, since)},
    {"until", offsetof(struct tmpl, until)},
    {"cursor", offsetof(struct tmpl, cursor)},
    {"size", offsetof(struct tmpl, size)},
    {"idempotency_key", offsetof(struct tmpl, idempotency_key)},
    {"etag", offsetof(struct tmpl, etag)},
    {"key", offsetof(struct tmpl, key)},
    {"value", offsetof(struct tmpl, value)},
    {"job", offsetof(struct tmpl, job)},
};

/* Is TEXT at a placeholder? Its length with braces, its value in *VALUE; 0 if not. */
static size_t
match(const char *text, const struct tmpl *t, const char **value)
{
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
        size_t len = strlen(placeholders[i].name);

        if (strncmp(text + 1, placeholders[i].name, len) != 0 || text[len + 1] != '}')
            continue;
        memcpy(value, (const char *)t + placeholders[i].at, sizeof *value);
        return len + 2;
    }
    return 0;
}

/* Dots would be read as parts of the path, nothing as the collection itself. */
static bool
fits_path(const char *value)
{
    return value[0] != '\0' && strcmp(value, ".") != 0 && strcmp(value, "..") != 0;
}

int
tmpl_fill(struct buf *out, const char *text, const struct tmpl *t, enum tmpl_use use)
{
    const char *value = NULL;
    size_t len;

    while (*text != '\0') {
        len = *text == '{' ? match(text, t, &value) : 0;
        if (len == 0) {
            buf_char(out, *text++);
            continue;
        }
        if (value == NULL || (use == TMPL_PATH && !fits_path(value)))
            return 0;
        if (use == TMPL_PATH && value != t->base_url)
            url_escape(out, value);
        else
            buf_text(out, value);
        text += len;
    }
    return 1;
}

const char *
tmpl_text(struct arena *a, const char *text, const struct tmpl *t)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    return tmpl_fill(&b, text, t, TMPL_TEXT) ? arena_ntext(a, buf_get(&b), b.len) : NULL;
}

static struct val *
text_value(struct arena *a, const char *text, const struct tmpl *t)
{
    const char *filled = tmpl_text(a, text, t);

    if (filled == NULL)
        return NULL;
    if (strcmp(text, "{size}") == 0 || (t->cursor_is_number && strcmp(text, "{cursor}") == 0))
        return val_number(a, filled);
    return val_string(a, filled);
}

static struct val *
object_value(struct arena *a, const json_t *body, const struct tmpl *t)
{
    struct val *object = val_object(a);
    const char *name;
    json_t *item;

    json_object_foreach((json_t *)body, name, item)
    {
        struct val *v = tmpl_body(a, item, t);
        const char *filled = tmpl_text(a, name, t);

        if (v != NULL && filled != NULL)
            val_set(a, object, filled, v);
    }
    return object;
}

static struct val *
array_value(struct arena *a, const json_t *body, const struct tmpl *t)
{
    struct val *array = val_array(a);
    struct val *v;
    json_t *item;
    size_t i;

    json_array_foreach(body, i, item)
    {
        v = tmpl_body(a, item, t);
        if (v != NULL)
            val_push(a, array, v);
    }
    return array;
}

struct val *
tmpl_body(struct arena *a, const json_t *body, const struct tmpl *t)
{
    switch (json_typeof(body)) {
    case JSON_OBJECT:
        return object_value(a, body, t);
    case JSON_ARRAY:
        return array_value(a, body, t);
    case JSON_STRING:
        return text_value(a, json_string_value(body), t);
    case JSON_INTEGER:
        return val_int(a, json_integer_value(body));
    case JSON_REAL:
        return val_real(a, json_real_value(body));
    case JSON_TRUE:
        return val_bool(a, true);
    case JSON_FALSE:
        return val_bool(a, false);
    default:
        return val_null(a);
    }
}
