/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simplest exact way: the digits as one large integer, multiplied by the powers of ten that are
 * left, or shifted up far enough and divided by them; then the top 64 bits and whether anything was
 * below them. Numbers with a point are rare in manifests, so it need not be fast.
 */
#include "source/decimal.h"
#include <math.h>
#include <stdint.h>

enum { LIMBS = 256, LARGEST = 310, SMALLEST = -330 }; /* 8192 bits; decimal places of doubles */

struct big {
    uint32_t limbs[LIMBS]; /* least first */
    size_t count;
};

/* big = big * factor + add. The callers' bounds keep it within LIMBS. */
static void multiply(struct big *big, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (size_t i = 0; i < big->count; i++) {
        carry += (uint64_t)big->limbs[i] * factor;
        big->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry) {
        big->limbs[big->count++] = (uint32_t)carry;
    }
}

/* big = big / divisor; is there a remainder? */
static bool divide(struct big *big, uint32_t divisor)
{
    uint64_t rest = 0;
    for (size_t i = big->count; i-- > 0;) {
        rest = rest << 32 | big->limbs[i];
        big->limbs[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    while (big->count && big->limbs[big->count - 1] == 0) {
        big->count--;
    }
    return rest != 0;
}

/* big = big * 2^(32 * limbs) */
static void shift(struct big *big, size_t limbs)
{
    for (size_t i = big->count; i-- > 0;) {
        big->limbs[i + limbs] = big->limbs[i];
    }
    for (size_t i = 0; i < limbs; i++) {
        big->limbs[i] = 0;
    }
    big->count += limbs;
}

/* mantissa (its top bit set) * 2^exponent, plus something smaller than one if sticky. */
static double round_to_double(uint64_t mantissa, long exponent, bool sticky)
{
    long precision = exponent + 63 < -1022 ? exponent + 63 + 1022 + 53 : 53;
    if (precision < 0) {
        return 0;
    }
    unsigned drop = (unsigned)(64 - precision);
    uint64_t kept = drop == 64 ? 0 : mantissa >> drop;
    uint64_t lost = drop == 64 ? mantissa : mantissa & ((1ull << drop) - 1);
    uint64_t half = 1ull << (drop - 1);
    if (lost > half || (lost == half && (sticky || (kept & 1)))) {
        kept++;
    }
    return ldexp((double)kept, (int)(exponent + (long)drop));
}

static double from_big(const struct big *big, long exponent, bool sticky)
{
    uint64_t mantissa = 0;
    size_t top = big->count;
    for (size_t i = 0; i < 2; i++) {
        mantissa = mantissa << 32 | (top > i ? big->limbs[top - 1 - i] : 0);
    }
    uint32_t next = top > 2 ? big->limbs[top - 3] : 0;
    int zeros = __builtin_clzll(mantissa);
    if (zeros) {
        mantissa = mantissa << zeros | next >> (32 - zeros);
        next <<= zeros;
    }
    sticky = sticky || next != 0;
    for (size_t i = 0; !sticky && top > 3 && i < top - 3; i++) {
        sticky = big->limbs[i] != 0;
    }
    return round_to_double(mantissa, exponent + 32 * ((long)top - 2) - zeros, sticky);
}

double np_decimal_to_double(const char *digits, size_t count, long exponent)
{
    struct big big;
    big.count = 0;
    while (count && digits[0] == '0') {
        digits++;
        count--;
    }
    if (count == 0 || (long)count + exponent < SMALLEST) {
        return 0;
    }
    if ((long)count + exponent > LARGEST) {
        return INFINITY;
    }
    for (size_t i = 0; i < count; i++) {
        multiply(&big, 10, (uint32_t)(digits[i] - '0'));
    }
    bool sticky = false;
    long binary = 0;
    for (; exponent > 0; exponent--) {
        multiply(&big, 10, 0);
    }
    if (exponent < 0) {
        /* 10^n has fewer than 107 n / 32 bits; 65 more make the quotient long enough. */
        size_t limbs = (size_t)(-exponent * 107 / 1024) + 4;
        shift(&big, limbs);
        binary = -32 * (long)limbs;
    }
    for (; exponent < 0; exponent++) {
        sticky |= divide(&big, 10);
    }
    return from_big(&big, binary, sticky);
}
