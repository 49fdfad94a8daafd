#include <config.h>

#include "sim/params.h"
#include "base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int
hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *
params_decode(const char *text, size_t len, bool plus_is_space)
{
    char *out = mem_alloc(len + 1);
    size_t n = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        char c = text[i];

        if (c == '%') {
            int high = i + 2 < len ? hex(text[i + 1]) : -1;
            int low = i + 2 < len ? hex(text[i + 2]) : -1;

            c = (char)(high * 16 + low);
            i += 2;
            if (high < 0 || low < 0 || c == '\0') {
                free(out);
                return NULL;
            }
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[n++] = c;
    }
    return out;
}

static int
add(struct params *p, const char *text, size_t len)
{
    const char *equals = memchr(text, '=', len);
    size_t name = equals != NULL ? (size_t)(equals - text) : len;
    struct param item = {params_decode(text, name, true), NULL};

    if (item.name == NULL)
        return -1;
    item.value = equals != NULL ? params_decode(equals + 1, len - name - 1, true) : mem_text("");
    if (item.value == NULL) {
        free(item.name);
        return -1;
    }
    p->items = mem_resize(p->items, p->n + 1, sizeof *p->items);
    p->items[p->n++] = item;
    return 0;
}

int
params_parse(struct params *p, const char *text, size_t len)
{
    while (len > 0) {
        const char *amp = memchr(text, '&', len);
        size_t part = amp != NULL ? (size_t)(amp - text) : len;

        if (part > 0 && add(p, text, part) != 0)
            return -1;
        part += amp != NULL;
        text += part;
        len -= part;
    }
    return 0;
}

const char *
params_get(const struct params *p, const char *name)
{
    size_t i;

    for (i = 0; i < p->n; i++)
        if (strcmp(p->items[i].name, name) == 0)
            return p->items[i].value;
    return NULL;
}

void
params_encode(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (isalnum(c) || strchr("-._~", c) != NULL)
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

void
params_release(struct params *p)
{
    size_t i;

    for (i = 0; i < p->n; i++) {
        free(p->items[i].name);
        free(p->items[i].value);
    }
    free(p->items);
    *p = (struct params){NULL, 0};
}
