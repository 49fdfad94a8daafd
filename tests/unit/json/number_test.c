#include <config.h>

#include "../unit.h"
#include "json/number.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void
prints(double d, const char *want)
{
    char out[NUMBER_TEXT];

    ck_assert_str_eq(number_shortest(d, out), want);
}

/* The examples are those of ECMA-262 and what a JavaScript engine prints. */
START_TEST(prints_as_javascript_does)
{
    prints(0, "0");
    prints(-0.0, "0");
    prints(1, "1");
    prints(-1.5, "-1.5");
    prints(0.1, "0.1");
    prints(0.1 + 0.2, "0.30000000000000004");
    prints(1.0 / 3, "0.3333333333333333");
    prints(100, "100");
    prints(123456789012, "123456789012");
    prints(1e20, "100000000000000000000");
    prints(123456789012345680000.0, "123456789012345680000");
    prints(1e21, "1e+21");
    prints(-1.25e21, "-1.25e+21");
    prints(0.000001, "0.000001");
    prints(0.00000123, "0.00000123");
    prints(1e-7, "1e-7");
    prints(1.5e-7, "1.5e-7");
    prints(1.7976931348623157e308, "1.7976931348623157e+308");
    prints(-1.7976931348623157e308, "-1.7976931348623157e+308");
    prints(5e-324, "5e-324");
    prints(2.2250738585072014e-308, "2.2250738585072014e-308");
    prints(9007199254740992, "9007199254740992");
    prints(0x1p-44, "5.684341886080802e-14");
}
END_TEST

START_TEST(reads_back_whatever_the_bits)
{
    uint64_t state = 42;
    char out[NUMBER_TEXT];

    for (int i = 0; i < 20000; i++) {
        double d;

        state = state * 6364136223846793005u + 1442695040888963407u;
        memcpy(&d, &state, sizeof d);
        if (!isfinite(d))
            continue;
        number_shortest(d, out);
        ck_assert_msg(strtod(out, NULL) == d, "%a became %s", d, out);
    }
}
END_TEST

static void
canon(const char *text, const char *want)
{
    char out[500 + NUMBER_TEXT];

    ck_assert_uint_eq(number_canon(text, strlen(text), out), strlen(want));
    ck_assert_str_eq(out, want);
}

START_TEST(integers_keep_their_digits)
{
    canon("18446744073709551615", "18446744073709551615");
    canon("9007199254740993", "9007199254740993");
    canon("-123456789012345678901234567890", "-123456789012345678901234567890");
    canon("7", "7");
}
END_TEST

START_TEST(zero_has_one_text)
{
    canon("0", "0");
    canon("-0", "0");
    canon("0.000", "0");
    canon("-0.0e5", "0");
    canon("0e999", "0");
}
END_TEST

START_TEST(equal_values_have_one_text)
{
    canon("1.10", "1.1");
    canon("1.0", "1");
    canon("1e2", "100");
    canon("1E+2", "100");
    canon("0.1", "0.1");
    canon("0.10000000000000001", "0.1");
    canon("-12.50e1", "-125");
    canon("1.5e-9", "1.5e-9");
}
END_TEST

START_TEST(what_fits_no_double_keeps_its_text)
{
    canon("1e400", "1e400");
    canon("-1.5E400", "-1.5E400");
    canon("1e-400", "1e-400");
}
END_TEST

START_TEST(reads_only_the_bytes_given)
{
    char out[10 + NUMBER_TEXT];

    number_canon("1.5e3", 3, out);
    ck_assert_str_eq(out, "1.5");
}
END_TEST

UNIT_MAIN("json/number", prints_as_javascript_does, reads_back_whatever_the_bits,
          integers_keep_their_digits, zero_has_one_text, equal_values_have_one_text,
          what_fits_no_double_keeps_its_text, reads_only_the_bytes_given)
