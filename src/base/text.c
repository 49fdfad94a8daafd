#include <config.h>

#include "base/text.h"

size_t
text_utf8_len(const unsigned char *p, size_t rest)
{
    size_t n, i;

    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] < 0xe0)
        n = 2;
    else if (p[0] >= 0xe0 && p[0] < 0xf0)
        n = 3;
    else if (p[0] >= 0xf0 && p[0] < 0xf5)
        n = 4;
    else
        return 0;
    if (n > rest || (p[0] == 0xc2 && p[1] < 0xa0))
        return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0; /* overlong, surrogate, over U+10FFFF */
    for (i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

unsigned
text_disguise(const unsigned char *p, size_t len)
{
    static const struct {
        unsigned first, last;
    } all[] = {{0x61c, 0x61c},   {0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e},
               {0x2060, 0x2060}, {0x2066, 0x206f}, {0xfeff, 0xfeff}};
    unsigned c = len == 2   ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
                 : len == 3 ? (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)
                            : 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (c >= all[i].first && c <= all[i].last)
            return c;
    return 0;
}

void
text_escape(struct buf *out, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;

    while (len > 0) {
        size_t n = text_utf8_len(p, len);
        unsigned disguise = text_disguise(p, n);

        if (disguise != 0) {
            buf_printf(out, "\\u%04x", disguise);
        } else if (n == 0 || *p < 0x20 || *p == 0x7f) {
            buf_printf(out, "\\x%02x", *p);
            n = 1;
        } else {
            buf_add(out, p, n);
        }
        p += n;
        len -= n;
    }
}
