#include <config.h>

#include "provider/internal.h"

#include "http/url.h"

#include <string.h>

/* The name of a value: what leads to it, from the outside in. */
struct name {
    const struct name *outer; /* NULL: this is the outermost */
    const char *text;
    size_t place; /* TEXT NULL: in a list */
};

static void
write_name(struct buf *out, const struct name *n)
{
    if (n->outer == NULL) {
        url_escape(out, n->text);
        return;
    }
    write_name(out, n->outer);
    buf_char(out, '[');
    if (n->text != NULL)
        url_escape(out, n->text);
    else
        buf_printf(out, "%zu", n->place);
    buf_char(out, ']');
}

/* A text may hold U+0000. */
static void
write_text(struct buf *out, const char *text, size_t len)
{
    for (size_t done = 0;;) {
        url_escape(out, text + done);
        done += strlen(text + done);
        if (done >= len)
            return;
        buf_text(out, "%00");
        done++;
    }
}

static void
write_plain(struct buf *out, const struct val *v)
{
    if (v->kind == VAL_TRUE || v->kind == VAL_FALSE)
        buf_text(out, v->kind == VAL_TRUE ? "true" : "false");
    else if (v->kind == VAL_NUMBER || v->kind == VAL_STRING)
        write_text(out, v->u.text, v->n);
}

static void
write_value(struct buf *out, const struct name *outer, const struct val *v)
{
    bool object = v->kind == VAL_OBJECT;

    if ((!object && v->kind != VAL_ARRAY) || (v->n == 0 && outer != NULL)) {
        if (out->len > 0)
            buf_char(out, '&');
        write_name(out, outer);
        buf_char(out, '=');
        write_plain(out, v);
        return;
    }
    for (size_t i = 0; i < v->n; i++) {
        struct name n = {outer, object ? v->u.members[i].name : NULL, i};

        write_value(out, &n, object ? v->u.members[i].value : v->u.items[i]);
    }
}

void
form_write(struct buf *out, const struct val *v)
{
    write_value(out, NULL, v);
}
