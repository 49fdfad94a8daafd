#include <config.h>

#include "sim/cursor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
cursor_format(struct buf *out, const struct place *place)
{
    CLEANUP_BUF struct buf plain = BUF_INIT;
    size_t i;

    buf_printf(&plain, "%lld:%c:%s", (long long)place->at, place->is_number ? 'n' : 't',
               place->key);
    for (i = 0; i < plain.len; i++)
        buf_printf(out, "%02x", (unsigned char)plain.data[i]);
}

static int
read_hex(const char *text, struct buf *out)
{
    size_t len = strlen(text);
    size_t i;

    if (len == 0 || len % 2 != 0 || strspn(text, "0123456789abcdef") != len)
        return -1;
    for (i = 0; i < len; i += 2) {
        char pair[3] = {text[i], text[i + 1], '\0'};

        buf_char(out, (char)strtol(pair, NULL, 16));
    }
    return 0;
}

int
cursor_parse(const char *text, struct buf *key, struct place *place)
{
    char *end;
    char *id;

    if (read_hex(text, key) != 0)
        return -1;
    errno = 0;
    place->at = strtoll(key->data, &end, 10);
    if (errno != 0 || end == key->data || (strncmp(end, ":n:", 3) != 0 && strncmp(end, ":t:", 3)))
        return -1;
    id = end + 3;
    place->key = id;
    place->is_number = end[1] == 'n';
    place->number = 0;
    if (!place->is_number)
        return 0;
    place->number = strtoll(id, &end, 10);
    return errno != 0 || end == id || *end != '\0' ? -1 : 0;
}
