#include <config.h>

#include <string.h>

#include "config/internal.h"

static bool
is_float(const char *s)
{
    size_t digits = 0;

    s += *s == '-' || *s == '+';
    if (strcmp(s, ".inf") == 0 || strcmp(s, ".Inf") == 0 || strcmp(s, ".INF") == 0)
        return true;
    for (; *s >= '0' && *s <= '9'; s++)
        digits++;
    if (*s == '.')
        s++;
    for (; *s >= '0' && *s <= '9'; s++)
        digits++;
    if (digits == 0)
        return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        s += *s == '-' || *s == '+';
        digits = strspn(s, "0123456789");
        return digits > 0 && s[digits] == '\0';
    }
    return *s == '\0';
}

static bool
is_int(const char *s)
{
    const char *digits = "0123456789";

    if (strncmp(s, "0x", 2) == 0)
        digits = "0123456789abcdefABCDEF", s += 2;
    else if (strncmp(s, "0o", 2) == 0)
        digits = "01234567", s += 2;
    else
        s += *s == '-' || *s == '+';
    return *s != '\0' && s[strspn(s, digits)] == '\0';
}

static bool
is_one_of(const char *s, const char *a, const char *b, const char *c)
{
    return strcmp(s, a) == 0 || strcmp(s, b) == 0 || strcmp(s, c) == 0;
}

enum yaml_kind
yaml_plain_kind(const char *s)
{
    if (*s == '\0' || strcmp(s, "~") == 0 || is_one_of(s, "null", "Null", "NULL"))
        return YAML_NULL;
    if (is_one_of(s, "true", "True", "TRUE") || is_one_of(s, "false", "False", "FALSE"))
        return YAML_BOOL;
    if (is_int(s))
        return YAML_INT;
    if (is_float(s) || is_one_of(s, ".nan", ".NaN", ".NAN"))
        return YAML_FLOAT;
    return YAML_TEXT;
}
