#include <config.h>

#include "sim/shape.h"
#include "base/buf.h"
#include "sim/jtext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void
cut_to(struct buf *b, size_t from, size_t to)
{
    memmove(b->data, b->data + from, to - from);
    b->len = to - from;
    b->data[b->len] = '\0';
}

static void
trim(struct buf *b)
{
    size_t from = 0;
    size_t to = b->len;

    while (from < to && isspace((unsigned char)b->data[from]))
        from++;
    while (to > from && isspace((unsigned char)b->data[to - 1]))
        to--;
    if (b->data != NULL)
        cut_to(b, from, to);
}

/* ASCII only. */
static void
lower(struct buf *b)
{
    size_t i;

    for (i = 0; i < b->len; i++)
        if (b->data[i] >= 'A' && b->data[i] <= 'Z')
            b->data[i] = (char)(b->data[i] + 32);
}

static void
digits(struct buf *b)
{
    size_t i;
    size_t n = 0;

    for (i = 0; i < b->len; i++)
        if (isdigit((unsigned char)b->data[i]) || b->data[i] == '+')
            b->data[n++] = b->data[i];
    if (b->data != NULL)
        cut_to(b, 0, n);
}

/* N characters, not bytes. */
static void
truncate_text(struct buf *b, long n)
{
    size_t i;

    for (i = 0; i < b->len; i++)
        if (((unsigned char)b->data[i] & 0xc0) != 0x80 && n-- == 0)
            break;
    if (i < b->len)
        cut_to(b, 0, i);
}

static json_t *
shape_string(const struct quirks *q, const char *field, const json_t *value)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    const char *most = field != NULL ? quirk_of_field(q, QUIRK_TRUNCATE, field) : NULL;

    jtext_plain(&b, value);
    if (quirk_on(q, QUIRK_TRIM))
        trim(&b);
    if (field != NULL && quirk_names_field(q, QUIRK_LOWER, field))
        lower(&b);
    if (field != NULL && quirk_names_field(q, QUIRK_DIGITS, field))
        digits(&b);
    if (most != NULL)
        truncate_text(&b, atol(most));
    if (b.len == 0 && quirk_on(q, QUIRK_EMPTY_NULL))
        return json_null();
    return json_stringn(buf_get(&b), b.len);
}

static json_t *
shape_scalar(const struct quirks *q, json_t *value)
{
    CLEANUP_BUF struct buf b = BUF_INIT;
    json_t *out = json_is_boolean(value) && quirk_on(q, QUIRK_BOOL_INT)
                      ? json_integer(json_is_true(value))
                      : json_incref(value);
    json_t *text;

    if (!quirk_on(q, QUIRK_STRING_VALUES) || json_is_null(out))
        return out;
    jtext_plain(&b, out);
    text = json_stringn(buf_get(&b), b.len);
    json_decref(out);
    return text;
}

static json_t *shape_value(const struct quirks *q, const char *field, json_t *value);

static json_t *
shape_array(const struct quirks *q, json_t *array)
{
    json_t *out = json_array();
    size_t i;

    for (i = 0; i < json_array_size(array); i++)
        json_array_append_new(out, shape_value(q, NULL, json_array_get(array, i)));
    return out;
}

static json_t *
shape_object(const struct quirks *q, json_t *object)
{
    json_t *out = json_object();
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
        json_object_set_new(out, name, shape_value(q, NULL, value));
    return out;
}

static json_t *
shape_value(const struct quirks *q, const char *field, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return shape_object(q, value);
    case JSON_ARRAY:
        return shape_array(q, value);
    case JSON_STRING:
        return shape_string(q, field, value);
    default:
        return shape_scalar(q, value);
    }
}

json_t *
shape_fields(const struct quirks *q, json_t *fields)
{
    json_t *out = json_object();
    const char *name;
    json_t *value;

    json_object_foreach(fields, name, value) if (!jtext_reserved(name))
        json_object_set_new(out, name, shape_value(q, name, value));
    return out;
}

const char *
shape_rejected(const struct quirks *q, json_t *fields)
{
    const char *name;
    json_t *value;

    json_object_foreach(fields, name, value)
    {
        CLEANUP_BUF struct buf plain = BUF_INIT;

        if (!quirk_names_field(q, QUIRK_REJECT, name))
            continue;
        jtext_plain(&plain, value);
        if (quirk_lists(q, QUIRK_REJECT, name, buf_get(&plain)))
            return name;
    }
    return NULL;
}
