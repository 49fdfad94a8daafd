#include <config.h>

#include <ctype.h>
#include <string.h>

#include "config/internal.h"

char *
read_lower(struct reader *r, const char *text)
{
    char *out = arena_text(r->arena, text);

    for (char *s = out; s != NULL && *s != '\0'; s++)
        *s = (char)tolower((unsigned char)*s);
    return out;
}

/* What follows WORD in PATH: "" if nothing does, NULL if PATH begins with another word. */
static const char *
behind(const char *path, const char *word)
{
    size_t len = strlen(word);

    if (strncmp(path, word, len) != 0 || (path[len] != '\0' && path[len] != '.'))
        return NULL;
    return path + len + (path[len] == '.');
}

static struct spot
split_path(struct reader *r, const struct yaml *y, const char *what, const char *path)
{
    static const char *const words[] = {"body", "envelope", "headers", "query", "method", "path"};
    struct spot out = {.present = true, .path = arena_text(r->arena, path)};

    for (int i = 0; i < 6; i++) {
        const char *rest = behind(path, words[i]);

        if (rest == NULL)
            continue;
        out.root = (enum spot_root)i;
        out.path = i == SPOT_HEADER ? read_lower(r, rest) : arena_text(r->arena, rest);
        if ((i == SPOT_HEADER || i == SPOT_QUERY) && rest[0] == '\0')
            FAULT(r, y, "%s: %s needs a name (%s.NAME)", what, words[i], words[i]);
        if ((i == SPOT_METHOD || i == SPOT_PATH) && rest[0] != '\0')
            FAULT(r, y, "%s: %s has no parts (body.%s is a member of the body)", what, words[i],
                  path);
        break;
    }
    return out;
}

struct spot
spot_read(struct reader *r, const struct yaml *y, const char *what)
{
    char *path = read_path(r, y, what, false);

    return path != NULL ? split_path(r, y, what, path) : (struct spot){0};
}

struct spot
spot_read_key(struct reader *r, const struct yaml *map, const char *key)
{
    return spot_read(r, yaml_get(map, key), key);
}
