#include <config.h>

#include "json/val.h"
#include "base/mem.h"
#include "json/number.h"

#include <stdlib.h>
#include <string.h>

/* The writer of val.h, and what needs members in order: canonical text and equality. */

void
val_write_string(struct buf *out, const char *bytes, size_t len)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *p = bytes, *end = bytes + len, *plain = bytes;

    buf_char(out, '"');
    for (; p < end; p++) {
        unsigned char c = (unsigned char)*p;
        const char *known;

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(out, plain, (size_t)(p - plain));
        plain = p + 1;
        known = c == '\0' ? NULL : strchr(from, c);
        if (known == NULL) {
            buf_printf(out, "\\u%04x", c);
        } else {
            buf_char(out, '\\');
            buf_char(out, to[known - from]);
        }
    }
    buf_add(out, plain, (size_t)(p - plain));
    buf_char(out, '"');
}

static void
write_canon_number(struct buf *out, const struct val *v)
{
    buf_reserve(out, v->n + NUMBER_TEXT);
    out->len += number_canon(v->u.text, v->n, out->data + out->len);
    out->data[out->len] = '\0';
}

static int
compare_members(const void *x, const void *y)
{
    const struct val_member *a = x, *b = y;

    return strcmp(a->name, b->name);
}

/* The members of V by the bytes of their names. Owner: the caller. */
static struct val_member *
sorted(const struct val *v)
{
    struct val_member *members = mem_resize(NULL, v->n + 1, sizeof *members);

    if (v->n > 0)
        memcpy(members, v->u.members, v->n * sizeof *members);
    qsort(members, v->n, sizeof *members, compare_members);
    return members;
}

static void write_value(struct buf *out, const struct val *v, bool canon);

static void
write_object(struct buf *out, const struct val *v, bool canon)
{
    CLEANUP_FREE struct val_member *own = canon ? sorted(v) : NULL;
    const struct val_member *members = canon ? own : v->u.members;

    buf_char(out, '{');
    for (size_t i = 0; i < v->n; i++) {
        if (i > 0)
            buf_char(out, ',');
        val_write_string(out, members[i].name, strlen(members[i].name));
        buf_char(out, ':');
        write_value(out, members[i].value, canon);
    }
    buf_char(out, '}');
}

static void
write_array(struct buf *out, const struct val *v, bool canon)
{
    buf_char(out, '[');
    for (size_t i = 0; i < v->n; i++) {
        if (i > 0)
            buf_char(out, ',');
        write_value(out, v->u.items[i], canon);
    }
    buf_char(out, ']');
}

static void
write_value(struct buf *out, const struct val *v, bool canon)
{
    switch (v == NULL ? VAL_NULL : v->kind) {
    case VAL_NULL:
        buf_text(out, "null");
        break;
    case VAL_FALSE:
        buf_text(out, "false");
        break;
    case VAL_TRUE:
        buf_text(out, "true");
        break;
    case VAL_NUMBER:
        if (canon)
            write_canon_number(out, v);
        else
            buf_add(out, v->u.text, v->n);
        break;
    case VAL_STRING:
        val_write_string(out, v->u.text, v->n);
        break;
    case VAL_ARRAY:
        write_array(out, v, canon);
        break;
    case VAL_OBJECT:
        write_object(out, v, canon);
        break;
    }
}

void
val_write(struct buf *out, const struct val *v)
{
    write_value(out, v, false);
}

void
val_canon(struct buf *out, const struct val *v)
{
    write_value(out, v, true);
}

const char *
val_write_text(struct arena *a, const struct val *v)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    val_write(&b, v);
    return arena_ntext(a, buf_get(&b), b.len);
}

const char *
val_canon_text(struct arena *a, const struct val *v)
{
    CLEANUP_BUF struct buf b = BUF_INIT;

    val_canon(&b, v);
    return arena_ntext(a, buf_get(&b), b.len);
}

static bool
equal_numbers(const struct val *a, const struct val *b)
{
    CLEANUP_BUF struct buf x = BUF_INIT, y = BUF_INIT;

    if (a->n == b->n && memcmp(a->u.text, b->u.text, a->n) == 0)
        return true;
    write_canon_number(&x, a);
    write_canon_number(&y, b);
    return x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
}

static bool
equal_objects(const struct val *a, const struct val *b)
{
    CLEANUP_FREE struct val_member *x = NULL;
    CLEANUP_FREE struct val_member *y = NULL;

    if (a->n != b->n)
        return false;
    x = sorted(a);
    y = sorted(b);
    for (size_t i = 0; i < a->n; i++)
        if (strcmp(x[i].name, y[i].name) != 0 || !val_equal(x[i].value, y[i].value))
            return false;
    return true;
}

bool
val_equal(const struct val *a, const struct val *b)
{
    if (a == NULL || b == NULL || a == b)
        return a == b;
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case VAL_NUMBER:
        return equal_numbers(a, b);
    case VAL_STRING:
        return a->n == b->n && memcmp(a->u.text, b->u.text, a->n) == 0;
    case VAL_ARRAY:
        if (a->n != b->n)
            return false;
        for (size_t i = 0; i < a->n; i++)
            if (!val_equal(a->u.items[i], b->u.items[i]))
                return false;
        return true;
    case VAL_OBJECT:
        return equal_objects(a, b);
    default:
        return true;
    }
}
