#include <config.h>

#include "sim/jtext.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
add_string(struct buf *out, const char *s, size_t len)
{
    size_t i;
    size_t start = 0;

    buf_char(out, '"');
    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, s + start, i - start);
        start = i + 1;
        if (c == '\n')
            buf_text(out, "\\n");
        else if (c < 0x20)
            buf_printf(out, "\\u%04x", c);
        else
            buf_printf(out, "\\%c", c);
    }
    buf_add(out, s + start, len - start);
    buf_char(out, '"');
}

static void
add_real(struct buf *out, double d)
{
    char text[40];
    int digits;

    for (digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d)
            break;
    }
    buf_text(out, text);
    if (strpbrk(text, ".e") == NULL)
        buf_text(out, ".0");
}

static void
add_object(struct buf *out, const json_t *object)
{
    const char *lead = "{";
    void *at;

    for (at = json_object_iter((json_t *)object); at != NULL;
         at = json_object_iter_next((json_t *)object, at)) {
        const char *name = json_object_iter_key(at);

        buf_text(out, lead);
        add_string(out, name, strlen(name));
        buf_char(out, ':');
        jtext_add(out, json_object_iter_value(at));
        lead = ",";
    }
    buf_text(out, *lead == '{' ? "{}" : "}");
}

static void
add_array(struct buf *out, const json_t *array)
{
    size_t i;

    buf_char(out, '[');
    for (i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            buf_char(out, ',');
        jtext_add(out, json_array_get(array, i));
    }
    buf_char(out, ']');
}

void
jtext_add(struct buf *out, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        add_object(out, value);
        break;
    case JSON_ARRAY:
        add_array(out, value);
        break;
    case JSON_STRING:
        add_string(out, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        buf_printf(out, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        add_real(out, json_real_value(value));
        break;
    case JSON_TRUE:
        buf_text(out, "true");
        break;
    case JSON_FALSE:
        buf_text(out, "false");
        break;
    case JSON_NULL:
        buf_text(out, "null");
        break;
    }
}

void
jtext_plain(struct buf *out, const json_t *value)
{
    if (json_is_string(value))
        buf_add(out, json_string_value(value), json_string_length(value));
    else
        jtext_add(out, value);
}

json_t *
jtext_parse(const char *bytes, size_t len, char why[160])
{
    json_error_t e;
    json_t *value = json_loadb(bytes, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);

    if (value == NULL)
        snprintf(why, 160, "%.150s", e.text);
    return value;
}

bool
jtext_reserved(const char *name)
{
    return strcmp(name, "id") == 0 || strcmp(name, "created_at") == 0 ||
           strcmp(name, "updated_at") == 0 || strcmp(name, "rev") == 0;
}
