/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest candidate by edit distance (swapped neighbours count as one edit). */
#include "base/base.h"

enum { WORD_MAX = 64, DISTANCE_MAX = 2 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_but_case(struct np_slice a, struct np_slice b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Three rows of the usual table suffice: the present, the one above, and for swaps the next. */
static unsigned distance(struct np_slice a, struct np_slice b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *above2 = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.len; j++) {
        above[j] = (unsigned)j;
        above2[j] = 0;
    }
    for (size_t i = 1; i <= a.len; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            char x = lower(a.ptr[i - 1]), y = lower(b.ptr[j - 1]);
            row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.ptr[j - 2]) && y == lower(a.ptr[i - 2]) &&
                above2[j - 2] + 1 < row[j]) {
                row[j] = above2[j - 2] + 1;
            }
        }
        unsigned *reuse = above2;
        above2 = above;
        above = row;
        row = reuse;
    }
    return above[b.len];
}

const char *np_suggest(struct np_slice word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    unsigned best_distance = DISTANCE_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        struct np_slice candidate = np_slice_of(candidates[i]);
        if (same_but_case(word, candidate)) {
            return candidates[i];
        }
        size_t gap = word.len > candidate.len ? word.len - candidate.len : candidate.len - word.len;
        size_t shorter = word.len < candidate.len ? word.len : candidate.len;
        if (word.len > WORD_MAX || candidate.len > WORD_MAX || gap > DISTANCE_MAX) {
            continue;
        }
        /* In a word of three letters two edits are another word. */
        unsigned d = distance(word, candidate);
        if (d < best_distance && d * 2 < shorter + 1) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}
