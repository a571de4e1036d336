/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks tries: every walk ends, inside, at a signature that exists.
 *
 * Blocks must lie in the order in which a walk in depth first meets them, without gaps. So each is
 * looked at once (two entries cannot share one, which would make hostile words exponential), none
 * leads back, and nothing has to be remembered but where the next block begins.
 */
#include "image/trie.h"
#include "image/trie_find.h"

struct walk {
    const uint32_t *words;
    size_t count;
    size_t next; /* where the next block has to be */
    uint32_t n_signatures;
    unsigned width;
};

static bool are_signatures(const struct walk *w, size_t at, size_t count)
{
    bool valid = true;
    for (size_t i = 0; i < count; i++) {
        valid &= w->words[at + i] < w->n_signatures;
    }
    return valid;
}

static bool is_room(const struct walk *w, size_t count)
{
    return w->next <= w->count && count <= w->count - w->next;
}

static bool bucket_valid(struct walk *w, uint32_t entry)
{
    bool wide = entry & NP_TRIE_WIDE;
    if (wide && w->width == 32) {
        return false;
    }
    size_t bound = w->width == 32 ? 1 : wide ? 4 : 2;
    size_t count = (entry >> NP_TRIE_COUNT_SHIFT & NP_TRIE_COUNT_MASK) + 1;
    size_t bounds = count * bound;
    size_t all = bounds + count + 1;
    if (!is_room(w, NP_TRIE_BUCKET * bound) || !is_room(w, all) ||
        !are_signatures(w, w->next + bounds, count + 1)) {
        return false;
    }
    w->next += all;
    return true;
}

static bool entries_valid(struct walk *w, size_t at, size_t count, unsigned steps);

static bool table_valid(struct walk *w, uint32_t entry, unsigned steps)
{
    size_t head = w->width == 32 ? NP_TRIE4_HEAD : NP_TRIE6_HEAD;
    size_t first = w->width == 32 ? 1 : 4;
    if ((entry & ~(uint32_t)NP_TRIE_OFFSET) || !steps || !is_room(w, head)) {
        return false;
    }
    uint32_t shape = w->words[w->next + first + NP_TRIE_SHAPE];
    uint32_t shift = shape & 0xff, bits = shape >> 8;
    if (bits == 0 || bits > NP_TRIE_ROOT_MOST || shift + bits > w->width ||
        !is_room(w, head + ((size_t)1 << bits)) ||
        !are_signatures(w, w->next + first + NP_TRIE_BELOW, 2)) {
        return false;
    }
    size_t entries = w->next + head;
    w->next = entries + ((size_t)1 << bits);
    return entries_valid(w, entries, (size_t)1 << bits, steps - 1);
}

static bool entries_valid(struct walk *w, size_t at, size_t count, unsigned steps)
{
    for (size_t i = at; i < at + count; i++) {
        uint32_t entry = w->words[i];
        if (entry & NP_TRIE_IS_LEAF) {
            if ((entry & ~NP_TRIE_IS_LEAF) >= w->n_signatures) {
                return false;
            }
        } else if ((entry & NP_TRIE_OFFSET) != w->next ||
                   !(entry & NP_TRIE_IS_BUCKET ? bucket_valid(w, entry)
                                               : table_valid(w, entry, steps))) {
            return false;
        }
    }
    return true;
}

static bool valid(struct walk *w, uint8_t root_bits, unsigned steps)
{
    if (root_bits > NP_TRIE_ROOT_MOST || !is_room(w, (size_t)1 << root_bits)) {
        return false;
    }
    w->next = (size_t)1 << root_bits;
    return entries_valid(w, 0, (size_t)1 << root_bits, steps);
}

bool np_trie4_valid(const uint32_t *words, size_t count, uint8_t root_bits, uint32_t n_signatures)
{
    struct walk w = {.words = words, .count = count, .n_signatures = n_signatures, .width = 32};
    return valid(&w, root_bits, NP_TRIE4_STEPS);
}

bool np_trie6_valid(const uint32_t *words, size_t count, uint8_t root_bits, uint32_t n_signatures)
{
    struct walk w = {.words = words, .count = count, .n_signatures = n_signatures, .width = 128};
    return valid(&w, root_bits, NP_TRIE6_STEPS);
}
