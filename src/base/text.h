#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Text from outside, for people. */

/* Length of the UTF-8 sequence at P (REST bytes left), 0 if it is malformed or a C1 control. */
size_t text_utf8_len(const unsigned char *p, size_t rest);

/* Adds TEXT; bytes that could drive a terminal (C0, C1, DEL, bad UTF-8) as \xNN. */
void text_escape(struct buf *out, const char *text, size_t len);

#endif
