#include <config.h>

#include "sync/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "json/number.h"

/* Comparing by the model's type (DESIGN.md section 6): each function gives the value itself if it
 * does not fit, which then equals only what is written the same. */

static const struct val *
email(struct arena *a, const struct val *v)
{
    static const struct stores trim = {STORES_TRIM, 0};
    static const struct stores lower = {STORES_LOWER, 0};

    if (v->kind != VAL_STRING)
        return v;
    return stores_apply(a, &lower, FIELD_EMAIL, stores_apply(a, &trim, FIELD_EMAIL, v));
}

/*
 * How many bytes of the text at P are one character that says nothing in a phone number: all ASCII
 * but digits and letters, and what is put between digits elsewhere (U+0080-U+00BF, U+2000-U+206F:
 * spaces, dashes, direction marks; U+3000, U+FEFF). 0: it counts.
 */
static size_t
phone_noise(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;

    if (u[0] < 0x80)
        return !((u[0] >= '0' && u[0] <= '9') || ((u[0] | 0x20) >= 'a' && (u[0] | 0x20) <= 'z'));
    if (u[0] == 0xc2)
        return 2;
    if (u[0] == 0xe2 && (u[1] == 0x80 || (u[1] == 0x81 && u[2] < 0xb0)))
        return 3;
    return memcmp(p, "\xe3\x80\x80", 3) == 0 || memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/*
 * Digits, and letters where there are any (1-800-FLOWERS is not 1-800-CONTACTS), without what is
 * put between them and without the 00 that stands for +; a text without any digit ("none", "see
 * notes") is a value of its own.
 */
static const struct val *
phone(struct arena *a, const struct val *v)
{
    static const struct stores text = {STORES_TEXT, 0}, lower = {STORES_LOWER, 0};
    const char *p, *end;
    char *kept;
    size_t n = 0, skip;

    v = v->kind == VAL_NUMBER ? stores_apply(a, &text, FIELD_PHONE, v) : v;
    if (v->kind != VAL_STRING || strpbrk(v->u.text, "0123456789") == NULL)
        return v;
    kept = arena_alloc(a, v->n + 1);
    for (p = v->u.text, end = p + v->n; p < end;) {
        size_t noise = phone_noise(p);

        if (noise == 0)
            kept[n++] = *p;
        p += noise > 0 ? noise : 1;
    }
    for (skip = 0; n > skip + 2 && strncmp(kept + skip, "00", 2) == 0; skip += 2)
        ;
    return stores_apply(a, &lower, FIELD_PHONE, val_nstring(a, kept + skip, n - skip));
}

static const struct val *
number(struct arena *a, const struct val *v)
{
    const struct val *parsed = v;
    char *canon;

    if (v->kind == VAL_STRING)
        parsed = val_parse(a, v->u.text, v->n, NULL);
    if (parsed == NULL || parsed->kind != VAL_NUMBER)
        return v;
    canon = arena_alloc(a, parsed->n + NUMBER_TEXT);
    number_canon(parsed->u.text, parsed->n, canon);
    return val_number(a, canon);
}

static const struct val *
boolean(struct arena *a, const struct val *v)
{
    const char *text = val_id(v);

    if (text == NULL)
        return v;
    if (v->kind == VAL_NUMBER)
        text = val_id(number(a, v));
    if (strcmp(text, "1") == 0 || (v->kind == VAL_STRING && strcmp(text, "true") == 0))
        return val_bool(a, true);
    if (strcmp(text, "0") == 0 || (v->kind == VAL_STRING && strcmp(text, "false") == 0))
        return val_bool(a, false);
    return v;
}

/* A plain date, also out of a datetime that is midnight where it was written. */
static const struct val *
date(struct arena *a, const struct val *v)
{
    const char *p = v->u.text;
    int64_t ms;

    if (!text_time(v, &ms) || v->n <= 10 || strncmp(p + 11, "00:00", 5) != 0 ||
        (p[16] == ':' && strncmp(p + 17, "00", 2) != 0) || ms % 1000 != 0)
        return v;
    return val_nstring(a, p, 10);
}

static const struct val *
datetime(struct arena *a, const struct val *v, int64_t precision)
{
    char text[CLOCK_TEXT];
    int64_t ms;

    if (!text_time(v, &ms))
        return v;
    if (precision <= 0)
        precision = 1000;
    ms -= (ms % precision + precision) % precision;
    return val_string(a, clock_format(ms, text));
}

/* The members of "a;b;;c". */
static void
split(struct arena *a, const struct val *v, struct val *out)
{
    const char *p = v->u.text, *end = p + v->n;

    while (p < end) {
        const char *semicolon = memchr(p, ';', (size_t)(end - p));
        size_t n = (size_t)((semicolon != NULL ? semicolon : end) - p);

        if (n > 0)
            val_push(a, out, val_nstring(a, p, n));
        p += n + 1;
    }
}

/* As a system that stores everything as text may show it: "a;b", ["a;b"] and ["a","b"] are one. */
static const struct val *
split_all(struct arena *a, const struct val *v)
{
    struct val *out = val_array(a);

    if (v->kind == VAL_STRING)
        split(a, v, out);
    else if (v->kind != VAL_ARRAY)
        return v;
    for (size_t i = 0; v->kind == VAL_ARRAY && i < v->n; i++) {
        if (v->u.items[i]->kind == VAL_STRING)
            split(a, v->u.items[i], out);
        else
            val_push(a, out, v->u.items[i]);
    }
    return out;
}

struct member {
    const char *text;
    const struct val *value;
};

static int
by_text(const void *x, const void *y)
{
    return strcmp(((const struct member *)x)->text, ((const struct member *)y)->text);
}

/* Sorted by canonical text, without nulls, each once. */
static const struct val *
set(struct arena *a, const struct val *v, bool as_text)
{
    struct member *members;
    struct val *out;
    size_t n = 0;

    if (as_text)
        v = split_all(a, v);
    if (v->kind != VAL_ARRAY)
        return v;
    members = arena_alloc(a, (v->n + 1) * sizeof *members);
    for (size_t i = 0; i < v->n; i++)
        if (!val_is_null(v->u.items[i]))
            members[n++] = (struct member){val_canon_text(a, v->u.items[i]), v->u.items[i]};
    qsort(members, n, sizeof *members, by_text);
    out = val_array(a);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(members[i].text, members[i - 1].text) != 0)
            val_push(a, out, val_copy(a, members[i].value));
    return out;
}

const struct val *
type_normal(struct arena *a, const struct model_field *field, bool as_text, const struct val *v)
{
    switch (field->type) {
    case FIELD_EMAIL:
        return email(a, v);
    case FIELD_PHONE:
        return phone(a, v);
    case FIELD_NUMBER:
        return number(a, v);
    case FIELD_BOOL:
        return boolean(a, v);
    case FIELD_DATE:
        return date(a, v);
    case FIELD_DATETIME:
        return datetime(a, v, field->precision_ms);
    case FIELD_SET:
        return set(a, v, as_text);
    case FIELD_REF:
        return v->kind == VAL_NUMBER ? val_string(a, val_id(v)) : v;
    case FIELD_TEXT:
    case FIELD_ENUM:
        break;
    }
    return v;
}
