/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_IMAGE_TRIE_H
#define NP_IMAGE_TRIE_H
/*
 * The prefix trie: any address -> the signature of the place it lies in.
 *
 * Not a longest-prefix match over rules: compile has already cut the whole address space into
 * places (ranges in which every prefix condition says the same) and the trie only finds the place.
 * It is a trie of tables of many bits that skips what all its places share, over u32 words, and
 * ends in short sorted lists of bounds (trie_find.h says how the words look, trie_build.c how they
 * are chosen); signatures of ranges are not repeated below a list. The root is an array of 1 <<
 * root bits. Bounded steps, no pointers.
 */
#include "image/image.h"

struct np_place4 {
    uint32_t first; /* the place reaches up to the next one's first - 1 */
    uint32_t signature;
};
struct np_place6 {
    uint64_t high, low;
    uint32_t signature;
};
struct np_trie {
    uint32_t *words;
    size_t count, capacity;
    uint8_t root_bits;
};
/* places: at least one; sorted, the first one at address 0. OK, ERR_MEMORY, ERR_LIMIT. */
int np_trie4_build(const struct netpol_ctx *ctx, const struct np_place4 *places, size_t count,
                   struct np_trie *out);
int np_trie6_build(const struct netpol_ctx *ctx, const struct np_place6 *places, size_t count,
                   struct np_trie *out);
void np_trie_free(const struct netpol_ctx *ctx, struct np_trie *trie);
/* The lookups are inline, in image/trie_find.h: np_trie4_find(words, root_bits, address),
 * np_trie6_find(words, root_bits, high, low). */
/* Every path through the words ends at a signature below n_signatures, within the words. */
bool np_trie4_valid(const uint32_t *words, size_t count, uint8_t root_bits, uint32_t n_signatures);
bool np_trie6_valid(const uint32_t *words, size_t count, uint8_t root_bits, uint32_t n_signatures);
#endif
