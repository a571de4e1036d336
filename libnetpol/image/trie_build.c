/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds tries (trie_find.h says what the words mean), both families with one recursion.
 *
 * A table gets about one entry for every four bounds below it: on the average half a bucket under
 * each entry. Fewer when its bounds crowd, so that at least a quarter of the entries hold some; the
 * crowded ones get a table of their own, which begins where THEY begin to differ. Blocks are laid
 * in the order in which a walk in depth first meets them: what lies close is looked up together,
 * and a trie can be checked in one pass without remembering anything (trie_valid.c).
 *
 * Inside, IPv4 addresses are the upper 32 bits of 128.
 */
#include "image/trie.h"
#include "image/trie_find.h"

struct build {
    const struct netpol_ctx *ctx;
    const struct np_place6 *places;
    unsigned width; /* 32 or 128 */
    struct np_trie *trie;
    int status;
};

/* A part of the address space: its first address, and how many leading bits all of it shares. */
struct span {
    uint64_t high, low;
    unsigned length;
};

static uint32_t entry_of(struct build *b, size_t from, size_t to);

static bool is_before(const struct np_place6 *place, uint64_t high, uint64_t low)
{
    return place->high < high || (place->high == high && place->low < low);
}

/* How many leading bits two different addresses share. */
static unsigned shared_bits(const struct np_place6 *a, const struct np_place6 *b)
{
    if (a->high != b->high) {
        return (unsigned)__builtin_clzll(a->high ^ b->high);
    }
    return 64 + (unsigned)__builtin_clzll(a->low ^ b->low);
}

/* Room for `count` words at the end, zeroed; their offset, UINT32_MAX: status is set. */
static uint32_t words_add(struct build *b, size_t count)
{
    struct np_trie *trie = b->trie;
    size_t at = trie->count;
    if (at + count > NP_TRIE_OFFSET) {
        b->status = NETPOL_ERR_LIMIT;
        return UINT32_MAX;
    }
    if (!np_vec_grow(b->ctx, (void **)&trie->words, &trie->capacity, at + count,
                     sizeof *trie->words)) {
        b->status = NETPOL_ERR_MEMORY;
        return UINT32_MAX;
    }
    memset(trie->words + at, 0, count * sizeof *trie->words);
    trie->count = at + count;
    return (uint32_t)at;
}

static uint32_t *put_half(uint32_t *words, uint64_t half)
{
    words[0] = (uint32_t)half;
    words[1] = (uint32_t)(half >> 32);
    return words + 2;
}

/* Returns the first word behind it. */
static uint32_t *put_address(const struct build *b, uint32_t *words, uint64_t high, uint64_t low,
                             bool wide)
{
    if (b->width == 32) {
        *words = (uint32_t)(high >> 32);
        return words + 1;
    }
    words = put_half(words, high);
    return wide ? put_half(words, low) : words;
}

static uint32_t leaf_of(struct build *b, size_t before)
{
    uint32_t signature = b->places[before].signature;
    if (signature & NP_TRIE_IS_LEAF) {
        b->status = NETPOL_ERR_LIMIT;
    }
    return NP_TRIE_IS_LEAF | signature;
}

static uint32_t bucket_of(struct build *b, size_t from, size_t to)
{
    size_t count = to - from, bound_words = 1;
    bool wide = false;
    if (b->width == 128) {
        for (size_t i = from; i < to; i++) {
            wide |= b->places[i].low != 0;
        }
        bound_words = wide ? 4 : 2;
    }
    uint32_t at = words_add(b, count * bound_words + count + 1);
    if (at == UINT32_MAX) {
        return 0;
    }
    uint32_t *words = b->trie->words + at;
    for (size_t i = from; i < to; i++) {
        words = put_address(b, words, b->places[i].high, b->places[i].low, wide);
    }
    for (size_t i = from - 1; i < to; i++) {
        *words++ = leaf_of(b, i) & ~NP_TRIE_IS_LEAF;
    }
    return NP_TRIE_IS_BUCKET | (uint32_t)(count - 1) << NP_TRIE_COUNT_SHIFT |
           (wide ? NP_TRIE_WIDE : 0u) | at;
}

/*
 * How many bits an array of entries should have that begins `length` bits down: enough for four
 * bounds an entry, as long as a quarter of the entries hold a bound.
 */
static unsigned bits_for(const struct build *b, size_t from, size_t to, unsigned length)
{
    size_t filled[NP_TRIE_ROOT_MOST + 1] = {1}; /* [bits]: entries that a bound begins */
    for (size_t i = from + 1; i < to; i++) {
        unsigned shared = shared_bits(&b->places[i - 1], &b->places[i]);
        if (shared < length + NP_TRIE_ROOT_MOST) {
            filled[shared < length ? 0 : shared - length + 1]++;
        }
    }
    unsigned most = 0;
    while (most < NP_TRIE_ROOT_MOST && (size_t)4 << most < to - from) {
        most++;
    }
    unsigned best = 0;
    for (unsigned bits = 1; bits <= most; bits++) {
        filled[bits] += filled[bits - 1];
        best = filled[bits] * 4 >= (size_t)1 << bits ? bits : best;
    }
    return best;
}

/* Fills the 1 << bits entries at word `at`, which divide the span; bounds: [from, to). */
static void fill(struct build *b, uint32_t at, const struct span *span, unsigned bits, size_t from,
                 size_t to)
{
    unsigned length = span->length + bits;
    struct span part = {.high = span->high, .low = span->low, .length = length};
    for (size_t i = 0; i < (size_t)1 << bits && b->status == NETPOL_OK; i++) {
        if (from < to && b->places[from].high == part.high && b->places[from].low == part.low) {
            from++; /* the part begins with this place: nothing before it */
        }
        uint64_t step_high = length == 0 || length > 64 ? 0 : (uint64_t)1 << (64 - length);
        uint64_t step_low = length <= 64 ? 0 : (uint64_t)1 << (128 - length);
        struct span next = {.low = part.low + step_low, .length = length};
        next.high = part.high + step_high + (next.low < part.low);
        bool is_last = i + 1 == (size_t)1 << bits; /* the next may not exist */
        size_t end = from;
        while (end < to && (is_last || is_before(&b->places[end], next.high, next.low))) {
            end++;
        }
        uint32_t entry = entry_of(b, from, end);
        b->trie->words[at + i] = entry;
        part = next;
        from = end;
    }
}

static uint32_t table_of(struct build *b, size_t from, size_t to)
{
    const struct np_place6 *first = &b->places[from];
    struct span span = {.length = shared_bits(first, &b->places[to - 1])};
    unsigned bits = bits_for(b, from, to, span.length);
    bits = bits < NP_TRIE_BITS_LEAST ? NP_TRIE_BITS_LEAST : bits;
    /* More than a bucket of bounds differ in at least NP_TRIE_BITS_LEAST bits. */
    bits = bits > b->width - span.length ? b->width - span.length : bits;
    if (span.length < 64) {
        span.high = span.length == 0 ? 0 : first->high & ~(UINT64_MAX >> span.length);
    } else {
        span.high = first->high;
        span.low = span.length == 64 ? 0 : first->low & ~(UINT64_MAX >> (span.length - 64));
    }
    uint32_t head = b->width == 32 ? NP_TRIE4_HEAD : NP_TRIE6_HEAD;
    uint32_t at = words_add(b, head + ((size_t)1 << bits));
    if (at == UINT32_MAX) {
        return 0;
    }
    uint32_t *words = put_address(b, b->trie->words + at, span.high, span.low, true);
    words[NP_TRIE_SHAPE] = (b->width - span.length - bits) | bits << 8;
    words[NP_TRIE_BELOW] = leaf_of(b, from - 1) & ~NP_TRIE_IS_LEAF;
    words[NP_TRIE_ABOVE] = leaf_of(b, to - 1) & ~NP_TRIE_IS_LEAF;
    fill(b, at + head, &span, bits, from, to);
    return at;
}

/* The entry for a part with the bounds [from, to) strictly inside. */
static uint32_t entry_of(struct build *b, size_t from, size_t to)
{
    if (from == to) {
        return leaf_of(b, from - 1);
    }
    return to - from <= NP_TRIE_BUCKET ? bucket_of(b, from, to) : table_of(b, from, to);
}

static int build(const struct netpol_ctx *ctx, const struct np_place6 *places, size_t count,
                 unsigned width, struct np_trie *out)
{
    *out = (struct np_trie){0};
    struct build b = {.ctx = ctx, .places = places, .width = width, .trie = out};
    out->root_bits = count > 1 ? (uint8_t)bits_for(&b, 1, count, 0) : 0;
    uint32_t at = words_add(&b, (size_t)1 << out->root_bits);
    if (at == 0) {
        struct span whole = {0};
        fill(&b, at, &whole, out->root_bits, 1, count);
    }
    /* Of the last bucket all bounds can be read. */
    if (b.status == NETPOL_OK) {
        (void)words_add(&b, (size_t)NP_TRIE_BUCKET * (width == 32 ? 1 : 4));
    }
    if (b.status != NETPOL_OK) {
        np_trie_free(ctx, out);
    }
    return b.status;
}

int np_trie6_build(const struct netpol_ctx *ctx, const struct np_place6 *places, size_t count,
                   struct np_trie *out)
{
    return build(ctx, places, count, 128, out);
}

int np_trie4_build(const struct netpol_ctx *ctx, const struct np_place4 *places, size_t count,
                   struct np_trie *out)
{
    struct np_place6 *wide = np_alloc(ctx, count * sizeof *wide);
    if (!wide) {
        return NETPOL_ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        wide[i] = (struct np_place6){(uint64_t)places[i].first << 32, 0, places[i].signature};
    }
    int status = build(ctx, wide, count, 32, out);
    np_free(ctx, wide, count * sizeof *wide);
    return status;
}

void np_trie_free(const struct netpol_ctx *ctx, struct np_trie *trie)
{
    np_free(ctx, trie->words, trie->capacity * sizeof *trie->words);
    *trie = (struct np_trie){0};
}
