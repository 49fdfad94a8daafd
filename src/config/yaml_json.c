#include <config.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/internal.h"

/* A number that does not fit stays text: a template must not change what was written. */
static json_t *
number(const struct yaml *y)
{
    const char *s = y->text;
    char *end;
    int base = strncmp(s, "0x", 2) == 0 ? 16 : strncmp(s, "0o", 2) == 0 ? 8 : 10;

    errno = 0;
    if (y->kind == YAML_INT) {
        long long n = strtoll(base == 10 ? s : s + 2, &end, base);

        return errno == 0 && *end == '\0' ? json_integer(n) : json_string(s);
    }
    double d = strtod(s, &end);

    return *end == '\0' && isfinite(d) ? json_real(d) : json_string(s);
}

static json_t *
scalar(const struct yaml *y)
{
    switch (y->kind) {
    case YAML_NULL:
        return json_null();
    case YAML_BOOL:
        return json_boolean(y->text[0] == 't' || y->text[0] == 'T');
    case YAML_INT:
    case YAML_FLOAT:
        return number(y);
    default:
        return json_string(y->text);
    }
}

json_t *
yaml_to_json(const struct yaml *y)
{
    json_t *out;

    if (y->kind != YAML_LIST && y->kind != YAML_MAP)
        return scalar(y);
    out = y->kind == YAML_LIST ? json_array() : json_object();
    for (size_t i = 0; i < y->n; i++) {
        json_t *one = yaml_to_json(y->items[i]);

        if (y->kind == YAML_LIST)
            json_array_append_new(out, one);
        else
            json_object_set_new(out, y->keys[i]->text, one);
    }
    return out;
}
