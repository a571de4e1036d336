/* SPDX-License-Identifier: Apache-2.0 */
/* Bitset of a fixed number of bits. */
#include "base/base.h"

static size_t words_of(size_t bits)
{
    return bits / 64 + (bits % 64 != 0);
}

bool np_bits_init(const struct netpol_ctx *ctx, struct np_bits *set, size_t bits)
{
    *set = (struct np_bits){.words = np_zalloc(ctx, words_of(bits) * sizeof *set->words)};
    if (!set->words) {
        return false;
    }
    set->bits = bits;
    return true;
}

void np_bits_free(const struct netpol_ctx *ctx, struct np_bits *set)
{
    np_free(ctx, set->words, words_of(set->bits) * sizeof *set->words);
    *set = (struct np_bits){0};
}

size_t np_bits_count(const struct np_bits *set)
{
    size_t count = 0;
    for (size_t i = 0; i < words_of(set->bits); i++) {
        count += (size_t)__builtin_popcountll(set->words[i]);
    }
    return count;
}
