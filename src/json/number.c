#include <config.h>

#include "json/number.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Significant digits and the place of the point: value = 0.DIGITS x 10^point. */
struct decimal {
    char digits[18];
    int n, point;
};

/* One more in the last digit of "1.234e+05". */
static void
next_up(char *text)
{
    char *p = strchr(text, 'e');

    while (p-- > text) {
        if (*p == '.')
            continue;
        if (*p != '9') {
            (*p)++;
            return;
        }
        *p = '0';
    }
}

/* The fewest digits that read back as D > 0. */
static struct decimal
shortest(double d)
{
    struct decimal dec = {.n = 0};
    char text[NUMBER_TEXT];
    const char *p;
    int exponent;

    /* Up to 15 digits always survive, except where there are few bits: subnormals. */
    for (int places = d < DBL_MIN ? 0 : 14; places <= 16; places++) {
        snprintf(text, sizeof text, "%.*e", places, d);
        if (strtod(text, NULL) == d)
            break;
        /* Below a power of two doubles are twice as dense: the farther neighbour may read back. */
        if (frexp(d, &exponent) == 0.5) {
            next_up(text);
            if (strtod(text, NULL) == d)
                break;
        }
    }
    for (p = text; *p != 'e'; p++)
        if (*p != '.')
            dec.digits[dec.n++] = *p;
    while (dec.n > 1 && dec.digits[dec.n - 1] == '0')
        dec.n--;
    dec.point = atoi(p + 1) + 1;
    return dec;
}

char *
number_shortest(double d, char out[NUMBER_TEXT])
{
    const char *sign = d < 0 ? "-" : "";
    struct decimal dec;

    if (d == 0)
        return strcpy(out, "0");
    dec = shortest(fabs(d));
    /* ECMA-262 6.1.6.1.20, Number::toString */
    if (dec.point >= dec.n && dec.point <= 21)
        snprintf(out, NUMBER_TEXT, "%s%.*s%.*s", sign, dec.n, dec.digits, dec.point - dec.n,
                 "000000000000000000000");
    else if (dec.point > 0 && dec.point <= 21)
        snprintf(out, NUMBER_TEXT, "%s%.*s.%.*s", sign, dec.point, dec.digits, dec.n - dec.point,
                 dec.digits + dec.point);
    else if (dec.point > -6 && dec.point <= 0)
        snprintf(out, NUMBER_TEXT, "%s0.%.*s%.*s", sign, -dec.point, "00000", dec.n, dec.digits);
    else
        snprintf(out, NUMBER_TEXT, "%s%c%s%.*se%+d", sign, dec.digits[0], dec.n > 1 ? "." : "",
                 dec.n - 1, dec.digits + 1, dec.point - 1);
    return out;
}

/* Is the number of LEN bytes zero, whatever its exponent? */
static bool
is_zero(const char *text, size_t len)
{
    for (size_t i = 0; i < len && text[i] != 'e' && text[i] != 'E'; i++)
        if (text[i] >= '1' && text[i] <= '9')
            return false;
    return true;
}

size_t
number_canon(const char *text, size_t len, char *out)
{
    double d;

    memcpy(out, text, len);
    out[len] = '\0';
    if (is_zero(text, len)) {
        strcpy(out, "0");
        return 1;
    }
    if (strpbrk(out, ".eE") == NULL)
        return len;
    d = strtod(out, NULL);
    if (d == 0 || isinf(d))
        return len;
    number_shortest(d, out);
    return strlen(out);
}
