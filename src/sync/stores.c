#include <config.h>

#include "sync/internal.h"

#include <string.h>

#include "base/clock.h"
#include "json/number.h"

static bool
is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static const struct val *
trim(struct arena *a, const struct val *v)
{
    const char *p = v->u.text;
    size_t n = v->n;

    while (n > 0 && is_space(p[n - 1]))
        n--;
    while (n > 0 && is_space(*p)) {
        p++;
        n--;
    }
    return n == v->n ? v : val_nstring(a, p, n);
}

/* As trim, and white space in between becomes one space. */
static const struct val *
collapse(struct arena *a, const struct val *v)
{
    char *text = arena_alloc(a, v->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++) {
        if (!is_space(v->u.text[i]))
            text[n++] = v->u.text[i];
        else if (n > 0 && text[n - 1] != ' ')
            text[n++] = ' ';
    }
    return trim(a, val_nstring(a, text, n));
}

static const struct val *
lower(struct arena *a, const struct val *v)
{
    char *text = arena_ntext(a, v->u.text, v->n);

    for (size_t i = 0; i < v->n; i++)
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
    return val_nstring(a, text, v->n);
}

static const struct val *
digits(struct arena *a, const struct val *v)
{
    char *text = arena_alloc(a, v->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++)
        if (v->u.text[i] >= '0' && v->u.text[i] <= '9')
            text[n++] = v->u.text[i];
    return val_nstring(a, text, n);
}

/* At most MAX characters (code points). */
static const struct val *
truncate_to(struct arena *a, const struct val *v, long max)
{
    long seen = 0;

    for (size_t i = 0; i < v->n; i++) {
        if (((unsigned char)v->u.text[i] & 0xc0) == 0x80)
            continue;
        if (seen++ == max)
            return val_nstring(a, v->u.text, i);
    }
    return v;
}

bool
text_time(const struct val *v, int64_t *ms)
{
    return v->kind == VAL_STRING && strlen(v->u.text) == v->n &&
           clock_parse(v->u.text, ms, NULL) == 0;
}

static const struct val *
cut_time(struct arena *a, const struct val *v, int64_t unit)
{
    char text[CLOCK_TEXT];
    int64_t ms;

    if (!text_time(v, &ms) || ms % unit == 0)
        return v;
    ms -= (ms % unit + unit) % unit;
    return val_string(a, clock_format(ms, text));
}

static const struct val *
apply_to_text(struct arena *a, const struct stores *r, enum field_type type, const struct val *v)
{
    switch (r->rule) {
    case STORES_TRIM:
        return trim(a, v);
    case STORES_COLLAPSE:
        return collapse(a, v);
    case STORES_HTML:
        return collapse(a, html_shown(a, v));
    case STORES_LOWER:
        return lower(a, v);
    case STORES_DIGITS:
        return digits(a, v);
    case STORES_TRUNCATE:
        return truncate_to(a, v, r->n);
    case STORES_SECONDS:
        return type == FIELD_DATETIME ? cut_time(a, v, 1000) : v;
    case STORES_MINUTES:
        return type == FIELD_DATETIME ? cut_time(a, v, 60000) : v;
    default:
        return v;
    }
}

static const struct val *
as_text(struct arena *a, const struct val *v)
{
    char *canon;

    switch (v->kind) {
    case VAL_TRUE:
        return val_string(a, "true");
    case VAL_FALSE:
        return val_string(a, "false");
    case VAL_NUMBER:
        canon = arena_alloc(a, v->n + NUMBER_TEXT);
        number_canon(v->u.text, v->n, canon);
        return val_string(a, canon);
    default:
        return v;
    }
}

static const struct val *
members_apply(struct arena *a, const struct stores *r, enum field_type type, const struct val *v)
{
    struct val *out = val_array(a);

    for (size_t i = 0; i < v->n; i++)
        val_push(a, out, val_copy(a, stores_apply(a, r, type, v->u.items[i])));
    return out;
}

const struct val *
stores_apply(struct arena *a, const struct stores *r, enum field_type type, const struct val *v)
{
    if (r->rule == STORES_EMPTY_NULL)
        return (v->kind == VAL_STRING || v->kind == VAL_ARRAY) && v->n == 0 ? val_null(a) : v;
    if (v->kind == VAL_ARRAY && type == FIELD_SET)
        return members_apply(a, r, type, v);
    if (v->kind == VAL_STRING)
        return apply_to_text(a, r, type, v);
    if (r->rule == STORES_TEXT)
        return as_text(a, v);
    if (r->rule == STORES_BOOL_INT && (v->kind == VAL_TRUE || v->kind == VAL_FALSE))
        return val_int(a, v->kind == VAL_TRUE);
    return v;
}
