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

void
text_escape(struct buf *out, const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;

    while (len > 0) {
        size_t n = text_utf8_len(p, len);

        if (n == 0 || *p < 0x20 || *p == 0x7f) {
            buf_printf(out, "\\x%02x", *p);
            n = 1;
        } else {
            buf_add(out, p, n);
        }
        p += n;
        len -= n;
    }
}
