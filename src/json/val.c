#include <config.h>

#include "json/val.h"
#include "json/internal.h"
#include "json/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct val *
make(struct arena *a, enum val_kind kind)
{
    struct val *v = arena_alloc(a, sizeof *v);

    v->kind = kind;
    return v;
}

/* With its text behind it: LEN bytes, decoded if they are escaped. */
static struct val *
make_text(struct arena *a, enum val_kind kind, const char *bytes, size_t len, bool escaped)
{
    struct val *v = arena_take(a, sizeof *v + len + 1);
    char *text = (char *)(v + 1);

    if (escaped)
        len = lex_decode(bytes, len, text);
    else if (len > 0)
        memcpy(text, bytes, len);
    text[len] = '\0';
    *v = (struct val){.kind = kind, .n = len, .u.text = text};
    return v;
}

/* The decoded name L stands behind, NUL-terminated. */
static const char *
name_text(struct arena *a, const struct lex *l)
{
    char *text;

    if (!l->escaped)
        return arena_ntext(a, l->text, l->len);
    text = arena_alloc(a, l->len + 1);
    lex_decode(l->text, l->len, text);
    return text;
}

/* Room for one more of SIZE bytes behind the N there are. */
static void *
grow(struct arena *a, void *old, size_t n, uint32_t *cap, size_t size)
{
    void *more;

    if (n < *cap)
        return old;
    if (*cap > UINT32_MAX / 2)
        BUG("a JSON value with %zu members", n);
    *cap = *cap == 0 ? 8 : *cap * 2;
    more = arena_take(a, *cap * size);
    if (n > 0)
        memcpy(more, old, n * size);
    return more;
}

static void
add_member(struct arena *a, struct val *object, const char *name, struct val *value)
{
    struct val_member *members =
        grow(a, object->u.members, object->n, &object->cap, sizeof *members);

    members[object->n].name = name;
    members[object->n].value = value;
    object->u.members = members;
    object->n++;
}

void
val_push(struct arena *a, struct val *array, struct val *item)
{
    if (array->kind != VAL_ARRAY || item == NULL)
        BUG("val_push: no array or no item");
    array->u.items = grow(a, array->u.items, array->n, &array->cap, sizeof(struct val *));
    array->u.items[array->n++] = item;
}

/* The value that begins with the token of KIND; NULL if it is not JSON. Depth is lex.c's to bound.
 */
static struct val *
build(struct arena *a, struct lex *l, enum lex_kind kind)
{
    struct val *v, *value;
    const char *name = NULL;

    switch (kind) {
    case LEX_NULL:
        return make(a, VAL_NULL);
    case LEX_FALSE:
        return make(a, VAL_FALSE);
    case LEX_TRUE:
        return make(a, VAL_TRUE);
    case LEX_NUMBER:
        return make_text(a, VAL_NUMBER, l->text, l->len, false);
    case LEX_STRING:
        return make_text(a, VAL_STRING, l->text, l->len, l->escaped);
    case LEX_ARRAY:
    case LEX_OBJECT:
        break;
    default:
        return NULL;
    }
    v = make(a, kind == LEX_ARRAY ? VAL_ARRAY : VAL_OBJECT);
    while ((kind = lex_next(l)) != LEX_CLOSE) {
        if (v->kind == VAL_OBJECT && kind == LEX_NAME) {
            name = name_text(a, l);
            kind = lex_next(l);
        }
        value = build(a, l, kind);
        if (value == NULL)
            return NULL;
        if (v->kind == VAL_OBJECT)
            add_member(a, v, name, value);
        else
            val_push(a, v, value);
    }
    return v;
}

struct val *
val_parse(struct arena *a, const char *text, size_t len, struct err *err)
{
    struct lex l;
    struct val *v;

    lex_init(&l, text, len);
    v = build(a, &l, lex_next(&l));
    if (v == NULL || lex_next(&l) != LEX_END) {
        lex_error(&l, err);
        v = NULL;
    }
    lex_release(&l);
    return v;
}

struct val *
val_null(struct arena *a)
{
    return make(a, VAL_NULL);
}

struct val *
val_bool(struct arena *a, bool b)
{
    return make(a, b ? VAL_TRUE : VAL_FALSE);
}

struct val *
val_int(struct arena *a, int64_t i)
{
    char text[NUMBER_TEXT];

    snprintf(text, sizeof text, "%" PRId64, i);
    return val_number(a, text);
}

struct val *
val_real(struct arena *a, double d)
{
    char text[NUMBER_TEXT];

    return val_number(a, number_shortest(d, text));
}

struct val *
val_number(struct arena *a, const char *text)
{
    size_t len = strlen(text);

    if (lex_number(text, text + len) != text + len)
        BUG("val_number: %s is no JSON number", text);
    return make_text(a, VAL_NUMBER, text, len, false);
}

struct val *
val_string(struct arena *a, const char *text)
{
    return val_nstring(a, text, strlen(text));
}

struct val *
val_nstring(struct arena *a, const char *bytes, size_t len)
{
    return make_text(a, VAL_STRING, bytes, len, false);
}

struct val *
val_array(struct arena *a)
{
    return make(a, VAL_ARRAY);
}

struct val *
val_object(struct arena *a)
{
    return make(a, VAL_OBJECT);
}

struct val *
val_copy(struct arena *a, const struct val *v)
{
    struct val *copy;

    if (v == NULL)
        return NULL;
    if (v->kind == VAL_NUMBER || v->kind == VAL_STRING)
        return make_text(a, v->kind, v->u.text, v->n, false);
    copy = make(a, v->kind);
    if (v->kind == VAL_ARRAY)
        for (size_t i = 0; i < v->n; i++)
            val_push(a, copy, val_copy(a, v->u.items[i]));
    if (v->kind == VAL_OBJECT)
        for (size_t i = 0; i < v->n; i++)
            add_member(a, copy, arena_text(a, v->u.members[i].name),
                       val_copy(a, v->u.members[i].value));
    return copy;
}

/* The member of that name, NULL if V is no object or has none. */
static struct val_member *
find(const struct val *v, const char *name)
{
    if (v == NULL || v->kind != VAL_OBJECT)
        return NULL;
    for (size_t i = 0; i < v->n; i++) {
        const char *have = v->u.members[i].name;

        /* Most differ in the first character: no call for those. */
        if (have[0] == name[0] && strcmp(have, name) == 0)
            return &v->u.members[i];
    }
    return NULL;
}

static struct val_member *
find_part(const struct val *v, const char *name, size_t len)
{
    if (v == NULL || v->kind != VAL_OBJECT)
        return NULL;
    for (size_t i = 0; i < v->n; i++) {
        const char *have = v->u.members[i].name;

        if (strncmp(have, name, len) == 0 && have[len] == '\0')
            return &v->u.members[i];
    }
    return NULL;
}

void
val_set(struct arena *a, struct val *object, const char *name, struct val *value)
{
    struct val_member *m = find(object, name);
    struct val_member *end;

    if (object->kind != VAL_OBJECT)
        BUG("val_set: no object");
    if (m == NULL) {
        if (value != NULL)
            add_member(a, object, arena_text(a, name), value);
        return;
    }
    m->value = value;
    if (value == NULL) {
        end = object->u.members + object->n--;
        memmove(m, m + 1, (size_t)(end - (m + 1)) * sizeof *m);
    }
}

struct val *
val_nget(const struct val *v, const char *name, size_t len)
{
    struct val_member *m = find_part(v, name, len);

    return m == NULL ? NULL : m->value;
}

struct val *
val_get(const struct val *v, const char *name)
{
    struct val_member *m = find(v, name);

    return m == NULL ? NULL : m->value;
}

/* Item number TEXT (digits) of an array. */
static struct val *
item(const struct val *v, const char *text, size_t len)
{
    size_t i = 0;

    if (len == 0 || len > 9)
        return NULL;
    for (size_t k = 0; k < len; k++) {
        if (text[k] < '0' || text[k] > '9')
            return NULL;
        i = i * 10 + (size_t)(text[k] - '0');
    }
    return i < v->n ? v->u.items[i] : NULL;
}

struct val *
val_path(const struct val *v, const char *path)
{
    struct val *found = NULL;

    for (;;) {
        size_t len = strcspn(path, ".");

        if (v == NULL)
            return NULL;
        found = v->kind == VAL_ARRAY ? item(v, path, len) : val_nget(v, path, len);
        if (path[len] == '\0')
            return found;
        v = found;
        path += len + 1;
    }
}

const char *
val_text(const struct val *v)
{
    return v == NULL || v->kind != VAL_STRING ? NULL : v->u.text;
}

const char *
val_get_text(const struct val *v, const char *name)
{
    return val_text(val_get(v, name));
}

const char *
val_id(const struct val *v)
{
    if (v == NULL || (v->kind != VAL_STRING && v->kind != VAL_NUMBER))
        return NULL;
    return strlen(v->u.text) == v->n ? v->u.text : NULL;
}

bool
val_is_true(const struct val *v)
{
    return v != NULL && v->kind == VAL_TRUE;
}

bool
val_is_null(const struct val *v)
{
    return v == NULL || v->kind == VAL_NULL;
}

int
val_get_int(const struct val *v, int64_t *out)
{
    char text[2 * NUMBER_TEXT];
    char *end;
    long long i;

    if (v == NULL || v->kind != VAL_NUMBER || v->n > NUMBER_TEXT)
        return -1;
    number_canon(v->u.text, v->n, text);
    errno = 0;
    i = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0')
        return -1;
    *out = i;
    return 0;
}
