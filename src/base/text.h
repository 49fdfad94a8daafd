#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

#include "base/buf.h"

/* Text from outside, for people. */

/* Length of the UTF-8 sequence at P (REST bytes left), 0 if it is malformed or a C1 control. */
size_t text_utf8_len(const unsigned char *p, size_t rest);

/*
 * What the character of LEN bytes at P is if it would make a line look like another one, 0 if it
 * does not: marks that turn the direction of text (UAX #9), separators of lines, what has no width
 * at all. Joiners do not: languages need them.
 */
unsigned text_disguise(const unsigned char *p, size_t len);

/* Adds TEXT; bytes that could drive a terminal (C0, C1, DEL, bad UTF-8) as \xNN, a disguise as
 * \uNNNN. */
void text_escape(struct buf *out, const char *text, size_t len);

#endif
