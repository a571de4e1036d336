/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_BATCH_ENDS_H
#define NP_MATCH_BATCH_ENDS_H
/*
 * Who the ends of a group of usual tuples are: part of batch_kernel.h, as it is without SIMD.
 *
 * Two things keep a processor busy here. A loop that ends when something was found is a branch that
 * it guesses wrong; so what some ends need is done to all of them, or to those on a list. And a
 * list whose length depends on what was found makes later loads wait for the stores into it, as
 * they might be of the same place; so steps write bits, and lists are made of bits.
 */
#include "match/batch.h"

enum {
    GROUP = NP_REST, /* tuples at most: a multiple of 64 */
    ENDS = 2 * GROUP,
    WORDS = ENDS / 64,
    AHEAD = 64 /* tuples are asked for that far ahead: one page, which no processor looks beyond */
};

/* What is known of the tuples of a group: of the sources, then of the destinations. */
struct group {
    const struct netpol_tuple *tuples;
    size_t count;
    uint32_t signature[ENDS];
    uint64_t who[ENDS]; /* where relations count */
    uint32_t port_class[GROUP];
    uint64_t missed[WORDS]; /* a bit for each end: not in its first slot */
};
/* Those that are not. */
struct searched {
    size_t count;
    uint8_t end[ENDS];
    uint32_t address[ENDS], entry[ENDS], signature[ENDS];
};

np_inline struct np_party party_of(const struct group *g, struct np_shape shape, size_t end)
{
    return (struct np_party){g->signature[end], shape.relations ? g->who[end] : 0};
}

np_inline void fetch(const void *line)
{
    __builtin_prefetch(line, 0, 3);
}

np_inline void fetch_ahead(const struct netpol_tuple *tuple)
{
    fetch((const void *)((uintptr_t)tuple + AHEAD * sizeof *tuple)); /* it need not exist */
}

np_inline const uint8_t *address_of(const struct netpol_tuple *tuples, size_t end)
{
    return end < GROUP ? tuples[end].src : tuples[end - GROUP].dst;
}

/* ---- IPv4 ---- */

/* What is in a tuple and would make it another than plain IPv4; see np_is_plain4. */
np_inline uint64_t odd4(const struct netpol_tuple *t)
{
    uint64_t a, b;
    uint32_t c, d;
    memcpy(&a, t->src + 8, sizeof a);
    memcpy(&b, t->dst + 8, sizeof b);
    memcpy(&c, t->src + 4, sizeof c);
    memcpy(&d, t->dst + 4, sizeof d);
    return a | b | (c | d | t->flags | t->reserved | (t->family ^ 4u));
}

/* A bit for each byte, which is 0 or 1. */
np_inline uint64_t bits_of(const uint8_t bytes[64])
{
    const uint64_t gather = UINT64_C(0x0102040810204080);
    uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + i, sizeof eight);
        bits |= (eight * gather >> 56) << i;
    }
    return bits;
}

/* The lanes from first on: what is in their first slots, whoever has it, and their port classes.
 * Not 0: some are not plain IPv4. */
np_inline uint64_t first_slots4(const struct np_hot *hot, const struct np_table *table,
                                struct np_shape shape, size_t first, struct group *g)
{
    const struct np_slot4 *slots = table->slots4;
    unsigned bits = table->bits4;
    uint64_t odd = 0;
    uint8_t missed[ENDS] = {0};
    for (size_t i = first; i < g->count; i++) {
        const struct netpol_tuple *t = &g->tuples[i];
        struct np_party src, dst;
        fetch_ahead(t);
        odd |= odd4(t);
        missed[i] = !np_party_first4(slots, bits, np_read_32(t->src), shape.relations, &src);
        missed[GROUP + i] =
            !np_party_first4(slots, bits, np_read_32(t->dst), shape.relations, &dst);
        g->signature[i] = src.signature;
        g->signature[GROUP + i] = dst.signature;
        if (shape.relations) {
            g->who[i] = src.who;
            g->who[GROUP + i] = dst.who;
        }
        g->port_class[i] = np_plain_class(hot, t, 0);
    }
    for (unsigned w = 0; w < WORDS; w++) {
        g->missed[w] |= bits_of(missed + 64 * w);
    }
    return odd;
}

/* Pointers chosen by arithmetic: what the address of the next load is, traffic decides. */
np_inline const uint32_t *either(bool second, const uint32_t *a, const uint32_t *b)
{
    const uint32_t *const both[] = {a, b};
    return both[second];
}

/* Addresses that no slot has, through the trie in step: those that are there wait for the others;
 * see np_trie4_find. */
np_inline void find_places4(const struct np_hot *hot, struct searched *s)
{
    static const uint32_t nowhere[2 * NP_TRIE_BUCKET + 2];
    const uint32_t *words = hot->trie4;
    unsigned bits = hot->trie4_bits;
    uint32_t least = UINT32_MAX;
    for (size_t k = 0; k < s->count; k++) {
        uint32_t entry = words[(uint64_t)s->address[k] << bits >> 32];
        s->entry[k] = entry;
        least = entry < least ? entry : least;
    }
    while (least < NP_TRIE_IS_BUCKET) {
        least = UINT32_MAX;
        for (size_t k = 0; k < s->count; k++) {
            uint32_t entry = s->entry[k], table = 0u - (entry < NP_TRIE_IS_BUCKET);
            const uint32_t *block = either(!table, words, nowhere) + (entry & table);
            entry = (np_trie4_step(block, s->address[k], table) & table) | (entry & ~table);
            s->entry[k] = entry;
            least = entry < least ? entry : least;
        }
    }
    for (size_t k = 0; k < s->count; k++) {
        uint32_t entry = s->entry[k], leaf = 0u - (entry >> 31);
        const uint32_t *block = either(leaf, words, nowhere) + (entry & ~leaf & NP_TRIE_OFFSET);
        uint32_t found = np_trie4_bucket(block, entry, s->address[k]);
        s->signature[k] = (found & ~leaf) | (entry & leaf & ~NP_TRIE_IS_LEAF);
    }
}

np_inline size_t list_bits(uint64_t bits, size_t first, uint8_t *list, size_t n)
{
    for (; bits; bits &= bits - 1) {
        list[n++] = (uint8_t)(first + (size_t)__builtin_ctzll(bits));
    }
    return n;
}

/* An end whose first slot is another's: the next ones. */
np_inline void search_on4(const struct np_table *table, size_t k, struct group *g,
                          struct searched *s)
{
    uint32_t mask = (uint32_t)((UINT64_C(1) << table->bits4) - 1), address = s->address[k];
    uint32_t at = np_slot4_at(address, table->bits4);
    for (uint32_t left = np_defect(SEARCH_STOPS_EARLY) ? 1 : table->probes4; left; left--) {
        const struct np_slot4 *slot = &table->slots4[at];
        uint64_t key = np_acquire(&slot->key);
        uint32_t signature = (uint32_t)key;
        if (signature == NP_SIG_NONE) {
            return;
        }
        if (key >> 32 == address && signature != NP_SIG_DEAD) {
            s->signature[k] = signature;
            g->who[s->end[k]] = slot->who;
            return;
        }
        at = (at + 1) & mask;
    }
}

/* The ends that are not in their first slots are listed; those whose slot is not even free also
 * in `on`. Their number. */
np_inline size_t list_missed(struct group *g, struct searched *s, uint8_t on[ENDS])
{
    uint64_t more[WORDS] = {0};
    size_t n = 0;
    s->count = 0;
    for (unsigned w = 0; w < WORDS; w++) {
        s->count = list_bits(g->missed[w], 64 * w, s->end, s->count);
    }
    for (size_t k = 0; k < s->count; k++) {
        size_t end = s->end[k];
        s->address[k] = np_read_32(address_of(g->tuples, end));
        more[k / 64] |= (uint64_t)(g->signature[end] != NP_SIG_NONE) << k % 64;
        g->who[end] = 0;
    }
    for (unsigned w = 0; w < WORDS; w++) {
        n = list_bits(more[w], 64 * w, on, n);
    }
    return n;
}

/* false: some end is not one compiled party. */
np_inline bool end_search4(struct group *g, const struct searched *s)
{
    bool single = true;
    for (size_t k = 0; k < s->count; k++) {
        g->signature[s->end[k]] = s->signature[k];
        single &= np_is_single(s->signature[k]);
    }
    return single;
}

/* ---- of any family ---- */

np_inline bool first_of(const struct np_table *table, bool four, const uint8_t *address,
                        struct np_party *out)
{
    return four ? np_party_first4(table->slots4, table->bits4, np_read_32(address), true, out)
                : np_party_first6(table->slots6, table->bits6, np_read_64(address),
                                  np_read_64(address + 8), out);
}

static struct np_party search_of(const struct np_hot *hot, const struct np_table *table, bool four,
                                 const uint8_t *address)
{
    return four ? np_party_search4(hot, table, np_read_32(address))
                : np_party_search6(hot, table, np_read_64(address), np_read_64(address + 8));
}

/* Also of both, as a dual-stack cluster has them: which one, a branch decides for each tuple, and
 * that is cheap beside lookups that wait for each other. false: not usual tuples, or some end is
 * not one compiled party. */
static bool find_ends(const struct np_hot *hot, const struct np_table *table, struct group *g)
{
    uint8_t list[ENDS];
    size_t n = 0;
    uint32_t a, b;
    bool usual = true;
    for (size_t i = 0; i < g->count; i++) {
        const struct netpol_tuple *t = &g->tuples[i];
        bool four = t->family == 4;
        struct np_party src, dst;
        g->missed[i / 64] |= (uint64_t)!first_of(table, four, t->src, &src) << i % 64;
        g->missed[(GROUP + i) / 64] |= (uint64_t)!first_of(table, four, t->dst, &dst) << i % 64;
        g->signature[i] = src.signature;
        g->signature[GROUP + i] = dst.signature;
        g->who[i] = src.who;
        g->who[GROUP + i] = dst.who;
        usual &= four ? np_is_plain4(t, &a, &b) : np_is_plain6(t);
        g->port_class[i] = np_plain_class(hot, t, !four);
    }
    for (unsigned w = 0; w < WORDS; w++) {
        n = list_bits(g->missed[w], 64 * w, list, n);
    }
    for (size_t k = 0; k < n; k++) {
        bool four = g->tuples[list[k] % GROUP].family == 4;
        struct np_party party = search_of(hot, table, four, address_of(g->tuples, list[k]));
        g->signature[list[k]] = party.signature;
        g->who[list[k]] = party.who;
        usual &= np_is_single(party.signature);
    }
    return usual;
}

/* The slots where the ends would be. */
np_inline void fetch_slots(const struct np_table *table, const struct netpol_tuple *t)
{
    if (np_likely(t->family == 4)) {
        fetch(&table->slots4[np_slot4_at(np_read_32(t->src), table->bits4)]);
        fetch(&table->slots4[np_slot4_at(np_read_32(t->dst), table->bits4)]);
    } else {
        uint64_t src[] = {np_read_64(t->src), np_read_64(t->src + 8)};
        uint64_t dst[] = {np_read_64(t->dst), np_read_64(t->dst + 8)};
        fetch(&table->slots6[np_slot6_at(src[0], src[1], table->bits6)]);
        fetch(&table->slots6[np_slot6_at(dst[0], dst[1], table->bits6)]);
    }
}
#endif
