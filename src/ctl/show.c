#include <config.h>

#include "ctl/show.h"

#include "base/clock.h"

#include <string.h>

const char *
show_cut(struct arena *a, const char *text)
{
    return show_cut_at(a, text, SHOW_WIDTH);
}

const char *
show_cut_at(struct arena *a, const char *text, size_t width)
{
    size_t i, n = 0;

    if (text == NULL)
        return "-";
    for (i = 0; text[i] != '\0'; i++) {
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
        if (n > width)
            return arena_printf(a, "%.*s...", (int)i, text);
    }
    return text;
}

const char *
show_value(struct arena *a, const struct val *v)
{
    return v == NULL ? "-" : show_cut(a, val_write_text(a, v));
}

struct val *
show_json(struct arena *a, const char *text)
{
    struct val *v = text == NULL ? val_null(a) : val_parse(a, text, strlen(text), NULL);

    return v != NULL ? v : val_string(a, text);
}

const char *
show_time(struct arena *a, int64_t ms)
{
    char text[CLOCK_TEXT];

    return ms == 0 ? NULL : arena_text(a, clock_format(ms, text));
}

void
show_set(struct arena *a, struct val *object, const char *name, const char *text)
{
    val_set(a, object, name, text != NULL ? val_string(a, text) : val_null(a));
}
