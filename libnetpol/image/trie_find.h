/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_TRIE_FIND_H
#define NP_IMAGE_TRIE_FIND_H
/*
 * What the words of a trie mean, and how to walk them.
 *
 * The places divide the address space at BOUNDS (the first addresses of all places but the first).
 * A trie is an array of entries over the top root bits of an address. An ENTRY is one word:
 *
 *     1 s...            LEAF    no bound inside: s is the signature
 *     0 1 nnn w o...    BUCKET  n + 1 <= 8 bounds inside, at word o: the bounds in order, then
 *                               n + 2 signatures; as many bounds as the address has reached, that
 *                               many signatures are skipped
 *     0 0 0000 o...     TABLE   more: at word o {first, shape, below, above, entries}
 *
 * A table begins where its bounds begin to differ, however far down that is, and has as many
 * entries as its bounds fill: `first` is the first address it speaks of, shape is shift | bits << 8
 * for 1 << bits entries that span 1 << shift addresses each. An address that lies before its
 * entries has the signature `below`, one behind them `above`. So ten thousand places need a table
 * and a bucket, wherever in the address space they crowd: two or three dependent loads.
 *
 * IPv4 bounds are one word. IPv6 bounds are two, the upper half of the address (the lower word
 * first), when all lower halves are 0, or with w four: upper half, lower half. `first` is one or
 * four words. A walk takes at most NP_TRIE4_STEPS or NP_TRIE6_STEPS tables; a block lies behind the
 * entry that names it. Readers may look at all NP_TRIE_BUCKET bounds of a bucket, of which those
 * past n count for nothing: the words behind the last bucket are there.
 */
#include "base/defect.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    NP_TRIE_BUCKET = 8, /* most bounds in one */
    NP_TRIE_COUNT_SHIFT = 27,
    NP_TRIE_COUNT_MASK = 7,
    NP_TRIE_WIDE = 1 << 26,
    NP_TRIE_OFFSET = NP_TRIE_WIDE - 1,
    NP_TRIE_IS_BUCKET = 1 << 30,
    NP_TRIE_ROOT_MOST = 16, /* bits of a root or table */
    NP_TRIE_BITS_LEAST = 4, /* bits of a table */
    NP_TRIE4_STEPS = 32 / NP_TRIE_BITS_LEAST,
    NP_TRIE6_STEPS = 128 / NP_TRIE_BITS_LEAST,
    NP_TRIE4_HEAD = 4, /* words before the entries of a table */
    NP_TRIE6_HEAD = 7
};
#define NP_TRIE_IS_LEAF 0x80000000u
/* After `first`: */
enum { NP_TRIE_SHAPE, NP_TRIE_BELOW, NP_TRIE_ABOVE };

static inline uint64_t np_trie_half(const uint32_t *words)
{
    return words[0] | (uint64_t)words[1] << 32;
}

/* Of a bucket without mispredictions: all bounds are compared, also those past the last. */
static inline uint32_t np_trie4_bucket(const uint32_t *block, uint32_t entry, uint32_t address)
{
    uint32_t count = (entry >> NP_TRIE_COUNT_SHIFT & NP_TRIE_COUNT_MASK) + 1, reached = 0;
    for (uint32_t i = 0; i < NP_TRIE_BUCKET; i++) {
        bool is_reached = np_defect(TRIE_BOUND) ? block[i] < address : block[i] <= address;
        reached += (uint32_t)is_reached & (uint32_t)(i < count);
    }
    return block[count + reached];
}

/* From a table to the next entry, without a branch. real: all bits, or none where the block is no
 * table; then of two words. */
static inline uint32_t np_trie4_step(const uint32_t *block, uint32_t address, uint32_t real)
{
    uint32_t shape = block[1 + NP_TRIE_SHAPE], at = (address - block[0]) >> (shape & 31);
    uint32_t before = address < block[0], outside = 0u - (uint32_t)(at >> (shape >> 8) != 0);
    at = ((1 + NP_TRIE_ABOVE - before) & outside) | ((NP_TRIE4_HEAD + at) & ~outside);
    return block[at & real] | (outside & NP_TRIE_IS_LEAF); /* `below` and `above` are leaves */
}

/* The signature of the place that holds an IPv4 address (as a number). */
static inline uint32_t np_trie4_find(const uint32_t *words, unsigned root_bits, uint32_t address)
{
    uint32_t entry = words[(uint64_t)address << root_bits >> 32];
    while (entry < NP_TRIE_IS_BUCKET) {
        entry = np_trie4_step(words + entry, address, UINT32_MAX);
    }
    return entry & NP_TRIE_IS_LEAF
               ? entry & ~NP_TRIE_IS_LEAF
               : np_trie4_bucket(words + (entry & NP_TRIE_OFFSET), entry, address);
}

static inline uint32_t np_trie6_bucket(const uint32_t *block, uint32_t count, uint64_t high,
                                       uint64_t low, uint32_t wide)
{
    uint32_t reached = 0;
    if (!wide) {
        for (uint32_t i = 0; i < NP_TRIE_BUCKET; i++) {
            reached += (uint32_t)(np_trie_half(block + 2 * i) <= high) & (uint32_t)(i < count);
        }
        return block[2 * count + reached];
    }
    for (uint32_t i = 0; i < NP_TRIE_BUCKET; i++) {
        uint64_t upper = np_trie_half(block + 4 * i), lower = np_trie_half(block + 4 * i + 2);
        uint32_t is_reached =
            (uint32_t)(upper < high) |
            ((uint32_t)(upper == high) & (uint32_t)(lower <= low || np_defect(TRIE6_LOW_HALF)));
        reached += is_reached & (uint32_t)(i < count);
    }
    return block[4 * count + reached];
}

/* Which entry of a table an address falls under; a number of more than `bits` bits: outside. */
static inline uint64_t np_trie6_at(uint64_t high, uint64_t low, const uint32_t *first,
                                   unsigned shift)
{
    uint64_t lower = np_trie_half(first + 2);
    uint64_t distance_low = low - lower;
    uint64_t distance_high = high - np_trie_half(first) - (low < lower);
    if (shift >= 64) {
        return distance_high >> (shift - 64);
    }
    if (distance_high >> shift) {
        return UINT64_MAX;
    }
    /* In two steps: shift may be 0. */
    return distance_low >> shift | distance_high << 1 << (63 - shift);
}

/* The signature of the place that holds an IPv6 address (two numbers, big end first). */
static inline uint32_t np_trie6_find(const uint32_t *words, unsigned root_bits, uint64_t high,
                                     uint64_t low)
{
    uint32_t entry = words[high >> 1 >> (63 - root_bits)];
    while (!(entry & NP_TRIE_IS_LEAF)) {
        const uint32_t *block = words + (entry & NP_TRIE_OFFSET);
        if (entry & NP_TRIE_IS_BUCKET) {
            uint32_t count = (entry >> NP_TRIE_COUNT_SHIFT & NP_TRIE_COUNT_MASK) + 1;
            return np_trie6_bucket(block, count, high, low, entry & NP_TRIE_WIDE);
        }
        const uint32_t *head = block + 4;
        uint32_t shape = head[NP_TRIE_SHAPE];
        uint64_t at = np_trie6_at(high, low, block, shape & 127);
        if (at >> (shape >> 8)) {
            uint64_t upper = np_trie_half(block), lower = np_trie_half(block + 2);
            bool before = high < upper || (high == upper && low < lower);
            return before ? head[NP_TRIE_BELOW] : head[NP_TRIE_ABOVE];
        }
        entry = block[NP_TRIE6_HEAD + at];
    }
    return entry & ~NP_TRIE_IS_LEAF;
}
#endif
