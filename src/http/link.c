#include <config.h>

#include "http/link.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const char *
skip_space(const char *p)
{
    return p + strspn(p, " \t");
}

static size_t
token_len(const char *p)
{
    return strcspn(p, " \t;,=\"<>");
}

/* The text of a parameter's value at P, which is moved behind it; NULL if it has no end. */
static const char *
param_value(struct arena *a, const char **p)
{
    char *out = arena_alloc(a, strlen(*p) + 1);
    const char *q = *p;
    size_t n = 0;

    if (*q != '"') {
        n = token_len(q);
        *p = q + n;
        return arena_ntext(a, q, n);
    }
    for (q++; *q != '"'; q++) {
        if (*q == '\\' && q[1] != '\0')
            q++;
        if (*q == '\0')
            return NULL;
        out[n++] = *q;
    }
    out[n] = '\0';
    *p = q + 1;
    return out;
}

/* Is REL one of the words of TEXT? */
static bool
names(const char *text, const char *rel)
{
    size_t len = strlen(rel);

    for (;;) {
        text = skip_space(text);
        if (*text == '\0')
            return false;
        if (strcspn(text, " \t") == len && strncasecmp(text, rel, len) == 0)
            return true;
        text += strcspn(text, " \t");
    }
}

/* Reads the parameters at P. 1: they say REL, 0: not, -1: they are none. */
static int
read_params(struct arena *a, const char **p, const char *rel)
{
    bool seen = false, found = false;

    for (*p = skip_space(*p); **p == ';'; *p = skip_space(*p)) {
        const char *name = skip_space(*p + 1), *value = "";
        size_t len = token_len(name);

        *p = skip_space(name + len);
        if (**p == '=') {
            *p = skip_space(*p + 1);
            value = param_value(a, p);
        }
        if (value == NULL)
            return -1;
        if (len == 3 && strncasecmp(name, "rel", 3) == 0 && !seen) {
            seen = true;
            found = names(value, rel);
        }
    }
    return **p == ',' || **p == '\0' ? found : -1;
}

const char *
link_target(struct arena *a, const char *value, const char *rel)
{
    const char *p = value;

    for (;;) {
        const char *url, *end;
        int found;

        p += strspn(p, " \t,");
        end = *p == '<' ? strchr(p, '>') : NULL;
        if (end == NULL)
            return NULL;
        url = arena_ntext(a, p + 1, (size_t)(end - p - 1));
        p = end + 1;
        found = read_params(a, &p, rel);
        if (found != 0)
            return found > 0 ? url : NULL;
    }
}
