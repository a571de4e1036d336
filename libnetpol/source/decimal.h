/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_SOURCE_DECIMAL_H
#define NP_SOURCE_DECIMAL_H
/*
 * Decimal digits to the nearest double, ties to even, whatever the locale says (strtod obeys it).
 */
#include <stdbool.h>
#include <stddef.h>

enum { NP_DECIMAL_DIGITS_MAX = 800 }; /* more never decide; a sticky last digit stands for them */

/*
 * The integer made of `count` digits (at most NP_DECIMAL_DIGITS_MAX) times 10^exponent. Past the
 * largest double: infinity.
 */
double np_decimal_to_double(const char *digits, size_t count, long exponent);
#endif
