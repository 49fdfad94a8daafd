#include <config.h>

#include "sim/ids.h"

#include <stdio.h>
#include <string.h>

int
ids_kind_parse(const char *text, enum ids_kind *kind)
{
    static const char *const names[] = {
        [IDS_INT] = "int", [IDS_INT64] = "int64", [IDS_TEXT] = "text", [IDS_UUID] = "uuid"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], text) == 0) {
            *kind = (enum ids_kind)i;
            return 0;
        }
    }
    return -1;
}

uint64_t
ids_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static uint64_t
draw(struct ids *ids)
{
    ids->state += 0x9e3779b97f4a7c15u;
    return ids_mix(ids->state);
}

void
ids_init(struct ids *ids, enum ids_kind kind, uint64_t seed)
{
    ids->kind = kind;
    ids->next = (int64_t)(seed % 1000000000) * 1000 + 1;
    ids->state = ids_mix(seed + 1);
}

static json_t *
next_text(struct ids *ids)
{
    static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char text[19];
    int i;

    for (i = 0; i < 18; i++)
        text[i] = set[draw(ids) % (sizeof set - 1)];
    text[18] = '\0';
    return json_string(text);
}

/* RFC 9562 5.4. */
static json_t *
next_uuid(struct ids *ids)
{
    uint64_t a = (draw(ids) & ~0xf000u) | 0x4000u;
    uint64_t b = (draw(ids) & ~(3ull << 62)) | (2ull << 62);
    char text[37];

    snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(a >> 32),
             (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xffff, (unsigned)(b >> 48),
             (unsigned long long)(b & 0xffffffffffffu));
    return json_string(text);
}

json_t *
ids_next(struct ids *ids)
{
    switch (ids->kind) {
    case IDS_INT:
        return json_integer(ids->next++);
    case IDS_INT64:
        return json_integer((int64_t)((draw(ids) >> 2) | (1ull << 61)));
    case IDS_TEXT:
        return next_text(ids);
    case IDS_UUID:
        return next_uuid(ids);
    }
    return NULL;
}
