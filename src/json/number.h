#ifndef JSON_NUMBER_H
#define JSON_NUMBER_H

#include <stddef.h>

/*
 * Number text. Numbers are kept as they came; canonical text serves for comparing and hashing.
 * Needs LC_NUMERIC to be C, which it is in a program that does not call setlocale.
 */
#define NUMBER_TEXT 32

/* The shortest text that reads back as D (finite), as JavaScript prints it; OUT is returned. */
char *number_shortest(double d, char out[NUMBER_TEXT]);

/*
 * Canonical text of a JSON number, NUL-terminated in the arena-free way: the caller gives room for
 * len + NUMBER_TEXT bytes. Integers of any length keep their digits (no sign on zero); anything
 * with a fraction or an exponent is read as double and printed shortest, except that what does not
 * fit a double (1e400, 1e-400) keeps its text. 1.10 and 1.1, 1.0 and 1, 1e2 and 100 have one text.
 * Returns its length.
 */
size_t number_canon(const char *text, size_t len, char *out);

#endif
