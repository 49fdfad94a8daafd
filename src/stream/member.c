#include <config.h>

#include "stream/internal.h"

#include <inttypes.h>
#include <string.h>

void
members_name(struct members *m, const char *name)
{
    if (m->any)
        buf_char(m->out, ',');
    m->any = true;
    val_write_string(m->out, name, strlen(name));
    buf_char(m->out, ':');
}

void
members_text(struct members *m, const char *name, const char *text)
{
    if (text == NULL)
        return;
    members_name(m, name);
    val_write_string(m->out, text, strlen(text));
}

void
members_int(struct members *m, const char *name, int64_t i)
{
    members_name(m, name);
    buf_printf(m->out, "%" PRId64, i);
}

void
members_true(struct members *m, const char *name, bool b)
{
    if (!b)
        return;
    members_name(m, name);
    buf_text(m->out, "true");
}

void
members_val(struct members *m, const char *name, const struct val *v)
{
    if (v == NULL)
        return;
    members_name(m, name);
    val_write(m->out, v);
}

int
member_text(const struct val *v, const char **out)
{
    *out = NULL;
    if (val_is_null(v))
        return 0;
    if (v->kind != VAL_STRING)
        return -1;
    *out = val_id(v);
    return *out == NULL || v->n > MEMBER_MAX_TEXT ? -1 : 0;
}

int
member_int(const struct val *v, int64_t *out)
{
    *out = 0;
    if (val_is_null(v))
        return 0;
    return val_get_int(v, out) < 0 || *out < 0 ? -1 : 0;
}

int
member_bool(const struct val *v, bool *out)
{
    *out = val_is_true(v);
    return val_is_null(v) || *out || v->kind == VAL_FALSE ? 0 : -1;
}

int
member_val(const struct val *v, enum val_kind kind, const struct val **out)
{
    *out = val_is_null(v) ? NULL : v;
    return *out == NULL || v->kind == kind ? 0 : -1;
}

int
member_names(const struct val *v, const struct val **out)
{
    const char *text;

    if (member_val(v, VAL_ARRAY, out) < 0)
        return -1;
    for (size_t i = 0; *out != NULL && i < (*out)->n; i++)
        if (member_text((*out)->u.items[i], &text) < 0 || text == NULL)
            return -1;
    return 0;
}

int
member_get_text(const struct val *object, const char *name, const char **out)
{
    return member_text(val_get(object, name), out);
}

int
member_get_int(const struct val *object, const char *name, int64_t *out)
{
    return member_int(val_get(object, name), out);
}

int
member_get_bool(const struct val *object, const char *name, bool *out)
{
    return member_bool(val_get(object, name), out);
}

int
member_get_val(const struct val *object, const char *name, enum val_kind kind,
               const struct val **out)
{
    return member_val(val_get(object, name), kind, out);
}

int
member_get_names(const struct val *object, const char *name, const struct val **out)
{
    return member_names(val_get(object, name), out);
}
